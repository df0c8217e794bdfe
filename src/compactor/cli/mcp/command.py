"""`compactor mcp`: serves the desk to a client of the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compactor.cli.desk.archives import Scope
from compactor.cli.stores import StoreUrl, Tenant
from compactor.errors import ConfigError


def mcp(
    root: Annotated[Path, typer.Option('--root', metavar='FOLDER', help='The only folder that is read.')] = Path(),
    store: StoreUrl = None,
    tenant: Tenant = '',
    scope: Scope = 'default',
    policy: Annotated[
        Path | None, typer.Option('--policy', metavar='FILE', help='TOML file with a policy, for compact and route.')
    ] = None,
    table: Annotated[
        str | None, typer.Option('--table', metavar='NAME', help='A routing table that comes with the library.')
    ] = None,
    keep_secrets: Annotated[bool, typer.Option('--keep-secrets', help='Redact nothing.')] = False,
) -> None:
    """Serve count, shrink, squeeze, compact, recall, search, inspect, pack and route to a client, over stdio."""
    if not root.is_dir():
        raise ConfigError(f'{root}: is no folder; --root names the one whose files are read')
    # Imported here, as only this command needs them.
    from compactor.cli.mcp.bounds import Root
    from compactor.cli.mcp.tools import Desk
    from compactor.secrets.redact import HIGH_CONFIDENCE

    try:
        from compactor.cli.mcp.server import server_of
    except ModuleNotFoundError as error:
        if (error.name or '').partition('.')[0] not in ('mcp', 'mcp_types'):
            raise
        raise ConfigError('the server needs mcp: pip install "pydantic-ai-compactor[mcp]"') from None
    desk = Desk(Root(root), store, tenant, scope, policy, table, None if keep_secrets else HIGH_CONFIDENCE)
    server_of(desk).run('stdio')
