"""`counter_for(model)`: counts text in a model's tokens, and says how far the figure can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from compactor.tokens.calibrate import bounded
from compactor.tokens.encodings import EncodingName, encoding
from compactor.tokens.families import Method, family_of
from compactor.tokens.fit import exceeds, prefix, suffix

# Ratios are applied in whole millionths, so that scaling is integer arithmetic: exact, and `fit` can invert
# it.
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts text for one model.

    A text is counted in the units of a bundled encoding (`base`), which is worth remembering because it never
    changes; the model's own tokens are estimated from that (`scale`), by a ratio that may be learned
    meanwhile.

    Attributes:
        model: the model's name as it was given, '' if none was.
        family: the family it was recognised as, 'unknown' if none (`families.py`).
        encoding: the bundled encoding that counts its text.
        ratio: the model's tokens per token of that encoding; 1.0 for exact counters.
        method: 'exact' if the encoding is the model's own, 'calibrated' if the ratio was measured, else
            'estimate'.
    """

    model: str
    family: str
    encoding: EncodingName
    ratio: float
    method: Method

    def base(self, text: str) -> int:
        """Return the tokens of `text` in the units of the encoding; remembered (`memo.py`)."""
        return encoding(self.encoding).count(text)

    def base_many(self, texts: Iterable[str]) -> list[int]:
        """Return `base` of each text, in order; faster than one by one where there is much to count."""
        return encoding(self.encoding).count_many(texts)

    def scale(self, base: int) -> int:
        """Turn tokens of the encoding into the model's tokens, rounded up."""
        if self.ratio == 1:
            return base
        return -(-base * round(self.ratio * MILLION) // MILLION)

    def count(self, text: str) -> int:
        """Return the tokens of `text` for this model: `scale(base(text))`."""
        return self.scale(self.base(text))

    def fit(self, text: str, max_tokens: int) -> str:
        """Return the longest beginning of `text` that counts at most `max_tokens`; `text` itself if it fits.

        Cuts at token and character boundaries; '' if `max_tokens` is 0 or less.
        """
        return prefix(encoding(self.encoding), text, self._unscale(max_tokens))

    def exceeds(self, text: str, max_tokens: int) -> bool:
        """Return whether `count(text) > max_tokens`; of a long text no more is counted than it takes to know."""
        return exceeds(encoding(self.encoding), text, self._unscale(max_tokens))

    def fit_end(self, text: str, max_tokens: int) -> str:
        """Return the longest end of `text` that counts at most `max_tokens`; `text` itself if it fits."""
        return suffix(encoding(self.encoding), text, self._unscale(max_tokens))

    def calibrated(self, ratio: float) -> Counter:
        """Return this counter with a measured ratio, clamped to what is plausible; an exact one unchanged."""
        if self.method == 'exact':
            return self
        return replace(self, ratio=bounded(ratio), method='calibrated')

    def in_units(self) -> Counter:
        """Return this counter without its ratio: it counts and fits in the units of its encoding."""
        return self if self.ratio == 1 else replace(self, ratio=1.0)

    def _unscale(self, tokens: int) -> int:
        """Return the largest base whose `scale` is at most `tokens`."""
        return tokens if self.ratio == 1 else tokens * MILLION // round(self.ratio * MILLION)


def counter_for(model: str | None) -> Counter:
    """Return the counter for a model name, with or without provider prefixes ('openai:gpt-4o').

    A name nobody knows, or None, is counted as o200k_base and labelled an estimate. Nothing is loaded yet.
    """
    family = family_of(model)
    return Counter(model or '', family.name, family.encoding, family.factor, family.method)
