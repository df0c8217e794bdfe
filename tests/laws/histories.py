"""Message histories for property tests: lawful ones, as pydantic-ai writes them, and broken ones.

An exchange is drawn as a few short byte strings and expanded by tables (`texts.py`, `shapes.py`); byte 0 stands for
the simplest choice in every table. So a draw is cheap, and what Hypothesis shrinks is short and plain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from hypothesis import note
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessage

from tests.laws.mutations import MUTATIONS, Mutation, is_result
from tests.laws.shapes import (
    ANSWER_SHAPES,
    PROMPT_SHAPES,
    STEPS,
    call_and_result,
    first_parts,
    lead,
    prompt_plain,
    prompt_speech,
)
from tests.laws.texts import CLOSINGS, ID_SCHEMES, PROVIDERS, SYSTEMS
from tests.laws.writer import Genes, Writer

Drawn = Callable[[st.SearchStrategy[Any]], Any]

STEP_GENES, TURN_GENES = 20, 8


# -- the three things an exchange is made of -----------------------------------------------------------------


def _prompt(writer: Writer, genes: Genes) -> None:
    """Begin an exchange: one or more prompts, beside whatever results still wait to be sent."""
    writer.exchange += 1
    writer.run_id = f'run-{writer.exchange}' if writer.runs else None
    if writer.id_scheme == 'restart per exchange':
        writer.ids_used = 0
    # Where results wait, two runs' requests are being merged, and pydantic-ai forgets the run id then.
    writer.merged = writer.merged or any(is_result(part) for part in writer.pending)
    first = not writer.messages and not writer.pending
    if first:
        writer.pending += first_parts(writer, genes)
    for _ in range(genes.pick((1, 1, 1, 1, 1, 1, 2, 3))):
        shape = genes.pick(PROMPT_SHAPES)
        if first:
            shape = prompt_plain if shape is prompt_speech else shape
        writer.pending.append(shape(writer, genes))


def _step(writer: Writer, genes: Genes) -> None:
    """One response and what the next request answers to it; that request stays open for a next prompt."""
    writer.send()
    if writer.id_scheme == 'restart per step':
        writer.ids_used = 0
    STEPS[genes.below(len(STEPS))](writer, genes)


def _answer(writer: Writer, genes: Genes) -> None:
    """End an exchange with a final answer."""
    writer.send()
    writer.respond([*lead(writer, genes), genes.pick(ANSWER_SHAPES)(writer, genes)], 'stop')


def _defer(writer: Writer, genes: Genes) -> None:
    """End a history with calls that somebody outside the run has to answer."""
    writer.send()
    parts = lead(writer, genes)
    for _ in range(genes.pick((1, 1, 2, 3))):
        call, _result = call_and_result(writer, genes)
        parts.append(call)
    writer.respond(parts, 'tool_call')


# -- strategies ----------------------------------------------------------------------------------------------

_TURN = st.binary(min_size=TURN_GENES, max_size=TURN_GENES)
_STEP = st.binary(min_size=STEP_GENES, max_size=STEP_GENES)


def _exchanges(max_exchanges: int, max_steps: int) -> st.SearchStrategy[list[tuple[bytes, list[bytes], bytes]]]:
    short, long = min(6, max_steps), min(12, max_steps)
    few = st.lists(_STEP, max_size=short)
    # A coding agent works through one prompt for hundreds of requests: every fourth exchange is a long one.
    many = st.lists(_STEP, min_size=long, max_size=max_steps)
    return st.lists(st.tuples(_TURN, st.one_of(few, few, few, many), _TURN), min_size=1, max_size=max_exchanges)


@st.composite
def lawful_histories(
    draw: Drawn,
    max_exchanges: int = 4,
    in_run: bool = True,
    *,
    max_steps: int = 40,
    text_size: int = 1,
    surrogates: bool = False,
    compaction: bool = False,
    legacy_retries: bool = True,
    neighbours: bool = True,
) -> list[ModelMessage]:
    """What pydantic-ai itself writes: every response's calls answered, in order, in the next request.

    Ends with a request, as the history of a run in flight does; with `in_run=False` it may instead end with
    a final answer or with calls left for somebody outside the run. `text_size` is how often an output's text
    may be repeated. `surrogates` adds texts that JSON refuses, `compaction` the parts of a history that its
    provider keeps, `legacy_retries` the `RetryPromptPart` also where it is deprecated, `neighbours` a prompt
    in a request of its own behind one with results or with a prompt that was never answered.
    """
    header = Genes(draw(_TURN))
    drawn = draw(_exchanges(max_exchanges, max_steps))
    writer = Writer(
        provider=header.pick(PROVIDERS),
        id_scheme=header.pick(ID_SCHEMES),
        runs=not header.chance(4),
        system_count=header.pick((0, 1, 1, 2)),
        instructions=header.pick((None, SYSTEMS[1])),
        text_size=text_size,
        surrogates=surrogates,
        compaction=compaction,
        legacy_retries=legacy_retries,
    )
    ending = header.pick(('answer', 'deferred', 'request'))
    for number, (prompt, steps, closing) in enumerate(drawn, 1):
        _prompt(writer, Genes(prompt))
        for step in steps:
            _step(writer, Genes(step))
        close = Genes(closing)
        how = close.pick(CLOSINGS)
        if number == len(drawn):
            how = 'request' if in_run else ending
        if how == 'answer':
            _answer(writer, close)
        elif how == 'deferred':
            _defer(writer, close)
        elif how == 'beside' and neighbours and writer.pending:
            writer.send()
    if writer.pending:
        writer.send()
    return writer.messages


@st.composite
def broken_histories(
    draw: Drawn,
    max_exchanges: int = 4,
    *,
    max_mutations: int = 4,
    max_steps: int = 12,
    text_size: int = 1,
    surrogates: bool = False,
    compaction: bool = False,
    legacy_retries: bool = True,
    mutations: Mapping[str, Mutation] | None = None,
) -> list[ModelMessage]:
    """A lawful history put through up to `max_mutations` entries of `MUTATIONS`; never empty.

    `mutations` narrows the table, for example to leave out 'unknown_part', which JSON cannot hold.
    """
    table = MUTATIONS if mutations is None else mutations
    lawful = lawful_histories(
        max_exchanges,
        in_run=draw(st.booleans()),
        max_steps=max_steps,
        text_size=text_size,
        surrogates=surrogates,
        compaction=compaction,
        legacy_retries=legacy_retries,
    )
    messages = cast('list[ModelMessage]', draw(lawful))
    chosen = draw(st.lists(st.tuples(st.sampled_from(sorted(table)), _TURN), max_size=max_mutations))
    for name, genes in chosen:
        messages = table[name](messages, Genes(genes)) or messages
    note(f'mutations: {[name for name, _ in chosen]}')
    return messages


def shape_of(messages: Sequence[ModelMessage]) -> str:
    """The history in one line, for failure messages: kinds and call ids, no texts."""
    lines = [
        (m.kind, [f'{p.part_kind}:{getattr(p, "tool_call_id", None) or ""}'.rstrip(':') for p in m.parts])
        for m in messages
    ]
    return json.dumps(lines)
