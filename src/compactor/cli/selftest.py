"""`compactor test`: whether cache, metrics, counting and reports work on this machine. Nothing is sent anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from compactor.cli.screen import as_json
from compactor.cli.stores import Json

if TYPE_CHECKING:
    from compactor.token_optimizer import TokenOptimizer

MODEL = 'gpt-3.5-turbo'
PRICE = {MODEL: {'input': '0.5', 'output': '1.5'}}
Check = tuple[str, Callable[['TokenOptimizer'], bool]]


def selftest(json: Json = False) -> None:
    """Try the token optimizer on a store that is thrown away, without a network; exit code 1 if something fails."""
    from compactor.errors import CompactorError
    from compactor.ledger.prices import Prices
    from compactor.token_optimizer import TokenOptimizer

    done: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        prices = Prices.of(PRICE, bundled=False)
        optimizer = TokenOptimizer(_answer, store=Path(folder) / 'store.db', prices=prices)
        for name, check in _checks():
            try:
                done[name] = 'ok' if check(optimizer) else 'FAILED'
            except (CompactorError, ArithmeticError, LookupError, OSError, TypeError, ValueError) as error:
                done[name] = f'FAILED: {type(error).__name__}: {error}'
        optimizer.close()
    passed = sum(state == 'ok' for state in done.values())
    if json:
        typer.echo(as_json({'passed': passed, 'failed': len(done) - passed, 'checks': done}))
    else:
        width = max(map(len, done))
        for name, state in done.items():
            typer.echo(f'{name.ljust(width)}  {state}')
        typer.echo(f'{passed} of {len(done)} passed')
    if passed < len(done):
        raise typer.Exit(1)


def _answer(prompt: str, model: str) -> tuple[str, int, int]:
    """Stands in for a model: as many tokens each time."""
    return f'{model} was asked: {prompt}', 100, 20


def _checks() -> Iterator[Check]:
    yield 'a model is asked once', _asked_once
    yield 'blanks and case do not matter', lambda optimizer: optimizer.process_request('  HELLO ', MODEL)[1].cache_hit
    yield 'a batch keeps its order', _in_order
    yield 'old answers go', lambda optimizer: optimizer.cache.clear_old(24) == 0 and optimizer.cache.clear_old(0) == 3
    yield 'texts are counted', lambda optimizer: optimizer.tokenizer.batch_count_tokens(['a b c', ''], MODEL) == [3, 0]
    yield 'a prompt is cut to fit', _fits
    yield 'the summary adds up', _adds_up
    yield 'a report has advice', lambda optimizer: bool(optimizer.get_optimization_report()['recommendations'])


def _asked_once(optimizer: TokenOptimizer) -> bool:
    first, second = (optimizer.process_request('hello', MODEL) for _ in range(2))
    used = (first[1].total_tokens, second[1].total_tokens, second[1].tokens_saved)
    return first[0] == second[0] and used == (120, 0, 120)


def _in_order(optimizer: TokenOptimizer) -> bool:
    found = optimizer.batch_process(['one', 'two', 'one'], MODEL)
    return [response.rpartition(' ')[2] for response, _ in found] == ['one', 'two', 'one']


def _fits(optimizer: TokenOptimizer) -> bool:
    cut = optimizer.tokenizer.optimize_prompt('word ' * 1_000, 50, MODEL)
    return 0 < optimizer.tokenizer.count_tokens(cut, MODEL) <= 50


def _adds_up(optimizer: TokenOptimizer) -> bool:
    summary = optimizer.metrics.get_summary()
    return (summary['total_requests'], summary['total_tokens']) == (6, 360) and summary['total_cost'] > 0
