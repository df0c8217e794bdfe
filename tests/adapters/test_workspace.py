"""`workspace_tools`: a workspace as an agent's tools; read-only unless editing is asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, RetryPromptPart, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import ConfigError, workspace_tools
from compactor.adapters.pydantic_ai.workspace import BATCHED, READ_ONLY
from tests.adapters.driver import run_sync
from tests.workspace.project import laid

EDIT = '--- a/app/mail.go\n+++ b/app/mail.go\n@@ -8 +8 @@\n-\treturn nil\n+\treturn send(to)\n'


class Asking:
    """A model that calls tools in turn, and keeps what it was offered and told."""

    def __init__(self, *calls: tuple[str, dict[str, Any]]) -> None:
        self._calls = list(calls)
        self.offered: list[str] = []
        self.told: list[str] = []
        self.model = FunctionModel(self._answer)

    def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.offered = [tool.name for tool in info.function_tools]
        for part in messages[-1].parts:
            if isinstance(part, ToolReturnPart | RetryPromptPart):
                self.told.append(
                    part.model_response_str() if isinstance(part, ToolReturnPart) else part.model_response()
                )
        if not self._calls:
            return ModelResponse(parts=[TextPart('done')])
        name, arguments = self._calls.pop(0)
        return ModelResponse(parts=[ToolCallPart(name, json.dumps(arguments))])


def test_reading(tmp_path: Path) -> None:
    """Context, signatures, reads and searches; notes name the tool that reads on."""
    pytest.importorskip('tree_sitter', reason='the extra code is not installed')
    asking = Asking(
        ('workspace_context', {'question': 'Why does test_withdraw fail?', 'max_tokens': 300}),
        ('workspace_signatures', {}),
        ('read_many', {'paths': ['app/mail.go', 'tests/test_ledger.py:1-3']}),
        ('search_many', {'patterns': ['post'], 'path': 'app'}),
    )
    run_sync(Agent(asking.model, toolsets=[workspace_tools(laid(tmp_path))]), 'Look around.')
    assert sorted(asking.offered) == sorted(READ_ONLY)
    context, signatures, reads, found = asking.told
    assert 'left out: read_many tests/test_ledger.py:' in context
    assert 'func Send(to string) error' in signatures
    assert 'from app.ledger import Account' in reads
    assert 'app/mail.go:7:func post' in found


def test_editing_is_asked_for(tmp_path: Path) -> None:
    """All of a batch or none of it; what does not apply goes back to the model, which may mend it."""
    root = laid(tmp_path)
    outside = '--- /dev/null\n+++ b/../x.txt\n@@ -0,0 +1 @@\n+bad\n'
    asking = Asking(('edit_many', {'diffs': [EDIT, outside]}), ('edit_many', {'diffs': [EDIT]}))
    run_sync(Agent(asking.model, toolsets=[workspace_tools(root, BATCHED)]), 'Mend it.')
    assert sorted(asking.offered) == sorted(BATCHED)
    refused, done = asking.told
    assert 'leads out of the root' in refused
    assert done == 'app/mail.go: edited, +1 -1'
    assert 'return send(to)' in (root / 'app/mail.go').read_text()
    assert not (tmp_path.parent / 'x.txt').exists()


def test_bad_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said when the tools are made, not in a run."""
    with pytest.raises(ConfigError, match='no tools are called write_many'):
        workspace_tools(tmp_path, ['write_many'])
    with pytest.raises(ConfigError, match='64 tokens'):
        workspace_tools(tmp_path, context_tokens=3)
    monkeypatch.setitem(sys.modules, 'tree_sitter', None)
    with pytest.raises(ConfigError, match='pip install'):
        workspace_tools(tmp_path)
    workspace_tools(tmp_path, BATCHED)  # needs no grammar
