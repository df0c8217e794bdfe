"""What every room of a `Compactor` has in common: its parts, and which compactor a model's requests go through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic_ai import RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage
from pydantic_ai.tools import AgentDepsT

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.agent.by_name import ByName
from compactor.adapters.pydantic_ai.agent.remembered import Remembered
from compactor.adapters.pydantic_ai.agent.sending import Sending
from compactor.adapters.pydantic_ai.models import chooser_in
from compactor.adapters.pydantic_ai.served import told_by_servers
from compactor.archive.archive import Archive
from compactor.policy import Policy
from compactor.run.clock import replayed
from compactor.run.frames import Frames
from compactor.run.learned import Learned
from compactor.run.life import Life
from compactor.run.reporting import Reporter
from compactor.run.requests import Mode, Requests
from compactor.run.runs import Runs
from compactor.run.state import RunState
from compactor.run.tasks import Tasks
from compactor.run.walls import Capacity

if TYPE_CHECKING:
    from compactor.run.accounts import Accounts


class Plugged(AbstractCapability[AgentDepsT]):
    """The parts of a `Compactor`, which makes them; what each does is told where it is defined."""

    _by_name: ByName[Any] | None
    _learned: Learned
    _runs: Runs[RunState]
    _reporter: Reporter
    _persist: bool | None
    _remembered: Remembered | None
    _frames: Frames
    _archive: Archive | None
    _requests: Requests
    _tasks: Tasks
    _accounts: Accounts | None
    _capacity: Capacity | None
    _sending: Sending
    _life: Life

    @property
    def policy(self) -> Policy:
        """Every number."""
        return self._requests.policy

    @property
    def mode(self) -> Mode:
        """Whether it acts or only observes."""
        return self._requests.mode

    @property
    def persist(self) -> bool | None:
        """Whether the run's own record is rewritten too."""
        return self._persist

    @property
    def archive(self) -> Archive | None:
        """Where what was taken out of histories is kept; None where nothing is."""
        return self._archive

    def _suiting(self, model: Any, run: str | None = None) -> Self:
        """This one, or with the preset 'auto' the one whose policy suits the model."""
        suiting: Self = self if self._by_name is None else self._by_name.suiting(model, run)
        return suiting

    async def _choose(
        self, ctx: RunContext[Any], model: Any, messages: list[ModelMessage], settings: Any, state: RunState
    ) -> None:
        """Asks local servers for their windows, and lets a `CapacityModel` look ahead.

        History and `max_tokens` are then made for the model that answers.
        """
        chooser = chooser_in(model) if self.mode == 'act' else None
        if self.policy.tokens.ask_servers and not replayed() and not compat.in_durable_context(ctx):
            for told in await told_by_servers(model):
                self._learned.serve(told.name, told.served.window)
                if chooser is not None:
                    chooser.serve(told.name, told.served.window)
        if chooser is not None:
            await chooser.choose(ctx.run_id, state.used, messages, settings)
