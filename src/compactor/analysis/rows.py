"""What is known of the rows that were read: their files, those that are odd, those that contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class OddRow:
    """A row that could not be counted, or was counted with a doubt.

    Attributes:
        file: the name of its file.
        line: its line there; the first is 1.
        reason: what is wrong with it.
        text: how the line begins.
        kept: it was counted all the same.
    """

    file: str
    line: int
    reason: str
    text: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a ledger.

    Attributes:
        name: the file's name, or the shown URL of the store.
        kind: see the values.
        rows: rows that were read.
        bad: rows that could not be.
        doubted: rows that were counted although something is odd about them.
        merged: rows that were left out because another source, or an earlier row, has counted them.
        first: start of the first row, in seconds since 1970; None if there is none.
        last: end of the last row.
        format: the format that it was taken for; '' for a ledger, and where a mapping was given.
    """

    name: str
    kind: Literal['export', 'ledger']
    rows: int
    bad: int = 0
    doubted: int = 0
    merged: int = 0
    first: int | None = None
    last: int | None = None
    format: str = ''


@dataclass(frozen=True, slots=True)
class Counted:
    """What a source says of one minute, model and region: requests and tokens."""

    source: str
    requests: int
    input: int
    output: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows of one minute, model and region that say different things.

    Attributes:
        start: of the minute, in seconds since 1970.
        model: the model's name.
        region: its region.
        kept: the row that counts.
        dropped: the row that does not.
    """

    start: int
    model: str
    region: str
    kept: Counted
    dropped: Counted


@dataclass(frozen=True, slots=True)
class Overlap:
    """Long rows and the shorter ones that lie in them: the same time, told twice.

    Attributes:
        seconds: how long the long rows last.
        long_kept: long rows that count, because the shorter ones in them hold fewer tokens.
        long_dropped: long rows that do not count.
        short_dropped: shorter rows that do not.
    """

    seconds: int
    long_kept: int
    long_dropped: int
    short_dropped: int


@dataclass(frozen=True, slots=True)
class Merging:
    """What was left out so that nothing counts twice.

    Attributes:
        identical: rows that say what another row says, or rows of another file say together.
        conflicting: rows that say something else than the one that was kept.
        conflicts: the first of these.
        overlaps: rows of different lengths over the same time.
        ledger_rows: minutes of the ledger for which a provider's export speaks.
    """

    identical: int = 0
    conflicting: int = 0
    conflicts: tuple[Conflict, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    ledger_rows: int = 0
