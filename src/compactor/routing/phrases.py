"""Phrases by label, and which of them a text holds. A longer phrase takes its words out of the way of shorter ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from compactor.errors import ConfigError

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_UNSPACED = re.compile('[\u3040-\u30ff\u3400-\u9fff]')


class Phrases:
    """A table of phrases, in a form that is quick to read.

    Words are compared as they stand, in lower case; hyphens, dots and underscores separate words as spaces do
    ('zero-downtime' is 'zero downtime'). Phrases in Chinese or Japanese are found anywhere.

    Args:
        rows: phrases by label. A phrase that stands under two labels counts for the later one.

    Raises:
        ConfigError: a phrase without a word in it.
    """

    def __init__(self, rows: Mapping[str, Iterable[str]]) -> None:
        labels: dict[tuple[str, ...], str] = {}
        unspaced: dict[str, str] = {}
        for label, texts in rows.items():
            for text in texts:
                words = tuple(words_of(text))
                if not words:
                    raise ConfigError(f'the phrase {text!r} of {label} has no word in it')
                if _UNSPACED.search(text):
                    unspaced[text.strip().lower()] = label
                else:
                    labels[words] = label
        self._by_word: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
        for words in sorted(labels, key=lambda one: (-len(one), one)):
            self._by_word.setdefault(words[0], []).append((words, ' '.join(words), labels[words]))
        self._unspaced = unspaced
        # The first alternative that fits is taken, so the longest comes first.
        self._regex = re.compile('|'.join(map(re.escape, sorted(unspaced, key=lambda one: (-len(one), one)))))

    def find(self, text: str) -> dict[str, tuple[str, ...]]:
        """The phrases of the table that `text` holds, by label, each once, in the order of the text."""
        found: dict[str, dict[str, None]] = {}
        words = words_of(text)
        by_word = self._by_word
        at, end = 0, len(words)
        while at < end:
            for phrase, shown, label in by_word.get(words[at], ()):
                size = len(phrase)
                if size == 1 or tuple(words[at : at + size]) == phrase:
                    found.setdefault(label, {})[shown] = None
                    at += size
                    break
            else:
                at += 1
        if self._unspaced and not text.isascii():
            for match in self._regex.finditer(text.lower()):
                found.setdefault(self._unspaced[match[0]], {})[match[0]] = None
        return {label: tuple(phrases) for label, phrases in found.items()}


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return _WORD.findall(text.lower().replace('’', "'"))


def split(texts: str) -> tuple[str, ...]:
    """The phrases of a text in which commas separate them."""
    return tuple(' '.join(text.split()) for text in texts.split(',') if text.strip())
