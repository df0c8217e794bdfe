"""Lets no minute count twice, whichever files it stands in.

The rules, the same in whatever order files are named:

1. Rows of one model and region (and what else tells rows apart) that begin at the same time and last equally long are
   one row. Where they say different things, the one with more requests counts, then the one with more tokens: an export
   made while a minute was still going on shows less of it, and nothing takes away what was used.
2. A long row and the shorter rows that lie in it tell the same time twice. The side with more tokens counts.
3. Where an export has rows of a model, from its first to its last, the ledger's requests to that model are not counted:
   the provider counted them. Models are compared by the letters and digits of their names.
"""

from __future__ import annotations

from collections.abc import Sequence

from compactor.analysis.database import Workspace
from compactor.analysis.rows import Conflict, Counted, Merging, Overlap, Source
from compactor.errors import ConfigError

NAMED = 100
"""So many conflicts are named one by one."""
LENGTHS = 24
"""Rows of more different lengths are no usage export."""
KEY = 'model, region, start, lasts'
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
    overlaps = _overlaps(work)
    ledger = _spoken_for(work, [n for n, source in enumerate(sources) if source.kind == 'ledger'])
    after = _counts(work)
    counted = [
        Source(s.name, s.kind, s.rows, s.bad, s.doubted, before.get(n, 0) - after.get(n, 0), s.first, s.last)
        for n, s in enumerate(sources)
    ]
    return Merging(identical, conflicting, conflicts, overlaps, ledger), counted


def _counts(work: Workspace) -> dict[int, int]:
    return dict(work.all('SELECT source, count(*) FROM rows GROUP BY source'))


def _twins(work: Workspace, names: Sequence[str]) -> tuple[int, int, tuple[Conflict, ...]]:
    # Hashes first: ten million keys take a second and little memory, and hardly ever is there more to do.
    work.run(f'CREATE TEMP TABLE suspects AS SELECT hash({KEY}) AS h FROM rows GROUP BY h HAVING count(*) > 1')
    if work.one('SELECT count(*) FROM suspects') == (0,):
        work.run('DROP TABLE suspects')
        return 0, 0, ()
    tokens = 'requests, input, output'
    work.run(
        f'CREATE TEMP TABLE twins AS SELECT *, first(struct_pack(source, {tokens})) OVER ranked AS best,'
        ' row_number() OVER ranked AS place'
        f' FROM (SELECT rowid AS id, * FROM rows WHERE hash({KEY}) IN (SELECT h FROM suspects))'
        f' WINDOW ranked AS (PARTITION BY {KEY}'
        ' ORDER BY requests DESC, input + output DESC, input DESC, source, id)'
    )
    differs = 'place > 1 AND (requests, input, output) <> (best.requests, best.input, best.output)'
    twins, conflicting = work.one(f'SELECT count(*) FILTER (place > 1), count(*) FILTER ({differs}) FROM twins')
    contrary = work.all(
        f'SELECT start, model, region, best.source, best.requests, best.input, best.output, source, {tokens}'
        f' FROM twins WHERE {differs} ORDER BY start, model, region, place LIMIT {NAMED}'
    )
    conflicts = tuple(
        Conflict(start, model, region, Counted(names[kept], *said[:3]), Counted(names[said[3]], *said[4:]))
        for start, model, region, kept, *said in contrary
    )
    work.run('DELETE FROM rows WHERE rowid IN (SELECT id FROM twins WHERE place > 1)')
    work.run('DROP TABLE twins')
    work.run('DROP TABLE suspects')
    return twins - conflicting, conflicting, conflicts


def _overlaps(work: Workspace) -> tuple[Overlap, ...]:
    lengths = [length for (length,) in work.all(f'SELECT DISTINCT lasts FROM rows ORDER BY lasts LIMIT {LENGTHS + 1}')]
    if len(lengths) > LENGTHS:
        raise ConfigError(f'rows last more than {LENGTHS} different times: these are not periods of a usage export')
    found = (_within(work, length) for length in lengths[1:])
    return tuple(one for one in found if one.long_kept or one.long_dropped)


def _within(work: Workspace, length: int) -> Overlap:
    """Chooses between the rows of a length and the shorter ones in them."""
    of = 'SELECT rowid AS id, model, region, start, lasts, input + output AS tokens FROM rows WHERE lasts'
    work.run(
        'CREATE TEMP TABLE pairs AS SELECT l.id AS long, s.id AS short, l.tokens AS held, s.tokens AS told'
        f' FROM ({of} < {int(length)}) s ASOF JOIN ({of} = {int(length)}) l'
        ' ON s.model = l.model AND s.region = l.region AND s.start >= l.start WHERE s.start < l.start + l.lasts'
    )
    work.run('CREATE TEMP TABLE chosen AS SELECT long, held > sum(told) AS wins FROM pairs GROUP BY long, held')
    kept, dropped = work.one('SELECT count(*) FILTER (wins), count(*) FILTER (NOT wins) FROM chosen')
    (short,) = work.one('SELECT count(DISTINCT short) FROM pairs JOIN chosen USING (long) WHERE wins')
    work.run('DELETE FROM rows WHERE rowid IN (SELECT short FROM pairs JOIN chosen USING (long) WHERE wins)')
    work.run('DELETE FROM rows WHERE rowid IN (SELECT long FROM chosen WHERE NOT wins)')
    work.run('DROP TABLE pairs')
    work.run('DROP TABLE chosen')
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
