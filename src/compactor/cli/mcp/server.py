"""The tools of a desk behind the official SDK; what is wrong with a call is said to the model that made it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

from compactor.cli.mcp.bounds import within_bounds
from compactor.cli.mcp.tools import Desk
from compactor.errors import CompactorError
from compactor.secrets.redact import HIGH_CONFIDENCE, redact

INSTRUCTIONS = (
    'Counts, packs, searches and shrinks texts before they take room in a context, and compacts saved histories of'
    ' agents. Paths are relative to the folder that the server reads. Secrets in answers are redacted.'
)


def server_of(desk: Desk) -> MCPServer[Any]:
    """A server with the tools of a desk; `run('stdio')` serves it."""
    try:
        release = version('pydantic-ai-compactor')
    except PackageNotFoundError:
        release = ''
    server: MCPServer[Any] = MCPServer('compactor', instructions=INSTRUCTIONS, version=release, log_level='ERROR')
    for tool in desk.tools():
        reads = tool.__name__ != 'compact'  # which writes to the archive, where there is one
        server.add_tool(
            _polite(tool),
            annotations=ToolAnnotations(read_only_hint=reads, destructive_hint=False, open_world_hint=False),
            structured_output=True,
        )
    return server


def _polite(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A tool that refuses what is too large, and says what is wrong by the name of its error."""

    @functools.wraps(tool)
    def checked(**arguments: Any) -> dict[str, Any]:
        try:
            within_bounds(arguments)
            return tool(**arguments)
        except CompactorError as error:
            raise ToolError(redact(f'{type(error).__name__}: {error}', HIGH_CONFIDENCE)) from None

    return checked
