"""`compactor pack`, `search` and `recall`: within a budget, with a report, over files, histories and archives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessagesTypeAdapter

from compactor import Store, StoreArchive, compact, counter_for
from tests.cli.terminal import FIXTURE, ran, run
from tests.packing.texts import REPOSITORY


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small repository as files, which is the current folder."""
    for item in REPOSITORY:
        path = tmp_path / item.name
        path.parent.mkdir(exist_ok=True)
        path.write_text(item.text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_pack(repository: Path) -> None:
    """The text on standard output, what was done on standard error; never over the budget."""
    code, out, err = run('pack', '.', '--budget', '300', '--question', 'How is money taken out?', '--model', 'gpt-4')
    assert code == 0
    assert 'raise OverdraftError' in out
    assert err.startswith('Tokens used: ')
    assert err.endswith('/300 (exact)')
    assert counter_for('gpt-4').count(out) <= 300
    told = json.loads(ran('pack', '.', '--budget', '300', '--json', '--reserve', '0', '--intent', '-q', 'Which tests?'))
    assert (told['budget'], told['reserve'], told['intent'], told['budgetFrom']) == (300, 0, 'testing', 'option')
    assert {one['name'] for one in told['breakdown']} == {item.name for item in REPOSITORY}


def test_must_have(repository: Path) -> None:
    """By path or by name; what had to be there and is not whole is said."""
    code, out, err = run('pack', '.', '--budget', '400', '--must', 'guide.md', '--token-report')
    assert code == 0
    assert out.startswith('--- docs/guide.md (docs, in part)')
    assert 'docs/guide.md: it must be there, and does not fit whole' in err
    assert 'What stands there' in err


def test_a_profile_of_one_s_own(repository: Path) -> None:
    """A file, also one of PAMPAX, and that of the repository."""
    (repository / 'mine.toml').write_text('[priorities]\ndocs = 1.0\ncode = 0.1\n')
    weighed = json.loads(ran('pack', 'src', 'docs', '--budget', '600', '--profile', 'mine.toml', '--json'))
    assert weighed['breakdown'][0]['kind'] == 'docs'
    theirs = {'priorities': {'docs': 1.0, 'code': 0.1}, 'capsuleStrategies': {'docs': 'extract-key-points'}}
    (repository / '.pampax').mkdir()
    (repository / '.pampax' / 'token-config.json').write_text(json.dumps(theirs))
    assert json.loads(ran('pack', 'src', 'docs', '--budget', '600', '--json')) == weighed
    assert run('pack', 'src', '--profile', 'no-such.toml')[0] == 1


@pytest.mark.parametrize(
    ('query', 'first'),
    [
        ('withdraw', 'src/ledger.py'),
        ('how letters are written', 'docs/guide.md'),
        ('test_letter_3', 'tests/test_mail.py'),
    ],
)
def test_search(repository: Path, query: str, first: str) -> None:
    """What has most to do with it comes first, by words and by name."""
    told = json.loads(run('search', query, '--token-budget', '500', '--json')[1])
    assert told['breakdown'][0]['name'] == first
    assert told['actual'] <= 450


def test_search_finds_nothing(repository: Path) -> None:
    """Exit code 1 for scripts; a question that names nothing is an error."""
    assert run('search', 'zeppelin')[0] == 1
    code, _, err = run('search', 'where is it')
    assert (code, 'names nothing to look for' in err) == (1, True)


@pytest.fixture
def archived(tmp_path: Path) -> tuple[Path, str]:
    """A compacted history in a file, and the store that has the rest."""
    url = f'sqlite:///{tmp_path / "store.db"}'
    messages = ModelMessagesTypeAdapter.validate_json(FIXTURE.read_bytes())
    with Store.open(url) as store:
        compacted = compact(messages, 'cerebras', target_tokens=4_000, archive=StoreArchive(store))
    path = tmp_path / 'compacted.json'
    path.write_bytes(ModelMessagesTypeAdapter.dump_json(list(compacted.messages)))
    return path, url


def test_search_in_a_history(archived: tuple[Path, str]) -> None:
    """What still stands in it, and with its store what was taken out."""
    path, url = archived
    alone = json.loads(run('search', 'pytest failed', '--history', path, '--json')[1])
    both = json.loads(run('search', 'pytest failed', '--history', path, '--store', url, '--json', '--limit', '60')[1])
    assert all(one['name'].startswith('compacted.json#') for one in alone['breakdown'])
    assert any(one['name'].startswith('compacted.json, archived step ') for one in both['breakdown'])


def test_recall(archived: tuple[Path, str]) -> None:
    """A step, lines that a pattern finds, or what answers a question, each within the budget."""
    path, url = archived
    step = ran('recall', path, '2', '--store', url, '--token-budget', '300')
    assert step.startswith('Step 2, lines 1-')
    code, found, err = run('recall', path, '--pattern', 'def ', '--store', url, '--token-report')
    assert (code, 'lines found (#step:line)' in found, 'Tokens used: ' in err) == (0, True, True)
    told = json.loads(ran('recall', path, '-q', 'pytest failed', '--store', url, '--token-budget', '600', '--json'))
    assert told['actual'] <= 540
    assert told['breakdown'][0]['kind'] == 'steps'
    assert json.loads(ran('recall', path, '2', '--store', url, '--json'))['actual'] <= 4_000
    assert run('recall', path, '--store', url)[0] == 1
    assert run('recall', path, '-q', 'pytest', '--store', url, '--scope', 'another')[0] == 1


def test_search_in_a_store(archived: tuple[Path, str]) -> None:
    """With a store alone: all that was left out, best first, as `recall(query=...)` ranks it; of one tenant only."""
    _, url = archived
    code, out, err = run('search', 'pytest failed', '--store', url, '--json')
    told = json.loads(out)
    assert code == 0
    assert told['breakdown']
    assert all(one['name'].startswith('archived ') for one in told['breakdown'])
    assert 'archived steps have to do with it' in err
    assert run('search', 'pytest failed', '--store', url, '--tenant', 'another')[0] == 1


def test_why_forgot(archived: tuple[Path, str]) -> None:
    """When a step went, by what, and what is kept of it; a step that stands there is an error that says so."""
    path, url = archived
    told = json.loads(ran('why-forgot', '2', path, '--store', url, '--json'))
    assert (told['step'], told['compaction'], told['of'], told['held']) == (2, 1, 1, True)
    assert told['strategies'] == ['digest']
    assert told['at'] > 1_600_000_000
    assert any('#2' in line for line in told['kept'])
    said = ran('why-forgot', '2', path, '--store', url)
    assert 'in compaction 1 of 1, with ' in said
    assert 'Kept instead' in said
    code, _, err = run('why-forgot', '9999', path, '--store', url)
    assert (code, 'no compaction that took step 9999' in err) == (1, True)
