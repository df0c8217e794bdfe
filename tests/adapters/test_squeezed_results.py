"""Results that no reducer may touch are made smaller only as far as nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturn
from pydantic_ai.models.function import AgentInfo

from compactor import Compactor, HistoryPolicy, OutputsPolicy, Policy, unsqueeze
from compactor.telemetry.events import OutputReduced
from tests.adapters.driver import MODES, Log, Mode, Script, as_capability, by_run, drive, new_agent, say

ROWS = [{'id': n, 'state': 'open', 'title': f'Change {n}', 'reviewers': ['ada', 'bob']} for n in range(900)]
LOG = '\n'.join(f'2026-01-01T12:00:{n % 60:02} INFO com.example.Loader loaded part {n}' for n in range(900))
KEY = '-----BEGIN PRIVATE ' + 'KEY-----\n' + 'QUJD' * 20 + '\n-----END PRIVATE ' + 'KEY-----'
TOOLS = ('rows', 'log', 'envelope', 'secret', 'short')

every_mode = pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))


def answered(mode: Mode, *calls: str, on_event: Any = None, doing: Any = 'act', **outputs: Any) -> list[Any]:
    """What a model was sent of the results of these calls."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart(name, {}) for name in calls]) if k == 1 else say('Done.')

    script = Script(decide)
    policy = Policy(history=HistoryPolicy(max_input_tokens=100_000), outputs=OutputsPolicy(tools={'*': 300}, **outputs))
    agent = new_agent(script.model, **mode(Compactor(policy, on_event=on_event, mode=doing)))
    tools: dict[str, Any] = {
        'rows': lambda: ROWS,
        'log': lambda: LOG,
        'envelope': lambda: ToolReturn(LOG, metadata={'all': LOG}),
        'secret': lambda: f'{LOG}\n{KEY}\n{LOG}',
        'short': lambda: 'all is well',
    }
    for name in TOOLS:
        agent.tool_plain(name=name)(tools[name])
    drive(by_run, agent, 'Look.')
    sent = next(m for m in reversed(script.seen[-1]) if isinstance(m, ModelRequest))
    return [part.content for part in sent.parts if part.part_kind == 'tool-return']


@every_mode
def test_nothing_is_lost(mode: Mode) -> None:
    """Rows and lines are smaller, over every budget, and say all; envelopes too; what is short stays."""
    rows, log, envelope, short = answered(mode, 'rows', 'log', 'envelope', 'short', squeeze=('*',))
    assert unsqueeze({'data': rows, 'format': 'squeezed json'}) == ROWS
    assert unsqueeze({'data': log, 'format': 'squeezed text'}) == LOG
    assert (envelope, short) == (log, 'all is well')
    assert len(rows) < len(str(ROWS)) / 3
    assert len(log) < len(LOG) / 2


@every_mode
def test_only_what_is_named(mode: Mode) -> None:
    """Other tools' results are reduced as ever, also beside those in one step; nothing is squeezed unasked."""
    log, rows = answered(mode, 'log', 'rows', squeeze=('l?g',), per_step=400)
    assert unsqueeze({'data': log, 'format': 'squeezed text'}) == LOG
    assert isinstance(rows, list)
    assert len(rows) < len(ROWS)
    [log] = answered(mode, 'log')
    assert len(log) < 2_000
    [log] = answered(mode, 'log', squeeze=('*',), enabled=False)
    assert log == LOG


@every_mode
def test_secrets_go_first(mode: Mode) -> None:
    """What comes back is the redacted text."""
    [secret] = answered(mode, 'secret', squeeze=('secret',))
    back = unsqueeze({'data': secret, 'format': 'squeezed text'})
    assert back.startswith(LOG)
    assert back.endswith(LOG)
    assert 'PRIVATE' not in secret
    assert '[REDACTED-' in back


def test_the_event() -> None:
    """Kind, level and sizes; in observe mode nothing is changed."""
    for doing in ('act', 'observe'):
        log = Log()
        [result] = answered(as_capability, 'log', on_event=log, doing=doing, squeeze=('*',))
        [event] = log.of(OutputReduced)
        assert (event.kind, event.level, event.observed) == ('squeezed text', 'full', doing == 'observe')
        assert event.tokens_after < event.tokens_before / 1.5
        assert (result == LOG) is (doing == 'observe')
