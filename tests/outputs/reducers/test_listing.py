"""Listings are grouped by folder and counted by ending; names come before sizes and dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.reducers.listing import reduce_listing
from tests.outputs.laws import HOSTILE, allowance, keeps, lines_of

PATHS = '\n'.join(
    [
        'README.md',
        'pyproject.toml',
        *(f'src/app/module{i}.py' for i in range(40)),
        *(f'src/app/data/table{i}.csv' for i in range(30)),
        *(f'node_modules/pkg{i}/index.js' for i in range(200)),
        'tests/test_totals.py',
    ]
)


def test_paths_are_grouped_by_folder() -> None:
    """Upper levels first, how many of which ending, what tools make for themselves in one line."""
    assert reduce_listing(PATHS, allowance(160)) == snapshot("""\
273 names in 4 folders
README.md  pyproject.toml
node_modules/ 200 names
src/app/ 40 names: 40 .py
  module0.py  module1.py  module2.py  module3.py  module4.py  module5.py  module6.py  module7.py  module8.py  module9.py
src/app/data/ 30 names: 30 .csv
  table0.csv  table1.csv  table2.csv  table3.csv  table4.csv  table5.csv  table6.csv  table7.csv  table8.csv  table9.csv
tests/
  test_totals.py
[250 of 273 names left out]\
""")


def test_names_that_are_asked_for_are_kept() -> None:
    """Wherever they are."""
    asked = allowance(120, frozenset({'table17.csv'}))
    assert 'table17.csv' in (reduce_listing(PATHS, asked) or '')


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (
            'total 12\ndrwxr-xr-x  4 ada ada 4096 Jan  2 10:00 .\ndrwxr-xr-x  4 ada ada 4096 Jan  2 10:00 ..\n'
            'drwxr-xr-x  4 ada ada 4096 Jan  2 10:00 src\n-rw-r--r--  1 ada ada  120 Jan  2  2025 a b.txt\n'
            '-rw-r--r--@ 1 ada staff 1.2K 2025-01-02 10:00 notes.md',
            snapshot("""\
3 names
src/  a b.txt  notes.md\
"""),
        ),
        (
            '.\n├── src\n│   ├── app.py\n│   └── util\n│       └── io.py\n└── README.md\n\n2 directories, 3 files',
            snapshot("""\
6 names in 3 folders
2 directories, 3 files
.  src  README.md
src/
  app.py  util
src/util/
  io.py\
"""),
        ),
        (
            'src:\napp.py\nutil\n\nsrc/util:\nio.py',
            snapshot("""\
3 names in 2 folders under src/
app.py  util
util/
  io.py\
"""),
        ),
        (
            '12K\tsrc/app\n4.0K\tsrc/app/io.py\n16K\tsrc',
            snapshot("""\
3 names in 3 folders
src/
  app 12K
src/app/
  io.py 4.0K
src 16K\
"""),
        ),
        (
            ' M src/app.py\n?? notes.md\nA  src/new.py',
            snapshot("""\
 M src/app.py
?? notes.md
A  src/new.py\
"""),
        ),
        (
            'src/a.py\nsrc/b.py\nfind: secret: Permission denied',
            snapshot("""\
2 names
find: secret: Permission denied
src/
  a.py  b.py\
"""),
        ),
    ],
)
def test_forms_of_listings(text: str, expected: str) -> None:
    """ls -la, tree, ls -R, du, git status -s, find with a complaint."""
    assert reduce_listing(text, allowance(200)) == expected


def test_where_there_is_room_the_tools_own_folders_are_shown_too() -> None:
    """They come behind all other names, and the note counts what of them is missing."""
    text = '\n'.join(
        ['README.md', 'src/app.py', '.git/HEAD', '.git/config', *(f'.git/hooks/hook{n}.sample' for n in range(60))]
    )
    assert reduce_listing(text, allowance(150)) == snapshot("""\
64 names in 2 folders
README.md
.git/ 62 names
src/
  app.py
.git/
  HEAD  config
.git/hooks/
  hook0.sample  hook1.sample  hook2.sample  hook3.sample  hook4.sample  hook5.sample  hook6.sample  hook7.sample  hook8.sample  hook9.sample
  hook10.sample  hook11.sample  hook12.sample  hook13.sample  hook14.sample  hook15.sample  hook16.sample  hook17.sample  hook18.sample  hook19.sample
[40 of 64 names left out]\
""")  # noqa: E501


def test_no_names_are_none() -> None:
    """Plainer ways are tried for what holds no names."""
    assert reduce_listing('this is a sentence, not a name\nand so is this one, truly', allowance(50)) is None


@given(
    lines_of(
        r'(src|lib)/[a-c]{1,3}/[a-z]{1,5}\.(py|txt)',
        r'-rw-r--r-- 1 a b \d{1,4} Jan  1 10:00 [a-z]{1,6}',
        r'(│   )?├── [a-z]{1,5}',
    ),
    st.integers(16, 120),
)
def test_laws(text: str, tokens: int) -> None:
    """Within the allowance, deterministic, clean."""
    keeps(reduce_listing, text, tokens)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """No text is too odd."""
    keeps(reduce_listing, HOSTILE[name], 100)
