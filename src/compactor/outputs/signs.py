"""The tables that `detect` reads: what gives a line away, and how many such lines make a text of a kind.

Patterns are tried at the beginning of a line, in the order of the table; a line belongs to the first that fits. They
are written so that none can try a line over and over: quantifiers are bounded or possessive.
"""

from __future__ import annotations

from dataclasses import dataclass

from compactor.outputs.hint import Family
from compactor.outputs.kind import Kind


@dataclass(frozen=True, slots=True)
class Rule:
    """How many lines of which signs make a text of a kind.

    Attributes:
        kind: which.
        why: the rule in words.
        signs: names of `SIGNS`; their lines are counted together.
        least: lines at least.
        share: share of the sample's lines at least.
        families: only in outputs of these tools; empty for all.
        besides: (names of signs, lines at least) that must be there too.
    """

    kind: Kind
    why: str
    signs: tuple[str, ...]
    least: int = 1
    share: float = 0.0
    families: tuple[Family, ...] = ()
    besides: tuple[tuple[str, ...], int] = ((), 0)


_PLACE = r'(?:[A-Za-z]:)?[^:(\[\s][^:(\[\n]{0,250}+'
"""A file before its line number."""

SIGNS: dict[str, str] = {
    'ruled': r'(?: ?[\-─]{2,}+[+┼|])++ ?[\-─]{2,}$|[+┌├](?:[\-=─]{2,}+[+┬┼])++|\|(?: *:?-{2,}:? *\|)+$',
    'diff': r'diff --(?:git|cc|combined) |diff -\w+ |@@ -\d|@@@+ -\d|Index: \S|\+\+\+ \S|--- (?:a/|/dev/null|\S+\t)'
    r'|Only in \S+: |Binary files ',
    'test': r'=+ (?:test session starts|FAILURES|ERRORS|PASSES|short test summary|tests? coverage|test process starts)'
    r'|=+ (?:\d+ (?:passed|failed|skipped|errors?|warnings?|xfailed|xpassed|deselected|tests?)\b|no tests ran)'
    r'|(?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) \S+?::|=== (?:RUN|CONT|PAUSE|NAME) |(?: {4})*+--- (?:FAIL|PASS'
    r'|SKIP): '
    r'|(?:ok  |FAIL|\?   )\t\S|running \d+ tests?$|test result: |test \S++ \.\.\. |Tests?(?: Suites'
    r'| Files)?:? ++\d+ (?:pass|fail|skip)'
    r'|Ran \d+ tests? in |(?:not )?ok \d+ -|(?:PASS|FAIL)  ?\S+?\.(?:test|spec)\.|Tests? run: \d+|(?:ERROR'
    r'|FAIL): \w+ \('
    r'|\d+ examples?, \d+ failures?|Test Suites?: |\d+% tests passed|tests finished: |PHPUnit \d'
    r'| ++(?:(?:PASS|FAIL|SIGABRT'
    r'|TIMEOUT) \[ *\d|\d+/\d+ Test +#\d|tests finished: |\d+ (?:passing|failing)\b|[✓✔×✕✗❯] \S)'
    r'|\d++/\d++ Test +#\d|test_\w++ (?:ok|[fFEXsw])$|[\w/\-]++\.py [.FEsxX]++(?: +\[|$)'
    r'|\w[\w$.]*+ (?:> [^\n]{1,150}(?:PASSED|FAILED|SKIPPED)$|(?:\([\w.]++\) )?\.\.\. (?:ok|FAIL|ERROR|skipped))'
    r'|[\w/.\-]++::\S++ (?:PASSED|FAILED|ERROR|SKIPPED)',
    'frame': r'Traceback \(most recent call last\)|goroutine \d+ \[|panic: |thread \'[^\']*\' panicked|Caused by: '
    r'|Exception in thread|\s++(?:File "[^"\n]++", line \d|at (?:async )?[\w$.<>\[\]/ ]{1,150}+\(|at /?\S+:\d'
    r'|\S++ \+0x[0-9a-f]'
    r'|from \S+?:\d+:in)|#\d+ +0x[0-9a-f]+ in |[\w.]++(?<=Error|ption): ',
    'build': r'error(?:\[\w+\])?: |warning: |note: | ++(?:--> \S|\^|\d* \||\[\w+\] |\[\d+[%/]|\d+:\d+ ++(?:error'
    r'|warning) )|\t+\^'
    r'|npm (?:ERR!|WARN|error|warn)|\d+ ++\|(?: |$)|\[(?:INFO|WARNING|ERROR|DEBUG)\](?: |$)|(?:g?make'
    r'|ninja)(?:\[\d+\])?: '
    r'|> Task :|BUILD (?:SUCCESSFUL|FAILED)'
    r'| *+(?:Compiling|Checking|Downloaded|Downloading|Finished|Fresh|Updating|Locking|Adding|Installing|Linking) \S'
    r'|\[ *\d+[%/]|-- (?:The|Check|Detecting|Looking|Found|Configuring|Generating|Build|Performing) |CMake (?:Error'
    r'|Warning)'
    r'|Collecting \S|Requirement already |Successfully (?:installed|built|tagged|uninstalled)|  (?:Using cached'
    r'|Preparing) '
    r'|Building |level=(?:warning|error|info) |\d+ (?:silly|verbose|http|info|timing|notice|warn) \S'
    r'|#\d+ (?:\[|DONE|CACHED|\d)'
    r'| => |Step \d+/\d+ |go: (?:downloading|finding|updates)|(?:ERROR|WARN(?:ING)?|INFO|FATAL): |(?:[we]|C/C\+\+): \S'
    r'|\d+ (?:issues?|warnings?|errors?|problems?)\b|\* \w+: \d+$|# [\w.\-]+(?:/[\w.\-]+)+(?: \[|$)|\*{5,} Module '
    r'|Found \d+ errors?|Collected errors|In file included from|collect2: |/usr/bin/ld: |\[[^\]\n]{1,60}\] \$ '
    r'|\[[^\]\s:]++:\d++:\d++\] |exec_command failed'
    rf'|{_PLACE}(?::\d++:\d++: |\(\d++\): ++|:\d++: \[\w|:\d++ (?:at|in) \w'
    r'|(?::\d++(?::\d++)?+|\(\d++(?:, ?\d++)?\)|:\[\d++(?:,\d++)?\]):? ?:? ?[^\n]{0,40}?\b(?i:error|warning|info'
    r'|note)\b)',
    'numbered': r' *+\d++[→\t]',
    'hit': r'(?:[A-Za-z]:[\\/])?[^\s:][^:\n]{0,300}+:\d++[:\-]|[^\s:][^:\n\t]{0,300}?\.\w{1,8}-\d++-'
    r'|Binary file \S+ matches',
    'line': r'\d++[:\-](?!\d\d[:\-])',
    'ls': r'[d\-lbcps][rwxsStT\-]{9}[@+.]?\s|total \d+|\d{6} (?:blob|tree|commit) [0-9a-f]{7,64}\t'
    r'|\d[\d.]*+[KMGTB]?\t[\w./~]',
    'tree': r'[│|  ]{0,60}+(?:├|└|\|--|`--|\+---|\\---)|[│|  ]{0,60}(?:\|--|`--)',
    'status': r'[ MADRCU?!]{2} [\w"./]|\t(?:modified|new file|deleted|renamed|both modified):  |On branch \S'
    r'|Changes (?:to be|not )'
    r'|Untracked files:',
    'stat': r' [\w./{}=>\-][\w./{}=> \-]{0,200}?\| ++(?:\d+ ?[+\-]*$|Bin )| \d+ files? changed',
    'commit': r'commit [0-9a-f]{40}|Author: +\S|(?:Author|Commit)?Date: +\S',
    'bars': r'\s*+\|[^|\n]++\||[^|\n]++\|[^|\n]++\||[+|][\-=+|: ]{3,}$|[\-─┼+]{3,}$|[│┃║╔╠╚┌├└]',
    'heads': r'(?=[A-Z])(?=[^a-z]*+$)[A-Z][A-Z0-9%_/()\-]*+(?:\s++[A-Z%][A-Z0-9%_/()\-]*+){2,}$',
    'tag': r'\s*+(?:<!(?:doctype|DOCTYPE) html|</?(?:html|head|body|div|p|span|script|style|table|t[rdh]|[uo]l|li|a'
    r'|h[1-6]|meta'
    r'|link|nav|section|article|main|header|footer|form|input|img|button|title)\b)',
    'heading': r'#{1,6} \S',
    'bullet': r' *+(?:[-*•] |\d{1,3}\. )(?:\*\*|[`"\'\[(]?\w)',
    'declared': r'\s*+(?:(?:async )?def \w+\(|class \w+[:({ ]|func [\w(]|(?:pub(?:\([a-z]+\))? )?(?:fn|struct|enum'
    r'|impl|mod|trait) \w'
    r'|(?:export )?(?:default )?(?:async )?function\b|import [\w{*("\']|from \S+ import |package \w+|#include [<"]'
    r'|use \w+::'
    r'|(?:export )?(?:interface|type|const|let|var) \w+|(?:public|private|protected|static|abstract|final) \w'
    r'|namespace \w|@\w+)',
    'code': r'[ \t]*+(?:[})\]]++[;,)]*$|(?:return|if|for|while|elif|else|try|except|finally|switch|case|raise|throw'
    r'|defer|break)\b'
    r'|//|/\*|\*/?(?: |$)|"""|self\.|[\w.\[\]"\']++ (?::=|[+\-*/|]?=) |[\w.]++\([^\n]{0,200}\)$)'
    r'|[ \t]*+\S[^\n]{0,300}(?:(?<=[{;,(])|(?<==>)|(?<=\):))$',
    'sentence': r'\W{0,6}[A-Z]\w*(?: [\w\'’,;:()"*`./\-–—]++){5,}',
    'path': r'(?:\.{0,2}/|~/|[A-Za-z]:[\\/])?[\w.@+\-]++(?:[/\\][\w.@+\-=~\[\]()]++)+[/\\*]?$'
    r'|[\w@+\-][\w.@+\-]*\.[A-Za-z]\w{0,9}$'
    r'|\./[\w.@+\-]++$|\.[\w\-]{2,40}/?$',
    'changed': r'[+\-](?:[^+\-\n]|$)',
}
"""What gives a line away, by name, in the order in which they are tried: patterns at the beginning of a line."""

RUNNERS = (
    *('= test session starts =', '= short test summary info =', '\n=== RUN ', '\n--- FAIL: ', '\n--- PASS: '),
    *('\ntest result: ', '\nRan 1 test in ', ' tests in ', ' passed in ', ' failed in ', '\nTest Suites: ', '\nFAIL\t'),
    *('\nok  \t', 'Tests run: ', ' PASSED\n', ' ... ok\n', '\nFAILED ('),
)
"""Marks of test runners that are looked for in the whole sample: of a long log few lines may tell."""
RULES: tuple[Rule, ...] = (
    Rule(Kind.DIFF, 'headers of a diff and changed lines', ('diff',), 1, 0, (Family.DIFF,)),
    Rule(Kind.LISTING, 'names with a mark of what changed', ('status',), 2, 0.5),
    Rule(
        Kind.SEARCH,
        'a search, and hits',
        ('hit', 'line', 'build', 'bars', 'path', 'declared', 'code'),
        1,
        0.2,
        (Family.SEARCH,),
    ),
    Rule(Kind.LISTING, 'a listing, and names', ('ls', 'tree', 'path', 'status'), 1, 0.5, (Family.LISTING,)),
    Rule(Kind.TEST_LOG, 'lines of a test runner', ('test', 'runner'), 1, 0.0, (Family.TEST_RUNNER, Family.SHELL)),
    Rule(Kind.TEST_LOG, 'many lines of a test runner', ('test', 'runner'), 2, 0.02),
    Rule(
        Kind.DIFF,
        'headers of a diff and changed lines',
        ('diff', 'changed', 'bullet', 'stat'),
        2,
        0.1,
        (),
        (('diff',), 1),
    ),
    Rule(Kind.DIFF, 'a summary of changes', ('stat',), 2, 0.5),
    Rule(Kind.DIFF, 'a summary of changes behind commits', ('stat', 'commit'), 4, 0.3, (), (('stat',), 2)),
    Rule(Kind.TABLE, 'a rule under a header, and columns', ('ruled', 'bars', 'build'), 3, 0.5, (), (('ruled',), 1)),
    Rule(Kind.STACK_TRACE, 'frames of a stack', ('frame',), 2, 0.2),
    Rule(Kind.BUILD_LOG, 'lines of a compiler, a linter or an installer', ('build',), 2, 0.15),
    Rule(Kind.STACK_TRACE, 'frames of a stack', ('frame',), 3, 0.02),
    Rule(Kind.HTML, 'tags of HTML', ('tag',), 1, 0.35),
    Rule(Kind.SEARCH, 'file:line:text', ('hit',), 2, 0.4),
    Rule(Kind.LISTING, 'lines of ls', ('ls',), 2, 0.5),
    Rule(Kind.LISTING, 'branches of a tree', ('tree',), 3, 0.6),
    Rule(Kind.TABLE, 'columns between bars', ('bars',), 3, 0.6),
    Rule(Kind.LISTING, 'a path on every line', ('path',), 4, 0.85),
    Rule(Kind.BUILD_LOG, 'some lines of a compiler or a linter', ('build',), 1, 0.3),
    Rule(Kind.PROSE, 'a page', ('heading', 'bullet', 'sentence'), 2, 0.1, (Family.HTTP, Family.SUB_AGENT)),
    Rule(Kind.CODE, 'declarations and statements', ('declared', 'code'), 5, 0.5, (), (('declared',), 2)),
    Rule(
        Kind.PROSE,
        'headings, lists and sentences',
        ('heading', 'bullet', 'sentence'),
        3,
        0.35,
        (),
        (('heading', 'sentence'), 1),
    ),
    Rule(Kind.CODE, 'statements of a file', ('declared', 'code'), 3, 0.4, (Family.FILE_READ,)),
    Rule(Kind.SEARCH, 'line numbers', ('line',), 3, 0.6),
)
"""In the order in which they are tried."""
