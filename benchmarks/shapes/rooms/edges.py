"""What comes in at the edges: headers, refusals, prompts, names, files of settings and exports, pages."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path

from compactor import pin
from compactor.adapters.pydantic_ai import overflow, refusals, request_key
from compactor.analysis import careful, cells, columns, header
from compactor.analysis.page import text as page
from compactor.caching import files
from compactor.capacity import gemini, headers
from compactor.cli import screen, sessions
from compactor.errors import ConfigError, HistoryError
from compactor.patterns import TooSlow, pattern
from compactor.request import ceilings, task
from compactor.routing import complexity, phrases
from compactor.sources import from_toml
from compactor.tokens.json_text import as_json

from .prepared import Prepare, applied, conversation

EXPORT = 'Time Start,Time End,Requests,Input Tokens,Output Tokens,Total Tokens,Model ID,Region ID\n'
ROW = '2026-01-01T00:00:00.000Z,2026-01-01T00:01:00.000Z,1,2,3,5,{},eu\n'
FOLDER = Path(tempfile.mkdtemp(prefix='compactor-shapes-'))
"""Where files of hostile text are written; it goes with the process."""
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


class Refused(Exception):
    """A refusal as an SDK raises it."""

    status_code = 400

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.body = {'error': {'message': text, 'code': text}}


def _refusal(function: Callable[[BaseException], object]) -> Prepare:
    def prepare(text: str) -> Callable[[], object]:
        error = Refused(text)
        return lambda: function(error)

    return prepare


def _file(name: str, before: str = '', after: str = '') -> Callable[[str], Path]:
    def written(text: str) -> Path:
        path = FOLDER / name
        path.write_text(before + text + after, 'utf-8', 'replace')
        return path

    return written


def _reading(file: Callable[[str], Path], read: Callable[[Path], object]) -> Prepare:
    """A file that holds the text; what is said of one that cannot be read is an answer too."""

    def prepare(text: str) -> Callable[[], object]:
        path = file(text)

        def tried() -> object:
            try:
                return read(path)
            except (ConfigError, HistoryError) as error:
                return error

        return tried

    return prepare


def _mended(path: Path) -> object:
    layout = header.layout_of(path, columns.CEREBRAS)
    return careful.mend(path, layout, path.with_suffix('.plain'), path.with_suffix('.sound'))


def _odd(function: Callable[[str], object]) -> Prepare:
    def tried(text: str) -> object:
        try:
            return function(text)
        except (cells.Odd, ConfigError) as error:
            return error

    return applied(tried)


def _headers(text: str) -> Callable[[], object]:
    names = [name.pattern.format(field) for name in headers.NAMES for field in ('limit', 'remaining', 'reset')]
    said = dict.fromkeys((*names, 'retry-after', 'retry-after-ms', 'date'), text)
    return lambda: (headers.readings(said, 0.0), headers.retry_after(said, 0.0))


def _body(text: str) -> Callable[[], object]:
    details = [
        {'@type': f'a.{kind}', 'retryDelay': text, 'violations': [{'quotaId': text, 'quotaValue': text}]}
        for kind in ('QuotaFailure', 'RetryInfo')
    ]
    body = json.dumps({'error': {'details': details}})
    return lambda: (
        gemini.body_readings(body),
        gemini.body_readings(text),
        gemini.body_retry_after(text.encode('utf-8', 'replace')),
    )


def _key(text: str) -> Callable[[], object]:
    messages = conversation(
        returned=text.encode('utf-8', 'replace').decode(), command=text.encode('utf-8', 'replace').decode()
    )
    return lambda: request_key.request_key('a:b', messages, {'max_tokens': 9}, {})


def _own_phrases(text: str) -> Callable[[], object]:
    own = task.Patterns({task.Task.REVIEW: ('look it over', '看看')})
    return lambda: own.read(text)


def _slow(text: str) -> Callable[[], object]:
    one = pattern(r'(?:(\w|\W|ab)+)+\1!$')

    def search() -> object:
        try:
            return one.found_in(text)
        except TooSlow as slow:
            return slow

    return search


def _fingerprint(text: str) -> Callable[[], object]:
    path = _file('watched.txt')(text)
    return lambda: files.fingerprint([path], 0.0)


TABLE = phrases.Phrases({'a': ('new feature', 'unit tests', '安全审计'), 'b': ('new', 'tests')})

EDGES: Mapping[str, Prepare] = {
    'headers.readings and retry_after': _headers,
    'headers.duration': applied(headers.duration),
    'gemini.body_readings': _body,
    'overflow.refusal_of': _refusal(overflow.refusal_of),
    'overflow.window_from': _refusal(overflow.window_from),
    'refusals.failure_of': _refusal(lambda error: refusals.failure_of(error, 0.0)),
    'refusals.readings_of': _refusal(lambda error: refusals.readings_of(error, 0.0)),
    'request_key.request_key': _key,
    'json_text.as_json': applied(lambda text: as_json({'a': [text, text]})),
    'pin': applied(pin),
    'task.detect_task': applied(task.detect_task),
    'task.question_of': applied(task.question_of),
    'task.says_nothing': applied(task.says_nothing),
    'task.Patterns.read': _own_phrases,
    'ceilings.output_ceiling': applied(lambda text: ceilings.output_ceiling(text, {'*a*b*c*': 9})),
    'complexity.measure': applied(lambda text: complexity.measure(complexity.Factors(prompt=text))),
    'phrases.find': applied(TABLE.find),
    'patterns.found_in, a slow one': _slow,
    'sources.from_toml, a file': _reading(_file('a.toml'), from_toml),
    'sources.from_toml, a text': _reading(_file('a.toml', 'a = "', '"\n'), from_toml),
    'sources.from_toml, a list': _reading(_file('a.toml', 'a = [', ']\n'), from_toml),
    'sources.from_toml, a key': _reading(_file('a.toml', 'a.', ' = 1\n'), from_toml),
    'header.layout_of': _reading(_file('a.csv'), lambda path: header.layout_of(path, columns.CEREBRAS)),
    'careful.mend, lines': _reading(_file('b.csv', EXPORT), _mended),
    'careful.mend, a cell': _reading(lambda text: _file('c.csv', EXPORT)(ROW.format(text.replace('\n', ' '))), _mended),
    'careful.mend, a quoted cell': _reading(
        lambda text: _file('d.csv', EXPORT)(ROW.format('"' + text.replace('"', '""') + '"')), _mended
    ),
    'careful.mend, a wide header': _reading(lambda text: _file('e.csv', EXPORT.strip() + ',')(text), _mended),
    'cells.whole': _odd(cells.whole),
    'cells.moment': _odd(lambda text: cells.moment(text, 'iso', UTC)),
    'cells.moment in seconds': _odd(lambda text: cells.moment(text, 'seconds', UTC)),
    'page.esc': applied(page.esc),
    'files.fingerprint': _fingerprint,
    'screen.plain': applied(screen.plain),
    'sessions.load, a file': _reading(_file('a.jsonl'), sessions.load),
    'sessions.load, a message': _reading(
        lambda text: _file('b.json')(
            json.dumps(
                [
                    {
                        'kind': 'request',
                        'parts': [{'part_kind': 'user-prompt', 'content': text.encode('utf-8', 'replace').decode()}],
                    }
                ]
            )
        ),
        sessions.load,
    ),
}
