"""Frames of a stack, in the forms of the usual languages, and whether they are the project's own code.

'Own' is whatever no installation, standard library or test runner brought along: the frames an agent can mend.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Frame(NamedTuple):
    """One frame.

    Attributes:
        place: file and line as printed, or the function where no file is named.
        own: whether it is the project's own code.
        last: whether its kind of stack ends with the innermost frame (Python); the others begin with it.
    """

    place: str
    own: bool
    last: bool = False


_FOREIGN = re.compile(
    r'site-packages[/\\]|dist-packages[/\\]|node_modules[/\\]|<frozen |<__array_function__|\bnode:|internal/modules/'
    r'|^internal/|webpack[/:]|[/\\]lib[/\\]python\d|[/\\]Python\d+[/\\]Lib[/\\]|Python\.framework'
    r'|/s?bin/[^/.\s]++$|^/usr/(?:lib|share|include)/'
    r'|/pkg/mod/|/go(?:/\d[\w.]*+)?/src/(?![^/]*\.[^/]*/)|^(?:runtime|testing|net|sync|reflect)/\w+\.(?:go|s)\b'
    r'|_testmain\.go'
    r'|/rustc/|/\.cargo/registry/|/rustlib/|^library/(?:std|core|alloc|test)/'
    r'|/gems/|/lib/ruby/|<internal:|/\.rbenv/|/\.rvm/|/vendor/|\[internal function\]|\{main\}|phar://'
    r'|[/\\](?:_pytest|pluggy|unittest)[/\\]|^native |<anonymous>$|^native$'
)
"""Paths that were installed, not written here."""
_FOREIGN_CODE = re.compile(
    r'(?:[\w.\-]+/{1,2})?(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|org\.(?:junit|testng'
    r'|gradle|apache'
    r'|springframework|hibernate|mockito|assertj|hamcrest|eclipse|jboss|codehaus|slf4j|postgresql)|io\.(?:netty'
    r'|micrometer)'
    r'|reactor|junit|worker\.org\.gradle|com\.(?:zaxxer|fasterxml|google\.common|intellij)|android|androidx|dalvik'
    r'|System|Microsoft|Xunit|NUnit|MSTest|Newtonsoft)\.'
)
"""Packages of the Java and .NET worlds that come from elsewhere."""

_FRAME = re.compile(
    r'[ \t|]*+(?:'
    r'File "(?P<py>[^"]++)", line (?P<pyline>\d++)'
    r'|at (?P<cs>\S[^\n]*?\)) in (?P<csfile>[^\n]+?):line (?P<csline>\d+)'
    r'|at (?P<java>[\w$.<>/@\-]++)\((?P<jfile>[\w$.\- ]*+(?::\d+)?)\)'
    r'|at (?:[^\n]*? \()?(?P<js>[^()\n]+:\d+:\d+)\)?$'
    r'|at (?P<rs>[^\s:]++:\d+(?::\d+)?)$'
    r'|at (?P<net>[\w.`<>+\[\],]++\([^()\n]*+\))$'
    r'|at (?P<bare>(?:async )?[\w$.<>\[\] ]+(?: \((?:native|<anonymous>|index \d+)\))?)$'
    r'|#\d+ (?P<php>/[^\n(]++\(\d+\)|\[internal function\]|\{main\})'
    r'|(?:from )?(?P<rb>[^\s:`\'"]++:\d+):in '
    r'|❯ (?:\S+ )?(?P<vt>[^\s:]++:\d+:\d+)$'
    r'|(?P<go>(?:/|[A-Z]:[\\/])\S*?\.(?:go|s):\d+)(?: \+0x[0-9a-f]+)?$'
    r')'
)


def is_own(path: str) -> bool:
    """Whether a path is the project's own, by what installed paths look like."""
    return _FOREIGN.search(path) is None


def frame_of(line: str) -> Frame | None:
    """The frame that a line shows, if it shows one; look only at the beginning of long lines."""
    found = _FRAME.match(line)
    if found is None:
        return None
    kind = found.lastgroup
    if kind == 'pyline':
        return Frame(f'{found["py"]}:{found["pyline"]}', is_own(found['py']), last=True)
    if kind == 'csline':
        return Frame(f'{found["csfile"]}:{found["csline"]}', not _FOREIGN_CODE.match(found['cs']))
    if kind == 'jfile':
        code, file = found['java'], found['jfile']
        own = not _FOREIGN_CODE.match(code) and not file.startswith(('Native', 'Unknown')) and '$$' not in code
        return Frame(f'{code}({file})', own)
    if kind == 'net':
        return Frame(found['net'], not _FOREIGN_CODE.match(found['net']))
    if kind == 'bare':
        return Frame(found['bare'], own=False)
    assert kind is not None
    place = found[kind]
    return Frame(place, is_own(place.rsplit(':', 2)[0] if kind in ('js', 'vt') else place))
