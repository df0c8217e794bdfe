"""What a user expects to survive whatever the agent does next: their words, the files touched, the open errors.

Defined on the recorded history alone, so that no strategy marks its own work:

- *user words*: every genuine user prompt is cut into lines and these into pieces of eight words; a piece is kept if it
  stands verbatim in the compacted history (white space aside); the share is by characters.
- *files*: paths that calls read or edited, by an argument named `file_path`, `path` and the like, by the headers of
  `apply_patch`, or in a shell by the arguments of commands that read, write, move or delete files and by redirections.
  Calls that failed count nothing. A file is listed if its path, or an end of it with a folder, stands in the compacted
  history; of a name that no other file has, the name alone is enough.
- *errors*: of the shell commands that failed and were not followed by a success of the same command, the last five;
  calls that never ran are no failures, and same means equal after leading `cd`, variables, redirections and trailing
  filters are taken off. An error is kept if its most telling line (`TELLING`, from the top), up to 160 characters,
  stands verbatim in the compacted history.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor.history.message import Kind
from compactor.history.parse import parse

from .grammar import TOKEN, forms, plain, said, text_of
from .laws import view

PIECE = 8
LAST_ERRORS = 5
LINE = 160
PATH_KEYS = ('file_path', 'filePath', 'path', 'notebook_path', 'filename', 'file')
PATCHED = re.compile(r'^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$', re.MULTILINE)
TOUCHES = frozenset(
    ('cat', 'head', 'tail', 'less', 'more', 'nl', 'wc', 'bat', 'sed', 'awk', 'tee', 'rm', 'mv', 'cp', 'touch', 'gofmt')
)
COMMAND = re.compile(r'\|\||&&|[|;\n]')
REDIRECT = re.compile(r'(?<![0-9&])>>?\s*([^\s|;&<>]+)')
FILE = re.compile(r'[\w~.][\w./@~+-]*\.[A-Za-z][A-Za-z0-9]{0,7}|/?[\w~.][\w.@~+-]*(?:/[\w.@~+-]+)+')
EXIT = re.compile(r'(?:exit(?:ed with)?(?: code| status)|exit code:?|returncode)[ :=]*(\d+)', re.IGNORECASE)
FAILED = re.compile(
    r'^(?:Traceback \(most recent|panic:|fatal:|FAIL\b|FAILED\b|--- FAIL|error(?:\[|:))|<tool_use_error>', re.MULTILINE
)
REFUSED = re.compile(r'\A\s*(?:<tool_use_error>|Error|File does not exist|ENOENT|Could not|The user doesn.t want)')
NOT_RUN = re.compile(r'\A\s*(?:\[no result|<tool_use_error>|The user doesn.t want|\[Request interrupted)')
TELLING = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r'^[\w.]*(?:Error|Exception)\b: .+$',
        r'^\s*--- FAIL: .+$',
        r'^FAILED .+$',
        r'^\S+\.\w+:\d+(?::\d+)?: .+$',
        r'^.*\b(?:error|panic|fatal)\b\s*[:\[].*$',
        r'^.*(?:[Ee]rror|ERROR|[Ff]ail|FAIL|[Dd]enied|[Cc]annot|not found|No such|[Uu]nknown|[Ii]nvalid|undefined).*$',
        r'^.*\w{2}.*$',
    )
)
BOILERPLATE = re.compile(
    r'^(?:Command: .*|Chunk ID: .*|Wall time: .*|(?:Process|Command) exited with code \d+|(?:Error: )?Exit code:? \d+'
    r'|Output:|Original token count: .*|Total output lines: .*|\s*=== (?:RUN|PAUSE|CONT) .*|\s*--- PASS: .*)\s*$',
    re.MULTILINE,
)
SETTING = re.compile(r'^(?:cd [^&;]+(?:&&|;)\s*|\w+=\S+\s+)+')
FILTER = re.compile(r'(?:\s*\d?>(?:&\d|\s*/dev/null)|\s*\|\s*(?:head|tail|grep|rg|sed|wc|sort)\b[^|]*)+$')


def squeezed(text: str) -> str:
    """The text with every run of white space as one space: what *verbatim* is judged on."""
    return ' '.join(text.split())


def user_pieces(history: Sequence[ModelMessage]) -> tuple[tuple[str, ...], int]:
    """The pieces of all genuine user prompts, and the tokens of these prompts."""
    prompts = [
        part
        for exchange in parse(view(history)).history.exchanges
        for segment in exchange.prompts
        for part in segment.parts
        if part.kind is Kind.USER
    ]
    pieces: list[str] = []
    for part in prompts:
        for line in plain(part.text).splitlines():
            words = line.split()
            pieces += [' '.join(words[i : i + PIECE]) for i in range(0, len(words), PIECE)]
    return tuple(pieces), sum(part.tokens for part in prompts)


def calls_with_results(history: Sequence[ModelMessage]) -> Iterator[tuple[Any, Any]]:
    """Every call with its result, in the order of the results; ids repeat, so the oldest open call is answered."""
    waiting: dict[str, deque[Any]] = {}
    for message in history:
        for part in message.parts:
            if part.part_kind == 'tool-call':
                waiting.setdefault(part.tool_call_id, deque()).append(part)
            elif part.part_kind in ('tool-return', 'retry-prompt') and waiting.get(part.tool_call_id or ''):
                yield waiting[part.tool_call_id].popleft(), part


def _args(call: Any) -> dict[str, Any]:
    try:
        found = call.args_as_dict()
    except (ValueError, AssertionError):
        return {}
    return found if isinstance(found, dict) else {}


def _shell(call: Any) -> str | None:
    """The command line of a call to a shell, else None."""
    args = _args(call)
    command = args.get('command', args.get('cmd'))
    if isinstance(command, list):
        command = ' '.join(map(str, command))
    return command if isinstance(command, str) else None


def files(history: Sequence[ModelMessage]) -> tuple[str, ...]:
    """The paths that were read or edited, each once, by first use."""
    found: dict[str, None] = {}
    for call, result in calls_with_results(history):
        answer = text_of(result)
        command = _shell(call)
        if failed(result, answer) if command else REFUSED.match(answer) and len(answer) < 600:
            continue
        paths: list[str] = PATCHED.findall(plain(said(call.args)))
        if command:
            paths += _in_command(command)
        elif call.tool_name.lower() not in ('grep', 'glob', 'ls', 'search', 'find'):
            args = _args(call)
            paths += [args[key] for key in PATH_KEYS if isinstance(args.get(key), str)]
        found.update(dict.fromkeys(normal for path in paths if (normal := normalised(path))))
    # A relative path is the same file as the absolute one that ends with it.
    ends = {end for path in found for end in forms(path)[1:]}
    return tuple(path for path in found if path not in ends)


def _in_command(command: str) -> list[str]:
    paths: list[str] = []
    head = command.split('<<', 1)[0]
    for piece in COMMAND.split(head):
        words = [word.strip('\'"`()') for word in piece.split()]
        if words and words[0] in TOUCHES:
            paths += [
                w for w in words[1:] if FILE.fullmatch(w) and not w.startswith('-') and '.' in w.rsplit('/', 1)[-1]
            ]
    paths += [path.strip('\'"') for path in REDIRECT.findall(head) if FILE.fullmatch(path.strip('\'"'))]
    return [path for path in paths if not path.startswith('/dev/')]


def normalised(path: str) -> str:
    """A path in the form that the grammar finds; '' if it names no file."""
    path = path.strip().strip('./@~+-')
    return path if TOKEN.fullmatch(path) else ''


def names_of(paths: Sequence[str]) -> tuple[frozenset[str], ...]:
    """For each path the identifiers any of which names it."""
    unique = Counter({path.rsplit('/', 1)[-1]: 0 for path in paths})
    for path in paths:
        unique[path.rsplit('/', 1)[-1]] += 1
    result: list[frozenset[str]] = []
    for path in paths:
        ends = [form for form in forms(path) if form and path.endswith(form)]
        name = path.rsplit('/', 1)[-1]
        result.append(frozenset(e for e in ends if '/' in e or (e == name and unique[name] == 1)) or frozenset({path}))
    return tuple(result)


def failed(result: Any, text: str) -> bool:
    """Whether a command failed: by its exit code if it is told, else by what its output says."""
    if getattr(result, 'outcome', 'success') not in ('success', None) or result.part_kind == 'retry-prompt':
        return True
    code = EXIT.search(text[:400]) or EXIT.search(text[-200:])
    return code.group(1) != '0' if code else bool(FAILED.search(text))


def same_command(command: str) -> str:
    """What makes two command lines the same command."""
    return squeezed(FILTER.sub('', SETTING.sub('', command.strip())))


def telling(text: str) -> str:
    """The most telling line of a failed command's output, squeezed and clipped; '' if it says nothing."""
    text = BOILERPLATE.sub('', text)
    for pattern in TELLING:
        found = pattern.search(text)
        if found:
            return squeezed(found.group())[:LINE].strip()
    return ''


def errors(history: Sequence[ModelMessage]) -> tuple[str, ...]:
    """The telling lines of the last commands that failed and have not succeeded since."""
    open_errors: dict[str, str] = {}
    for call, result in calls_with_results(history):
        command = _shell(call)
        if command is None:
            continue
        key, text = same_command(command), text_of(result)
        if NOT_RUN.search(text):
            continue
        open_errors.pop(key, None)
        if failed(result, text) and (line := telling(text)):
            open_errors[key] = line
    return tuple(dict.fromkeys(open_errors.values()))[-LAST_ERRORS:]
