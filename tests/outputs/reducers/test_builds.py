"""Build logs: every error with its place, how it ended, warnings by kind, steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from inline_snapshot import snapshot

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.buildlog import Role, line_of
from compactor.outputs.logs.prefixes import without_prefix
from compactor.outputs.reducers.builds import reduce_builds
from tests.outputs.reducers.logs import HOSTILE, allowances, keeps_the_laws, room, survives, texts


@given(texts, allowances)
def test_laws(text: str, allowance: Allowance) -> None:
    """Whatever comes in, the result fits and is the same each time."""
    keeps_the_laws(reduce_builds, text, allowance)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """Time grows with the size of a text, whatever is in it."""
    survives(reduce_builds, HOSTILE[name])


WARNINGS = ''.join(
    f"src/part{n}.c:{n}:9: warning: unused variable 'n{n}' [-Wunused-variable]\n  {n} |   int n{n};\n    |       ^\n"
    for n in range(1, 60)
)
GCC = f"""make[1]: Entering directory '/app'
cc -c src/cart.c
{WARNINGS}src/cart.c: In function 'total':
src/cart.c:12:18: error: expected ';' before '}}' token
   12 |     return total
      |                  ^
      |                  ;
src/shop.c:40:5: error: 'price' undeclared (first use in this function)
   40 |     price = 3;
      |     ^~~~~
make[1]: *** [Makefile:4: cart.o] Error 1
make[1]: Leaving directory '/app'
make: *** [Makefile:2: all] Error 2
"""


def test_compiler() -> None:
    """Errors with their places and their code, one warning for all of its kind, how it ended."""
    assert reduce_builds(GCC, room(220)) == snapshot("""\
src/part1.c:1:9: warning: unused variable 'n1' [-Wunused-variable] (×59 like this)
…
src/part2.c:2:9: warning: unused variable 'n2' [-Wunused-variable]
…
src/part3.c:3:9: warning: unused variable 'n3' [-Wunused-variable]
…
src/part4.c:4:9: warning: unused variable 'n4' [-Wunused-variable]
…
src/part5.c:5:9: warning: unused variable 'n5' [-Wunused-variable]
…
src/cart.c:12:18: error: expected ';' before '}' token
   12 |     return total
…
src/shop.c:40:5: error: 'price' undeclared (first use in this function)
make[1]: *** [Makefile:4: cart.o] Error 1
make: *** [Makefile:2: all] Error 2
[181 of 191 lines left out]\
""")


def test_all_errors_come_before_any_warning() -> None:
    """However many errors there are, each is kept with its place before the first warning."""
    errors = ''.join(f"src/a{n}.ts({n},5): error TS2304: Cannot find name 'x{n}'.\n" for n in range(12))
    result = reduce_builds(f'{WARNINGS}{errors}Found 12 errors in 12 files.\n', room(330))
    assert result is not None
    assert [n for n in range(12) if f'src/a{n}.ts({n},5)' not in result] == []
    assert 'Found 12 errors' in result


def test_same_errors_are_counted() -> None:
    """An error that a log repeats word for word is shown once."""
    text = 'src/cart.c:12:5: error: no such thing\nbuilding\n' * 50
    assert reduce_builds(text, room(60)) == snapshot("""\
src/cart.c:12:5: error: no such thing (×50)
building
[50 of 101 lines left out]\
""")


def test_linter() -> None:
    """Findings are grouped by kind, whatever names and numbers they hold."""
    long = ''.join(f'src/m{n}.py:{n}:121: E501 Line too long ({n + 120} > 120)\n' for n in range(1, 200))
    text = f'{long}src/cart.py:3:8: F401 `os` imported but unused\nFound 200 errors.\n'
    assert reduce_builds(text, room(100)) == snapshot("""\
src/m2.py:2:121: E501 Line too long (122 > 120)
src/m3.py:3:121: E501 Line too long (123 > 120)
src/m4.py:4:121: E501 Line too long (124 > 120)
src/cart.py:3:8: F401 `os` imported but unused
Found 200 errors.
[197 of 202 lines left out]\
""")


def test_rust() -> None:
    """A place on the line below belongs to the error."""
    text = (
        ''.join(f'   Compiling crate{n} v1.0.{n}\n' for n in range(80))
        + 'error[E0308]: mismatched types\n  --> src/cart.rs:12:5\n   |\n'
        + '12 |     total\n   |     ^^^^^ expected `u32`\n\n'
        + 'error: could not compile `cart` (lib) due to 1 previous error\n'
    )
    result = reduce_builds(text, room(90))
    assert result is not None
    assert 'error[E0308]: mismatched types --> src/cart.rs:12:5\n' in result
    assert result.splitlines()[-2] == 'error: could not compile `cart` (lib) due to 1 previous error'


def test_eslint() -> None:
    """The file above its findings stays with them."""
    fine = ''.join(
        f'/app/src/f{n}.js\n  {n + 1}:1  warning  Unexpected console statement  no-console\n\n' for n in range(60)
    )
    wrong = "/app/src/cart.js\n  12:5  error  'total' is not defined  no-undef\n"
    text = f'{fine}{wrong}\n✖ 61 problems (1 error, 60 warnings)\n'
    result = reduce_builds(text, room(90))
    assert result is not None
    assert "/app/src/cart.js\n  12:5  error  'total' is not defined  no-undef" in result
    assert '✖ 61 problems' in result
    assert '×60 like this' in result


def test_build_server() -> None:
    """Job, step and time are dropped once; the error of the step is found all the same."""
    lines = [f'go: downloading example.com/m{n} v1.0.{n}' for n in range(150)]
    lines += ['The following files need formatting:', 'cmd/cart.go', '##[error]Process completed with exit code 1.']
    text = '\n'.join(f'lint\tFormat\t2026-01-28T23:08:42.{n:07}Z {line}' for n, line in enumerate(lines))
    assert reduce_builds(text, room(90)) == snapshot("""\
[dropped where it began a line: "lint Format", times]
…
The following files need formatting:
cmd/cart.go
##[error]Process completed with exit code 1.
[150 of 153 lines left out]\
""")


@pytest.mark.parametrize(
    ('line', 'role'),
    [
        ('src/cart.c:12:5: error: no', Role.ERROR),
        ('src/cart.c:12:5: fatal error: cart.h: No such file or directory', Role.ERROR),
        ('C:\\shop\\cart.cs(12,5): error CS1002: ; expected', Role.ERROR),
        ('src/cart.ts:12:5 - error TS2304: no', Role.ERROR),
        ('src/cart.py:12: error: Name "x" is not defined  [name-defined]', Role.ERROR),
        ('[ERROR] /app/Cart.java:[12,5] cannot find symbol', Role.ERROR),
        ('e: file:///app/Cart.kt:12:5 Unresolved reference: x', Role.ERROR),
        ('cart.o: undefined reference to `total`', Role.ERROR),
        ('npm ERR! code ELIFECYCLE', Role.ERROR),
        ('CMake Error at CMakeLists.txt:3 (message):', Role.ERROR),
        ('##[error]no such step', Role.ERROR),
        ('ERROR: failed to solve: process "/bin/sh -c make" did not complete', Role.ERROR),
        ('[build] src/cart.c:12:5: error: no', Role.ERROR),
        ('src/cart.c:3:9: warning: unused', Role.WARNING),
        ('warning: unused import: `os`', Role.WARNING),
        ('npm WARN deprecated left-pad@1.0.0', Role.WARNING),
        ('cmd/cart.go:12:2: Error return value is not checked (errcheck)', Role.FINDING),
        ('src/cart.py:3:8: F401 `os` imported but unused', Role.FINDING),
        ('make: *** [Makefile:2: all] Error 2', Role.STATUS),
        ('BUILD SUCCESSFUL in 3s', Role.STATUS),
        ('Successfully installed cart-1.0', Role.STATUS),
        ('Downloading cart-1.0.whl (12 kB)', Role.NOISE),
        ('   Compiling cart v0.1.0', Role.STEP),
        ('/app/src/cart.js', Role.FILE),
        ('and so on', Role.OTHER),
        ('C:\\net\\Csc.exe /nowarn:1701,1702 /warn:4', Role.OTHER),
        ('see http://localhost:8080 for more', Role.OTHER),
    ],
)
def test_lines(line: str, role: Role) -> None:
    """What a line is, whatever tool wrote it."""
    assert line_of(line).role is role


def test_a_summary_that_repeats_errors() -> None:
    """Errors that are printed again at the end, without their indentation, are shown once and counted."""
    errors = [f'C:\\shop\\cart{n}.cs({n},5): error CS1002: ; expected' for n in range(3)]
    command = 'C:\\net\\Csc.exe /noconfig /nowarn:1701,1702 /warn:4 /out:shop.dll'
    lines = [f'    Copying file {n}.' for n in range(80)]
    text = '\n'.join(
        [command, *lines, *(f'      {error}' for error in errors), '', 'Build FAILED.', *errors, '3 Error(s)']
    )
    assert reduce_builds(text, room(120)) == snapshot("""\
C:\\net\\Csc.exe /noconfig /nowarn:1701,1702 /warn:4 /out:shop.dll
…
      C:\\shop\\cart0.cs(0,5): error CS1002: ; expected (×2)
      C:\\shop\\cart1.cs(1,5): error CS1002: ; expected (×2)
      C:\\shop\\cart2.cs(2,5): error CS1002: ; expected (×2)
Build FAILED.
3 Error(s)
[81 of 90 lines left out]\
""")


def test_noise_is_shown_where_there_is_room() -> None:
    """Of a log that fits but for a part even downloads are shown; of a long one they are dropped."""
    text = '\n'.join([*(f'Collecting package-{n}' for n in range(60)), 'Successfully installed cart-1.0'])
    result = reduce_builds(text, room(200))
    assert result is not None
    assert result.count('Collecting') > 20
    long = reduce_builds(
        '\n'.join([*(f'Collecting package-{n}' for n in range(900)), 'Successfully installed']), room(200)
    )
    assert long == 'Successfully installed\n[900 of 901 lines left out]'


def test_what_explains_a_warning_comes_before_steps() -> None:
    """The lines below a warning tell more than what was compiled next."""
    steps = [f'[{n}/900] Building CXX object shop.dir/part{n}.o' for n in range(200)]
    steps[50:50] = ['src/a.h:3:9: warning: old is deprecated', '   3 |   old();', 'src/b.h:9:1: note: declared here']
    result = reduce_builds('\n'.join(steps), room(170))
    assert result is not None
    assert 'old();' in result
    assert 'note: declared here' in result


def test_prefixes() -> None:
    """Only what stands before nearly all lines is dropped; lines without it stay whole."""
    lines = [f'[build] line {n}' for n in range(20)]
    assert without_prefix([*lines, 'bare']) == (
        [*(f'line {n}' for n in range(20)), 'bare'],
        '[dropped where it began a line: "[build]"]',
    )
    assert without_prefix([*lines, '[build]'])[0][-1] == ''  # an empty line whose last blank was stripped
    assert without_prefix(['[ERROR] a', *['b'] * 20])[1] is None
    timed = [f'10:00:{n:02} line {n}' for n in range(20)]
    assert without_prefix(timed) == ([f'line {n}' for n in range(20)], '[dropped where it began a line: times]')


def test_other_texts() -> None:
    """Nothing to say about a text that is no build log."""
    assert reduce_builds('a line of prose\n' * 300, room(50)) is None
