"""Generated batches of edits, half of them broken, and what has to be true after each."""

from __future__ import annotations

import difflib
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compactor import Workspace, WorkspaceError

LINES = ('', 'a = 1', 'def f():', '    return a', '-- rule', '++ plus', '@@ odd', '\tend', 'größe = 2', 'x' * 80, ' ')
BREAKS = ('context', 'outside', 'absolute', 'link', 'missing', 'made twice', 'half', 'git', 'many', 'no diff')


@dataclass(frozen=True)
class Batch:
    """Diffs, what the files are to hold after them, and whether they are to be refused."""

    files: Mapping[str, str]
    diffs: tuple[str, ...]
    after: Mapping[str, str]
    broken: str


def generated(seed: int) -> Batch:
    """A batch: odd seeds are broken."""
    chance = random.Random(seed)
    files = {f'{"d/" if chance.random() < 0.4 else ""}f{i}.txt': _text(chance) for i in range(chance.randint(1, 5))}
    after = dict(files)
    diffs = []
    for name in chance.sample(sorted(files), chance.randint(1, len(files))):
        way = chance.random()
        if way < 0.15 and files[name]:
            del after[name]
            diffs.append(_diff(name, files[name], None))
        else:
            after[name] = _changed(chance, files[name])
            if after[name] != files[name]:
                diffs.append(_diff(name, files[name], after[name], chance.randint(1, 4)))
    if chance.random() < 0.4:
        new = f'{"e/f/" if chance.random() < 0.5 else ""}new.txt'
        after[new] = _text(chance) or 'a\n'
        diffs.append(_diff(new, None, after[new]))
    broken = chance.choice(BREAKS) if seed % 2 else ''
    if broken:
        # What an earlier diff has removed may be made.
        at = 0 if broken == 'made twice' else chance.randint(0, len(diffs))
        diffs.insert(at, _broken(chance, broken, files))
    return Batch(files, tuple(diffs), files if broken else after, broken)


def _text(chance: random.Random) -> str:
    end = chance.choice(['\n', '\n', '\n', '\r\n'])
    text = end.join(chance.choice(LINES) for _ in range(chance.randint(0, 30)))
    return text + end if text and chance.random() < 0.8 else text


def _changed(chance: random.Random, text: str) -> str:
    end = '\r\n' if '\r\n' in text else '\n'
    lines = text.split(end)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines) + 1)
        lines[at : at + chance.randint(0, 2)] = [chance.choice(LINES) for _ in range(chance.randint(0, 2))]
    return end.join(lines)


def _diff(name: str, before: str | None, after: str | None, context: int = 3) -> str:
    old, new = (before or '').splitlines(keepends=True), (after or '').splitlines(keepends=True)
    made = difflib.unified_diff(
        old,
        new,
        '/dev/null' if before is None else f'a/{name}',
        '/dev/null' if after is None else f'b/{name}',
        n=context,
    )
    return ''.join(line if line.endswith('\n') else f'{line}\n\\ No newline at end of file\n' for line in made)


def _broken(chance: random.Random, how: str, files: Mapping[str, str]) -> str:
    name = chance.choice(sorted(files))
    new = '--- /dev/null\n+++ {}\n@@ -0,0 +1 @@\n+bad\n'
    return {
        'context': f'--- a/{name}\n+++ b/{name}\n@@ -1,1 +1,1 @@\n-never there at all\n+bad\n',
        'outside': new.format('b/../' + chance.choice(['outside.txt', 'root/../outside.txt', '../x'])),
        'absolute': new.format('/srv/never/outside.txt'),
        'link': new.format(chance.choice(['b/away/outside.txt', 'b/away', 'b/d/../away/x.txt'])),
        'missing': '--- a/not/there.txt\n+++ b/not/there.txt\n@@ -1 +1 @@\n-a\n+b\n',
        'made twice': new.format(f'b/{name}'),
        'half': f'--- a/{name}\n+++ b/{name}\n',
        'git': new.format('b/.git/hooks/pre-commit'),
        'many': ''.join(new.format(f'b/many{i}.txt') for i in range(40)),
        'no diff': 'Please change the file.',
    }[how]


def checked(batch: Batch, folder: Path) -> None:
    """Carries a batch out in a folder of its own, and looks at all that is there before and after."""
    root = folder / 'root'
    root.mkdir(parents=True)
    outside = folder / 'away'
    outside.mkdir()
    (folder / 'outside.txt').write_text('untouched')
    (root / 'away').symlink_to(outside)
    for name, text in batch.files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(text.encode())
    try:
        Workspace(root).edit_many(batch.diffs)
        refused = False
    except WorkspaceError:
        refused = True
    assert refused == bool(batch.broken) or not batch.diffs, f'{batch.broken or "a sound batch"} was not told'
    assert held(root) == {name: text.encode() for name, text in batch.after.items()}
    assert list(outside.iterdir()) == []
    assert sorted(os.listdir(folder)) == ['away', 'outside.txt', 'root']
    assert (folder / 'outside.txt').read_text() == 'untouched'


def held(root: Path) -> dict[str, bytes]:
    """Every file under a root but for where edits are prepared, which has to be empty."""
    prepared = root / '.compactor' / 'edits'
    assert not prepared.exists() or sorted(os.listdir(prepared)) == ['.gitignore', 'lock']
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob('*'))
        if path.is_file() and '.compactor' not in path.parts
    }
