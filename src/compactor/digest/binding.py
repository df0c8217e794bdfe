"""What binds an agent and what it has still to do, as a text of its own, and back.

    ## Instructions in AGENTS.md (#2)
     Never write to the ledger without approval.
    ## Refused
    #12$ bash git push --force origin main
     User rejected the command.
    ## Plan (#40)
     [x] Look at the tables
     [ ] Move the rows

It stands beside the digest and is no part of it: frameworks say of a summary that it holds no instructions. As in a
digest, every quoted line begins with a mark or a space, so that nothing quoted can pass for a heading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from compactor.digest.directives import directing, sentences
from compactor.history.marks import mark
from compactor.quoting import is_blank, one_line, spelled

T = TypeVar('T')

BINDING = 'What binds you, and what is still to do, from the steps that are left out here (#n is step n):'
"""Begins the mark; another wording would be another format, and is read beside this one."""
Origin = Literal['file', 'tool']


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a trusted file or tool says.

    Attributes:
        origin: which of them.
        name: the file's path from the workspace's root, or the tool with its arguments.
        step: when it was read.
        text: what it says, or the lines of it that direct.
        cut: whether that is not all.
        changed: the step in which the file was written since; 0 if it was not.
    """

    origin: Origin
    name: str
    step: int
    text: str
    cut: bool = False
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that was refused: what it was, when, and what was said."""

    call: str
    step: int
    said: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that has no answer: it waits for an approval, or for whoever carries it out."""

    call: str
    step: int
    id: str


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a plan; `state` is 'x' (done), '>' (under way), ' ' (open) or '' (nobody says)."""

    text: str
    state: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The last plan or list of tasks."""

    step: int
    items: tuple[Item, ...]
    done: int = 0

    @property
    def is_open(self) -> bool:
        """Whether anything of it is left to do."""
        return any(item.state != 'x' for item in self.items)


@dataclass(frozen=True, slots=True)
class Binding:
    """What binds and what is open; `unfit` says how many instructions and refusals found no room."""

    instructions: tuple[Instructions, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    plan: Plan | None = None
    unfit: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.instructions or self.refusals or self.plan or self.unfit or self.waiting)


NOTHING = Binding()


def render(binding: Binding) -> str:
    """The text of the mark."""
    lines = [BINDING]
    for one in binding.instructions:
        lines.append(_heading(one))
        lines += [f' {line}' for line in _lines(one.text)]
    if binding.refusals:
        lines.append(REFUSED)
        for refusal in binding.refusals:
            lines.append(f'#{refusal.step}$ {one_line(refusal.call)}')
            lines += [f' {line}' for line in _lines(refusal.said)]
    if binding.waiting:
        lines.append(WAITING)
        lines += [f'#{one.step}$ {one_line(one.id)}: {one_line(one.call)}' for one in binding.waiting]
    plan = binding.plan
    if plan is not None:
        done = f', {plan.done} done left out' if plan.done else ''
        lines.append(f'## Plan (#{plan.step}{done})')
        lines += [f' [{item.state}] {item.text}' if item.state else f' - {item.text}' for item in plan.items]
    if binding.unfit:
        lines.append(UNFIT)
        lines += [f' {line}' for line in _unfit(binding.unfit)]
    return mark('\n'.join(lines))


REFUSED = '## Refused'
WAITING = '## Called, and without an answer so far (call id first)'
UNFIT = '## No room for'


def _unfit(names: Sequence[str]) -> list[str]:
    """The names, those that differ in their step alone on one line."""
    lines: dict[str, list[str]] = {}
    for name in names:
        found = _STEP.fullmatch(one_line(name))
        lines.setdefault(found[1] if found else one_line(name), []).extend([found[2]] if found else [])
    return [what + ', '.join(steps) for what, steps in lines.items()]


def _unfit_in(line: str) -> list[str]:
    found = _STEPS.fullmatch(line)
    return [found[1] + step for step in found[2].split(', ')] if found else [line]


_STEP = re.compile(r'(.{1,80} )(#\d{1,18})')
_STEPS = re.compile(r'(.{1,80}? )(#\d{1,18}(?:, #\d{1,18})+)')


def _heading(one: Instructions) -> str:
    where = 'in' if one.origin == 'file' else 'from the tool'
    cut = ', in part' if one.cut else ''
    changed = f', the file was changed in #{one.changed}' if one.changed else ''
    return f'## Instructions {where} {one_line(one.name)} (#{one.step}{cut}{changed})'


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in spelled(text).split('\n') if not is_blank(line)]


_HEADING = re.compile(
    r'## Instructions (in|from the tool) (.{1,400}) \(#(\d{1,18})(, in part)?'
    r'(?:, the file was changed in #(\d{1,18}))?\)'
)
_PLAN = re.compile(r'## Plan \(#(\d{1,18})(?:, (\d{1,18}) done left out)?\)')
_CALL = re.compile(r'#(\d{1,18})\$ (.*)')
_ITEM = re.compile(r' (?:\[([x> ])\]|(-)) (.*)')


def read(body: str) -> Binding | None:
    """What the body of a mark says; None if it is not of this kind."""
    if not body.startswith(BINDING + '\n'):
        return None
    instructions: list[Instructions] = []
    refusals: list[Refusal] = []
    items: list[Item] = []
    unfit: list[str] = []
    waiting: list[Waiting] = []
    plan: Plan | None = None
    section = ''
    for line in body.split('\n')[1:]:
        if line.startswith('## '):
            section = line
            if found := _HEADING.fullmatch(line):
                origin: Origin = 'file' if found[1] == 'in' else 'tool'
                changed = int(found[5] or 0)
                instructions.append(Instructions(origin, found[2], int(found[3]), '', bool(found[4]), changed))
            elif planned := _PLAN.fullmatch(line):
                plan = Plan(int(planned[1]), (), int(planned[2] or 0))
        elif section == REFUSED:
            if called := _CALL.fullmatch(line):
                refusals.append(Refusal(called[2], int(called[1]), ''))
            elif refusals:
                refusals[-1] = replace(refusals[-1], said=_joined(refusals[-1].said, line))
        elif section == WAITING:
            if (called := _CALL.fullmatch(line)) and ': ' in called[2]:
                number, _, call = called[2].partition(': ')
                waiting.append(Waiting(call, int(called[1]), number))
        elif section == UNFIT:
            unfit += _unfit_in(line[1:])
        elif section.startswith('## Plan'):
            if item := _ITEM.fullmatch(line):
                items.append(Item(item[3], item[1] or ''))
        elif instructions:
            instructions[-1] = replace(instructions[-1], text=_joined(instructions[-1].text, line))
    plan = replace(plan, items=tuple(items)) if plan is not None else None
    return Binding(tuple(instructions), tuple(refusals), plan, tuple(unfit), tuple(waiting))


def _joined(text: str, line: str) -> str:
    return f'{text}\n{line[1:]}' if text else line[1:]


def merged(one: Binding, other: Binding) -> Binding:
    """Two texts as one: the newest of each, as where histories were put together."""
    if not one or not other:
        return one or other
    instructions = {(i.origin, i.name): i for i in (*one.instructions, *other.instructions)}
    refusals = {refusal.call: refusal for refusal in (*one.refusals, *other.refusals)}
    unfit = tuple(dict.fromkeys((*one.unfit, *other.unfit)))
    waiting = {w.id: w for w in (*one.waiting, *other.waiting)}
    return Binding(
        tuple(instructions.values()), tuple(refusals.values()), other.plan or one.plan, unfit, tuple(waiting.values())
    )


# -- within a budget -------------------------------------------------------------------------------------------


def bounded(binding: Binding, budget: int, count: Callable[[str], int]) -> Binding:
    """What of it fits a number of tokens: refusals and the plan, then instructions, the newest before the older.

    Instructions that do not fit whole are told by the lines that direct; what then finds no room is named.
    """
    if not binding or count(render(binding)) <= budget:
        return binding
    left = budget - count(render(Binding(unfit=('x',)))) - NAMED
    plan = _plan_within(binding.plan, max(left // 2, 0), count)
    left -= _cost(Binding(plan=plan), count)
    unfit = list(binding.unfit)
    waiting, left = _newest(binding.waiting, left, lambda one: count(f'#{one.step}$ {one.id}: {one.call}') + 2)
    unfit += [f'the call without an answer in #{one.step}' for one in reversed(binding.waiting) if one not in waiting]
    refusals, left = _newest(binding.refusals, left, lambda one: count(f'#{one.step}$ {one.call}\n {one.said}') + 4)
    unfit += [f'refused in #{one.step}' for one in reversed(binding.refusals) if one not in refusals]
    kept: list[Instructions] = []
    for one in sorted(binding.instructions, key=lambda one: -one.step):
        fitted = _instructions_within(one, left, count)
        if fitted is None:
            unfit.append(f'instructions {one.name} (#{one.step})')
            continue
        left -= count(_heading(fitted)) + count(fitted.text) + MARGIN * fitted.text.count('\n')
        kept.append(fitted)
    order = {one.name: i for i, one in enumerate(binding.instructions)}
    kept.sort(key=lambda one: order[one.name])
    named = tuple(dict.fromkeys(unfit))[-MOST_NAMED:]
    return Binding(tuple(kept), refusals, plan, named, waiting)


def _newest(every: Sequence[T], left: int, size: Callable[[T], int]) -> tuple[tuple[T, ...], int]:
    """Those of many, oldest first, that fit, the newest before the others; and what is left."""
    kept: list[T] = []
    for one in reversed(every):
        if (tokens := size(one)) <= left:
            left -= tokens
            kept.append(one)
    return tuple(reversed(kept)), left


MOST_NAMED = 8
NAMED = 60
"""Room for the names of what does not fit."""
MARGIN = 1
"""Tokens that the space before a line may cost."""


def _cost(binding: Binding, count: Callable[[str], int]) -> int:
    return count(render(binding)) if binding else 0


def _plan_within(plan: Plan | None, budget: int, count: Callable[[str], int]) -> Plan | None:
    """The plan, without what is done where it would take more; its last entries go where even that is too much."""
    if plan is None or count(render(Binding(plan=plan))) <= budget:
        return plan
    left = tuple(item for item in plan.items if item.state != 'x')
    plan = replace(plan, items=left, done=plan.done + len(plan.items) - len(left))
    while plan.items and count(render(Binding(plan=plan))) > budget:
        plan = replace(plan, items=plan.items[: len(plan.items) * 3 // 4])
    return plan if plan.items else None


def _instructions_within(one: Instructions, budget: int, count: Callable[[str], int]) -> Instructions | None:
    """Instructions whole, else the lines of them that direct, as many as fit; None if none does."""
    room = budget - count(_heading(replace(one, cut=True, changed=one.changed)))
    if count(one.text) + MARGIN * (one.text.count('\n') + 1) <= room:
        return one
    chosen: list[str] = []
    for line in _directing(one.text):
        size = count(line) + 1 + MARGIN
        if size <= room:
            room -= size
            chosen.append(line)
    return replace(one, text='\n'.join(chosen), cut=True) if chosen else None


def _directing(text: str) -> Sequence[str]:
    lines = sentences(text)
    return [lines[i] for i in directing(lines)]


def lines_of(binding: Binding) -> Iterable[str]:
    """Every line that it quotes."""
    for one in binding.instructions:
        yield from _lines(one.text)
    for refusal in binding.refusals:
        yield from (refusal.call, *_lines(refusal.said))
    for call in binding.waiting:
        yield call.call
    for item in binding.plan.items if binding.plan is not None else ():
        yield item.text
