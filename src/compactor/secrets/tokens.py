"""Finds secrets by their own form, such as `ghp_...`: by how they begin, in the long words of a text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from compactor.secrets.randomness import looks_random, made_up
from compactor.secrets.reading import BACKSLASH, Reading
from compactor.secrets.rule import Token

LONG_ENOUGH = 30
"""Characters of a word from which it may hold a secret that is known by a literal inside."""
_END = '(?![A-Za-z0-9])'
PIECE = 12
"""Characters behind its beginning from which what a cut has left of a secret is one."""
_LETTERS = tuple(bytes([i]) for i in b'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-')
_MARK = re.compile(rb'[_.-]')
_INNER = frozenset((*map(ord, _LETTERS), *b'+/'))
_BLOB = 48
"""Characters of base64 before a beginning that make it part of a larger whole, such as an image."""


class Tokens:
    """A table of forms, ready to be searched for."""

    def __init__(self, rules: Mapping[str, Token]) -> None:
        self._begins: dict[bytes, list[tuple[bytes, Token]]] = {}
        self._inside: list[tuple[bytes, Token]] = []
        self._forms: dict[str, re.Pattern[str]] = {}
        for rule in rules.values():
            for start in map(str.encode, rule.starts):
                if rule.inside:
                    self._inside.append((start, rule))
                else:
                    for key in (start[:3],) if len(start) > 2 else (start + letter for letter in _LETTERS):
                        self._begins.setdefault(key, []).append((start, rule))

    def find(self, reading: Reading) -> Iterator[tuple[int, int, bool]]:
        """Where such secrets stand; and whether each is but the head of a longer one."""
        if not self._begins and not self._inside:
            return
        flat, begins = reading.flat, self._begins
        mixed, others = reading.words
        for start, end in mixed:
            yield from self._in_word(reading, start, end)
        for start, end in others:
            if flat[start : start + 3] in begins:
                if found := self._at(reading, start, end):
                    yield found
            elif start and flat[start - 1] == BACKSLASH:
                at = reading.begin(start)
                if flat[at : at + 3] in begins and (found := self._at(reading, at, end)):
                    yield found

    def _in_word(self, reading: Reading, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Those that begin with one of a word's pieces, or are known by what stands inside."""
        flat, begins = reading.flat, self._begins
        done = start
        if start > 1 and flat[start - 1] in b'+/=' and flat[start - 2] in _INNER:
            head = reading.stretch(start, padded=True)
            while 0 <= head < start and done == start:
                at = reading.begin(head) + (flat[head] == ord('+'))
                if flat[at : at + 3] in begins and (found := self._at(reading, at, end, broken=True)):
                    yield found
                    done = found[1]
                head = flat.find(b'=', head, start) + 1 or start
        at = reading.begin(start) if start and flat[start - 1] in b'\\%[;' else start
        if at >= done and flat[at : at + 3] in begins and (found := self._at(reading, at, end)):
            yield found
            done = found[1]
        for mark in _MARK.finditer(flat, at, end):
            at = mark.end()
            if flat[at : at + 3] in begins and at >= done and (found := self._at(reading, at, end)):
                yield found
                done = found[1]
        if end - start >= LONG_ENOUGH:
            for literal, rule in self._inside:
                at = flat.find(literal, start + rule.inside, end)
                while at >= 0:
                    match = self._form(rule).match(reading.text, at - rule.inside)
                    if match:
                        yield *match.span(), False
                    at = flat.find(literal, match.end() if match else at + 1, end)

    def _at(self, reading: Reading, at: int, end: int, *, broken: bool = False) -> tuple[int, int, bool] | None:
        """The longest secret that begins here, in the word that ends there."""
        flat, text = reading.flat, reading.text
        longest, head = at, False
        rules = [
            (at + len(start), rule)
            for start, rule in self._begins[flat[at : at + 3]]
            if flat.startswith(start, at) and (rule.broken or not broken)
        ]
        for body, rule in rules:
            match = self._form(rule).match(text, at)
            if match and match.end() > longest and not made_up(text[body : match.end()]):
                longest, head = match.end(), rule.head
        if not rules:
            return None
        from compactor.secrets.wrapped import rest  # what follows costs time to import that most texts never need

        if longest == at:
            longest = max((self._cut(reading, rule, at, body, end) for body, rule in rules), default=at)
        else:
            longest = rest(flat, longest)
        if longest <= at or (at and flat[at - 1] in b'+/' and at - reading.stretch(at) > _BLOB):
            return None
        return at, longest, head

    def _cut(self, reading: Reading, rule: Token, at: int, body: int, end: int) -> int:
        """Where a secret ends of which the word from `at` to `end` is too short: in another line, or cut off; or -1."""
        from compactor.secrets.wrapped import cut_off, pieces

        flat, text = reading.flat, reading.text
        joined = text[at:end]
        for start, stop in pieces(flat, end):
            whole = joined + text[start:stop]
            if match := self._form(rule).match(whole):
                kept = match.end() > len(joined) and not made_up(whole[body - at : match.end()])
                return start + match.end() - len(joined) if kept else -1
            joined = whole
        left = text[body:end].rstrip('.')  # dots may say that something is missing
        end = body + len(left)
        known = len(left) >= PIECE and not text[at:body].isalnum() and cut_off(flat, end)
        return end if known and looks_random(left) and not made_up(left) else -1

    def _form(self, rule: Token) -> re.Pattern[str]:
        """A rule's expression, made when it is first needed: few of them ever are."""
        found = self._forms.get(rule.name)
        if found is None:
            found = self._forms[rule.name] = re.compile(rule.form + _END, re.ASCII)
        return found
