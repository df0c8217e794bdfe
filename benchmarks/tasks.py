"""Task detection: how often it is right, what its errors would cost, and what its limits would have cut.

    python benchmarks/tasks.py [--corpus | --no-corpus] [--show 20]

First the labelled prompts of `fixtures/prompts.jsonl`, both halves; the patterns were written looking at the first
half only. An error is harmful where the limit is smaller than that of the task the label names: for an agent without
tools, and for one whose tools take long texts.

Then the demo session: what its requests set aside for answers. Then recorded sessions of coding agents
(COMPACTOR_CORPUS): the tasks of their prompts, and how often an answer that was recorded (its text and the arguments of
its calls) is larger than the limit it would have had. Thinking is left out on both sides. `--show` prints prompts and
what was made of them, to be read.

Nothing is asserted: the last column says whether a wanted figure was reached, the exit code is always 0.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from compactor import counter_for
from compactor.history.marks import is_mark
from compactor.request.ceilings import output_ceiling
from compactor.request.max_tokens import LIMITS, max_tokens_for
from compactor.request.task import Detected, Task, detect_task, says_nothing

PROMPTS = Path(__file__).resolve().parents[1] / 'fixtures' / 'prompts.jsonl'
SESSION = PROMPTS.with_name('session.json')
SOURCES = ('claude_code_entire', 'codex_entire', 'pi_sessions', 'gemini_trajectory')
WANTED_HARMFUL = 0.02
WANTED_MICROSECONDS = 50.0
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """A prompt with the task that a reader has given it; `split` is 'tune' or 'test'."""

    text: str
    task: Task
    split: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One recorded answer: what its prompt was taken for, its tokens, its place after the prompt, its calls."""

    detected: Detected
    tokens: int
    place: int
    calls: tuple[str, ...]


def labelled() -> list[Labelled]:
    """The labelled prompts."""
    rows = [json.loads(line) for line in PROMPTS.read_text('utf-8').splitlines()]
    return [Labelled(row['text'], Task(row['task']), row['split']) for row in rows]


def limit_for(task: Task, tools: bool) -> int:
    """The limit that a request of this task gets where nothing else bounds it."""
    return max_tokens_for(task, LIMITS, has_tools=tools) or 0


def harmful(row: Labelled, detected: Task, tools: bool = False) -> bool:
    """Whether the limit is too small for what the label says."""
    return limit_for(detected, tools) < limit_for(row.task, tools)


def corpus() -> Path | None:
    """Where the recordings are: `COMPACTOR_CORPUS`, else `../shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[1] / '..' / 'shared' / 'data'
    root = Path(os.environ.get('COMPACTOR_CORPUS') or beside).resolve() / 'conversations'
    return root if root.is_dir() else None


def _text(content: Any) -> str:
    items = [content] if isinstance(content, str) else content
    texts = (item if isinstance(item, str) else item.get('content') for item in items)
    return '\n'.join(text for text in texts if isinstance(text, str) and not is_mark(text))


def sessions(root: Path) -> Iterator[list[Mapping[str, Any]]]:
    """The messages of every recorded session, as plain JSON."""
    for source in SOURCES:
        with gzip.open(root / f'{source}.jsonl.gz', 'rt', encoding='utf-8') as lines:
            for line in lines:
                yield json.loads(line)['messages']


def answers(recorded: Iterable[Sequence[Mapping[str, Any]]]) -> Iterator[tuple[str, list[Answer]]]:
    """Every recorded prompt with the answers that followed it, up to the next one."""
    count = counter_for('gpt-4o').count
    for messages in recorded:
        prompt, found = '', list[Answer]()
        for message in messages:
            parts = message['parts']
            if message['kind'] == 'request':
                said = [_text(part['content']) for part in parts if part['part_kind'] == 'user-prompt']
                genuine = [text for text in said if not says_nothing(text)]
                if genuine:
                    if prompt:
                        yield prompt, found
                    prompt, found = genuine[-1], []
                continue
            tokens, calls = 0, []
            for part in parts:
                if part['part_kind'] == 'text':
                    tokens += count(part['content'])
                elif part['part_kind'] == 'tool-call':
                    args = part['args']
                    tokens += count(args if isinstance(args, str) else json.dumps(args, ensure_ascii=False)) + 10
                    calls.append(part['tool_name'])
            if prompt:
                detected = detect_task(prompt, in_tool_loop=bool(found))
                found.append(Answer(detected, tokens, len(found), tuple(calls)))
        if prompt:
            yield prompt, found


def cost(rows: Sequence[Labelled]) -> list[float]:
    """Microseconds that one detection takes, for each prompt the best of some rounds."""
    found = []
    for row in rows:
        rounds = []
        for _ in range(ROUNDS):
            began = perf_counter()
            detect_task(row.text)
            rounds.append(perf_counter() - began)
        found.append(min(rounds) * 1e6)
    return sorted(found)


def print_labelled(rows: Sequence[Labelled]) -> None:
    """Accuracy, harmful errors, confusion and unit cost."""
    print(f'{"prompts":10} {"count":>6} {"right":>7} {"harmful":>8} {"with tools":>11}  wanted: harmful <= 2 %')
    for split in ('tune', 'test'):
        part = [(row, detect_task(row.text).task) for row in rows if row.split == split]
        right = sum(row.task is task for row, task in part) / len(part)
        bad, bad_tools = (sum(harmful(row, task, tools) for row, task in part) / len(part) for tools in (False, True))
        verdict = 'yes' if bad <= WANTED_HARMFUL else 'NO'
        print(f'{split:10} {len(part):6} {right:7.1%} {bad:8.1%} {bad_tools:11.1%}  {verdict}')
    confusion = Counter((row.task, detect_task(row.text).task) for row in rows)
    print(f'\n{"labelled / taken for":22}' + ''.join(f'{task.value[:12]:>13}' for task in Task))
    for task in Task:
        print(f'{task.value:22}' + ''.join(f'{confusion[task, other] or "":>13}' for other in Task))
    times = cost(rows)
    verdict = 'yes' if times[-1] < WANTED_MICROSECONDS else 'NO'
    print(
        f'\nunit cost: median {statistics.median(times):.1f} us, 95 % {times[int(len(times) * 0.95)]:.1f} us,'
        f' longest {times[-1]:.1f} us; wanted: < {WANTED_MICROSECONDS:.0f} us: {verdict}'
    )


def print_session() -> None:
    """What the demo session sets aside for its answers, and how much of that they take."""
    messages = json.loads(SESSION.read_text('utf-8'))
    found = [(detected, tokens) for _, answered in answers([messages]) for detected, tokens in pairs(answered)]
    taken = sum(tokens for _, tokens in found)
    ways: list[tuple[str, list[int]]] = [
        ('by task', [limit_for(task, tools=True) for task, _ in found]),
        ('flat 1,500', [1_500] * len(found)),
        ('flat 4,096', [4_096] * len(found)),
        ("the model's ceiling", [output_ceiling('cerebras:zai-glm-4.7') or 0] * len(found)),
    ]
    print(f'\n{"demo session":20} {"requests":>9} {"set aside":>10} {"taken":>8} {"unused":>8} {"cut":>4}')
    for name, limits in ways:
        cut = sum(tokens > limit for (_, tokens), limit in zip(found, limits, strict=True))
        aside = sum(limits)
        print(f'{name:20} {len(found):9} {aside:10,} {taken:8,} {1 - taken / aside:8.1%} {cut:4}')


def pairs(answered: Sequence[Answer]) -> list[tuple[Task, int]]:
    """Task and tokens of answers."""
    return [(answer.detected.task, answer.tokens) for answer in answered]


def print_corpus(root: Path, show: int) -> None:
    """Tasks of recorded prompts, and which of their answers the limits would have cut."""
    prompts: Counter[Task] = Counter()
    by_task: defaultdict[Task, list[tuple[Answer, int]]] = defaultdict(list)
    examples: list[tuple[str, Detected, int]] = []
    for prompt, found in answers(sessions(root)):
        first = detect_task(prompt)
        prompts[first.task] += 1
        examples.append((prompt, first, max((answer.tokens for answer in found), default=0)))
        for answer in found:
            by_task[first.task].append((answer, limit_for(answer.detected.task, tools=True)))
    print(
        f'\n{"recorded prompts":18} {"count":>6} {"answers":>8} {"limit":>6} {"cut":>5} {"share":>7} {"flat 1,500":>11}'
    )
    every = [pair for pairs in by_task.values() for pair in pairs]
    for name, pairs, count in [
        *((task.value, by_task[task], prompts[task]) for task in Task),
        ('all', every, prompts.total()),
    ]:
        if not pairs:
            continue
        cut = sum(answer.tokens > limit for answer, limit in pairs)
        flat = sum(answer.tokens > 1_500 for answer, _ in pairs)
        mean = statistics.mean(limit for _, limit in pairs)
        print(
            f'{name:18} {count:6} {len(pairs):8} {mean:6.0f} {cut:5} {cut / len(pairs):7.2%} {flat / len(pairs):11.2%}'
        )
    # Once more at double the limit, which is what is asked for after a cut.
    still = sum(answer.tokens > 2 * limit for answer, limit in every)
    print(f'still cut at double the limit: {still} of {len(every)} ({still / len(every):.2%})')
    short = [answer.tokens for answer, _ in every if answer.calls and not set(answer.calls) & WRITING]
    print(f'calls without a long text: {len(short)}, {sum(n <= 600 for n in short) / len(short):.2%} within 600 tokens')
    for prompt, detected, largest in random.Random(show).sample(examples, min(show, len(examples))):
        line = ' '.join(prompt.split())
        print(f'  {detected.task.value:16} {detected.score} {detected.why[:24]:24} {largest:6}  {line[:110]}')


WRITING = frozenset(
    {'Edit', 'Write', 'MultiEdit', 'apply_patch', 'edit', 'write', 'replace', 'write_file', 'Task', 'TodoWrite'}
)
"""Tools of the recorded agents whose arguments are long."""


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--corpus', action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument('--show', type=int, default=0, help='so many recorded prompts, drawn at random')
    arguments = parser.parse_args()
    print_labelled(labelled())
    print_session()
    root = corpus()
    if arguments.corpus and root is not None:
        print_corpus(root, arguments.show)
    elif arguments.corpus:
        print('\nrecorded conversations not found: set COMPACTOR_CORPUS')


if __name__ == '__main__':
    main()
