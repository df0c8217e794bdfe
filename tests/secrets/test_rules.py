"""The tables: what each row is, and that its own made-up secret is found wherever secrets stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import compactor.secrets.rule
from compactor.secrets.redact import HIGH_CONFIDENCE, MARK, redact
from compactor.secrets.rule import LICENCES, contexts, services, tokens
from tests.secrets.samples import DRESSES, rows, sample, whole

FOLDER = Path(compactor.secrets.rule.__file__).parent
OWN_FORM = {**tokens(), **contexts()}
LEAST = 160
"""Rules with a form of their own that there are at least."""
RECALL = 0.95
"""Share of them that is found in each dress, at least."""
SEEDS = tuple('abcd')


def found(name: str, dress: str, seed: str) -> bool:
    """Whether a row's secret is gone from its text."""
    text, secret = whole(rows()[name], seed)
    shown = redact(DRESSES[dress](text))
    return secret not in shown and secret[:9] + '\x1b[31m' + secret[9:] not in shown


@pytest.mark.parametrize('name', rows())
def test_each_row_finds_its_own_sample(name: str) -> None:
    """In what the sample itself is: the secret goes, and nothing beside it."""
    for seed in SEEDS:
        before, secret, after = sample(rows()[name], seed)
        shown = redact(f'one\n{before}{secret}{after}\ntwo')
        assert shown.startswith(f'one\n{before}[REDACTED-'), shown
        assert MARK.sub('', shown).endswith(f'{after}\ntwo'), shown


@pytest.mark.parametrize('dress', DRESSES)
def test_recall_by_dress(dress: str) -> None:
    """Of the rules with a form of their own nearly all are found whatever their secrets stand in."""
    assert len(OWN_FORM) >= LEAST
    missed = {name for name in OWN_FORM for seed in SEEDS if not found(name, dress, seed)}
    assert 1 - len(missed) / len(OWN_FORM) >= RECALL, sorted(missed)


@pytest.mark.parametrize('name', tokens())
def test_recall_by_rule(name: str) -> None:
    """Each kind of token is found in nearly every dress."""
    missed = [(dress, seed) for dress in DRESSES for seed in SEEDS if not found(name, dress, seed)]
    assert len(missed) <= 2, missed


@pytest.mark.parametrize('name', services())
def test_keys_of_services_are_found_by_the_service(name: str) -> None:
    """In programs, files of settings, JSON and YAML, by the service's name in a longer one."""
    row = services()[name]
    for seed in SEEDS:
        _, secret, _ = sample(row, seed)
        for form in ('{0}_KEY={1}', '"{0}Api": "{1}"', '{0}-access: {1}', "my_{0} := '{1}'"):
            assert secret not in redact(form.format(row.names[0], secret)), form


def test_each_row_has_a_source_with_a_licence() -> None:
    """And whose facts are used stands in the notice with its licence."""
    assert {row.source for row in rows().values()} == set(LICENCES)
    notice = (FOLDER / 'NOTICE').read_text()
    for source, licence in LICENCES.items():
        assert not licence or re.search(rf'^{source}, \S+, {licence} License', notice, re.MULTILINE)


def test_no_table_holds_a_secret() -> None:
    """Whoever looks through this repository for secrets finds none in the tables."""
    for table in FOLDER.glob('*.tsv'):
        for line in table.read_text().splitlines():
            assert redact(line) == line, line


@pytest.mark.parametrize('name', tokens())
def test_a_form_begins_as_its_row_says(name: str) -> None:
    """The literals by which a form is looked for stand where the row says, in at least two characters."""
    row = tokens()[name]
    assert all(len(start) >= 2 for start in row.starts)
    _, secret, _ = sample(row)
    assert any(secret.startswith(start, row.inside) for start in row.starts)
    assert row.inside or any(re.match(re.escape(start[0]) + r'|\(|\[', row.form) for start in row.starts)


@pytest.mark.parametrize('name', contexts())
def test_a_context_has_one_group(name: str) -> None:
    """What goes is one group, and the literal before it is in small letters."""
    row = contexts()[name]
    assert len(re.compile(row.form).groupindex) == 1
    assert row.literal == row.literal.lower()


@pytest.mark.parametrize('name', rows())
def test_a_row_can_be_left_out(name: str) -> None:
    """By its name; the others go on."""
    without = HIGH_CONFIDENCE.without(name)
    other = next(one for one in tokens() if one != name)
    assert whole(rows()[other])[1] not in redact(whole(rows()[other])[0], without)
    assert name in without.off
