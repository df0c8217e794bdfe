"""What a call says about its output before anyone has read it: the family of the tool, the command, the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Family(StrEnum):
    """Families of tools: the key of the table of budgets (`OutputsPolicy`)."""

    SHELL = 'shell'
    TEST_RUNNER = 'test_runner'
    FILE_READ = 'file_read'
    SEARCH = 'search'
    LISTING = 'listing'
    DIFF = 'diff'
    HTTP = 'http'
    SQL = 'sql'
    SUB_AGENT = 'sub_agent'
    OTHER = 'other'


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of a call.

    Attributes:
        family: what the tool does, by its name, and of a shell's command by its first words.
        command: the command line of a shell, '' for other tools.
        path: the file that the call names, if it names one.
        arguments: the texts among the call's arguments.
    """

    family: Family = Family.OTHER
    command: str = ''
    path: str | None = None
    arguments: tuple[str, ...] = ()


_BY_TOOL: tuple[tuple[re.Pattern[str], Family], ...] = tuple(
    (re.compile(rf'(?:^|[_\-.])(?:{words})', re.IGNORECASE), family)
    for words, family in (
        (r'(?:run_?)?tests?\b|pytest|jest|test_?runner', Family.TEST_RUNNER),
        (r'(?:git_?)?diff', Family.DIFF),
        (r'grep|search|find_in|ripgrep|rg\b|codebase_search', Family.SEARCH),
        (r'ls\b|list|glob|tree|find|directory', Family.LISTING),
        (r'sql|query|database|db_', Family.SQL),
        (r'bash|shell|exec|terminal|command|run|powershell|process', Family.SHELL),
        (r'read|view|open|cat|show_file|get_file|file_content', Family.FILE_READ),
        (r'fetch|http|web|url|browse|request|curl|download', Family.HTTP),
        (r'task|agent|delegate|handoff|sub_?agent', Family.SUB_AGENT),
    )
)
"""By the beginning of a word of the tool's name; the first that fits."""

_BY_COMMAND: tuple[tuple[re.Pattern[str], Family], ...] = tuple(
    (re.compile(rf'(?:^|[;&|]\s*|\btime\s+|\bsudo\s+)(?:\w+=\S+\s+)*(?:{words})'), family)
    for words, family in (
        (
            r'(?:(?:uv|poetry|pdm) run )?(?:python3? -m )?(?:pytest|unittest|tox|nox)\b'
            r'|go test\b|cargo (?:nextest|test)\b'
            r'|(?:npx )?(?:jest|vitest|mocha|playwright)\b|(?:npm|pnpm|yarn|bun)(?: run)? test|make (?:test|check)\b'
            r'|(?:\./)?(?:mvnw?|gradlew?)\b[^;&|]*\btest|rspec\b|phpunit\b|ctest\b|dotnet test\b',
            Family.TEST_RUNNER,
        ),
        (r'git (?:diff|show|log -p)|diff\b', Family.DIFF),
        (r'(?:git )?grep\b|rg\b|ag\b|ack\b', Family.SEARCH),
        (r'ls\b|find\b|fd\b|tree\b|git (?:ls-files|status)', Family.LISTING),
        (r'curl\b|wget\b|http\b', Family.HTTP),
        (r'psql\b|mysql\b|sqlite3\b|duckdb\b', Family.SQL),
        (r'cat\b|sed -n\b|head\b|tail\b|nl\b|bat\b|less\b', Family.FILE_READ),
    )
)
"""By the words that a command begins with; the first that fits."""

_COMMANDS = ('command', 'cmd', 'script', 'code', 'commands')
_PATHS = ('file_path', 'filePath', 'path', 'filename', 'file', 'notebook_path', 'target_file')
_FILE = re.compile(r'[\w./~@+\-]*[\w\-]\.[A-Za-z][A-Za-z0-9]{0,9}(?![\w/])')
_CHANGE = re.compile(r'^\s*cd\s+[^;&\n]+(?:&&|;)\s*')


def hint_of(tool: str | None, arguments: Mapping[str, Any]) -> Hint:
    """What a call of this tool with these arguments says; unknown tools and odd arguments say nothing."""
    family = next((family for pattern, family in _BY_TOOL if tool and pattern.search(tool)), Family.OTHER)
    texts = tuple(text for value in arguments.values() for text in _texts(value))
    command = next((text for key in _COMMANDS if (text := _command(arguments.get(key)))), '')
    path = next((value for key in _PATHS if isinstance(value := arguments.get(key), str) and value), None)
    if command and family in (Family.SHELL, Family.OTHER):
        family = of_command(command)
        if path is None and family is Family.FILE_READ:
            named = _FILE.search(command)
            path = named.group() if named else None
    return Hint(family, command, path, texts)


def of_command(command: str) -> Family:
    """The family of a command line, by its last command that is known; `SHELL` where none is."""
    bare = _CHANGE.sub('', command[:2_000])
    return next((family for pattern, family in _BY_COMMAND if pattern.search(bare)), Family.SHELL)


def _command(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        return ' '.join(value)
    return ''


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value[:2_000]]
    if isinstance(value, list):
        return [text for item in value[:20] for text in _texts(item)]
    return []
