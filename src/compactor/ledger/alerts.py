"""Alerts by rule: which figure of whom, over which value; each told when it is crossed, not for as long as it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compactor.errors import ConfigError
from compactor.ledger.burn import Burn
from compactor.ledger.figures import Figures

Measure = Literal['cost', 'tokens', 'requests', 'failed', 'cut_off', 'unpriced', 'budget']
"""What a rule looks at, of the present UTC day: dollars, tokens, requests; requests that failed, answers that were cut
off, requests of unknown price; or the share of a budget that is spent and set aside, of its own period."""
By = Literal['all', 'agent', 'model', 'task']
"""Whom it is added up for: everything together, or each agent, model or task alone."""

AGAIN_BELOW = 0.95
"""Share of its value to which a figure must fall before its rule can be told again: one that trembles at the edge is
told once."""


class AlertRule(BaseModel):
    """One rule.

    Attributes:
        name: what it is called in events and payloads.
        measure: see `Measure`.
        above: the value beyond which it is told; a share for budgets, such as 0.9.
        by: see `By`; of budgets each is looked at alone.
        of: the names it looks at, as a pattern (`*` any text, `?` any character).
        level: how it is told: 'warning' or 'error'.
    """

    model_config = ConfigDict(extra='forbid', frozen=True, validate_default=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    measure: Measure = 'cost'
    above: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    by: By = 'all'
    of: str = '*'
    level: Literal['warning', 'error'] = 'warning'

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            found = error.errors()[0]
            where = '.'.join(map(str, found['loc'])) or 'it'
            raise ConfigError(f'alert {values.get("name", "")!r}: {where}: {found["msg"]}') from None


@dataclass(frozen=True, slots=True)
class Alert:
    """A figure has gone beyond the value of a rule.

    Attributes:
        rule: the rule.
        subject: of which agent, model, task or budget; '' for everything together.
        value: the figure.
    """

    rule: AlertRule
    subject: str
    value: float

    @property
    def key(self) -> tuple[str, str]:
        """Rule and subject: what it is told once for."""
        return self.rule.name, self.subject

    def to_json(self) -> dict[str, Any]:
        """What an event or a webhook tells: names and figures, never a text of messages."""
        return {
            'alert': self.rule.name,
            'measure': self.rule.measure,
            'by': self.rule.by,
            'subject': self.subject,
            'value': self.value,
            'above': self.rule.above,
            'level': self.rule.level,
        }


def _cost(figures: Figures) -> float:
    return float(figures.nano) / 1e9


MEASURES: Mapping[str, Callable[[Figures], float]] = {
    'cost': _cost,
    'tokens': lambda figures: float(figures.tokens),
    'requests': lambda figures: float(figures.requests),
    'failed': lambda figures: float(figures.failed),
    'cut_off': lambda figures: float(figures.cut_off),
    'unpriced': lambda figures: float(figures.unpriced),
}
"""How each measure is read from figures."""


def values_of(
    rule: AlertRule, groups: Mapping[str, Mapping[str, Figures]], burns: Iterable[Burn]
) -> Iterable[tuple[str, float]]:
    """Subject and figure of everything that a rule looks at.

    Args:
        rule: the rule.
        groups: figures of the day by name, under 'all', 'agent', 'model' and 'task'; under 'all' the name is ''.
        burns: how budgets stand.
    """
    if rule.measure == 'budget':
        return [(one.usage.budget.name, one.share) for one in burns if fnmatchcase(one.usage.budget.name, rule.of)]
    read = MEASURES[rule.measure]
    return [(name, read(one)) for name, one in groups.get(rule.by, {}).items() if fnmatchcase(name, rule.of)]


@dataclass(slots=True)
class Edges:
    """Which rules are beyond their value now, so that each is told when it is crossed, and again after it fell.

    Attributes:
        rules: the rules.
        raised: what is beyond its value, as it was last seen.
    """

    rules: Sequence[AlertRule]
    raised: dict[tuple[str, str], Alert] = field(default_factory=dict)

    def crossed(self, groups: Mapping[str, Mapping[str, Figures]], burns: Sequence[Burn]) -> list[Alert]:
        """Takes in figures; the alerts that are new. Arguments as `values_of`."""
        found: list[Alert] = []
        now: dict[tuple[str, str], Alert] = {}
        for rule in self.rules:
            for subject, value in values_of(rule, groups, burns):
                alert = Alert(rule, subject, value)
                was = alert.key in self.raised
                if value > rule.above or (was and value > rule.above * AGAIN_BELOW):
                    now[alert.key] = alert
                    if not was:
                        found.append(alert)
        self.raised = now
        return found
