"""`restore` over dicts: a compacted history and its archive give back every dict, to the letter and in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessage

from compactor import ArchiveExpired, HistoryError, HistoryPolicy, MemoryArchive, Policy
from compactor.adapters.openai_chat import DICTS, compact, restore
from compactor.archive.restoring import newest_handle
from compactor.run.keys import key_for
from tests.adapters.openai_chat.dicts import MANNERS, Json, as_dicts
from tests.laws.histories import Drawn, broken_histories, lawful_histories
from tests.laws.mutations import STORABLE

FEWER = settings(max_examples=max(25, settings().max_examples // 4))
STRATEGIES = (
    ('exchanges', 'prune', 'dedupe', 'clear', 'window', 'clamp'),
    ('digest', 'clamp'),
    ('clear',),
)


def reloaded(dicts: Sequence[Json]) -> list[Json]:
    """A history as another process would load it."""
    loaded: list[Json] = json.loads(json.dumps(dicts))
    return loaded


def handle_in(dicts: Sequence[Json], history: Sequence[Json] | None = None) -> str | None:
    """The handle in the newest mark of some dicts of a history, by default all of it."""
    return newest_handle(DICTS.form, dicts, DICTS.form.seal(list(history or dicts), key_for(None, None)))


def shrunk(dicts: Sequence[Json], percent: int, archive: MemoryArchive, policy: Policy = Policy()) -> list[Json]:  # noqa: B008 - frozen
    """The history compacted to a share of its size."""
    target = max(1, compact(dicts, policy).tokens_before * percent // 100)
    result = compact(dicts, policy, target_tokens=target, archive=archive)
    assert result.failures == ()
    return list(result.messages)


@st.composite
def chains(draw: Drawn, histories: st.SearchStrategy[list[ModelMessage]]) -> tuple[list[Json], list[int]]:
    """A history in some manner, and where it is compacted: after so many dicts, one to four times."""
    dicts = as_dicts(draw(histories), MANNERS[draw(st.sampled_from(sorted(MANNERS)))])
    points = draw(st.lists(st.integers(1, max(1, len(dicts))), min_size=1, max_size=4, unique=True))
    return dicts, sorted(points)


@pytest.mark.parametrize('strategies', STRATEGIES, ids='+'.join)
def test_a_chain_of_compactions_is_undone(strategies: tuple[str, ...]) -> None:
    """One to four compactions with dicts appended between them: every dict comes back as it was, keys in order."""

    @FEWER
    @given(chains(lawful_histories(text_size=8)), st.integers(1, 90), st.sampled_from([None, 1, 2]))
    def holds(chain: tuple[list[Json], list[int]], percent: int, most: int | None) -> None:
        dicts, points = chain
        policy = Policy(history=HistoryPolicy(strategies=strategies, max_exchanges=most))
        archive = MemoryArchive()
        sent: list[Json] = []
        for start, end in zip([0, *points], points, strict=False):
            sent = shrunk([*sent, *dicts[start:end]], percent, archive, policy)
        sent += dicts[points[-1] :]
        if handle_in(sent):
            assert json.dumps(restore(sent, archive)) == json.dumps(dicts)
            assert json.dumps(restore(reloaded(sent), archive)) == json.dumps(dicts)

    holds()


@FEWER
@given(chains(broken_histories(text_size=4, mutations=STORABLE)), st.integers(1, 80))
def test_what_was_broken_comes_back_broken(chain: tuple[list[Json], list[int]], percent: int) -> None:
    """A compaction that also repairs is undone to what was handed in, defects included."""
    dicts = chain[0][: chain[1][0]]
    archive = MemoryArchive()
    sent = shrunk(dicts, percent, archive)
    if handle_in(sent):
        assert json.dumps(restore(sent, archive)) == json.dumps(dicts)


def session(steps: int = 12, *, words: int = 400) -> list[Json]:
    """A prompt and so many steps, each a call with a result of its own."""
    dicts: list[Json] = [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Fix the parser.'}]
    for n in range(steps):
        function = {'name': 'read', 'arguments': json.dumps({'n': n})}
        listed = [{'id': f'c{n}', 'type': 'function', 'function': function}]
        dicts.append({'role': 'assistant', 'content': f'I read {n}.', 'tool_calls': listed})
        dicts.append({'role': 'tool', 'tool_call_id': f'c{n}', 'content': f'{n}: ' + 'word ' * words})
    return dicts


def test_what_still_stands_is_the_same_object() -> None:
    """Of a compacted history the dicts that were kept are not loaded again; one that was never compacted is itself."""
    dicts, archive = session(), MemoryArchive()
    sent = compact(dicts, target_tokens=1_500, archive=archive).messages
    kept = [one for one in dicts if any(one is other for other in sent)]
    back = restore(sent, archive)
    assert back == dicts
    assert len(kept) > 2
    assert [one for one in back if any(one is other for other in kept)] == kept
    assert all(one is other for one, other in zip(restore(dicts, archive), dicts, strict=True))


def test_a_cache_point_on_a_note_hides_no_handle() -> None:
    """Clients put cache points on what they send last, a note of ours too: it still leads to what it stands for."""
    dicts, archive = session(), MemoryArchive()
    sent = reloaded(compact(dicts, target_tokens=1_500, archive=archive).messages)
    at = next(i for i, one in enumerate(sent) if handle_in([one], sent))
    for cached in (
        {**sent[at], 'cache_control': {'type': 'ephemeral'}},
        {'role': 'user', 'content': [{'type': 'text', 'text': sent[at]['content'], 'cache_control': {}}]},
    ):
        assert restore([*sent[:at], cached, *sent[at + 1 :]], archive) == dicts


def missing(archive: MemoryArchive) -> None:
    """Takes the first message out of an archive."""
    oldest = next(iter(archive._entries))
    del archive._entries[oldest]
    del archive._by_handle[oldest[1][:16]]


REFUSED: dict[str, tuple[type[Exception], str]] = {
    'another archive': (ArchiveExpired, 'the archive does not hold'),
    'no archive': (ArchiveExpired, 'without an archive'),
    'a message that went': (ArchiveExpired, r'1 of 26 messages of [0-9a-f]{16} are gone: 1'),
    'cut behind its mark': (HistoryError, 'cut behind'),
    'a message that JSON does not bring back': (ArchiveExpired, r'1 of 26 messages of [0-9a-f]{16} are gone: 2'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_cannot_be_restored(name: str) -> None:
    """The error says why, and what is missing."""
    archive, dicts = MemoryArchive(), session()
    if name == 'a message that JSON does not bring back':
        odd: Any = {'a', 'set'}
        dicts[2] |= {'metadata': odd}
    result = compact(dicts, target_tokens=1_500, archive=None if name == 'no archive' else archive)
    assert result.failures == ()
    sent = list(result.messages)
    if name == 'a message that went':
        missing(archive)
    at = next(i for i, one in enumerate(sent) if str(one['content']).startswith('[compactor '))
    error, reason = REFUSED[name]
    with pytest.raises(error, match=reason):
        restore(
            sent[: at + 1] if name == 'cut behind its mark' else sent,
            MemoryArchive() if name == 'another archive' else archive,
        )


@pytest.mark.parametrize('data', [b'', b'[]', b'"x"', b'{', b'[' * 100_000, b'\xff'])
def test_bytes_that_are_no_message(data: bytes) -> None:
    """What an archive gives back may be anything: it is refused with the error that `restore` expects."""
    with pytest.raises((ValueError, RecursionError)):
        DICTS.form.load(data)
