"""Collects what binds an agent from its steps: instructions of trusted files and tools, refusals, the plan.

By place first, words second: nothing that another output says is ever taken for one of these, whatever it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from compactor.digest.binding import Binding, Instructions, Origin, Refusal, Waiting
from compactor.digest.evidence import told
from compactor.digest.failures import pairs_of
from compactor.digest.files import touches
from compactor.digest.gutter import without_gutter
from compactor.digest.plans import Planner, keeps_tasks
from compactor.digest.refusals import CALLED, is_refused, told_call, told_refusal
from compactor.digest.trusted import Trusted
from compactor.history.marks import UNANSWERED
from compactor.history.message import RESULT, TEXT, Part
from compactor.history.stubs import cuts, is_stub
from compactor.quoting import one_line

HERE = 0
"""The step of what stays in the history."""
LONGEST = 80
"""Characters of a call's id."""
MOST = 40
"""Refusals, and texts of instructions, that are remembered: the newest."""


class Collector:
    """Follows what binds through the steps of a history, oldest first.

    Args:
        trusted: whose words bind.
        before: what a standing text tells.
        quote: parts as they may be quoted.
    """

    def __init__(self, trusted: Trusted, before: Binding, quote: Callable[[Part], Part]) -> None:
        self._trusted = trusted
        self._quote = quote
        self._instructions = {(one.origin, one.name): one for one in before.instructions}
        self._refusals = {refusal.call: refusal for refusal in before.refusals}
        self._waiting = {one.call: one for one in before.waiting}
        self._planner = Planner(before.plan)
        self._unfit = before.unfit
        self._astray: set[str] = set()

    def follow(self, step: int, parts: Iterable[Part]) -> None:
        """The parts of one step, which goes."""
        parts = tuple(parts)
        for part in parts:
            if part.kind is TEXT:
                self.spoken(step, part)
        for call, result in pairs_of(parts):
            self.called(step, call, result)

    def spoken(self, step: int, part: Part) -> None:
        """What the agent says where it goes, or is cut; what was cut before was told then."""
        if not _cut(part):
            self._planner.said(step, self._quote(part).text)

    def plainly(self, part: Part) -> None:
        """What the agent says where it stays: a plan in it need not be told."""
        if not _cut(part) and self._planner.said(HERE, self._quote(part).text):
            self._planner.forget(words=True)

    def called(self, step: int, call: Part, result: Part) -> None:
        """A call with its result."""
        self._awaited(step, call, result)
        if result.text == UNANSWERED:
            return
        if is_refused(call, result):
            call, result = self._quote(call), self._quote(result)
            name = told_call(call)
            self._refusals.pop(name, None)
            self._refusals[name] = Refusal(name, step, told_refusal(result))
            return
        if self._refusals and not result.failed:  # what was refused once was allowed since
            self._refusals.pop(told_call(self._quote(call)), None)
        if keeps_tasks(call.tool):
            if not _cut(call):
                self._planner.called(step, self._quote(call), self._quote(result))
        elif not result.failed:
            self._instructed(step, call, result)
            if self._instructions:
                self._written(step, call)
        if self._trusted.leaves_root(call):
            self._astray.add(call.tool)

    def _awaited(self, step: int, call: Part, result: Part) -> None:
        """A call without an answer waits; made again, it waits no more, or waits there."""
        if not self._waiting and result.text != UNANSWERED:
            return
        call = self._quote(call)
        name = told_call(call)
        self._waiting.pop(name, None)
        if result.text == UNANSWERED and call.call_id:
            self._waiting[name] = Waiting(name, step, one_line(call.call_id)[:LONGEST])

    def seen(self, step: int, call: Part, result: Part) -> None:
        """A call that stays in the history: what it says need not be told."""
        if self._waiting:
            self._waiting.pop(told_call(self._quote(call)), None)
        if self._refusals and (is_refused(call, result) or not result.failed):
            self._refusals.pop(told_call(self._quote(call)), None)
        source = None if result.failed else self._source(call)
        if source is not None and source[2] and not is_stub(result.text):
            self._instructions.pop(source[:2], None)
        if keeps_tasks(call.tool) and not _cut(call):
            whole = self._planner.called(step, self._quote(call), self._quote(result))
            if whole:
                self._planner.forget(words=False)

    def _instructed(self, step: int, call: Part, result: Part) -> None:
        source = self._source(call)
        if source is None or result.kind is not RESULT or is_stub(result.text):
            return
        origin, name, whole = source
        said = self._quote(result).text
        text = (without_gutter(said) or said).strip('\n')
        known = self._instructions.pop((origin, name), None)
        if not whole and known is not None:  # lines of it were read again, or further ones
            text = known.text if text in known.text else f'{known.text}\n{text}'
        if text.strip():
            self._instructions[origin, name] = Instructions(origin, name, step, text, cut=not whole and known is None)

    def _source(self, call: Part) -> tuple[Origin, str, bool] | None:
        """Whose words a call brings, if they bind, and whether all of them."""
        if call.tool in self._trusted.tools:
            return 'tool', one_line(told(call.tool, call.text))[:CALLED], True
        found = self._trusted.file_of(call, call.tool in self._astray)
        return None if found is None else ('file', one_line(found[0]), found[1])

    def _written(self, step: int, call: Part) -> None:
        """Marks what is told of a file that this call writes."""
        for path, action in touches(call):
            for key, one in self._instructions.items():
                if action != 'read' and key[0] == 'file' and (path == one.name or path.endswith('/' + one.name)):
                    self._instructions[key] = replace(one, changed=step)

    def binding(self) -> Binding:
        """All of it."""
        instructions = tuple(self._instructions.values())[-MOST:]
        refusals, waiting = tuple(self._refusals.values())[-MOST:], tuple(self._waiting.values())[-MOST:]
        return Binding(instructions, refusals, self._planner.plan, self._unfit, waiting)


def _cut(part: Part) -> bool:
    """Whether something was cut out of it at an earlier compaction."""
    return next(cuts(part.text), None) is not None
