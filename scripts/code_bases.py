"""Fetches three code bases with their tests, and what of them each test reaches, for `benchmarks/workspace.py`.

    python scripts/code_bases.py [FOLDER]

Sources come as source distributions from the package index that pip is set up for, into a folder that git ignores
(`.bases`); they are unpacked, and their own tests are run once under coverage in a virtual environment there. What is
written is `reached.json` beside each: by test, the functions of which a line of the body ran.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from pathlib import Path

BASES = {'click': 'click==8.5.1', 'jinja2': 'jinja2==3.1.6', 'marshmallow': 'marshmallow==4.4.0'}
NEEDED = ('coverage', 'pytest', 'markupsafe', 'trio', 'simplejson', 'backports-datetime-fromisoformat')
SECONDS = 900

Reached = dict[str, list[tuple[str, str, int]]]
"""By test (file, then name): path of the source, name of the function, its first line."""


def main(folder: Path) -> None:
    """Fetches what is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / 'venv' / 'bin' / 'python'
    if not python.exists():
        venv.create(folder / 'venv', with_pip=True)
        _run(python, '-m', 'pip', 'install', '--quiet', *NEEDED)
    for name, wanted in BASES.items():
        root = folder / name
        if not (root / 'reached.json').exists():
            fetched(python, name, wanted, folder)
            found = reached(python, root)
            (root / 'reached.json').write_text(json.dumps(found, indent=1))
            print(f'{name}: {len(found)} tests, {sum(map(len, found.values()))} functions reached')


def fetched(python: Path, name: str, wanted: str, folder: Path) -> None:
    """Downloads a source distribution and unpacks it as `folder/name`."""
    archives = folder / 'archives' / name
    _run(python, '-m', 'pip', 'download', '--quiet', '--no-binary', ':all:', '--no-deps', '-d', archives, wanted)
    archive = next(archives.glob('*.tar.gz'))
    with tarfile.open(archive) as unpacked:
        unpacked.extractall(folder, filter='data')
        top = unpacked.getnames()[0].split('/')[0]
    (folder / top).rename(folder / name)


def reached(python: Path, root: Path) -> Reached:
    """Functions by test, from one run of all tests."""
    (root / 'coverage.ini').write_text('[run]\nsource = src\ndynamic_context = test_function\n')
    measured = (python, '-m', 'coverage', 'run', '--rcfile=coverage.ini', '-m', 'pytest', '-q')
    _run(
        *measured,
        '-p',
        'no:cacheprovider',
        '-o',
        'addopts=',
        '--continue-on-collection-errors',
        '-m',
        'not stress',
        'tests',
        cwd=root,
        path='src',
        must=False,
    )
    _run(python, '-m', 'coverage', 'json', '--rcfile=coverage.ini', '--show-contexts', '-o', 'contexts.json', cwd=root)
    found: dict[str, set[tuple[str, str, int]]] = {}
    for path, said in json.loads((root / 'contexts.json').read_text())['files'].items():
        bodies = list(_bodies((root / path).read_text()))
        for line, contexts in said['contexts'].items():
            at = [(name, first) for name, first, start, end in bodies if start <= int(line) <= end]
            if not at:
                continue
            name, first = at[-1]  # the innermost
            for context in contexts:
                if context:
                    found.setdefault(context, set()).add((path, name, first))
    return {test: sorted(functions) for test, functions in sorted(found.items())}


def _bodies(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Name, line of `def`, first and last line of the body of every function, an enclosing one before what is in it."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in sorted(found, key=lambda node: node.lineno):
        yield node.name, node.lineno, node.body[0].lineno, node.end_lineno or node.lineno


def _run(*command: str | Path, cwd: Path | None = None, path: str = '', must: bool = True) -> None:
    environment = {'PATH': '/usr/bin:/bin', 'PYTHONPATH': path, 'PYTHONDONTWRITEBYTECODE': '1'} if path else None
    arguments = [str(one if not isinstance(one, Path) else one.absolute()) for one in command]
    subprocess.run(arguments, cwd=cwd, env=environment, check=must, timeout=SECONDS)


if __name__ == '__main__':
    main(Path(sys.argv[1] if len(sys.argv) > 1 else '.bases'))
