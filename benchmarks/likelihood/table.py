"""Means over cuts, and paired differences with intervals."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

KEYS = ('next', 'next_old', 'later', 'later_old')
ROUNDS = 4_000
"""Samples of a bootstrap."""
Row = Mapping[str, Any]
Cut = Mapping[str, Row]
"""The rows of one cut, by method."""


def printed(cuts: Sequence[Cut], methods: Sequence[str], base: str) -> str:
    """The tables, of the cuts that every method has."""
    both = [cut for cut in cuts if all(method in cut for method in methods)]
    if not both:
        return 'no cut that every method has'
    lines = [f'{len(both)} cuts that every method has; nats per token, lower is better', '']
    lines += ['| method | tokens | ' + ' | '.join(KEYS) + ' |', '|' + '---|' * (2 + len(KEYS))]
    for method in methods:
        cells = [f'{_mean(both, method, key):.3f}' for key in KEYS]
        lines.append(f'| {method} | {median(cut[method]["tokens"] for cut in both):,.0f} | {" | ".join(cells)} |')
    lines += ['', f'{base} minus the other: mean [95 %], cuts where {base} is better', '']
    lines += ['| against | ' + ' | '.join(KEYS) + ' |', '|' + '---|' * (1 + len(KEYS))]
    for method in methods:
        if method != base:
            lines.append(f'| {method} | ' + ' | '.join(_paired(both, base, method, key) for key in KEYS) + ' |')
    return '\n'.join(lines)


def losing(cuts: Sequence[Cut], base: str, other: str, key: str = 'later') -> list[tuple[float, str]]:
    """Cuts on which the other is better, the worst first: nats per token, and the cut's id."""
    found = []
    for cut in cuts:
        if base in cut and other in cut and cut[base]['nats'][key][0]:
            number, mine = cut[base]['nats'][key]
            found.append(((mine - cut[other]['nats'][key][1]) / number, str(cut[base]['id'])))
    return sorted((one for one in found if one[0] > 0), reverse=True)


def _mean(cuts: Sequence[Cut], method: str, key: str) -> float:
    number = sum(cut[method]['nats'][key][0] for cut in cuts)
    return sum(cut[method]['nats'][key][1] for cut in cuts) / number if number else float('nan')


def _paired(cuts: Sequence[Cut], base: str, method: str, key: str) -> str:
    numbers = [cut[base]['nats'][key][0] for cut in cuts]
    differences = [cut[base]['nats'][key][1] - cut[method]['nats'][key][1] for cut in cuts]
    if not sum(numbers):
        return '-'
    draw = random.Random(7)
    means = []
    for _ in range(ROUNDS):
        picked = draw.choices(range(len(cuts)), k=len(cuts))
        number = sum(numbers[i] for i in picked)
        if number:
            means.append(sum(differences[i] for i in picked) / number)
    means.sort()
    low, high = means[int(len(means) * 0.025)], means[int(len(means) * 0.975)]
    better = sum(difference < 0 for difference, number in zip(differences, numbers, strict=True) if number)
    asked = sum(number > 0 for number in numbers)
    return f'{sum(differences) / sum(numbers):+.3f} [{low:+.3f} {high:+.3f}] {better}/{asked}'
