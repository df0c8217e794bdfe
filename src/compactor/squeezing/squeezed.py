"""What `squeeze` gives: the smaller text, what it is, and what it saves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from compactor.errors import ConfigError

Format = Literal['text', 'json', 'squeezed json', 'squeezed text']
FORMATS: tuple[Format, ...] = ('text', 'json', 'squeezed json', 'squeezed text')


@dataclass(frozen=True, slots=True)
class Squeezed:
    """A value, smaller.

    Attributes:
        data: the text that stands for it; one that is more than JSON or the text itself begins with a line that
            explains it.
        format: 'text', the text itself; 'json', compact JSON; 'squeezed json' and 'squeezed text', with the marks
            of `steps.PIPELINE`.
        original_tokens: tokens of the text, or of the value as compact JSON, which is how tools' results are sent.
        result_tokens: tokens of `data`.
        steps: what was done, in order.
        layout: of a JSON text, how it was written (`layout.Layout`); '' of values and other texts.
    """

    data: str
    format: Format
    original_tokens: int
    result_tokens: int
    steps: tuple[str, ...] = ()
    layout: str = ''

    @property
    def savings_pct(self) -> float:
        """Per cent of the tokens that are saved, to one digit."""
        return round((1 - self.result_tokens / self.original_tokens) * 100, 1) if self.original_tokens else 0.0

    @property
    def client_action(self) -> Literal['format_on_display', 'none']:
        """What whoever shows it to people does: lay it out, with `unsqueeze`; 'none' where it is as it was."""
        return 'format_on_display' if self.steps else 'none'

    def to_json(self) -> dict[str, Any]:
        """All of it, plain; `unsqueeze` takes it too."""
        account = asdict(self)
        account['steps'] = list(self.steps)
        return {**account, 'savings_pct': self.savings_pct, 'client_action': self.client_action}

    @classmethod
    def of(cls, account: Mapping[str, Any]) -> Squeezed:
        """What `to_json` wrote; of it `data`, `format` and `layout` are needed.

        Raises:
            ConfigError: one of these is missing, or is none.
        """
        data, format, layout = account.get('data'), account.get('format'), account.get('layout', '')
        if not isinstance(data, str) or format not in FORMATS or not isinstance(layout, str):
            raise ConfigError(f'not a squeezed value: data (a string) and format ({", ".join(FORMATS)}) are needed')
        return cls(data, format, 0, 0, layout=layout)
