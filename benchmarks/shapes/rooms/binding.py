"""What binds an agent: instructions, refusals, plans, questions, and what still holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compactor.digest import binding, directives, plans, questions, refusals, trusted
from compactor.digest.holding import Holding
from compactor.history.marks import mark
from compactor.history.message import Kind

from .prepared import COUNTER, Prepare, applied, command, part


def _refused(text: str) -> Callable[[], object]:
    call, result = command(text), part(Kind.RESULT, text)
    return lambda: refusals.is_refused(call, result)


def _planned(text: str) -> Callable[[], object]:
    call, result = part(Kind.CALL, text), part(Kind.RESULT, text)

    def follow() -> object:
        planner = plans.Planner()
        planner.called(1, call, result)
        planner.said(2, text)
        return planner.plan

    return follow


def _left(text: str) -> Callable[[], object]:
    call = command(f'cd {text}')
    return lambda: trusted.DEFAULT.leaves_root(call)


def _held(text: str) -> Callable[[], object]:
    call, result = command(text), part(Kind.RESULT, text)

    def follow() -> object:
        holding = Holding()
        holding.follow(1, [(call, result)])
        holding.follow(2, [(call, part(Kind.RESULT, text[::-1]))])
        return holding.lines(result, 1)

    return follow


def _bounded(text: str) -> Callable[[], object]:
    made = binding.Binding((binding.Instructions('file', 'AGENTS.md', 1, text),))
    return lambda: binding.bounded(made, 2_000, COUNTER.count)


def _read(text: str) -> Callable[[], object]:
    made = mark(f'{binding.BINDING}\n{text}')
    return lambda: binding.read(made[made.index('] ') + 2 :])


BINDING: Mapping[str, Prepare] = {
    'directives.sentences': applied(directives.sentences),
    'directives.directing': applied(lambda text: directives.directing(directives.sentences(text))),
    'refusals.is_refused': _refused,
    'plans.Planner': _planned,
    'trusted.workspace_told': applied(trusted.workspace_told),
    'trusted.leaves_root': _left,
    'questions.asked_by': applied(lambda text: questions.asked_by([part(Kind.TEXT, text)])),
    'binding.bounded': _bounded,
    'binding.read': _read,
    'holding.Holding': _held,
}
