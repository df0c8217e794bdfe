"""Seals: what makes a note in a history ours, and can be written by nobody who has not the key.

A seal is an HMAC-SHA256 over what it is on (`kind`), the version of that format, whose it is (`scope`), the place in
the framework's own structure that it stands in (`place`), and the text. Its first 64 bits are shown as decimal digits:
these cost the same number of tokens whatever they are, so that what carries a seal is counted before it is sealed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from compactor.errors import ConfigError

VERSION: Final = 1
"""Of what is sealed, and how. A version is frozen: the next one reads this one too."""
DIGITS: Final = 20
"""Decimal digits of a seal: 64 bits have no more."""
UNSEALED: Final = '0' * DIGITS
"""Stands for a seal until whoever writes the framework's messages puts it there."""

Sealed = Literal['mark', 'pin', 'cut']
"""What can be sealed."""
Scope = tuple[str, ...]
"""Whose something is: kind and name of each that it belongs to, such as ('conversation', 'c1'); () is anybody's."""

_LABEL = b'compactor seal '


@dataclass(frozen=True, slots=True)
class Key:
    """The secrets by which marks are known: the first writes, all of them read, so that a key can be replaced.

    Attributes:
        ring: the secrets. None at all: nothing is ours, and what is written is not recognised again.
    """

    ring: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, said: Key | str | bytes | Sequence[str | bytes]) -> Key:
        """The key that somebody names: a secret, several of them (a list, or a text with commas), or a `Key`.

        Raises:
            ConfigError: it names none.
        """
        if isinstance(said, Key):
            return said
        several: Iterable[str | bytes] = (
            said.split(',') if isinstance(said, str) else [said] if isinstance(said, bytes) else said
        )
        ring = tuple(dict.fromkeys(raw for one in several if (raw := _raw(one))))
        if not ring:
            raise ConfigError('key= names no secret: pass a text that is hard to guess, such as secrets.token_hex(32)')
        return cls(ring)

    def __or__(self, other: Key) -> Key:
        """This key, which also reads what the other one has written."""
        return Key(tuple(dict.fromkeys((*self.ring, *other.ring))))


def _raw(one: str | bytes) -> bytes:
    return one.strip().encode('utf-8', 'surrogatepass') if isinstance(one, str) else bytes(one)


NO_KEY = Key()


@dataclass(frozen=True, slots=True)
class Seal:
    """A key at work in one conversation.

    Attributes:
        key: the secrets.
        owner: what every scope begins with, such as ('tenant', 'acme').
        conversations: ids of the conversation, the one that writes first: a history that goes on under another id
            begins with the messages of its origin.
        goal: fingerprint of what the conversation began with, which stands for an id where none is known.
        pins_only: what is read now is no place for marks.
        goals: fingerprints of what it began with as others have it, such as before secrets were taken out; they are
            read by, and nothing is written by them.
    """

    key: Key = NO_KEY
    owner: Scope = ()
    conversations: tuple[str, ...] = ()
    goal: str = ''
    pins_only: bool = False
    goals: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """The scope of what is written."""
        return next(self._scopes())

    def digits(self, kind: Sealed, text: str, place: str = '', scope: Scope | None = None) -> str:
        """The seal of a text; `UNSEALED` without a key.

        Args:
            kind: what the text is.
            text: the text, without the seal.
            place: where it stands in the framework's structure, as far as content cannot reach it.
            scope: whose it is; default: `Seal.scope`.
        """
        if not self.key.ring:
            return UNSEALED
        return _digits(self.key.ring[0], kind, self.scope if scope is None else scope, place, _hash(text))

    def holds(self, kind: Sealed, text: str, digits: str, place: str = '') -> bool:
        """Whether these digits are the seal of a text, by any of the secrets and in any of the scopes."""
        if not self.key.ring or len(digits) != DIGITS or (self.pins_only and kind == 'mark'):
            return False
        hashed = _hash(text)
        given = digits.encode('ascii', 'replace')
        return any(
            hmac.compare_digest(_digits(secret, kind, scope, place, hashed).encode(), given)
            for scope in (self._pins() if kind == 'pin' else self._scopes())
            for secret in self.key.ring
        )

    def _scopes(self) -> Iterator[Scope]:
        for conversation in self.conversations:
            yield (*self.owner, 'conversation', conversation)
        for goal in (self.goal, *self.goals):
            yield (*self.owner, 'goal', goal)

    def _pins(self) -> Iterator[Scope]:
        """A pin is mostly made before there is a conversation."""
        yield ()
        if self.owner:
            yield self.owner
        yield from self._scopes()


NOBODY = Seal()
"""Knows no key: whatever it reads is somebody else's."""


@lru_cache(maxsize=64)
def goal_print(text: str) -> str:
    """The fingerprint of what a conversation began with."""
    return _hash(text).hex()[:32] if text else ''


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).digest()


def _digits(secret: bytes, kind: str, scope: Scope, place: str, hashed: bytes) -> str:
    found = hmac.digest(secret, _about(kind, scope, place) + hashed, 'sha256')
    return f'{int.from_bytes(found[:8], "big"):0{DIGITS}d}'


@lru_cache(maxsize=256)
def _about(kind: str, scope: Scope, place: str) -> bytes:
    """What a seal says beside the text."""
    return _LABEL + b''.join(_framed(one) for one in (kind, str(VERSION), *scope)) + b'|' + _framed(place)


def _framed(text: str) -> bytes:
    """A text with its length in front, so that no two lists of texts give the same bytes."""
    data = text.encode('utf-8', 'surrogatepass')
    return b'%d:%b,' % (len(data), data)
