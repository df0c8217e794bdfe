"""Who a pydantic-ai model is: provider and name, within wrappers and chains."""

from __future__ import annotations

from typing import Any

from compactor.run.model_name import ModelName, named

MODELS = 64
"""Models of a chain that are looked at: one that loops must not hang a request."""


def identify(model: Any, run_id: str | None = None) -> ModelName:
    """Provider and name of a model object or of a name.

    Of wrappers the model within, of fallback chains the first, of a `CapacityModel` the one that it expects to answer
    the run's next request.
    """
    if model is None:
        return ModelName(None, None)
    if isinstance(model, str):
        return named(model)
    model = leaf(model, run_id)
    return ModelName(getattr(model, 'system', None), getattr(model, 'model_name', None))


def leaf(model: Any, run_id: str | None = None) -> Any:
    """The model that is expected to answer, within wrappers and chains; see `identify`."""
    for _ in range(16):  # wrappers nest; a chain that loops must not hang a request
        inner = getattr(model, 'wrapped', None)
        if inner is None and (chooser := _chooser(model)) is not None:
            inner = chooser.expected(run_id)
        if inner is None:
            inner = next(iter(getattr(model, 'models', None) or ()), None)
        if inner is None:
            break
        model = inner
    return model


def chooser_in(model: Any) -> Any:
    """The `CapacityModel` that a model is or wraps; None if there is none."""
    for _ in range(16):
        if model is None or isinstance(model, str):
            return None
        if _chooser(model) is not None:
            return model
        model = getattr(model, 'wrapped', None) or next(iter(getattr(model, 'models', None) or ()), None)
    return None


def _chooser(model: Any) -> Any:
    return model if hasattr(type(model), 'expected') and hasattr(type(model), 'choose') else None


def models_in(model: Any) -> list[Any]:
    """A model, what it wraps, and all that may answer in its place."""
    found: list[Any] = []
    waiting = [model]
    while waiting and len(found) < MODELS:
        one = waiting.pop()
        if one is not None and not isinstance(one, str):
            found.append(one)
            waiting += [getattr(one, 'wrapped', None), *(getattr(one, 'models', None) or ())]
    return found


def leaves(model: Any) -> list[Any]:
    """The models that may answer, without what wraps or chains them."""
    return [one for one in models_in(model) if not hasattr(one, 'models') and getattr(one, 'wrapped', None) is None]


def called(model: Any, name: object) -> Any:
    """The model of this name in a fallback chain; the model itself where there is no chain, or nobody can tell."""
    return next((one for one in leaves(model) if getattr(one, 'model_name', None) == name), model)
