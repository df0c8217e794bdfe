"""A model provider on the loopback interface that refuses what the real ones refuse."""

import functools
import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, TracebackType

from compactor.testing import limit_words, rules_anthropic, rules_openai, thinking, wire_anthropic, wire_openai
from compactor.testing.account import Account, Denial
from compactor.testing.count import request_tokens
from compactor.testing.exchange import Api, Body, Failure, Recorded, Refusal, Reply, Respond, Turn
from compactor.testing.limit_headers import headers, refusal_headers
from compactor.testing.limits import RateLimits
from compactor.testing.local_servers import WAYS, Way, truncated
from compactor.testing.loopback import Answer, Handler, Server, as_events, as_json, with_headers
from compactor.testing.rule import Problem, Request, Rule, first_refusal
from compactor.testing.spoken import Spoken
from compactor.testing.tally import LimitsReport
from compactor.testing.turns import turns_of

_PATHS: dict[Api, str] = {'openai': '/v1/chat/completions', 'anthropic': '/v1/messages'}
_RULES: dict[Api, tuple[Rule, ...]] = {
    'openai': rules_openai.OPENAI_RULES,
    'anthropic': rules_anthropic.ANTHROPIC_RULES,
}
_WIRES: dict[Api, ModuleType] = {'openai': wire_openai, 'anthropic': wire_anthropic}
_OVERFLOWS: dict[Api, Callable[[int, int], Problem]] = {
    'openai': rules_openai.overflow,
    'anthropic': rules_anthropic.overflow,
}
_CALL_IDS: dict[Api, str] = {'openai': 'call', 'anthropic': 'toolu'}


class StrictProvider:
    """A loopback HTTP server that speaks OpenAI chat completions and Anthropic messages, streamed and not.

    A request that breaks a rule of the real API gets status 400 with that API's error JSON and words; the
    rules are `OPENAI_RULES` and `ANTHROPIC_RULES`. Any other gets what `reply` answers. Use it as a context
    manager and point a real SDK at it; any API key and model name will do::

        with StrictProvider(lambda turn: Reply('hello')) as server:
            client = openai.OpenAI(base_url=server.openai_url, api_key='test', max_retries=0)

    Args:
        reply: The model: a function from a lawful request to its answer, or to a fault to play. It is called
            in the server's threads, at the same time for requests that overlap. An exception in it, or in
            `count`, is answered with status 500 and raised again when the `with` block ends.
        window: The model's input window in tokens; None (the default) is unlimited. Room for the answer is
            not taken from it.
        count: Counts the tokens of a text. The default is exact for GPT-4o, offline.
        thinking: Whether the model thinks when a request says nothing about it, as with
            `thinking={'type': 'enabled'}` (Anthropic wire only). A request that does say is believed.
        bound_thinking: Plays the newer Claude models: thinking is on by default (adaptive), and a thinking
            block is refused once anything before it has changed, unless the request sets
            `thinking.block_binding.prefix_mismatch_behavior` to `drop_block`.
        limits: The rate limits that it keeps; None (the default) is unlimited. A request that breaks a rule
            does not count, and `reply` is not asked about one that is over a limit.
        way: A server that people run themselves, by name or as a `Way` of one's own: what it does with a request over
            the window, in whose words, what it tells of its window, and which usage it reports (the OpenAI wire only;
            `local_servers.WAYS`). None (the default) refuses as OpenAI and Anthropic do, and tells nothing.
        latency: Seconds before an answer, or a function of the request; real seconds, whatever the limits'
            clock says. A request that is waiting counts as one at the same time.

    Attributes:
        requests: Every request in the order of its answer, refused ones included.
    """

    def __init__(
        self,
        reply: Respond,
        window: int | None = None,
        count: Callable[[str], int] | None = None,
        thinking: bool = False,
        bound_thinking: bool = False,
        limits: RateLimits | None = None,
        latency: float | Callable[[Turn], float] = 0.0,
        way: str | Way | None = None,
    ) -> None:
        self.requests: list[Recorded] = []
        self._reply = reply
        self._window = window
        # A conversation sends the same texts again and again: each is counted once.
        self._count = functools.lru_cache(maxsize=10_000)(count or _exact_count)
        self._thinking = 'adaptive' if bound_thinking else 'enabled' if thinking else None
        self._bound = bound_thinking
        self._account = None if limits is None else Account(limits)
        self._latency = latency
        self._way = WAYS[way] if isinstance(way, str) else way
        self._before = 0
        self._lock = threading.Lock()
        self._turns = itertools.count(1)
        self._calls = itertools.count(1)
        self._unthought: set[str] = set()
        self._fault: Exception | None = None
        self._running: tuple[Server, threading.Thread] | None = None

    @property
    def refusals(self) -> list[Recorded]:
        """The refused requests; each says in `refusal.rule` which rule it broke."""
        return [recorded for recorded in self.requests if recorded.refusal]

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI's SDK. Raises RuntimeError outside the `with` block."""
        return f'{self._origin}/v1'

    @property
    def anthropic_url(self) -> str:
        """The base URL for Anthropic's SDK. Raises RuntimeError outside the `with` block."""
        return self._origin

    def limits_report(self) -> LimitsReport:
        """What became of the requests by the account's own counts. Raises RuntimeError without limits."""
        if self._account is None:
            raise RuntimeError('StrictProvider counts against limits only if it was given some: limits=RateLimits(...)')
        return self._account.report()

    @property
    def _origin(self) -> str:
        if self._running is None:
            raise RuntimeError('StrictProvider has an address only inside its `with` block')
        return f'http://127.0.0.1:{self._running[0].server_address[1]}'

    def __enter__(self) -> 'StrictProvider':
        routes = {path: functools.partial(self.answer, api) for api, path in _PATHS.items()}
        told = {path: functools.partial(self._tell, path) for path in (self._way.tells if self._way else ())}
        routes.update({path: route for path, route in told.items() if path.startswith('/api/show')})
        server = Server(('127.0.0.1', 0), functools.partial(Handler, routes, told))
        # The poll interval bounds how long it takes to leave the block.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self._running = (server, thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._running is not None
        server, thread = self._running
        self._running = None
        server.shutdown()
        server.server_close()
        thread.join()
        if self._fault is not None and error is None:
            raise self._fault

    def answer(self, api: Api, raw: bytes) -> Answer:
        """Judge a request and answer it: all that the server does with what it receives.

        Args:
            api: The wire it came over.
            raw: The request's body as it was sent, well formed or not.
        """
        body = _decoded(raw)
        request, kept = Request(body or {}), None
        refusal: Refusal | None = Refusal('json', _WIRES[api].MALFORMED)
        try:
            if body is not None:
                request, refusal = self._judged(api, body)
            over = None if refusal else self._over(api, request)
            if isinstance(over, Answer):
                refusal, answer = Refusal('window', over.content.decode()), over
            else:
                request, kept = (replace(request, body=over[0]), over[1]) if over else (request, None)
                answer = self._refused(api, refusal) if refusal else self._limited(api, request, kept)
        except Exception as error:  # noqa: BLE001 (kept: leaving the block raises it where the test can see it)
            self._fault, refusal = error, None
            answer = as_json(500, _WIRES[api].failed(500, f'the test raised {error!r}'))
        with self._lock:  # Written down before it leaves: whoever has the answer finds the request.
            streamed = request.body.get('stream') is True
            recorded = Recorded(api, body or {}, request.tokens, streamed, refusal, answer.status, kept)
            self.requests.append(recorded)
        return answer

    def _judged(self, api: Api, body: Body) -> tuple[Request, Refusal | None]:
        mode = self._thinking if api == 'anthropic' else None
        asked = body.get('thinking')
        if api == 'anthropic' and isinstance(asked, dict):
            mode = None if asked.get('type') == 'disabled' else str(asked.get('type'))
        with self._lock:
            unthought = frozenset(self._unthought)
        try:
            tokens = request_tokens(body, self._count)
            window = None if self._way is not None and api == 'openai' else self._window
            request = Request(body, tokens, window, mode, self._bound, unthought)
            return request, first_refusal(_RULES[api], request)
        except RecursionError:  # It could be decoded, only just: nested too deep to be walked through.
            return Request(body), Refusal('json', _WIRES[api].MALFORMED)

    def _over(self, api: Api, request: Request) -> Answer | tuple[Body, int] | None:
        """What a server does with a request over its window: its refusal, or what it keeps, with its tokens."""
        way, window = self._way, self._window
        if way is None or window is None or api != 'openai':
            return None
        answer = _asked_output(request.body, 0) if way.with_answer else 0
        if request.tokens + answer <= window:
            return None
        if way.over == 'refuses':
            return as_json(way.status, way.words(request.tokens, answer, window))
        kept = truncated(request.body, window, lambda body: request_tokens(body, self._count))
        return kept, min(window, request_tokens(kept, self._count))

    def _tell(self, path: str, _: bytes) -> Answer:
        assert self._way is not None
        return as_json(200, self._way.tells[path]('model', self._window or 131_072))

    def _refused(self, api: Api, refusal: Refusal) -> Answer:
        return as_json(400, _WIRES[api].refused(refusal))

    def _limited(self, api: Api, request: Request, kept: int | None = None) -> Answer:
        """Answer a lawful request if the limits have room for it."""
        if self._account is None:
            return self._replied(api, request, kept)[0]
        limits = self._account.limits
        admission = self._account.admit(request.tokens, _asked_output(request.body, limits.unnamed_output))
        if isinstance(admission, Denial):
            body = limit_words.refusal(api, limits.style, str(request.body.get('model')), admission)
            return as_json(429, body, refusal_headers(limits, admission))
        output_tokens: int | None = None
        try:
            answer, output_tokens = self._replied(api, request, kept)
        finally:
            self._account.settle(admission, output_tokens)
        # Real ones know what remains when they let a request in, not what its answer will give back.
        return with_headers(answer, headers(limits, admission.standings, admission.at))

    def _replied(self, api: Api, request: Request, kept: int | None) -> tuple[Answer, int | None]:
        """Answer a request; with the answer's tokens, None if it is a failure."""
        with self._lock:
            number = next(self._turns)
        turn = Turn(api, number, request.body)
        latency = self._latency(turn) if callable(self._latency) else self._latency
        if latency > 0:
            time.sleep(latency)
        reply = self._reply(turn)
        if isinstance(reply, Failure):
            return self._failed(api, reply, request.tokens), None
        return self._spoken(api, request, reply, number, kept)

    def _failed(self, api: Api, failure: Failure, tokens: int) -> Answer:
        wire, headers = _WIRES[api], dict(failure.headers)
        if failure.body is not None:
            return as_json(failure.status, failure.body, headers)
        if failure.code == 'context_length_exceeded' and not failure.message:
            problem = _OVERFLOWS[api](tokens, self._window or max(tokens - 1, 0))
            refusal = Refusal('window', problem.message, problem.param, problem.code)
            return as_json(failure.status, wire.refused(refusal), headers)
        return as_json(failure.status, wire.failed(failure.status, failure.message, failure.code), headers)

    def _spoken(self, api: Api, request: Request, reply: Reply, number: int, kept: int | None) -> tuple[Answer, int]:
        signature = _signature(request, reply)
        said = [reply.text, *(call.name + json.dumps(dict(call.args)) for call in reply.calls)]
        if signature is not None:
            said.append(reply.thinking or '')
        with self._lock:
            ids = tuple(call.id or f'{_CALL_IDS[api]}_{next(self._calls):024d}' for call in reply.calls)
            if request.thinking is not None and signature is None:
                self._unthought.update(ids)
        output_tokens = sum(map(self._count, said))
        reported = request.tokens if kept is None else kept
        if self._way is not None and api == 'openai':
            with self._lock:
                before, self._before = self._before, reported
            reported = self._way.reported(reported, before, self._window)
        spoken = Spoken(request.body, reply, ids, number, reported, output_tokens, signature)
        if request.body.get('stream') is True:
            return as_events(_WIRES[api].stream(spoken)), output_tokens
        return as_json(200, _WIRES[api].answer(spoken)), output_tokens


def _decoded(raw: bytes) -> Body | None:
    """Decode a request; None if it is no JSON object."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _asked_output(body: Body, unnamed: int) -> int:
    """The most that a request lets the model answer, under any of the APIs' names."""
    for name in ('max_completion_tokens', 'max_tokens'):
        asked = body.get(name)
        if isinstance(asked, int) and asked > 0:
            return asked
    return unnamed


def _signature(request: Request, reply: Reply) -> str | None:
    if reply.thinking is None or request.thinking is None:
        return None
    *_, here = thinking.walk(request.body, turns_of(request.body))
    return thinking.sign('' if reply.redacted else reply.thinking, here.prefix, here.previous)


def _exact_count(text: str) -> int:
    from compactor.tokens.counter import counter_for

    return counter_for('gpt-4o').base(text)
