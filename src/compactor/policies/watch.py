"""What is watched over a store: alerts by rule, and who is told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from compactor.ledger.alerts import AlertRule
from compactor.policies.station import Station


class WatchPolicy(Station):
    """What `compactor dashboard` and `compactor alerts` look out for.

    Attributes:
        alerts: the rules (`ledger.alerts.AlertRule`), in TOML `[[watch.alerts]]`.
        webhook: where each alert is sent as JSON, by POST; '' for nowhere. Its address may hold a secret, so it is
            shown nowhere but for its host.
        timeout: seconds that the webhook may take.
        every: seconds between two looks.
    """

    alerts: tuple[AlertRule, ...] = ()
    webhook: str = ''
    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    every: Annotated[float, Field(gt=0, le=86_400)] = 60.0

    @field_validator('webhook')
    @classmethod
    def _is_http(cls, url: str) -> str:
        if url and not url.startswith(('http://', 'https://')):
            raise ValueError('it is an address that begins with http:// or https://')
        return url

    @field_validator('alerts')
    @classmethod
    def _named_apart(cls, alerts: tuple[AlertRule, ...]) -> tuple[AlertRule, ...]:
        if len({one.name for one in alerts}) < len(alerts):
            raise ValueError('two alerts have one name: they would be told as one')
        return alerts
