"""The errors in an output and what stands around them: `Narrowing.ERROR_ONLY`."""

from __future__ import annotations

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarming
from compactor.outputs.pieces import Piece, pick

AROUND = 2
"""Lines kept on each side of an error, after the errors."""


def errors_of(text: str, allowance: Allowance) -> str | None:
    """The lines that speak of errors, then their neighbours; of a text without any, only how long it was."""
    lines = text.split('\n')
    alarms = alarming(lines)
    if not alarms:
        return f'[no errors; {allowance.left_out(f"{len(lines):,} lines")[1:]}'
    near = {i + d for i in alarms for d in range(-AROUND, AROUND + 1)}
    at = set(alarms)
    pieces = [Piece(lines[i], 1.0 if i in at else 3.0) for i in sorted(near) if 0 <= i < len(lines)]
    return pick(pieces, allowance, of=len(lines))
