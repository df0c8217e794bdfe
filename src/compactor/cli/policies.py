"""The option `--preset`: from a name, or the path of a TOML file, to a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from compactor.sources import STANDARD_INPUT

if TYPE_CHECKING:
    from compactor.policy import Policy

Preset = Annotated[
    str | None,
    typer.Option('--preset', metavar='NAME', help='Preset (auto: by the model), or a TOML file with your own policy.'),
]


def policy_of(preset: str | None, model: str | None = None) -> Policy:
    """The policy by that name, `COMPACTOR_*` over it; `model` is for 'auto'. Raises `ConfigError`."""
    from compactor.policy import Policy

    if preset is not None and (preset.endswith('.toml') or preset == STANDARD_INPUT):
        return Policy.load(preset, model=model)
    return Policy.load(preset=preset, model=model)
