"""A small workspace in two languages, with tests and a document."""

from __future__ import annotations

from pathlib import Path

LEDGER = '''"""Money."""

from decimal import Decimal

LIMIT = 40  # the default of overdraft


class Base:
    """What accounts share."""

    def close(self):
        self.audit('close')

    def audit(self, what):
        return what


class Account(Base):
    """An account."""

    def __init__(self, amount):
        self.amount = amount

    def withdraw(self, amount):
        """Takes money out."""
        check_overdraft(self.amount, amount)
        self.amount -= amount
        self.audit('withdraw')
        return self.amount


def check_overdraft(held, amount):
    """Refuses what is not there."""
    if amount > held + LIMIT:
        raise ValueError(rounded(amount))


def rounded(amount):
    return Decimal(amount).quantize(Decimal('0.01'))


def unrelated():
    return 'of no account'
'''
TESTS = """from app.ledger import Account


def make():
    return Account(10)


def test_withdraw():
    assert make().withdraw(5) == 5


def test_nothing():
    assert True
"""
GO = """package mail

func Send(to string) error {
	return post(to)
}

func post(to string) error {
	return nil
}
"""
GUIDE = '\n'.join([*(f'Line {i} of a long guide.' for i in range(40)), 'Of `check_overdraft`: never below the limit.'])
FILES = {
    'app/ledger.py': LEDGER,
    'app/mail.go': GO,
    'tests/test_ledger.py': TESTS,
    'docs/guide.md': GUIDE + '\n' + '\n'.join(f'More {i}.' for i in range(40)),
}


def laid(root: Path) -> Path:
    """Writes the workspace under a root."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root
