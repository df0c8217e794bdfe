"""`compactor demo`: an agent lives through a session, and the figures are honest."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from rich.console import Console

import compactor.cli.demo as demo_command
from compactor import counter_for
from compactor.adapters.pydantic_ai.played.playback import Playback, Request
from compactor.adapters.pydantic_ai.played.recording import Recording, recording_of
from compactor.cli.progress import Progress
from compactor.policy import ArchivePolicy, Policy
from tests.cli.terminal import FIXTURE, call, prompt, ran, returns, run, saved, says
from tests.corpus import conversations, needs_corpus
from tests.telemetry.process import unconfigured


def loaded(messages: list[Any]) -> list[ModelMessage]:
    """The messages in JSON objects."""
    return ModelMessagesTypeAdapter.validate_json(json.dumps(messages))


CEREBRAS = Policy.preset('cerebras').model_copy(update={'archive': ArchivePolicy(recall_tool=False)})
"""Without the recall tool, whose definition travels with each request: so both columns count the same."""


def played(recording: Recording, policy: Policy = CEREBRAS, act: bool = True) -> list[Request]:
    """The requests of one performance."""
    return Playback(recording, policy, act=act).run()


def test_logfire_is_told_of_every_request() -> None:
    """`--logfire` configures it, and counts our records: two a request, of the run with the compactor only."""
    pytest.importorskip('logfire')
    with unconfigured():
        shown = ran('demo', '--session', FIXTURE, '--logfire')
    told = dict(re.findall(r'^([a-z_]+) +(\d+)$', shown.partition('What Logfire was told')[2], re.MULTILINE))
    assert (told['request_checked'], told['request_answered']) == ('91', '91')
    assert 1 < int(told['compact_messages']) < 20
    assert 1 < int(told['output_reduced']) < 30


def test_the_fixture_ends_with_the_figures_that_matter() -> None:
    """Every recorded request is made in both columns; none is over the limit with the compactor."""
    figures = json.loads(ran('demo', '--session', FIXTURE, '--json'))
    without, with_ = figures['without'], figures['with']
    assert without['requests'] == with_['requests'] == 91
    assert without['sent_over'] > 50
    assert with_['sent_over'] == with_['refused'] == 0
    assert with_['input_tokens'] < without['input_tokens'] / 2
    assert with_['largest'] < figures['limits']['trigger'] < without['largest']
    assert 1 < with_['compactions'] < 20
    assert without['compactions'] == 0
    assert 0 < with_['median_seconds'] <= with_['seconds']
    assert (figures['left_out'], figures['not_played']) == ([], {})
    told = (FIXTURE.parents[1] / 'README.md').read_text()
    numbers = [int(n.replace(',', '')) for n in re.findall(r'[\d,]*\d', told.partition('without | with compactor')[2])]
    # Handles hash the time of the run, so that its tokens differ a little from run to run.
    about = round(with_['input_tokens'], -3)
    assert numbers[:10] == [
        *(91, 91, 25_000, without['sent_over'], 0, without['input_tokens']),
        *(pytest.approx(about, abs=2_000), without['largest'], pytest.approx(with_['largest'], abs=30)),
        with_['outputs_before'],
    ]
    assert numbers[10] == pytest.approx(with_['outputs_after'], abs=100)


def test_without_is_the_whole_history_by_the_same_counter() -> None:
    """The uncompacted size of each request is what the recorded messages up to it count."""
    messages = ModelMessagesTypeAdapter.validate_json(FIXTURE.read_bytes())
    sizes = [request.tokens_before for request in played(recording_of(messages), act=False)]
    counter = counter_for()
    recorded = [counter.count_messages(messages[:i]) for i, m in enumerate(messages) if m.kind == 'response']
    assert len(sizes) == len(recorded)
    # Beside the messages: instructions and tool definitions, the same in each; a repeated call's reason is put
    # a little differently by each pydantic-ai.
    beside = sizes[0] - recorded[0]
    assert 0 < beside < 400
    assert all(abs(size - beside - whole) <= 12 for size, whole in zip(sizes, recorded, strict=True))


def test_a_person_sees_the_requests_and_the_table() -> None:
    """Every tenth request and each compaction, then the table; figures that may change are normalised."""
    text, _, shown = ran('demo', '--session', FIXTURE).partition('\n\nWhat the model saw of a ')
    cut, _, memory = shown.partition('\n\nWhat stands for the steps left out')
    assert re.match(r'\w+ by \w+, about [\d,]+ tokens cut to [\d,]+ \(its beginning and end\):\n', cut)
    assert re.search(r'left out; recall [0-9a-f]{16}\]', cut)
    assert re.search(r'What the user said .*## Files\n.*## Record\n', memory, re.DOTALL)
    assert re.search(r'and recall\((\d+)\) gives a step back, word for word:\n +Step \1, lines 1-', memory)
    head, _, rest = text.partition('\n\n')
    assert head == snapshot("""\
session  session.json: 182 messages, 9 exchanges, 91 model requests
preset   cerebras: compacts at 15,000 tokens to 9,000, keeping 4 exchanges, refuses at 25,000
counted  estimate, by o200k_base\
""")
    requests, _, end = rest.partition('and the same')
    lines = requests.splitlines()
    assert lines[0] == 'request     tokens       sent  what was done'
    assert all(re.match(r' +\d+ +[\d,]+ +[\d,]+(  compacted: .*)?$', line) for line in lines[1:])
    assert 9 <= len(lines) < 40
    assert re.sub(r' +[-\d,.]+ +[\d,.]+( m?s)?$|\d+(?=%)', '  #', end, flags=re.MULTILINE) == snapshot("""\
 session without a compactor ...

                                         without   with compactor
─────────────────────────────────────────────────────────────────
model requests  #
sent over the hard limit (25,000)  #
input tokens, all requests  #
largest request, tokens  #
tool outputs made smaller  #
their tokens, when they were born  #
compactions  #
time in the compactor: all requests  #
first request, loading the tokenizer  #
median request  #
  #% of the input tokens saved.
The decisions are the recorded ones in both columns; whether a model would decide the same on the
shorter history is not measured here. Tools are counted by name, as a session does not record their
definitions.\
""")


def test_the_default_session_is_the_one_of_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is none, the error says how to name another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo_command, 'CHECKOUT', tmp_path)
    code, out, err = run('demo')
    assert (code, out) == (1, '')
    assert err == 'error: there is no fixtures/session.json here: name a history of your own with --session FILE'
    (tmp_path / 'fixtures').mkdir()
    saved(tmp_path / 'fixtures', [prompt('a'), says('b')])
    assert '1 model request' in ran('demo')


ODDITIES: dict[str, tuple[list[Any], int]] = {
    'repeated ids': (
        [prompt('a'), says(call('f', '1'), call('f', '1')), returns(('f', '1', 'x'), ('f', '1', 'y')), says('b')],
        2,
    ),
    'an unanswered call': ([prompt('a'), says(call('f', '1')), prompt('b'), says('c')], 2),
    'an unanswered call at the end': ([prompt('a'), says('t', call('f', '1'))], 1),
    'nothing but unanswered calls': ([prompt('a'), says(call('f', '1'))], 1),
    'an interrupted run': ([prompt('a'), says(call('f', '1')), returns(('f', '1', 'x')), prompt('b'), says('c')], 2),
    'no beginning': ([says(call('f', '1')), returns(('f', '1', 'x')), says('b')], 2),
    'prompts in a row': ([prompt('a'), prompt('b'), says('c'), prompt('d')], 1),
    'answers in a row': ([prompt('a'), says('b'), says('c')], 1),
    'broken arguments': ([prompt('a'), says(call('f', '1', '{"x": ')), returns(('f', '1', 'bad')), says('b')], 2),
    'arguments by our names': (
        [
            prompt('a'),
            says(call('f', '1', {'context': 1, 'self': 2})),
            returns(('f', '1', [1, {'a': None}])),
            says('b'),
        ],
        2,
    ),
    'thinking only': ([prompt('a'), says({'part_kind': 'thinking', 'content': 'hm'}), prompt('b'), says('c')], 2),
    'an empty prompt': ([prompt(''), says('b'), prompt([]), says('d')], 2),
    'a retry': (
        [
            prompt('a'),
            says(call('f', '1')),
            {
                'kind': 'request',
                'parts': [
                    {'part_kind': 'retry-prompt', 'tool_name': 'f', 'tool_call_id': '1', 'content': 'not like this'}
                ],
            },
            says('b'),
        ],
        2,
    ),
    'feedback on an answer': (
        [
            prompt('a'),
            says('b'),
            {'kind': 'request', 'parts': [{'part_kind': 'retry-prompt', 'content': 'no'}]},
            says('c'),
        ],
        2,
    ),
    'system prompts anywhere': (
        [
            {'kind': 'request', 'parts': [{'part_kind': 'system-prompt', 'content': 's'}, *prompt('a')['parts']]},
            says('b'),
            {'kind': 'request', 'parts': [{'part_kind': 'system-prompt', 'content': 's2'}, *prompt('c')['parts']]},
            says('d'),
        ],
        2,
    ),
}


@pytest.mark.filterwarnings('ignore::DeprecationWarning')  # newer versions warn of retry parts they still read
@pytest.mark.parametrize('what', ODDITIES)
def test_whatever_was_recorded_can_be_played(what: str) -> None:
    """One request per recorded answer, in both modes, and the same tokens where nothing is compacted."""
    messages, requests = ODDITIES[what]
    recording = recording_of(loaded(messages))
    acting, watching = played(recording), played(recording, act=False)
    assert recording.requests == len(acting) == len(watching) == requests
    assert [r.tokens_after for r in acting] == [r.tokens_before for r in watching]
    assert not any(r.refused for r in acting)


def test_a_refused_request_is_counted_and_the_demo_goes_on(tmp_path: Path) -> None:
    """The run is lost, the next exchange goes on from before it, and the table explains itself."""
    huge = 'a long story '
    session = [
        prompt('hello'),
        says('hi'),
        prompt(huge * 20_000),
        says(call('f', '1')),
        returns(('f', '1', 'x')),
        says('oh'),
        prompt('bye'),
        says('bye'),
    ]
    text = ran('demo', '--session', saved(tmp_path, session))
    assert re.search(r'\n +2 +6\d,\d+ +-  .*refused\n', text)
    rows = dict(re.findall(r'^(\S.*?) {2,}(\S+ +\S+)$', text, flags=re.MULTILINE))
    assert rows['model requests'].split() == ['4', '3']
    assert rows['sent over the hard limit (25,000)'].split() == ['3', '0']
    assert rows['refused at the hard limit, not sent'].split() == ['-', '1']
    assert rows['not made, because their run was refused'].split() == ['-', '1']
    assert 'A refused request ends its run' in text
    assert 'input tokens saved' not in text


def test_a_model_brings_its_own_window_and_tokens(tmp_path: Path) -> None:
    """The limits and the counting are those of the model that is played."""
    path = saved(tmp_path, [prompt('a'), says('b')])
    text = ran('demo', '--session', path, '--preset', 'default', '--model', 'openai:gpt-5')
    assert 'default: compacts at 200,000 tokens to 100,000, refuses at 320,000' in text
    assert 'counted  exact, by o200k_base' in text


def test_a_terminal_shows_the_current_request_live() -> None:
    """What happened stays on the page; the request that is played is shown below and goes again."""
    terminal = Console(file=StringIO(), force_terminal=True, width=80)
    with Progress(terminal) as watch:
        for number in range(1, 12):
            strategies = ('clear',) if number == 3 else ()
            watch(Request(number, 2_000 + number, 1_000 + number, 0.0, 'below', strategies, False, number == 4))
    text = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert '3      2,003      1,003  compacted: clear' in text
    assert '4      2,004          -  refused' in text
    assert '10      2,010      1,010' in text
    assert '\x1b[2K' in text, 'the live line is erased'


@needs_corpus
@pytest.mark.corpus
@pytest.mark.filterwarnings('ignore::DeprecationWarning')
@pytest.mark.parametrize('source', ['gemini_trajectory', 'tau2_bench', 'mini_swe_deepseek_dev'])
def test_recorded_conversations(source: str) -> None:
    """Sessions of other agents: all requests are made, none is over the limit, and fewer tokens are sent."""
    (conversation,) = conversations(source, limit=1)
    recording = recording_of(conversation.messages)
    without, with_ = played(recording, act=False), played(recording)
    limit = Policy.preset('cerebras').history.limits(None).hard
    assert recording.requests == len(without) == len(with_)
    assert all(request.tokens_after < limit for request in with_)
    assert sum(r.tokens_after for r in with_) <= sum(r.tokens_before for r in without)
