"""Which version of pydantic-ai has what: whatever only some of them have is asked for here, under its name.

Features are looked for, versions are never compared. The versions named were read in the released packages.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

import pydantic_ai._run_context as run_contexts
import pydantic_ai.messages as messages
import pydantic_ai.models as models
from pydantic_ai import Agent, Tool, exceptions
from pydantic_ai.capabilities import AbstractCapability

try:
    import pydantic_ai._durable_replay as durable_replay
except ImportError:
    durable_replay = None  # type: ignore[assignment]

RetryModelRequest: Any = getattr(exceptions, 'RetryModelRequest', None)
"""Asks for another attempt at the same request; from 2.64 on."""

TELLS_BEFORE_SENDING = hasattr(AbstractCapability, 'prepare_model_request')
"""Whether a hook comes right before each attempt at a request, behind those before the request; from 2.64 on."""

CompletedStream: Any = getattr(models, 'CompletedStreamedResponse', None)
"""A finished answer as a stream; from 2.20 on."""
REPLAYS = CompletedStream is not None and 'replay_events' in inspect.signature(CompletedStream.__init__).parameters
"""Whether that stream has the events of the answer's parts; from 2.20 on."""

WAITS_FOR_FIRST_EVENT = hasattr(models.StreamedResponse, '_enforce_request_deadline')
"""Whether a chain of the framework goes on elsewhere until a stream's first event; from 2.58 on, as deadlines do, for
which nobody may have begun to read."""


ANNOUNCES_TOOLS = 'introduced_tool_names' in models.ModelRequestParameters.__dataclass_fields__
"""Whether a tool that comes along in a run is told of beside the others, which stay as they were; from 2.60 on."""


def run_context() -> Any:
    """The context of the run that is under way in this task; None outside of one."""
    found = getattr(run_contexts, 'get_current_run_context', None)
    return None if found is None else found()


def judges(chain: Any) -> bool:
    """Whether whoever made a `FallbackModel` looks at answers too (by 1.71)."""
    found = getattr(chain, '_predicates', None)
    if found is None:
        return bool(getattr(chain, '_response_handlers', ()))
    return bool(
        found.response_handlers
        or getattr(found, 'content_filter', False)
        or getattr(found, 'output_token_limit', False)
    )


async def falls_back(chain: Any, outcome: Any) -> bool:
    """Whether whoever made a `FallbackModel` wants to go on after an error, or an answer."""
    predicates = getattr(chain, '_predicates', None)
    judge = chain._should_fallback if predicates is None else predicates.should_fallback
    return bool(await judge(outcome))


def conversation_id(owner: Any) -> str | None:
    """The id of a run's, or a message's, conversation; came by 1.90."""
    found: str | None = getattr(owner, 'conversation_id', None)
    return found


def run_id(message: Any) -> str | None:
    """The run that a message belongs to; messages of older recordings have none."""
    found: str | None = getattr(message, 'run_id', None)
    return found


def agent_name(ctx: Any) -> str:
    """The name of the agent that runs, '' if it has none; `RunContext.agent` came by 1.80."""
    return str(getattr(getattr(ctx, 'agent', None), 'name', None) or '')


def tool_definitions(ctx: Any) -> Sequence[Any] | None:
    """The tools of a run as its context knows them (`RunContext.tool_manager`, by 1.80).

    None where it does not know them: in older versions, and outside of a run's steps.
    """
    manager: Any = getattr(ctx, 'tool_manager', None)
    if getattr(manager, 'tools', None) is None:
        return None
    try:
        return list(manager.tool_defs)
    except ValueError:
        return None


def output_type_name(ctx: Any) -> str:
    """What is asked of the outputs of the agent that runs, such as 'NativeOutput'; '' where nobody tells."""
    return type(getattr(getattr(ctx, 'agent', None), 'output_type', None)).__name__


IN_THE_WORKFLOW = {'temporal': False, 'prefect': False}
"""Says to durable engines that a tool is carried out with the agent's own code, as it looks at its run."""


def in_the_workflow() -> dict[str, Any]:
    """What makes a tool one that durable engines leave in the workflow, where tools can say that (by 1.107)."""
    return {'metadata': IN_THE_WORKFLOW} if 'metadata' in inspect.signature(Tool.__init__).parameters else {}


def replaying() -> Callable[[], bool]:
    """Tells afterwards whether what was done since was only replayed by a durable engine; by 2.68."""
    found = getattr(durable_replay, 'snapshot', None)
    now = None if found is None else found()
    return _never if now is None else now.replayed


def in_durable_context(ctx: Any) -> bool:
    """Whether a durable engine carries the run out (capabilities such as `DBOSDurability`, by 2.0)."""
    root: Any = getattr(getattr(ctx, 'agent', None), 'root_capability', None)
    found: list[Any] = []
    if hasattr(root, 'apply'):
        root.apply(found.append)
    return any(getattr(one, 'in_durable_context', False) for one in found)


def _never() -> bool:
    """Where nothing is replayed."""
    return False


def tool_names(ctx: Any) -> set[str]:
    """The names of the tools that an agent was given itself, as far as they are known before a request."""
    toolsets = getattr(getattr(ctx, 'agent', None), 'toolsets', None) or ()
    return {name for toolset in toolsets for name in (getattr(toolset, 'tools', None) or ())}


def instruction_parts(parameters: Any) -> Sequence[Any] | None:
    """The instructions of a request; None in 1.71, where they are only recorded with the newest message."""
    found: Sequence[Any] | None = getattr(parameters, 'instruction_parts', None)
    return found


def native_tools(parameters: Any) -> Sequence[Any]:
    """The provider's own tools of a request; `builtin_tools` before 2.0."""
    found = getattr(parameters, 'native_tools', None)
    return found if found is not None else getattr(parameters, 'builtin_tools', ())


def introduced(parameters: Any) -> frozenset[str]:
    """The tools that came along after a run's first request, which travel beside the others; from 2.60 on."""
    return frozenset(getattr(parameters, 'introduced_tool_names', ()))


def with_introduced(parameters: Any, names: frozenset[str]) -> Any:
    """The parameters of a request with other such tools; the rest are declared like any."""
    return dataclasses.replace(parameters, introduced_tool_names=set(names))


def request_model(request: Any) -> Any:
    """The model that a request is for, where a hook may change it; None where the request does not say."""
    return getattr(request, 'model', None)


def provider_url(response: Any) -> str | None:
    """The address of the interface that answered; came by 1.80."""
    found: str | None = getattr(response, 'provider_url', None)
    return found


def is_complete(response: Any) -> bool:
    """Whether an answer is whole: suspended and interrupted ones (`ModelResponse.state`) came by 1.107."""
    return bool(getattr(response, 'state', 'complete') == 'complete')


def is_read(stream: Any) -> bool:
    """Whether a stream was read to its end; older versions than 1.107 do not say."""
    return bool(getattr(stream, '_finished', False))


def continuation_model(chain: Any) -> Callable[[list[Any]], Any]:
    """Finds the model of a chain that goes on with what it has begun; answers that go on came with 2.10."""
    found: Callable[[list[Any]], Any] = getattr(chain, '_get_continuation_model', _nobody)
    return found


def _nobody(messages: list[Any]) -> None:
    """Versions without answers that go on later."""


def outcome(part: Any) -> str:
    """How a tool call ended, such as 'success', 'failed', 'denied', 'retried'; 'success' in parts that do not say."""
    return getattr(part, 'outcome', None) or 'success'


def members(union: Any) -> Iterator[type]:
    """The classes in one of the framework's unions of parts, which nest and are annotated."""
    if get_origin(union) is Annotated:
        yield from members(get_args(union)[0])
    elif get_args(union) and not isinstance(union, type):
        for member in get_args(union):
            yield from members(member)
    elif isinstance(union, type):
        yield union


CompactionPart: Any = getattr(messages, 'CompactionPart', None)
"""A summary of earlier messages; came by 1.80."""
SUMMARIES = CompactionPart is not None and CompactionPart in members(messages.ModelRequestPart)
"""Whether a request may hold one that an application wrote, which providers are sent in a frame that says what it is;
from 2.62 on."""
SUMMARY_FRAME = 44 if SUMMARIES else 0
"""Tokens of that frame, in either bundled vocabulary (checked by a test)."""
OURS = 'compactor'
"""Key in the metadata of our summaries, which are stored and never sent."""


def summary(text: str, *, ours: bool, ahead: str = '') -> Any:
    """A summary as a part of a request, where requests hold such: one of ours, or what somebody else has said.

    Args:
        text: what it says.
        ours: whether it is one of ours.
        ahead: the seal of the note of ours that stands ahead of it.
    """
    return CompactionPart(content=text, metadata={OURS: {AHEAD: ahead} if ahead else 1} if ours else None)


AHEAD = 'ahead'


def ahead_of(summary: Any) -> str:
    """What a summary has for the seal of the note ahead of it, which may come from anybody."""
    noted = summary.metadata.get(OURS) if is_ours(summary) else None
    found = noted.get(AHEAD) if isinstance(noted, Mapping) else None
    return found if isinstance(found, str) else ''


def is_ours(part: Any) -> bool:
    """Whether a summary in a request says that it is one of ours; its seal has to say so too."""
    metadata = getattr(part, 'metadata', None)
    return isinstance(metadata, Mapping) and OURS in metadata


def is_framed(item: Any) -> bool:
    """Whether an item of user content says that the framework or a capability wrote it (`TextContent.metadata`)."""
    metadata = getattr(item, 'metadata', None)
    own = metadata.get('__pydantic_ai__') if isinstance(metadata, Mapping) else None
    return isinstance(own, Mapping) and bool(own.get('framework_frame'))


RESPONSES_BY_DEFAULT = 'history_processors' not in inspect.signature(Agent.__init__).parameters
"""Whether `openai:` names the Responses interface, as from 2.0 on, which took that parameter away."""


def goes_on_from(model: Any, response: Any, part: Any) -> bool:
    """Whether a model takes up a provider's compaction, and then reads nothing of what stands before it.

    Newer versions say so themselves (`Model.accepts_stateless_artifacts`); before them it is the provider that made it.
    """
    classes = {cls.__name__ for cls in type(model).__mro__}
    if not getattr(model, '_honors_compaction_boundaries', not classes.isdisjoint(COMPACTING)):
        return False
    needs = getattr(model, 'compaction_requires_encrypted_content', 'OpenAIResponsesModel' in classes)
    if not holds_compaction(part, sealed=needs):
        return False
    accepts = getattr(model, 'accepts_stateless_artifacts', None)
    if accepts is not None:
        return bool(accepts(response, part))
    return bool(part.provider_name == getattr(model, 'system', None))


def holds_compaction(part: Any, *, sealed: bool) -> bool:
    """Whether a provider's compaction holds anything; `sealed`: only what is encrypted in it counts."""
    details = getattr(part, 'provider_details', None) or {}
    return bool(details.get('encrypted_content')) or (not sealed and bool(getattr(part, 'content', None)))


COMPACTING = frozenset(('AnthropicModel', 'OpenAIResponsesModel'))
"""Models that have interfaces with compactions."""
