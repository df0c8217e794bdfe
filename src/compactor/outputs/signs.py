"""The tables that `detect` reads: what gives a line away, and how many such lines make a text of a kind.

What a test runner or a log prints has tables of its own (`logs.runner_rows`, `logs.log_lines`); their lines are counted
as 'test', or 'maybe' where others write such lines too, and as 'passed'.

Patterns are tried at the beginning of a line, in the order of the table; a line belongs to the first that fits. They
are written so that none can try a line over and over: quantifiers are bounded or possessive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from compactor.outputs.hint import Family
from compactor.outputs.kind import Kind


class Sign(NamedTuple):
    """What a line may be, by its form: a name, which several rows may share, an expression, and a line of that form."""

    name: str
    pattern: str
    sample: str


@dataclass(frozen=True, slots=True)
class Rule:
    """How many lines of which signs make a text of a kind.

    Attributes:
        kind: which.
        why: the rule in words.
        signs: names of `SIGNS`, and 'test', 'maybe' and 'passed'; their lines are counted together.
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
_FILE = r'(?:[A-Za-z]:[\\/])?(?!\d{1,4}(?:[-/.]\d\d){0,2}[ T]?\d{0,2}:|[A-Z][a-z]{2} [ \d]\d |\[|<\d|\^?[0-9a-f]{7,40} [^\n]{0,300}?\d{4}-\d\d-\d\d |\d{1,3}(?:\.\d{1,3}){3}\b)[^\s:][^:\n]{0,300}+'
"""A file before a hit: no time, no date, no address of the network."""

SIGNS: tuple[Sign, ...] = (
    Sign('ruled', r'(?: ?[\-─]{2,}+[+┼|])++ ?[\-─]{2,}$', '----+------'),
    Sign('ruled', r'[+┌├](?:[\-=─]{2,}+[+┬┼])++', '+----+------+'),
    Sign('ruled', r'\|(?: *:?-{2,}:? *\|)+$', '|---|:--:|'),
    Sign('diff', r'diff --(?:git|cc|combined) ', 'diff --git a/app.py b/app.py'),
    Sign('diff', r'diff -\w+ ', 'diff -ru old/app.py new/app.py'),
    Sign('diff', r'@@ -\d|@@@+ -\d', '@@ -1,3 +1,4 @@ def main():'),
    Sign('diff', r'Index: \S', 'Index: app.py'),
    Sign('diff', r'\+\+\+ (?:b/|\S+(?:\t|$))|--- (?:a/|/dev/null|\S+\t)', '--- a/app.py'),
    Sign('diff', r'Only in \S+: ', 'Only in src: app.py'),
    Sign('diff', r'Binary files ', 'Binary files a/logo.png and b/logo.png differ'),
    Sign('frame', r'Traceback \(most recent call last\)', 'Traceback (most recent call last):'),
    Sign('frame', r'goroutine \d+ \[|panic: ', 'goroutine 7 [running]:'),
    Sign('frame', r'thread \'[^\']*\'(?: \(\d+\))? panicked', "thread 'main' panicked at src/main.rs:3:5:"),
    Sign('frame', r'Caused by: |Exception in thread', 'Caused by: java.io.IOException: gone'),
    Sign('frame', r'\s++File "[^"\n]++", line \d', '  File "app.py", line 3, in main'),
    Sign('frame', r'\s++at (?:async )?[\w$.<>\[\]/ ]{1,150}+\(|\s++at /?\S+:\d', '    at total (/app/a.js:3:9)'),
    Sign('frame', r'\s++\S++ \+0x[0-9a-f]', '\t/app/main.go:7 +0x1d'),
    Sign('frame', r'\s++from \S+?:\d+:in', "\tfrom app.rb:3:in `main'"),
    Sign('frame', r'#\d+ +0x[0-9a-f]+ in ', '#0 0x4f4ff6 in main app.c:3'),
    Sign('frame', r'[\w.]++(?<=Error|ption): ', 'ValueError: no such thing'),
    Sign('build', r'error(?:\[\w+\])?: ', 'error[E0308]: mismatched types'),
    Sign('build', r'warning: |note: ', 'warning: unused variable'),
    Sign('build', r' ++(?:--> \S|\^|\d* \||\[\w+\] |\[\d+[%/])', '  --> src/a.rs:3:5'),
    Sign('build', r' ++\d+:\d+ ++(?:error|warning) ', '  12:5  error  Unexpected var  no-var'),
    Sign('build', r' ++\d+:\d+ ++[A-Z]{1,4}\d{2,5} ', '  1:8 F401 `os` imported but unused'),
    Sign('build', r'>> Issue: |\s++Location: \S+:\d', '>> Issue: [B307:blacklist] Use of insecure function.'),
    Sign('build', r'In \S+ line \d+:$| *\^-+\^? SC\d{4}', 'In a.sh line 2:'),
    Sign('build', r'\t[\t ]*+\^', '\t    ^'),
    Sign('build', r'npm (?:ERR!|WARN|error|warn)', 'npm ERR! code E404'),
    Sign('build', r'\d+ ++\|(?: |$)', '12 | import os'),
    Sign('build', r'\[(?:INFO|WARNING|ERROR|DEBUG)\](?: |$)', '[INFO] Scanning for projects...'),
    Sign('build', r'(?:g?make|ninja)(?:\[\d+\])?: ', 'make[1]: Entering directory'),
    Sign('build', r'> Task :|BUILD (?:SUCCESSFUL|FAILED)', '> Task :compileJava'),
    Sign('build', r' *+(?:Compiling|Checking|Downloaded|Downloading|Finished|Fresh|Updating|Locking|Adding|Installing|Linking) \S', '   Compiling app v0.1.0 (/app)'),
    Sign('build', r'\[ *\d+[%/]', '[ 12%] Building CXX object a.o'),
    Sign('build', r'-- (?:The|Check|Detecting|Looking|Found|Configuring|Generating|Build|Performing) |CMake (?:Error|Warning)', '-- Detecting C compiler ABI info'),
    Sign('build', r'Collecting \S|Requirement already |Successfully (?:installed|built|tagged|uninstalled)', 'Collecting wheel'),
    Sign('build', r'  (?:Using cached|Preparing) ', '  Using cached wheel-1-py3-none-any.whl'),
    Sign('build', r'Building |level=(?:warning|error|info) ', 'Building wheel for app'),
    Sign('build', r'\d+ (?:silly|verbose|http|info|timing|notice|warn) \S', '12 verbose stack Error'),
    Sign('build', r'#\d+ (?:\[|DONE|CACHED|ERROR|\d)', '#1 [internal] load build definition'),
    Sign('build', r' => |Step \d+/\d+ ', ' => [1/3] FROM alpine'),
    Sign('build', r'go: (?:downloading|finding|updates)', 'go: downloading golang.org/x/sys v0.1.0'),
    Sign('build', r'(?:ERROR|WARN(?:ING)?|INFO|FATAL): |(?:[we]|C/C\+\+): \S', 'e: src/App.kt: (3, 5): Unresolved reference'),
    Sign('build', r'[✖✗] \d+ problem|\d+ (?:issues?|warnings?|errors?|problems?)\b', '12 problems (3 errors, 9 warnings)'),
    Sign('build', r'\* \w+: \d+$', '* gosec: 1'),
    Sign('build', r'# [\w.\-]+(?:/[\w.\-]+)+(?: \[|$)', '# app/a [app/a.test]'),
    Sign('build', r'\*{5,} Module ', '************* Module app.a'),
    Sign('build', r'Found \d+ errors?|Collected errors|All checks passed|Would reformat', 'Found 2 errors.'),
    Sign('build', r'In file included from|collect2: |/usr/bin/ld: |ld: ', 'In file included from a.c:1:'),
    Sign('build', r'\[[^\]\n]{1,60}\] \$ ', '[lint] $ golangci-lint run'),
    Sign('build', r'\[[^\]\s:]++:\d++:\d++\] |exec_command failed', '[app/a.py:3:1] E501 line too long'),
    Sign('build', r'[A-Z]{1,4}\d{3,5} (?:\[\*\] )?\S', 'F821 Undefined name `x`'),
    Sign('build', rf'{_PLACE}(?::\d++:\d++: (?=\S{{3}})|\(\d++\): ++|:\d++: \[\w|:\d++ (?:at|in) \w)', 'src/a.py:3:1: E501 line too long'),
    Sign('build', rf'{_PLACE}(?::\d++(?::\d++)?+|\(\d++(?:, ?\d++)?\)|:\[\d++(?:,\d++)?\]):? ?:?[ \-]{{0,3}}[^\n]{{0,40}}?\b(?i:error|warning|info|note)\b', 'a.ts(3,5): error TS2304: Cannot find name'),
    Sign('numbered', r' *+\d++[→\t]', '   12→    return x + 1'),
    Sign('hit', rf'{_FILE}:\d++[:\-]', 'src/app.py:3:def main():'),
    Sign('hit', r'[^\s:][^:\n\t]{0,300}?\.\w{1,8}-\d++-', 'src/app.py-2-import os'),
    Sign('hit', r'Binary file \S+ matches', 'Binary file logo.png matches'),
    Sign('line', r'\d++[:\-](?!\d\d[:\-])', '12:def main():'),
    Sign('ls', r'[d\-lbcps][rwxsStT\-]{9}[@+.]?\s', 'drwxr-xr-x  2 me me 4096 Jan  1 00:00 src'),
    Sign('ls', r'total \d+', 'total 48'),
    Sign('ls', r'\d{6} (?:blob|tree|commit) [0-9a-f]{7,64}\t', '100644 blob 9f3c2ab1\tapp.py'),
    Sign('ls', r'\d[\d.]*+[KMGTB]?\t[\w./~]', '12K\tsrc'),
    Sign('tree', r'[│|  ]{0,60}+(?:├|└|\|--|`--|\+---|\\---)|[│|  ]{0,60}(?:\|--|`--)', '├── src'),
    Sign('status', r'(?! {2})[ MADRCU?!]{2} [\w"./]', ' M src/app.py'),
    Sign('status', r'\t(?:modified|new file|deleted|renamed|both modified|typechange):  ', '\tmodified:   src/app.py'),
    Sign('status', r'On branch \S|HEAD detached |Changes (?:to be|not )|Untracked files:|Your branch is ', 'HEAD detached at 9f3c2ab'),
    Sign('stat', r' [\w./{}=>\-][\w./{}=> \-]{0,200}?\| ++(?:\d+ ?[+\-]*$|Bin )', ' src/app.py | 12 +++---'),
    Sign('stat', r' \d+ files? changed', ' 2 files changed, 9 insertions(+)'),
    Sign('commit', r'commit [0-9a-f]{40}|Author: +\S|(?:Author|Commit)?Date: +\S', 'Author: Ada <ada@example.com>'),
    Sign('bars', r'\s*+\|[^|\n]++\||[^|\n]++\|[^|\n]++\||[+|][\-=+|: ]{3,}$|[\-─┼+]{3,}$|[│┃║╔╠╚┌├└]', '| id | name |'),
    Sign('heads', r'(?=[A-Z])(?=[^a-z]*+$)[A-Z][A-Z0-9%_/()\-]*+(?:\s++[A-Z%][A-Z0-9%_/()\-]*+){2,}$', 'NAME    READY   STATUS    AGE'),
    Sign('tag', r'\s*+<!(?:doctype|DOCTYPE) html', '<!doctype html>'),
    Sign('tag', r'\s*+</?(?:html|head|body|div|p|span|script|style|table|t[rdh]|[uo]l|li|a|h[1-6]|meta|link|nav|section|article|main|header|footer|form|input|img|button|title)\b', '<div class="page">'),
    Sign('heading', r'#{1,6} \S', '## Heading'),
    Sign('bullet', r' *+(?:[-*•] |\d{1,3}\. )(?:\*\*|[`"\'\[(]?\w)', '- an item'),
    Sign('declared', r'\s*+(?:async )?def \w+\(|\s*+class \w+[:({ ]', 'def main(x: int) -> int:'),
    Sign('declared', r'\s*+func [\w(]|\s*+package \w+|\s*+namespace \w|\s*+use \w+::', 'func total(rows []Row) int {'),
    Sign('declared', r'\s*+(?:pub(?:\([a-z]+\))? )?(?:fn|struct|enum|impl|mod|trait) \w', 'pub fn total() -> u32 {'),
    Sign('declared', r'\s*+(?:export )?(?:default )?(?:async )?function\b|\s*+(?:export )?(?:interface|type|const|let|var) \w+', 'export function total() {'),
    Sign('declared', r'\s*+import [\w{*("\']|\s*+from \S+ import |\s*+#include [<"]', 'import os'),
    Sign('declared', r'\s*+(?:public|private|protected|static|abstract|final) \w|\s*+@\w+', 'public class Shop {'),
    Sign('code', r'[ \t]*+(?:[})\]]++[;,)]*$|(?:return|if|for|while|elif|else|try|except|finally|switch|case|raise|throw|defer|break)\b)', '    return x + 1'),
    Sign('code', r'[ \t]*+(?://|/\*|\*/?(?: |$)|"""|self\.)', '// a comment'),
    Sign('code', r'[ \t]*+[\w.\[\]"\']++ (?::=|[+\-*/|]?=) |[ \t]*+[\w.]++\([^\n]{0,200}\)$', 'total = 0'),
    Sign('code', r'[ \t]*+\S[^\n]{0,300}(?:(?<=[{;,(])|(?<==>)|(?<=\):))$', 'rows.map(row => {'),
    Sign('sentence', r'\W{0,6}[A-Z]\w*(?: [\w\'’,;:()"*`./\-–—]++){5,}', 'How totals are counted in this project, and why.'),
    Sign('path', r'(?:\.{0,2}/|~/|[A-Za-z]:[\\/])?[\w.@+\-]++(?:[/\\][\w.@+\-=~\[\]()]++)+[/\\*]?$', './src/app.py'),
    Sign('path', r'[\w@+\-][\w.@+\-]*\.[A-Za-z]\w{0,9}$|\./[\w.@+\-]++$|\.[\w\-]{2,40}/?$', 'README.md'),
    Sign('changed', r'[+\-](?:[^+\-\n]|$)', '+    return 2'),
)  # fmt: skip
"""What gives a line away: patterns at the beginning of a line, in the order in which they are tried."""

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
    Rule(Kind.TEST_LOG, 'lines of a test runner', ('test', 'maybe', 'passed'), 1, 0.0, (Family.TEST_RUNNER,)),
    Rule(Kind.TEST_LOG, 'lines of a test runner', ('test',), 1, 0.0, (Family.SHELL,)),
    Rule(Kind.TEST_LOG, 'many lines of a test runner', ('test', 'passed'), 2, 0.02, (), (('test',), 1)),
    Rule(Kind.TEST_LOG, 'lines as test runners write them', ('maybe', 'passed'), 3, 0.1, (), (('maybe',), 1)),
    Rule(Kind.TEST_LOG, 'tests that passed', ('passed',), 3, 0.3),
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
