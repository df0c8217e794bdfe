"""The shapes of parts that a history may hold: prompts, responses, calls with their results, whole steps."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_ai import messages as pai

from tests.laws.release import (
    MATCH_FIELDS,
    OUTCOMES,
    REQUEST_COMPACTION,
    RETRIED,
    NativeCall,
    NativeReturn,
    Row,
    known,
    legacy_retry,
    make,
)
from tests.laws.texts import ANSWERS, ARGS, NOTES, OUTPUTS, PNG, PROMPTS, SYSTEMS, THOUGHTS, TOOLS
from tests.laws.writer import Genes, Writer


def first_parts(writer: Writer, genes: Genes) -> list[Any]:
    """What the first request of a history begins with."""
    parts: list[Any] = []
    for number in range(writer.system_count):
        content = writer.text(SYSTEMS, number)
        dynamic = 'dynamic_prompt' if number else None
        parts.append(make(pai.SystemPromptPart, content=content, timestamp=writer.now(), dynamic_ref=dynamic))
    if genes.chance(8):
        parts += _delta_baseline(writer)
    return parts


# -- prompts -------------------------------------------------------------------------------------------------


def _user(writer: Writer, content: Any) -> Any:
    return pai.UserPromptPart(content, timestamp=writer.now())


def prompt_plain(writer: Writer, genes: Genes) -> Any:
    """A prompt of one text."""
    return _user(writer, writer.text(PROMPTS, genes.below(256)))


def _prompt_list(writer: Writer, genes: Genes) -> Any:
    return _user(writer, [writer.text(PROMPTS, genes.below(256))])


def _prompt_image(writer: Writer, genes: Genes) -> Any:
    image = pai.ImageUrl(url='https://example.com/screens/42.png')
    return _user(writer, [writer.text(PROMPTS, genes.below(256)), image])


def _prompt_binary(writer: Writer, genes: Genes) -> Any:
    return _user(writer, [pai.BinaryContent(PNG, media_type='image/png'), writer.text(PROMPTS, genes.below(256))])


def _prompt_cached(writer: Writer, genes: Genes) -> Any:
    text = writer.text(PROMPTS, genes.below(256))
    point = known('CachePoint')
    return _user(writer, [text, point()] if point else [text])


def _prompt_cached_inside(writer: Writer, genes: Genes) -> Any:
    gene = genes.below(256)
    before, after = writer.text(OUTPUTS[3:], gene), writer.text(PROMPTS, gene)
    point = known('CachePoint')
    return _user(writer, [before, point(ttl='1h'), after] if point else [before, after])


def _prompt_tagged(writer: Writer, genes: Genes) -> Any:
    text = writer.text(PROMPTS, genes.below(256))
    tagged = known('TextContent')
    return _user(writer, [tagged(text, metadata={'origin': 'ticket-7'})] if tagged else [text])


def _prompt_structured(writer: Writer, genes: Genes) -> Any:
    text = writer.text(PROMPTS, genes.below(256))
    structured = known('StructuredContent')
    return _user(writer, [text, structured({'open_file': 'src/parser.py', 'line': 118})] if structured else [text])


def prompt_speech(writer: Writer, genes: Genes) -> Any:
    """A spoken prompt, where the release has them."""
    speech = known('SpeechPart')
    if speech is None:
        return prompt_plain(writer, genes)
    return speech(speaker='user', transcript=writer.text(PROMPTS, genes.below(256)))


PromptShape = Callable[[Writer, Genes], Any]
PROMPT_SHAPES: tuple[PromptShape, ...] = (
    *(prompt_plain,) * 8,
    _prompt_list,
    _prompt_image,
    _prompt_binary,
    _prompt_cached,
    _prompt_cached_inside,
    _prompt_tagged,
    _prompt_structured,
    prompt_speech,
)


# -- responses -----------------------------------------------------------------------------------------------


def _text_part(writer: Writer, gene: int) -> Any:
    content = writer.text(ANSWERS, gene, 1 + gene // 16 % writer.text_size)
    return pai.TextPart(content, **writer.part_id('msg'))


def _thinking(writer: Writer, gene: int, signed: bool, empty: bool = False) -> Any:
    content = '' if empty else writer.text(THOUGHTS, gene)
    extra = writer.part_id('rs')
    if signed and writer.provider.signs:
        extra |= {'signature': f'EqQBCgYIARgC{writer.serial:04d}==', 'provider_name': writer.provider.name}
    return pai.ThinkingPart(content, **extra)


def lead(writer: Writer, genes: Genes) -> list[Any]:
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


def _native_pair(writer: Writer, gene: int) -> list[Any]:
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


def _answer_text(writer: Writer, genes: Genes) -> Any:
    return _text_part(writer, genes.below(256))


def _answer_file(writer: Writer, genes: Genes) -> Any:
    image: Any = known('BinaryImage') or pai.BinaryContent
    return pai.FilePart(image(PNG, media_type='image/png'), **writer.part_id('ig'))


def _answer_speech(writer: Writer, genes: Genes) -> Any:
    speech = known('SpeechPart')
    text = writer.text(ANSWERS, genes.below(256))
    return speech(speaker='assistant', transcript=text) if speech else pai.TextPart(text)


ANSWER_SHAPES: tuple[PromptShape, ...] = (*(_answer_text,) * 6, _answer_file, _answer_speech)


# -- calls and results ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Call:
    tool: str
    call_id: str


def _returned(writer: Writer, call: _Call, content: Any, **extra: Any) -> Any:
    return pai.ToolReturnPart(call.tool, content, call.call_id, timestamp=writer.now(), **extra)


def _result_text(writer: Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, writer.output(gene))


def _result_empty(writer: Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, '')


def _result_none(writer: Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, None)


def _result_dict(writer: Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, {'exit_code': gene % 2, 'stdout': writer.output(gene), 'files': {'changed': 2}})


def _result_list(writer: Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, [{'line': n, 'text': writer.output(gene + n)} for n in range(1 + gene % 4)])


def _result_model(writer: Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, Row(order_id=9000 + gene, status='shipped', items=[writer.output(gene)]))


def _result_media(writer: Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, [writer.output(gene), pai.BinaryContent(PNG, media_type='image/png')])


def _result_outcome(writer: Writer, call: _Call, gene: int) -> Any:
    return _returned(writer, call, writer.output(gene), outcome=OUTCOMES[gene % len(OUTCOMES)])


def _result_retry(writer: Writer, call: _Call, gene: int) -> Any:
    content: Any = writer.output(gene)
    if gene % 2:
        content = [{'type': 'missing', 'loc': ('path',), 'msg': 'Field required', 'input': {}}]
    if RETRIED and not (writer.legacy_retries and gene % 4 == 3):
        return _returned(writer, call, content, outcome='retried')
    return legacy_retry(content, tool_name=call.tool, tool_call_id=call.call_id, timestamp=writer.now())


ResultShape = Callable[[Writer, _Call, int], Any]
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


def call_and_result(writer: Writer, genes: Genes) -> tuple[Any, Any]:
    """A call and what answers it."""
    asked, answered = genes.below(256), genes.below(256)
    call = _Call(TOOLS[asked % len(TOOLS)], writer.call_id())
    extra = writer.part_id('fc')
    if writer.provider.name == 'google':
        extra = {'provider_name': 'google', 'provider_details': {'thought_signature': f'sig{writer.serial}'}}
    part = pai.ToolCallPart(call.tool, copy.deepcopy(ARGS[asked // len(TOOLS) % len(ARGS)]), call.call_id, **extra)
    # The low digits choose the shape, so the text is chosen by the high ones and some of the call's byte.
    return part, RESULTS[answered % len(RESULTS)](writer, call, answered // len(RESULTS) + asked % 16 * 16)


# -- steps ---------------------------------------------------------------------------------------------------


def _step_calls(writer: Writer, genes: Genes) -> None:
    """1 to 5 parallel calls, their results together, sometimes a tool's attachment or a delta behind them."""
    count = genes.pick((1, 1, 1, 2, 2, 3, 4, 5))
    words, native, after = genes.below(8), genes.below(8), genes.below(len(AFTER_RESULTS) * 2)
    parts, gene = lead(writer, genes), genes.below(256)
    if words in (3, 4, 5):
        parts.append(_text_part(writer, gene))
    if native == 7:
        parts += _native_pair(writer, gene)
    results: list[Any] = []
    for _ in range(count):
        call, result = call_and_result(writer, genes)
        parts.append(call)
        results.append(result)
    if words >= 6:
        parts.append(_text_part(writer, gene))
    writer.respond(parts, 'tool_call')
    writer.pending += results
    if after >= len(AFTER_RESULTS):
        writer.pending += AFTER_RESULTS[after - len(AFTER_RESULTS)](writer)


def _step_feedback(writer: Writer, genes: Genes) -> None:
    """A response that could not be used, and the framework's own words about it."""
    parts, gene = lead(writer, genes), genes.below(256)
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


def _step_search(writer: Writer, genes: Genes) -> None:
    """The model searches for tools; trimming this would take the tools away."""
    call, found = known('ToolSearchCallPart'), known('ToolSearchReturnPart')
    if call is None:
        return _step_calls(writer, genes)
    call_id = writer.call_id()
    before = lead(writer, genes)
    writer.respond([*before, call(args={'queries': ['refund']}, tool_call_id=call_id)], 'tool_call')
    writer.pending.append(found(content=_discovered(), tool_call_id=call_id, timestamp=writer.now()))
    if genes.chance(2):
        writer.pending += _delta_tools(writer)
    return None


def _step_load(writer: Writer, genes: Genes) -> None:
    """The model loads a capability; trimming this would take its tools and instructions away."""
    call, loaded = known('LoadCapabilityCallPart'), known('LoadCapabilityReturnPart')
    if call is None:
        return _step_calls(writer, genes)
    call_id = writer.call_id()
    before = lead(writer, genes)
    writer.respond([*before, call(args={'id': 'billing'}, tool_call_id=call_id)], 'tool_call')
    content = {'instructions': 'Ask before you refund more than 100 EUR.'}
    writer.pending.append(loaded(content=content, tool_call_id=call_id, timestamp=writer.now()))
    if genes.chance(2):
        writer.pending += _delta_instruction(writer)
    return None


STEPS: tuple[Callable[[Writer, Genes], None], ...] = (
    *(_step_calls,) * 12,
    *(_step_feedback,) * 2,
    _step_search,
    _step_load,
)


# -- what may stand behind the results of a step; empty where this release lacks it --------------------------


def _after_note(writer: Writer) -> list[Any]:
    # Only with a run id can such a part be told from a prompt (it shares the id of the response before).
    return [_user(writer, writer.text(NOTES, 0))] if writer.runs else []


def _after_media(writer: Writer) -> list[Any]:
    image = pai.BinaryContent(PNG, media_type='image/png')
    return [_user(writer, [writer.text(NOTES, 1), image])] if writer.runs else []


def _after_cache_point(writer: Writer) -> list[Any]:
    point = known('CachePoint')
    return [_user(writer, [writer.text(NOTES, 0), point()])] if writer.runs and point else []


def _delta_tools(writer: Writer) -> list[Any]:
    delta = known('ToolAvailabilityDeltaPart')
    return [delta(tools_added=['refund'])] if delta else []


def _delta_capability(writer: Writer) -> list[Any]:
    delta = known('CapabilityLoadDeltaPart')
    return [delta(loaded=['billing'])] if delta else []


def _delta_settings(writer: Writer) -> list[Any]:
    delta = known('ModelSettingsDeltaPart')
    return [delta(settings={'thinking': 'high'})] if delta else []


def _delta_instruction(writer: Writer) -> list[Any]:
    delta = known('InstructionDeltaPart')
    if delta is None:
        return []
    block = known('InstructionId')(known('AgentInstructionSource')())
    return [delta(id=block, content=writer.text(SYSTEMS, 1))]


def _delta_baseline(writer: Writer) -> list[Any]:
    baseline = known('InstructionBaselinePart')
    if baseline is None:
        return []
    return [baseline(instructions=[known('InstructionPart')(writer.text(SYSTEMS, 1), dynamic=True)])]


def _request_compaction(writer: Writer) -> list[Any]:
    if not (writer.compaction and REQUEST_COMPACTION):
        return []
    return [known('CompactionPart')('Summary that the application wrote.')]


AFTER_RESULTS: tuple[Callable[[Writer], list[Any]], ...] = (
    _after_note,
    _after_media,
    _after_cache_point,
    _delta_tools,
    _delta_capability,
    _delta_settings,
    _delta_instruction,
    _request_compaction,
)
