"""`@cache_tool`: a read-only tool is called once, and never serves what a file held before it changed."""

from __future__ import annotations

import asyncio
import inspect
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai import Agent, RunContext
from pydantic_ai.models.test import TestModel

from compactor import ConfigError, cache_tool
from tests.adapters.driver import by_run, drive


def test_the_same_call_is_made_once() -> None:
    """By its arguments, however they are given; another call is another."""
    calls: list[tuple[str, int]] = []

    @cache_tool()
    def look(where: str, depth: int = 1) -> str:
        """Looks."""
        calls.append((where, depth))
        return f'{where} {depth}'

    assert [look('a'), look(where='a'), look('a', depth=1), look('a', 2)] == ['a 1', 'a 1', 'a 1', 'a 2']
    assert calls == [('a', 1), ('a', 2)]
    assert look.__doc__ == 'Looks.'
    assert str(inspect.signature(look)) == "(where: 'str', depth: 'int' = 1) -> 'str'"
    assert (look.cache_stats().hits, look.cache_stats().misses) == (2, 2)  # type: ignore[attr-defined]


def test_async_too() -> None:
    """And it stays a coroutine function."""
    calls: list[int] = []

    @cache_tool()
    async def look(n: int) -> list[int]:
        calls.append(n)
        return [n]

    async def twice() -> list[list[int]]:
        return [await look(1), await look(1)]

    assert inspect.iscoroutinefunction(look)
    assert asyncio.run(twice()) == [[1], [1]]
    assert calls == [1]


def test_an_answer_grows_old() -> None:
    """After `ttl` seconds the tool is called again."""
    now, calls = [0.0], list[int]()

    @cache_tool(ttl=10, clock=lambda: now[0])
    def look() -> int:
        calls.append(1)
        return len(calls)

    assert [look(), look()] == [1, 1]
    now[0] = 10
    assert look() == 2


def test_never_the_old_content(tmp_path: Path) -> None:
    """Not even when a file is written again at once, with the same size and the same times."""
    path = tmp_path / 'file'

    @cache_tool(depends_on=('path',))
    def read(path: str) -> str:
        return Path(path).read_text()

    for i in range(200):
        path.write_text(f'{i:05}')
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert read(str(path)) == f'{i:05}'
        assert read(str(path)) == f'{i:05}'
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read(str(path))
    path.write_text('back')
    assert read(str(path)) == 'back'


@given(st.lists(st.sampled_from(['write', 'touch', 'read', 'move', 'remove']), max_size=12))
def test_a_cached_tool_is_the_tool(steps: list[str]) -> None:
    """Whatever happens to the files, it answers what the tool itself would answer."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path, other = Path(folder, 'file'), Path(folder, 'other')
        path.write_text('first')
        other.write_text('other')

        def bare(path: str) -> str:
            return Path(path).read_text() if Path(path).exists() else 'none'

        read = cache_tool(depends_on=('path',))(bare)
        for i, step in enumerate(steps):
            if step == 'write':
                path.write_text(f'{i:05}')
            elif step == 'touch' and path.exists():
                os.utime(path)
            elif step == 'move' and other.exists():
                other.replace(path)
            elif step == 'remove':
                path.unlink(missing_ok=True)
            assert read(str(path)) == bare(str(path))


def test_a_folder_stands_for_all_that_is_under_it(tmp_path: Path) -> None:
    """A file added, changed or removed anywhere in it is a change."""

    @cache_tool(depends_on=lambda: [tmp_path])
    def names() -> list[str]:
        return sorted(path.name for path in tmp_path.rglob('*'))

    assert names() == []
    (tmp_path / 'a').mkdir()
    assert names() == ['a']
    (tmp_path / 'a' / 'b').write_text('')
    assert names() == ['a', 'b']
    (tmp_path / 'a' / 'b').unlink()
    assert names() == ['a']


def test_a_result_can_be_changed_by_who_has_it() -> None:
    """Everybody has a copy of their own."""

    @cache_tool()
    def look() -> dict[str, list[int]]:
        return {'found': [1]}

    for _ in range(3):
        found = look()
        assert found == {'found': [1]}
        found['found'].append(2)


def test_exceptions_and_odd_arguments_are_not_kept() -> None:
    """A call that failed is made again; so is one whose arguments cannot be told apart."""
    calls: list[int] = []

    @cache_tool()
    def look(what: Any) -> Any:
        calls.append(1)
        if what == 'fail':
            raise ValueError(what)
        return what

    for _ in range(2):
        with pytest.raises(ValueError, match='fail'):
            look('fail')
    odd = object()
    assert look(odd) is odd
    assert look(odd) is odd
    assert len(calls) == 4


def test_the_least_recently_used_go_first() -> None:
    """A tool keeps so many results and no more."""
    calls: list[int] = []

    @cache_tool(entries=2)
    def look(n: int) -> int:
        calls.append(n)
        return n

    for n in (1, 2, 1, 3, 1, 2):
        look(n)
    assert calls == [1, 2, 3, 2]
    look.cache_clear()  # type: ignore[attr-defined]
    assert look.cache_stats().entries == 0  # type: ignore[attr-defined]


def test_in_an_agent() -> None:
    """A cached tool is the same tool to pydantic-ai; callers with other dependencies have answers of their own."""
    calls: list[Any] = []
    agent: Agent[Any, str] = Agent(TestModel(), deps_type=object)

    @agent.tool
    @cache_tool()
    def look(ctx: RunContext[Any], where: str) -> str:
        """Looks somewhere."""
        calls.append(ctx.deps)
        return where

    client, other = object(), object()
    for deps in (1, 2, 1, client, other, client):
        drive(by_run, agent, 'Go.', deps=deps)
    assert calls == [1, 2, client, other]


def test_bad_use() -> None:
    """Refused when the tool is defined."""
    with pytest.raises(ConfigError, match='positive'):
        cache_tool(ttl=0)
    with pytest.raises(ConfigError, match="'file' is no argument of the tool; it has: path"):
        cache_tool(depends_on=('file',))(lambda path: path)
