"""`compact` and `inspect`: the pipeline over pydantic-ai messages, without an agent and without a model call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest

from compactor.adapters.pydantic_ai.archive import keeping
from compactor.adapters.pydantic_ai.messages import MessageReader, write
from compactor.adapters.pydantic_ai.models import identify
from compactor.archive.archive import Archive
from compactor.compaction import Compaction, RequestContext
from compactor.errors import ConfigError, HistoryError
from compactor.history.message import Message
from compactor.history.report import TokenReport, report
from compactor.history.track import Tracker
from compactor.pipeline import Steps, drive, fit
from compactor.policy import Policy
from compactor.strategies import Summarise
from compactor.tokens.counter import Counter, counter_for
from compactor.tokens.windows import context_window


def compact(
    messages: Sequence[ModelMessage],
    policy: Policy | str = Policy(),  # noqa: B008 - frozen
    *,
    target_tokens: int | None = None,
    model: Any = None,
    archive: Archive | None = None,
    recall: bool = False,
) -> Compaction[ModelMessage]:
    """Brings a history within its budget, with no model call.

    Args:
        messages: the history, such as `result.all_messages()`; it is not changed.
        policy: a policy or a preset's name.
        target_tokens: compact to this size; without it the policy's trigger and goal decide.
        model: model name or object to count for; decides window and provider rules too.
        archive: keeps what is taken out, for `restore` and the recall tool; without one it is gone. An archive that
            fails is named in `failures`.
        recall: the agent that goes on with the history has the recall tool, so the model is told of it.

    Returns:
        A `Compaction`: `messages` to send on, `fits`, what was `removed` and why. A history that cannot be brought
        to the target is returned as small as it gets, with `fits` False and `incompressible` naming what is left.

    Raises:
        HistoryError: `messages` is not a list of pydantic-ai messages.
        ConfigError: `target_tokens` is not positive, or the preset does not exist.
    """
    if target_tokens is not None and target_tokens <= 0:
        raise ConfigError(f'target_tokens must be positive, got {target_tokens}')
    policy = Policy.preset(policy) if isinstance(policy, str) else policy
    steps = started(messages, policy, target_tokens, model, archive=archive is not None, recall=recall)
    return written(drive(steps, keeping(archive)), messages)


def started(
    messages: Sequence[ModelMessage],
    policy: Policy,
    target_tokens: int | None,
    model: Any,
    *,
    archive: bool,
    recall: bool,
    summarising: Summarise | None = None,
) -> Steps:
    """The pipeline over a history that is not about to be sent, before its first question; see `compact`."""
    name = identify(model)
    counter = counter_for(name.full)
    tracker = read(messages, counter)
    context = RequestContext(
        counter=counter,
        overhead=_instructions(messages, counter),
        window=context_window(name.full, policy.tokens.windows),
        provider=name.provider,
        model=name.full,
        sending=False,
        server_state='a message holds a compaction by the provider' if tracker.server_state else None,
        archive=archive,
        recall=recall and archive,
        summarising=summarising,
    )
    return fit(tracker, policy.history, context, target=target_tokens)


def inspect(messages: Sequence[ModelMessage], model: Any = None) -> TokenReport:
    """Where the tokens of a history go: by role, tool and kind of part, the largest parts, the window's use.

    Raises:
        HistoryError: `messages` is not a list of pydantic-ai messages.
    """
    name = identify(model)
    counter = counter_for(name.full)
    return report(
        read(messages, counter).messages,
        counter.scale,
        model=name.full,
        budget=context_window(name.full, {}) if name.full else None,
        overhead=_instructions(messages, counter),
        method=counter.method,
    )


def read(messages: Any, counter: Counter) -> Tracker:
    """A history read once, for a single use; whatever a caller passed is checked."""
    if not isinstance(messages, Sequence) or isinstance(messages, str | bytes):
        raise HistoryError(
            f'expected a list of pydantic-ai messages, got {type(messages).__name__}: pass result.all_messages(),'
            ' or load a file with ModelMessagesTypeAdapter.validate_json'
        )
    tracker = Tracker(MessageReader(counter))
    tracker.update(messages)
    return tracker


def written(compaction: Compaction[Message], messages: Sequence[ModelMessage]) -> Compaction[ModelMessage]:
    """The compaction with the framework's own messages."""
    raws: Sequence[ModelMessage] = write(compaction.messages) if compaction.changed else messages
    return Compaction(
        **{name: getattr(compaction, name) for name in compaction.__dataclass_fields__ if name != 'messages'},
        messages=raws,
    )


def _instructions(messages: Sequence[ModelMessage], counter: Counter) -> int:
    """Tokens of the instructions recorded with the newest request, which is where a run takes them from."""
    last = next((m for m in reversed(messages) if isinstance(m, ModelRequest)), None)
    return counter.count(last.instructions) if last is not None and last.instructions else 0
