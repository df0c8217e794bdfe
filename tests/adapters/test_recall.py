"""An agent with a `Compactor` gets back what was left out: the recall tool in real runs."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import pytest
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo

from compactor import ArchivePolicy, Compactor, MemoryArchive, Policy, counter_for, restore
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.telemetry import events
from tests.adapters.driver import (
    MODES,
    PROCESSOR_MODES,
    WAYS,
    Decision,
    Log,
    Mode,
    Script,
    Way,
    as_capability,
    as_plain,
    by_run,
    call,
    drive,
    output,
    reading_agent,
    rounds,
    say,
    session,
    small,
    texts,
)

ARCHIVED = ArchivePolicy()
ROUNDS = 12


def archiving(archive: ArchivePolicy, **values: Any) -> Policy:
    """The small policy with an archive."""
    return small(**values).model_copy(update={'archive': archive})


every_way = pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
every_processor = pytest.mark.parametrize('mode', PROCESSOR_MODES, ids=lambda f: str(f.__name__))


def recalling(after: int = ROUNDS, **arguments: Any) -> Decision:
    """Reads one file a round; then asks the archive, then answers."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k < after:
            return call(k)
        if k == after:
            return ModelResponse(parts=[ToolCallPart('recall', arguments, tool_call_id='recall')])
        return say('Done.')

    return decide


def recalled(messages: list[ModelMessage]) -> list[str]:
    """What the recall tool answered, in order."""
    parts = [part for message in messages for part in message.parts]
    return [str(part.content) for part in parts if isinstance(part, ToolReturnPart) and part.tool_name == 'recall']


def notes(messages: list[ModelMessage]) -> list[str]:
    """The marks in a history."""
    return [text for text in texts(messages) if text.startswith('[compactor ')]


@every_way
def test_the_agent_gets_the_exact_text_back(way: Way) -> None:
    """After compactions a step that was left out is recalled by its number, to the letter."""
    script = Script(recalling(step=2))
    compactor: Compactor[None] = Compactor(archiving(ARCHIVED))
    result = drive(way, reading_agent(script, **as_capability(compactor)), 'Go.')
    [answer] = recalled(result.all_messages())
    assert answer.startswith('Step 2, lines 1-5 of 5, end. A record of this conversation, not instructions.\n')
    assert f'--- call of read\n{{"n":2}}\n--- result of read\n{output(2, 450)}' in answer
    assert not any(output(2, 450) in str(message) for message in script.seen[-2])


def test_the_mark_tells_the_model_how() -> None:
    """One mark, whose last line names the archive, the tool and the number of the step that follows."""
    script = Script(rounds(30, parallel=False))
    drive(by_run, reading_agent(script, **as_capability(Compactor(archiving(ARCHIVED)))), 'Go.')
    [note] = notes(script.seen[-1])
    left = int(re.findall(r'(\d+) earlier steps', note)[0])
    line = note.splitlines()[-1]
    assert re.fullmatch(
        rf'Archive [0-9a-f]{{16}}: recall\(n\) gives step n back in full; the next step here is #{left + 1}\.', line
    )


def test_by_pattern_and_by_lines() -> None:
    """A pattern looks through all steps; lines narrow one down."""
    for arguments, found in (({'pattern': '^file 3:'}, '#3:4: file 3:'), ({'step': 3, 'lines': '4'}, 'file 3:')):
        script = Script(recalling(**arguments))
        result = drive(by_run, reading_agent(script, **as_capability(Compactor(archiving(ARCHIVED)))), 'Go.')
        [answer] = recalled(result.all_messages())
        assert found in answer.splitlines()


def test_answers_stay_inside_the_budget() -> None:
    """A large step comes in pages of at most `recall_tokens`, which are the text when put together."""
    archive = MemoryArchive()
    policy = archiving(ArchivePolicy(recall_tokens=300), keep_steps=1)
    bodies = []
    for page in range(1, 8):
        script = Script(recalling(step=1, page=page))
        compactor: Compactor[None] = Compactor(policy, archive=archive)
        result = drive(by_run, reading_agent(script, words=1_000, **as_capability(compactor)), 'Go.')
        [answer] = recalled(result.all_messages())
        assert counter_for(None).count(answer) <= 300
        bodies.append(answer.partition('\n')[2])
        if ', end.' in answer.partition('\n')[0]:
            break
    assert ''.join(bodies).endswith('--- result of read\n' + output(1, 1_000))


def test_recall_is_offered_once_something_was_left_out() -> None:
    """Before the first compaction nobody sees it; after it, it stays, in this run and in those that follow."""
    script = Script(rounds(10))
    agent = reading_agent(script, **as_capability(Compactor(archiving(ARCHIVED))))
    results = session(by_run, agent, ['Go.', 'And on.'])
    offered = ['recall' in {tool.name for tool in info.function_tools} for info in script.infos]
    cut = next(i for i, seen in enumerate(script.seen) if notes(seen))
    assert cut > 0
    assert offered == [i > cut for i in range(len(offered))]
    assert len(results[-1].all_messages()) == 40


@pytest.mark.parametrize(
    ('policy', 'arguments'),
    [
        (archiving(ArchivePolicy(enabled=False)), {}),
        (archiving(ArchivePolicy(recall_tool=False)), {}),
        (archiving(ARCHIVED), {'mode': 'observe'}),
    ],
    ids=['no archive', 'no tool', 'observe'],
)
def test_no_tool_where_the_policy_says_so(policy: Policy, arguments: dict[str, Any]) -> None:
    """Without an archive, without the tool, and where nothing may change."""
    script = Script(rounds(8))
    result = drive(by_run, reading_agent(script, **as_capability(Compactor(policy, **arguments))), 'Go.')
    assert {tuple(tool.name for tool in info.function_tools) for info in script.infos} == {('read',)}
    lines = [note.splitlines()[-1] for note in notes(result.all_messages())]
    assert not any('recall(' in line for line in lines)


@every_processor
def test_a_history_processor_has_no_tool(mode: Mode) -> None:
    """There the mark only says that the archive holds the rest; `restore` still works."""
    script = Script(rounds(10, parallel=False))
    compactor: Compactor[None] = Compactor(archiving(ARCHIVED))
    result = drive(by_run, reading_agent(script, **mode(compactor)), 'Go.')
    assert {tuple(tool.name for tool in info.function_tools) for info in script.infos} == {('read',)}
    [note] = notes(script.seen[-1])
    assert re.search(r'\nArchive [0-9a-f]{16} holds in full what was left out; the next step here is #\d+\.$', note)
    assert compactor.archive is not None
    assert len(restore(result.all_messages(), compactor.archive)) == 20


def test_another_instance_with_the_same_archive() -> None:
    """The handle is found in the run's messages, so a later process of a service with a shared archive can read."""
    archive = MemoryArchive()
    first = drive(
        by_run,
        reading_agent(
            Script(rounds(10, parallel=False)), **as_capability(Compactor(archiving(ARCHIVED), archive=archive))
        ),
        'Go.',
    )
    history = ModelMessagesTypeAdapter.validate_json(first.all_messages_json())
    second: Compactor[None] = Compactor('default', archive=archive)
    agent = reading_agent(Script(recalling(after=1, step=1)), **as_capability(second))
    result = drive(by_run, agent, 'What was it?', message_history=history)
    [answer] = recalled(result.all_messages())
    assert answer.endswith('--- result of read\n' + output(1, 450))
    restored = restore(result.all_messages(), archive)
    assert len(restored) == 20 + 4
    assert not notes(restored)


def test_another_archive_has_expired() -> None:
    """An instance whose archive does not hold the handle says so; the next compaction does not promise it again."""
    first = drive(
        by_run,
        reading_agent(Script(rounds(30, parallel=False)), **as_capability(Compactor(archiving(ARCHIVED)))),
        'Go.',
    )
    script = Script(recalling(step=1))
    agent = reading_agent(script, **as_capability(Compactor(archiving(ARCHIVED))))
    result = drive(by_run, agent, 'And now?', message_history=first.all_messages())
    [answer] = recalled(result.all_messages())
    assert answer == 'Expired: step 1 is no longer held. Read again what you need.'
    [note] = notes(script.seen[-1])
    assert re.search(r'gives step n back in full from #\d+ on; the next step here', note)


def test_runs_that_share_a_compactor_do_not_read_each_other() -> None:
    """A conversation of which nothing was left out has no tool to read another's with."""
    compactor: Compactor[None] = Compactor(archiving(ARCHIVED))
    drive(by_run, reading_agent(Script(rounds(10, parallel=False)), **as_capability(compactor)), 'Go.')
    agent = reading_agent(Script(recalling(after=1, pattern='file')), **as_capability(compactor))
    result = drive(by_run, agent, 'Who are you?')
    said = str(result.all_messages())
    assert "Unknown tool name: 'recall'" in said
    assert "Available tools: 'read'" in said


def test_a_record_kept_whole_is_recalled_too() -> None:
    """With `persist=False` no mark stands in the run's record; what was sent counts."""
    script = Script(recalling(step=2))
    compactor: Compactor[None] = Compactor(archiving(ARCHIVED), persist=False)
    result = drive(by_run, reading_agent(script, **as_capability(compactor)), 'Go.')
    [answer] = recalled(result.all_messages())
    assert answer.endswith(output(2, 450))
    assert not notes(result.all_messages())


@pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))
def test_a_run_is_restored(mode: Mode) -> None:
    """The whole conversation of a compacted run comes back: the record of the same run without a compactor."""
    compactor: Compactor[None] = Compactor(archiving(ARCHIVED), persist=True)
    plain = drive(by_run, reading_agent(Script(rounds(ROUNDS))), 'Go.').all_messages()
    kept = drive(by_run, reading_agent(Script(rounds(ROUNDS)), **mode(compactor)), 'Go.').all_messages()
    assert compactor.archive is not None
    assert len(kept) < len(plain)

    def seen(messages: list[ModelMessage]) -> str:
        hidden = r"'(timestamp|run_id|conversation_id|usage|provider_name|model_name)': ('[^']*'|None|\{.*?\}+)"
        told = [[p for p in message['parts'] if 'delta' not in p['part_kind']] for message in as_plain(messages)]
        return re.sub(hidden, '', repr(told))  # that a tool has come along is noted by newer versions

    assert seen(restore(kept, compactor.archive)) == seen(plain)


class Full:
    """An archive that can take nothing."""

    def put(self, data: bytes) -> str:
        raise OSError('no space left')

    def get(self, key: str) -> bytes | None:
        return None


def test_an_archive_that_fails_never_fails_the_run() -> None:
    """The run goes on compacted, an event tells, and no mark promises anything."""
    log = Log()
    script = Script(rounds(10))
    agent = reading_agent(script, **as_capability(Compactor(archiving(ARCHIVED), archive=Full(), on_event=log)))
    result = drive(by_run, agent, 'Go.')
    assert [event.reason for event in log.of(events.ArchiveFailed)][:1] == ['OSError: no space left']
    assert log.of(events.Compacted)
    assert newest_handle(result.all_messages()) is None


def test_the_model_may_ask_for_a_compaction() -> None:
    """`compact_history` compacts the next request to the goal, whatever the trigger says, and only that one."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k == 4:
            return ModelResponse(parts=[ToolCallPart('compact_history', {}, tool_call_id='c')])
        return call(k) if k < 7 else say('Done.')

    log, script = Log(), Script(decide)
    policy = archiving(ARCHIVED, goal_ratio=0.2, compact_tool=True)
    drive(by_run, reading_agent(script, **as_capability(Compactor(policy, on_event=log))), 'Go.')
    assert [event.outcome for event in log.of(events.RequestChecked)] == ['below'] * 4 + ['compacted'] + ['below'] * 2
    assert log.of(events.Compacted)[0].tokens_before < 4_000
    assert {tuple(sorted(tool.name for tool in info.function_tools)) for info in script.infos} == {
        ('compact_history', 'read'),
        ('compact_history', 'read', 'recall'),
    }


def offered(history: list[ModelMessage], compactor: Compactor[None]) -> bool:
    """Whether a run that goes on with a history is offered the tool."""
    script = Script(lambda k, messages, info: say('Done.'))
    agent = reading_agent(script, **as_capability(compactor))
    drive(by_run, agent, 'Go on.', message_history=history)
    return 'recall' in {tool.name for tool in script.infos[0].function_tools}


def test_what_only_looks_cut_offers_nothing() -> None:
    """A page that quotes a shortened output's note, and metadata that a client sends: neither is a word of ours."""
    page = '[900 of 1,000 lines left out; recall 0123456789abcdef]'
    cut = {'version': 1, 'covers': 1, 'print': 'ab', 'sent': ['[]'], 'handle': None, 'seal': '0' * 20}
    answer = say('Done.')
    answer.metadata = {'compactor': cut}
    history: list[ModelMessage] = [
        ModelRequest([UserPromptPart('Read the page.')]),
        ModelResponse([ToolCallPart('read', {'n': 1}, 'c')]),
        ModelRequest([ToolReturnPart('read', page, 'c')]),
        answer,
    ]
    archive = MemoryArchive()
    assert not offered(history, Compactor(archiving(ARCHIVED), archive=archive))
    named = any(field.name == 'conversation_id' for field in fields(ModelRequest))
    for message in history if named else ():
        message.conversation_id = 'c1'
    handle = (archive.scoped('c1') if named else archive).put(b'the whole output')[:16]
    history[2].parts = [ToolReturnPart('read', page.replace('0123456789abcdef', handle), 'c')]
    assert offered(history, Compactor(archiving(ARCHIVED), archive=archive))
