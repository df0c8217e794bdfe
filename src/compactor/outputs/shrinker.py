"""One call's `Shrinker`: what is known of the call, and how its result is redacted, made smaller and archived."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from compactor.archive.archive import Archive
from compactor.archive.spaces import put_in
from compactor.digest.failures import failed_by
from compactor.history.handles import HANDLE
from compactor.outputs.allowance import LEAST, Allowance
from compactor.outputs.encodings import misread, sound
from compactor.outputs.hint import Hint
from compactor.outputs.kind import Kind
from compactor.outputs.level import Level, Narrowing
from compactor.outputs.magic import amount, of_bytes
from compactor.outputs.own import OutputKind
from compactor.outputs.question import words_of
from compactor.outputs.redact import redacted
from compactor.outputs.values import Sizes, Streams, narrowed
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.tokens.counter import Counter

if TYPE_CHECKING:
    from compactor.outputs.shrink import Shrunk


@dataclass(frozen=True, slots=True)
class Shrinker:
    """Makes the texts of one call smaller and keeps the originals.

    Attributes:
        hint: what the call says about its output.
        counter: counts the model's tokens.
        narrowing: how texts are made smaller.
        prompt: asked for what the output is wanted for, when a text has to be cut.
        archive: where the whole texts go, redacted; None for nowhere. One that raises costs the handle only.
        on_lost: told what the archive raised.
        on_kept: told the handle of every text that the archive has taken.
        secrets: what is redacted before anything else; None for nothing.
        on_shrunk: told of every text that was made smaller.
        reducers: the application's own kinds of output, before those that are built in.
        head_lines: lines of the beginning that `HEADS_TAILS` keeps at most; None for as many as fit.
        tail_lines: lines of the end that it keeps at most.
        keeps: the archive keeps a result that is one text as the tool gave it, with its secrets.
        original: that text.
    """

    hint: Hint
    counter: Counter
    narrowing: Narrowing = Narrowing.SMART_SUMMARY
    prompt: Callable[[], str] | None = None
    archive: Archive | None = None
    secrets: Secrets | None = HIGH_CONFIDENCE
    on_shrunk: Callable[[Shrunk], None] | None = None
    on_lost: Callable[[Exception], None] | None = None
    on_kept: Callable[[str], None] | None = None
    reducers: tuple[OutputKind, ...] = ()
    head_lines: int | None = None
    tail_lines: int | None = None
    keeps: bool = False
    original: str | None = None

    def text(self, text: str, tokens: int, *, failed: bool | None = None, json: bool = False) -> str:
        """One text of the output within so many tokens (`values.Narrow`)."""
        # The reducers' expressions take a tenth of a second to make, which a program may never need.
        from compactor.outputs.shrink import reduced

        failed = failed_by(text) if failed is None else failed
        asked = words_of(self.prompt() if self.prompt is not None else '', self.hint.arguments)
        allowance = Allowance(
            max(LEAST, tokens),
            self.counter,
            asked,
            self.hint.path,
            failed,
            self._kept(text),
            self.head_lines,
            self.tail_lines,
        )
        kind = Kind.JSON if json else None
        shrunk = reduced(text, allowance, self.hint, kind=kind, narrowing=self.narrowing, reducers=self.reducers)
        if self.on_shrunk is not None:
            self.on_shrunk(shrunk)
        return shrunk.text

    def data(self, data: bytes) -> str:
        """The note that stands for data that are no text; the archive keeps the base64 that a model would have had."""
        from compactor.outputs.shrink import Shrunk

        encoded = base64.b64encode(data).decode()
        allowance = Allowance(LEAST, self.counter, handle=self._kept(encoded))
        note = allowance.left_out(f'{of_bytes(data[:64]) or "binary data"}, {amount(len(data))},')
        if self.on_shrunk is not None:
            self.on_shrunk(Shrunk(note, Kind.BINARY, Level.SUMMARIZED, 'bytes', encoded, self.counter))
        return note

    def value(
        self,
        value: Any,
        tokens: int,
        *,
        stderr: float = 0.5,
        failed: bool | None = None,
        streams: Streams = Streams(),  # noqa: B008 - a frozen value
    ) -> Any:
        """A whole result, redacted, within so many tokens (`values.narrowed`); the same object if nothing was to do.

        `streams` are limits of its streams alone, within those tokens.
        """
        sizes = Sizes(tokens, stderr, self.counter.exceeds, self.text, self.data, streams)
        # What was read in a wrong encoding is put right though it fits: no model reads it, and it costs twice.
        said = sound(value) if isinstance(value, str) and misread(value) else value
        bare = self.redacted(said)
        if self.keeps and isinstance(value, str) and bare is not value:
            sizes = replace(sizes, narrow=replace(self, original=value).text)
        return narrowed(bare, sizes, failed)

    def redacted(self, value: Any) -> Any:
        """A result without secrets."""
        secrets = self.secrets
        return value if secrets is None else redacted(value, secrets)

    def shorten(self, error: BaseException, tokens: int) -> None:
        """Redacts the message of an exception and brings it within so many tokens; it stays the same object."""
        for name in ('args', 'message'):
            said = getattr(error, name, None)
            shorter = self._said(said, tokens)
            if shorter is not said:
                setattr(error, name, shorter)

    def _said(self, said: Any, tokens: int) -> Any:
        if isinstance(said, str):
            return self.value(said, tokens, failed=True)
        if type(said) is tuple and any(isinstance(item, str) for item in said):
            items = tuple(self.value(item, tokens, failed=True) if isinstance(item, str) else item for item in said)
            return said if all(a is b for a, b in zip(items, said, strict=True)) else items
        return said

    def _kept(self, text: str) -> str | None:
        """The handle under which the archive keeps the text; None where nothing does."""
        if self.archive is None:
            return None
        try:
            whole = text if self.original is None else self.original
            handle = self.archive.put(put_in('output', whole.encode('utf-8', 'surrogatepass')))[:HANDLE]
        except Exception as error:  # noqa: BLE001 - what an archive raises is its own; the output goes on without
            if self.on_lost is not None:
                self.on_lost(error)
            return None
        if self.on_kept is not None:
            self.on_kept(handle)
        return handle
