"""`compactor demo`: a real agent lives through a recorded session, every request through the compactor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from compactor.cli.policies import Preset, policy_of
from compactor.cli.screen import as_json, clean, complain, count, facts, plain, screen, table
from compactor.cli.sessions import Line, Session, load
from compactor.errors import HistoryError

if TYPE_CHECKING:
    from collections import Counter

    from compactor.adapters.pydantic_ai.played.playback import Playback
    from compactor.cli.figures import Figures
    from compactor.policy import Policy

CHECKOUT = Path(__file__).resolve().parents[3]
NOTE = (
    'The decisions are the recorded ones in both columns; whether a model would decide the same on the shorter'
    ' history is not measured here. Tools are counted by name, as a session does not record their definitions.'
)
AFTER_REFUSAL = (
    'A refused request ends its run, as it would in life: the rest of its exchange is not played, and the next'
    ' exchange goes on from before it. The totals therefore cover different requests.'
)


def demo(
    session: Annotated[
        Path | None,
        typer.Option('--session', metavar='FILE', help='History to live through (default: fixtures/session.json).'),
    ] = None,
    preset: Preset = 'cerebras',
    model: Annotated[
        str | None, typer.Option('--model', metavar='NAME', help='Model to play: its tokens, window and rules.')
    ] = None,
    line: Line = None,
    speed: Annotated[
        float | None, typer.Option('--speed', min=0.01, metavar='N', help='Requests a second (default: no waiting).')
    ] = None,
    json: Annotated[bool, typer.Option('--json', help='Print the figures as JSON, and nothing else.')] = False,
    logfire: Annotated[
        bool,
        typer.Option(
            '--logfire', help="Tell Logfire what happens, in your project if one is chosen; no message's content."
        ),
    ] = False,
) -> None:
    """Live through a recorded session with a real agent, without and with a compactor.

    No model is asked: its decisions and the tools' results are played back from the file.
    """
    loaded = load(session or _default_session(), line)
    loaded.tell_left_out()
    policy = policy_of(preset or 'cerebras', model)
    # Imported here, so that `--help` and typing mistakes do not wait for pydantic-ai.
    from compactor.adapters.pydantic_ai.played.playback import Playback
    from compactor.adapters.pydantic_ai.played.recording import recording_of
    from compactor.cli.figures import figures_of

    recording = recording_of(loaded.messages)
    acting = Playback(recording, policy, model, pause=1 / speed if speed else 0.0)
    limit = acting.limits.hard
    told = None
    if logfire:
        from compactor.cli.telemetry import configured

        told = configured()
    # With the compactor first: token counts are remembered, and its time must not profit from the other run.
    if not json:
        _introduce(loaded, acting, preset or 'cerebras')
    requests = _played(acting, quiet=json)
    with_ = figures_of(requests, limit, acting.reduced)
    if not json:
        screen().print('and the same session without a compactor ...')
    without = figures_of(Playback(recording, _measuring(policy), model, act=False).run(), limit)
    (_print_json if json else _print_table)(loaded, acting, without, with_)
    if told is not None and not json:
        _print_told(told)


def _default_session() -> Path:
    for folder in (CHECKOUT, Path()):
        path = folder / 'fixtures' / 'session.json'
        if path.is_file():
            return path
    raise HistoryError('there is no fixtures/session.json here: name a history of your own with --session FILE')


def _measuring(policy: Policy) -> Policy:
    """The same limits without strategies and budgets: a history is counted as it grows, and nothing more."""
    history = policy.history.model_copy(update={'strategies': ()})
    outputs = policy.outputs.model_copy(update={'enabled': False, 'redact': False})
    telemetry = policy.telemetry.model_copy(update={'enabled': False})
    return policy.model_copy(update={'history': history, 'outputs': outputs, 'telemetry': telemetry})


def _played(playback: Playback, quiet: bool) -> Any:
    from compactor.cli.progress import Progress

    if quiet:
        return playback.run()
    with Progress(screen()) as playback.watch:
        return playback.run()


def _counted(model: str | None) -> str:
    from compactor.tokens.counter import counter_for

    counter = counter_for(model)
    return f'{counter.method}, by {counter.encoding}' + ('' if counter.ratio == 1 else f' x {counter.ratio:g}')


def _introduce(session: Session, playback: Playback, preset: str) -> None:
    limits, history = playback.limits, playback.policy.history
    kept = f', keeping {count(history.max_exchanges, "exchange")}' if history.max_exchanges else ''
    out = screen()
    out.print(
        facts(
            [
                (
                    'session',
                    f'{Path(session.name).name}: {count(len(session.messages), "message")},'
                    f' {count(len(playback.recording.scenes), "exchange")},'
                    f' {count(playback.recording.requests, "model request")}',
                ),
                (
                    'preset',
                    f'{preset}: compacts at {limits.trigger:,} tokens to {limits.goal:,}{kept},'
                    f' refuses at {limits.hard:,}',
                ),
                ('counted', _counted(playback.model)),
            ]
        )
    )
    out.print()


def _print_table(session: Session, playback: Playback, without: Figures, with_: Figures) -> None:
    from compactor.cli.figures import rows, saved

    out = screen()
    out.print()
    out.print(table('', ('', 'without', 'with compactor'), rows(without, with_, playback.limits.hard)))
    share = saved(without, with_)
    if share is not None:
        out.print(f'{share:.0%} of the input tokens saved.' if share > 0 else 'No input tokens saved.')
    if with_.refused:
        out.print(AFTER_REFUSAL)
    out.print(NOTE)
    _print_output(playback)
    _print_memory(playback)
    if playback.recording.left_out:
        kinds = ', '.join(f'{number} {kind}' for kind, number in playback.recording.left_out.items())
        complain(f'parts that a run cannot repeat were not played: {kinds}')


def _print_json(session: Session, playback: Playback, without: Figures, with_: Figures) -> None:
    from dataclasses import asdict

    from compactor.cli.figures import saved

    typer.echo(
        as_json(
            {
                'session': plain(session.name),
                'messages': len(session.messages),
                'left_out': [asdict(one) for one in session.left_out],
                'not_played': dict(playback.recording.left_out),
                'limits': asdict(playback.limits),
                'counted': _counted(playback.model),
                'without': asdict(without),
                'with': asdict(with_),
                'saved': saved(without, with_),
            }
        )
    )


def _print_output(playback: Playback) -> None:
    """The output that lost most, as the model was shown it."""
    texts = [one for one in playback.reduced if one.text]
    if not texts:
        return
    most = max(texts, key=lambda one: one.tokens_before - one.tokens_after)
    lines = most.text.splitlines()
    out = screen()
    out.print(
        f'\nWhat the model saw of a {most.kind.replace("_", " ")} by {clean(most.tool)},'
        f' about {most.tokens_before:,} tokens cut to {most.tokens_after:,} (its beginning and end):'
    )
    shown = lines if len(lines) <= 2 * SHOWN else [*lines[:SHOWN], '   ...', *lines[-SHOWN:]]
    for text in shown:
        out.print(Text('  ').append(clean(text)), overflow='ellipsis', no_wrap=True)


def _print_told(told: Counter[str]) -> None:
    """How many records of each name Logfire was sent."""
    out = screen()
    out.print()
    out.print(table('What Logfire was told', ('record', 'times'), [(n, f'{k:,}') for n, k in told.most_common()]))


SHOWN = 6
"""Lines shown of the beginning of an output, and of its end."""


def _print_memory(playback: Playback) -> None:
    """What the agent still has of the steps that were left out: how its digest begins, and one of them recalled."""
    from compactor.adapters.pydantic_ai.played.memory import memory_of

    memory = memory_of(playback.history, playback.archive)
    if memory is None:
        return
    out = screen()
    out.print(f'\nWhat stands for the steps left out, {memory.tokens:,} tokens, as the model reads it:')
    for text in memory.shown:
        out.print(Text('  ').append(clean(text)), overflow='ellipsis', no_wrap=True)
    out.print(f'\nand recall({memory.step}) gives a step back, word for word:')
    for text in memory.recalled:
        out.print(Text('  ').append(clean(text)), overflow='ellipsis', no_wrap=True)
