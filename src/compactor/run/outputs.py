"""Station 1 in an agent: what its tools return is redacted and brought within its budget.

In capability mode a tool's result is taken at the tool's own hook. What no hook sees (unknown tools, refused
arguments, deferred results, native tools, and everything in processor mode) is taken when the history comes by, before
it is sent for the first time; there the results of a step are also held to what they may have together.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from compactor.archive.archive import Archive, blocks, key_of
from compactor.archive.spaces import out_of
from compactor.outputs.hint import hint_of
from compactor.outputs.level import Level
from compactor.outputs.notes import names_an_output
from compactor.outputs.own import OutputKind
from compactor.outputs.redact import redacted
from compactor.outputs.shrinker import Shrinker
from compactor.outputs.values import as_json, is_medium, put_beside
from compactor.policy import Policy
from compactor.run.archiving import Archiving
from compactor.run.clock import replayed
from compactor.run.exactly import QUICK, squeezed_result
from compactor.run.format import Place, Result, RunFormat
from compactor.run.learned import Learned
from compactor.run.model_name import ModelName
from compactor.run.reporting import Reporter
from compactor.run.run import Run
from compactor.run.state import RunState
from compactor.run.tool_names import COMPACT, RECALL
from compactor.run.weight import is_heavy
from compactor.run.within import Enclosing, call_of
from compactor.run.worker import apart
from compactor.secrets.redact import Secrets
from compactor.squeezing.squeezed import Squeezed
from compactor.strategies.clamp import height_of
from compactor.telemetry import events
from compactor.tokens.counter import Counter

if TYPE_CHECKING:
    from compactor.outputs.shrink import Shrunk

T = TypeVar('T')

UNTOUCHED = frozenset((RECALL, COMPACT, 'search_tools', 'load_capability'))
"""Tools of ours, whose answers are within a budget and without secrets already, and such whose results the framework
reads again."""
LEAST = 256
"""Tokens under which no result of a step is cut for the sake of the others."""
SAMPLE = 4_000
"""Characters counted to tell about how many tokens a long text had."""


class Outputs:
    """Takes the results of one `Compactor`'s agents; see there for what the arguments mean."""

    def __init__(
        self,
        policy: Policy,
        acting: bool,
        archiving: Archiving,
        learned: Learned,
        reporter: Reporter,
        format: RunFormat,
        reducers: Sequence[OutputKind] = (),
        tenant: str = '',
    ) -> None:
        self.tenant = tenant
        self._policy = policy
        self._budgets = policy.outputs.table()
        self._secrets = policy.outputs.patterns()
        if acting and self._secrets is not None:
            self._secrets.read_tables()
        self._acting = acting
        self._archiving = archiving
        self._archives = policy.outputs.archive and acting
        self._learned = learned
        self._reporter = reporter
        self._format = format
        self._reducers = tuple(reducers)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do, whatever comes."""
        return not self._policy.outputs.enabled and self._secrets is None

    # -- at a tool's own hook -----------------------------------------------------------------------------------

    async def returned(
        self,
        run: Run,
        state: RunState | None,
        tool: str,
        call_id: str,
        arguments: Mapping[str, Any],
        result: Any,
        failed: bool | None = None,
    ) -> Any:
        """What a tool returned, or said when it failed, within its budget; the same object if there was nothing to do.

        Args:
            run: the run.
            state: what is known of it; None before its first request.
            tool: the tool's name.
            call_id: id of the call.
            arguments: of the call.
            result: what it returned.
            failed: whether it failed; None where nobody knows.
        """
        if state is not None:
            state.beside.saw(call_id, put_beside(result))
        if self.idle or tool in UNTOUCHED:
            return result
        smaller = await self._value(run, state, tool, call_id, arguments, result, failed)
        if state is not None:
            state.taken.add(call_id)
            if smaller is not result:
                state.beside.saw(call_id, put_beside(smaller))
        return smaller if self._acting else result

    @contextmanager
    def call(self, run: Run, state: RunState | None) -> Iterator[Enclosing]:
        """Around a tool's work: other agents that it runs are within this run, which is not let go of meanwhile."""
        if state is not None:
            state.calls += 1
        try:
            with call_of(run.outermost, self.tenant) as within:
                yield within
        finally:
            if state is not None:
                state.calls -= 1

    async def handed_up(self, run: Run, state: RunState | None, within: Enclosing, value: Any) -> None:
        """Keeps what a tool's result names of the outputs of runs within it, so that this run can recall them too."""
        text = text_of(value) if within.archives else ''
        archive = self._archive(run) if names_an_output(text) else None
        blocking = archive is not None and any(map(blocks, (archive, *within.archives)))
        if archive is None or (blocking and replayed()):
            return
        work = partial(within.hand_up, text, archive)
        try:
            found = await self._archiving.asked(work) if blocking else work()
        except Exception as error:  # noqa: BLE001 - what an archive raises is its own; the result goes on as it is
            self._archiving.lost(run.id, run.name.full, error)
            return
        if state is not None:
            state.left_out = state.left_out or found

    # -- when the history comes by ------------------------------------------------------------------------------

    async def settled(self, run: Run, state: RunState, messages: list[Any]) -> list[Any]:
        """The history with its newest results within their budgets, alone and together; the same list if they were."""
        if self.idle:
            return messages
        changed: dict[Place, Any] = {}
        results: list[tuple[Result, Any]] = []
        for found in self._format.newest_results(messages):
            value = said = found.content
            if found.tool in UNTOUCHED or (isinstance(said, list) and found.retry):
                continue  # a list in a retry is the framework's own account of what was wrong with the arguments
            if found.call_id not in state.taken:
                failed = True if found.retry else None
                value = await self._value(run, state, found.tool, found.call_id, found.arguments(), said, failed)
            if found.tool not in self._policy.history.protect_tools and not self._policy.outputs.squeezes(found.tool):
                results.append((found, value))
            if value is not said:
                changed[found.place] = value
        state.taken.clear()
        async for found, value in self._together(run, state, results):
            changed[found.place] = value
        state.kept.clear()
        for words in self._format.newest_words(messages):
            # Of what nobody has seen it is not known whose it is: in every question of trust it is the tool's.
            if self._secrets is not None and state.beside.by(words.call_ids, words.text) != 'person':
                bare = redacted(words.content, self._secrets)
                if bare is not words.content:
                    changed[words.place] = bare
        if not changed or not self._acting:
            return messages
        return self._format.with_results(messages, changed)

    def widened(self, state: RunState, messages: list[Any]) -> list[Any]:
        """The history without secrets in whatever anybody says, where policy wants that; the same list if it has none.

        All of it, each message in the same way each time: a conversation is sent as it was sent before.
        """
        if self._policy.outputs.redact_sent != 'everything' or self._secrets is None or not self._acting:
            return messages
        bare = [self._bare(state, message, self._secrets) for message in messages]
        return messages if all(a is b for a, b in zip(bare, messages, strict=True)) else bare

    def _bare(self, state: RunState, message: Any, secrets: Secrets) -> Any:
        known = state.bare.get(id(message))
        if known is not None and known[0] is message:
            return known[1]
        bare = self._format.without_secrets(message, secrets)
        state.bare[id(message)] = (message, bare)
        state.bare[id(bare)] = (bare, bare)
        return bare

    async def _together(
        self, run: Run, state: RunState, results: Sequence[tuple[Result, Any]]
    ) -> AsyncIterator[tuple[Result, Any]]:
        """The largest texts of a step, cut to one height at which all results are within the step's budget."""
        if not self._policy.outputs.enabled or len(results) < 2:
            return
        counter = self._learned.counter(run.name)
        most = self._policy.outputs.step_tokens(self._trigger(run.name))
        sizes = [counter.count(text_of(value)) for _, value in results]
        if sum(sizes) <= most:
            return
        height = height_of(sizes, sum(sizes) - most, LEAST)
        for (found, value), size in zip(results, sizes, strict=True):
            if size > height and isinstance(value, str):
                shrinker = self._shrinker(run, found.tool, found.arguments())
                whole = await self._whole(run, state.kept.get(found.call_id, ''))
                yield found, await self._told(run, found.tool, shrinker, value if whole is None else whole, height)

    async def _whole(self, run: Run, handle: str) -> str | None:
        """The output that a call's result was cut from, so that a second cut is one of the whole.

        Which it was is remembered by call: what a result says of handles, anybody may have written.
        """
        archive = self._archive(run)
        if not handle or archive is None:
            return None
        work = partial(archive.get, handle)
        try:
            found = await self._archiving.asked(work) if self._archiving.blocking and not replayed() else work()
            data = out_of('output', found)
        except Exception:  # noqa: BLE001 - what an archive raises is its own; what is left of the output is cut then
            return None
        return None if data is None else data.decode('utf-8', 'surrogatepass')

    def _archive(self, run: Run) -> Archive | None:
        """Where whole outputs go; None where nowhere, or where the archive is left alone for a while."""
        archiving = self._archiving.of(run.conversation)
        return archiving.archive if self._archives and archiving.ready else None

    async def _cut(self, value: Any, shrinker: Shrinker, work: Callable[[Shrinker], T]) -> T:
        """Has a result cut: what is large beside the event loop, and what an archive that blocks is to keep."""
        if replayed():
            return work(shrinker)
        archive = shrinker.archive
        if not is_heavy(value):
            if archive is None or not blocks(archive):
                return work(shrinker)
            wanted, shrunk = _Wanted(), list[Any]()
            done = work(replace(shrinker, archive=wanted, on_shrunk=shrunk.append, on_lost=None))
            if not wanted.asked and not shrunk:
                return done
        timed = self._archiving.timed(archive)
        return await apart(partial(work, replace(shrinker, archive=timed)))

    # -- both ---------------------------------------------------------------------------------------------------

    def _shrinker(self, run: Run, tool: str, arguments: Mapping[str, Any]) -> Shrinker:
        outputs = self._policy.outputs
        return Shrinker(
            hint_of(tool, arguments),
            self._learned.counter(run.name),
            outputs.narrowing,
            run.prompt,
            self._archive(run),
            self._secrets,
            reducers=self._reducers,
            head_lines=outputs.head_lines,
            tail_lines=outputs.tail_lines,
            keeps=self._policy.archive.secrets == 'keep',
        )

    async def _value(
        self,
        run: Run,
        state: RunState | None,
        tool: str,
        call_id: str,
        arguments: Mapping[str, Any],
        value: Any,
        failed: bool | None = None,
    ) -> Any:
        """A result redacted and within its own budget, which counts towards the run's."""
        shrinker = self._shrinker(run, tool, arguments)
        if self._policy.outputs.squeezes(tool):
            return await self._squeezed(run, state, tool, shrinker, value)
        if not self._policy.outputs.enabled or tool in self._policy.history.protect_tools:
            return await self._cut(value, shrinker, lambda shrinker: shrinker.redacted(value))
        used, spent = (state.used, state.spent) if state is not None else (0, 0)
        tokens = self._budgets.of_call(
            tool, shrinker.hint.family, trigger=self._trigger(run.name), used=used, spent=spent
        )
        kept: list[str] = []
        shrinker = replace(shrinker, on_kept=kept.append)
        smaller = await self._told(run, tool, shrinker, value, tokens, failed)
        if state is not None and isinstance(value, str) and kept and smaller is not value:
            # Ids may repeat: of two results with one id, nobody can tell which was cut from what.
            state.kept[call_id] = '' if call_id in state.kept else kept[-1]
        if state is not None and self._budgets.run is not None:
            state.spent += shrinker.counter.count(text_of(smaller))
        if state is not None and smaller is not value and self._acting:
            state.left_out = state.left_out or self._archive(run) is not None
            state.trimmed += max(0, about(text_of(value), shrinker.counter) - about(text_of(smaller), shrinker.counter))
        return smaller

    async def _squeezed(self, run: Run, state: RunState | None, tool: str, shrinker: Shrinker, value: Any) -> Any:
        """A result redacted, and made smaller as far as nothing is lost; an event for what was."""
        told: list[Squeezed] = []
        work = partial(_exactly, shrinker, value, told.append)
        smaller = work() if replayed() or len(text_of(value)) <= QUICK else await apart(work)
        for squeezed in told:
            if state is not None and self._acting:
                state.trimmed += squeezed.original_tokens - squeezed.result_tokens
            if self._reporter.listening:
                size = squeezed.original_tokens, squeezed.result_tokens
                self._reporter.emit(
                    events.OutputReduced(
                        run.id, run.name.full, tool, squeezed.format, Level.FULL.value, *size, not self._acting
                    )
                )
        return smaller

    async def _told(
        self, run: Run, tool: str, shrinker: Shrinker, value: Any, tokens: int, failed: bool | None = None
    ) -> Any:
        """A result within so many tokens, and an event for what was made smaller."""
        told: list[Shrunk] = []
        lost: list[Exception] = []
        shrinker = replace(shrinker, on_shrunk=told.append, on_lost=lost.append)
        try:
            smaller = await self._cut(
                value,
                shrinker,
                lambda shrinker: shrinker.value(
                    value, tokens, stderr=self._budgets.stderr, failed=failed, streams=self._budgets.streams(tool)
                ),
            )
        except Exception as error:  # noqa: BLE001 - tools return anything; the agent goes on with what they returned
            said = shrinker.redacted(f'{type(error).__name__}: {error}')
            self._reporter.emit(events.OutputFailed(run.id, run.name.full, tool, said))
            return shrinker.redacted(value)
        for loss in lost[:1]:
            self._archiving.lost(run.id, run.name.full, loss)
        if told and self._reporter.listening:
            self._reporter.emit(
                events.OutputReduced(
                    run.id,
                    run.name.full,
                    tool,
                    told[-1].name,
                    told[-1].level.value,
                    sum(about(shrunk.original, shrinker.counter) for shrunk in told),
                    sum(shrunk.tokens_after for shrunk in told),
                    not self._acting,
                )
            )
        return smaller

    def _trigger(self, name: ModelName) -> int:
        return self._policy.history.limits(self._learned.window(name)).trigger


def _exactly(shrinker: Shrinker, value: Any, on_squeezed: Callable[[Squeezed], None]) -> Any:
    return squeezed_result(shrinker.redacted(value), shrinker.counter, on_squeezed)


class _Wanted:
    """Stands in for an archive while it is tried whether one is needed; keeps nothing."""

    def __init__(self) -> None:
        self.asked = False

    def put(self, data: bytes) -> str:
        """See `Archive.put`."""
        self.asked = True
        return key_of(data)

    def get(self, key: str) -> bytes | None:
        """See `Archive.get`."""
        self.asked = True
        return None


def text_of(value: Any) -> str:
    """What the model reads of a result, for counting; media among its items are counted elsewhere."""
    if isinstance(value, list | tuple):
        value = [item for item in value if not is_medium(item)]
    return value if isinstance(value, str) else as_json(value) or ''


def about(text: str, counter: Counter) -> int:
    """Tokens of a text; of a long one about, from its beginning: counting it whole would cost more than cutting it."""
    if len(text) <= 4 * SAMPLE:
        return counter.count(text)
    return counter.count(text[:SAMPLE]) * len(text) // SAMPLE
