"""Finds stacks in lines: what was raised, the frames, what was raised before it and why.

Two forms there are. Python's begins with 'Traceback', goes from the outermost frame to the innermost and ends with
type and message. All others begin with type and message and go from the innermost frame outwards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from compactor.outputs.logs.frames import Frame, frame_of
from compactor.outputs.logs.stack import Placed, Stack

REACH = 400
"""Characters of a line that are looked at."""
BACK = 12
"""Lines looked back from a first frame for the line that names the type."""
STRAYS = 3
"""Lines of other output that may stand between the frames of one stack."""


_HINTS = ('Traceback (', 'File "', ' at ', '\tat ', 'panic', 'goroutine ', 'fatal error:', ':in ', '#0 ', '❯ ')
"""Without any of these there are no stacks."""
_BEGIN = frozenset('g#a/fF❯pftCSUP[DT')
"""Characters by which a line begins that opens a stack, or goes on with one that was closed."""
_PREFIX = re.compile(r'[ \t|+]*+')
_HEADER = re.compile(r'[ \t|+]*+(?:Exception Group )?Traceback \(most recent call last\)')
_TYPE = re.compile(r'[ \t|]*+[A-Za-z_][\w.]*+(?::|$|\()')
_LINK = re.compile(
    r'[ \t|]*+(?:During handling of the above|The above exception was the direct|[+ |]*-{3,}+ \d+ -{3,}'
    r'|created by |\.\.\. \d+ (?:more|common)|--- End of |note: |stack backtrace:|Stack trace:|  thrown in |thrown in )'
)
_SAME = re.compile(r'[ \t|]*+(?:\[Previous line repeated \d+|\.\.\.(?:\d+ frames|additional frames))')
_HEAD = re.compile(
    r'(?:panic: |fatal error: |Caused by: |Suppressed: |Unhandled |Uncaught |PHP (?:Fatal|Parse) |thread \'[^\']*+\''
    r'(?: \(\d+\))? panicked at|\[signal )'
    r'|(?:[ \t]*+(?:---> )?(?:\[\w+\] )?(?:Exception in thread \S+ )?(?:[\w$]+[.:/\\]+)*'
    r'\w*?(?:Error|Exception|Throwable|Failure|Fault|Panic|Timeout|Interrupt|Rejection)\b)'
)
_LOOSE = re.compile(r'(?:Error|Exception|Throwable|panicked|Failure)\b')
_GOROUTINE = re.compile(r'(?:goroutine \d+ (?:gp=\S+ \S+ \S+ )?\[([^\]]*)\]|thread #\d+)')
_GO_CALL = re.compile(r'(?:created by )?[\w./\-~*()]+(?:\[[^\]]*\])?[\w.*()\[\]…]*\(?')

_MACHINERY = re.compile(
    r'panic\(|runtime\.(?:gopanic|goPanic|panic|sigpanic)|testing\.tRunner\.func1|\s*+\d++: (?:\w+::)*?(?:rust_'
    r'|core::panicking'
    r'|std::panicking|std::rt::|__rust)'
)


def stacks_of(lines: Sequence[str]) -> list[Stack]:
    """The stacks in a text, in order."""
    return _Finder(lines).run()


def may_hold_stacks(text: str) -> bool:
    """Whether it is worth looking for stacks in a text."""
    return any(hint in text for hint in _HINTS)


class _Finder:
    """Walks over the lines once; `stack` is the one being read."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.stacks: list[Stack] = []
        self.stack: Stack | None = None
        self.python = False
        self.width = 0
        self.strays = 0
        self.panicked = False

    def run(self) -> list[Stack]:
        i = 0
        while i < len(self.lines):
            line = self.lines[i]
            head = line if len(line) <= REACH else line[:REACH]
            if 'Traceback (most' in head and _HEADER.match(head):
                self._open(i, python=True)
                self.width = _PREFIX.match(head).end()  # type: ignore[union-attr]  # it matches anything
            elif self.python:
                i = self._in_python(i, head)
                continue
            elif (
                self.stack is not None
                or (begin := head.lstrip(' \t|'))[:1] in _BEGIN
                or ':in ' in head
                or (begin[1:3] == ':\\')
            ):
                self._elsewhere(i, head)
            i += 1
        self._close(len(self.lines))
        return [stack for stack in self.stacks if stack.frames or stack.heads]

    def _open(self, i: int, *, python: bool) -> Stack:
        self._close(i)
        self.stack = Stack(i)
        self.stacks.append(self.stack)
        self.python = python
        self.strays = 0
        return self.stack

    def _close(self, i: int) -> None:
        if self.stack is not None and not self.stack.end:
            self.stack.end = i
        self.stack = None
        self.python = False

    def _in_python(self, i: int, head: str) -> int:
        """Handles line i of a Python stack and returns the next line to look at."""
        stack = self.stack
        assert stack is not None
        width = _PREFIX.match(head).end()  # type: ignore[union-attr]  # it matches anything
        frame = frame_of(head) if 'File "' in head else None
        if frame is not None:
            stack.frames.append(Placed(i, i + 1, frame))
        elif not head.strip(' \t|'):
            self.strays = self.strays or int(bool(stack.frames))
        elif _SAME.match(head):
            stack.folded.append(i)
        elif width > self.width and stack.frames:
            if stack.frames[-1].end == i:
                stack.frames[-1].end = i + 1
        elif _TYPE.match(head) and (stack.frames or ':' in head):
            stack.heads.append(i)
            return self._message(i + 1)
        else:
            self.strays += 1
            if self.strays > STRAYS or _LINK.match(head):
                self._close(i)
                return i
        return i + 1

    def _message(self, i: int) -> int:
        """Takes the lines that go on with a message, up to a blank one, and ends the stack."""
        stack = self.stack
        assert stack is not None
        first = i
        while i < len(self.lines) and i < first + BACK:
            head = self.lines[i][:REACH]
            if (
                not head.strip(' |')
                or head.startswith(('=', '---', '___', '***', '+'))
                or _HEADER.match(head)
                or _LINK.match(head)
                or not head.startswith((' ', '\t'))
            ):
                break
            stack.messages.append(i)
            i += 1
        self._close(i)
        return i

    def _elsewhere(self, i: int, head: str) -> None:
        """Handles line i where no Python stack is open."""
        stripped = head.lstrip(' \t|')
        first = stripped[:1]
        stack = self.stack
        if not stripped:
            return
        if first == 'g' and _GOROUTINE.match(head):
            named = stack is not None and bool(stack.heads) and not stack.frames
            if not named:
                stack = self._open(i, python=False)
                stack.crashed = not self.panicked
            self.panicked = True
            assert stack is not None
            stack.links.append(i)
            return
        frame = frame_of(head) if first in '#a/fF❯' or ':in ' in head or stripped[1:3] == ':\\' else None
        if frame is not None and frame.last:
            self._open(i, python=True).frames.append(Placed(i, i + 1, frame))  # a traceback without its heading
            self.width = max(0, len(head) - len(stripped) - 2)
        elif frame is not None:
            self._frame(i, head, frame)
        elif first in 'pftCSUP[' and _HEAD.match(head) and not head.startswith((' ', '\t', '[')):
            if first == 'p' and stack is not None and stack.heads and not stack.frames:
                stack.heads.append(i)  # panic: … [recovered] panic: …
            else:
                self._open(i, python=False).heads.append(i)
                self._more(i)
        elif stack is not None:
            self._between(i, head, stack)
        elif first in 'DT' and self.stacks and _LINK.match(head):
            self.stacks[-1].links.append(i)

    def _more(self, i: int) -> None:
        """Rust prints the message of a panic on the line after it."""
        assert self.stack is not None
        if 'panicked at' in self.lines[i][:REACH] and i + 1 < len(self.lines) and self.lines[i + 1].strip():
            self.stack.heads.append(i + 1)

    def _between(self, i: int, head: str, stack: Stack) -> None:
        """A line that is neither frame nor head, in a stack that begins with its head."""
        if i in stack.heads[-2:]:
            return
        if head.startswith('\tpanic: '):
            stack.heads.append(i)
        elif _LINK.match(head) or head.startswith('[signal '):
            stack.links.append(i)
        elif stack.frames:
            following = self.lines[i + 1][:3] if i + 1 < len(self.lines) else ''
            if following.startswith('\t') or following[:3] == '   ' or _SAME.match(head):
                return  # the call above a Go frame's file, the function above a Rust frame's
            self.strays += 1
            if self.strays > STRAYS:
                self._close(i)
        elif not stack.links and i < stack.heads[-1] + BACK if stack.heads else False:
            stack.messages.append(i)
        elif i > stack.start + BACK * 2:
            self._close(i)

    def _frame(self, i: int, head: str, frame: Frame) -> None:
        stack = self.stack
        before = stack.frames[-1].end if stack is not None and stack.frames else i
        if stack is None or i > before + STRAYS + 1 or self._raised_between(before, i):
            stack = self._open(i, python=False)
        if not stack.frames and not stack.heads and not stack.links:
            self._look_back(i, stack)
        start = i
        paired = head.startswith(('\t', '        ')) or frame.place.startswith('./')
        if paired and i > stack.start and self._is_call(i - 1):
            start = i - 1
        if "in '" in head or ':in ' in head:
            self._ruby(i, head, stack)
        stack.frames.append(Placed(start, i + 1, frame))
        if start < i and _MACHINERY.match(self.lines[start][:REACH]):
            stack.machinery = len(stack.frames)

    def _is_call(self, i: int) -> bool:
        line = self.lines[i][:REACH]
        return (
            bool(line.strip())
            and not line.startswith('\t')
            and (_GO_CALL.match(line) is not None or bool(re.match(r'\s*+\d++: ', line)))
            and frame_of(line) is None
            and not _GOROUTINE.match(line)
        )

    def _raised_between(self, start: int, end: int) -> bool:
        """Whether a line between two frames names what caused it: a stack of its own."""
        return any(_HEAD.match(self.lines[j][:REACH]) for j in range(max(start, end - STRAYS), end))

    def _ruby(self, i: int, head: str, stack: Stack) -> None:
        """Ruby names the type at the end of the innermost frame's line."""
        if not stack.heads and not head.startswith(('\t', ' ')) and ': ' in head:
            stack.heads.append(i)

    def _look_back(self, i: int, stack: Stack) -> None:
        """Finds type and message above the first frame."""
        low = max(0, i - BACK)
        if len(self.stacks) > 1:
            low = max(low, self.stacks[-2].frames[-1].end if self.stacks[-2].frames else self.stacks[-2].start + 1)
        for pattern, method in ((_HEAD, 'match'), (_LOOSE, 'search')):
            for j in range(i - 1, low - 1, -1):
                if getattr(pattern, method)(self.lines[j][:REACH]):
                    stack.start = j
                    stack.heads.append(j)
                    stack.messages.extend(k for k in range(j + 1, i) if self.lines[k].strip())
                    return
        if self.lines[i].lstrip().startswith('❯'):
            return  # what stands above is the code around the frame before
        if i - 1 >= low and self.lines[i - 1].strip() and ' | ' not in self.lines[i - 1]:
            stack.start = i - 1
            stack.heads.append(i - 1)
