"""The adapter stands alone: no framework is imported, and it is as short as an adapter has to be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from compactor.adapters import openai_chat

LONGEST = 150
"""Lines that a format may take."""

SNIPPET = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('pydantic_ai', 'pydantic_graph', 'openai'):
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)

sys.meta_path.insert(0, Absent())

from compactor import MemoryArchive
from compactor.adapters.openai_chat import compact, inspect, pin, restore

history = [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Fix it. ' + pin('Never push.')}]
for n in range(20):
    call = {'id': f'c{n}', 'type': 'function', 'function': {'name': 'read', 'arguments': '{}'}}
    history.append({'role': 'assistant', 'content': None, 'tool_calls': [call]})
    history.append({'role': 'tool', 'tool_call_id': f'c{n}', 'content': f'{n} ' + 'word ' * 300})
archive = MemoryArchive()
compacted = compact(history, 'cerebras', target_tokens=1_500, model='openai:gpt-5.2', archive=archive)
assert compacted.fits and len(compacted.messages) < len(history)
assert inspect(compacted.messages, 'openai:gpt-5.2').estimated == compacted.tokens_after
assert restore(compacted.messages, archive) == history
print(sum(name.partition('.')[0] in ('pydantic_ai', 'pydantic_graph') for name in sys.modules))
"""


def test_no_framework_is_needed() -> None:
    """All four functions work where importing pydantic-ai, or OpenAI's client, raises."""
    done = subprocess.run([sys.executable, '-W', 'error', '-c', SNIPPET], capture_output=True, text=True, check=False)
    assert done.stderr == ''
    assert done.stdout == '0\n'


def test_it_is_short() -> None:
    """All files of the adapter together, docstrings included."""
    files = Path(openai_chat.__file__).parent.rglob('*.py')
    assert sum(len(path.read_text().splitlines()) for path in files) <= LONGEST
