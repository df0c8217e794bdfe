"""The MCP server through the official client, over standard input and output of a real process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from compactor import unsqueeze
from compactor.cli.mcp.bounds import LARGEST, InputTooLarge, OutsideRoot, Root, within_bounds
from compactor.cli.mcp.tools import Desk
from compactor.errors import CompactorError

pytest.importorskip('mcp.server.mcpserver', reason='needs the extra mcp')

SESSION = Path(__file__).parents[3] / 'fixtures' / 'session.json'
ROWS = [{'id': n, 'state': 'open', 'title': f'Change {n}'} for n in range(40)]
KEY = '-----BEGIN PRIVATE ' + 'KEY-----\n' + 'QUJD' * 20 + '\n-----END PRIVATE ' + 'KEY-----'
TOOLS = ['count', 'shrink', 'squeeze', 'compact', 'recall', 'search', 'inspect', 'pack', 'route']

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ('count', {'text': 'x' * 10_000_000}, 'InputTooLarge: the arguments have 10,000,'),
    ('squeeze', {'value': ['y' * 10_000_000]}, 'InputTooLarge: the arguments have 10,000,'),
    ('count', {'paths': ['../outside.txt']}, 'OutsideRoot: ../outside.txt'),
    ('pack', {'paths': ['link']}, 'OutsideRoot: link'),
    ('count', {'paths': ['absent.txt']}, 'ConfigError: absent.txt: there is no such file'),
    ('count', {}, 'ConfigError: nothing to count'),
    ('squeeze', {}, 'ConfigError: nothing to squeeze'),
    ('inspect', {}, 'HistoryError: hand in a history'),
    ('compact', {'messages': [{'role': 'user'}]}, "HistoryError: messages: these are messages of a provider's"),
    ('recall', {'history': 'session.json'}, 'ConfigError: say which step'),
    ('shrink', {'text': 'a', 'max_tokens': 1}, 'greater than or equal to 16'),
]
"""Ten megabytes, paths that lead out, nothing at all: a call, and what is said by the name of the error."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with sources, a history and a key."""
    root = tmp_path / 'root'
    root.mkdir()
    (root / 'orders.py').write_text('def total_of_order(order):\n    """The sum."""\n    return sum(order)\n')
    (root / 'notes.md').write_text('# Deployment\n\nNothing about sums.\n' * 30)
    (root / 'secret.txt').write_text(f'the deployment uses this\n{KEY}\n')
    (root / 'session.json').write_bytes(SESSION.read_bytes())
    (tmp_path / 'outside.txt').write_text('not for the server')
    (root / 'link').symlink_to(tmp_path / 'outside.txt')
    return root


def served(folder: Path, talk: Callable[[Any], Awaitable[None]], *options: str) -> None:
    """Talks to a server of the folder as the official client does."""
    from mcp import Client, StdioServerParameters

    parameters = StdioServerParameters(
        command=sys.executable,
        args=['-m', 'compactor', 'mcp', '--root', str(folder), *options],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path), 'HOME': str(folder.parent)},
    )

    async def run() -> None:
        async with Client(parameters) as client:
            await talk(client)

    asyncio.run(run())


def test_handshake_and_every_tool(folder: Path) -> None:
    """Each tool answers what the command of its name would; what was compacted can be recalled; secrets stay.

    What is wrong or too large is refused politely, and the server goes on.
    """

    async def talk(client: Any) -> None:
        async def call(tool: str, **arguments: Any) -> Any:
            answer = await client.call_tool(tool, arguments)
            assert not answer.is_error, answer.content
            return answer.structured_content

        assert [tool.name for tool in (await client.list_tools()).tools] == TOOLS
        count = await call('count', paths=['orders.py'], model='openai:gpt-5')
        assert count['files'] == [{'name': 'orders.py', 'tokens': count['tokens']}]
        assert count['method'] == 'exact'
        shrink = await call('shrink', text='line of the log\n' * 900 + 'error: it broke', max_tokens=60)
        assert 'error: it broke' in shrink['text']
        assert shrink['tokens_after'] <= 60 < shrink['tokens_before']
        assert unsqueeze(await call('squeeze', value=ROWS)) == ROWS
        assert (await call('inspect', history='session.json', model='openai:gpt-5'))['estimated'] > 9_000
        compact = await call('compact', history='session.json', target_tokens=9_000, model='openai:gpt-5')
        assert compact['fits']
        assert compact['tokens_after'] <= 9_000
        recalled = await call('recall', messages=compact['messages'], step=2, max_tokens=300)
        assert 'expired' not in recalled['text'].lower()
        assert recalled['actual'] <= 300
        found = await call('recall', messages=compact['messages'], question='the failing test')
        assert 'archived step' in found['text']
        assert 'total_of_order' in (await call('search', query='total of an order'))['text']
        texts = [{'name': 'a.txt', 'text': 'alpha ' * 50}]
        assert (await call('pack', texts=texts, paths=['orders.py'], max_tokens=120))['actual'] <= 120
        assert (await call('route', prompt='Fix the typo', workload='coding', tokens=900))['chain']
        assert 'QUJDQUJD' not in str(await call('search', query='deployment private'))
        assert 'QUJDQUJD' not in str(await call('pack', paths=['secret.txt']))
        assert 'QUJDQUJD' not in str(await call('shrink', text=KEY))
        squeezed = await call('squeeze', text=f'{KEY}\n' * 3)
        assert squeezed['redacted']
        assert 'QUJDQUJD' not in unsqueeze(squeezed)

        for tool, arguments, said in REFUSED:
            answer = await client.call_tool(tool, arguments)
            assert answer.is_error, tool
            assert said in answer.content[0].text
        assert not (await client.call_tool('count', {'text': 'still here'})).is_error

    served(folder, talk, '--table', 'workloads', '--store', str(folder.parent / 'store.db'))


def test_without_a_store_or_a_table(folder: Path) -> None:
    """It is said how to start a server that has them."""
    desk = Desk(Root(folder))
    with pytest.raises(CompactorError, match='this server has no store: start it with --store'):
        desk.recall(history='session.json', step=1)
    with pytest.raises(CompactorError, match=r'the policy has no \[routing\] table'):
        desk.route('Hello')


def test_secrets_where_they_are_wanted(folder: Path) -> None:
    """A server that was told to keep them does."""
    desk = Desk(Root(folder), secrets=None)
    assert 'QUJDQUJD' in str(desk.pack(paths=['secret.txt']))
    assert 'QUJDQUJD' not in str(Desk(Root(folder)).pack(paths=['secret.txt']))


def test_arguments_within_bounds(tmp_path: Path) -> None:
    """What counts is all of them together; files too."""
    within_bounds({'text': 'x' * (LARGEST - 100)})
    with pytest.raises(InputTooLarge, match='the arguments have'):
        within_bounds({'texts': [{'name': 'n', 'text': 'x' * LARGEST}]})
    (tmp_path / 'large').write_bytes(b'x' * (LARGEST + 1))
    with pytest.raises(InputTooLarge, match='a file may have'):
        Root(tmp_path).path('large')
    for name in ('..', '/etc/passwd', 'a/../../b'):
        with pytest.raises(OutsideRoot):
            Root(tmp_path).path(name)
    with pytest.raises(CompactorError):
        Root(tmp_path).path('a\0b')


def test_without_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install."""
    from compactor.cli.mcp.command import mcp

    monkeypatch.setitem(sys.modules, 'mcp.server.mcpserver', None)
    monkeypatch.delitem(sys.modules, 'compactor.cli.mcp.server', raising=False)
    with pytest.raises(CompactorError, match=r'pip install "pydantic-ai-compactor\[mcp\]"'):
        mcp(root=folder)
    with pytest.raises(CompactorError, match='is no folder'):
        mcp(root=folder / 'absent')
