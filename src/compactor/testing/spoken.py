"""An answer with all that is needed to write it down on either wire."""

from dataclasses import dataclass

from compactor.testing.exchange import Body, Reply


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the model answered to a request.

    Attributes:
        body: The request.
        reply: The answer.
        ids: The ids of its calls, in their order.
        number: Which lawful request this answers, from 1.
        input_tokens: The request's size.
        output_tokens: The answer's size.
        signature: The seal of its thinking; None leaves the thinking out.
    """

    body: Body
    reply: Reply
    ids: tuple[str, ...]
    number: int
    input_tokens: int
    output_tokens: int
    signature: str | None = None
