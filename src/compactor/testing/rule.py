"""A rule of a provider, and the request it is asked about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from compactor.testing.exchange import Body, Refusal


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule found: the provider's words, with OpenAI's `param` and `code` where it gives them."""

    message: str
    param: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request with what the server knows about it.

    Attributes:
        body: The decoded JSON object.
        tokens: Its counted size.
        window: The model's input window in tokens; None is unlimited.
        thinking: `enabled`, `adaptive`, ... when thinking is on for this request, else None (Anthropic).
        bound: Whether signatures bind all that came before them (Anthropic).
        unthought: Ids of the calls that this server handed out, with thinking on, without any thinking before
            them: nothing can be missing there.
    """

    body: Body
    tokens: int = 0
    window: int | None = None
    thinking: str | None = None
    bound: bool = False
    unthought: frozenset[str] = frozenset()


Check: TypeAlias = Callable[[Request], Problem | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a provider refuses.

    Attributes:
        name: Short, stable, unique within its provider.
        source: Where the refusal is documented or was seen, with the message quoted there.
        check: Says what is wrong with a request, or None. A check may rely on the rules above it in its
            table.
    """

    name: str
    source: str
    check: Check


def first_refusal(rules: Iterable[Rule], request: Request) -> Refusal | None:
    """Return the refusal of the first rule that the request breaks, in the order of the table."""
    for rule in rules:
        problem = rule.check(request)
        if problem is not None:
            return Refusal(rule.name, problem.message, problem.param, problem.code)
    return None
