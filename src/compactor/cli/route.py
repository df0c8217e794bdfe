"""`compactor route`: which models a policy's table would ask, and why; for trying tables out. Nothing is sent."""

from __future__ import annotations

from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compactor.cli.amounts import tokens_from
from compactor.cli.screen import as_json, facts, screen, table
from compactor.cli.stores import Json
from compactor.errors import ConfigError

if TYPE_CHECKING:
    from compactor.routing.route import Route


def route(
    prompt: Annotated[str, typer.Argument(metavar='PROMPT', help='What a person would ask.')],
    workload: Annotated[
        str | None, typer.Option('--workload', metavar='NAME', help='What the agent is there for, such as coding.')
    ] = None,
    task: Annotated[str | None, typer.Option('--task', metavar='NAME', help='What is asked for.')] = None,
    files: Annotated[int | None, typer.Option('--files', min=0, metavar='N', help='Files it concerns.')] = None,
    lines: Annotated[int | None, typer.Option('--lines', min=0, metavar='N', help='Lines that change.')] = None,
    tokens: Annotated[
        int | None,
        typer.Option('--tokens', parser=tokens_from(0), metavar='N', help='Tokens of the request, such as 30k.'),
    ] = None,
    agent: Annotated[str, typer.Option('--agent', metavar='NAME', help='Who asks.')] = '',
    policy: Annotated[
        Path | None, typer.Option('--policy', metavar='FILE', help='TOML file with a [routing] table.')
    ] = None,
    preset: Annotated[
        str | None, typer.Option('--table', metavar='NAME', help='A routing table that comes with the library.')
    ] = None,
    json: Json = False,
) -> None:
    """Show which models a routing table would ask, in order, and why.

    Without --policy and --table the table of COMPACTOR_CONFIG and the environment is shown.
    """
    made = route_of(
        prompt, workload, task, files=files, lines=lines, tokens=tokens, agent=agent, policy=policy, preset=preset
    )
    if json:
        typer.echo(as_json(made.to_json()))
    else:
        _show(made)


def route_of(
    prompt: str,
    workload: str | None,
    task: str | None,
    *,
    files: int | None = None,
    lines: int | None = None,
    tokens: int | None = None,
    agent: str = '',
    policy: Path | None = None,
    preset: str | None = None,
) -> Route:
    """What the table of a policy, or of one that comes with the library, would ask for; see `route`.

    Raises:
        ConfigError: there is no table.
    """
    from compactor import sources
    from compactor.policy import Policy
    from compactor.routing.complexity import Factors
    from compactor.routing.kept import load
    from compactor.routing.route import Ask
    from compactor.routing.route import route as routed

    stations: dict[str, Any] = {} if preset is None else {'routing': {'preset': preset}}
    chosen = Policy.load(policy, **stations)
    found = chosen.routing.table(chosen.tokens.windows, chosen.tasks.table())
    if found.is_empty:
        names = ', '.join(sources.routing_presets())
        raise ConfigError(f'the policy has no [routing] table: write one, or take one with --table; there are: {names}')
    whole = chosen.routing.whole().learning
    learned = whole.learner(load(whole.path)) if whole.enabled and whole.path is not None else None
    factors = Factors(prompt, files, lines)
    return routed(Ask(workload, task, factors, input_tokens=tokens, agent=agent, at=time()), found, learned=learned)


def _show(made: Route) -> None:
    out = screen()
    rows: list[tuple[str, object]] = [
        ('models', ' > '.join(made.chain) or 'none'),
        ('why', made.why),
        ('plan', f'{_tokens(made.input_tokens)} in, {_tokens(made.output_tokens)} out'),
    ]
    rows += [(name, value) for name, value in made.fields.items()]
    out.print(facts(rows, folded=False), soft_wrap=True)
    if made.passed_over:
        out.print()
        over = ((one.model, one.why) for one in made.passed_over)
        out.print(table('', ('passed over', 'why'), over, wide='why'))


def _tokens(number: int | None) -> str:
    return 'any number of tokens' if number is None else f'{number:,} tokens'
