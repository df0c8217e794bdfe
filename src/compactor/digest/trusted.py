"""Whose words bind besides the users': files that instruct agents, and tools that a policy names.

A file counts by its place: its path from the workspace's root, as a call names it. What is read from anywhere else is
evidence, whatever it is called: a repository that was fetched, or a page, can hold an AGENTS.md of its own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache

from compactor.digest.commands import arguments, folder, scripts
from compactor.digest.evidence import Voice
from compactor.digest.questions import questions_in
from compactor.digest.reads import reads
from compactor.history.message import Part
from compactor.history.stubs import is_stub

FILES = (
    'AGENTS.md',
    'AGENTS.override.md',
    'CLAUDE.md',
    'CLAUDE.local.md',
    '.claude/CLAUDE.md',
    'GEMINI.md',
    'SKILL.md',
    '.cursorrules',
    '.windsurfrules',
    '.clinerules',
    '.cursor/rules/*.mdc',
    '.github/copilot-instructions.md',
    '.claude/skills/*/SKILL.md',
    '.agents/skills/*/SKILL.md',
    'skills/*/SKILL.md',
)
"""Files that instruct agents, from the workspace's root; `*` stands for one folder or name."""

QUESTIONS = frozenset(
    (
        'AskUserQuestion',
        'ask_user',
        'ask_user_question',
        'ask_human',
        'ask_question',
        'ask_followup_question',
        'request_user_input',
    )
)
"""Tools that ask a person, as agents in the field call them."""
LONGEST = 1_000
"""Characters of an answer at most."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a policy trusts to instruct an agent.

    Attributes:
        files: paths from the workspace's root, `*` for one folder or name.
        tools: names of tools whose results instruct.
        workspace: the root; None where nobody says: then only relative paths lie in it.
        questions: names of tools that ask a person and return the answer.
    """

    files: tuple[str, ...] = FILES
    tools: frozenset[str] = frozenset()
    workspace: str | None = None
    questions: frozenset[str] = QUESTIONS

    def at(self, texts: Iterable[str]) -> Trusted:
        """The same where the workspace is the one that the first of these texts tells that tells one."""
        if self.workspace is not None:
            return self
        told = next((root for text in texts if (root := workspace_told(text))), None)
        return self if told is None else replace(self, workspace=told)

    def answers(self, pairs: Iterable[tuple[Part, Part]]) -> Iterator[tuple[Voice, str]]:
        """What tools have asked a person, and what the person said."""
        for call, result in pairs:
            if call.tool in self.questions and not result.failed and not is_stub(result.text):
                asked = questions_in(arguments(call.text))
                if asked:
                    yield Voice.AGENT, asked
                    yield Voice.USER, result.text.strip()[:LONGEST]

    def file_of(self, call: Part, astray: bool = False) -> tuple[str, bool] | None:
        """The trusted file that a call shows, and nothing besides: its path from the root, and whether all of it.

        Args:
            call: the call.
            astray: whether the tool may stand in another folder than the root, so that relative paths say nothing.
        """
        if not any(name in call.text for name in _last_names(self.files)):
            return None
        found = reads(call)
        if len(found) != 1 or (astray and not found[0].path.startswith('/')):
            return None
        path = self._from_root(found[0].path)
        if path is None or not any(_fits(path, pattern) for pattern in self.files):
            return None
        return path, (found[0].first, found[0].last) == (1, None)

    def _from_root(self, path: str) -> str | None:
        root = None if self.workspace is None else posixpath.normpath(self.workspace)
        path = posixpath.normpath(path)
        if root is not None and path.startswith(root.rstrip('/') + '/'):
            path = path[len(root.rstrip('/')) + 1 :]
        return None if path.startswith(('/', '~', '../')) or ':' in path[:3] else path

    def leaves_root(self, call: Part) -> bool:
        """Whether a call may leave a shell in another folder, so that its relative paths say nothing any more."""
        if 'cd ' not in call.text and 'pushd' not in call.text:
            return False
        values = arguments(call.text)
        where = folder(values)
        return any(
            self._from_root(posixpath.join(where, target.strip('\'"'), 'x')) is None
            for script in scripts(values)
            for target in _LEFT_FOR.findall(script)
        )


DEFAULT = Trusted()
_LEFT_FOR = re.compile(r'(?:^|[;&|\n(][ \t]{0,20})(?:cd|pushd)[ \t]{1,20}([^\s;&|)]{1,300})')


@lru_cache(maxsize=64)
def _last_names(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The last piece of each pattern, as far as it is fixed: a call that shows such a file holds one of them."""
    return tuple(dict.fromkeys(pattern.rsplit('/', 1)[-1].lstrip('*') for pattern in patterns))


def _fits(path: str, pattern: str) -> bool:
    """Whether a path is one of a pattern, folder by folder."""
    pieces, wanted = path.split('/'), pattern.split('/')
    return len(pieces) == len(wanted) and all(map(fnmatchcase, pieces, wanted))


def workspace_told(text: str) -> str | None:
    """The workspace's root as a system prompt or the first prompt of a person tells it; None if it does not."""
    found = _TOLD.search(text[:20_000])
    return found[1].rstrip('.,;') if found is not None else None


_TOLD = re.compile(
    r'(?:<cwd>|\b(?:working directory|workspace(?: root| folder)?|cwd|project root)\b[ \t]*(?:is|:|=)[ \t]*`?)'
    r'\s{0,4}(/[^\s<>"\'`]{1,300})',
    re.IGNORECASE,
)
