"""What an application wants in every request: a plan it keeps, the text of a policy; sent, and never recorded.

It stands at the end of the last request, behind all that a provider has cached, and is asked for anew for each.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelRequest, UserPromptPart

from compactor.adapters.pydantic_ai.agent.again import with_messages
from compactor.errors import ConfigError

HEADING = 'Kept by the application, as it stands now:'
"""Stands above it, so that nobody takes it for the user's newest words."""
Remember = Callable[..., Any] | Sequence[Any]
"""A function, of the run's context or of nothing, that returns a text, several, or None; or a list of texts, of such
functions, and of objects that are told as `str` tells them."""


class Remembered:
    """Asks for what is to be in every request.

    Args:
        what: see `Remember`.

    Raises:
        ConfigError: it is neither a function nor a list.
    """

    def __init__(self, what: Remember) -> None:
        if isinstance(what, str | bytes) or not (callable(what) or isinstance(what, Sequence)):
            raise ConfigError(f'remember is a function, or a list of texts, functions and objects, not {what!r}')
        sources: Sequence[Any] = [what] if callable(what) else what
        self._sources = [(source, callable(source) and _takes_context(source)) for source in sources]

    async def text(self, ctx: RunContext[Any]) -> str:
        """What is to be in the request that is under way; '' if nothing is."""
        told: list[str] = []
        for source, takes_context in self._sources:
            said = source
            if callable(source):
                said = source(ctx) if takes_context else source()
                if inspect.isawaitable(said):
                    said = await said
            told += _texts(said)
        body = '\n\n'.join(text for text in told if text.strip())
        return f'{HEADING}\n{body}' if body else ''


def _takes_context(source: Callable[..., Any]) -> bool:
    """Whether a function takes the run's context."""
    try:
        inspect.signature(source).bind(object())
    except TypeError:
        return False
    except ValueError:  # nobody knows what it takes
        return True
    return True


def _texts(said: Any) -> list[str]:
    if said is None:
        return []
    if isinstance(said, list | tuple):
        return [text for one in said for text in _texts(one)]
    return [str(said)]


def with_remembered(request: Any, text: str) -> Any:
    """A copy of a request context that ends with this text; the record does not see it."""
    if not text or not request.messages or not isinstance(request.messages[-1], ModelRequest):
        return request
    last = request.messages[-1]
    if any(isinstance(part, UserPromptPart) and part.content == text for part in last.parts):
        return request
    time = getattr(last, 'timestamp', None) or getattr(last.parts[-1], 'timestamp', None) if last.parts else None
    part = UserPromptPart(content=text) if time is None else UserPromptPart(content=text, timestamp=time)
    return with_messages(request, [*request.messages[:-1], replace(last, parts=[*last.parts, part])])
