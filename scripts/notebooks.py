"""Executes the notebooks of `analysis/` and writes them with what they show, or says whether they are current.

    python scripts/notebooks.py            execute each source in a kernel and write its .ipynb
    python scripts/notebooks.py --check    compare; ends with 1 and says what differs

Sources are percent scripts (jupytext). What is written is the same each time: ids are numbers, there are no times, no
versions and no paths. `--check` needs no kernel: it runs each source as a plain script and compares cells and printed
text; pictures are only counted, because fonts are drawn a little differently from machine to machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jupytext

ROOT = Path(__file__).resolve().parent.parent
ANALYSIS = ROOT / 'analysis'
SOURCES = ('usage_overview', 'before_after', 'what_it_saved')
OWN = ('COMPACTOR_EXPORTS', 'COMPACTOR_LEDGER', 'COMPACTOR_CHARTS', 'COMPACTOR_STORE')
"""Variables by which people name their own data; what is committed shows the generated ones."""
METADATA = {
    'kernelspec': {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'},
    'language_info': {'name': 'python'},
}
TIMEOUT = 120
"""Seconds that a cell, or a plain run, may take."""


def main() -> None:
    """Writes the notebooks, or checks them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true')
    if parser.parse_args().check:
        found = [trouble for name in SOURCES for trouble in troubles(name, printed(name))]
        sys.exit('\n'.join([*found, 'make notebooks writes them again']) if found else 0)
    for name in SOURCES:
        (ANALYSIS / f'{name}.ipynb').write_text(executed(name), encoding='utf-8')
        print(f'analysis/{name}.ipynb')


def environment(**more: str) -> dict[str, str]:
    """The environment without anybody's own data."""
    return {name: value for name, value in os.environ.items() if name not in OWN} | more


def executed(name: str) -> str:
    """A notebook with what it shows, as it is committed; needs nbclient and ipykernel."""
    from nbclient import NotebookClient

    book = jupytext.read(ANALYSIS / f'{name}.py')
    with tempfile.TemporaryDirectory() as folder:  # a kernel keeps a history in its directory
        client = NotebookClient(
            book,
            timeout=TIMEOUT,
            kernel_name='python3',
            record_timing=False,
            resources={'metadata': {'path': str(ANALYSIS)}},
        )
        client.execute(env=environment(IPYTHONDIR=folder))
    return written(plain(name, book))


def plain(name: str, book: Any) -> dict[str, Any]:
    """A notebook without anything that differs from run to run."""
    cells = []
    for number, cell in enumerate(book.cells, 1):
        made: dict[str, Any] = {
            'cell_type': cell.cell_type,
            'id': f'{name.replace("_", "-")}-{number}',
            'metadata': {},
            'source': cell.source.splitlines(keepends=True),
        }
        if cell.cell_type == 'code':
            made |= {'execution_count': cell.execution_count, 'outputs': joined(cell.outputs)}
        cells.append(made)
    return {'cells': cells, 'metadata': METADATA, 'nbformat': 4, 'nbformat_minor': 5}


def joined(outputs: Any) -> list[dict[str, Any]]:
    """Outputs of a cell, what was printed in one go even where the kernel sent it in pieces."""
    made: list[dict[str, Any]] = []
    for output in outputs:
        if output.output_type == 'stream' and made and made[-1].get('name') == output.name:
            made[-1]['text'] = (''.join(made[-1]['text']) + output.text).splitlines(keepends=True)
        elif output.output_type == 'stream':
            text = output.text.splitlines(keepends=True)
            made.append({'name': output.name, 'output_type': 'stream', 'text': text})
        else:
            made.append(json.loads(json.dumps(output)))
    return made


def written(book: dict[str, Any]) -> str:
    """The file's text, in Jupyter's own layout, so that saving it there changes little."""
    return json.dumps(book, indent=1, sort_keys=True, ensure_ascii=False) + '\n'


def printed(name: str) -> str:
    """What a source prints when it is run as a plain script.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    run = subprocess.run(
        [sys.executable, '-W', 'error', str(ANALYSIS / f'{name}.py')],
        env=environment(PYTHONIOENCODING='utf-8'),
        stdout=subprocess.PIPE,
        encoding='utf-8',
        timeout=TIMEOUT,
        check=True,
    )
    return run.stdout


def troubles(name: str, stdout: str) -> list[str]:
    """What of a committed notebook is not as its source has it; empty if it is current.

    Args:
        name: of the source, without its ending.
        stdout: what the source prints.
    """
    path = ANALYSIS / f'{name}.ipynb'
    if not path.exists():
        return [f'{path.name} is missing']
    book = json.loads(path.read_text(encoding='utf-8'))
    found = []
    wanted = [(cell.cell_type, cell.source) for cell in jupytext.read(ANALYSIS / f'{name}.py').cells]
    if [(cell['cell_type'], ''.join(cell['source'])) for cell in book['cells']] != wanted:
        found.append(f'{path.name}: its cells are not those of {name}.py')
    outputs = outputs_of(book)
    text = ''.join(''.join(one['text']) for one in outputs if one['output_type'] == 'stream')
    if text != stdout:
        found.append(f'{path.name}: what it prints is not what {name}.py prints')
    charts = sum('show(' in ''.join(cell['source']) for cell in book['cells'] if cell['cell_type'] == 'code')
    if sum('image/png' in one.get('data', {}) for one in outputs) != charts:
        found.append(f'{path.name}: a chart is missing')
    if any(one['output_type'] == 'error' for one in outputs):
        found.append(f'{path.name}: a cell failed')
    return found


def outputs_of(book: dict[str, Any]) -> list[dict[str, Any]]:
    """All outputs of a notebook, in order."""
    return [output for cell in book['cells'] for output in cell.get('outputs', ())]


if __name__ == '__main__':
    main()
