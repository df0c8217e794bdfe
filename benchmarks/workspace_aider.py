"""Answers with repository maps of aider: a request a line on standard input, run by the environment that has it.

A request is `[root, file of the chat, name mentioned, tokens]`, an answer `{"map": text}`.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from compactor.tokens.counter import counter_for


@cache
def mapper(root: str) -> Any:
    """aider's mapper of a folder; its own module, which only its environment has."""
    io, repomap = import_module('aider.io'), import_module('aider.repomap')

    class Model:
        """Counts as the benchmark does."""

        def token_count(self, text: str) -> int:
            return counter_for('openai:gpt-5').count(text)

    return repomap.RepoMap(root=root, main_model=Model(), io=io.InputOutput(yes=True, pretty=False), refresh='always')


for line in sys.stdin:
    root, file, name, tokens = json.loads(line)
    repo = mapper(root)
    repo.max_map_tokens = tokens
    repo.map_mul_no_files = 1
    paths = [str(path) for part in ('src', 'tests') for path in sorted((Path(root) / part).rglob('*.py'))]
    chat = str(Path(root) / file)
    others = [path for path in paths if path != chat]
    made = repo.get_repo_map([chat], others, mentioned_fnames={file}, mentioned_idents={name}, force_refresh=True)
    print(json.dumps({'map': made or ''}), flush=True)
