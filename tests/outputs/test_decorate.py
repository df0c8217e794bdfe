"""`@output_budget` on functions of every make, with results of every type."""

from __future__ import annotations

import asyncio
import inspect
import typing
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.messages import BinaryContent, DocumentUrl, ImageUrl, ToolReturn, ToolReturnPart, UploadedFile
from pydantic_ai.models.test import TestModel
from pydantic_core import to_json

from compactor import ConfigError, MemoryArchive, output_budget, shrink
from compactor.outputs.shrink import Shrunk
from compactor.outputs.values import as_json
from compactor.tokens.counter import counter_for
from tests.adapters.driver import by_run, drive

COUNTER = counter_for(None)
LOG = '\n'.join(f'test_{i} ... ok' for i in range(2_000)) + '\ntest_last ... FAILED\nerror: want 3, got 4'


class Ran(BaseModel):
    """What a shell says."""

    stdout: str
    stderr: str
    exit_code: int


@dataclass
class Page:
    """A page of the web."""

    url: str
    text: str


def tokens(value: Any) -> int:
    """Tokens of a result as it is sent."""
    return COUNTER.count(value if isinstance(value, str) else to_json(value).decode())


def test_a_sync_function_keeps_its_face() -> None:
    """Name, docstring, types and signature stay, so that a framework sees the same tool."""

    @output_budget(200)
    def run_tests(path: str, *, verbose: bool = False) -> str:
        """Runs tests."""
        return LOG

    result = run_tests('x')
    assert tokens(result) <= 200
    assert 'want 3, got 4' in result
    assert (run_tests.__name__, run_tests.__doc__) == ('run_tests', 'Runs tests.')
    assert str(inspect.signature(run_tests)) == "(path: 'str', *, verbose: 'bool' = False) -> 'str'"
    assert typing.get_type_hints(run_tests) == {'path': str, 'verbose': bool, 'return': str}


def test_an_async_function_stays_one() -> None:
    """It is awaited once, and its result is within the budget."""

    @output_budget(200)
    async def shell(command: str) -> dict[str, Any]:
        return {'stdout': LOG, 'stderr': 'warning: old\n' * 900, 'exit_code': 1}

    assert inspect.iscoroutinefunction(shell)
    result = asyncio.run(shell('make'))
    assert tokens(result['stdout']) + tokens(result['stderr']) <= 210
    assert result['exit_code'] == 1
    assert 'want 3, got 4' in result['stdout']


@pytest.mark.parametrize(
    'value',
    [
        'short',
        {'stdout': 'a', 'exit_code': 0},
        ['a', 1, None],
        Ran(stdout='a', stderr='', exit_code=0),
        Page('u', 't'),
        b'bytes',
        3,
        None,
        object(),
        BinaryContent(b'\x89PNG' + b'x' * 10_000, media_type='image/png'),
        ToolReturn('fine', content=['look', BinaryContent(b'x' * 9_000, media_type='image/png')], metadata=LOG),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_fits_is_the_same_object(value: Any) -> None:
    """No copy, no other type, however odd it is."""
    assert output_budget(200)(lambda: value)() is value


@pytest.mark.parametrize(
    'value',
    [
        LOG,
        {'stdout': LOG, 'stderr': LOG, 'exit_code': 1},
        {'rows': [{'id': i, 'name': f'row {i}'} for i in range(900)]},
        [{'id': i, 'name': f'row {i}'} for i in range(900)],
        Ran(stdout=LOG, stderr=LOG, exit_code=1),
        Page('https://example.org', LOG),
        ('a', LOG),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_type_stays(value: Any) -> None:
    """A result over its budget is within it afterwards, and of the same type."""
    smaller = output_budget(300)(lambda: value)()
    assert type(smaller) is type(value)
    assert tokens(smaller) <= 330  # the framing of a model's or dict's own keys comes on top of its texts


def test_a_shape_that_changed_is_put_into_the_type_that_was() -> None:
    """Uniform rows become columns; where nothing else fits, what is left is one text."""
    rows = output_budget(300)(lambda: [{'id': i, 'name': f'row {i}'} for i in range(900)])()
    assert isinstance(rows, list)
    assert 'row 0' in str(rows)
    nested: Any = output_budget(20)(lambda: [['x' * 50] * 50] * 50)()
    assert type(nested) is list
    named: Any = output_budget(20)(lambda: {'key' * 30: ['x' * 50] * 50})()
    assert type(named) is dict


@pytest.mark.parametrize(
    ('data', 'note'),
    [
        (b'\x89PNG\r\n\x1a\n' + bytes(range(256)) * 200, '[PNG image, 51 KB, left out]'),
        (b'\x00\x01' * 5_000, '[binary data, 10 KB, left out]'),
        (b'\x00' * 5_000, '[binary data, 5 KB, left out]'),
        (bytes(range(128, 256)) * 40, '[binary data, 5 KB, left out]'),
    ],
)
def test_bytes_that_are_no_text(data: bytes, note: str) -> None:
    """They become a note of what they are, which a model can read."""
    for value in (data, bytearray(data)):
        returned: Any = value
        assert output_budget(100)(lambda returned=returned: returned)() == note


def test_bytes_that_are_text() -> None:
    """A model would be sent them in base64: what is left of them is a text, never nothing."""
    smaller: Any = output_budget(100)(lambda: ''.join(f'line {n} of text\n' for n in range(9_000)).encode())()
    assert isinstance(smaller, str)
    assert 'line 0 of text' in smaller
    assert tokens(smaller) <= 100


@pytest.mark.parametrize(
    'media',
    [
        BinaryContent(b'x' * 9_000, media_type='image/png'),
        ImageUrl('https://example.com/a.png'),
        UploadedFile(file_id='file-' + 'a' * 900, provider_name='openai'),
        DocumentUrl('https://example.com/nothing-that-tells'),
    ],
    ids=lambda medium: type(medium).__name__,
)
@pytest.mark.parametrize(
    'value',
    [{'rows': [{'id': n, 't': f'text {n} ' * 5} for n in range(900)]}, LOG, list(range(9_000)), Page('u', LOG)],
    ids=['dict', 'text', 'list', 'dataclass'],
)
def test_lists_with_a_medium(value: Any, media: Any) -> None:
    """What stands beside a medium is held to the budget, whatever its type; the medium is not touched."""
    smaller: Any = output_budget(300)(lambda: [value, media, 'short'])()
    assert type(smaller) is list
    assert smaller[1] is media
    assert smaller[2] == 'short'
    rest = [item for item in smaller if item is not media]
    assert tokens(str(as_json(rest))) <= 330


def test_an_envelope_keeps_what_the_model_does_not_see() -> None:
    """`ToolReturn`: value and content within the budget, media and metadata untouched."""
    image = BinaryContent(b'x' * 9_000, media_type='image/png')
    smaller = output_budget(200)(lambda: ToolReturn(LOG, content=[LOG, image], metadata={'all': LOG}))()
    assert isinstance(smaller, ToolReturn)
    assert tokens(smaller.return_value) <= 200
    assert isinstance(smaller.content, list)
    assert tokens(smaller.content[0]) <= 200
    assert smaller.content[1] is image
    assert smaller.metadata == {'all': LOG}


def test_exceptions_say_less_and_stay_what_they_are() -> None:
    """The same object is raised, with a message within the budget: also the retry of pydantic-ai."""
    for error in (ValueError(LOG), ModelRetry(LOG), KeyError('key', LOG)):

        def fails(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)) as raised:
            output_budget(200)(fails)()
        assert raised.value is error
        assert tokens(str(error)) <= 300
        assert 'want 3, got 4' in str(error)
    assert tokens(ModelRetry('short').message) == 1


def test_the_archive_keeps_the_whole_without_secrets() -> None:
    """The note names the handle under which every byte, redacted, is found."""
    archive, told = MemoryArchive(), list[Shrunk]()
    key = '-----BEGIN PRIVATE ' + 'KEY-----\n' + 'QUJD' * 20 + '\n-----END PRIVATE ' + 'KEY-----'

    @output_budget(200, archive=archive, on_shrunk=told.append)
    def cat() -> str:
        return f'{LOG}\n{key}\n'

    result = cat()
    handle = result.rpartition('recall ')[2].rstrip(']')
    kept = archive.get(handle)
    assert kept is not None
    assert kept.decode().startswith(LOG)
    assert 'QUJD' not in kept.decode()
    assert '[REDACTED-' in kept.decode()
    assert len(told) == 1
    assert told[0].tokens_after <= 200 < told[0].tokens_before


def test_a_key_is_redacted_before_the_cut_that_would_tear_it() -> None:
    """Of a long key at the end of an output no half is left that nobody would recognise."""
    key = '-----BEGIN PRIVATE ' + 'KEY-----\n' + ('QUJDREVG' * 8 + '\n') * 60 + '-----END PRIVATE ' + 'KEY-----'

    @output_budget(200, narrowing='heads_tails')
    def cat() -> str:
        return f'{LOG}\n{key}'

    assert 'QUJDREVG' not in cat()
    torn = shrink(f'{LOG}\n{key}', 200, narrowing='heads_tails', secrets=None).text
    assert 'QUJDREVG' in torn  # unredacted, it would be
    assert 'QUJDREVG' not in shrink(f'{LOG}\n{key}', 200, narrowing='heads_tails').text


def test_secrets_go_from_what_fits_too() -> None:
    """Unless redaction is switched off."""
    key = '-----BEGIN PRIVATE ' + 'KEY-----\n' + 'QUJD' * 20 + '\n-----END PRIVATE ' + 'KEY-----'
    assert 'QUJD' not in output_budget(500)(lambda: {'file': [key]})()['file'][0]
    assert output_budget(500, secrets=None)(lambda: key)() == key


def test_the_question_decides_what_stays() -> None:
    """Lines that name what is asked for are kept before their equals."""
    text = '\n'.join(f'option_{i} = {i * 3}' for i in range(3_000))

    @output_budget(150, question=lambda: 'what is option_1777 set to?')
    def read_config() -> str:
        return text

    assert 'option_1777 = 5331' in read_config()


@pytest.mark.parametrize('made', [lambda: (yield), 3], ids=['generator', 'budget'])
def test_bad_use(made: Any) -> None:
    """Generators and budgets under 16 are refused when the tool is defined."""
    with pytest.raises(ConfigError):
        output_budget(made)(lambda: '') if isinstance(made, int) else output_budget(100)(made)


def test_in_an_agent() -> None:
    """A wrapped tool is the same tool to pydantic-ai, and its return is within the budget."""
    agent = Agent(TestModel())

    @agent.tool_plain
    @output_budget(150)
    def run_tests(path: str) -> str:
        """Runs the tests under a path."""
        return LOG

    result = drive(by_run, agent, 'Go.')
    [returned] = [
        part for message in result.all_messages() for part in message.parts if isinstance(part, ToolReturnPart)
    ]
    assert tokens(returned.content) <= 150
