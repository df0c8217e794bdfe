"""Which system a JSON file is of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compactor.errors import ConfigError
from compactor.foreign import ez_aigents, pampax
from compactor.foreign.found import Found, parsed

KINDS = ((ez_aigents.is_one, ez_aigents.read), (pampax.is_one, pampax.read))


def read(path: str | Path) -> Found:
    """What a file says: values of a policy, what holds anyway, and what is refused, each by its key.

    Raises:
        ConfigError: it cannot be read, is no JSON, of no system that is known, or a value of it is no such value.
    """
    try:
        text = Path(path).read_text('utf-8')
    except OSError as error:
        raise ConfigError(f'cannot read the configuration file {path}: {error.strerror or error}') from None
    except ValueError as error:
        raise ConfigError(f'{path} is not valid JSON: {error}') from None
    config = parsed(text, str(path))
    for is_one, kind in KINDS:
        if is_one(config):
            return kind(config)
    raise ConfigError(
        f'{path} is a configuration of no system that is known here (taskTypes of Ez Aigents; tokenization, budgeting,'
        ' packing or models of PAMPAX): a policy of ours is a TOML file'
    )


def values(path: Path) -> dict[str, Any]:
    """The values of a file; `ConfigError` names all of it that is refused."""
    return dict[str, Any](read(path).settled(str(path)))


def is_foreign(path: str | Path) -> bool:
    """Whether a file is one of another system: JSON."""
    return Path(path).suffix.lower() == '.json'


def of_environment(variables: Mapping[str, str], prefix: str) -> dict[str, dict[str, Any]]:
    """The values of PAMPAX's ten variables under its prefix and under ours; `ConfigError` names what is refused."""
    theirs = pampax.from_variables(variables).settled('the environment')
    ours = pampax.from_variables(variables, prefix).settled('the environment')
    return {**theirs, **ours}
