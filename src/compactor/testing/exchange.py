"""The values that pass between a test and the strict provider: what came in, and what to answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Api: TypeAlias = Literal['openai', 'anthropic']
"""Which wire a request came over: OpenAI chat completions or Anthropic messages."""

Body: TypeAlias = dict[str, Any]
"""A decoded JSON object, as the client sent it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call for the model to make.

    Attributes:
        name: The tool's name.
        args: Its arguments, a JSON object.
        id: The call's id; None lets the server make a new one. Give one only to play a model that repeats
            ids.
    """

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answers.

    Attributes:
        text: The visible text; empty for none.
        calls: Tool calls, all made in parallel in this one answer.
        thinking: Reasoning before the answer, signed by the server. Sent over the Anthropic wire only, and
            only while thinking is on for the request, as a real model would.
        redacted: Sends the thinking as a `redacted_thinking` block, without its text.
    """

    text: str = ''
    calls: tuple[Call, ...] = ()
    thinking: str | None = None
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A fault to play instead of an answer: a rate limit, a broken backend, an overflow.

    Attributes:
        status: The HTTP status, 400 or above.
        message: The text in the provider's error JSON. Empty picks the status's usual text, or, with the code
            `context_length_exceeded`, the provider's own words for an overflow.
        code: The error's code (the OpenAI wire only; Anthropic's errors have none).
        headers: Further response headers, such as `retry-after`.
        body: The whole JSON to send, instead of one made from `message` and `code`.
    """

    status: int
    message: str = ''
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A request that broke no rule and now wants an answer.

    Attributes:
        api: The wire it came over.
        number: How many lawful requests the server has seen with this one, from 1. One answered by a
            `Failure` counts; a refused one does not.
        body: The request. Not a copy: read it, do not write to it.
    """

    api: Api
    number: int
    body: Body


Respond: TypeAlias = Callable[[Turn], Reply | Failure]
"""The model's part in a test: a plain function from a request to its answer."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the provider refused a request.

    Attributes:
        rule: The name of the rule it broke, as in `OPENAI_RULES` and `ANTHROPIC_RULES`.
        message: The provider's message, word for word.
        param: The field at fault, in OpenAI's notation; None where it gives none.
        code: OpenAI's error code; None where it gives none.
    """

    rule: str
    message: str
    param: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as the server saw it.

    Attributes:
        api: The wire it came over.
        body: The decoded request; empty if it was no JSON object.
        tokens: Its size in tokens by the server's counter.
        streamed: Whether the client asked for a stream.
        refusal: The rule it broke, or None.
        status: The HTTP status it was answered with.
        kept: Of its tokens, those that a server worked on that truncates in silence; None where all were.
    """

    api: Api
    body: Body
    tokens: int
    streamed: bool
    refusal: Refusal | None
    status: int
    kept: int | None = None
