"""A model by provider and name, as events, limits and ledgers call it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model by provider and name, either may be unknown."""

    provider: str | None
    name: str | None

    @property
    def full(self) -> str | None:
        """`provider:name`; the name alone where the provider is unknown."""
        return f'{self.provider}:{self.name}' if self.provider and self.name else self.name


def named(text: str) -> ModelName:
    """The model that is written as `provider:name` or as a name alone."""
    provider, colon, name = text.partition(':')
    return ModelName(provider, name) if colon else ModelName(None, text)
