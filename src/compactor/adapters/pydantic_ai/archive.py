"""Archives what a compaction takes out of a pydantic-ai history, and rebuilds the history from it: `restore`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_core import PydanticSerializationError

from compactor.adapters.pydantic_ai.messages import MessageReader, results_first
from compactor.adapters.pydantic_ai.remembered import Remembered, mark
from compactor.archive.archive import Archive, Holding, key_of
from compactor.archive.entry import fingerprint
from compactor.archive.keep import keep
from compactor.archive.manifest import Manifest, find
from compactor.errors import ArchiveExpired, HistoryError
from compactor.history.handles import Deposit, Kept
from compactor.history.marks import handle_of, left_out
from compactor.history.message import Kind, Part
from compactor.tokens.counter import counter_for


def keeping(archive: Archive | None, remembered: Remembered | None = None) -> Callable[[Deposit], Kept] | None:
    """What `pipeline.drive` calls to archive; None where there is no archive.

    Args:
        archive: where to.
        remembered: the keys of what earlier compactions of the same history have archived. They are used where the
            archive can say what it still holds (see `archive.Holding`).
    """
    if archive is None:
        return None
    if remembered is None or not isinstance(archive, Holding):
        return lambda deposit: keep(archive, deposit, [_dumped(message.raw) for message in deposit.before])
    return lambda deposit: _kept(archive, remembered, deposit)


def _kept(archive: Holding, remembered: Remembered, deposit: Deposit) -> Kept:
    """Archives a deposit, of its messages only those that are not known to be held, and remembers what stays."""
    raws = [message.raw for message in deposit.before]
    known = remembered.known(raws)
    held = archive.held([key for _, key in known if key is not None])
    staying = {id(message.raw) for message in deposit.after if not message.edited}
    # Marked before they are dumped: what is edited meanwhile is then seen as changed the next time.
    marks = [(now or mark(raw)) if id(raw) in staying else None for raw, (now, _) in zip(raws, known, strict=True)]
    stored = [key if key in held else _dumped(raw) for raw, (_, key) in zip(raws, known, strict=True)]
    kept = keep(archive, deposit, stored)
    remembered.renew(
        (now, key_of(data) if isinstance(data, bytes) else data)
        for now, data in zip(marks, stored, strict=True)
        if now is not None
    )
    return kept


def _dumped(message: Any) -> bytes | None:
    """A message as JSON, in a list of its own as the framework's adapter has it; None if it would not come back."""
    try:
        return ModelMessagesTypeAdapter.dump_json([message], warnings='error')
    except (PydanticSerializationError, ValueError):
        pass
    try:  # a value of another type than declared may well survive, a part of unknown kind does not
        data = ModelMessagesTypeAdapter.dump_json([message], warnings=False)
        again = ModelMessagesTypeAdapter.dump_json(ModelMessagesTypeAdapter.validate_json(data), warnings=False)
    except (PydanticSerializationError, ValueError):
        return None
    return data if again == data else None


def restore(messages: Sequence[ModelMessage], archive: Archive) -> list[ModelMessage]:
    """The whole history: what compactions took out of it comes back as it was, followed by what came after.

    Compactions are undone one by one, newest first. What the framework merged over the end of a compacted history
    is told apart by content. A history in which nothing was left out is returned as it is. Defects that were mended
    in a compaction come back too; those mended when nothing had to be compacted do not, as that leaves no mark.

    Args:
        messages: a compacted history, also after more was appended, and after a reload from JSON.
        archive: the archive that was in use, such as `compactor.archive`.

    Returns:
        Messages whose JSON is that of the originals; those that came back are new objects.

    Raises:
        ArchiveExpired: the archive does not (or no longer) hold what was left out; the message says what.
        HistoryError: the history was cut behind its mark, so that its end is not known.
    """
    restored = list(messages)
    while (found := _newest(restored)) is not None:
        at, handle = found
        manifest = find(archive, handle)
        if manifest is None:
            raise ArchiveExpired(f'the archive does not hold {handle}')
        restored = _joined(_originals(archive, manifest, handle), restored, at, handle, manifest)
    gone = sum(left_out(text).steps for message in restored for text in _texts(message))
    if gone:
        raise ArchiveExpired(f'{gone:,} steps were left out without an archive')
    return restored


def newest_handle(messages: Sequence[ModelMessage]) -> str | None:
    """The handle in the newest mark of a history, if any has one."""
    found = _newest(messages)
    return found[1] if found is not None else None


def _newest(messages: Sequence[ModelMessage]) -> tuple[int, str] | None:
    for at in range(len(messages) - 1, -1, -1):
        for text in reversed(_texts(messages[at])):
            if (handle := handle_of(text)) is not None:
                return at, handle
    return None


def _texts(message: ModelMessage) -> list[str]:
    """The texts of user parts that may be marks."""
    contents = [part.content for part in message.parts if part.part_kind == 'user-prompt']
    if not contents:
        return []
    return [
        text
        for content in contents
        for text in ([content] if isinstance(content, str) else content[:1])
        if isinstance(text, str)
    ]


def _originals(archive: Archive, manifest: Manifest, handle: str) -> list[ModelMessage]:
    """The messages that a compaction was handed."""
    messages: list[ModelMessage] = []
    missing: list[int] = []
    for i, key in enumerate(manifest.messages):
        data = archive.get(key) if key is not None else None
        try:
            messages += ModelMessagesTypeAdapter.validate_json(data or b'')
        except ValidationError:
            missing.append(i)
    if missing:
        first = ', '.join(map(str, missing[:5])) + (', ...' if len(missing) > 5 else '')
        raise ArchiveExpired(f'{len(missing):,} of {len(manifest.messages):,} messages of {handle} are gone: {first}')
    return messages


@dataclass(frozen=True, slots=True)
class _Place:
    """One part of the requests around the end of a compacted history: which message, which part, what it is."""

    message: int
    part: int
    kind: str
    print: str


def _joined(
    originals: list[ModelMessage], messages: list[ModelMessage], at: int, handle: str, manifest: Manifest
) -> list[ModelMessage]:
    """The original messages followed by what was appended to the compacted history."""
    start = _behind(messages, at, manifest.tail.responses)
    if not manifest.tail.requests:
        return [*originals, *messages[start:]]
    stop = next((i for i in range(start, len(messages)) if isinstance(messages[i], ModelResponse)), len(messages))
    joined = list(originals)
    covered = _covered(messages[start:stop], handle, manifest)
    for i, message in enumerate(messages[start:stop]):
        fresh = [part for j, part in enumerate(message.parts) if (i, j) not in covered]
        origins = {origin for (m, _), origin in covered.items() if m == i}
        if not origins and (message.parts or i >= len(manifest.tail.requests)):
            joined.append(message)
        elif fresh:
            _merge(joined, message, fresh, origins)
    return [*joined, *messages[stop:]]


def _behind(messages: Sequence[ModelMessage], at: int, responses: int) -> int:
    """Index of the first message behind the compacted history's last response; `at` is that of its mark."""
    if responses == 0:
        return next((i + 1 for i in range(at, -1, -1) if isinstance(messages[i], ModelResponse)), 0)
    spoken = [i for i in range(at, len(messages)) if isinstance(messages[i], ModelResponse)]
    if len(spoken) < responses:
        raise HistoryError('the history was cut behind the mark of its last compaction: its end is not known')
    return spoken[responses - 1] + 1


def _covered(requests: Sequence[ModelMessage], handle: str, manifest: Manifest) -> dict[tuple[int, int], int | None]:
    """Which parts of these requests the compacted history ended with, each with the original message it came from.

    Parts are found by what they say; one that the framework has edited since, by its place among its kind.
    """
    views = MessageReader(counter_for(None)).read(requests)
    free = [
        _Place(i, j, part.kind.value, fingerprint(part))
        for i, view in enumerate(views)
        for j, part in enumerate(view.parts)
        if not _is_mark(part, handle)
    ]
    covered: dict[tuple[int, int], int | None] = {
        (i, j): None for i, view in enumerate(views) for j, part in enumerate(view.parts) if _is_mark(part, handle)
    }
    wanted = [(ending.origin, print) for ending in manifest.tail.requests for print in ending.parts]
    tests: list[Callable[[_Place, str], bool]] = [
        lambda place, print: place.print == print,
        lambda place, print: place.kind == print.partition(':')[0] and place.kind != Kind.USER.value,
    ]
    for same in tests:
        rest = []
        for origin, print in wanted:
            place = next((place for place in free if same(place, print)), None)
            if place is None:
                rest.append((origin, print))
            else:
                free.remove(place)
                covered[place.message, place.part] = origin
        wanted = rest
    return covered


def _is_mark(part: Part, handle: str) -> bool:
    return part.kind is Kind.MARK and handle_of(part.text) == handle


def _merge(joined: list[ModelMessage], message: Any, fresh: list[Any], origins: set[int | None]) -> None:
    """Puts what the framework merged into the last compacted request into the original ones it was made from."""
    spoken = next((i + 1 for i in range(len(joined) - 1, -1, -1) if isinstance(joined[i], ModelResponse)), 0)
    first = min((o for o in origins if o is not None and spoken <= o < len(joined)), default=len(joined) - 1)
    first = max(spoken, first)
    parts = [part for host in joined[first:] for part in host.parts]
    joined[first:] = [replace(message, parts=results_first([*parts, *fresh]))]
