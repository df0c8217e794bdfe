"""A small repository to pack, and items of random texts."""

from __future__ import annotations

from hypothesis import strategies as st

from compactor.packing.item import Item

LEDGER = '''"""Accounts of what was spent."""

from decimal import Decimal


class Account:
    """One account."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.entries: list[Decimal] = []

    def deposit(self, amount: Decimal) -> None:
        """Puts money in."""
        if amount <= 0:
            raise ValueError('nothing to put in')
        self.entries.append(amount)

    def withdraw(self, amount: Decimal) -> None:
        """Takes money out, as far as there is any."""
        left = sum(self.entries, Decimal(0)) - amount
        if left < 0:
            raise OverdraftError(self.owner, left)
        self.entries.append(-amount)
'''
MAIL = '\n\n'.join(f'def send_letter_{i}(address: str) -> bool:\n    return post(address, kind={i})' for i in range(60))
GUIDE = '# Guide\n\n' + '\n\n'.join(
    f'## Chapter {i}\n\nHow letter {i} is written, and what it must say.' for i in range(40)
)
CHECKS = '\n\n'.join(f'def test_letter_{i}() -> None:\n    assert send_letter_{i}("x")' for i in range(40))

REPOSITORY = (
    Item('src/ledger.py', LEDGER),
    Item('src/mail.py', MAIL),
    Item('docs/guide.md', GUIDE),
    Item('tests/test_mail.py', CHECKS),
    Item('pyproject.toml', '[project]\nname = "post"\n'),
)

WORDS = st.sampled_from(
    ['def f(x):', '    return x', '# Head', 'word and word', '- item', '{"a": 1}', '', 'é漢字', '--- x']
)
TEXTS = st.lists(WORDS, max_size=60).map('\n'.join)
ITEMS = st.lists(
    st.builds(
        Item,
        st.sampled_from(['a.py', 'b.md', 'test_c.py', 'd.toml', 'log', 'e\nf.py', '----- g']),
        TEXTS,
        st.sampled_from(['', 'code', 'docs', 'other']),
        st.none() | st.floats(0, 1),
        st.booleans(),
    ),
    max_size=8,
)
