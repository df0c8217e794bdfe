"""Which models answer a request, in which order, and why: one pure function over a table.

The rule that fits names the chain; where it names none, the models of the table that are good for the level or for the
task do, the cheapest first. What is under the floor, too dear or too small is passed over. Where nothing is left, the
default is tried, on the same terms but for the level's floor; a floor of a rule, a price, a budget and a window are
never overstepped. What has gone well before is tried first, if it is among what is left.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, Literal, Protocol

from compactor.request.task import Task
from compactor.routing.afford import Affordable
from compactor.routing.allowance import Allowance, allowance_for
from compactor.routing.choice import Choice, PassedOver, Terms
from compactor.routing.complexity import Complexity, Factors, Measured
from compactor.routing.learn import Key, Standing
from compactor.routing.profiles import Cost
from compactor.routing.row import normal, shown
from compactor.routing.table import RoutingTable, Rule

NO_FACTORS = Factors()
NO_FIELDS: Mapping[str, str | int | float | bool] = MappingProxyType({})
NAMED = 3
"""Models that were passed over which a reason names; the route has them all."""
Source = Literal['rule', 'table', 'default', 'nothing']
"""Where a chain comes from: a rule's own, the models of the table that suit, the default, or there is none."""


class Experience(Protocol):
    """What has gone well before; `learn.Learner` is one."""

    def best(self, key: Key, among: Collection[str], now: float = 0.0) -> Standing | None:
        """The model to try first, of those at hand; None if none has shown enough."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that is to be routed; whatever is left out is told from the rest, or unknown.

    Attributes:
        workload: what the agent is there for; None: by the agent's name, if the table has it.
        task: what is asked for; None: by the prompt.
        factors: what was measured of it; the prompt is among them.
        complexity: its level, where the caller knows; None: by the factors.
        input_tokens: tokens of the request; None if nobody has counted them: windows are then not looked at.
        output_tokens: tokens that the answer may take.
        agent: the agent's name.
        default: the model that would answer without a route.
        available: names of the models at hand; None for all.
        at: when, in seconds since 1970; 0: what was learned counts whatever its age.
    """

    workload: str | None = None
    task: str | None = None
    factors: Factors = NO_FACTORS
    complexity: Complexity | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    agent: str = ''
    default: str | None = None
    available: frozenset[str] | None = None
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Route:
    """Which models answer a request.

    Attributes:
        chain: the models, the first to be tried first; empty if none is left.
        source: where they come from.
        rule: the rule that fitted; None if none did.
        workload: the workload, '' if unknown.
        task: the task.
        complexity: how hard it is, and why.
        input_tokens: tokens of what is sent, as a plan; None without one.
        output_tokens: tokens of the answer, likewise.
        fields: what the rule hands on.
        why: all of it in one line, without a word of the prompt but phrases of the table.
        passed_over: models that do not answer, and why.
        floor: least quality that every model of the chain has; None for none.
        learned: what the first model owes its place to; None where nothing was learned.
        default: the model that would have answered.
        agent: the agent's name.
    """

    chain: tuple[str, ...]
    source: Source
    rule: Rule | None
    workload: str
    task: str
    complexity: Measured
    input_tokens: int | None
    output_tokens: int | None
    fields: Mapping[str, str | int | float | bool]
    why: str
    passed_over: tuple[PassedOver, ...] = ()
    floor: float | None = None
    learned: Standing | None = None
    default: str | None = None
    agent: str = ''

    @property
    def model(self) -> str | None:
        """The model to try first; None if none is left."""
        return self.chain[0] if self.chain else None

    @property
    def key(self) -> Key:
        """Under which its outcome is remembered."""
        return Key(self.workload, self.task, self.complexity.level)

    def to_json(self) -> dict[str, Any]:
        """The attributes, plain."""
        return {
            'chain': list(self.chain),
            'source': self.source,
            'rule': None if self.rule is None else str(self.rule),
            'workload': self.workload,
            'task': self.task,
            'complexity': self.complexity.level.label,
            'score': self.complexity.score,
            'factors': dict(self.complexity.factors),
            'input_tokens': self.input_tokens,
            'output_tokens': self.output_tokens,
            'fields': dict(self.fields),
            'why': self.why,
            'passed_over': [{'model': one.model, 'why': one.why} for one in self.passed_over],
            'floor': self.floor,
            'learned': None if self.learned is None else self.learned.why,
            'default': self.default,
        }


@dataclass(slots=True)
class _Draft:
    """A route on its way."""

    choices: list[Choice] = field(default_factory=list)
    passed: list[PassedOver] = field(default_factory=list)
    source: Source = 'nothing'
    floor: float | None = None
    learned: Standing | None = None


def route(
    ask: Ask,
    table: RoutingTable,
    *,
    learned: Experience | None = None,
    affordable: Affordable | None = None,
    cost: Cost | None = None,
) -> Route:
    """The models that answer a request, in order.

    Args:
        ask: the request.
        table: rules and models.
        learned: what has gone well before, tried first.
        affordable: what budgets have left (`afford.within`); None where there are none.
        cost: dollars of a request for models whose profile has no price (`profiles.priced_by`).
    """
    workload, task, measured = _read(ask, table)
    rule = table.match(workload, task, measured.level)
    plan = _plan(rule, allowance_for(measured.level, task, table.allowances))
    terms = _terms(ask, table, rule, plan, affordable, cost)
    draft = _draft(ask, terms, rule, task, measured.level)
    if learned is not None and draft.choices:
        _prefer(draft, learned.best(Key(workload, task, measured.level), [one.model for one in draft.choices], ask.at))
    if draft.source == 'table':
        beyond = draft.choices[1 + table.fallbacks :]
        draft.passed += [PassedOver(one.model, f'{table.fallbacks} fallbacks are enough') for one in beyond]
        del draft.choices[1 + table.fallbacks :]
    return Route(
        tuple(one.model for one in draft.choices),
        draft.source,
        rule,
        workload,
        task,
        measured,
        *plan,
        NO_FIELDS if rule is None else rule.fields,
        f'{shown(workload) or "no workload"}, {shown(task)}, {measured.why}: {_said(draft, rule, terms)}',
        tuple(draft.passed),
        draft.floor,
        draft.learned,
        ask.default,
        ask.agent,
    )


def _terms(
    ask: Ask,
    table: RoutingTable,
    rule: Rule | None,
    plan: tuple[int | None, int | None],
    affordable: Affordable | None,
    cost: Cost | None,
) -> Terms:
    """What the request asks of any model."""
    incoming = plan[0] if ask.input_tokens is None else ask.input_tokens
    outgoing = plan[1] if ask.output_tokens is None else ask.output_tokens
    return Terms(
        table,
        None if rule is None else rule.quality_floor,
        None if rule is None else rule.max_price,
        ask.input_tokens,
        ask.output_tokens,
        None if incoming is None or outgoing is None else (incoming, outgoing),
        ask.agent,
        ask.available,
        affordable,
        cost,
    )


def _plan(rule: Rule | None, allowance: Allowance | None) -> tuple[int | None, int | None]:
    """Tokens in and out: a rule's own before those of the level or task."""
    own = (None, None) if rule is None else (rule.input_tokens, rule.output_tokens)
    if allowance is None:
        return own
    return own[0] or allowance.input, own[1] or allowance.output


def _read(ask: Ask, table: RoutingTable) -> tuple[str, str, Measured]:
    """Workload, task and complexity of a request."""
    workload = normal(ask.workload) if ask.workload is not None else _by_agent(ask.agent, table)
    prompt = ask.factors.prompt
    told = ask.task if ask.task is not None else ask.factors.task
    task = normal(told) if told is not None else table.tasks.of(prompt) if prompt else Task.UNKNOWN.value
    if ask.complexity is not None:
        return workload, task, Measured(ask.complexity, None, {}, f'{ask.complexity.label} (as given)')
    return workload, task, table.scale.measure(replace(ask.factors, task=task))


def _by_agent(agent: str, table: RoutingTable) -> str:
    if not agent or not table.agents:
        return ''
    found = table.agents.get(agent)
    if found is None:
        matching = (workload for name, workload in table.agents.items() if fnmatchcase(agent.lower(), name.lower()))
        found = next(matching, '')
    return normal(found)


def _draft(ask: Ask, terms: Terms, rule: Rule | None, task: str, level: Complexity) -> _Draft:
    """The models that may answer, from the first source that has any."""
    draft, table = _Draft(), terms.table
    if rule is not None and rule.chain:
        draft.source, draft.floor = 'rule', terms.floor
        draft.choices, draft.passed = terms.sift(rule.chain)
    else:
        floor = terms.floor if terms.floor is not None else table.floors.get(level)
        choices, draft.passed = replace(terms, floor=floor).sift(one.model for one in table.suited(level, task))
        ordered = sorted(choices, key=_cheapest if table.ties == 'quality' else _dearness)
        draft.source, draft.floor, draft.choices = 'table', floor, ordered
    if draft.choices:
        return draft
    default = table.default or (() if ask.default is None else (ask.default,))
    draft.choices, passed = terms.sift(dict.fromkeys(default))
    known = {one.model for one in passed}
    draft.passed = [one for one in draft.passed if one.model not in known] + passed
    taken = {one.model for one in draft.choices}
    draft.passed = [one for one in draft.passed if one.model not in taken]
    draft.source, draft.floor = ('default' if draft.choices else 'nothing'), terms.floor
    return draft


def _cheapest(one: Choice) -> tuple[bool, Any, float]:
    """What is cheaper comes first, of equals the better; what nobody has priced comes last."""
    return one.cost is None, one.cost or 0, -(one.quality or 0.0)


def _dearness(one: Choice) -> tuple[bool, Any]:
    """What is cheaper comes first, of equals the one that stood first."""
    return one.cost is None, one.cost or 0


def _prefer(draft: _Draft, standing: Standing | None) -> None:
    if standing is None:
        return
    draft.choices.sort(key=lambda one: one.model != standing.model)
    draft.learned = standing


def _said(draft: _Draft, rule: Rule | None, terms: Terms) -> str:
    """The choice in words."""
    if not draft.choices:
        said = 'no model is left'
    else:
        first = draft.choices[0]
        cost = '' if first.cost is None else f' at {terms.amount(first.cost)}'
        said = f'{shown(first.model)}{cost}, {_because(draft, rule)}'
    if not draft.passed:
        return said
    named = ', '.join(map(str, draft.passed[:NAMED]))
    more = len(draft.passed) - NAMED
    return f'{said}; passed over {named}{f" and {more} more" if more > 0 else ""}'


def _because(draft: _Draft, rule: Rule | None) -> str:
    if draft.learned is not None:
        return f'tried first as {draft.learned.why}'
    if draft.source == 'default':
        return 'the default'
    if draft.source == 'rule':
        return f'by the rule {rule}'
    # Costs are compared where they are known, so that 'cheapest' is said only of a known cost.
    if len(draft.choices) == 1:
        return 'the only one that suits'
    how = 'the first' if draft.choices[0].cost is None else 'the cheapest'
    return f'{how} of {len(draft.choices)} that suit'
