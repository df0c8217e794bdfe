"""The option `--preset`: from a name, or the path of a TOML file, to a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from compactor.policy import Policy

Preset = Annotated[
    str | None, typer.Option('--preset', metavar='NAME', help='Preset, or a TOML file with a policy of your own.')
]


def policy_of(preset: str | None) -> Policy:
    """The policy by that name, `COMPACTOR_*` of the environment over it. Raises `ConfigError`."""
    from compactor.policy import Policy

    if preset is not None and preset.endswith('.toml'):
        return Policy.load(preset)
    return Policy.load(preset=preset)
