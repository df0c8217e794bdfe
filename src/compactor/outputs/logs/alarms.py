"""Whether a line speaks of something that went wrong; fast, as it is asked of each line of a log.

The words of a whole text are looked at once, as a set; only where a word of the table (`alarm_words`) stands is looked
at more closely.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from compactor.outputs.logs.alarm_words import ALARMS, ERROR, INSIDE, SHAPES, WARNING, Alarm

REACH = 400
"""Characters of a line that are looked at."""
BEFORE = 48
"""Characters before a word from which on a row's pattern may begin."""
MOST_TYPES = 24
"""Names of errors that are looked for in a piece of a text; of more the first in the alphabet."""
PIECE = 65_536
"""Characters that are looked at together: a search holds the interpreter until it has seen all that it was given."""

_LETTERS = bytes(
    c if c in (10, 39) or c >= 128 or 97 <= c <= 122 else c + 32 if 65 <= c <= 90 else 32 for c in range(256)
)
"""Makes small letters of capitals and blanks of what is no letter, but for the ends of lines and apostrophes."""
_TYPES = (b'error', b'exception', b'failure', b'warning', b'fault')
_TYPE = re.compile(r'(?<![\w/\-])[A-Z]\w*(?:(?P<warned>Warning)|Error|Exception|Failure|Fault)\b(?![\w(/]|[.\-]\w)')
_FINE = re.compile(
    # a line of code beside an error, a test that passed or was left out, a frame of a stack
    r'[ \t]*+(?:>?[ \t]*+\d++[ \t]*+(?:[|│]|→)|(?:✓|✔|√|PASS(?:ED)?\b|ok \d|OK\b|\(pass\)|SKIP(?:PED)?\b)'
    r'|(?:at|from) \S+\(|\[ +OK \])'
)
_FINE_END = re.compile(r'(?:\.\.\. ?ok|\bPASSED|\bpassed|\[OK\]|SUCCESS|\(ok\))(?: *\[ *\d+%\])?$')
_FINE_ENDS = ('ok', 'PASSED', 'passed', '[OK]', 'SUCCESS', '(ok)', '%]')
_NONE_BEFORE = re.compile(
    r'\b(?:(?:0|no|without|zero|any|non|free of|never)|(?:(?:ignor|handl|improv|fix|avoid|prevent|catch'
    r'|show|clear|reset)\w*)) (?:\w+ ){0,2}$'
    r'|\bno longer $|(?:\bon|^--?no|\bif)[_ \-]$',
    re.IGNORECASE,
)
_NONE_AFTER = re.compile(
    r'["\']?[ ]?(?:[=:][ ]?["\']?(?:0\b(?!\.\d)|false\b|null\b|none\b|no\b|nil\b|\[\]|\{\}|""|\'\'|off\b)'
    r'|(?:messages?|handling|handlers?|rates?|boundary|boundaries|counts?|safe|over|fast)\b(?!:))',
    re.IGNORECASE,
)
"""What stands around a word that names trouble where there is none."""
_SHAPES = re.compile('|'.join(row.pattern for row in SHAPES))
_SHAPED = frozenset('EF0123456789<#{ ')
_WRITTEN_TOGETHER = re.compile('[\u0590-\u0e7f\u3040-\u9fff\uac00-\ud7af]')


def alarms(line: str) -> bool:
    """Whether a line speaks of trouble."""
    return bool(graded((line,)))


def alarming(lines: Sequence[str]) -> list[int]:
    """Which of many lines do, in order."""
    return sorted(graded(lines))


def graded(lines: Sequence[str]) -> dict[int, int]:
    """The lines that speak of trouble, by number: `ERROR` or `WARNING`."""
    found: dict[int, int] = {}
    start = size = 0
    for end, line in enumerate(lines):
        size += len(line) + 3
        if size > PIECE:
            found.update((start + i, grade) for i, grade in _graded(lines[start : end + 1]).items())
            start, size = end + 1, 0
    if start < len(lines):
        found.update((start + i, grade) for i, grade in _graded(lines[start:]).items())
    return found


def _graded(lines: Sequence[str]) -> dict[int, int]:
    """The same of one piece."""
    text = ' \n '.join([line[: REACH * 3] for line in lines])
    data = f' {text} '.encode('utf-8', 'surrogatepass').translate(_LETTERS)
    words = set(data.split())
    grades: dict[int, int] = {}
    fine: dict[int, bool] = {}
    for word in sorted(_BY_WORD.keys() & words):
        rows = _BY_WORD[word]
        for i, at in _places(data, word):
            known = grades.get(i, 0)
            if known == ERROR or (fine[i] if i in fine else fine.setdefault(i, _fine(lines[i]))):
                continue
            for row in rows:
                if row.grade > known and row.fits(lines[i], at, word):
                    grades[i] = known = row.grade
    types = [word for word in words if word.endswith(_TYPES) and word not in _BY_WORD]
    for word in sorted(types)[:MOST_TYPES]:
        for i, _ in _places(data, word):
            found = _TYPE.search(lines[i], 0, REACH) if grades.get(i) != ERROR and not _fine(lines[i]) else None
            if found is not None:
                grades[i] = max(grades.get(i, 0), WARNING if found['warned'] else ERROR)
    _shaped(grades, lines)
    if not text.isascii():
        _inside(grades, lines, text)
    return grades


def _fine(line: str) -> bool:
    if _FINE.match(line, 0, REACH) is not None:
        return True
    end = line[-40:].rstrip()
    return end.endswith(_FINE_ENDS) and _FINE_END.search(end) is not None


def _places(data: bytes, word: bytes) -> Iterator[tuple[int, int]]:
    """The lines that hold a word near their beginning, in order, and how many bytes into the line the first stands."""
    wanted = b' %b ' % word
    at = data.find(wanted)
    line = counted = 0
    while at >= 0:
        line += data.count(b'\n', counted, at)
        counted = at
        start = data.rfind(b'\n', max(0, at - REACH * 3), at)
        if start >= 0 or at <= REACH * 3:
            yield line, at - start - 1 if start >= 0 else at
        end = data.find(b'\n', at)
        at = data.find(wanted, end) if end >= 0 else -1


def _shaped(grades: dict[int, int], lines: Sequence[str]) -> None:
    """The rows that know a line by the form of its beginning."""
    for i, line in enumerate(lines):
        if line[:1] in _SHAPED and _SHAPES.match(line):
            grades[i] = ERROR


def _inside(grades: dict[int, int], lines: Sequence[str], text: str) -> None:
    """The rows whose words are parts of words."""
    if _WRITTEN_TOGETHER.search(text) is None:
        return
    for row in INSIDE:
        search = _compiled(row.pattern) if row.pattern else None
        for part in row.words.split():
            at = text.find(part)
            line = counted = 0
            while at >= 0:
                line += text.count('\n', counted, at)
                counted = at
                if grades.get(line, 0) < row.grade and (search is None or search(lines[line][:REACH])):
                    grades[line] = row.grade
                end = text.find('\n', at)
                at = text.find(part, end) if end >= 0 else -1


class _Row:
    """A row of the table as it is asked."""

    __slots__ = ('grade', 'pattern', 'words')

    def __init__(self, alarm: Alarm) -> None:
        self.grade = alarm.grade
        self.pattern = alarm.pattern
        self.words = tuple(alarm.words.split())

    def fits(self, line: str, at: int, word: bytes) -> bool:
        """Whether it is in the line, in which the word stands `at` so many bytes."""
        if not line.isascii():
            at = len(line.encode('utf-8', 'surrogatepass')[:at].decode('utf-8', 'ignore'))
        if self.pattern:
            found = _compiled(self.pattern)(line, max(0, at - BEFORE), REACH)
            return found is not None and _NONE_AFTER.match(line, found.end()) is None and not _none(line, found.start())
        low = line[:REACH].lower()
        wanted = word.decode().lower()
        at = low.find(wanted, max(0, at - 2))
        while at >= 0:
            end = at + len(wanted)
            if _is_word(line, at, end) and not _around(line, at, end):
                return True
            at = low.find(wanted, end)
        return False


def _around(line: str, start: int, end: int) -> bool:
    """Whether what stands around a word says that there is no trouble."""
    return _NONE_AFTER.match(line, end) is not None or _none(line, start)


def _none(line: str, start: int) -> bool:
    return _NONE_BEFORE.search(line, max(0, start - 32), start) is not None


def _is_word(line: str, start: int, end: int) -> bool:
    """Whether a word stands alone: in no identifier, path or name of a file."""
    before, after = line[start - 1 : start] if start else '', line[end : end + 1]
    shouted = line[start:end].isupper()
    if before.isalnum() or before in _JOINS or (before == '/' and not shouted):
        return False
    if after.isalnum() or after == '_' or (after == '/' and not shouted):
        return False
    following = line[end + 1 : end + 2]
    if after in ('.', '-') and (following.isalnum() or following == '_'):
        return False
    return after != '(' or shouted or line.startswith('s)', end + 1)


_JOINS = frozenset('_.-$@#')


@cache
def _compiled(pattern: str) -> Callable[..., re.Match[str] | None]:
    return re.compile(pattern).search


def _by_word() -> dict[bytes, list[_Row]]:
    rows: defaultdict[bytes, list[_Row]] = defaultdict(list)
    for alarm in ALARMS:
        row = _Row(alarm)
        for word in alarm.words.split():
            forms = {word} if word.isascii() else {word, word.upper(), word.capitalize()}
            for part in {part for form in forms for part in form.encode().translate(_LETTERS).split()}:
                rows[part].append(row)
    return dict(rows)


_BY_WORD = _by_word()
