"""The ledger tells what each request was made of, and what was compacted for which."""

from __future__ import annotations

from pathlib import Path

from compactor import Compactor, Store
from compactor.ledger.context import SHOWN
from compactor.store.entries import Ledger
from compactor.watching import views
from tests.adapters.driver import Script, as_capability, by_run, drive, reading_agent, rounds, small


def test_every_request_tells_what_it_was_made_of(tmp_path: Path) -> None:
    """By part, nearly all of what was counted (framing is not a part); a compaction names its size before."""
    with Store.open(tmp_path / 'store.db') as store:
        agent = reading_agent(Script(rounds(12)), name='reader', **as_capability(Compactor(small(), store=store)))
        drive(by_run, agent, 'Go.')
        contexts = [entry.context for entry in Ledger(store).entries()]
        shown = views.sessions(store)[0]
    assert len(contexts) == 12
    for context in contexts:
        assert context is not None
        assert context.window == 10_000
        assert set(context.parts) <= set(SHOWN)
        assert 0.9 * context.tokens < sum(context.parts.values()) <= context.tokens
        assert {'instructions', 'tools', 'user'} <= set(context.parts)
    cuts = [context for context in contexts if context is not None and context.before]
    assert cuts
    assert all(cut.before > 4_000 > cut.tokens and cut.strategies for cut in cuts)
    assert 'digest' in cuts[-1].parts
    assert contexts[0] is not None
    assert 'results' not in contexts[0].parts
    assert shown['compactions'] == len(cuts)
