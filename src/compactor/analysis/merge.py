"""Lets no minute count twice, whichever files it stands in.

The rules, the same in whatever order files are named:

1. Within a file, rows that are alike in everything but their figures are one row: the one with more requests counts,
   then the one with more tokens. Rows that differ in any other column (an API key, a project) are all counted.
2. Of several files that have rows of one model and region, and of whatever else a text tells apart, that begin at the
   same time and last equally long, the file counts whose rows have more requests together, then more tokens: an export
   made while a minute was still going on shows less of it, and nothing takes away what was used.
3. Requests that are listed one by one are summed up by the minute in which they began.
4. A long row and the shorter rows that lie in it tell the same time twice. The side with more tokens counts.
5. Where an export has rows of a model, from its first to its last, the ledger's requests to that model are not counted:
   the provider counted them. Models are compared by the letters and digits of their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from compactor.analysis.database import SUMS, Workspace
from compactor.analysis.rows import Conflict, Counted, Merging, Overlap, Source
from compactor.errors import ConfigError

NAMED = 100
"""So many conflicts are named one by one."""
LENGTHS = 24
"""Rows of more different lengths are no usage export."""
KEY = 'model, region, start, lasts, mark'
SIZE = 'requests DESC, input + output DESC, input DESC, cost DESC NULLS LAST'
"""Which of two rows that tell the same thing says more."""
BY_NAME = "lower(regexp_replace({}, '[^\\p{{L}}\\p{{N}}]', '', 'g'))"


def merge(work: Workspace, sources: Sequence[Source]) -> tuple[Merging, list[Source]]:
    """Deletes the rows that tell again what others tell.

    Args:
        work: the rows.
        sources: what was read, in the order of their numbers.

    Returns:
        what was left out, and the sources with their `merged` rows counted.

    Raises:
        ConfigError: the rows last too many different times.
    """
    before = _counts(work)
    identical, conflicting, conflicts = _twins(work, [source.name for source in sources])
    dropped = {n: count - _counts(work).get(n, 0) for n, count in before.items()}
    _by_minute(work)
    before = _counts(work)
    overlaps = _overlaps(work)
    ledger = _spoken_for(work, [n for n, source in enumerate(sources) if source.kind == 'ledger'])
    after = _counts(work)
    counted = [replace(s, merged=dropped.get(n, 0) + before.get(n, 0) - after.get(n, 0)) for n, s in enumerate(sources)]
    return Merging(identical, conflicting, conflicts, overlaps, ledger), counted


def _counts(work: Workspace) -> dict[int, int]:
    return dict(work.all('SELECT source, count(*) FROM rows GROUP BY source'))


def _twins(work: Workspace, names: Sequence[str]) -> tuple[int, int, tuple[Conflict, ...]]:
    # Hashes first: ten million keys take a second and little memory, and hardly ever is there more to do.
    work.run(f'CREATE TEMP TABLE suspects AS SELECT hash({KEY}) AS h FROM rows GROUP BY h HAVING count(*) > 1')
    if work.one('SELECT count(*) FROM suspects') == (0,):
        work.run('DROP TABLE suspects')
        return 0, 0, ()
    some = f'FROM rows WHERE hash({KEY}) IN (SELECT h FROM suspects)'
    within = _repeated(work, f'SELECT *, [rowid] AS ids, 1 AS held {some}', f'{KEY}, source, detail', names)
    sums = ', '.join(f'sum({name})::BIGINT AS {name}' for name in TOLD)
    files = f'SELECT {KEY}, source, {sums}, sum(cost) AS cost, list(rowid) AS ids, count(*) AS held {some}'
    between = _repeated(work, f'{files} GROUP BY {KEY}, source', KEY, names)
    work.run('DROP TABLE suspects')
    conflicts = sorted((*within[2], *between[2]), key=_place)
    return within[0] + between[0], within[1] + between[1], tuple(conflicts[:NAMED])


TOLD = ('requests', 'input', 'output')
"""The figures by which rows are the same or not."""


def _repeated(work: Workspace, of: str, key: str, names: Sequence[str]) -> tuple[int, int, tuple[Conflict, ...]]:
    """Deletes all but the largest of what tells the same; how many rows said the same as it, how many something else.

    Args:
        work: the rows.
        of: what is compared: rows, or sums of rows, each with the rows that it is of (`ids`) and their number (`held`).
        key: what those have in common that tell the same.
        names: of the sources.
    """
    tokens = ', '.join(TOLD)
    work.run(
        f'CREATE TEMP TABLE twins AS SELECT *, first(struct_pack(source, {tokens})) OVER ranked AS best,'
        f' row_number() OVER ranked AS place FROM ({of})'
        f' WINDOW ranked AS (PARTITION BY {key} ORDER BY {SIZE}, source, ids)'
    )
    differs = f'place > 1 AND ({tokens}) <> (best.requests, best.input, best.output)'
    twins, conflicting = work.one(
        f'SELECT coalesce(sum(held) FILTER (place > 1), 0), coalesce(sum(held) FILTER ({differs}), 0) FROM twins'
    )
    contrary = work.all(
        f'SELECT start, model, region, best.source, best.requests, best.input, best.output, source, {tokens}'
        f' FROM twins WHERE {differs} ORDER BY start, model, region, place LIMIT {NAMED}'
    )
    conflicts = tuple(
        Conflict(start, model, region, Counted(names[kept], *said[:3]), Counted(names[said[3]], *said[4:]))
        for start, model, region, kept, *said in contrary
    )
    work.run('DELETE FROM rows WHERE rowid IN (SELECT unnest(ids) FROM twins WHERE place > 1)')
    work.run('DROP TABLE twins')
    return int(twins - conflicting), int(conflicting), conflicts


def _place(conflict: Conflict) -> tuple[int, str, str]:
    return conflict.start, conflict.model, conflict.region


def _by_minute(work: Workspace) -> None:
    """Sums up requests that are listed one by one, by the minute in which they began."""
    if work.one('SELECT count(*) FROM rows WHERE each') == (0,):
        return
    work.run(
        f'CREATE TEMP TABLE listed AS SELECT source, model, region, start // 60 * 60 AS start, 60 AS lasts, {SUMS}'
        ' FROM rows WHERE each GROUP BY ALL'
    )
    work.run('DELETE FROM rows WHERE each')
    work.run('INSERT INTO rows BY NAME SELECT *, false AS odd FROM listed')
    work.run('DROP TABLE listed')


def _overlaps(work: Workspace) -> tuple[Overlap, ...]:
    lengths = [length for (length,) in work.all(f'SELECT DISTINCT lasts FROM rows ORDER BY lasts LIMIT {LENGTHS + 1}')]
    if len(lengths) > LENGTHS:
        raise ConfigError(f'rows last more than {LENGTHS} different times: these are not periods of a usage export')
    found = (_within(work, length) for length in lengths[1:])
    return tuple(one for one in found if one.long_kept or one.long_dropped)


def _within(work: Workspace, length: int) -> Overlap:
    """Chooses between the rows of a length and the shorter ones in them, of one model and region, whoever used them."""
    money = '(requests + input + output = 0 AND cost IS NOT NULL)'  # an export of costs tells nothing that others tell
    columns = 'rowid AS id, model, region, start, lasts, input + output AS tokens'
    of = f'SELECT {columns} FROM rows WHERE NOT {money} AND lasts'
    work.run(
        f'CREATE TEMP TABLE long AS SELECT row_number() OVER () AS number, model, region, start, list(id) AS ids,'
        f' sum(tokens) AS held FROM ({of} = {int(length)}) GROUP BY model, region, start'
    )
    work.run(
        'CREATE TEMP TABLE pairs AS SELECT l.number, s.id AS short, l.held, s.tokens AS told'
        f' FROM ({of} < {int(length)}) s ASOF JOIN long l'
        f' ON s.model = l.model AND s.region = l.region AND s.start >= l.start WHERE s.start < l.start + {int(length)}'
    )
    work.run('CREATE TEMP TABLE chosen AS SELECT number, held > sum(told) AS wins FROM pairs GROUP BY number, held')
    which = 'SELECT unnest(ids) FROM long JOIN chosen USING (number) WHERE'
    (kept,) = work.one(f'SELECT count(*) FROM ({which} wins)')
    (dropped,) = work.one(f'SELECT count(*) FROM ({which} NOT wins)')
    (short,) = work.one('SELECT count(DISTINCT short) FROM pairs JOIN chosen USING (number) WHERE wins')
    work.run('DELETE FROM rows WHERE rowid IN (SELECT short FROM pairs JOIN chosen USING (number) WHERE wins)')
    work.run(f'DELETE FROM rows WHERE rowid IN ({which} NOT wins)')
    for table in ('pairs', 'chosen', 'long'):
        work.run(f'DROP TABLE {table}')
    return Overlap(length, kept, dropped, short)


def _spoken_for(work: Workspace, ledgers: Sequence[int]) -> int:
    if not ledgers:
        return 0
    which = ', '.join(map(str, ledgers))
    work.run(
        'CREATE TEMP TABLE spans AS SELECT source AS speaker, any_value(folded) AS name, min(start) AS since,'
        f' max(start + lasts) AS until FROM (SELECT *, {BY_NAME.format("model")} AS folded FROM rows'
        f' WHERE source NOT IN ({which})) GROUP BY source, folded'
    )
    work.run(
        'CREATE TEMP TABLE silent AS SELECT r.rowid AS id FROM rows r JOIN spans s'
        f' ON {BY_NAME.format("r.model")} = s.name AND r.start >= s.since AND r.start < s.until'
        f' WHERE r.source IN ({which})'
    )
    (count,) = work.one('SELECT count(DISTINCT id) FROM silent')
    work.run('DELETE FROM rows WHERE rowid IN (SELECT id FROM silent)')
    work.run('DROP TABLE silent')
    work.run('DROP TABLE spans')
    return int(count)
