"""What the messages of SQLite and PostgreSQL mean for whoever runs the program."""

from __future__ import annotations

_TROUBLES = (
    (('is locked', 'lock timeout', 'could not obtain lock'), 'is locked by another process ({})', False),
    (
        ('malformed', 'not a database'),
        'is damaged ({}): move the file away with those of the same name ending in -wal and -shm, or restore a copy',
        True,
    ),
    (('disk is full', 'No space left'), 'has no room left on its disk ({}): make room', False),
    (
        ('readonly', 'read-only', 'unable to open', 'permission denied'),
        'cannot be written by this user ({}): give this user the right to',
        True,
    ),
    (('disk I/O',), 'cannot be read or written ({}): look after its disk', True),
    (
        ('connect', 'terminating', 'closed the', 'shutting down', 'starting up', 'timeout expired', 'SSL'),
        'cannot be reached ({}): see that the server runs, and that the URL is right',
        True,
    ),
)
"""By words of the driver's message: what to say, and whether a SQLite file is to be opened anew."""


def trouble(said: str) -> tuple[str, bool]:
    """What a driver's message means and what to do, and whether a SQLite file is to be opened anew."""
    for words, telling, reopen in _TROUBLES:
        if any(word in said for word in words):
            return telling.format(said), reopen
    return f'refused an operation ({said})', False
