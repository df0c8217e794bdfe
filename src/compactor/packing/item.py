"""What is packed: a named text with a kind, and how much it is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from compactor.outputs.code_text.languages import language_of

LARGEST = 2_000_000
"""Characters of an item that are looked at for what it holds; of a longer one, its beginning."""


class Content(StrEnum):
    """Kinds of content that the default profile weighs; an item may have any other name too."""

    CODE = 'code'
    CONFIG = 'config'
    TESTS = 'tests'
    DOCS = 'docs'
    COMMENTS = 'comments'


@dataclass(frozen=True, slots=True)
class Item:
    """A text that may go into a prompt.

    Attributes:
        name: what the model is told it is, such as its path; names need not differ.
        text: its content.
        kind: what it is, as profiles weigh it; '' to tell it from name and content.
        priority: how much it is wanted, 0 to 1, in place of its kind's weight; None for that.
        must: it is packed before everything else, whole if the budget allows.
        tags: words that a question may name it by.
    """

    name: str
    text: str
    kind: str = ''
    priority: float | None = None
    must: bool = False
    tags: frozenset[str] = frozenset()


_TESTS = re.compile(
    r'(?:^|/)(?:tests?|specs?|__tests__|testing|e2e)/|(?:^|/)(?:test_[^/]*|conftest\.py)$|[_.\-](?:test|spec)s?\.\w+$'
)
_DOCS = re.compile(r'\.(?:md|mdx|rst|txt|adoc|org|html?)$|(?:^|/)(?:readme|license|copying|authors|changelog)[^/]*$')
_CONFIG = re.compile(
    r'\.(?:toml|ya?ml|json|ini|cfg|conf|properties|env|lock|xml|editorconfig)$'
    r'|(?:^|/)(?:makefile|dockerfile|procfile|\.[^/]+)$'
)


def kind_of(name: str, text: str) -> str:
    """What a text is, by its name and, where that says nothing, by its content."""
    path = name.replace('\\', '/').lower()
    if _TESTS.search(path):
        return Content.TESTS
    if _DOCS.search(path):
        return Content.DOCS
    if _CONFIG.search(path):
        return Content.CONFIG
    return Content.CODE if language_of(text[:4_000], name) else Content.DOCS


def kinds(items: Iterable[Item]) -> list[str]:
    """The kind of each item."""
    return [item.kind or kind_of(item.name, item.text) for item in items]
