"""The control: a bare list of the most frequent identifiers, each in its shortest context. Unlawful and unreadable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart

from .grammar import TOKEN, forms, near, texts
from .laws import COUNTER
from .measure import PAST_WIDTH


def index(history: Sequence[ModelMessage], target: int) -> list[ModelMessage]:
    """One user prompt that lists identifiers by frequency until `target` tokens are used."""
    count: Counter[str] = Counter()
    shortest: dict[str, str] = {}
    for text in texts(history):
        for line in text.splitlines():
            for token in TOKEN.finditer(line):
                for form in forms(token.group()):
                    count[form] += 1
                    context = near(line, *token.span(), PAST_WIDTH).strip()
                    if form not in shortest or len(context) < len(shortest[form]):
                        shortest[form] = context
    listed: list[str] = []
    shown: set[str] = set()
    left = target - 10
    for form, _ in count.most_common():
        if form in shown:
            continue
        cost = COUNTER.count(shortest[form]) + 1
        if cost > left:
            break
        left -= cost
        listed.append(shortest[form])
        shown.update(f for token in TOKEN.findall(shortest[form]) for f in forms(token))
    return [ModelRequest(parts=[UserPromptPart(content='\n'.join(listed))])]
