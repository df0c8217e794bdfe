"""Lines that tell failing tests, one each, no longer than it takes for all of them to fit.

    FAILED tests/test_cart.py::test_total - assert 3 == 4 (tests/test_cart.py:12)

and where that is too much for all of them:

    FAILED tests/test_cart.py
     test_total - assert 3 == 4
     test_empty - KeyError: 'price'
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from compactor.outputs.allowance import Allowance
from compactor.outputs.json_text.shares import poured
from compactor.outputs.logs.cards import Card
from compactor.outputs.logs.testlog import leaf_of

TIGHT = 0.5
"""Share of the room that names may take before what they share is told once."""
ROOMIER = 0.85
"""The same where they failed for few reasons."""
FEW = 4
"""Reasons that are few."""
ROOMY = 0.6
"""Share of the allowance within which all failures are told in full; what is left goes to their details."""
LEAST = 14
"""Characters of an error at least: less says nothing."""
REASONS, REASON = 2, 120
"""Reasons that are told where not even all names fit, and characters of each."""
JOIN = 3
"""Characters between a name and an error."""
ROUNDS = 8
"""Attempts to make the errors as long as the room allows."""
SHARED, LONG = 3, 8
"""Failures in a row of one class, and characters of its name, from which on the class is a heading."""
PER_TOKEN = 3.6
"""Characters of a token of errors, before anything was counted."""

_LITTLE: tuple[re.Pattern[str], ...] = tuple(
    map(
        re.compile,
        (
            r'(?:file://)?(?:[A-Za-z]:)?(?:[/\\][\w.@+\-]++)+[/\\](?=[\w.])',
            r'^(?:Error: )?(?:AssertionError(?: \[\w+\])?: |expect\(\S*\)(?:\.\w+)*\([^)\n]*\) (?=\S)'
            r'|assertion `[^`\n]+` failed: |Failed: )'
            r'|(?<= )// \S+(?: \S+)? (?=Expected)|Expected values to be (?:strictly|loosely) (?:deep-)?equal: '
            r'|Received promise (?:rejected|resolved) instead of \w+ |(?:^|(?<= ))// [\w. ]+?(?= [-+A-Z]|$)',
            r'^(?:\w+[.:]+)+(?=\w+(?:Error|Exception|Failed\w*)\b)',
            r'^(?:(?:Value|Type|Runtime|OS|IO|Connection\w*|Key|Index|Name|Attribute|File\w*|Permission|Range|Syntax|Reference|Import'
            r'|ModuleNotFound|(?:Invalid|Illegal)Argument|IllegalState|NullPointer|Argument|NoMethod|Standard|Not\w+)(?:Error|Exception)?'
            r'|ExceptionGroup|Error|Exception|panic|thrown)(?: \[\w+\])?: "?(?:\[Errno \d+\] )?(?=.{8})',
        ),
    )
)
"""What says little in an error, in the order in which it goes: folders, what only compares, modules, common types."""
_COMPARES = re.compile(
    r'(?:AssertionError(?: \[\w+\])?: )?(?:assert [\[{(\'"\d]|expected [\d{\[]|Expected values|expect\()'
    r'|\S+ (?:!=|!==|==) '
)
"""Errors that only set two values side by side: cut short they say nothing."""


def told(cards: Sequence[Card], allowance: Allowance, reserved: int) -> list[str]:
    """A text for each failure: its line, with a heading before it where one begins.

    Args:
        cards: the failures, in order.
        allowance: of the whole result.
        reserved: tokens of it that other lines and the note about what is missing need.
    """
    return [text.rstrip() for text in _told(cards, allowance, reserved)] if cards else []


def _told(cards: Sequence[Card], allowance: Allowance, reserved: int) -> list[str]:
    often = Counter(card.error for card in cards if card.error)
    whole = _whole(cards, often)
    room = allowance.tokens - reserved
    size = sum(map(len, whole))
    if size <= room * 7 and allowance.count('\n'.join(whole)) <= min(room, allowance.tokens * ROOMY):
        return whole
    return _grouped(cards, often, room, allowance)


def _whole(cards: Sequence[Card], often: Counter[str]) -> list[str]:
    """Every failure in full; an error that many share but once."""
    seen: set[str] = set()
    texts: list[str] = []
    for card in cards:
        text = f'{_word(card)} {_full(card)}'.lstrip()
        if card.error and (card.error not in seen or often[card.error] == 1):
            text += f' - {card.error}' + (f' (×{often[card.error]:,})' if often[card.error] > 1 else '')
        seen.add(card.error)
        if card.place and card.place not in text:
            text += f' ({card.place})'
        texts.append(text)
    return texts


def _word(card: Card) -> str:
    """What says that a test failed, as its runner does; TAP says so in the line itself."""
    runner = card.failure.runner
    return '' if runner == 'tap' else 'FAILED' if runner in ('pytest', 'summary', 'inline') else 'FAIL'


def _full(card: Card) -> str:
    if not card.file or card.file.rpartition('/')[2] in card.name:
        return card.name
    return f'{card.file}{"::" if _word(card) == "FAILED" else " > " if " > " in card.name else " › "}{card.name}'


def _grouped(cards: Sequence[Card], often: Counter[str], room: int, allowance: Allowance) -> list[str]:
    """Failures under headings of their files, their errors as long as the room allows."""
    tight = False
    texts = _under_headings(cards, [''] * len(cards), tight=False)
    few = len({card.like for card in cards if card.error}) <= FEW
    if allowance.count('\n'.join(texts)) > room * (ROOMIER if few else TIGHT):
        shorter = _under_headings(cards, [''] * len(cards), tight=True)
        if sum(map(len, shorter)) < sum(map(len, texts)):
            texts, tight = shorter, True
    left = room - allowance.count('\n'.join(texts))
    if left < 4:
        return _with_reasons(cards, often, tight=tight)
    errors = _once([_error(card, often) for card in cards])
    first: dict[str, int] = {}
    for n, card in enumerate(cards):
        if errors[n]:
            first.setdefault(card.like, n)
    firsts = set(first.values())
    forms = [_forms(error) for error in errors]
    best = texts
    characters = left * PER_TOKEN
    for _ in range(ROUNDS):
        shown = _fitted(forms, firsts, int(characters))
        filled = _under_headings(cards, shown, tight=tight)
        size = allowance.count('\n'.join(filled))
        if size <= room:
            best = filled
            if size >= room * 0.985 or shown == errors:
                break
            characters += max(2.0, (room - size) * 3.0)
        else:
            characters -= (size - room + 1) * 3.6
        if characters < LEAST:
            break
    return best


def _with_reasons(cards: Sequence[Card], often: Counter[str], *, tight: bool) -> list[str]:
    """Where not even all names fit: why most of them failed is worth more than the last names."""
    likes = Counter(card.like for card in cards if card.error)
    errors = [''] * len(cards)
    for like, _ in likes.most_common(REASONS):
        n = next(n for n, card in enumerate(cards) if card.error and card.like == like)
        errors[n] = _cut(_forms(_error(cards[n], often))[-1], REASON)
    return _under_headings(cards, errors, tight=tight)


def _once(errors: Sequence[str]) -> list[str]:
    """Each error where it first comes, and nowhere else."""
    first: dict[str, int] = {}
    for n, error in enumerate(errors):
        first.setdefault(error, n)
    return [error if first[error] == n else '' for n, error in enumerate(errors)]


def fitted(cards: Sequence[Card], allowance: Allowance) -> list[str]:
    """The errors of the failures, as long as half of the allowance holds."""
    often = Counter(card.error for card in cards if card.error)
    firsts = {card.like: n for n, card in reversed(list(enumerate(cards)))}
    room = allowance.tokens // 2 * PER_TOKEN
    return _fitted([_forms(_error(card, often)) for card in cards], set(firsts.values()), int(room))


def _error(card: Card, often: Counter[str]) -> str:
    times = often[card.error]
    return f'{card.error} (×{times:,})' if times > 1 else card.error


def _forms(error: str) -> list[str]:
    """An error in ever shorter forms: each without more of what says little."""
    forms = [error]
    for little in _LITTLE:
        if (shorter := little.sub('', forms[-1])) != forms[-1]:
            forms.append(shorter)
    return forms


def _fitted(forms: Sequence[Sequence[str]], firsts: set[int], characters: int) -> list[str]:
    """Each error in a form that fits: those that say something in words and are like none before come first."""
    shown = [''] * len(forms)
    order: list[list[int]] = [[], [], []]
    for n, variants in enumerate(forms):
        if variants[0]:
            order[2 if n not in firsts else 1 if _COMPARES.match(variants[min(2, len(variants) - 1)]) else 0].append(n)
    for group in order:
        shares = _shares([len(forms[n][-1]) + JOIN for n in group], characters)
        for n, share in zip(group, shares, strict=False):
            shown[n] = _cut(forms[n][-1], share - JOIN)
            characters -= len(shown[n]) + JOIN if shown[n] else 0
        for n in group:  # what is left goes to fuller forms
            for variant in forms[n]:
                if shown[n] and 0 < len(variant) - len(shown[n]) <= characters:
                    characters -= len(variant) - len(shown[n])
                    shown[n] = variant
                    break
        if characters < LEAST:
            break
    return shown


def _shares(needs: Sequence[int], characters: int) -> list[int]:
    """Characters of each; where that would say nothing of any, of the first ones."""
    shares = poured(needs, characters)
    if shares and max(shares) < LEAST + JOIN:
        shares = poured(needs[: max(1, characters // (LEAST + JOIN))], characters)
    return shares


def _cut(error: str, width: int) -> str:
    """An error of at most so many characters; nothing where that says nothing."""
    if len(error) <= width:
        return error
    return f'{error[: width - 1].rstrip()}…' if width >= LEAST else ''


def _under_headings(cards: Sequence[Card], errors: Sequence[str], *, tight: bool) -> list[str]:
    """The failures, each on its line, under their files.

    Where it is tight, names are without their suites, and a class that several in a row share is a heading too.
    """
    names = [leaf_of(card.name) if tight and '::' not in card.name else card.name for card in cards]
    classes = _classes(cards, names) if tight else [''] * len(cards)
    texts: list[str] = []
    before: tuple[str, str] | None = None
    for card, name, group, error in zip(cards, names, classes, errors, strict=True):
        own = name[len(group) :]
        text = f' {own} - {error}' if error else f' {own}'
        if (card.file, group) != before:
            head = (
                f'{card.file}::{group.removesuffix("::")}'
                if group and card.file
                else group.removesuffix('::') or card.file
            )
            text = (f'{_word(card)} {head}'.strip() + f'\n{text}').lstrip('\n')
            before = card.file, group
        texts.append(text)
    return texts


def _classes(cards: Sequence[Card], names: Sequence[str]) -> list[str]:
    """For each failure the class that it and its neighbours are in, '' where a heading for it would save nothing."""
    own = [
        name[: name.rfind('::', 0, (name + '[').index('[')) + 2] if '::' in name.partition('[')[0] else ''
        for name in names
    ]
    groups: list[str] = []
    for _, members in groupby(range(len(cards)), key=lambda n: (cards[n].file, own[n])):
        block = list(members)
        worth = len(block) >= SHARED and len(own[block[0]]) >= LONG
        groups += [own[block[0]] if worth else ''] * len(block)
    return groups
