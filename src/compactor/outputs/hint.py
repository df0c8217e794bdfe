"""What a call says about its output before anyone has read it: the family of the tool, the command, the file.

A tool is known by the words of its name, however they are joined (`run_shell_command`, `readFile`, `files__read_file`).
A shell's command is read as far as its words tell: what is quoted and what is only input (a here document) names no
command, filters such as `| tail -40` change nothing, and of several commands the last that is known decides, unless one
of them ran tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from compactor.outputs.kind import Kind


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
        kind: what the command's output is, where the command alone tells it.
        tool: the tool's name.
    """

    family: Family = Family.OTHER
    command: str = ''
    path: str | None = None
    arguments: tuple[str, ...] = ()
    kind: Kind | None = None
    tool: str = ''


_CHANGES = frozenset(
    'edit write create insert replace patch apply_patch multi_edit notebook_edit update delete todo'.split()  # noqa: SIM905
)
"""Words of tools that change something: what they return is of no family, whatever else the name says."""

_BY_NAME: tuple[tuple[re.Pattern[str], Family], ...] = tuple(
    (re.compile(rf'_(?:{words})_'), family)
    for words, family in (
        (r'pytest|jest|vitest|run_tests?|tests?|test_runner|runtests', Family.TEST_RUNNER),
        (r'(?:git_)?diff|git_show', Family.DIFF),
        (
            r'(?:web|internet|google|brave|tavily|bing)_(?:search|fetch)|fetch|http|url|browse|curl|download',
            Family.HTTP,
        ),
        (
            r'grep|rg|ripgrep|search_(?:file_content|files?|code|text)|(?:code|codebase|file_content)_search',
            Family.SEARCH,
        ),
        (
            r'ls|glob|tree|dir|directory|find_files?|(?:list|search)_files?|file_search|list_(?:dir|folder)',
            Family.LISTING,
        ),
        (r'search|find', Family.SEARCH),
        (r'sql|psql|database|db|query', Family.SQL),
        (r'bash|sh|zsh|shell|exec|execute|terminal|console|command|cmd|powershell|process|run', Family.SHELL),
        (r'read|view|open|cat|show_file|get_file|file_contents?', Family.FILE_READ),
        (r'list', Family.LISTING),
        (r'web|request|page', Family.HTTP),
        (r'task|agents?|delegate|handoff|subagent', Family.SUB_AGENT),
    )
)
"""By whole words of the tool's name, joined and enclosed by `_`; the first that fits."""

_BY_COMMAND: tuple[tuple[re.Pattern[str], Family], ...] = tuple(
    (re.compile(rf'(?:{words})(?![\w\-.])'), family)
    for words, family in (
        (
            r'(?:python[\d.]* -m )?(?:pytest|unittest|tox|nox|nose2|green|behave|robot)|py\.test|go test'
            r'|gotestsum|cargo (?:nextest|test)'
            r'|jest|vitest|mocha|playwright test|ava|rspec|phpunit|ctest|dotnet test|swift test|mix test'
            r'|deno test|node --test|bats|prove'
            r'|pest|tap|jasmine|karma start|qunit|cucumber|busted|dart test|flutter test'
            r'|xcodebuild [^|;&]*?test|bun test|zig (?:build )?test|sbt [^|;&]*?test'
            r'|(?:elixir|ruby|python[\d.]*) \S*test\S*|\./\S*(?:test|spec)\S*'
            r'|(?:npm|pnpm|yarn|bun|mise|just|task|make|rake|composer)(?: -\S+| run)* (?:tests?|check)(?::\S+)?'
            r'|(?:\S*/)?(?:mvnw?|gradlew?) (?:\S+ )*?(?:test|verify|check)|\S*manage\.py test|\S*runtests\.py',
            Family.TEST_RUNNER,
        ),
        (
            r'git (?:diff|show|log (?:\S+ )*?-p|stash show|format-patch|range-diff)|gh pr diff|diff|colordiff',
            Family.DIFF,
        ),
        (r'rg (?:\S+ )*?--files|fd|find|ls|ll|tree|du|eza|exa|git (?:ls-files|ls-tree|status)', Family.LISTING),
        (r'git grep|[ef]?grep|zgrep|rg|ag|ack', Family.SEARCH),
        (r'curl|wget|https?', Family.HTTP),
        (r'psql|mysql|sqlite3|duckdb|bq query|clickhouse-client', Family.SQL),
        (r'cat|sed -n|head|tail|nl|bat|less|more|awk', Family.FILE_READ),
    )
)
"""By the words that a command begins with; the first that fits."""

_BY_COMMAND_KIND: tuple[tuple[re.Pattern[str], Kind], ...] = tuple(
    (re.compile(rf'(?:{words})(?![\w\-.])'), kind)
    for words, kind in (
        (
            r'journalctl|dmesg|stern|logcat|adb logcat|heroku logs|fly logs|aws logs (?:tail'
            r'|get-log-events|filter-log-events)'
            r'|(?:docker|podman|nerdctl)(?:[ -]compose)?(?: -\S+(?: \S+)?)* logs'
            r'|kubectl(?: -\S+ \S+)* logs|az \S+ log tail'
            r'|gcloud logging read|wevtutil|get-winevent|get-eventlog|pm2 logs|systemctl status'
            r'|terraform (?:apply|plan|destroy)'
            r'|ansible-playbook|(?:cat|tail|head|less|zcat|more)(?: -\S+(?: \d+)?)* \S+(?:\.log(?:\.\d+)?'
            r'|/syslog|/messages)',
            Kind.LOG,
        ),
        (
            r'kubectl(?: -\S+ \S+)* (?:get|top|api-resources)|docker (?:ps|images|stats|(?:container|image'
            r'|volume|network) ls)|ps|df'
            r'|helm (?:list|ls)|oc get|nomad (?:job )?status|lsblk|free|netstat|ss|lsof|squeue|qstat'
            r'|gh (?:run|pr|issue) list'
            r'|pip list|conda list|brew services list|systemctl list-\w+|get-process|get-service',
            Kind.TABLE,
        ),
        (r'git status', Kind.LISTING),
        (r'git (?:blame|annotate|log|reflog|shortlog|branch|remote|tag|stash list)', Kind.TEXT),
    )
)
"""By the words that a command begins with; the first that fits: what its output is, whatever it looks like."""

_COMMANDS = ('command', 'cmd', 'script', 'code', 'commands')
_PATHS = (
    *('file_path', 'filePath', 'absolute_path', 'absolutePath', 'path', 'filename', 'file'),
    *('notebook_path', 'target_file', 'relative_path', 'relativePath'),
)
LONGEST = 8_000
"""Characters of a command that are read."""

_WORDS = re.compile(r'(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+')
_HERE = re.compile(r'<<-?[ \t]*(["\']?)(\w+)\1')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL)
_SHELL = re.compile(r'^\s*(?:\S*/)?(?:ba|z|da|k)?sh\s+-\w*c\s+(?P<quote>["\']?)(?P<inner>.*)(?P=quote)\s*$', re.DOTALL)
_NEXT = re.compile(r'\|\||&&|;|\n')
_BEFORE = re.compile(
    r'(?:\s+|[A-Za-z_]\w*=\S*\s|(?:sudo|time|nohup|env|command|exec|stdbuf -\w+|xargs(?: -\S+)*|then|do|else|!|npx|bunx'
    r'|timeout \S+|uv run|poetry run|pdm run|rye run|hatch run|pipenv run|bundle exec|mise exec --|docker exec \S+)\s'
    r'|[({]\s)+'
)
_GIT = re.compile(r'^git(?: -C \S+| --no-pager| -c \S+)+')
_FILE = re.compile(r'(?<![\w\-.=/])[\w.~@+/\-]*[\w\-]\.[A-Za-z][A-Za-z0-9]{0,9}(?![\w/*])')
_AT_REVISION = re.compile(r'\bgit show [^\s:]+:(\S+)')


def hint_of(tool: str | None, arguments: Mapping[str, Any]) -> Hint:
    """What a call of this tool with these arguments says; unknown tools and odd arguments say nothing."""
    family = of_tool(tool or '')
    texts = tuple(text for value in arguments.values() for text in _texts(value))
    command = ''
    if family in (Family.SHELL, Family.OTHER, Family.TEST_RUNNER):
        command = next((text for key in _COMMANDS if (text := _command(arguments.get(key)))), '')
    path = next((value for key in _PATHS if isinstance(value := arguments.get(key), str) and value), None)
    if command == 'view' and path is not None:  # editors that read too
        return Hint(Family.FILE_READ, '', path, texts, tool=tool or '')
    if command and family is not Family.TEST_RUNNER:
        family = of_command(command)
        if path is None and family is Family.FILE_READ:
            path = _file_of(command)
    return Hint(family, command, path, texts, kind_of(command), tool or '')


def kind_of(command: str) -> Kind | None:
    """What the output of a command line is, where its last command tells it; a pipeline's first stage does."""
    if not command:
        return None
    simple = [part for part in _NEXT.split(_bare(command)) if part.strip()]
    words = _words_of(simple[-1].split('|')[0]).lower() if simple else ''
    return next((kind for pattern, kind in _BY_COMMAND_KIND if pattern.match(words)), None)


def of_tool(name: str) -> Family:
    """The family of a tool by its name; of a tool on a server (`files__read_file`), by what follows the server."""
    own = name[:200].rsplit('__', 1)[-1]
    words = [word.lower() for word in _WORDS.split(own) if word]
    if 'stdin' in words:
        return Family.SHELL  # what a running command answers
    if not words or not _CHANGES.isdisjoint(words):
        return Family.OTHER
    joined = f'_{"_".join(words)}_'
    found = next((family for pattern, family in _BY_NAME if pattern.search(joined)), Family.OTHER)
    if (
        '__' in name
        and words[0] == 'list'
        and found is Family.LISTING
        and len(words) > 1
        and words[1][:4] not in _LISTED
    ):
        return Family.OTHER  # `tracker__list_issues` lists records, not files
    return found


_LISTED = ('file', 'dir', 'dire', 'fold', 'allo')


def of_command(command: str) -> Family:
    """The family of a command line: tests if it runs any, else by its last command that is known, else `SHELL`."""
    found = Family.SHELL
    for simple in _NEXT.split(_bare(command)):
        family = _of_pipeline(simple)
        if family is Family.TEST_RUNNER:
            return family
        if family is not Family.SHELL:
            found = family
    return found


def _bare(command: str) -> str:
    """A command line without what it quotes and without its here documents."""
    command = command[:LONGEST]
    inner = _SHELL.match(command)
    if inner is not None:
        command = inner['inner'].replace('\\"', '"')
    parts: list[str] = []
    at = 0
    while (here := _HERE.search(command, at)) is not None:
        end_of_line = command.find('\n', here.end())
        end = command.find(f'\n{here[2]}', here.end())
        parts.append(command[at : here.start()] + ' <<')
        if end < 0 or end_of_line < 0:
            at = len(command)
            break
        parts.append(command[here.end() : end_of_line])
        at = end + len(here[2]) + 1
    parts.append(command[at:])
    return _QUOTED.sub(lambda found: found[0] if re.fullmatch(r'.[\w./\-]*.', found[0]) else 'Q', ''.join(parts))


def _of_pipeline(text: str) -> Family:
    stages = [stage for stage in text.split('|') if stage.strip()]
    families = [_of_stage(stage) for stage in stages]
    first = families[0] if families else Family.SHELL
    if first in (Family.FILE_READ, Family.SHELL, Family.LISTING) and Family.SEARCH in families[1:]:
        searched = stages[families.index(Family.SEARCH, 1)]
        # `find | xargs grep` searches files; `ls | grep` and `grep -v` only leave lines out
        if 'xargs' in searched or (first is Family.FILE_READ and ' -v' not in searched):
            return Family.SEARCH
    return first


def _of_stage(stage: str) -> Family:
    words = _words_of(stage)
    family = next((family for pattern, family in _BY_COMMAND if pattern.match(words)), Family.SHELL)
    if family is Family.FILE_READ and (words.startswith(('cat >', 'cat <<', 'tail -f')) or ' >' in words):
        return Family.SHELL  # writes a file, or waits
    if family is Family.DIFF and words.startswith('git show ') and ':' in words:
        return Family.FILE_READ  # a file at a revision
    return family


def _words_of(stage: str) -> str:
    """The words of a command, without what may stand before it."""
    begin = _BEFORE.match(stage)
    words = ' '.join((stage[begin.end() :] if begin else stage).split())
    return _GIT.sub('git', words).removeprefix('/usr/bin/').removeprefix('/bin/')


def _file_of(command: str) -> str | None:
    """The file that a command reads; None where it reads files of several endings."""
    at_revision = _AT_REVISION.search(command[:LONGEST])
    if at_revision is not None:
        return at_revision[1]
    inner = _SHELL.match(command[:LONGEST])
    read = [
        name
        for simple in _NEXT.split(inner['inner'] if inner else command[:LONGEST])
        if _of_pipeline(simple) is Family.FILE_READ
        for name in _FILE.findall(simple.split('|')[0])
    ]
    endings = {name.rsplit('.', 1)[-1] for name in read}
    return read[0] if len(endings) == 1 else None


def _command(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        if len(value) > 2 and value[0].endswith('sh') and re.fullmatch(r'-\w*c', value[-2]):
            return str(value[-1])
        return ' '.join(value)
    return ''


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value[:2_000]]
    if isinstance(value, list):
        return [text for item in value[:20] for text in _texts(item)]
    return []
