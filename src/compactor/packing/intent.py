"""What a question is after, and what that makes of weights: the six tasks, and three subjects that name a kind.

A factor never hides a kind, it moves it: whoever asks about settings gets configuration before code of equal relevance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from compactor.packing.item import Content
from compactor.request.task import Task, detect_task


class Intent(StrEnum):
    """What a question is after, beside the six tasks of `request.task.Task`."""

    TESTING = 'testing'
    CONFIGURATION = 'configuration'
    DOCUMENTATION = 'documentation'


INTENTS: Mapping[str, Mapping[str, float]] = {
    Intent.TESTING: {Content.TESTS: 1.25},
    Intent.CONFIGURATION: {Content.CONFIG: 1.15, Content.CODE: 0.9},
    Intent.DOCUMENTATION: {Content.DOCS: 1.4, Content.COMMENTS: 1.4, Content.CODE: 0.9},
    Task.EXPLANATION.value: {Content.DOCS: 1.2, Content.COMMENTS: 1.2, Content.TESTS: 0.9},
    Task.PLANNING.value: {Content.DOCS: 1.3, Content.CONFIG: 1.1},
    Task.REVIEW.value: {Content.TESTS: 1.15},
    Task.CODE_GENERATION.value: {Content.DOCS: 0.9},
}
"""Factors on weights by intent and kind; what is not there stays as it is."""

_SUBJECTS = (
    (Intent.TESTING, re.compile(r'\b(?:tests?|tested|testing|coverage|fixtures?|asserts?|mock\w*)\b', re.IGNORECASE)),
    (
        Intent.CONFIGURATION,
        re.compile(r'\b(?:config\w*|settings?|options?|environment variables?|deploy\w*|install\w*)\b', re.IGNORECASE),
    ),
    (Intent.DOCUMENTATION, re.compile(r'\b(?:document\w*|docs?|readme|tutorial|guide|changelog)\b', re.IGNORECASE)),
)
LONGEST = 4_000
"""Characters of a question that are read."""


def intent_of(question: str) -> str:
    """What a question is after: a subject that it names, else its task; '' for none."""
    if not question.strip():
        return ''
    asked = question[:LONGEST]
    named = next((intent for intent, words in _SUBJECTS if words.search(asked)), None)
    return named.value if named is not None else detect_task(asked).task.value
