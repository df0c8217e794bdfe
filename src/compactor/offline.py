"""Histories that are not about to be sent: `compact`, `inspect` and `restore` over the messages of any format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from compactor.archive import restoring
from compactor.archive.archive import Archive
from compactor.archive.keeping import keeping
from compactor.compaction import Compaction, RequestContext, written
from compactor.errors import ConfigError
from compactor.history.format import Format
from compactor.history.going_on import A_COMPACTION, GoesOnFrom, never, read_from
from compactor.history.report import TokenReport, report
from compactor.history.seal import NO_KEY, NOBODY, Key, Seal
from compactor.history.track import Tracker
from compactor.pipeline import Steps, drive, fit
from compactor.policy import Policy
from compactor.strategies import Summarise
from compactor.tokens.counter import Counter, counter_for
from compactor.tokens.windows import context_window

M = TypeVar('M')


@dataclass(frozen=True, slots=True)
class Offline(Generic[M]):
    """What an adapter offers for histories of its format, where a model is a name.

    Attributes:
        form: the format.
    """

    form: Format[M]

    def compact(
        self,
        messages: Sequence[M],
        policy: Policy | str = Policy(),  # noqa: B008 - frozen
        *,
        target_tokens: int | None = None,
        model: str | None = None,
        archive: Archive | None = None,
        recall: bool = False,
        key: Key = NO_KEY,
    ) -> Compaction[M]:
        """Brings a history within its budget, with no model call.

        Args:
            messages: the history; it is not changed. Definitions of tools travel beside it and are not counted.
            policy: a policy or a preset's name, 'auto' for the one that suits the model.
            target_tokens: compact to this size; without it the policy's trigger and goal decide.
            model: the name of the model to count for, with its provider or without ('openai:gpt-5.2',
                'openrouter/qwen-3'); decides window and provider rules too.
            archive: keeps what is taken out, for `restore` and the recall tool; without one it is gone. An archive that
                fails is named in `failures`.
            recall: the agent that goes on with the history has the recall tool, so the model is told of it.
            key: by which notes of ours are known.

        Returns:
            A `Compaction`: `messages` to send on, `fits`, what was `removed` and why. A history that cannot be brought
            to the target is returned as small as it gets, with `fits` False and `incompressible` naming what is left.

        Raises:
            HistoryError: `messages` is not a list of messages of this format.
            ConfigError: `target_tokens` is not positive, or the preset does not exist.
        """
        provider = provider_of(model)
        return compacted(
            self.form, messages, policy, target_tokens, provider, model, archive=archive, recall=recall, key=key
        )

    def restore(self, messages: Sequence[M], archive: Archive, *, key: Key = NO_KEY) -> list[M]:
        """The whole history: what compactions took out of it comes back as it was, followed by what came after.

        See `compactor.archive.restoring.restore` for what it does where messages were merged, mended or lost.

        Raises:
            ArchiveExpired: the archive does not (or no longer) hold what was left out; the message says what.
            HistoryError: `messages` is no history, or was cut behind its mark, so that its end is not known.
        """
        return restoring.restore(self.form, messages, archive, key)

    def inspect(self, messages: Sequence[M], model: str | None = None) -> TokenReport:
        """Where the tokens of a history go: by role, tool and kind of part, the largest parts, the window's use.

        Raises:
            HistoryError: `messages` is not a list of messages of this format.
        """
        return inspected(self.form, messages, model)


def provider_of(model: str | None) -> str | None:
    """The provider in front of a model's name ('openai:gpt-5.2', 'openrouter/...'); None if there is none."""
    found = re.match('([^:/]+)[:/]', model or '')
    return found[1] if found else None


def compacted(
    form: Format[M],
    messages: Sequence[M],
    policy: Policy | str,
    target: int | None,
    provider: str | None,
    model: str | None,
    *,
    archive: Archive | None,
    recall: bool,
    key: Key = NO_KEY,
    goes_on_from: GoesOnFrom = never,
) -> Compaction[M]:
    """See `Offline.compact`; the adapter says what the model is called, who provides it, and what it goes on from."""
    if target is not None and target <= 0:
        raise ConfigError(f'target_tokens must be positive, got {target}')
    policy = Policy.preset(policy, model) if isinstance(policy, str) else policy
    seal = form.seal(form.listed(messages), key)
    steps = started(
        form,
        messages,
        policy,
        target,
        provider,
        model,
        seal,
        archive=archive is not None,
        recall=recall,
        goes_on_from=goes_on_from,
    )
    kept = policy.archive.redacts(policy.outputs.patterns())
    steps_kept = drive(steps, keeping(archive, form.dump, secrets=kept))
    return written(steps_kept, messages, lambda views: form.write(views, seal))


def started(
    form: Format[M],
    messages: Sequence[M],
    policy: Policy,
    target: int | None,
    provider: str | None,
    model: str | None,
    seal: Seal = NOBODY,
    *,
    archive: bool,
    recall: bool,
    summarising: Summarise | None = None,
    goes_on_from: GoesOnFrom = never,
) -> Steps:
    """The pipeline over a history that is not about to be sent, before its first question; see `Offline.compact`."""
    counter = counter_for(model)
    tracker = tracked(form, messages, counter, seal)
    start = read_from(tracker, goes_on_from)
    context = RequestContext(
        counter=counter,
        overhead=counter.count(form.instructions(messages)),
        window=context_window(model, policy.tokens.windows),
        provider=provider,
        model=model,
        sending=False,
        server_state=A_COMPACTION if start is not None else None,
        reads_from=start,
        frame=form.frame,
        archive=archive,
        recall=recall and archive,
        summarising=summarising,
        secrets=policy.outputs.patterns(),
    )
    return fit(tracker, policy.history, context, target=target)


def inspected(form: Format[M], messages: Sequence[M], model: str | None, key: Key = NO_KEY) -> TokenReport:
    """See `Offline.inspect`."""
    counter = counter_for(model)
    tracker = tracked(form, messages, counter, form.seal(form.listed(messages), key))
    return report(
        tracker.messages,
        counter.scale,
        model=model,
        budget=context_window(model),
        overhead=counter.count(form.instructions(messages)),
        method=counter.method,
    )


def tracked(form: Format[M], messages: Sequence[M], counter: Counter, seal: Seal = NOBODY) -> Tracker:
    """A history read once, for a single use; whatever a caller passed is checked."""
    tracker = Tracker(form.reader(counter, seal))
    tracker.update(form.listed(messages))
    return tracker
