"""`pack`: items into a budget of tokens, each in the form that it is worth.

weigh ─► must-haves ─► a share for each tier ─► what is left to what is worth most ─► names of the rest ─► count it all

Within a tier an item gets room in proportion to its worth, the best first, and what it does not need goes to the next.
Whole if that fits; smaller by its kind (the reducers of outputs); a capsule where there is little room; else its name.
The text is counted as a whole at the end, and what is worth least gives way until it fits: never over the budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from compactor.errors import ConfigError
from compactor.outputs.allowance import LEAST
from compactor.packing.focus import focus
from compactor.packing.forms import Form, Source, capsule, smaller
from compactor.packing.intent import intent_of
from compactor.packing.item import Item, kinds
from compactor.packing.layout import Section, heading, laid_out
from compactor.packing.packed import Packed, Placed
from compactor.packing.profile import IMPORTANT, SUPPLEMENTARY, Profile, Strategy
from compactor.packing.relevance import Question, relevances
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.tokens.counter import Counter, counter_for

TIERS = ('must_have', 'important', 'supplementary', 'optional')
SHARPNESS = 4
"""Power of its worth by which an item gets room: the higher, the more of few items and the less of many."""
STRETCH = 1.25
"""A whole item may take so much more than its share, rather than be cut."""
MOST, NEAR = 0.6, 0.6
"""Share of the room that is left which an item may take to be shown whole, and the relevance from which on it may."""
TRIES = 12
"""Items that are made again, larger, with what room is left at the end."""
SMALLEST = 32
"""Tokens of room under which nothing is tried any more."""
NAMES = 0.08
"""Share of the budget that names of what is not shown may take at most."""


@dataclass(slots=True)
class _Draft:
    """An item on its way: its form, its text, what that costs, and why."""

    source: Source
    tier: str
    form: Form = Form.LEFT_OUT
    text: str = ''
    cost: int = 0
    why: str = 'no room'

    def set(self, form: Form, text: str, cost: int, why: str) -> None:
        """Takes a form."""
        self.form, self.text, self.cost, self.why = form, text, cost, why


def pack(
    items: Iterable[Item],
    budget: int,
    profile: Profile | None = None,
    *,
    question: str = '',
    intent: str | None = None,
    model: str | None = None,
    reserve: int | None = None,
    secrets: Secrets | None = HIGH_CONFIDENCE,
) -> Packed:
    """Brings items into a budget of tokens. Pure: nothing is read or stored.

    Args:
        items: what may go in.
        budget: most tokens of the result, its headings and notes included; at least 16.
        profile: weights, shares and capsules; default: `Profile()`.
        question: what it is wanted for; what it names comes first.
        intent: what the question is after, as `intent.INTENTS` has it; None to tell it from the question.
        model: counts in this model's tokens; default: that of the profile.
        reserve: tokens of the budget that are kept free; default: the profile's share.
        secrets: what is redacted before anything is cut; None for nothing.

    Raises:
        ConfigError: the budget is under 16, or the reserve leaves less.
    """
    profile = profile or Profile()
    free = int(budget * profile.allocation.reserve) if reserve is None else reserve
    if budget < LEAST or free < 0 or budget - free < LEAST:
        raise ConfigError(f'a pack needs {LEAST} tokens beside its reserve, got {budget} of which {free} are reserved')
    counter = counter_for(model or profile.model or None)
    asked = Question(question)
    after = intent_of(question) if intent is None else intent
    drafts = _weighed(list(items), profile, asked, after, counter, secrets)
    room = budget - free
    _must(drafts, room, counter, asked)
    _share(drafts, room, budget, profile, counter, asked)
    _enlarge(drafts, room, counter, asked)
    text = _settled(drafts, room, counter, asked)
    return Packed(
        text,
        tuple(_placed(draft) for draft in drafts),
        budget,
        free,
        counter.count(text),
        sum(draft.source.tokens for draft in drafts),
        counter.model,
        counter.method,
        after,
    )


def _weighed(
    items: Sequence[Item], profile: Profile, asked: Question, intent: str, counter: Counter, secrets: Secrets | None
) -> list[_Draft]:
    """The items, what is worth most first; must-haves before all others."""
    found = relevances(
        asked, [f'{item.name} {" ".join(sorted(item.tags))}' for item in items], [item.text for item in items]
    )
    bases = counter.base_many([item.text for item in items])
    sources = [
        Source(item, kind, counter.scale(base), secrets, relevance)
        for item, kind, relevance, base in zip(items, kinds(items), found, bases, strict=True)
    ]
    focus(sources, asked)
    drafts: list[_Draft] = []
    for source in sources:
        item = source.item
        weight = profile.weight(source.kind, intent) if item.priority is None else max(0.0, min(1.0, item.priority))
        # Without a question everything is as relevant as everything else.
        source.worth = weight * (0.05 + 0.95 * source.relevance) if asked else weight
        tier = TIERS[0] if item.must else TIERS[1 if weight >= IMPORTANT else 2 if weight >= SUPPLEMENTARY else 3]
        drafts.append(_Draft(source, tier))
    drafts.sort(key=lambda draft: (draft.tier != TIERS[0], -draft.source.worth))
    return drafts


def _must(drafts: Sequence[_Draft], room: int, counter: Counter, asked: Question) -> None:
    """Must-haves: whole, or where they do not fit together each in proportion to its size."""
    must = [draft for draft in drafts if draft.tier == TIERS[0]]
    left = room
    wanted = sum(draft.source.tokens + SMALLEST for draft in must)
    for draft in must:
        own = draft.source.tokens + SMALLEST
        share = left if wanted <= left else left * own // wanted
        wanted -= own
        if _whole(draft, share, counter, 'it must be there') or _in_part(draft, share, counter, asked):
            left -= draft.cost
        else:
            draft.why = 'it must be there, and there is no room for it'


def _in_part(draft: _Draft, room: int, counter: Counter, asked: Question) -> bool:
    why = 'it must be there, and does not fit whole'
    return room >= LEAST * 2 and _smaller(draft, room, counter, asked, why)


def _share(
    drafts: Sequence[_Draft], room: int, budget: int, profile: Profile, counter: Counter, asked: Question
) -> None:
    """Room by tier: what a tier does not use goes to the next, the share of must-haves first."""
    allocation = profile.allocation
    shares = (allocation.must_have, allocation.important, allocation.supplementary, allocation.optional)
    left = room - sum(draft.cost for draft in drafts) - int(budget * NAMES)
    whole = sum(shares) or 1.0
    carried = max(0, int(room * shares[0] / whole) - sum(draft.cost for draft in drafts))
    for tier, share in zip(TIERS[1:], shares[1:], strict=True):
        own = min(left, int(room * share / whole) + carried)
        some = [draft for draft in drafts if draft.tier == tier and _wanted(draft, profile, asked)]
        used = _fill(some, own, profile, counter, asked)
        left -= used
        carried = max(0, own - used)


def _wanted(draft: _Draft, profile: Profile, asked: Question) -> bool:
    return not asked or draft.source.relevance >= profile.capsules.least_relevance


def _fill(drafts: Sequence[_Draft], room: int, profile: Profile, counter: Counter, asked: Question) -> int:
    """Gives items their forms within a room; returns what they take."""
    worths = [draft.source.worth**SHARPNESS for draft in drafts]
    rest = sum(worths)
    left = room
    for draft, worth in zip(drafts, worths, strict=True):
        if left < SMALLEST:
            break
        portion = min(left, max(int(left * worth / rest) if rest > 0 else left, profile.capsules.min_size))
        rest -= worth
        # What is asked for is better seen whole than guessed at: the best may take most of what is left.
        large = int(left * MOST) if asked and draft.source.relevance >= NEAR else 0
        fits = min(left, max(int(portion * STRETCH), large))
        if _whole(draft, fits, counter, _because(draft, asked, 'all of it fits')):
            left -= draft.cost
        elif portion >= profile.capsules.threshold:
            if _smaller(draft, portion, counter, asked, _because(draft, asked, f'{portion:,} tokens are its share')):
                left -= draft.cost
        elif profile.capsules.enabled:
            size = min(portion, profile.capsules.max_size)
            if _capsule(draft, size, profile, counter, asked):
                left -= draft.cost
    return room - left


def _enlarge(drafts: Sequence[_Draft], room: int, counter: Counter, asked: Question) -> None:
    """What is left goes to what is worth most, and could not be shown whole."""
    left = room - sum(draft.cost for draft in drafts) - int(room * NAMES)
    tried = 0
    for draft in drafts:
        if left < SMALLEST or tried >= TRIES:
            break
        if draft.form is Form.WHOLE or (asked and draft.source.relevance <= 0 and draft.tier != TIERS[0]):
            continue
        before = replace(draft)
        tried += 1
        more = draft.cost + left
        why = _because(draft, asked, 'room was left')
        if not _whole(draft, more, counter, why) and not _smaller(draft, more, counter, asked, why):
            continue
        if draft.cost <= before.cost:
            draft.set(before.form, before.text, before.cost, before.why)
        left -= draft.cost - before.cost


def _because(draft: _Draft, asked: Question, what: str) -> str:
    return f'relevance {draft.source.relevance:.2f}: {what}' if asked else what


def _whole(draft: _Draft, room: int, counter: Counter, why: str) -> bool:
    """Shows an item whole, if it fits."""
    source = draft.source
    if source.tokens > room:
        return False
    cost = _cost(draft, Form.WHOLE, source.text, counter)
    if cost > room:
        return False
    draft.set(Form.WHOLE, source.text, cost, why)
    return True


def _smaller(draft: _Draft, room: int, counter: Counter, asked: Question, why: str) -> bool:
    """Shows an item made smaller by its kind, if anything of use fits."""
    over = _cost(draft, Form.REDUCED, '', counter)
    if room - over < LEAST:
        return False
    text, all_of_it = smaller(draft.source, room - over, counter)
    form = Form.WHOLE if all_of_it else Form.REDUCED
    return _taken(draft, form, text, room, counter, why)


def _capsule(draft: _Draft, size: int, profile: Profile, counter: Counter, asked: Question) -> bool:
    """Shows an item as a capsule, if anything of use fits."""
    how = profile.strategy(draft.source.kind)
    if not asked and how is Strategy.SEMANTIC and draft.source.language:
        how = Strategy.SIGNATURES  # nobody has said what for: what there is says more than how any of it works
    over = _cost(draft, Form.CAPSULE, '', counter)
    if size - over < LEAST:
        return False
    text = capsule(draft.source, size - over, counter, how)
    return _taken(draft, Form.CAPSULE, text, size, counter, _because(draft, asked, f'a capsule of its {how.value}'))


def _taken(draft: _Draft, form: Form, text: str, room: int, counter: Counter, why: str) -> bool:
    cost = _cost(draft, form, text, counter)
    if not text.strip() or cost > room:
        return False
    draft.set(form, text, cost, why)
    return True


def _cost(draft: _Draft, form: Form, text: str, counter: Counter) -> int:
    """Tokens of a section; a token more than counted on its own, for where it meets the next."""
    return counter.count(f'{heading(draft.source.item.name, draft.source.kind, form)}\n{text}') + 1


def _settled(drafts: Sequence[_Draft], room: int, counter: Counter, asked: Question) -> str:
    """The whole text; what is worth least gives way until it fits."""
    while True:
        sections = [
            Section(draft.source.item.name, draft.source.kind, draft.form, draft.text) for draft in drafts if draft.text
        ]
        body = laid_out(sections, (), counter, 0)
        size = counter.count(body)
        if size <= room:
            break
        last = next(draft for draft in reversed(drafts) if draft.text)
        if size - room < last.cost // 2 and last.form is not Form.WHOLE:
            keep = last.cost - (size - room) - 2
            if _smaller(last, keep, counter, asked, last.why) and last.cost <= keep:
                continue
        last.set(Form.LEFT_OUT, '', 0, 'no room')
    unnamed = [draft for draft in drafts if not draft.text]
    # A question names what it concerns; what has nothing to do with it need not even be named.
    named = [draft for draft in unnamed if not asked or draft.source.relevance > 0] or unnamed
    text = laid_out(sections, [draft.source.item.name for draft in named], counter, room)
    listed = text[len(body) :]
    for draft in named:
        if draft.source.item.name.rsplit('/', 1)[-1] in listed:
            draft.set(Form.NAME, '', 0, 'its name is listed' if draft.why == 'no room' else f'{draft.why}: named')
    return text


def _placed(draft: _Draft) -> Placed:
    source = draft.source
    return Placed(
        source.item.name,
        source.kind,
        draft.tier,
        draft.form,
        source.tokens,
        draft.cost,
        source.relevance,
        source.worth,
        draft.why,
    )
