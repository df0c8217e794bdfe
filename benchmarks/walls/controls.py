"""Who is compared: ways of asking two models, each a function from both to one."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from compactor.capacity.headers import retry_after


@dataclass(frozen=True, slots=True)
class Given:
    """What a control may use.

    Attributes:
        limits: Those of the providers, as a policy has them: model, unit, window, amount.
        store: Where processes may share what they know.
        deadline: Seconds that a request may take.
        clock: Seconds since 1970, as they are played.
        sleep: Sleeps for played seconds.
        on_event: Is told what a control does, if it tells.
        seed: For what is left to chance.
    """

    limits: Sequence[Mapping[str, Any]]
    store: str
    deadline: float
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    on_event: Callable[[object], None]
    seed: int


Control: TypeAlias = Callable[[Model, Model, Given], Model]
"""One model from a primary and a fallback."""


def nothing(primary: Model, fallback: Model, given: Given) -> Model:
    """No control: the primary alone; what it refuses is lost."""
    return primary


def retrying(primary: Model, fallback: Model, given: Given) -> Model:
    """The primary alone, asked again and again until the deadline: when it says, else at twice the last distance."""
    return Retrying(primary, given)


def failing_over(primary: Model, fallback: Model, given: Given) -> Model:
    """pydantic-ai's `FallbackModel`: each request asks the primary first."""
    return FallbackModel(primary, fallback)


def ours(primary: Model, fallback: Model, given: Given) -> Model:
    """Ours, with the limits in its policy."""
    return _ours(primary, fallback, given, {'capacity': {'limits': list(given.limits)}})


def learning(primary: Model, fallback: Model, given: Given) -> Model:
    """Ours, which knows no limits but those it reads in headers."""
    return _ours(primary, fallback, given, {})


def _ours(primary: Model, fallback: Model, given: Given, policy: dict[str, Any]) -> Model:
    compactor: Any = import_module('compactor')
    model: Model = compactor.CapacityModel(
        primary,
        fallback,
        policy=compactor.Policy(**policy),
        store=given.store,
        clock=given.clock,
        sleep=given.sleep,
        on_event=given.on_event,
    )
    return model


class Retrying(WrapperModel):
    """Asks a model again while it is refused, until the deadline."""

    def __init__(self, wrapped: Model, given: Given) -> None:
        super().__init__(wrapped)
        self.given = given
        self.chance = random.Random(given.seed)

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """See `Model`."""
        given = self.given
        until, backoff = given.clock() + given.deadline, 2.0
        while True:
            try:
                return await super().request(messages, model_settings, model_request_parameters)
            except ModelHTTPError as error:
                if error.status_code not in {429, 503}:
                    raise
                asked = retry_after(getattr(error, 'headers', None) or {}, given.clock())
                wait = asked if asked is not None else backoff * self.chance.uniform(0.75, 1)
                if given.clock() + wait > until:
                    raise
                backoff = min(60.0, 2 * backoff)
            await given.sleep(wait)


CONTROLS: Mapping[str, Control] = {
    'none': nothing,
    'retry': retrying,
    'FallbackModel': failing_over,
    'ours': ours,
    'ours, learning': learning,
}
"""By name, in the order of the table."""
OURS = ('ours', 'ours, learning')


def missing() -> str:
    """Why ours cannot be played here; empty if it can."""
    return '' if hasattr(import_module('compactor'), 'CapacityModel') else 'compactor has no CapacityModel'
