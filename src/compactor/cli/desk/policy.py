"""`compactor policy show|init|check`: every value in force and where it comes from; a file to begin with; a check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactor.cli.screen import as_json, complain, plain, screen, table
from compactor.cli.stores import Json
from compactor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

policy = typer.Typer(
    name='policy', no_args_is_help=True, rich_markup_mode=None, help='Show, write and check the policy in force.'
)
File = Annotated[
    Path | None, typer.Option('--policy', metavar='FILE', help='A TOML file (default: COMPACTOR_CONFIG, if set).')
]
Preset = Annotated[
    str | None,
    typer.Option('--preset', metavar='NAME', help="What it is based on (default: the file's, then default)."),
]


@policy.command('show')
def show(
    station: Annotated[
        str | None, typer.Argument(metavar='[STATION]', help='Only of this one, such as history.')
    ] = None,
    file: File = None,
    preset: Preset = None,
    changed: Annotated[bool, typer.Option('--changed', help='Only what is not as it comes.')] = False,
    json: Json = False,
) -> None:
    """Show every value in force and its origin: the preset, the file, a variable, or as it comes."""
    from compactor.policy import Policy, origins

    if station is not None and station not in Policy.model_fields:
        raise ConfigError(f'there is no station {station!r}; there are: {", ".join(Policy.model_fields)}')
    found = origins(file, preset=preset)
    rows = [
        (f'{name}.{key}', value, origin)
        for name, key, value, origin in found
        if station in (None, name) and (not changed or origin != 'default')
    ]
    if json:
        typer.echo(as_json([{'name': name, 'value': _plain(value), 'origin': origin} for name, value, origin in rows]))
        return
    shown = ((name, plain(_text(value)), _named(origin)) for name, value, origin in rows)
    screen().print(table('', ('', 'value', 'origin'), shown, wide='value'))


@policy.command('init')
def init(
    file: Annotated[Path, typer.Argument(metavar='[FILE]', help='Where to write it.')] = Path('compactor.toml'),
    preset: Annotated[str, typer.Option('--preset', metavar='NAME', help='What it is based on.')] = 'default',
    force: Annotated[bool, typer.Option('--force', help='Overwrite a file that is there.')] = False,
) -> None:
    """Write a policy to begin with: a preset's name, and every field of its stations as a comment."""
    from compactor import sources
    from compactor.cli.desk.session import write

    if file.exists() and not force:
        raise ConfigError(f'{file} is there already: name another file, or add --force')
    sources.preset(preset)
    write(file, '\n'.join(_template(preset)) + '\n')
    typer.echo(f'{file}: the preset {preset!r}, with every field as a comment; compactor policy check {file}')


@policy.command('check')
def check(
    file: Annotated[Path, typer.Argument(metavar='FILE', help='A policy; - for standard input.')],
    json: Json = False,
) -> None:
    """Read a policy as an agent would: what it changes, or exit code 1 and what is wrong with it."""
    from compactor.policy import origins

    rows = [one for one in origins(file) if one[3] != 'default' and not one[3].startswith('preset')]
    if json:
        typer.echo(as_json([{'name': f'{s}.{k}', 'value': _plain(v), 'origin': o} for s, k, v, o in rows]))
        return
    if not rows:
        complain(f'{file} is a policy that changes nothing of its preset')
        return
    typer.echo(f'{plain(file)} is a policy')
    shown = ((f'{s}.{k}', plain(_text(v)), _named(o)) for s, k, v, o in rows)
    screen().print(table('', ('', 'value', 'origin'), shown, wide='value'))


def _template(preset: str) -> Iterator[str]:
    from compactor.packing.profiles import toml_of
    from compactor.policy import Policy

    values = Policy.preset(preset)
    yield '# A policy of compactor: the preset below, and over it what is uncommented here (docs/policy.md).'
    yield f'preset = {toml_of(preset)}'
    for name in Policy.model_fields:
        yield ''
        yield f'[{name}]'
        for key, value in getattr(values, name).model_dump(mode='json').items():
            # What TOML cannot say (nothing) is left out, and so are tables, which want a heading of their own.
            tables = isinstance(value, dict) or (
                isinstance(value, list) and any(isinstance(one, dict) for one in value)
            )
            told = None if value is None or tables else toml_of(value)
            yield f'# {key} = {told}' if told is not None else f'# {key}'


def _named(origin: str) -> str:
    """An origin as a table has room for it: of a file its name."""
    return origin if origin.startswith('preset ') else Path(origin).name


def _plain(value: object) -> Any:
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value)


def _text(value: object) -> str:
    from compactor.packing.profiles import toml_of

    found = _plain(value)
    return 'none' if found is None else toml_of(found)
