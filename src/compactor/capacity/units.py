"""What limits are counted in, for how long, and who says so."""

from __future__ import annotations

from typing import Literal, get_args

Unit = Literal['tokens', 'requests', 'input_tokens', 'output_tokens']
"""What is counted; 'tokens' are input and output together."""
Window = Literal['minute', 'hour', 'day'] | int
"""For how long: a calendar day of a time zone, or the seconds before each moment (a minute is 60, an hour 3,600)."""
Source = Literal['policy', 'header', 'error']
"""Who says so: the user, a response's headers, or the body of a refusal."""

UNITS: tuple[Unit, ...] = get_args(Unit)
