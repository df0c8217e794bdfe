"""Diffs keep every file, then the changed lines, then what stands around them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.reducers.diffs import reduce_diffs
from tests.outputs.laws import HOSTILE, allowance, keeps, lines_of

SMALL = """\
commit 0123456789abcdef0123456789abcdef01234567
Author: Ada <ada@example.org>

    Sum prices, not rows

diff --git a/src/totals.py b/src/totals.py
index 111..222 100644
--- a/src/totals.py
+++ b/src/totals.py
@@ -10,7 +10,7 @@ def total(rows):
     rows = list(rows)
     if not rows:
         return 0
-    return sum(rows)
+    return sum(row.price for row in rows)
 \n\
 \n\
 def mean(rows):
diff --git a/img/logo.png b/img/logo.png
new file mode 100644
index 000..333
Binary files /dev/null and b/img/logo.png differ
diff --git a/old.py b/new.py
similarity index 100%
rename from old.py
rename to new.py
"""


def _many(files: int, lines: int) -> str:
    parts = []
    for i in range(files):
        parts.append(f'diff --git a/src/part{i}/module.py b/src/part{i}/module.py\nindex 1..2 100644')
        parts.append(
            f'--- a/src/part{i}/module.py\n+++ b/src/part{i}/module.py\n@@ -1,{lines} +1,{lines} @@ def f{i}():'
        )
        parts += [f'-    old_{i}_{k} = {k}\n+    new_{i}_{k} = {k + 1}\n     same_{k}()' for k in range(lines // 2)]
    return '\n'.join(parts)


def test_a_diff_stays_a_diff() -> None:
    """Files with their counts, hunks, changed lines; what is no longer there is marked."""
    assert reduce_diffs(SMALL, allowance(150)) == snapshot("""\
commit 0123456789abcdef0123456789abcdef01234567
Author: Ada <ada@example.org>

    Sum prices, not rows

diff src/totals.py (+1 -1)
@@ -10 +10 @@ def total(rows):
     rows = list(rows)
     if not rows:
         return 0
-    return sum(rows)
+    return sum(row.price for row in rows)
 \n\
 \n\
 def mean(rows):
diff img/logo.png (new, binary)
diff new.py (renamed from old.py)
""")


def test_where_it_is_tight_every_run_of_changes_says_where_it_is() -> None:
    """Context goes first, and no file takes the room of the others."""
    assert reduce_diffs(_many(4, 30), allowance(260)) == snapshot("""\
diff src/part0/module.py (+15 -15)
@@ -1 +1 @@ def f0():
-    old_0_0 = 0
+    new_0_0 = 1
@@ -3 +3 @@ def f0():
-    old_0_1 = 1
+    new_0_1 = 2
…
diff src/part1/module.py (+15 -15)
@@ -1 +1 @@ def f1():
-    old_1_0 = 0
+    new_1_0 = 1
@@ -3 +3 @@ def f1():
-    old_1_1 = 1
+    new_1_1 = 2
…
diff src/part2/module.py (+15 -15)
@@ -1 +1 @@ def f2():
-    old_2_0 = 0
+    new_2_0 = 1
@@ -3 +3 @@ def f2():
-    old_2_1 = 1
+    new_2_1 = 2
…
diff src/part3/module.py (+15 -15)
…
[172 of 200 lines left out]\
""")


@pytest.mark.parametrize('tokens', [300, 800, 2_000])
def test_every_file_is_named_where_the_names_fit(tokens: int) -> None:
    """However long the changes are, each file is there with its counts."""
    result = reduce_diffs(_many(12, 400), allowance(tokens)) or ''
    assert all(f'src/part{i}/module.py (+200 -200)' in result for i in range(12))


def test_files_that_do_not_fit_are_grouped_by_folder() -> None:
    """As many as fit, and how many more there are."""
    names = [f'v/{i}.py' for i in range(400)]
    text = '\n'.join(f'diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-a\n+b' for name in names)
    assert reduce_diffs(text, allowance(120)) == snapshot("""\
400 files changed
v/: 0.py +1 -1, 1.py +1 -1, 2.py +1 -1, 3.py +1 -1, 4.py +1 -1, 5.py +1 -1, 6.py +1 -1, 7.py +1 -1
[392 of 400 files left out]\
""")


def test_lock_files_and_blanks_come_last() -> None:
    """What nobody wrote by hand, and changes of blanks alone, leave the room to other changes."""
    lock = 'diff --git a/uv.lock b/uv.lock\n--- a/uv.lock\n+++ b/uv.lock\n@@ -1,90 +1,90 @@\n'
    lock += '\n'.join(f'-package {i}\n+package {i + 1}' for i in range(90))
    own = 'diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n'
    own += '-  spaced(1)\n+    spaced(1)\n-old = 1\n+new = 2'
    result = reduce_diffs(f'{lock}\n{own}', allowance(60)) or ''
    assert '+new = 2' in result
    assert 'uv.lock (+90 -90)' in result
    assert 'package 30' not in result


def test_a_removed_line_of_dashes_is_no_file() -> None:
    """Within a hunk, lines are counted: '--- x' may be a removed '-- x'."""
    text = 'diff --git a/q.sql b/q.sql\n--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,1 @@\n--- old comment\n select 1'
    assert 'q.sql (+0 -1)' in (reduce_diffs(text, allowance(200)) or '')


def test_plain_and_combined_diffs_are_read() -> None:
    """`diff -r` with its own marks, and merges with two columns of signs."""
    plain = 'diff -r a/x.py b/x.py\n1,2c1\n< old\n< old2\n---\n> new\nOnly in b: y.py'
    assert reduce_diffs(plain, allowance(200)) == snapshot("""\
diff a/x.py b/x.py (+1 -2)
1,2c1
< old
< old2
---
> new
Only in b: y.py\
""")
    merge = 'diff --cc src/a.py\nindex 1,2..3\n--- a/src/a.py\n+++ b/src/a.py\n'
    merge += '@@@ -1,2 -1,2 +1,3 @@@\n  same\n +ours\n- theirs'
    assert reduce_diffs(merge, allowance(200)) == snapshot("""\
diff src/a.py (+1 -1)
@@ -1 +1 @@
  same
 +ours
- theirs\
""")


def test_what_is_asked_for_comes_first() -> None:
    """A change that the question names is kept before its equals."""
    asked = allowance(200, frozenset({'new_3_180'}))
    assert 'new_3_180' in (reduce_diffs(_many(5, 400), asked) or '')


def test_no_diff_is_none() -> None:
    """Plainer ways are tried for what is no diff."""
    assert reduce_diffs('nothing\nto see', allowance(50)) is None


@given(
    lines_of(
        r'diff --git a/[a-c]\.py b/[a-c]\.py', r'@@ -\d,\d \+\d,\d @@', r'[+\- ][a-z ]{0,9}', r'--- a/x', r'\+\+\+ b/x'
    ),
    st.integers(16, 120),
)
def test_laws(text: str, tokens: int) -> None:
    """Within the allowance, deterministic, clean."""
    keeps(reduce_diffs, text, tokens)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """No text is too odd."""
    keeps(reduce_diffs, HOSTILE[name], 100)


def test_counts_are_those_of_the_diff() -> None:
    """What is kept and what is said to be missing are the whole."""
    text = _many(6, 100)
    result = reduce_diffs(text, allowance(400)) or ''
    found = re.search(r'\[([\d,]+) of ([\d,]+) lines left out\]', result)
    assert found is not None
    assert int(found[2].replace(',', '')) == text.count('\n') + 1
