"""Breaks histories: each mutation takes a list and returns a new one; the messages handed in are never changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, cast

from pydantic_ai import messages as pai
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.usage import RequestUsage

from tests.laws.release import SpeechX, make
from tests.laws.writer import EPOCH, Genes

Mutation = Callable[[list[ModelMessage], Genes], list[ModelMessage]]


def is_result(part: Any) -> bool:
    """Whether a part answers a call."""
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
    moves = [(i, j, there) for i, j in _places(messages, is_result) for there in _requests(messages) if where(i, there)]
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
    if not (results := _places(messages, is_result)):
        return messages
    i, j = genes.pick(results)
    kept = _without(messages, i, j)
    return kept if kept[i].parts else _put(kept, i)


def empty_response(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A response without parts."""
    empty = make(ModelResponse, parts=[], usage=RequestUsage(), timestamp=EPOCH)
    index = genes.below(len(messages) + 1)
    return [*messages[:index], empty, *messages[index:]]


def empty_request(messages: list[ModelMessage], genes: Genes) -> list[ModelMessage]:
    """A request without parts, as 1.107 writes after an empty response."""
    index = genes.below(len(messages) + 1)
    return [*messages[:index], make(ModelRequest, parts=[], timestamp=EPOCH), *messages[index:]]


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
        mine = part is old or (follow and is_result(part) and part.tool_call_id == old_id)
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
