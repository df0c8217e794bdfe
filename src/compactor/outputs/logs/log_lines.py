"""The table of logs: how a line begins in the log of which family, with a sample; and what such a beginning says.

A line's time, level and text are read off; the level in one of five grades, whatever the family calls it.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from typing import NamedTuple


class Grade(IntEnum):
    """How bad a line says that it is."""

    NONE = 0
    DEBUG = 1
    INFO = 2
    WARNING = 3
    ERROR = 4
    FATAL = 5


class LogLine(NamedTuple):
    """What the beginning of a line says.

    Attributes:
        family: whose form it is.
        time: as it is written; ''.
        grade: its level.
        text: where the rest of the line begins.
    """

    family: str
    time: str
    grade: Grade
    text: int


class Form(NamedTuple):
    """One form of a line: `(?P<time>…)` and `(?P<level>…)` in an expression at its beginning.

    Attributes:
        family: whose.
        begins: characters by which it begins.
        pattern: the expression.
        sample: a line.
    """

    family: str
    begins: str
    pattern: str
    sample: str


_DIGITS = '0123456789'
_CLOCK = r'\d\d?:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?[AP]M)?'
_DATE = r'\d{4}[-/.]\d\d[-/.]\d\d'
_STAMP = rf'(?P<time>{_DATE}[T ]{_CLOCK}(?:Z| ?[+\-]\d\d:?\d\d| UTC| [A-Z]{{3,4}})?)'
_MONTH = r'(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
_LEVELS = (
    'TRACE', 'DEBUG', 'DBG', 'VERBOSE', 'FINE', 'FINER', 'FINEST', 'CONFIG', 'INFO', 'INF', 'INFORMATION', 'NOTICE', 'NOTE', 'LOG', 'STATEMENT',
    'DETAIL', 'HINT', 'SYSTEM', 'WARN', 'WARNING', 'WRN', 'ERROR', 'ERR', 'SEVERE', 'FAIL', 'CRITICAL', 'CRIT', 'ALERT', 'EMERG',
    'EMERGENCY', 'FATAL', 'FTL', 'PANIC', 'DPANIC', 'SUCCESS', 'AUDIT',
)  # fmt: skip
_LEVEL = rf'(?P<level>(?i:{"|".join(sorted(_LEVELS, key=len, reverse=True))})\d?)'

FORMS: tuple[Form, ...] = (
    Form('Kubernetes, docker compose', 'abcdefghijklmnopqrstuvwxyz0123456789[', r'(?:\[?(?:pod/)?[\w./\-]{1,80}\]?|[\w.\-]{1,60}) {0,30}\| ', 'web-1  | 2026-01-02 10:00:00 INFO served'),
    Form('nginx', _DIGITS, rf'(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}) \[{_LEVEL}\] \d+#\d+: (?:\*\d+ )?', '2026/01/02 10:00:00 [error] 12#12: *7 connect() failed'),
    Form('MySQL', _DIGITS, rf'{_STAMP} \d+ \[{_LEVEL}\] (?:\[\S+\] )*', '2026-01-02T10:00:00.123456Z 0 [ERROR] [MY-010119] [Server] Aborting'),
    Form('PostgreSQL', _DIGITS, rf'{_STAMP} (?:\[[^\]\n]{{1,80}}\] )?(?:\S{{1,60}} )?{_LEVEL}:  ?', '2026-01-02 10:00:00.123 UTC [4412] ERROR:  relation is gone'),
    Form('Android', _DIGITS, rf'(?P<time>\d\d-\d\d +{_CLOCK}) +\d+ +\d+ +(?P<level>[VDIWEFA]) [^\n:]{{1,60}}: ?', '01-02 10:00:00.123  1234  1250 E LedgerStore: barrier gone'),
    Form('Android, brief', 'VDIWEFA', r'(?P<level>[VDIWEFA])/[\w.\- ]{1,60}\( *\d+\): ', 'E/LedgerStore( 1234): barrier gone'),
    Form('glog', 'IWEF', rf'(?P<level>[IWEF])(?P<time>\d{{4}} {_CLOCK}) +\d+ [\w./\-]{{1,80}}:\d+\] ', 'E0102 10:00:00.123456    4412 store.cc:88] write barrier lost'),
    Form('Java', _DIGITS, rf'{_STAMP}? ?(?P<clock>{_CLOCK})? ?(?:\[[^\]\n]{{1,80}}\] )+{_LEVEL}\b[ :\-\]]*', '10:00:00.123 [main] ERROR com.acme.Shop - ledger gone'),
    Form('stamped, level', _DIGITS, rf'{_STAMP},? *(?:[\[(<|] ?)?{_LEVEL}\b(?: ?[\])>|])?[ :\-|]*', '2026-01-02 10:00:00,123 ERROR shop: ledger gone'),
    Form('stamped, level behind', _DIGITS, rf'{_STAMP}(?:[ ,|\-]+(?:\[[^\]\n]{{1,60}}\]|[\w.\-:/]{{1,60}})){{1,4}}[ |:\-]+\[?{_LEVEL}\b(?: ?[\])>|])?[ :\-|]*', '2026-01-02 10:00:00,123 - shop.ledger - ERROR - ledger gone'),
    Form('zap', _DIGITS, rf'{_STAMP}\t{_LEVEL}\t', '2026-01-02T10:00:00.123Z\tERROR\tstore/ledger.go:88\tledger gone'),
    Form('CloudWatch', _DIGITS, rf'{_STAMP}[ \t]+[0-9a-f]{{8}}-[0-9a-f\-]{{27}}[ \t]+{_LEVEL}[ \t]+', '2026-01-02T10:00:00.123Z\t6f7c2b1e-1111-2222-3333-444455556666\tERROR\tledger gone'),
    Form('Lambda', 'SERI', r'(?:START|END|REPORT|INIT_START) (?:RequestId: \S+|Runtime)', 'START RequestId: 6f7c2b1e-1111-2222-3333-444455556666 Version: 7'),
    Form('clock, level', _DIGITS, rf'(?P<time>{_CLOCK}) *(?:\[[^\]\n]{{1,80}}\] *)?[\[(|<]? ?{_LEVEL}\b(?: ?[\])>|])?[ :\-|]*', '10:00:00 ERROR ledger gone'),
    Form('bracketed, level', '[', rf'\[(?P<time>(?:{_DATE}[T ])?{_CLOCK})[^\]\n]{{0,40}}?[:,]? *{_LEVEL}\b[^\]\n]{{0,80}}\] *', '[2026-01-02 10:00:00,123: ERROR/ForkPoolWorker-1] ledger gone'),
    Form('bracketed time', '[', rf'\[(?P<time>(?:{_DATE}[T ])?{_CLOCK}(?:Z| ?[+\-]\d\d:?\d\d)?)\] *(?:\[[^\]\n]{{1,40}}\] *)?[\[(]?(?:\w+\.)?{_LEVEL}\b\]?\)?[ :\-]*', '[2026-01-02 10:00:00] production.ERROR: ledger gone'),
    Form('Apache', '[', rf'\[\w{{3}} {_MONTH} \d\d {_CLOCK} \d{{4}}\] \[(?:\w+:)?{_LEVEL}\] (?:\[[^\]\n]{{1,60}}\] )*', '[Fri Jan 02 10:00:00.123 2026] [core:error] [pid 4412] ledger gone'),
    Form('dmesg', '[', r'\[ *(?P<time>\d{1,7}\.\d{6})\] ', '[   12.345678] Out of memory: Killed process 4412'),
    Form('bracketed level', '[', rf'\[{_LEVEL}\][ :\-]*(?:\[[^\]\n]{{1,60}}\] )*', '[ERROR] ledger gone'),
    Form('Rails', 'DIWEF', rf'[DIWEF], \[(?P<time>{_DATE}T{_CLOCK}) #\d+\] +{_LEVEL} -- [^\n:]{{0,60}}: ', 'E, [2026-01-02T10:00:00.123456 #4412] ERROR -- : ledger gone'),
    Form('.NET', 'tdiwfc', r'(?P<level>trce|dbug|info|warn|fail|crit): [\w.`]{1,120}\[\d+\]', 'fail: Shop.Ledger[0]'),
    Form('access log', '0123456789abcdef:-', rf'\S{{1,60}} \S{{1,40}} \S{{1,40}} \[(?P<time>\d\d/{_MONTH}/\d{{4}}:{_CLOCK}[^\]\n]{{0,8}})\] ', '10.0.0.4 - - [02/Jan/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 12'),
    Form('syslog', 'JFMASOND<', rf'(?:<\d{{1,3}}>)?(?P<time>{_MONTH} {{1,2}}\d{{1,2}} {_CLOCK}) [\w.\-]{{1,80}} (?P<unit>[^\s:\[]{{1,60}})(?:\[\d+\])?: ', 'Jan  2 10:00:00 web1 shop[4412]: ERROR ledger gone'),
    Form('syslog, RFC 5424', '<', r'<\d{1,3}>1 (?P<time>\S+) \S+ \S+ \S+ \S+ (?:-|\[[^\n]{0,200}?\]) ?', '<11>1 2026-01-02T10:00:00Z web1 shop 4412 - - ledger gone'),
    Form('journal, ISO', _DIGITS, rf'(?P<time>{_DATE}T{_CLOCK}[+\-]\d\d:?\d\d) [\w.\-]{{1,80}} [^\s:\[]{{1,60}}(?:\[\d+\])?: ', '2026-01-02T10:00:00+0000 web1 shop[4412]: ledger gone'),
    Form('JUL', 'JFMASOND', rf'(?P<time>{_MONTH} \d{{1,2}}, \d{{4}} {_CLOCK}) [\w.$]{{1,120}}', 'Jan 02, 2026 10:00:00 AM com.acme.Shop save'),
    Form('Windows events', _DIGITS, rf'(?P<time>\d{{1,2}}/\d{{1,2}}/\d{{4}},? {_CLOCK})[ \t]+[^\n]{{0,80}}?\b{_LEVEL}\b *', '1/2/2026 10:00:00 AM   Shop Ledger   7031 Error   The ledger stopped'),
    Form('Windows events, CSV', 'IEWCVA', rf'(?P<level>Information|Error|Warning|Critical|Verbose|Audit \w+),(?P<time>\d{{1,2}}/\d{{1,2}}/\d{{4}} {_CLOCK}),', 'Error,1/2/2026 10:00:00 AM,Shop,7031,None,"The ledger stopped"'),
    Form('logfmt', 'tlm', rf'(?:time|ts|t)=["\']?(?P<time>\S{{8,40}}?)["\']? (?:level|lvl|severity)=["\']?{_LEVEL}["\']? ', 'time="2026-01-02T10:00:00Z" level=error msg="ledger gone"'),
    Form('logfmt, level first', 'lm', rf'(?:level|lvl|severity)=["\']?{_LEVEL}["\']? ', 'level=error ts=2026-01-02T10:00:00Z msg="ledger gone"'),
    Form('Ansible', 'ocfsu', r'(?:ok|changed|fatal|failed|skipping|unreachable|included|rescued): \[[^\]\n]{1,80}\]', 'fatal: [web3]: FAILED! => {"msg": "no space"}'),
    Form('Ansible', 'TPR', r'(?:TASK|PLAY|RUNNING HANDLER|PLAY RECAP|GATHERING FACTS) ?(?:\[[^\]\n]{0,200}\])? ?\*{3,}', 'TASK [copy the ledger] *****************'),
    Form('Terraform', 'abcdefghijklmnopqrstuvwxyz', r'[a-z][\w.\-]*\.[\w.\-\[\]"]{1,120}: (?:Creat|Destroy|Modif|Refresh|Read|Still|Provision|Drift|Import)', 'aws_instance.web[3]: Creating...'),
    Form('Terraform', '│╷╵', r'[│╷╵]', '│ Error: creating EC2 Instance'),
    Form('level, colon', 'DIWECFNTVSLdiwecfntvsl', rf'{_LEVEL}(?::[\w.\-]{{0,60}}:|:) *', 'ERROR:root:ledger gone'),
    Form('level', 'DIWECFNTVS', r'(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE|SUCCESS|VERBOSE)(?= ) *(?:\[[^\]\n]{1,60}\] *)?', 'ERROR ledger gone'),
    Form('stamped', _DIGITS, rf'{_STAMP}[ \t]*(?:\[[^\]\n]{{1,60}}\] ?)?[ :\-|]*', '2026-01-02T10:00:00.123Z ledger opened'),
    Form('clock', _DIGITS, rf'(?P<time>{_CLOCK})[ \t]+(?:\[[^\]\n]{{1,60}}\] ?)?[ :\-|]*', '10:00:00.123 ledger opened'),
    Form('epoch', _DIGITS, r'(?P<time>1[5-9]\d{8}(?:\.\d+|\d{3})?)[ \t:]+', '1767348000.123 ledger opened'),
)  # fmt: skip
"""In the order in which they are tried."""

_GRADES: dict[str, Grade] = {
    **dict.fromkeys(('TRACE', 'DEBUG', 'DBG', 'VERBOSE', 'FINE', 'FINER', 'FINEST', 'CONFIG', 'TRCE', 'DBUG', 'V', 'D', 'STATEMENT'), Grade.DEBUG),
    **dict.fromkeys(('INFO', 'INF', 'INFORMATION', 'NOTICE', 'NOTE', 'LOG', 'DETAIL', 'HINT', 'SYSTEM', 'I', 'SUCCESS', 'AUDIT'), Grade.INFO),
    **dict.fromkeys(('WARN', 'WARNING', 'WRN', 'W'), Grade.WARNING),
    **dict.fromkeys(('ERROR', 'ERR', 'SEVERE', 'FAIL', 'E'), Grade.ERROR),
    **dict.fromkeys(('CRITICAL', 'CRIT', 'ALERT', 'EMERG', 'EMERGENCY', 'FATAL', 'FTL', 'PANIC', 'DPANIC', 'F', 'A'), Grade.FATAL),
}  # fmt: skip
BARE = frozenset(
    ('stamped', 'clock', 'epoch', 'Kubernetes, docker compose', 'level, colon', 'Terraform', 'logfmt, level first')
)
"""Forms that say little: many other texts have such lines too."""


def log_line(line: str) -> LogLine | None:
    """What the beginning of a line says; None where it is that of no log. Looks only at the beginning."""
    first = line[:1]
    if first not in _BY_FIRST:
        return None
    found = _expression(first).match(line, 0, 400)
    if found is None:
        return None
    number = (found.lastgroup or '')[1:]
    form = FORMS[int(number)]
    groups = found.groupdict('')
    level = groups.get(f'level{number}', '')
    inner = log_line(line[found.end() :]) if form.family == 'Kubernetes, docker compose' else None
    if inner is not None:
        return LogLine(form.family, inner.time, inner.grade, found.end() + inner.text)
    grade = _GRADES.get(level.upper().rstrip(_DIGITS).split(' ')[0], Grade.NONE) if level else Grade.NONE
    return LogLine(form.family, groups.get(f'time{number}') or groups.get(f'clock{number}', ''), grade, found.end())


def _first() -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for number, form in enumerate(FORMS):
        for character in dict.fromkeys(form.begins):
            found.setdefault(character, []).append(number)
    return {character: tuple(numbers) for character, numbers in found.items()}


_BY_FIRST = _first()


def _expression(character: str) -> re.Pattern[str]:
    """The forms that begin with a character, as one expression; the group that matches last names the form."""
    return _combined(_BY_FIRST[character])


@cache
def _combined(numbers: tuple[int, ...]) -> re.Pattern[str]:
    parts = []
    for number in numbers:
        pattern = re.sub(r'\(\?P<(\w+)>', rf'(?P<\g<1>{number}>', FORMS[number].pattern)
        parts.append(f'(?P<f{number}>{pattern})')
    return re.compile('|'.join(parts))
