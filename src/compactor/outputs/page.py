"""The text of an HTML page as a reader would see it: headings, paragraphs, items, rows of tables; no markup.

One pass from tag to tag, which never looks back: broken markup costs no more than sound one.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

_SILENT = frozenset(
    (
        'script',
        'style',
        'noscript',
        'template',
        'svg',
        'nav',
        'footer',
        'iframe',
        'select',
        'button',
        'canvas',
        'object',
        'video',
        'audio',
    )
)
_BREAKS = frozenset(
    (
        'p',
        'div',
        'br',
        'section',
        'article',
        'main',
        'header',
        'aside',
        'ul',
        'ol',
        'table',
        'thead',
        'tbody',
        'tfoot',
        'form',
        'fieldset',
        'dl',
        'dt',
        'dd',
        'figure',
        'figcaption',
        'blockquote',
        'body',
        'html',
        'head',
        'title',
        'hr',
        'address',
        'details',
        'summary',
        'center',
        'tr',
        'li',
        'pre',
        'h1',
        'h2',
        'h3',
        'h4',
        'h5',
        'h6',
    )
)
_HEADINGS = {f'h{n}': '#' * n + ' ' for n in range(1, 7)} | {'title': '# '}
_START = re.compile(r'<(?:/?([A-Za-z][A-Za-z0-9:\-]{0,30})|[/!?])')
LONGEST_TAG = 20_000
"""Characters of a tag at most; what does not end within them is text."""


class Page(NamedTuple):
    """What a page says.

    Attributes:
        text: its text, one block a line.
        silent: characters in parts that no reader sees or that stand on every page (scripts, styles, navigation).
    """

    text: str
    silent: int


def page_of(source: str) -> Page:
    """The text of a page, or of a part of one."""
    lines: list[str] = []
    words: list[str] = []
    prefix = ''
    in_pre = 0
    silent = 0
    at = 0

    def end_line(following: str = '') -> None:
        nonlocal prefix
        if not words and not in_pre:
            prefix = following
            return
        text = html.unescape(''.join(words))
        words.clear()
        if in_pre:
            lines.extend(line.rstrip() for line in text.split('\n'))
        elif line := ' '.join(text.split()).strip(' |'):
            lines.append(prefix + line)
        prefix = following

    last = source.rfind('>')
    unclosed: set[str] = set()
    while at < len(source):
        start = _START.search(source, at) if at <= last else None
        if start is None:
            words.append(source[at:])
            break
        opened = start.start()
        if opened > at:
            between = source[at:opened]
            if words or in_pre or not between.isspace():
                words.append(between)
        tag = start[1]
        if tag is None and source[opened + 1] != '/':
            if source.startswith('<!--', opened):
                closed = source.find('-->', opened + 4)
                at = closed + 3 if closed >= 0 else len(source)
            else:
                closed = source.find('>', opened, opened + LONGEST_TAG)
                at = closed + 1 if closed >= 0 else opened + LONGEST_TAG
            continue
        closed = _closed(source, start.end()) if tag else -1
        if tag is None or closed < 0:
            words.append('<')
            at = opened + 1
            continue
        at = closed
        name = tag.lower()
        closing = source[opened + 1] == '/'
        if name in _SILENT and not closing:
            if source[closed - 2] != '/' and name not in unclosed:
                at = _behind(source, name, closed)
                if at == closed:
                    unclosed.add(name)
                silent += at - opened
        elif name in ('td', 'th'):
            if not closing:
                words.append(' | ' if any(map(str.strip, words)) else '')
        elif name == 'pre':
            end_line()
            if closing == bool(in_pre):
                lines.append('```')
                in_pre = 0 if closing else 1
        elif name in _BREAKS:
            if in_pre and name != 'br':
                continue
            if name == 'br' and in_pre:
                words.append('\n')
                continue
            end_line(
                '' if closing else _HEADINGS.get(name, '- ' if name == 'li' else prefix if name in ('p', 'div') else '')
            )
    end_line()
    if in_pre:
        lines.append('```')
    return Page('\n'.join(lines), silent)


def _closed(source: str, at: int) -> int:
    """The place behind the end of a tag; a '>' between quotes does not end it. -1 if it does not end."""
    closed = source.find('>', at, at + LONGEST_TAG)
    if closed >= 0 and source.count('"', at, closed) % 2:
        quote = source.find('"', closed, at + LONGEST_TAG)
        later = source.find('>', quote, at + LONGEST_TAG) if quote >= 0 else -1
        closed = later if later >= 0 else closed
    return closed + 1 if closed >= 0 else -1


def _behind(source: str, name: str, at: int) -> int:
    """The place behind the closing tag of an element; the end of the text if it is never closed."""
    for form in (f'</{name}', f'</{name.upper()}'):
        found = source.find(form, at)
        if found >= 0:
            closed = source.find('>', found, found + 200)
            return closed + 1 if closed >= 0 else len(source)
    return len(source) if name in ('script', 'style') else at
