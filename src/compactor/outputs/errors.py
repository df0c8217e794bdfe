"""The errors in an output and what stands around them: `Narrowing.ERROR_ONLY`."""

from __future__ import annotations

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarms as speaks_of_errors
from compactor.outputs.pieces import Piece, pick

AROUND = 2
"""Lines kept on each side of an error, after the errors."""


def errors_of(text: str, allowance: Allowance) -> str | None:
    """The lines that speak of errors, then their neighbours; of a text without any, only how long it was."""
    lines = text.split('\n')
    alarms = [i for i, line in enumerate(lines) if speaks_of_errors(line)]
    if not alarms:
        return f'[no errors; {allowance.left_out(f"{len(lines):,} lines")[1:]}'
    near = {i + d for i in alarms for d in range(-AROUND, AROUND + 1)}
    at = set(alarms)
    pieces = [
        Piece(line, 1.0 if i in at else 3.0) if i in near else Piece(line, DROPPED) for i, line in enumerate(lines)
    ]
    return pick([piece for piece in pieces if piece.rank < DROPPED], allowance, of=len(lines))


DROPPED = 9.0
