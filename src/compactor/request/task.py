"""What a prompt asks for: one of six tasks, from the words of the last thing a person has written.

A prompt is cut down to its question (without pasted logs, code blocks and what a harness has put around it), split
into words, and scored by the table in `patterns.py`. Of tasks with the same score the one with the larger limit wins:
a limit that is too large costs a reservation, one that is too small costs the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from compactor.request.patterns import JOINING, LANGUAGES, SKIPPED, UNSPACED, Phrases


class Task(StrEnum):
    """What a request is for; case does not matter in `Task('Review')`."""

    TOOL_CALL = 'tool_call'
    """Run, list, show, read something: a short call."""
    CODE_GENERATION = 'code_generation'
    """Write or change code or text."""
    EXPLANATION = 'explanation'
    """Answer a question."""
    PLANNING = 'planning'
    """Say what is to be done, and in which order."""
    REVIEW = 'review'
    """Judge what is there."""
    UNKNOWN = 'unknown'
    """None of these can be told."""

    @classmethod
    def _missing_(cls, value: object) -> Task | None:
        return cls.__members__.get(value.upper()) if isinstance(value, str) else None


BY_SIZE = (
    Task.CODE_GENERATION,
    Task.EXPLANATION,
    Task.REVIEW,
    Task.UNKNOWN,
    Task.PLANNING,
    Task.TOOL_CALL,
)
"""Tasks by the usual size of their limit, the largest first; who comes first wins a tie."""

STRENGTHS = {'opens': 3, 'asks': 2, 'says': 2, 'hints': 1}
OPENING = frozenset({'opens', 'asks'})
"""What counts at the beginning of a clause only."""
USERS_OWN = 4
"""Strength of a phrase that a policy adds: what a user says of their own prompts beats the table."""

ENDS = 1_200
"""Characters at either end of a long prompt that are looked at."""
READ = 300
"""Characters at either end of what is left without logs and code that are read."""
LOOKED_AT = 120
"""Characters of a line that say whether it was printed by a program."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What a prompt asks for.

    Attributes:
        task: the task.
        score: strength of the strongest phrase found for it: 3 for one that opens a clause, 2 and 1 for others, 4 for
            one of the user's own; 0 where nothing was found.
        why: the phrase that decided, or what else did, in a few words.
    """

    task: Task
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words that stand for a task, or, with none, that are skipped or join clauses."""

    words: list[str]
    strength: int
    task: Task | None
    opening: bool
    skips: bool = False


class _Index:
    """The table in a form that is quick to read: phrases by their first word, the longest first."""

    def __init__(self, own: Mapping[Task, tuple[str, ...]]) -> None:
        self.by_word: dict[str, list[_Phrase]] = {}
        self.unspaced: dict[str, tuple[int, Task]] = {}
        skipped = set(_phrases(SKIPPED))
        for text in skipped:
            self._add(_Phrase(_words(text), 0, None, True))
        for text in _phrases(JOINING):
            self._add(_Phrase(_words(text), 0, None, False))
        for name, task, text in _rows(LANGUAGES):
            self._add(_Phrase(_words(text), STRENGTHS[name], task, name in OPENING, text in skipped))
        for name, task, text in _rows(UNSPACED):
            self.unspaced[text] = (STRENGTHS[name], task)
        for task, texts in own.items():
            for text in texts:
                if _UNSPACED.search(text):
                    self.unspaced[text.lower().strip()] = (USERS_OWN, task)
                else:
                    self._add(_Phrase(_words(text), USERS_OWN, task, False))
        for found in self.by_word.values():
            # A longer phrase must not weaken what it begins with: 'fix the' at the beginning is as strong as 'fix'.
            found += [_Phrase(p.words, o.strength, p.task, True) for p in found for o in found if _weakens(p, o)]
            # The longest first; among equals what is stronger, then what may stand anywhere.
            found.sort(key=lambda phrase: (-len(phrase.words), -phrase.strength, phrase.opening))
        # The first alternative that fits is taken.
        self.regex = re.compile('|'.join(map(re.escape, sorted(self.unspaced, key=len, reverse=True))))

    def _add(self, phrase: _Phrase) -> None:
        self.by_word.setdefault(phrase.words[0], []).append(phrase)


def _weakens(phrase: _Phrase, opener: _Phrase) -> bool:
    """Whether a phrase would take the place of a stronger one, of the same task, that it begins with."""
    size = len(opener.words)
    return phrase.task is opener.task and phrase.strength < opener.strength and phrase.words[:size] == opener.words


class Patterns:
    """The table of `patterns.py`, and what a user adds to it. It is read when it is first needed.

    Args:
        own: phrases by task, in the notation of the table; they count anywhere, and more than its own.

    Raises:
        ValueError: a phrase without a word in it.
    """

    def __init__(self, own: Mapping[Task, Iterable[str]] | None = None) -> None:
        self._own = {task: tuple(texts) for task, texts in (own or {}).items()}
        for task, texts in self._own.items():
            for text in texts:
                if not any(map(str.isalnum, text)):
                    raise ValueError(f'the phrase {text!r} of {task.value} has no word in it')

    @cached_property
    def _index(self) -> _Index:
        return _Index(self._own)

    def read(self, text: str) -> tuple[dict[Task, tuple[int, str]], bool]:
        """The strongest phrase of each task in `text`, and whether a clause opens with a word nobody knows."""
        found: dict[Task, tuple[int, str]] = {}
        words = _words(text)
        by_word = self._index.by_word
        opening, strange = True, False
        at, end = 0, len(words)
        while at < end:
            word = words[at]
            for phrase in by_word.get(word, ()):
                size = len(phrase.words)
                if (phrase.opening and not opening) or (size > 1 and words[at : at + size] != phrase.words):
                    continue
                at += size
                task = phrase.task
                if task is None:  # a skipped word goes on with the beginning of a clause, a joining word makes one
                    opening = True
                    break
                if task not in found or found[task][0] < phrase.strength:
                    found[task] = (phrase.strength, ' '.join(phrase.words))
                opening = (opening and phrase.skips) or word in _BREAKS
                break
            else:
                at += 1
                strange = strange or (opening and word not in _BREAKS)
                opening = word in _BREAKS
        if not text.isascii() and _UNSPACED.search(text):
            strange = self._read_unspaced(text, found) and strange
        return found, strange

    def _read_unspaced(self, text: str, found: dict[Task, tuple[int, str]]) -> bool:
        """Adds what is found in text without spaces; whether nothing was."""
        nothing = True
        for match in self._index.regex.finditer(text.lower()):
            strength, task = self._index.unspaced[match[0]]
            nothing = False
            if task not in found or found[task][0] < strength:
                found[task] = (strength, match[0])
        return nothing


_WORD = re.compile(r"[^\W_][\w']*(?:[./]\w[\w']*)*|[.!?;:,\n？。，！]")
_BREAKS = frozenset('.!?;:,\n？。，！')
_UNSPACED = re.compile('[\u3400-\u9fff]')
_FENCED = re.compile(r'```.*?(?:```|\Z)', re.DOTALL)
_HARNESS = re.compile(
    r'<((?:[A-Za-z0-9]+[-_])*(?:context|reminder|caveat|notification|stdout|stderr|snapshot|instructions|selection|aborted))\b'
    r'[^<>]*>.*?(?:</\1>|\Z)'
    r'|^\[Request interrupted[^\]\n]*\]',
    re.DOTALL,
)
# Lines that no person types: time stamps, traces, prompts of a shell, what test runners and package managers print.
_PRINTED = re.compile(
    r"""\s{4,}|\[?\d{2,4}[-:/.]\d\d|[{}<>|│>$%]|at\ \S+[(:]|File\ "|Traceback|E\s{2,}|[=_\-+*#]{3,}|\+\+\+|@@|
    (?:FAILED|PASSED|platform|collected|thread)\ |
    (?:npm|error|warning|note|stack|called|caused|ERROR|WARN|INFO|DEBUG|FATAL)
    (?:\b[^\n]*[:`'=]|\ backtrace|\ ERR)|\s*\d+:\s|\S+\.\w+:\d+|[\w.]*(?:Error|Exception)\b:?|\S+\ \.{2,}|
    \S+/\S+\.\w+\ [.FEsx]+""",
    re.VERBOSE,
)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace('’', "'"))


def _rows(languages: Mapping[str, Phrases]) -> Iterator[tuple[str, Task, str]]:
    """(strength, task, phrase) of every phrase."""
    for language in languages.values():
        for name, tasks in language.items():
            for task, texts in tasks.items():
                for text in _phrases(texts):
                    yield name, Task(task), text


def _phrases(texts: str) -> list[str]:
    return [' '.join(text.split()) for text in texts.split(',') if text.strip()]


def question_of(prompt: str) -> str:
    """What of a prompt is read: without a harness's own words, code blocks and pasted output; both ends of the rest."""
    text = prompt
    if len(prompt) > 2 * ENDS:
        cut, _, tail = prompt[-ENDS:].partition('\n')
        # Half a line of a log could pass for a sentence.
        text = f'{prompt[:ENDS]}\n{tail if tail.strip() else cut}'
    if '</' in text or text.lstrip()[:1] in ('<', '['):
        text = _HARNESS.sub(' ', text)
    if '```' in text:
        text = _FENCED.sub('\n', text)
    if '\n' in text:
        text = '\n'.join([line for line in text.split('\n') if line and not _PRINTED.match(line, 0, LOOKED_AT)])
    if len(text) > 2 * READ:
        return f'{text[:READ]}\n{text[-READ:]}'
    return text


def says_nothing(prompt: str) -> bool:
    """Whether there is nothing in a prompt beside what a harness has put there."""
    text = prompt.strip()
    return not text or (text[0] in '<[' and not _HARNESS.sub('', text).strip())


BUILT_IN = Patterns()
"""The table as it comes."""


def detect_task(prompt: str, *, in_tool_loop: bool = False, patterns: Patterns = BUILT_IN) -> Detected:
    """What a prompt asks for; never raises.

    Args:
        prompt: the last genuine prompt of a user; not what tools have returned, nor a note of the library's own.
        in_tool_loop: the agent is on its way: calls were made since that prompt. What comes next is then no fresh
            answer: it may be any call, or the report at the end, so that a task with a small limit is not believed.
        patterns: the table.
    """
    question = question_of(prompt)
    found, strange = patterns.read(question)
    if not found and not question.strip() and not says_nothing(prompt):
        return Detected(Task.CODE_GENERATION, 1, 'pasted output and not a word with it')
    best, score, why = Task.UNKNOWN, 0, 'no phrase of the table'
    for task in BY_SIZE:
        strength, phrase = found.get(task, (0, ''))
        if strength > score:
            best, score, why = task, strength, phrase
    if best is Task.TOOL_CALL and strange and score < USERS_OWN:
        return Detected(Task.UNKNOWN, 0, f'{why}, and something that the table does not know')
    if in_tool_loop and best in SMALL:
        return Detected(Task.UNKNOWN, score, f'{why}, and on the way')
    return Detected(best, score, why)


SMALL = frozenset({Task.TOOL_CALL, Task.PLANNING})
"""Tasks whose usual limit is below that of a task nobody knows."""
