"""The index of archived steps: FTS5 on SQLite, text search on PostgreSQL, both over the same terms.

A step is indexed in the transaction that stores it. `indexed` of its row in the archive says how: null is nobody has
looked at it yet (it was stored by a version without an index), 0 is nothing to find. What leaves the archive leaves the
index, whichever version deletes it: by a trigger on SQLite, by its foreign key on PostgreSQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, cast, column, func, inspect, literal_column, select, table, text, update
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.exc import OperationalError

from compactor.archive.archive import unpacked
from compactor.archive.bare import bare_text
from compactor.archive.ranking import CANDIDATES, Corpus, Found, Hit, Query, Sized, best_of
from compactor.archive.spaces import out_of
from compactor.archive.terms import Bag, bag
from compactor.secrets.redact import HIGH_CONFIDENCE
from compactor.store.schema import archive

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAME = 'compactor_search'
AT_ONCE = 200
"""Entries of older versions that one search indexes."""
LOOKED_AT = 2_000
"""Candidates that are passed over, because they may not be told of, before a search ends."""
COMPARED = 10_000
"""Texts that the terms of a question may be in together; the commonest terms give way, where rarer ones are left."""

_SQLITE = (
    'CREATE VIRTUAL TABLE IF NOT EXISTS compactor_search USING fts5('
    "scope UNINDEXED, key UNINDEXED, place, words, tokenize = 'ascii')",
    "CREATE VIRTUAL TABLE IF NOT EXISTS compactor_search_vocabulary USING fts5vocab('compactor_search', 'col')",
    'CREATE TRIGGER IF NOT EXISTS compactor_search_forgets AFTER DELETE ON compactor_archive WHEN old.indexed > 0'
    ' BEGIN DELETE FROM compactor_search WHERE rowid = old.indexed; END',
)
_POSTGRES = (
    'CREATE TABLE IF NOT EXISTS compactor_search (scope VARCHAR(100) NOT NULL, key VARCHAR(64) NOT NULL,'
    ' family VARCHAR(100) NOT NULL, words TSVECTOR NOT NULL, PRIMARY KEY (scope, key),'
    ' FOREIGN KEY (scope, key) REFERENCES compactor_archive (scope, key) ON DELETE CASCADE)',
    'CREATE INDEX IF NOT EXISTS compactor_search_words ON compactor_search USING gin (words)',
    'CREATE INDEX IF NOT EXISTS compactor_search_family ON compactor_search (family)',
)


def create(connection: Connection) -> None:
    """Makes the index, empty: what is stored already is indexed by the searches to come."""
    if not any(column['name'] == 'indexed' for column in inspect(connection).get_columns(archive.name)):
        connection.execute(text('ALTER TABLE compactor_archive ADD COLUMN indexed BIGINT'))
    connection.execute(
        text('CREATE INDEX IF NOT EXISTS compactor_archive_waiting ON compactor_archive (scope) WHERE indexed IS NULL')
    )
    if connection.dialect.name != 'sqlite':
        for statement in _POSTGRES:
            connection.execute(text(statement))
        return
    try:
        for statement in _SQLITE:
            connection.execute(text(statement))
    except OperationalError as error:
        if 'no such module' not in str(error):
            raise  # a SQLite without FTS5 keeps an archive all the same: it is searched step by step


def there(connection: Connection) -> bool:
    """Whether there is an index."""
    return inspect(connection).has_table(NAME)


def bag_of(data: bytes) -> Bag | None:
    """The terms of an archive's entry, without those of secrets; None for one that is no step."""
    step = out_of('step', data)
    return None if step is None else bag(bare_text(step.decode('utf-8', 'replace'), HIGH_CONFIDENCE))


def add(connection: Connection, scope: str, key: str, words: Bag | None) -> None:
    """Indexes an entry that stands in the archive."""
    indexed = 0
    if words:
        indexed = _insert(connection, scope, key, words)
    connection.execute(update(archive).where(archive.c.scope == scope, archive.c.key == key).values(indexed=indexed))


def is_behind(connection: Connection, scopes: Scopes) -> bool:
    """Whether there are entries that nobody has looked at yet."""
    return connection.execute(select(archive.c.key).where(*scopes.waiting()).limit(1)).first() is not None


def catch_up(connection: Connection, scopes: Scopes) -> int:
    """Indexes some entries that nobody has looked at yet; returns how many are left.

    Raises `StoreError` as every transaction.
    """
    waiting = scopes.waiting()
    for scope, key, packed in connection.execute(
        select(archive.c.scope, archive.c.key, archive.c.data).where(*waiting).limit(AT_ONCE)
    ).all():
        data = unpacked(packed)
        add(connection, scope, key, None if data is None else bag_of(data))
    return len(connection.execute(select(archive.c.key).where(*waiting).limit(10 * AT_ONCE)).all())


class Scopes:
    """One scope of an archive, or with all that were made of it.

    Args:
        scope: as it stands in the store.
        below: how the scopes begin that were made of it, without the slash behind it; None for the scope alone.
    """

    def __init__(self, scope: str, below: str | None = None) -> None:
        self.scope = scope
        self.below = below

    def waiting(self) -> tuple[Any, ...]:
        """Conditions of the entries that are not indexed yet."""
        mine: Any = archive.c.scope == self.scope
        if self.below is not None:
            mine = mine | archive.c.scope.startswith(f'{self.below}/', autoescape=True)
        return (mine, archive.c.indexed.is_(None))

    @property
    def places(self) -> tuple[str, ...]:
        """The terms of SQLite's index by which their entries are found."""
        own = _place('s', self.scope)
        return (own,) if self.below is None else (own, _place('f', self.below))


def found(connection: Connection, scopes: Scopes, query: Query, wanted: Callable[[str], bool]) -> Found:
    """The steps that have to do with a question; see `Searching.search`."""
    look = _on_sqlite if connection.dialect.name == 'sqlite' else _on_postgres
    rows, corpus = look(connection, scopes, query)
    texts: dict[tuple[str, str], Sized] = {}
    passed = more = 0
    for scope, key, sized in rows:
        if len(texts) >= CANDIDATES or passed >= LOOKED_AT:
            more = 1
            break
        if wanted(key):
            texts[scope, key] = sized()
        else:
            passed += 1
    # The engine's order is kept between equals, which `best_of` turns round.
    told = best_of(dict(reversed(texts.items())), corpus)
    best: dict[str, float] = {}
    for (_, key), score in told:
        best.setdefault(key, score)
    return Found(tuple(Hit(key, score) for key, score in best.items()), bool(more))


Rows = Iterator[tuple[str, str, Callable[[], Sized]]]
"""Scope, key and terms of candidates, the best by the engine's own ranking first."""


# -- SQLite ---------------------------------------------------------------------------------------------------------


def _insert(connection: Connection, scope: str, key: str, words: Bag) -> int:
    family = scope.rpartition('/')[0]
    row = {'scope': scope, 'key': key}
    if connection.dialect.name == 'sqlite':
        said = ''.join(f' {term} ' * times for term, times in words.items())
        places = [_place('s', scope), *([_place('f', family)] if family else [])]
        inserting = text(
            'INSERT INTO compactor_search (scope, key, place, words) VALUES (:scope, :key, :place, :words)'
        )
        return int(connection.execute(inserting, row | {'place': ' '.join(places), 'words': said}).lastrowid)
    said = ' '.join(f'{term}:{",".join(map(str, range(1, times + 1)))}' for term, times in words.items())
    inserting = text(
        'INSERT INTO compactor_search (scope, key, family, words)'
        ' VALUES (:scope, :key, :family, CAST(:words AS tsvector))'
    )
    connection.execute(inserting, row | {'family': family, 'words': said})
    return 1


def _on_sqlite(connection: Connection, scopes: Scopes, query: Query) -> tuple[Rows, Corpus]:
    sought = _rarest(_held(connection, query.terms))
    place = f'place : ({" OR ".join(scopes.places)})'

    def number(condition: str) -> int:
        counting = text('SELECT count(*) FROM compactor_search WHERE compactor_search MATCH :sought')
        return int(connection.execute(counting, {'sought': condition}).scalar() or 0)

    if not sought:
        return iter(()), Corpus(0, {})
    corpus = Corpus(number(place), {term: number(f'{place} AND words : "{term}"') for term in sought})
    some = ' OR '.join(f'"{term}"' for term in sought)
    best = text(
        'SELECT scope, key, words FROM compactor_search WHERE compactor_search MATCH :sought'
        " AND rank MATCH 'bm25(0.0, 0.0, 0.0, 1.0)' ORDER BY rank LIMIT :most"
    )
    rows = connection.execute(best, {'sought': f'{place} AND words : ({some})', 'most': CANDIDATES + LOOKED_AT})
    return ((str(scope), str(key), _spaced(str(words), sought)) for scope, key, words in rows), corpus


def _spaced(words: str, sought: Sequence[str]) -> Callable[[], Sized]:
    """A text as it stands in the index: each of its terms with a blank on either side."""
    return lambda: Sized({term: n for term in sought if (n := words.count(f' {term} '))}, words.count('  ') + 1)


def _held(connection: Connection, terms: Sequence[str]) -> Mapping[str, int]:
    """How many texts of the whole index have each term, without those that none has."""
    rows = connection.execute(
        text("SELECT term, doc FROM compactor_search_vocabulary WHERE col = 'words' AND term IN :terms").bindparams(
            bindparam('terms', expanding=True)
        ),
        {'terms': list(terms)},
    )
    return {str(term): int(doc) for term, doc in rows}


def _rarest(holding: Mapping[str, int]) -> tuple[str, ...]:
    """The terms that are looked for: the rarest, as long as they are in few texts together; one at least."""
    kept: list[str] = []
    total = 0
    for term in sorted(holding, key=lambda one: (holding[one], one)):
        total += holding[term]
        if kept and total > COMPARED:
            break
        kept.append(term)
    return tuple(kept)


def _place(kind: str, scope: str) -> str:
    return kind + hashlib.blake2b(scope.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()


# -- PostgreSQL -----------------------------------------------------------------------------------------------------


_postgres = table(NAME, column('scope'), column('key'), column('family'), column('words'))
_TIMES: Any = literal_column("ARRAY(SELECT lexeme || ' ' || array_length(positions, 1) FROM unnest(words))")
"""Each term of a text with how often it stands there."""


def _on_postgres(connection: Connection, scopes: Scopes, query: Query) -> tuple[Rows, Corpus]:
    mine = _postgres.c.scope == scopes.scope
    if scopes.below is not None:
        mine = mine | (_postgres.c.family == scopes.below)

    def number(*conditions: Any) -> int:
        counting = select(func.count()).select_from(_postgres).where(mine, *conditions)
        return int(connection.execute(counting).scalar() or 0)

    every = {term: number(_having(term)) for term in query.terms}
    sought = _rarest({term: holding for term, holding in every.items() if holding})
    if not sought:
        return iter(()), Corpus(0, {})
    some = ' | '.join(sought)
    rank = func.ts_rank(_postgres.c.words, cast(some, TSQUERY), 1).desc()
    best = select(_postgres.c.scope, _postgres.c.key, _TIMES).where(mine, _having(some))
    rows = connection.execute(best.order_by(rank, _postgres.c.key).limit(CANDIDATES + LOOKED_AT))
    corpus = Corpus(number(), {term: every[term] for term in sought})
    return ((str(scope), str(key), _listed(words)) for scope, key, words in rows), corpus


def _having(sought: str) -> Any:
    return _postgres.c.words.op('@@')(cast(sought, TSQUERY))


def _listed(words: Sequence[str]) -> Callable[[], Sized]:
    def sized() -> Sized:
        times = {term: int(often) for term, _, often in (one.partition(' ') for one in words)}
        return Sized(times, sum(times.values()))

    return sized
