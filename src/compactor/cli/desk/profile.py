"""`compactor token profile`: what a pack prefers in a repository; looked at, saved, and taught what was used."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from compactor.cli.desk import session
from compactor.cli.desk.counting import counted
from compactor.cli.desk.texts import Model, PassedOver, texts
from compactor.cli.desk.wanted import profile_of
from compactor.cli.screen import as_json, facts, screen, table
from compactor.cli.stores import Json
from compactor.errors import ConfigError


def profile(
    path: Annotated[Path, typer.Argument(metavar='[PATH]', help='The repository (default: here).')] = Path(),
    model: Model = None,
    save: Annotated[bool, typer.Option('--save', help='Write it to .compactor/packing.toml.')] = False,
    used: Annotated[
        list[str] | None,
        typer.Option('--used', metavar='NAME', help='A file of the latest pack that was of use; repeatable.'),
    ] = None,
    verbose: Annotated[
        bool, typer.Option('--verbose', '-v', help='With the tokens of the repository by kind.')
    ] = False,
    json: Json = False,
) -> None:
    """Show what a pack prefers here: weights by kind, shares of the budget, capsules; and keep it.

    With --used it learns: kinds of which more is used than shown weigh more the next time, by a quarter at most.
    """
    from compactor.packing import profiles
    from compactor.packing.item import kind_of
    from compactor.tokens.bounds import recommended
    from compactor.tokens.counter import counter_for
    from compactor.tokens.windows import context_window

    held = profile_of(path, model)
    if not held.repository:
        held = held.model_copy(update={'repository': path.resolve().name})
    if used:
        kept = session.budget_of(path)
        shown = kept.uses[-1].shown if kept is not None and kept.uses else ()
        strange = [name for name in used if name not in shown]
        if strange:
            raise ConfigError(f'{strange[0]} was not in the latest pack: pack with a session budget first')
        held = held.learned([kind_of(name, '') for name in shown], [kind_of(name, '') for name in used])
    where = path / session.FOLDER / session.PROFILE
    if save:
        session.write(where, profiles.as_toml(held, profiles.models_in(where)))
    window = context_window(model)
    budget = None if window is None else recommended(window)
    sizes: dict[str, int] = {}
    if verbose:
        counter, passed, tally = counter_for(model), PassedOver(), Counter[str]()
        for one in counted(texts([str(path)], passed), counter):
            tally[kind_of(one.name, '')] += one.tokens
        sizes = {kind: counter.scale(tokens) for kind, tokens in tally.most_common()}
        passed.tell()
    if json:
        account: dict[str, Any] = {**held.model_dump(mode='json'), 'recommended_budget': budget}
        typer.echo(as_json(account | ({'tokens': sizes} if verbose else {})))
        return
    out = screen()
    shares = held.allocation.model_dump()
    rows: list[tuple[str, object]] = [
        ('repository', held.repository),
        ('model', model or 'any'),
        (
            'capsules',
            f'{held.capsules.min_size} to {held.capsules.max_size} tokens' if held.capsules.enabled else 'none',
        ),
        ('least relevance', f'{held.capsules.least_relevance:g}'),
    ]
    if budget is not None:
        rows.append(('recommended budget', f'{budget:,} tokens'))
    if save:
        rows.append(('saved', str(where)))
    out.print(facts(rows))
    out.print()
    out.print(
        table(
            'Weights',
            ('', 'weight', 'capsule'),
            ((k, f'{held.weight(k):.2f}', held.strategy(k)) for k in held.priorities),
        )
    )
    out.print()
    columns = ('', 'share', *(('tokens',) if budget is not None else ()))
    some = ((n, f'{s:.0%}', *((int(budget * s),) if budget is not None else ())) for n, s in shares.items())
    out.print(table('Allocation', columns, some))
    if sizes:
        out.print()
        out.print(table('Tokens by kind', ('', 'tokens'), sizes.items()))
