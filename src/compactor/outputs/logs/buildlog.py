"""What a line of a build log is: an error, a warning, a finding of a linter, how it ended, a step, noise."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple


class Role(IntEnum):
    """What a line of a build log is."""

    ERROR = 0
    FINDING = 1
    """A place and what is wrong there, without a word on how bad it is: most linters."""
    WARNING = 2
    STATUS = 3
    STEP = 4
    NOISE = 5
    PLACE = 6
    """The place of the error or the warning above it."""
    FILE = 7
    """A file alone on its line: the findings below are in it."""
    OTHER = 8


class Line(NamedTuple):
    """A line: what it is, and for errors, findings and warnings what kind of it and in which file.

    Attributes:
        role: what it is.
        like: its words without place, names and numbers.
        file: as it is written; '' where the line names none.
    """

    role: Role
    like: str = ''
    file: str = ''


_PLAIN = {role: Line(role) for role in Role}

_CLASS = re.compile(
    r'[ \t]*+(?:'
    r'(?P<status>(?:error|warning): (?:could not compile|build failed|aborting|\d+ |`\S+` \(.*generated)'
    r'|BUILD (?:SUCC|FAIL)|Build (?:succ|FAIL|fail|comp)'
    r'|\[(?:INFO|ERROR)\] (?:BUILD|Total time)|(?:\[[\w:\-]+\] )?(?:Finished in|ERROR task|\d+ issues)|finished: '
    r'|Finished |Found \d+ |Successfully '
    r'|Exit code|Process exited|exit status|exit code|Total (?:number|time|errors)|All checks passed|Success: '
    r'|added \d+ pack|[✖✗] \d+ '
    r'|(?:\[[\w:]+\] )?\* \w+: \d+$|Time Elapsed|Your code has been|\d+ (?:errors?|warnings?|problems?|issues?'
    r'|files?)\b|\d+ (?:Warning|Error)\(s\)'
    r'|would reformat|Checked \d+|Done in|webpack .*compiled|Compiled (?:succ|with)|ninja: build stopped'
    r'|\#\#\[error\]Process completed'
    r'|make(?:\[\d+\])?: \*\*\* .*(?:Stop|Error)|FAILURE: Build|Hits@|Test result)'
    r'|(?P<noise>(?:Download|Collecting |Using cached|Requirement already|Obtaining|Installing collected'
    r'|Attempting uninstall|Found existing'
    r'|make\[\d+\]: (?:Entering|Leaving|Nothing)|make: (?:Entering|Leaving)|(?:\[[\w:]+\] )?go: (?:downloading'
    r'|extracting|finding)|\[INFO\]\s*+$'
    r'|Unpacking|Setting up|Preparing to unpack|Selecting previously|Get:\d|Hit:\d|Receiving objects|Resolving deltas'
    r'|remote: |\[command\]'
    r'|inflating|Extracting|-- (?:Detecting|Check|Performing|Looking)|checking |\#\#\[(?:end)?group\]|\#\#\[debug\]'
    r'|Progress|━|[=\-*#]{5,}+$'
    r'|Copying |Deleting |Adding |Updating |U  |\[INFO\] (?:Deleting|Copying|Downloaded|Downloading|-{5,})|Fetched '
    r'|Reading (?:package|state)'
    r'|Building dependency|\[WARNING\] (?:Generating|Building|Loading|Constructing) )'
    r'|\[(?:WARNING|ERROR|INFO)\]\s*+$)'
    r'|(?P<place>--> |::: |Location: \S+:\d)'
    r'|(?P<error>(?:\[[\w:\-]+\] )?(?:\[?(?:ERROR|FATAL|SEVERE|CRITICAL)\b|(?:fatal )?error(?:\[\w+\])?:'
    r'|[Ee]rror(?:\[\w+\])?:|fatal:|Fatal |e: |npm (?:ERR!|error)'
    r'|\#\#\[error\]|CMake Error|ninja: error|FAILED:|\#\d+ ERROR|\* What went wrong|Execution failed|\d+\. ERROR in'
    r'|level=error|panic:|collect2:'
    r'|ld(?:\.\w+)?: |clang: error|Traceback \(|Exception in|The command is terminated|make(?:\[\d+\])?: \*\*\*'
    r'|\d+:\d+ +error |[A-Z]{1,4}\d{3,5} (?:\[\*\] )?\S|\d+:\d+ +[A-Z]{1,4}\d{2,5} |>> Issue: '
    r'|\^-+\^? SC\d{4} \(error\)|(?:\w+\.)*\w*(?:Error|Exception): '
    r'|Error\[)|\S+: undefined reference|[^\n:]{1,120}: (?:No such file|command not found|Permission denied))'
    r'|(?P<warning>(?:\[[\w:\-]+\] )?(?:\[?(?:WARN|WARNING)\b|[Ww]arning(?:\[\w+\])?:|w: |npm (?:WARN|warn)'
    r'|\#\#\[warning\]|CMake (?:Deprecation )?Warning'
    r'|\d+\. WARNING in|level=warning|DEPRECATION|\d+:\d+ +warning |Warning\[|Note: ))'
    r'|(?P<step>> Task|> Configure|\[ *\d+(?:%|/\d+)\]|Compiling |Checking |Building |Linking |Running |Installing '
    r'|Step \d+/|\#\d+ \[|\[INFO\] ---|\[INFO\] Building'
    r'|make(?:\[\d+\])?: |\[[\w:]+\] \$ |\+ |\$ |Run |Making |Scanning |Target |Project |\*{3,} )'
    r')'
)
_LOCATED = re.compile(
    r'[ \t]*+\[?(?:\[[\w:\-]+\] )?(?:file://)?(?P<file>(?:[A-Za-z]:[\\/])?[^\s:(\[\]\'"*|=][^:(\[\n|]{0,200}?)'
    r'(?::\[?\d+(?:[:,]\d+)?|\(\d+(?:[,:\-]\d+)*\)|: \(\d+, ?\d+\))\]?(?P<rest>.*)'
)
_PLACE = re.compile(r'\s*(?:-->|:::|Location:) (?P<file>[^\n]*?)(?::\d+){1,2}$')
_SEVERITY = re.compile(
    r'[\s:\-–\[(\]]*+(?:(?:fatal|internal compiler|syntax) )?(?P<word>[Ee]rror|ERROR|[Ww]arning|WARNING|[Nn]ote'
    r'|[Ii]nfo|[Hh]int|required from)(?= ?(?:[A-Z]+[\-\d]*\d)? ?(?:[:\-\[(]|$))'
)
_GRAVE = re.compile(r': ?[EF]\d{4}:')
"""Codes of findings that are errors, where a linter gives its letters that meaning."""
_TAG = re.compile(r'\[(?!INFO|WARN|ERROR|FATAL|[^\]]*:\d)[A-Za-z][^\]\n]{0,60}\] +')
"""What some servers write before each line: the step it belongs to."""
_OPTION = re.compile(r'\s[/\-]\w')
"""An option of a command, such as `/warn:4`; so what stands before it is no file."""
_AT = re.compile(r' at line (?P<line>\d+), column \d+')
_FILE = re.compile(
    r'(?:[A-Za-z]:)?[\w./\\@\-+ ]*[/\\][\w.\-+@]+\.\w{1,6}:?$|In \S+ line \d+:$|[\w\-+@]+\.[a-z]{1,5}:?$'
    r'|\*{5,} Module |# [\w./\-]+$'
)
_NAMES = re.compile(
    r'\'[^\'\n]{0,200}\'|`[^`\n]{0,200}`|"[^"\n]{0,200}"|‘[^’\n]{0,200}’|0x[0-9a-f]+|\d+|(?<!\S)[^\s/\\]*+[/\\]\S*+'
)


def line_of(line: str) -> Line:
    """What a line is; look only at the beginning of long ones."""
    if line[:1] == '[' and (tag := _TAG.match(line)):
        line = line[tag.end() :]
    found = _CLASS.match(line)
    kind = found.lastgroup if found is not None else None
    if kind == 'status':
        return _PLAIN[Role.STATUS]
    if kind == 'noise':
        return _PLAIN[Role.NOISE]
    if kind == 'place':
        at = _PLACE.match(line)
        return Line(Role.PLACE, '', at['file']) if at is not None else _PLAIN[Role.PLACE]
    if kind == 'error':
        return Line(Role.ERROR, _like(line))
    if kind == 'warning':
        return Line(Role.WARNING, _like(line))
    placed = (':' in line or '(' in line) and not line.lstrip().startswith(('In file included', 'from '))
    located = _LOCATED.match(line) if placed else None
    if (
        located is not None
        and ('.' in located['file'] or '/' in located['file'])
        and not located['file'].startswith('http')
        and _OPTION.search(located['file']) is None
    ):
        severity = _SEVERITY.match(located['rest'])
        word = severity['word'].lower() if severity else ''
        if word == 'error':
            return Line(Role.ERROR, _like(located['rest']), located['file'])
        if word == 'warning':
            return Line(Role.WARNING, _like(located['rest']), located['file'])
        if not word and located['rest'].strip(' :')[:1]:
            grave = _GRAVE.match(located['rest']) is not None
            return Line(Role.ERROR if grave else Role.FINDING, _like(located['rest']), located['file'])
    elif kind is None and ' at line ' in line and (at := _AT.search(line)):
        return Line(Role.FINDING, _like(line[: at.start()]))
    if kind == 'step':
        return _PLAIN[Role.STEP]
    return (
        Line(Role.FILE, '', line.strip(' *:').removeprefix('In ').partition(' line ')[0])
        if _FILE.match(line)
        else _PLAIN[Role.OTHER]
    )


def _like(text: str) -> str:
    return _NAMES.sub('', text)
