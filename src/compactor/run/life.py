"""How a `Compactor` lives and ends: what is under way beside its runs, and what it has opened itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from compactor.run.circuit import given_up
from compactor.run.run import Run
from compactor.run.runs import Runs
from compactor.run.state import RunState
from compactor.run.threads import idle
from compactor.run.worker import quiet

if TYPE_CHECKING:
    from compactor.run.accounts import Accounts
    from compactor.store.engine import Store

LONGEST = 0.5
"""Seconds that the end of a run waits for a summary that it has cancelled."""
LAST = 10.0
"""Seconds that `aclose` waits for a store and for what it has cancelled."""
PAUSE = 0.005
"""Seconds between two looks at the threads."""


class Life:
    """The work of one `Compactor` that nobody waits for.

    Args:
        runs: the runs that are known.
        accounts: the ledger; None without a store.
        store: the store that it has opened itself, and closes; None where it was handed one, or has none.
    """

    def __init__(self, runs: Runs[RunState], accounts: Accounts | None, store: Store | None) -> None:
        self._runs = runs
        self._accounts = accounts
        self._store = store

    async def forgotten(self, state: RunState, run: Run) -> None:
        """Ends what was under way for a run that is over, and writes down what it has cost."""
        task = state.drop_ahead()
        if task is not None:
            await given_up([task], LONGEST)
        if self._accounts is not None:
            await self._accounts.flush(run)

    async def aclose(self) -> None:
        """See `Compactor.aclose`; waits no longer than `LAST` seconds for anything."""
        tasks = [task for state in self._runs.all() if (task := state.drop_ahead()) is not None]
        await given_up(tasks, LAST)
        if self._accounts is not None:
            await self._accounts.flush()
        until = asyncio.get_running_loop().time() + LAST
        while not (idle() and quiet()) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(PAUSE)
        if self._store is not None:
            self._store.close()
