"""Cases of the whole corpus, kept on disk: preparing them takes longer than scoring."""

from __future__ import annotations

import hashlib
import inspect
import pickle
import tempfile
from pathlib import Path
from types import ModuleType

from compactor.adapters.pydantic_ai.messages import reader as adapter
from compactor.history import message, parse

from . import facts, grammar, laws, measure, sessions
from .measure import Case, prepare

MADE_BY: tuple[ModuleType, ...] = (facts, grammar, laws, measure, sessions, adapter, message, parse)
"""A change in one of these makes other cases."""


def cases(cut: int, *, limit: int | None = None, cache: Path | None = None) -> list[Case]:
    """The cases of all recorded conversations that reach `cut` tokens, the first `limit` of them.

    Args:
        cut: tokens at which to cut.
        limit: most cases.
        cache: where to keep them (default: a folder for temporary files).
    """
    folder = cache or Path(tempfile.gettempdir()) / 'compactor-retention'
    file = folder / f'{cut}-{_key()}.pickle'
    if file.exists():
        kept: list[Case] = pickle.loads(file.read_bytes())
        return kept[:limit]
    # A token has seldom less than one character of JSON, so shorter records cannot reach the cut.
    found = [case for talk in sessions.recorded(least=cut) if (case := prepare(talk, cut))]
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix('.part')
    part.write_bytes(pickle.dumps(found))
    part.replace(file)
    return found[:limit]


def _key() -> str:
    """A hash of the recordings and of the code that makes cases."""
    digest = hashlib.sha256()
    for source in sessions.SOURCES:
        stat = (sessions.corpus() / f'{source}.jsonl.gz').stat()
        digest.update(f'{source} {stat.st_size} {stat.st_mtime_ns}'.encode())
    for module in MADE_BY:
        digest.update(inspect.getsource(module).encode())
    return digest.hexdigest()[:16]
