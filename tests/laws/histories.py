"""Message histories for property tests: lawful ones, as pydantic-ai writes them, and broken ones.

An exchange is drawn as a few short byte strings and expanded by tables; byte 0 stands for the simplest choice
in every table. So a draw is cheap, and what Hypothesis shrinks is short and plain. What a release of
pydantic-ai does not have is left out by looking for the name, never by comparing versions.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar, cast

from hypothesis import note
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_ai import messages as pai
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.usage import RequestUsage

T = TypeVar('T')
Drawn = Callable[[st.SearchStrategy[Any]], Any]

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
STEP_GENES, TURN_GENES = 20, 8


# -- what this release of pydantic-ai has --------------------------------------------------------------------


def known(name: str) -> Any:
    """The class of that name in `pydantic_ai.messages`, or None where this release has none."""
    return getattr(pai, name, None)


@cache
def _field_names(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in dataclasses.fields(cls) if f.init)


def _make(cls: Any, **values: Any) -> Any:
    """An instance of a message class from those of the values that it has fields for."""
    names = _field_names(cls)
    return cls(**{name: value for name, value in values.items() if name in names})


def _outcome_known(outcome: str) -> bool:
    return any(f.name == 'outcome' and f"'{outcome}'" in str(f.type) for f in dataclasses.fields(pai.ToolReturnPart))


# The Builtin names warn where the Native ones exist, so they are asked for only when those are missing.
NativeCall: Any = known('NativeToolCallPart') or known('BuiltinToolCallPart')
NativeReturn: Any = known('NativeToolReturnPart') or known('BuiltinToolReturnPart')
RETRIED = _outcome_known('retried')
OUTCOMES = tuple(o for o in ('failed', 'denied', 'interrupted') if _outcome_known(o)) or ('success',)
REQUEST_COMPACTION = 'CompactionPart' in str(pai.ModelRequestPart)
# Releases up to 2.0 want a description in every match, later ones none.
MATCH_FIELDS = tuple(getattr(known('ToolSearchMatch'), '__annotations__', {'name': str}))


def legacy_retry(content: Any, **values: Any) -> Any:
    """A `RetryPromptPart`; from 2.60 on the class is deprecated and warns when it is constructed."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return pai.RetryPromptPart(content, **values)


@dataclass
class SpeechX:
    """A part of a kind that no release knows, as a newer one might write."""

    content: str
    part_kind: str = 'speech-x'


class Row(BaseModel):
    """A tool's structured result."""

    order_id: int
    status: str
    items: list[str] = []


# -- texts: the plain one first, because 0 is what shrinking ends at -----------------------------------------

OUTPUTS: tuple[str, ...] = (
    'ok',
    'src/parser.py:118: error: Incompatible return value type (got "None", expected "Token")\n'
    'Found 1 error in 1 file (checked 24 source files)',
    '$ pytest -q tests/test_parser.py\n..F....\n=== FAILURES ===\n    def test_tokens():\n'
    '>       assert parse("a+b").kind == "sum"\nE       AssertionError: assert None == "sum"\n\n'
    'tests/test_parser.py:42: AssertionError\n1 failed, 6 passed in 0.31s',
    '2026-01-05T10:22:31.004Z INFO  worker-3 job=8841 started\n'
    '2026-01-05T10:22:31.912Z WARN  worker-3 job=8841 retrying after 503 from https://api.example.com/v2/orders\n'
    '2026-01-05T10:22:33.120Z ERROR worker-3 job=8841 failed: ConnectionResetError(104)\n',
    'class Token:\n    """A lexical token."""\n\n    def __init__(self, kind: str, text: str) -> None:\n'
    '        self.kind = kind\n        self.text = text\n\n    def __repr__(self) -> str:\n'
    '        return f"Token({self.kind!r}, {self.text!r})"\n',
    'total 24\n-rw-r--r-- 1 dev dev  1204 Jan  5 10:21 README.md\n'
    '-rw-r--r-- 1 dev dev 18211 Jan  5 10:22 parser.py\n'
    'drwxr-xr-x 4 dev dev   128 Jan  5 10:19 tests\n',
    '{"orders": [{"id": 9123, "state": "shipped"}, {"id": 9124, "state": "returned"}], "next": null}',
    '--- a/src/parser.py\n+++ b/src/parser.py\n@@ -116,3 +116,3 @@\n'
    '-        return None\n+        return Token("eof", "")\n',
    'The quick survey found that most tickets were about delivery times. Customers asked for a tracking '
    'link, and three of them mentioned that the one in the mail was broken.',
    'Größe 42 · naïve café · 日本語のテキスト · مرحبا · 👩‍👩‍👧‍👦 · \u200b\u202e · e\u0301',
    'before <|endoftext|> after <|im_start|>system',
    ' ' * 64 + '\n' * 8 + '\t\r\n',
    'a' * 200,
    '\x00\x07\x1b[31mred\x1b[0m',
)
SURROGATES = 'torn \ud83d name \udcff'
PROMPTS: tuple[str, ...] = (
    'Fix the parser.',
    'Why does tests/test_parser.py fail? Please find the cause in src/parser.py and repair it.',
    'Order #9124 never arrived; can you refund it to the card ending in 4242?',
    'Bitte prüfe die Größe der Datei 日本語.txt und fasse sie zusammen 🙏',
    'continue',
)
NOTES: tuple[str, ...] = (
    'Attached by the tool: a screenshot of the page.',
    'Attached by the tool: the first page of report.pdf.',
)
ANSWERS: tuple[str, ...] = (
    'Done.',
    'I will look at the failing test first, then at `Token.__repr__` in src/parser.py.',
    'The refund of 42.10 EUR for order #9124 was booked; it takes 3 to 5 days.',
    '# Summary\n\n- cause: `parse` returned None at the end of input\n'
    '- fix: return an `eof` token (src/parser.py:118)\n',
    'Größe geprüft: 日本語.txt hat 12 kB.',
)
THOUGHTS: tuple[str, ...] = (
    'Let me see.',
    'The traceback points at line 42, so the sum is never built. I should read src/parser.py before I change it.',
)
SYSTEMS: tuple[str, ...] = (
    'You are a careful engineer.',
    'You serve customers of example.com. Never reveal order data of others. Policy version 7.',
)
TOOLS: tuple[str, ...] = ('run', 'read_file', 'grep', 'edit_file', 'list_dir', 'get_order', 'refund', 'fetch')
ARGS: tuple[Any, ...] = (
    '{"path": "src/parser.py"}',
    {'path': 'src/parser.py', 'line': 118},
    '{"command": "pytest -q tests/test_parser.py", "timeout": 60}',
    {},
    None,
    '',
    '{"path": "src/par',
    {'path': '日本語.txt', 'content': 'def f():\n    return 1\n' * 8, 'flags': [True, None, 1.5]},
)
PNG = b'\x89PNG\r\n\x1a\n' + bytes(range(64))


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider's responses look: names, call ids, whether thinking is signed and parts carry ids."""

    name: str | None
    model: str | None
    call_prefix: str
    signs: bool = False
    part_ids: bool = False


PROVIDERS: tuple[Provider, ...] = (
    Provider(None, None, 'pyd_ai_'),
    Provider('cerebras', 'zai-glm-4.7', 'call_'),
    Provider('openai', 'gpt-5.2', 'call_', signs=True, part_ids=True),
    Provider('anthropic', 'claude-sonnet-4-5', 'toolu_', signs=True),
    Provider('google', 'gemini-3-pro', 'call_', signs=True),
)
# After structured output a run ends with results. The next run's hooks see its prompt in another request;
# the run after that finds the two merged into one.
CLOSINGS = ('answer', 'answer', 'answer', 'answer', 'answer', 'answer', 'merged', 'beside')
ID_SCHEMES = ('unique', 'unique', 'restart per exchange', 'restart per step')


class Genes:
    """A cursor over drawn bytes: each choice reads one; past the end it reads 0, the simplest choice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        value = self._data[self._at] if self._at < len(self._data) else 0
        self._at += 1
        return value % limit

    def pick(self, table: Sequence[T]) -> T:
        """One entry of the table."""
        return table[self.below(len(table))]

    def chance(self, one_in: int) -> bool:
        """True once in so many, and never when the byte is 0."""
        return self.below(one_in) == one_in - 1


@dataclass(slots=True)
class _Writer:
    """Writes a history the way a run does: results and prompts gather in a request until a response."""

    provider: Provider
    id_scheme: str
    runs: bool
    instructions: str | None
    system_count: int
    text_size: int
    surrogates: bool
    compaction: bool
    legacy_retries: bool
    messages: list[ModelMessage] = field(default_factory=list)
    pending: list[Any] = field(default_factory=list)
    exchange: int = 0
    run_id: str | None = None
    serial: int = 0
    ids_used: int = 0
    merged: bool = False

    # texts and ids

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.serial)

    def text(self, table: Sequence[str], gene: int, repeats: int = 1) -> str:
        """A text of the table; three of four are numbered, so that a lost or moved one is seen."""
        self.serial += 1
        chosen = table[gene % len(table)] * repeats
        return chosen if gene // len(table) % 4 == 3 else f'{chosen} [{self.serial}]'

    def output(self, gene: int) -> str:
        if self.surrogates and gene % 8 == 7:
            return SURROGATES
        return self.text(OUTPUTS, gene, 1 + gene // 16 % self.text_size)

    def call_id(self) -> str:
        self.ids_used += 1
        return f'{self.provider.call_prefix}{self.ids_used:04d}'

    def part_id(self, prefix: str) -> dict[str, Any]:
        if not self.provider.part_ids:
            return {}
        self.serial += 1
        return {'id': f'{prefix}_{self.serial:06x}', 'provider_name': self.provider.name}

    # messages

    def send(self) -> None:
        """Put the gathered parts into a request."""
        request = _make(
            ModelRequest,
            parts=self.pending,
            timestamp=self.now(),
            instructions=self.instructions,
            run_id=None if self.merged else self.run_id,
            conversation_id='conversation-1' if self.runs else None,
        )
        self.messages.append(request)
        self.pending, self.merged = [], False

    def respond(self, parts: list[Any], finish: str) -> None:
        self.serial += 1
        response = _make(
            ModelResponse,
            parts=parts,
            usage=RequestUsage(input_tokens=100 + self.serial, output_tokens=10 + len(parts)),
            model_name=self.provider.model,
            timestamp=self.now(),
            provider_name=self.provider.name,
            provider_response_id=f'resp_{self.serial}' if self.provider.part_ids else None,
            finish_reason=finish,
            run_id=self.run_id,
            conversation_id='conversation-1' if self.runs else None,
        )
        self.messages.append(response)

    # the three things an exchange is made of

    def prompt(self, genes: Genes) -> None:
        """Begin an exchange: one or more prompts, beside whatever results still wait to be sent."""
        self.exchange += 1
        self.run_id = f'run-{self.exchange}' if self.runs else None
        if self.id_scheme == 'restart per exchange':
            self.ids_used = 0
        # Where results wait, two runs' requests are being merged, and pydantic-ai forgets the run id then.
        self.merged = self.merged or any(_is_result(part) for part in self.pending)
        first = not self.messages and not self.pending
        if first:
            self.pending += _first_parts(self, genes)
        for _ in range(genes.pick((1, 1, 1, 1, 1, 1, 2, 3))):
            shape = genes.pick(PROMPT_SHAPES)
            if first:
                shape = _prompt_plain if shape is _prompt_speech else shape
            self.pending.append(shape(self, genes))

    def step(self, genes: Genes) -> None:
        """One response and what the next request answers to it; that request stays open for a next prompt."""
        self.send()
        if self.id_scheme == 'restart per step':
            self.ids_used = 0
        STEPS[genes.below(len(STEPS))](self, genes)

    def answer(self, genes: Genes) -> None:
        """End an exchange with a final answer."""
        self.send()
        self.respond([*_lead(self, genes), genes.pick(ANSWER_SHAPES)(self, genes)], 'stop')

    def defer(self, genes: Genes) -> None:
        """End a history with calls that somebody outside the run has to answer."""
        self.send()
        parts = _lead(self, genes)
        for _ in range(genes.pick((1, 1, 2, 3))):
            call, _result = _call_and_result(self, genes)
            parts.append(call)
        self.respond(parts, 'tool_call')


def _first_parts(writer: _Writer, genes: Genes) -> list[Any]:
    parts: list[Any] = []
    for number in range(writer.system_count):
        content = writer.text(SYSTEMS, number)
        dynamic = 'dynamic_prompt' if number else None
        parts.append(_make(pai.SystemPromptPart, content=content, timestamp=writer.now(), dynamic_ref=dynamic))
    if genes.chance(8):
        parts += _delta_baseline(writer)
    return parts


# -- prompts -------------------------------------------------------------------------------------------------


def _user(writer: _Writer, content: Any) -> Any:
    return pai.UserPromptPart(content, timestamp=writer.now())


def _prompt_plain(writer: _Writer, genes: Genes) -> Any:
    return _user(writer, writer.text(PROMPTS, genes.below(256)))


def _prompt_list(writer: _Writer, genes: Genes) -> Any:
    return _user(writer, [writer.text(PROMPTS, genes.below(256))])


def _prompt_image(writer: _Writer, genes: Genes) -> Any:
    image = pai.ImageUrl(url='https://example.com/screens/42.png')
    return _user(writer, [writer.text(PROMPTS, genes.below(256)), image])


def _prompt_binary(writer: _Writer, genes: Genes) -> Any:
    return _user(writer, [pai.BinaryContent(PNG, media_type='image/png'), writer.text(PROMPTS, genes.below(256))])


def _prompt_cached(writer: _Writer, genes: Genes) -> Any:
    text = writer.text(PROMPTS, genes.below(256))
    point = known('CachePoint')
    return _user(writer, [text, point()] if point else [text])


def _prompt_cached_inside(writer: _Writer, genes: Genes) -> Any:
    gene = genes.below(256)
    before, after = writer.text(OUTPUTS[3:], gene), writer.text(PROMPTS, gene)
    point = known('CachePoint')
    return _user(writer, [before, point(ttl='1h'), after] if point else [before, after])


def _prompt_tagged(writer: _Writer, genes: Genes) -> Any:
    text = writer.text(PROMPTS, genes.below(256))
    tagged = known('TextContent')
    return _user(writer, [tagged(text, metadata={'origin': 'ticket-7'})] if tagged else [text])


def _prompt_structured(writer: _Writer, genes: Genes) -> Any:
    text = writer.text(PROMPTS, genes.below(256))
    structured = known('StructuredContent')
    return _user(writer, [text, structured({'open_file': 'src/parser.py', 'line': 118})] if structured else [text])


def _prompt_speech(writer: _Writer, genes: Genes) -> Any:
    speech = known('SpeechPart')
    if speech is None:
        return _prompt_plain(writer, genes)
    return speech(speaker='user', transcript=writer.text(PROMPTS, genes.below(256)))


PromptShape = Callable[[_Writer, Genes], Any]
PROMPT_SHAPES: tuple[PromptShape, ...] = (
    *(_prompt_plain,) * 8,
    _prompt_list,
    _prompt_image,
    _prompt_binary,
    _prompt_cached,
    _prompt_cached_inside,
    _prompt_tagged,
    _prompt_structured,
    _prompt_speech,
)


# -- responses -----------------------------------------------------------------------------------------------


def _text_part(writer: _Writer, gene: int) -> Any:
    content = writer.text(ANSWERS, gene, 1 + gene // 16 % writer.text_size)
    return pai.TextPart(content, **writer.part_id('msg'))


def _thinking(writer: _Writer, gene: int, signed: bool, empty: bool = False) -> Any:
    content = '' if empty else writer.text(THOUGHTS, gene)
    extra = writer.part_id('rs')
    if signed and writer.provider.signs:
        extra |= {'signature': f'EqQBCgYIARgC{writer.serial:04d}==', 'provider_name': writer.provider.name}
    return pai.ThinkingPart(content, **extra)


def _lead(writer: _Writer, genes: Genes) -> list[Any]:
    """What comes before the point of a response: a provider's compaction, thinking."""
    parts: list[Any] = []
    shape, gene = genes.below(8), genes.below(256)
    compacted = known('CompactionPart')
    if writer.compaction and compacted and gene % 4 == 3:
        parts.append(compacted('Summary of what came before.', provider_name=writer.provider.name or 'anthropic'))
    if shape in (4, 5):
        parts.append(_thinking(writer, gene, signed=shape == 5))
    elif shape == 6:
        # Redacted or omitted thinking: no text, only the signature; where nothing signs there is none.
        parts.append(_thinking(writer, gene, signed=True, empty=writer.provider.signs))
    elif shape == 7:
        parts += [_thinking(writer, gene, signed=True), _thinking(writer, gene + 1, signed=True)]
    return parts


def _native_pair(writer: _Writer, gene: int) -> list[Any]:
    provider = writer.provider.name or 'openai'
    writer.serial += 1
    call_id = f'srvtoolu_{writer.serial:04d}'
    search_call, search_return = known('NativeToolSearchCallPart'), known('NativeToolSearchReturnPart')
    if search_call and gene % 2:
        return [
            search_call(args={'queries': ['refund']}, tool_call_id=call_id, provider_name=provider),
            search_return(content=_discovered(), tool_call_id=call_id, provider_name=provider, timestamp=writer.now()),
        ]
    return [
        NativeCall('web_search', {'query': 'parser eof token'}, call_id, provider_name=provider),
        NativeReturn(
            'web_search',
            [{'title': 'Tokens', 'url': 'https://example.com/tokens', 'text': writer.output(gene)}],
            call_id,
            provider_name=provider,
            timestamp=writer.now(),
        ),
    ]


def _answer_text(writer: _Writer, genes: Genes) -> Any:
    return _text_part(writer, genes.below(256))


def _answer_file(writer: _Writer, genes: Genes) -> Any:
    image: Any = known('BinaryImage') or pai.BinaryContent
    return pai.FilePart(image(PNG, media_type='image/png'), **writer.part_id('ig'))


def _answer_speech(writer: _Writer, genes: Genes) -> Any:
    speech = known('SpeechPart')
    text = writer.text(ANSWERS, genes.below(256))
    return speech(speaker='assistant', transcript=text) if speech else pai.TextPart(text)


ANSWER_SHAPES: tuple[PromptShape, ...] = (*(_answer_text,) * 6, _answer_file, _answer_speech)


# -- calls and results ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Call:
    tool: str
    call_id: str


def _returned(writer: _Writer, call: _Call, content: Any, **extra: Any) -> Any:
    return pai.ToolReturnPart(call.tool, content, call.call_id, timestamp=writer.now(), **extra)


def _result_text(writer: _Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, writer.output(gene))


def _result_empty(writer: _Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, '')


def _result_none(writer: _Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, None)


def _result_dict(writer: _Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, {'exit_code': gene % 2, 'stdout': writer.output(gene), 'files': {'changed': 2}})


def _result_list(writer: _Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, [{'line': n, 'text': writer.output(gene + n)} for n in range(1 + gene % 4)])


def _result_model(writer: _Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, Row(order_id=9000 + gene, status='shipped', items=[writer.output(gene)]))


def _result_media(writer: _Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, [writer.output(gene), pai.BinaryContent(PNG, media_type='image/png')])


def _result_outcome(writer: _Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, writer.output(gene), outcome=OUTCOMES[gene % len(OUTCOMES)])


def _result_retry(writer: _Writer, call: _Call, gene: int) -> Any:
    content: Any = writer.output(gene)
    if gene % 2:
        content = [{'type': 'missing', 'loc': ('path',), 'msg': 'Field required', 'input': {}}]
    if RETRIED and not (writer.legacy_retries and gene % 4 == 3):
        return _returned(writer, call, content, outcome='retried')
    return legacy_retry(content, tool_name=call.tool, tool_call_id=call.call_id, timestamp=writer.now())


ResultShape = Callable[[_Writer, _Call, int], Any]
RESULTS: tuple[ResultShape, ...] = (
    *(_result_text,) * 8,
    _result_dict,
    _result_list,
    _result_none,
    _result_empty,
    _result_model,
    _result_media,
    _result_outcome,
    _result_retry,
)


def _call_and_result(writer: _Writer, genes: Genes) -> tuple[Any, Any]:
    asked, answered = genes.below(256), genes.below(256)
    call = _Call(TOOLS[asked % len(TOOLS)], writer.call_id())
    extra = writer.part_id('fc')
    if writer.provider.name == 'google':
        extra = {'provider_name': 'google', 'provider_details': {'thought_signature': f'sig{writer.serial}'}}
    part = pai.ToolCallPart(call.tool, copy.deepcopy(ARGS[asked // len(TOOLS) % len(ARGS)]), call.call_id, **extra)
    # The low digits choose the shape, so the text is chosen by the high ones and some of the call's byte.
    return part, RESULTS[answered % len(RESULTS)](writer, call, answered // len(RESULTS) + asked % 16 * 16)


# -- steps ---------------------------------------------------------------------------------------------------


def _step_calls(writer: _Writer, genes: Genes) -> None:
    """1 to 5 parallel calls, their results together, sometimes a tool's attachment or a delta behind them."""
    count = genes.pick((1, 1, 1, 2, 2, 3, 4, 5))
    words, native, after = genes.below(8), genes.below(8), genes.below(len(AFTER_RESULTS) * 2)
    parts, gene = _lead(writer, genes), genes.below(256)
    if words in (3, 4, 5):
        parts.append(_text_part(writer, gene))
    if native == 7:
        parts += _native_pair(writer, gene)
    results: list[Any] = []
    for _ in range(count):
        call, result = _call_and_result(writer, genes)
        parts.append(call)
        results.append(result)
    if words >= 6:
        parts.append(_text_part(writer, gene))
    writer.respond(parts, 'tool_call')
    writer.pending += results
    if after >= len(AFTER_RESULTS):
        writer.pending += AFTER_RESULTS[after - len(AFTER_RESULTS)](writer)


def _step_feedback(writer: _Writer, genes: Genes) -> None:
    """A response that could not be used, and the framework's own words about it."""
    parts, gene = _lead(writer, genes), genes.below(256)
    parts.append(_text_part(writer, gene))
    if gene % 8 == 7:
        parts += _native_pair(writer, gene // 8)
    writer.respond(parts, 'stop')
    content: Any = 'Please include your response in a tool call.'
    if gene % 2:
        content = [{'type': 'missing', 'loc': ('total',), 'msg': 'Field required', 'input': {}}]
    feedback = known('RetryFeedbackPart')
    if feedback and not (writer.legacy_retries and gene % 4 == 3):
        why = known('RetryInfo')('validation_error' if gene % 2 else 'no_output', attempt=1, max_retries=3)
        writer.pending.append(feedback(content, retry=why, timestamp=writer.now()))
    else:
        writer.serial += 1
        stub = f'pyd_ai_feedback_{writer.serial}'
        writer.pending.append(legacy_retry(content, tool_call_id=stub, timestamp=writer.now()))


def _discovered() -> Any:
    return {'discovered_tools': [dict.fromkeys(MATCH_FIELDS, 'refund')]}


def _step_search(writer: _Writer, genes: Genes) -> None:
    """The model searches for tools; trimming this would take the tools away."""
    call, found = known('ToolSearchCallPart'), known('ToolSearchReturnPart')
    if call is None:
        return _step_calls(writer, genes)
    call_id = writer.call_id()
    lead = _lead(writer, genes)
    writer.respond([*lead, call(args={'queries': ['refund']}, tool_call_id=call_id)], 'tool_call')
    writer.pending.append(found(content=_discovered(), tool_call_id=call_id, timestamp=writer.now()))
    if genes.chance(2):
        writer.pending += _delta_tools(writer)
    return None


def _step_load(writer: _Writer, genes: Genes) -> None:
    """The model loads a capability; trimming this would take its tools and instructions away."""
    call, loaded = known('LoadCapabilityCallPart'), known('LoadCapabilityReturnPart')
    if call is None:
        return _step_calls(writer, genes)
    call_id = writer.call_id()
    lead = _lead(writer, genes)
    writer.respond([*lead, call(args={'id': 'billing'}, tool_call_id=call_id)], 'tool_call')
    content = {'instructions': 'Ask before you refund more than 100 EUR.'}
    writer.pending.append(loaded(content=content, tool_call_id=call_id, timestamp=writer.now()))
    if genes.chance(2):
        writer.pending += _delta_instruction(writer)
    return None


STEPS: tuple[Callable[[_Writer, Genes], None], ...] = (
    *(_step_calls,) * 12,
    *(_step_feedback,) * 2,
    _step_search,
    _step_load,
)


# -- what may stand behind the results of a step; empty where this release lacks it --------------------------


def _after_note(writer: _Writer) -> list[Any]:
    # Only with a run id can such a part be told from a prompt (it shares the id of the response before).
    return [_user(writer, writer.text(NOTES, 0))] if writer.runs else []


def _after_media(writer: _Writer) -> list[Any]:
    image = pai.BinaryContent(PNG, media_type='image/png')
    return [_user(writer, [writer.text(NOTES, 1), image])] if writer.runs else []


def _after_cache_point(writer: _Writer) -> list[Any]:
    point = known('CachePoint')
    return [_user(writer, [writer.text(NOTES, 0), point()])] if writer.runs and point else []


def _delta_tools(writer: _Writer) -> list[Any]:
    delta = known('ToolAvailabilityDeltaPart')
    return [delta(tools_added=['refund'])] if delta else []


def _delta_capability(writer: _Writer) -> list[Any]:
    delta = known('CapabilityLoadDeltaPart')
    return [delta(loaded=['billing'])] if delta else []


def _delta_settings(writer: _Writer) -> list[Any]:
    delta = known('ModelSettingsDeltaPart')
    return [delta(settings={'thinking': 'high'})] if delta else []


def _delta_instruction(writer: _Writer) -> list[Any]:
    delta = known('InstructionDeltaPart')
    if delta is None:
        return []
    block = known('InstructionId')(known('AgentInstructionSource')())
    return [delta(id=block, content=writer.text(SYSTEMS, 1))]


def _delta_baseline(writer: _Writer) -> list[Any]:
    baseline = known('InstructionBaselinePart')
    if baseline is None:
        return []
    return [baseline(instructions=[known('InstructionPart')(writer.text(SYSTEMS, 1), dynamic=True)])]


def _request_compaction(writer: _Writer) -> list[Any]:
    if not (writer.compaction and REQUEST_COMPACTION):
        return []
    return [known('CompactionPart')('Summary that the application wrote.')]


AFTER_RESULTS: tuple[Callable[[_Writer], list[Any]], ...] = (
    _after_note,
    _after_media,
    _after_cache_point,
    _delta_tools,
    _delta_capability,
    _delta_settings,
    _delta_instruction,
    _request_compaction,
)


# -- strategies ----------------------------------------------------------------------------------------------

_TURN = st.binary(min_size=TURN_GENES, max_size=TURN_GENES)
_STEP = st.binary(min_size=STEP_GENES, max_size=STEP_GENES)


def _exchanges(max_exchanges: int, max_steps: int) -> st.SearchStrategy[list[tuple[bytes, list[bytes], bytes]]]:
    short, long = min(6, max_steps), min(12, max_steps)
    few = st.lists(_STEP, max_size=short)
    # A coding agent works through one prompt for hundreds of requests: every fourth exchange is a long one.
    many = st.lists(_STEP, min_size=long, max_size=max_steps)
    return st.lists(st.tuples(_TURN, st.one_of(few, few, few, many), _TURN), min_size=1, max_size=max_exchanges)


@st.composite
def lawful_histories(
    draw: Drawn,
    max_exchanges: int = 4,
    in_run: bool = True,
    *,
    max_steps: int = 40,
    text_size: int = 1,
    surrogates: bool = False,
    compaction: bool = False,
    legacy_retries: bool = True,
    neighbours: bool = True,
) -> list[ModelMessage]:
    """What pydantic-ai itself writes: every response's calls answered, in order, in the next request.

    Ends with a request, as the history of a run in flight does; with `in_run=False` it may instead end with
    a final answer or with calls left for somebody outside the run. `text_size` is how often an output's text
    may be repeated. `surrogates` adds texts that JSON refuses, `compaction` the parts of a history that its
    provider keeps, `legacy_retries` the `RetryPromptPart` also where it is deprecated, `neighbours` a prompt
    in a request of its own behind one with results or with a prompt that was never answered.
    """
    header = Genes(draw(_TURN))
    drawn = draw(_exchanges(max_exchanges, max_steps))
    writer = _Writer(
        provider=header.pick(PROVIDERS),
        id_scheme=header.pick(ID_SCHEMES),
        runs=not header.chance(4),
        system_count=header.pick((0, 1, 1, 2)),
        instructions=header.pick((None, SYSTEMS[1])),
        text_size=text_size,
        surrogates=surrogates,
        compaction=compaction,
        legacy_retries=legacy_retries,
    )
    ending = header.pick(('answer', 'deferred', 'request'))
    for number, (prompt, steps, closing) in enumerate(drawn, 1):
        writer.prompt(Genes(prompt))
        for step in steps:
            writer.step(Genes(step))
        close = Genes(closing)
        how = close.pick(CLOSINGS)
        if number == len(drawn):
            how = 'request' if in_run else ending
        if how == 'answer':
            writer.answer(close)
        elif how == 'deferred':
            writer.defer(close)
        elif how == 'beside' and neighbours and writer.pending:
            writer.send()
    if writer.pending:
        writer.send()
    return writer.messages


@st.composite
def broken_histories(
    draw: Drawn,
    max_exchanges: int = 4,
    *,
    max_mutations: int = 4,
    max_steps: int = 12,
    text_size: int = 1,
    surrogates: bool = False,
    compaction: bool = False,
    legacy_retries: bool = True,
    mutations: Mapping[str, Mutation] | None = None,
) -> list[ModelMessage]:
    """A lawful history put through up to `max_mutations` entries of `MUTATIONS`; never empty.

    `mutations` narrows the table, for example to leave out 'unknown_part', which JSON cannot hold.
    """
    table = MUTATIONS if mutations is None else mutations
    lawful = lawful_histories(
        max_exchanges,
        in_run=draw(st.booleans()),
        max_steps=max_steps,
        text_size=text_size,
        surrogates=surrogates,
        compaction=compaction,
        legacy_retries=legacy_retries,
    )
    messages = cast('list[ModelMessage]', draw(lawful))
    chosen = draw(st.lists(st.tuples(st.sampled_from(sorted(table)), _TURN), max_size=max_mutations))
    for name, genes in chosen:
        messages = table[name](messages, Genes(genes)) or messages
    note(f'mutations: {[name for name, _ in chosen]}')
    return messages


# -- mutations: a list in, a new list out; the messages handed in are never changed --------------------------

Mutation = Callable[[list[ModelMessage], Genes], list[ModelMessage]]


def _is_result(part: Any) -> bool:
    return part.part_kind == 'tool-return' or (part.part_kind == 'retry-prompt' and part.tool_name is not None)


def _is_call(part: Any) -> bool:
    return bool(part.part_kind == 'tool-call')


def _having(message: ModelMessage, parts: Sequence[Any]) -> ModelMessage:
    # Narrowed to Any: the checker wants one parts type for both kinds of message.
    return cast('ModelMessage', dataclasses.replace(cast('Any', message), parts=list(parts)))


def _changed(part: Any, **values: Any) -> Any:
    """A changed copy; `dataclasses.replace`, and even `copy.copy`, would warn on a deprecated part."""
    twin = object.__new__(type(part))
    twin.__dict__.update(vars(part), **values)
    return twin


def _places(messages: list[ModelMessage], wanted: Callable[[Any], bool]) -> list[tuple[int, int]]:
    return [(i, j) for i, m in enumerate(messages) for j, part in enumerate(m.parts) if wanted(part)]


def _requests(messages: list[ModelMessage]) -> list[int]:
    return [i for i, m in enumerate(messages) if isinstance(m, ModelRequest)]


def _responses(messages: list[ModelMessage]) -> list[int]:
    return [i for i, m in enumerate(messages) if isinstance(m, ModelResponse)]


def _put(messages: list[ModelMessage], index: int, *instead: ModelMessage) -> list[ModelMessage]:
    return [*messages[:index], *instead, *messages[index + 1 :]]


def _without(messages: list[ModelMessage], i: int, j: int) -> list[ModelMessage]:
    return _put(messages, i, _having(messages[i], [p for n, p in enumerate(messages[i].parts) if n != j]))


def _inserted(messages: list[ModelMessage], i: int, j: int, part: Any) -> list[ModelMessage]:
    parts = messages[i].parts
    return _put(messages, i, _having(messages[i], [*parts[:j], part, *parts[j:]]))


def drop_message(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A record is missing from the log."""
    return _put(messages, genes.below(len(messages)))


def drop_part(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A part is missing; its message may be left empty."""
    if places := _places(messages, lambda part: True):
        return _without(messages, *genes.pick(places))
    return messages


def duplicate_message(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A record was written twice: the same object, or an equal one."""
    index = genes.below(len(messages))
    message = messages[index]
    return _put(messages, index, message, _changed(message) if genes.chance(2) else message)


def duplicate_part(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A part was written twice: the same object, or an equal one."""
    if not (places := _places(messages, lambda part: True)):
        return messages
    i, j = genes.pick(places)
    part = messages[i].parts[j]
    return _inserted(messages, i, j, _changed(part) if genes.chance(2) else part)


def swap_messages(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """Two neighbouring records changed places."""
    if len(messages) < 2:
        return messages
    index = genes.below(len(messages) - 1)
    return [*messages[:index], messages[index + 1], messages[index], *messages[index + 2 :]]


def swap_parts(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """Two neighbouring parts changed places: results out of order, a prompt before the results."""
    roomy = [i for i, m in enumerate(messages) if len(m.parts) > 1]
    if not roomy:
        return messages
    index = genes.pick(roomy)
    parts = list(messages[index].parts)
    at = genes.below(len(parts) - 1)
    parts[at], parts[at + 1] = parts[at + 1], parts[at]
    return _put(messages, index, _having(messages[index], parts))


def move_result_later(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A result arrives only after another response."""
    return _moved_result(messages, genes, lambda here, there: there > here)


def move_result_earlier(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A result stands before its call."""
    return _moved_result(messages, genes, lambda here, there: there < here)


def _moved_result(messages: list[ModelMessage], genes: Genes, where: Callable[[int, int], bool]) -> list[ModelMessage]:
    moves = [
        (i, j, there) for i, j in _places(messages, _is_result) for there in _requests(messages) if where(i, there)
    ]
    if not moves:
        return messages
    i, j, there = genes.pick(moves)
    part = messages[i].parts[j]
    return _inserted(_without(messages, i, j), there, 0, part)


def split_results(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """Results of one response came in two requests, as deferred tools do."""
    return _split(messages, genes, [i for i in _requests(messages) if len(messages[i].parts) > 1])


def split_response(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """One provider message was recorded as two responses."""
    return _split(messages, genes, [i for i in _responses(messages) if len(messages[i].parts) > 1])


def _split(messages: list[ModelMessage], genes: Genes, candidates: list[int]) -> list[ModelMessage]:
    if not candidates:
        return messages
    index = genes.pick(candidates)
    message = messages[index]
    at = 1 + genes.below(len(message.parts) - 1)
    return _put(messages, index, _having(message, message.parts[:at]), _having(message, message.parts[at:]))


def start_with_response(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """The beginning was cut off."""
    responses = _responses(messages)
    return messages[genes.pick(responses) :] if responses else messages


def orphan_result(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A result whose call was cut away."""
    if not (requests := _requests(messages)):
        return messages
    index = genes.pick(requests)
    orphan = pai.ToolReturnPart('run', 'nobody asked', f'orphan_{genes.below(256)}', timestamp=EPOCH)
    return _inserted(messages, index, genes.below(len(messages[index].parts) + 1), orphan)


def unanswered_call(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A call in the middle never got its result; what else was in the request stays."""
    if not (results := _places(messages, _is_result)):
        return messages
    i, j = genes.pick(results)
    kept = _without(messages, i, j)
    return kept if kept[i].parts else _put(kept, i)


def empty_response(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A response without parts."""
    empty = _make(ModelResponse, parts=[], usage=RequestUsage(), timestamp=EPOCH)
    index = genes.below(len(messages) + 1)
    return [*messages[:index], empty, *messages[index:]]


def empty_request(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A request without parts, as 1.107 writes after an empty response."""
    index = genes.below(len(messages) + 1)
    return [*messages[:index], _make(ModelRequest, parts=[], timestamp=EPOCH), *messages[index:]]


def empty_text(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A text, thinking, prompt or system prompt that says nothing."""
    wordy = ('text', 'thinking', 'user-prompt', 'system-prompt')
    if not (places := _places(messages, lambda part: part.part_kind in wordy)):
        return messages
    i, j = genes.pick(places)
    hollow = _changed(messages[i].parts[j], content=genes.pick(('', '  \n')))
    return _put(messages, i, _having(messages[i], [*messages[i].parts[:j], hollow, *messages[i].parts[j + 1 :]]))


def merge_requests(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """The response between two requests was lost and the requests became one."""
    if len(requests := _requests(messages)) < 2:
        return messages
    which = genes.below(len(requests) - 1)
    first, second = requests[which], requests[which + 1]
    merged = _having(messages[first], [*messages[first].parts, *messages[second].parts])
    return [*messages[:first], merged, *messages[second + 1 :]]


def system_in_middle(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A system prompt somewhere in the middle."""
    if not (requests := _requests(messages)):
        return messages
    index = genes.pick(requests)
    prompt = pai.SystemPromptPart('From now on, answer in German.', timestamp=EPOCH)
    return _inserted(messages, index, genes.below(len(messages[index].parts) + 1), prompt)


def unknown_part(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A part of a kind that nobody here knows, in a request or in a response."""
    index = genes.below(len(messages))
    return _inserted(messages, index, genes.below(len(messages[index].parts) + 1), SpeechX('words of a newer release'))


def end_with_response(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """The last message is a response; its calls, if any, hang."""
    responses = _responses(messages)
    return messages[: responses[-1] + 1] if responses else messages


def reuse_id(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """Two calls carry one id, maybe both open; the results of the renamed call follow it, or do not."""
    calls = _places(messages, _is_call)
    if len(calls) < 2:
        return messages
    first = genes.below(len(calls) - 1)
    i, j = calls[first]
    k, m = calls[first + 1 + genes.below(len(calls) - first - 1)]
    new, old = messages[i].parts[j], messages[k].parts[m]
    follow = not genes.chance(4)
    new_id, old_id = cast('Any', new).tool_call_id, cast('Any', old).tool_call_id

    def renamed(part: Any) -> Any:
        mine = part is old or (follow and _is_result(part) and part.tool_call_id == old_id)
        return _changed(part, tool_call_id=new_id) if mine else part

    return [
        _having(message, [renamed(part) for part in message.parts])
        if any(renamed(part) is not part for part in message.parts)
        else message
        for message in messages
    ]


MUTATIONS: dict[str, Mutation] = {
    mutation.__name__: mutation
    for mutation in (
        drop_message,
        drop_part,
        duplicate_message,
        duplicate_part,
        swap_messages,
        swap_parts,
        move_result_later,
        move_result_earlier,
        split_results,
        split_response,
        start_with_response,
        orphan_result,
        unanswered_call,
        empty_response,
        empty_request,
        empty_text,
        merge_requests,
        system_in_middle,
        unknown_part,
        end_with_response,
        reuse_id,
    )
}
STORABLE: dict[str, Mutation] = {name: m for name, m in MUTATIONS.items() if name != 'unknown_part'}
"""The mutations whose results JSON can hold."""


def shape_of(messages: Sequence[ModelMessage]) -> str:
    """The history in one line, for failure messages: kinds and call ids, no texts."""
    lines = [
        (m.kind, [f'{p.part_kind}:{getattr(p, "tool_call_id", None) or ""}'.rstrip(':') for p in m.parts])
        for m in messages
    ]
    return json.dumps(lines)
