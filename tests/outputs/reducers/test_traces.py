"""Stack traces: type and message, the innermost own frame, then the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from inline_snapshot import snapshot

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.fold import Cycle, cycles
from compactor.outputs.logs.frames import frame_of
from compactor.outputs.reducers.traces import reduce_traces
from tests.outputs.reducers.logs import HOSTILE, allowances, keeps_the_laws, room, survives, texts


@given(texts, allowances)
def test_laws(text: str, allowance: Allowance) -> None:
    """Whatever comes in, the result fits and is the same each time."""
    keeps_the_laws(reduce_traces, text, allowance)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """Time grows with the size of a text, whatever is in it."""
    survives(reduce_traces, HOSTILE[name])


FOREIGN = ''.join(
    f'  File "/venv/lib/python3.12/site-packages/web/layer{n}.py", line {n}, in call\n    return self.next(request)\n'
    for n in range(40)
)
PYTHON = f"""2026-01-02 10:00:00 INFO starting
Traceback (most recent call last):
{FOREIGN}  File "/app/shop/views.py", line 31, in show
    return page(total(cart))
                ^^^^^^^^^^^
  File "/app/shop/totals.py", line 12, in total
    return sum(row.price for row in cart)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/venv/lib/python3.12/site-packages/orm/query.py", line 88, in __iter__
    raise Closed('the session is closed')
orm.errors.Closed: the session is closed

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
{FOREIGN}  File "/app/shop/errors.py", line 7, in wrap
    raise ShopError(str(error)) from error
shop.errors.ShopError: the session is closed
2026-01-02 10:00:01 INFO stopped
"""


def test_python_chain() -> None:
    """Both exceptions of a chain, what ties them, and where the own code took part."""
    assert reduce_traces(PYTHON, room(230)) == snapshot("""\
2026-01-02 10:00:00 INFO starting
Traceback (most recent call last):
…
  File "/app/shop/views.py", line 31, in show
    return page(total(cart))
  File "/app/shop/totals.py", line 12, in total
    return sum(row.price for row in cart)
  File "/venv/lib/python3.12/site-packages/orm/query.py", line 88, in __iter__
    raise Closed('the session is closed')
orm.errors.Closed: the session is closed
The above exception was the direct cause of the following exception:
Traceback (most recent call last):
…
  File "/venv/lib/python3.12/site-packages/web/layer39.py", line 39, in call
    return self.next(request)
  File "/app/shop/errors.py", line 7, in wrap
    raise ShopError(str(error)) from error
shop.errors.ShopError: the session is closed
2026-01-02 10:00:01 INFO stopped
[163 of 180 lines left out]\
""")


def test_recursion_is_folded() -> None:
    """Frames that repeat are shown once, with how often they repeat."""
    deep = '  File "/app/a.py", line 3, in down\n    up(n)\n  File "/app/a.py", line 7, in up\n    down(n)\n' * 300
    text = f'Traceback (most recent call last):\n{deep}RecursionError: maximum recursion depth exceeded\n'
    assert reduce_traces(text, room(120)) == snapshot("""\
Traceback (most recent call last):
  File "/app/a.py", line 3, in down
    up(n)
  File "/app/a.py", line 7, in up
    down(n)
[previous 2 frames repeated 299 more times]
RecursionError: maximum recursion depth exceeded
[1,197 of 1,203 lines left out]\
""")


JAVA_FRAMES = ''.join(f'\tat org.springframework.web.Filter{n}.doFilter(Filter{n}.java:{n})\n' for n in range(60))
GO_STD = '/usr/local/go/src'
TRACES: dict[str, tuple[str, tuple[str, ...]]] = {
    'exception group': (
        '  + Exception Group Traceback (most recent call last):\n'
        '  |   File "/app/a.py", line 3, in <module>\n  |     raise ExceptionGroup("two", errors)\n'
        '  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n'
        '    | Traceback (most recent call last):\n    |   File "/app/b.py", line 5, in f\n    |     fail()\n'
        '    | ValueError: first\n    +---------------- 2 ----------------\n'
        '    | Traceback (most recent call last):\n    |   File "/app/c.py", line 6, in g\n    |     fail()\n'
        '    | KeyError: second\n    +------------------------------------\n' + 'INFO nothing to say\n' * 200,
        ('ExceptionGroup: two', 'ValueError: first', 'KeyError: second', '/app/b.py', '/app/c.py'),
    ),
    'java': (
        'Exception in thread "main" com.acme.ShopException: cannot total\n\tat com.acme.Shop.total(Shop.java:31)\n'
        f'{JAVA_FRAMES}Caused by: java.lang.IllegalStateException: session closed\n'
        f'\tat org.hibernate.Session.query(Session.java:88)\n\tat com.acme.Cart.rows(Cart.java:12)\n{JAVA_FRAMES}'
        '\t... 23 more\n',
        ('com.acme.ShopException: cannot total', 'Shop.java:31', 'StateException: session closed', 'Cart.java:12'),
    ),
    'node': (
        '/app/src/cart.js:12\n    throw new TypeError(`no price`)\n    ^\n\nTypeError: no price\n'
        '    at total (/app/src/cart.js:12:11)\n    at async show (/app/src/view.js:7:3)\n'
        + '    at next (/app/node_modules/express/lib/router.js:1:2)\n' * 80
        + '    at node:internal/process/task_queues:95:5\n',
        ('TypeError: no price', '/app/src/cart.js:12:11'),
    ),
    'go': (
        'panic: runtime error: index out of range [3] with length 3\n\ngoroutine 7 [running]:\n'
        f'panic({{0x1, 0x2}})\n\t{GO_STD}/runtime/panic.go:783 +0x120\n'
        f'sort.Slice(...)\n\t{GO_STD}/sort/slice.go:12 +0x1\n'
        'acme/cart.Total({0x1, 0x2})\n\t/home/me/cart/total.go:21 +0x64\n'
        'main.main()\n\t/home/me/cart/main.go:9 +0x1\n\n'
        + 'goroutine 8 [chan receive]:\nacme/cart.wait()\n\t/home/me/cart/wait.go:5 +0x1\n\n' * 40
        + 'exit status 2\n',
        ('index out of range [3]', 'goroutine 7 [running]', 'total.go:21'),
    ),
    'rust': (
        "thread 'main' panicked at src/cart.rs:21:9:\nindex out of bounds: the len is 3 but the index is 3\n"
        'stack backtrace:\n   0: rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:645:5\n'
        '   1: cart::total\n             at ./src/cart.rs:21:9\n'
        + '   2: core::ops::FnOnce::call_once\n             at /rustc/abc/library/core/src/ops.rs:250:5\n' * 40,
        ("panicked at src/cart.rs:21:9", 'index out of bounds', './src/cart.rs:21:9'),
    ),
    'dotnet': (
        'Unhandled exception. System.InvalidOperationException: no price\n'
        + '   at System.Linq.Enumerable.Sum(IEnumerable`1 source)\n' * 50
        + '   at Acme.Cart.Total(Row[] rows) in /src/Cart.cs:line 12\n'
        + '   at Acme.Program.Main() in /src/Program.cs:line 3\n',
        ('System.InvalidOperationException: no price', '/src/Cart.cs:line 12'),
    ),
    'ruby': (
        "/app/lib/cart.rb:12:in 'total': no price (RuntimeError)\n\tfrom /app/bin/run.rb:3:in '<main>'\n"
        + "\tfrom /usr/lib/ruby/gems/3.2/gems/rack/lib/rack.rb:9:in 'call'\n" * 60,
        ('no price (RuntimeError)', '/app/lib/cart.rb:12'),
    ),
    'php': (
        'PHP Fatal error:  Uncaught RuntimeException: no price in /app/src/Cart.php:12\nStack trace:\n'
        '#0 /app/src/View.php(7): Cart->total()\n' + '#1 /app/vendor/symfony/kernel.php(9): handle()\n' * 60
        + '#2 {main}\n  thrown in /app/src/Cart.php on line 12\n',
        ('Uncaught RuntimeException: no price', '/app/src/View.php(7)'),
    ),
}  # fmt: skip


@pytest.mark.parametrize('language', TRACES)
def test_every_language_keeps_type_message_and_own_frame(language: str) -> None:
    """At 120 tokens, whatever wrote the trace."""
    text, kept = TRACES[language]
    result = reduce_traces(text, room(150))
    assert result is not None
    assert [fact for fact in kept if fact not in result] == []


def test_text_without_a_trace() -> None:
    """Nothing to say about a text that holds no stack."""
    assert reduce_traces('all is well\n' * 500, room(50)) is None


@pytest.mark.parametrize(
    ('line', 'own'),
    [
        ('  File "/app/shop/a.py", line 3, in f', True),
        ('  File "/venv/lib/python3.12/site-packages/a.py", line 3, in f', False),
        ('  File "<frozen runpy>", line 198, in _run_module_as_main', False),
        ('  File "/usr/lib/python3.11/json/decoder.py", line 1, in decode', False),
        ('    at total (/app/src/cart.ts:12:5)', True),
        ('    at Object.<anonymous> (node_modules/jest/build/x.js:1:2)', False),
        ('    at node:internal/main:1:2', False),
        ('\tat com.acme.Cart.total(Cart.java:12)', True),
        ('\tat java.base/java.util.ArrayList.get(ArrayList.java:427)', False),
        ('   at System.Linq.Enumerable.Sum(IEnumerable`1 source)', False),
        ('\t/home/me/go/src/github.com/me/cart/total.go:21 +0x64', True),
        ('\t/usr/local/go/src/testing/testing.go:1934 +0xc8', False),
        ('             at /rustc/abc/library/core/src/ops.rs:250:5', False),
        ('             at ./src/cart.rs:21:9', True),
        ('#1 /app/vendor/symfony/kernel.php(9): handle()', False),
        ("\tfrom /usr/lib/ruby/gems/rack.rb:9:in 'call'", False),
    ],
)
def test_own_and_foreign_frames(line: str, own: bool) -> None:
    """What an installation, a runtime or a package manager brought along is not the project's own."""
    frame = frame_of(line)
    assert frame is not None
    assert frame.own is own


def test_cycles() -> None:
    """Repeats are found with the shortest period, and do not overlap."""
    assert cycles('xababab') == [Cycle(1, 2, 2)]
    assert cycles('aaa') == [Cycle(0, 1, 2)]
    assert cycles('abc') == []
