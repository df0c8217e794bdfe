"""Cuts of histories in a store, by conversation: for records that lose what is noted with them."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from compactor.store.engine import Store

MOST = 8
"""Cuts kept of one conversation: its branches, and the newest of each. What covers least goes first."""
LONGEST_SCOPE = 1_000
"""Characters of a scope; of a longer one the hash stands in the key."""
LARGEST = 64 * 1024 * 1024
"""Bytes of a cut at most, unpacked."""


class StoredCuts:
    """Cuts by conversation; may be shared by threads.

    Args:
        store: where they are kept.
        scope: whose they are: a conversation of another scope is another conversation.

    Raises:
        StoreError: (from every method) the store cannot be used.
    """

    def __init__(self, store: Store, scope: str) -> None:
        self.store = store
        self.scope = scope

    def put(self, conversation: str, print: str, covers: int, value: Mapping[str, Any]) -> None:
        """Keeps a cut.

        Args:
            conversation: its id, of any length.
            print: the fingerprint of what it covers.
            covers: how much that is; of two writers the longer one is kept longer.
            value: what `Cut.dump` gave.
        """
        from sqlalchemy import delete, insert

        from compactor.store.schema import cuts

        key = self._key(conversation)
        data = zlib.compress(json.dumps(value).encode(), 1)
        with self.store.write(f'cut/{key}') as connection:
            connection.execute(delete(cuts).where(cuts.c.conversation == key, cuts.c.print == print))
            row = {'conversation': key, 'print': print, 'covers': covers, 'data': data, 'at': self.store.clock()}
            connection.execute(insert(cuts).values(row))
            _make_room(connection, key)

    def of(self, conversation: str) -> list[Any]:
        """What is kept of a conversation, what covers most first; what has been damaged counts as gone."""
        from sqlalchemy import select

        from compactor.store.schema import cuts

        with self.store.read() as connection:
            rows = connection.execute(
                select(cuts.c.data)
                .where(cuts.c.conversation == self._key(conversation))
                .order_by(cuts.c.covers.desc(), cuts.c.at.desc())
            ).all()
        return [value for (data,) in rows if (value := _unpacked(data)) is not None]

    def _key(self, conversation: str) -> str:
        """Ids come from outside: as a hash they are short, and none can name another scope's."""
        scope = self.store.owned(self.scope, LONGEST_SCOPE)
        whole = f'{len(scope)}:{scope}/{conversation}'
        return hashlib.sha256(whole.encode('utf-8', 'surrogatepass')).hexdigest()


def _make_room(connection: Connection, key: str) -> None:
    from sqlalchemy import delete, select

    from compactor.store.schema import cuts

    kept = (
        select(cuts.c.print)
        .where(cuts.c.conversation == key)
        .order_by(cuts.c.covers.desc(), cuts.c.at.desc())
        .limit(MOST)
    )
    prints = [print for (print,) in connection.execute(kept)]
    connection.execute(delete(cuts).where(cuts.c.conversation == key, cuts.c.print.not_in(prints)))


def _unpacked(data: bytes) -> Any:
    try:
        stream = zlib.decompressobj()
        text = stream.decompress(data, LARGEST)
        return json.loads(text) if stream.eof else None
    except (zlib.error, ValueError, RecursionError):
        return None
