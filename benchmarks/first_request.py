"""The first request of a new process that goes on with a recorded chat, by the length of the record.

    python benchmarks/first_request.py [--sizes 1000,10000] [--repeat 5] [--store] [--json]

A chat of so many messages was cut by an earlier run, which remembered the cut with its answer. Another process reads
the record, and sends one more request: timed, in processor time, is the run without a Compactor and with one, and of
that what the Compactor does with the request, each in a process of its own, the least of some repetitions. What lies
before the cut is neither parsed nor counted, so that ten times the record is to take us no more than twice the time.
What the framework does with a record at the beginning of a run grows with it, with us and without.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import Compactor, counter_for
from compactor.telemetry.events import CutResumed, Event, RequestChecked
from histories import session

WANTED = 2.0
"""How many times as long ten times the record may take."""
PRESET = 'cerebras'


def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A short one."""
    return ModelResponse(parts=[TextPart('Done.')])


def agent_with(compactor: Compactor[None] | None) -> Agent[None, str]:
    """An agent of a model that answers at once."""
    plugged = [] if compactor is None else [compactor]
    return Agent(FunctionModel(answer, model_name='gpt-4o'), capabilities=plugged)


def recorded(messages: int, store: str | None) -> bytes:
    """A chat of so many messages whose last request was cut."""
    history = session(messages)
    while not isinstance(history[-1], ModelResponse) or history[-1].tool_calls:
        history.pop()  # a run that is over ends with an answer
    result = agent_with(Compactor(PRESET, store=store)).run_sync('Go on.', message_history=history)
    return ModelMessagesTypeAdapter.dump_json(result.all_messages())


def timed(path: Path, plugged: bool, store: str | None) -> tuple[float, float]:
    """Milliseconds of processor time of the first run of this process, and those of ours in it."""
    history = ModelMessagesTypeAdapter.validate_json(path.read_bytes())
    heard: list[Event] = []
    agent = agent_with(Compactor(PRESET, store=store, on_event=heard.append) if plugged else None)
    counter_for('gpt-4o').count('ready')
    agent.run_sync('warm up')  # what is imported and built at a first run is no record's
    began = time.process_time()
    agent.run_sync('And now?', message_history=history)
    took = (time.process_time() - began) * 1_000
    if plugged and not any(isinstance(event, CutResumed) for event in heard):
        raise SystemExit('the cut was not resumed: there is nothing to time')
    spent = [event.seconds for event in heard if isinstance(event, RequestChecked)]
    return took, spent[-1] * 1_000 if spent else 0.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    options = _options(arguments)
    if options.child:
        print(json.dumps(timed(Path(options.child), options.plugged, options.url)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in map(int, options.sizes.split(',')):
            url = str(Path(folder) / f'{size}.db') if options.store else None
            path = Path(folder) / f'{size}.json'
            path.write_bytes(recorded(size, url))
            bare = [_child(path, False, url) for _ in range(options.repeat)]
            ours = [_child(path, True, url) for _ in range(options.repeat)]
            row = {'without': min(took for took, _ in bare), 'with': min(took for took, _ in ours)}
            rows.append({'messages': size, **row, 'compactor': min(own for _, own in ours)})
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(
            '{messages:>7,} messages: {without:7.1f} ms without, {with:7.1f} with, {compactor:6.1f} of ours'.format(
                **row
            )
        )
    ratio = rows[-1]['with'] / rows[0]['with']
    own = rows[-1]['compactor'] / max(rows[0]['compactor'], 0.1)
    print(f'the run {ratio:.2f} times as long, of which ours {own:.2f} (wanted: at most {WANTED:g})')


def _child(path: Path, plugged: bool, url: str | None) -> tuple[float, float]:
    command = [sys.executable, __file__, '--child', str(path)]
    command += ['--plugged'] * plugged + (['--url', url] if url else [])
    took, own = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return took, own


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0] if __doc__ else None)
    parser.add_argument('--sizes', default='1000,10000')
    parser.add_argument('--repeat', type=int, default=5)
    parser.add_argument('--store', action='store_true', help='with a store beside the record')
    parser.add_argument('--json', action='store_true')
    parser.add_argument('--child', help=argparse.SUPPRESS)
    parser.add_argument('--plugged', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--url', help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
