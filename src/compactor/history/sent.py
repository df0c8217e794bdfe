"""A history as it is sent, without the tree: responses, what follows each, and which of that a person wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compactor.history.message import MARK, RESULT, USER, Message, Part


def turns(messages: Sequence[Message]) -> Iterator[tuple[int, Message | None, list[tuple[int, Part]]]]:
    """Each response with the parts of all requests up to the next one; first the requests before any response."""
    at, response = -1, None
    follows: list[tuple[int, Part]] = []
    for i, message in enumerate(messages):
        if message.role == 'response':
            yield at, response, follows
            at, response, follows = i, message, []
        else:
            follows.extend((i, part) for part in message.parts)
    yield at, response, follows


def prompts(message: Message, run: str | None) -> Iterator[Part]:
    """The parts of a request that a person wrote (or a mark); `run` is that of the response before it.

    User parts beside results of the same run were put there by a tool.
    """
    ours = run is not None and run == message.run_id and any(p.kind is RESULT for p in message.parts)
    return (p for p in message.parts if p.kind is MARK or (p.kind is USER and not ours))


def current_turn(messages: Sequence[Message]) -> list[Message]:
    """The responses of the current tool turn: those behind the last prompt.

    A prompt that is sent with the last results ends no turn: their calls are only being answered.
    """
    turn: list[Message] = []
    groups = list(turns(messages))
    for at, response, follows in groups:
        if response is not None:
            turn.append(response)
        run = response.run_id if response is not None else None
        prompted = any(any(prompts(messages[i], run)) for i in dict.fromkeys(i for i, _ in follows))
        answering = at == groups[-1][0] and any(part.kind is RESULT for _, part in follows)
        if prompted and not answering:
            turn = []
    return turn
