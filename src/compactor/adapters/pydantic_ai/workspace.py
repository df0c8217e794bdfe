"""`workspace_tools`: a workspace as tools of an agent; reading alone, unless editing is asked for.

    agent = Agent('openai:gpt-5', toolsets=[workspace_tools('.')])

What cannot be served is said to the model, so that it can ask again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic_ai import ModelRetry
from pydantic_ai.tools import Tool
from pydantic_ai.toolsets import FunctionToolset

from compactor.errors import ConfigError, WorkspaceError
from compactor.outputs.code_text import grammars
from compactor.run.worker import apart
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.workspace.batch import MAX_TOKENS, OPERATIONS, Workspace
from compactor.workspace.context import context_for
from compactor.workspace.signature_map import signature_map

READ_ONLY = ('workspace_context', 'workspace_signatures', 'read_many', 'search_many')
"""Tools that change nothing."""
BATCHED = ('read_many', 'search_many', 'edit_many')
"""Tools that take many operations at once."""
CONTEXT_TOKENS = 8_000
"""Tokens of a context or a map at most, unless it is said otherwise; an agent may ask for fewer."""

T = TypeVar('T')

_CONTEXT = (
    'What of the workspace concerns a question: the definitions that it names, what they call, who calls them, their'
    ' tests. Name functions, classes, tests and files as they are called. Notes say how more is read.'
)
_SIGNATURES = 'Signatures of the workspace with file and line; what a question is after comes first.'
_READ = (
    'Reads many files at once, at most {operations}: "src/app.py", or lines of it: "src/app.py:10-40". Text that'
    ' several share is shown once.'
)
_SEARCH = 'Looks for many regular expressions at once, at most {operations}; shows file, line number and line.'
_EDIT = (
    'Applies unified diffs, to at most {operations} files at once: all of them, or none. A diff begins with'
    ' "--- path" and "+++ path" (/dev/null for a file that is made or removed), its hunks with "@@ -1,2 +1,3 @@" and'
    ' lines of context as they stand in the file.'
)


def workspace_tools(
    root: str | Path,
    names: Sequence[str] = READ_ONLY,
    *,
    model: str | None = None,
    max_tokens: int = MAX_TOKENS,
    context_tokens: int = CONTEXT_TOKENS,
    operations: int = OPERATIONS,
    secrets: Secrets | None = HIGH_CONFIDENCE,
) -> FunctionToolset[Any]:
    """Tools on a folder, which nothing leaves.

    Args:
        root: the folder.
        names: which tools: those of `READ_ONLY`, of `BATCHED`, or of both.
        model: whose tokens count.
        max_tokens: tokens of what a batch answers at most.
        context_tokens: tokens of a context or a map at most.
        operations: operations of a batch at most.
        secrets: what is redacted of what is read; None for nothing.

    Raises:
        ConfigError: there is no tool of a name, a number is too small, or the extra `code` is not installed.
        WorkspaceError: there is no such folder.
    """
    unknown = sorted(set(names) - {*READ_ONLY, *BATCHED})
    if unknown or not names:
        raise ConfigError(f'no tools are called {", ".join(unknown)}: choose from {", ".join(_MADE)}')
    if context_tokens < 64:
        raise ConfigError(f'a context needs 64 tokens at least, got {context_tokens}')
    if set(names) & set(READ_ONLY[:2]):
        grammars.required()
    workspace = Workspace(root, model=model, max_tokens=max_tokens, operations=operations, secrets=secrets)
    about = _About(workspace, model, context_tokens, secrets)
    return FunctionToolset([_MADE[name](about) for name in dict.fromkeys(names)])


class _About:
    """A workspace, and how its context is asked for."""

    def __init__(self, workspace: Workspace, model: str | None, most: int, secrets: Secrets | None) -> None:
        self.workspace = workspace
        self.most = most
        self.asked: dict[str, Any] = {'root': workspace.root.folder, 'model': model, 'secrets': secrets}


async def _served(work: Callable[[], T]) -> T:
    """The result of work off the event loop; what a model can mend goes back to it."""
    try:
        return await apart(work)
    except (WorkspaceError, ConfigError) as error:
        raise ModelRetry(str(error)) from None


def _context(about: _About) -> Tool[Any]:
    async def workspace_context(question: str, paths: list[str] | None = None, max_tokens: int = 0) -> str:
        most = min(max_tokens or about.most, about.most)
        found = partial(context_for, paths or ['.'], question, most, how='read_many', **about.asked)
        return (await _served(found)).text

    return Tool(workspace_context, takes_ctx=False, description=_CONTEXT)


def _signatures(about: _About) -> Tool[Any]:
    async def workspace_signatures(question: str = '', paths: list[str] | None = None, max_tokens: int = 0) -> str:
        most = min(max_tokens or about.most, about.most)
        return (await _served(partial(signature_map, paths or ['.'], most, prompt=question, **about.asked))).text

    return Tool(workspace_signatures, takes_ctx=False, description=_SIGNATURES)


def _read(about: _About) -> Tool[Any]:
    async def read_many(paths: list[str]) -> str:
        return (await _served(partial(about.workspace.read_many, paths))).text

    return Tool(read_many, takes_ctx=False, description=_READ.format(operations=about.workspace.operations))


def _search(about: _About) -> Tool[Any]:
    async def search_many(patterns: list[str], path: str = '.', around: int = 0) -> str:
        return (await _served(partial(about.workspace.search_many, patterns, path, around))).text

    return Tool(search_many, takes_ctx=False, description=_SEARCH.format(operations=about.workspace.operations))


def _edit(about: _About) -> Tool[Any]:
    async def edit_many(diffs: list[str]) -> str:
        return (await _served(partial(about.workspace.edit_many, diffs))).text

    return Tool(edit_many, takes_ctx=False, description=_EDIT.format(operations=about.workspace.operations))


_MADE: dict[str, Callable[[_About], Tool[Any]]] = {
    'workspace_context': _context,
    'workspace_signatures': _signatures,
    'read_many': _read,
    'search_many': _search,
    'edit_many': _edit,
}
