"""A run as its framework tells of it: one frozen `Run`, made once where a hook comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from compactor.history.message import Message
from compactor.run.model_name import ModelName
from compactor.run.tool_names import OURS


class Definition(Protocol):
    """A tool as a model is told of it."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def description(self) -> str | None:
        """What it does."""
        ...

    @property
    def parameters_json_schema(self) -> Mapping[str, Any]:
        """What it takes."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What travels beside the messages of a request.

    Attributes:
        functions: tools that the model may call.
        outputs: tools by which it gives its final answer.
        structured: the answer must be, or may be, an object of a schema.
        told: the request itself says so; False where they are only what is known of the run.
        known: somebody says so; False where nobody tells whether there are any.
        more: a tool of ours may travel along: the model takes function tools, and nothing beside them forbids it.
    """

    functions: Sequence[Definition] = ()
    outputs: Sequence[Definition] = ()
    structured: bool = False
    told: bool = True
    known: bool = True
    more: bool = False

    @property
    def others(self) -> list[Definition]:
        """The functions that are not ours."""
        return [tool for tool in self.functions if tool.name not in OURS]


NO_TOOLS = Tools(told=False, known=False)
"""Where nobody says what there is."""


def _never(message: Message) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Run:
    """Who is running, and the request that is under way.

    Attributes:
        id: of the run; None where a framework has none, and nothing is then remembered of it.
        step: number of the request within the run.
        name: the model that is expected to answer.
        model: that model as the framework has it; only the adapter looks into it.
        usage: the run's usage as the framework has it, with `incr`; only the adapter reads it.
        settings: of the request.
        messages: its history, in the framework's own objects.
        prompt: gives the texts of what the run was asked.
        conversation: id of the conversation, None where the framework has none: a run's own id would part its runs.
        within: the conversation around it, where a tool of another run has started this one.
        agent: the agent's name, '' if it has none.
        instructions: what travels with the request beside its messages and tools.
        tools: the tools that travel with it.
        limited: whether the caller has set a limit for the answer.
        thinking: tokens that thinking may take of the answer.
        kept_by_provider: why the provider, and not the client, keeps the history; None if it does not.
        goes_on_from: whether the model takes up a provider's compaction in a message, and reads only what follows.
    """

    id: str | None
    step: int
    name: ModelName
    model: Any
    usage: Any
    settings: Mapping[str, Any] | None
    messages: list[Any]
    prompt: Callable[[], str]
    conversation: str | None = None
    within: str | None = None
    agent: str = ''
    instructions: Sequence[str] = ()
    tools: Tools = NO_TOOLS
    limited: bool = False
    thinking: int = 0
    kept_by_provider: str | None = None
    goes_on_from: Callable[[Message], bool] = field(default=_never, repr=False)

    @property
    def outermost(self) -> str:
        """The conversation that its costs belong to: the one around it, its own, or where there is none itself."""
        return self.within or self.conversation or self.id or ''

    @property
    def max_tokens(self) -> int | None:
        """The limit for the answer that its settings name."""
        return (self.settings or {}).get('max_tokens')
