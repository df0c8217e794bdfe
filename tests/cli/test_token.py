"""`compactor token`: counts with bounds, shares and prices; guards, fits, budgets of a session, profiles, models."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from compactor import counter_for
from compactor.cli.desk.session import KEPT, Budget, Use, budget_of, keep_budget
from compactor.cli.desk.treemap import HEIGHT, WIDTH, areas
from tests.cli.terminal import FIXTURE, ran, run

HELLO = "function hello() { return 'world'; }"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a few files, which is the current one."""
    (tmp_path / 'src').mkdir()
    (tmp_path / 'src' / 'app.py').write_text('def main() -> None:\n    print("hello")\n' * 20)
    (tmp_path / 'src' / 'rows.py').write_text('def rows() -> int:\n    return 3\n')
    (tmp_path / 'README.md').write_text('# Post\n\nSends letters.\n')
    (tmp_path / 'logo.png').write_bytes(b'\x89PNG\x00\x01')
    (tmp_path / 'node_modules').mkdir()
    (tmp_path / 'node_modules' / 'x.js').write_text('x')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_text() -> None:
    """Exact, with the share of the window, and what it costs."""
    assert ran('token', 'count', HELLO, '--model', 'gpt-4') == snapshot("""\
Token Count  9 (exact)
Model        gpt-4, counted by cl100k_base
Usage        0.1% of context (8,192 tokens)
Budget       5,734 tokens are 70 % of it
Cost         $0.000270 as input\
""")


def test_a_folder(repository: Path) -> None:
    """By file, the largest first; what is no text is passed over and said, what tools made is not looked at."""
    code, out, err = run('token', 'count', '.', '--model', 'claude-3-opus')
    assert (code, err) == (0, 'passed over 1 file: logo.png: is no text')
    assert out == snapshot("""\
Token Count  288 (calibrated, probably 230 to 346)
Model        claude-3-opus, counted by o200k_base
Files        3
Usage        0.1% of context (200,000 tokens)
Budget       140,000 tokens are 70 % of it
Cost         $0.004320 as input

By file
              tokens   share
────────────────────────────
src/app.py       267   92.7%
src/rows.py       14    4.9%
README.md          9    3.1%\
""")


def test_json_and_a_pipe(repository: Path) -> None:
    """Everything of it for scripts; standard input is what is counted where nothing is named."""
    told = json.loads(ran('token', 'count', 'src', '--model', 'gpt-4', '--json', '--verbose'))
    assert told['tokens'] == sum(one['tokens'] for one in told['files'])
    assert told['least'] == told['most'] == told['tokens']
    assert (told['window'], told['recommended_budget'], told['method']) == (8_192, 5_734, 'exact')
    assert told['recommended'][0]['tokens'] > 0
    assert told['tokens'] == counter_for('gpt-4').count((repository / 'src' / 'app.py').read_text()) + counter_for(
        'gpt-4'
    ).count((repository / 'src' / 'rows.py').read_text())


def test_a_mistyped_name_is_no_text() -> None:
    """It would be counted as a few tokens."""
    code, _, err = run('token', 'count', 'no-such-file.py')
    assert code == 1
    assert 'there is no such file' in err


def test_a_guard_for_builds() -> None:
    """Above --max the exit code is 1, at it 0."""
    tokens = counter_for('gpt-4').count(HELLO)
    assert run('token', 'count', HELLO, '--model', 'gpt-4', '--max', tokens)[0] == 0
    code, _, err = run('token', 'count', HELLO, '--model', 'gpt-4', '--max', tokens - 1)
    assert (code, err) == (1, f'{tokens} tokens are more than the {tokens - 1} of --max')


def test_a_diff(repository: Path) -> None:
    """The changes since a revision, by file; an option in its place is refused."""
    for command in (['init', '-q'], ['add', '.'], ['commit', '-qm', 'first']):
        subprocess.run(
            ['git', '-c', 'user.name=x', '-c', 'user.email=x@y.z', *command], check=True, cwd=repository, timeout=60
        )
    (repository / 'src' / 'rows.py').write_text('def rows() -> int:\n    return 4\n')
    told = json.loads(ran('token', 'count', '--diff', 'HEAD', '--json'))
    assert [one['name'] for one in told['files']] == ['src/rows.py']
    assert 'no such' not in run('token', 'count', '--diff', 'HEAD')[1]
    for wrong in ('--output=x', 'no-such-revision'):
        code, _, err = run('token', 'count', f'--diff={wrong}')
        assert code == 1
        assert 'revision' in err


def test_a_history() -> None:
    """Message by message."""
    told = json.loads(ran('token', 'count', '--history', FIXTURE, '--json'))
    assert len(told['files']) > 10
    assert all(one['name'].startswith('session.json#') for one in told['files'])


def test_the_page(repository: Path) -> None:
    """One file without a script: an area for each file, as large as its tokens, names escaped."""
    (repository / 'a<b>.md').write_text('words ' * 40)
    ran('token', 'count', 'src', 'README.md', 'a<b>.md', '--html', 'map.html')
    page = (repository / 'map.html').read_text()
    assert page.count('<rect ') == 4
    assert 'a&lt;b&gt;.md: ' in page
    assert '<script' not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize('sizes', [[1], [6, 6, 4, 3, 2, 2, 1], [1_000, 1], list(range(40, 0, -1)), [0], []])
def test_areas(sizes: list[int]) -> None:
    """Each has its share of the map, all of them fill it, and none leaves it."""
    made = list(areas(sizes))
    whole = sum(sizes)
    assert [one.at for one in made] == [i for i, size in enumerate(sizes) if size]
    for one in made:
        assert one.width * one.height == pytest.approx(WIDTH * HEIGHT * sizes[one.at] / whole)
        assert one.x >= -1e-6
        assert one.x + one.width <= WIDTH + 1e-6
        assert one.y + one.height <= HEIGHT + 1e-6


def test_compare(repository: Path) -> None:
    """The same texts for several models, read once."""
    told = json.loads(ran('token', 'compare', 'src', '--model', 'gpt-4', '--model', 'claude-3', '--json'))
    assert [one['method'] for one in told] == ['exact', 'calibrated']
    assert told[1]['least'] < told[1]['tokens'] < told[1]['most']
    assert run('token', 'compare', 'src', '--model', 'gpt-4')[0] == 1
    assert 'gpt-3.5-turbo' in ran('token', 'compare', 'src', '--model', 'gpt-4', '--model', 'gpt-3.5-turbo')


def test_fit(repository: Path) -> None:
    """The longest beginning or end; without --max within the window less the reserve."""
    text = (repository / 'src' / 'app.py').read_text()
    counter = counter_for('gpt-4')
    for end in ((), ('--end',)):
        cut = json.loads(ran('token', 'fit', 'src/app.py', '--max', '20', '--model', 'gpt-4', '--json', *end))
        assert cut['tokens'] == counter.count(cut['text']) <= 20
        assert text.endswith(cut['text']) if end else text.startswith(cut['text'])
    assert (
        json.loads(ran('token', 'fit', 'src/app.py', '--model', 'gpt-4', '--reserve', '8000', '--json'))['max'] == 192
    )
    assert run('token', 'fit', 'src/app.py')[0] == 1
    assert run('token', 'fit', 'src/app.py', '--model', 'gpt-4', '--reserve', '9k')[0] == 1


def test_a_budget_for_a_session(repository: Path) -> None:
    """Set, shown with its share of the window, used by pack and search, and forgotten."""
    assert run('token', 'budget')[0] == 1
    assert '5,000 tokens (61% of the 8,192 of gpt-4)' in ran('token', 'budget', '5000', '--model', 'gpt-4')
    run('pack', 'src', '--question', 'rows')
    assert run('search', 'letters', 'README.md', '--token-budget', '400')[0] == 0
    kept = budget_of(repository)
    assert kept is not None
    assert [use.query for use in kept.uses] == ['rows', 'letters']
    assert 'letters' in ran('token', 'budget')
    told = json.loads(ran('token', 'budget', '--json'))
    assert set(told) > {'budget', 'model', 'repoPath', 'timestamp', 'lastUsed', 'usageHistory'}
    assert told['share'] == 0.6104
    assert 'more than the window' in ran('token', 'budget', '10k', '--model', 'gpt-4')
    assert ran('token', 'budget', '--clear') == 'forgotten'
    assert ran('token', 'budget', '--clear') == 'there was none'


def test_a_session_is_bounded(tmp_path: Path) -> None:
    """Old uses go; a file that holds no budget is an error, not a default."""
    budget = Budget(100, 'gpt-4')
    for i in range(KEPT + 5):
        budget = budget.used(Use(float(i), i, 'q'))
    path = keep_budget(tmp_path, budget)
    assert budget_of(tmp_path) == budget
    assert (len(budget.uses), budget.uses[0].tokens) == (KEPT, 5)
    for text in ('{', '[]', '{"budget": -1}', '{"budget": 3, "usageHistory": [{}]}'):
        path.write_text(text)
        code, _, err = run('token', 'budget', '--repo', tmp_path)
        assert (code, 'holds no budget' in err) == (1, True)


def test_a_profile(repository: Path) -> None:
    """Shown, saved, used by the next pack, and taught what was of use."""
    assert ran('token', 'profile', '.', '--model', 'gpt-4', '--save').count('config') == 1
    assert (repository / '.compactor' / 'packing.toml').exists()
    ran('token', 'budget', '400', '--model', 'gpt-4')
    run('pack', 'src', 'README.md')
    told = json.loads(ran('token', 'profile', '.', '--used', 'README.md', '--save', '--json'))
    assert told['uses'] == {'code': {'shown': 2, 'used': 0}, 'docs': {'shown': 1, 'used': 1}}
    assert run('token', 'profile', '.', '--used', 'other.py')[0] == 1
    kinds = json.loads(run('token', 'profile', '.', '--model', 'gpt-4', '--verbose', '--json')[1])
    assert kinds['uses'] == told['uses']
    assert kinds['recommended_budget'] == 5_734
    assert set(kinds['tokens']) >= {'code', 'docs'}


def test_models() -> None:
    """All with window, budget and price; for a number of tokens those that it suits, with reasons."""
    told = {one['model']: one for one in json.loads(ran('token', 'models', '--json'))}
    assert told['openai:gpt-4']['window'] == 8_192
    assert told['openai:gpt-4']['recommended_budget'] == 5_734
    assert len(told) >= 14
    assert 'off by' in ran('token', 'models', '--verbose', '--model', 'gpt-4')
    suited = json.loads(ran('token', 'models', '--tokens', '30k', '--json'))
    assert 'openai:gpt-4' in {one['model'] for one in suited['passed_over']}
    costs = [float(one['cost']) for one in suited['recommended'] if one['cost'] is not None]
    assert costs == sorted(costs)
    assert 'Passed over' in ran('token', 'models', '--tokens', '30k', '--verbose')
