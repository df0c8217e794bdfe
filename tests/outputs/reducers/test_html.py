"""HTML becomes what a reader of the page would see."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.page import page_of
from compactor.outputs.reducers.html import reduce_html
from tests.outputs.shapes import HOSTILE, TEXTS, allowance, within

PAGE = """<!DOCTYPE html><html><head><title>Release notes &amp; more</title><style>a { color: red }</style>
<script>var x = "<p>not text</p>";</script></head><body><nav><a href="/">Home</a></nav>
<h1>Version 2.4</h1><p>The parser now <b>rejects</b> commas, see <a href="/x" title="a > b">issue 42</a>.</p>
<ul><li>First item</li><li>Second <code>item_b</code></li></ul><!-- nothing -->
<table><tr><th>Name</th><th>Size</th></tr><tr><td>a.bin</td><td>12</td></tr></table>
<pre>x = 1
y = 2</pre><div>One<br>two</div><footer>(c)</footer></body></html>"""


def test_what_a_model_reads() -> None:
    """Headings, texts of links, rows of tables and code; no scripts, styles and navigation."""
    assert reduce_html(PAGE, allowance(200)) == snapshot("""\
[text of an HTML page of 538 characters, 125 of them scripts, styles and navigation]
# Release notes & more
# Version 2.4
The parser now rejects commas, see issue 42.
- First item
- Second item_b
Name | Size
a.bin | 12
```
x = 1
y = 2
```
One
two\
""")


def test_a_large_page_is_shortened_as_prose() -> None:
    """What does not fit is left out by its worth and counted."""
    text = PAGE + '<p>Some filler without any facts.</p>' * 500 + '<h2>The end</h2>'
    result = reduce_html(text, allowance(150))
    assert result is not None
    assert '## The end' in result
    assert 'words left out' in result


def test_a_page_without_text() -> None:
    """A page of scripts says how large it was."""
    result = reduce_html('<html><script>' + 'x();' * 900 + '</script></html>', allowance(60))
    assert result == snapshot('[a page of HTML without text, 3,630 characters, left out; recall ab12cd34ef567890]')


@pytest.mark.parametrize(
    ('source', 'text'),
    [
        ('a < b and c > d', 'a < b and c > d'),
        ('<p>open', 'open'),
        ('<p title="a>b">x</p>', 'x'),
        ('<svg>never closed<p>text', 'never closed\ntext'),
        ('<!-- open', '<!-- open'),
        ('', ''),
    ],
)
def test_broken_markup(source: str, text: str) -> None:
    """Markup that is broken loses no text."""
    assert page_of(source).text == text


@given(text=TEXTS, tokens=st.integers(16, 200))
@settings(max_examples=150, deadline=None)
def test_within_the_allowance_whatever_comes(text: str, tokens: int) -> None:
    """Any text gives a result within the allowance and no larger than it was, or None."""
    room = allowance(tokens, 'ab')
    assert within(reduce_html(text, room), text, room)


@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_texts(name: str) -> None:
    """Texts made to be slow are survived."""
    room = allowance(300)
    assert within(reduce_html(HOSTILE[name], room), HOSTILE[name], room)
