"""`compact` and `inspect`: the pipeline over pydantic-ai messages, without an agent and without a model call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor import offline
from compactor.adapters.pydantic_ai.compactions import going_on
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.models import identify
from compactor.archive.archive import Archive
from compactor.compaction import Compaction
from compactor.history.message import foreign_in
from compactor.history.report import TokenReport
from compactor.history.seal import NOBODY, Seal
from compactor.history.track import Tracker
from compactor.policy import Policy
from compactor.run.keys import KeyLike, key_for, key_of
from compactor.run.told import SPOKESMAN, teller
from compactor.telemetry.events import Sink
from compactor.tokens.counter import Counter


def compact(
    messages: Sequence[ModelMessage],
    policy: Policy | str = Policy(),  # noqa: B008 - frozen
    *,
    target_tokens: int | None = None,
    model: Any = None,
    archive: Archive | None = None,
    recall: bool = False,
    key: KeyLike | None = None,
    on_event: Sink | None = None,
    logfire: Any = None,
) -> Compaction[ModelMessage]:
    """Brings a history within its budget, with no model call.

    Args:
        messages: the history, such as `result.all_messages()`; it is not changed.
        policy: a policy or a preset's name, 'auto' for the one that suits the model.
        target_tokens: compact to this size; without it the policy's trigger and goal decide.
        model: model name or object to count for; decides window and provider rules too.
        archive: keeps what is taken out, for `restore` and the recall tool; without one it is gone. An archive that
            fails is named in `failures`.
        recall: the agent that goes on with the history has the recall tool, so the model is told of it.
        key: as for `Compactor`: by which notes of ours are known, and written.
        on_event: called with what the compaction has to tell; default: OpenTelemetry alone, if it is configured.
        logfire: as for `Compactor`.

    Returns:
        A `Compaction`: `messages` to send on, `fits`, what was `removed` and why. A history that cannot be brought
        to the target is returned as small as it gets, with `fits` False and `incompressible` naming what is left.

    Raises:
        HistoryError: `messages` is not a list of pydantic-ai messages.
        ConfigError: `target_tokens` is not positive, or the preset does not exist.
    """
    name = identify(model)
    began = time.perf_counter()
    compaction = offline.compacted(
        FORMAT,
        messages,
        policy,
        target_tokens,
        name.provider,
        name.full,
        archive=archive,
        recall=recall,
        key=key_for(key, archive),
        goes_on_from=going_on(model),
    )
    reporter = SPOKESMAN if on_event is None and logfire is None else teller(on_event, logfire)
    reporter.compacted(None, compaction, len(messages), time.perf_counter() - began, request=False)
    reporter.foreign(None, name.full, foreign_in(compaction.before))
    return compaction


def inspect(messages: Sequence[ModelMessage], model: Any = None, *, key: KeyLike | None = None) -> TokenReport:
    """Where the tokens of a history go: by role, tool and kind of part, the largest parts, the window's use.

    `key` is as for `Compactor`.

    Raises:
        HistoryError: `messages` is not a list of pydantic-ai messages.
    """
    return offline.inspected(FORMAT, messages, identify(model).full, key_of(key))


def read(messages: Any, counter: Counter, seal: Seal = NOBODY) -> Tracker:
    """A history read once, for a single use; whatever a caller passed is checked."""
    return offline.tracked(FORMAT, messages, counter, seal)
