"""An exception as it may be logged: what its message quotes of others has no secret in it."""

from __future__ import annotations

from traceback import format_exception
from types import TracebackType

from compactor.secrets.redact import redact

Info = tuple[type[BaseException], BaseException, TracebackType | None]


def logged(error: BaseException) -> Info:
    """For `exc_info`: the exception with its traceback; where its text, or that of one behind it, holds a secret, a
    stand-in of the same name without it."""
    text = ''.join(format_exception(error))
    if redact(text) is text:
        return type(error), error, error.__traceback__
    stand_in: type[Exception] = type(type(error).__name__, (Exception,), {'__module__': type(error).__module__})
    return stand_in, stand_in(redact(str(error))), error.__traceback__
