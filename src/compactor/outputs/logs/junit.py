"""JUnit's XML of a test run as a plain log: totals as they are written, a line for each failing test, its details."""

from __future__ import annotations

import html
import re

_OPENS = re.compile(r'\s{0,200}(?:<\?xml[^>]{0,200}>\s{0,20})?(?:<!--[^>]{0,200}-->\s{0,20})?<testsuites?\b')
_TAG = re.compile(
    r'<(?P<close>/?)(?P<tag>testsuites?|testcase|failure|error|rerunFailure|flakyFailure|skipped|system-out|system-err)\b(?P<rest>[^<>"]*(?:"[^"]*"[^<>"]*)*)>'
)
_ATTRIBUTE = re.compile(r'(?P<key>[\w:\-]+)="(?P<value>[^"]*)"')
_COUNTS = ('tests', 'failures', 'errors', 'skipped', 'disabled', 'assertions')
_COMMENT = re.compile(r'<!-- (?P<count>(?:tests|pass|fail|suites|cancelled|skipped|todo) \d+) -->')


def from_junit(text: str) -> str | None:
    """The plain log in a JUnit file; None where it is something else."""
    start = text.find('<testsuite')
    if start < 0 or _OPENS.match(text, max(0, text.rfind('<?xml', 0, start))) is None:
        return None
    lines: list[str] = [line for line in text[: max(0, text.rfind('<?xml', 0, start))].split('\n') if line.strip()]
    case: dict[str, str] = {}
    told: dict[str, str] | None = None
    failing = False
    body = 0
    for found in _TAG.finditer(text, start):
        tag, closes = found['tag'], bool(found['close'])
        if tag.startswith('testsuite') and not closes:
            attributes = dict(_ATTRIBUTE.findall(found['rest']))
            counts = [f'{key}="{attributes[key]}"' for key in _COUNTS if key in attributes]
            if counts:
                lines.append(f'<{tag} {html.unescape(attributes.get("name", ""))} {" ".join(counts)}>')
        elif tag == 'testcase':
            case = dict(_ATTRIBUTE.findall(found['rest'])) if not closes else {}
            failing = False
        elif tag in ('failure', 'error', 'rerunFailure') and not closes:
            told, body, failing = dict(_ATTRIBUTE.findall(found['rest'])), found.end(), True
            if found['rest'].endswith('/'):
                lines += _failure(case, told, '')
                told = None
        elif tag in ('failure', 'error', 'rerunFailure') and told is not None:
            lines += _failure(case, told, text[body : found.start()])
            told = None
        elif tag.startswith('system-') and not closes:
            body = found.end()
        elif tag.startswith('system-') and failing:
            lines += _unescaped(text[body : found.start()])
    lines += [found['count'] for found in _COMMENT.finditer(text, start)]
    end = max(text.rfind('</testsuites>'), text.rfind('</testsuite>'))
    lines += [line for line in text[end:].split('\n')[1:] if end >= 0 and line.strip()]
    return '\n'.join(lines)


def _failure(case: dict[str, str], told: dict[str, str], body: str) -> list[str]:
    """A failing test: its line, then what was said of it."""
    name = html.unescape(case.get('name', ''))
    group = html.unescape(case.get('classname', ''))
    place = html.unescape(case.get('file', ''))
    title = f'{group} > {name}' if group and group not in name else name
    lines = [f'<failed {place}> {title}' if place else f'<failed> {title}']
    message = [line for line in html.unescape(told.get('message', '')).split('\n') if line.strip()]
    details = _unescaped(body)
    if message and not any(message[0].strip() in line for line in details[:12]):
        lines += message[:12]
    kind = html.unescape(told.get('type', ''))
    return [*lines, *details] if details or message else [*lines, kind]


def _unescaped(text: str) -> list[str]:
    text = text.strip()
    if text.startswith('<![CDATA['):
        text = text[9:].removesuffix(']]>')
    return [line for line in html.unescape(text).split('\n') if line.strip()]
