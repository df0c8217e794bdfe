"""What an agent gets again after a compaction is noticed, told and booked: recalled, read again, run again."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo

from compactor import Compactor, Ledger, Store
from compactor.history.message import CALL, RESULT, Message, Part, message_of
from compactor.ledger.reacquired import Reacquired, summed
from compactor.run.reacquiring import Taken, fingerprint
from compactor.telemetry import events
from tests.adapters.driver import Log, Script, as_capability, by_run, call, drive, reading_agent, say
from tests.adapters.test_recall import ARCHIVED, ROUNDS, archiving


def pair(tool: str, arguments: str, tokens: int = 50, call_id: str = 'c') -> tuple[Message, Message]:
    """A call with its result."""
    asked, told = Part(CALL, object(), 5, arguments, call_id, tool), Part(RESULT, object(), tokens, 'x', call_id, tool)
    return message_of('response', (asked,)), message_of('request', (told,))


def seen(taken: Taken, *pairs: tuple[Message, Message]) -> list[Reacquired]:
    """What is got again by these calls, of a history that has nothing else new."""
    taken.seen = 0
    return [one for one, _ in taken.again([message for two in pairs for message in two])]


READ = pair('read_file', '{"path": "src/a.py", "offset": 1, "limit": 20}')
TESTS = pair('bash', '{"command": "pytest -q"}')


@pytest.mark.parametrize(
    ('again', 'way'),
    [
        (pair('read_file', '{"limit":20,"offset":1,"path":"src/a.py"}'), 'reread'),
        (pair('read_file', '{"path": "src/a.py"}'), 'reread'),
        (pair('bash', '{"command": "cat src/a.py"}'), 'reread'),
        (pair('bash', '{"command":"pytest -q"}'), 'rerun'),
        (pair('recall', '{"step": 3}'), 'recall'),
        (pair('read_file', '{"path": "src/b.py"}'), None),
        (pair('bash', '{"command": "pytest"}'), None),
        (pair('bash', 'not json'), None),
    ],
    ids=['other order', 'whole file', 'by a shell', 'rerun', 'recall', 'another file', 'another command', 'no JSON'],
)
def test_what_counts_as_got_again(again: tuple[Message, Message], way: str | None) -> None:
    """The same call in any order of its arguments, any reading of the same file, and whatever is recalled."""
    taken = Taken()
    taken.take([*READ, *TESTS], [])
    found = seen(taken, again)
    assert [(one.way, one.tokens) for one in found] == ([(way, 50)] if way else [])
    assert way == 'recall' or not seen(taken, again)  # it stands in the history again


def test_what_was_kept_is_not_got_again() -> None:
    """Only results that went, or were cut, count; before a compaction nothing does."""
    taken = Taken()
    assert seen(taken, READ, TESTS, READ) == []
    taken.take([*READ, *TESTS], [*READ])
    assert seen(taken, READ) == []
    cut = message_of('request', (READ[1].parts[0].with_text('[…]', 2),))
    taken.take([*READ], [READ[0], cut])
    assert [one.way for one in seen(taken, READ)] == ['reread']


def test_only_what_is_new_is_looked_at() -> None:
    """A history that did not grow costs nothing, and one that grew is read from where it ended."""
    taken = Taken()
    taken.take([*TESTS], [])
    assert [one.way for one, _ in taken.again([*TESTS])] == []  # the first look: nothing is new to it
    assert [one.way for one, _ in taken.again([*TESTS])] == []
    assert [one.way for one, _ in taken.again([*TESTS, *READ])] == []
    assert [one.way for one, _ in taken.again([*TESTS, *READ, *TESTS])] == ['rerun']


def test_fingerprints_and_sums() -> None:
    """Whatever a model writes as arguments has one; sums go by tool and way."""
    for odd in ('', '[', '{"a": [[1]]}', '\ud800', '[' * 5_000):
        assert len(fingerprint(Part(CALL, None, 1, odd, 'c', 't'))) == 24
    some = [Reacquired('read', 'reread', 5), Reacquired('bash', 'rerun', 9), Reacquired('read', 'reread', 7)]
    assert summed(some) == (Reacquired('read', 'reread', 12, 2), Reacquired('bash', 'rerun', 9, 1))


def greedy(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Reads one file a round, then the second once more, then recalls a step, then answers."""
    if k < ROUNDS:
        return call(k)
    if k == ROUNDS:
        return call(2)
    if k == ROUNDS + 1:
        return ModelResponse(parts=[ToolCallPart('recall', {'query': 'line'}, tool_call_id='recall')])
    return say('Done.')


def test_it_is_told_and_booked(tmp_path: Path) -> None:
    """An event each, the entry of the request that carries it, sums in the report; all survive in the store."""
    log = Log()
    with Store.open(tmp_path / 'store.db') as store:
        compactor: Compactor[None] = Compactor(archiving(ARCHIVED), store=store, on_event=log)
        drive(by_run, reading_agent(Script(greedy), **as_capability(compactor)), 'Go.')
        told = log.of(events.Reacquired)
        assert [(one.tool, one.way) for one in told] == [('read', 'rerun'), ('recall', 'recall')]
        assert all(one.tokens > 0 for one in told)
        ledger = Ledger(store)
        booked = [again for entry in ledger.entries() for again in entry.reacquired]
        assert [(one.tool, one.way, one.tokens) for one in booked] == [(o.tool, o.way, o.tokens) for o in told]
        assert {(one['tool'], one['times']) for one in ledger.get_optimization_report()['reacquired']} == {
            ('read', 1),
            ('recall', 1),
        }
        assert ledger.reacquired(until=0.0) == ()
