"""`compactor token count|compare|fit|budget|models|profile`: tokens before a model sees them."""

from __future__ import annotations

from time import time
from typing import Annotated

import typer

from compactor.cli.amounts import tokens_from
from compactor.cli.desk import session
from compactor.cli.desk.count import compare, count
from compactor.cli.desk.models import models
from compactor.cli.desk.profile import profile
from compactor.cli.desk.texts import Model
from compactor.cli.desk.wanted import HERE, Repository
from compactor.cli.screen import as_json, facts, screen, table
from compactor.cli.stores import Json
from compactor.errors import ConfigError
from compactor.tokens.windows import context_window

token = typer.Typer(
    name='token', no_args_is_help=True, rich_markup_mode=None, help='Count, compare and budget tokens of texts.'
)
token.command('count')(count)
token.command('compare')(compare)
token.command('models')(models)
token.command('profile')(profile)


@token.command('fit')
def fit(
    what: Annotated[str, typer.Argument(metavar='[FILE]', help='A file; - for standard input.')] = '-',
    most: Annotated[
        int | None, typer.Option('--max', '-n', parser=tokens_from(1), metavar='N', help='Tokens at most.')
    ] = None,
    reserve: Annotated[
        int, typer.Option('--reserve', parser=tokens_from(0), metavar='N', help='Tokens of the window kept free.')
    ] = 0,
    model: Model = None,
    end: Annotated[bool, typer.Option('--end', help='Keep the end instead of the beginning.')] = False,
    json: Json = False,
) -> None:
    """Print the longest beginning (or end) of a text within so many tokens, or within a model's window."""
    from compactor.cli.desk.texts import PassedOver, texts
    from compactor.tokens.counter import counter_for

    counter = counter_for(model)
    limit = most
    if limit is None:
        window = context_window(model)
        if window is None:
            raise ConfigError(f'the window of {model or "no model"} is not known: say --max')
        limit = window - reserve
    if limit < 1:
        raise ConfigError(f'a reserve of {reserve:,} leaves nothing of the window')
    text = '\n'.join(one.text for one in texts([what], PassedOver()))
    cut = counter.fit_end(text, limit) if end else counter.fit(text, limit)
    if json:
        typer.echo(as_json({'text': cut, 'max': limit, 'tokens': counter.count(cut), 'before': counter.count(text)}))
        return
    typer.echo(cut, nl=False)


@token.command('budget')
def budget(
    tokens: Annotated[
        int | None,
        typer.Argument(
            metavar='[N]', parser=tokens_from(16), help='Tokens of one prompt; without it, what is in force.'
        ),
    ] = None,
    model: Model = None,
    repository: Repository = HERE,
    clear: Annotated[bool, typer.Option('--clear', help='Forget it.')] = False,
    json: Json = False,
) -> None:
    """Set how many tokens `pack`, `search` and `recall` may take in this repository, or show what was used of it."""
    if clear:
        typer.echo('forgotten' if session.forget_budget(repository) else 'there was none')
        return
    kept = session.budget_of(repository)
    if tokens is not None:
        kept = session.Budget(tokens, model or '', str(repository.resolve()), time())
        session.keep_budget(repository, kept)
    if kept is None:
        raise ConfigError('no budget is set here: compactor token budget N --model NAME')
    window = context_window(kept.model or None)
    if json:
        typer.echo(as_json({**kept.to_json(), 'window': window, 'share': window and round(kept.budget / window, 4)}))
        return
    out = screen()
    rows: list[tuple[str, object]] = [('budget', f'{kept.budget:,} tokens{_share(kept, window)}')]
    rows.append(('for', kept.repository or str(repository)))
    if kept.uses:
        used = [use.tokens for use in kept.uses]
        rows.append(('used', f'{len(used):,} times, {sum(used) / len(used):,.0f} tokens in the mean'))
    if window is not None and kept.budget > window:
        rows.append(('note', f'more than the window of {window:,} tokens: nothing of this size can be sent'))
    out.print(facts(rows))
    if kept.uses:
        out.print()
        last = [(use.query or '-', use.tokens, f'{use.tokens / kept.budget:.0%}') for use in kept.uses[-10:][::-1]]
        out.print(table('Latest', ('', 'tokens', 'share'), last))


def _share(kept: session.Budget, window: int | None) -> str:
    if not kept.model:
        return ' (no model named)'
    if window is None:
        return f' (the window of {kept.model} is not known)'
    return f' ({kept.budget / window:.0%} of the {window:,} of {kept.model})'
