"""Policies: presets, limits as exact integers, where values come from, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from textwrap import wrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.errors import ConfigError
from compactor.ledger.budget import Budget
from compactor.ledger.prices import Prices
from compactor.policy import ASSUMED_WINDOW, HistoryPolicy, Limits, Policy, TaskPolicy, TokenPolicy, share
from compactor.request.max_tokens import LIMITS
from compactor.sources import presets
from compactor.store.engine import Store
from compactor.store.entries import Ledger

# -- presets -------------------------------------------------------------------------------------------------

TABLE = {
    'antigravity': (0.5, 0.8, 100_000, 40_000, 8),
    'claude_code': (0.6, 0.85, 180_000, 80_000, 10),
    'chatgpt': (0.55, 0.85, 120_000, 50_000, 8),
    'openrouter_free': (0.25, 0.4, 40_000, 10_000, 4),
    'anthropic': (0.7, 0.9, 180_000, 100_000, 12),
    'openai': (0.7, 0.9, 120_000, 60_000, 10),
    'cerebras': (0.3, 0.5, 50_000, 15_000, 4),
}
"""Compaction share, hard share, window, target, exchanges: the table of the documented system."""


def test_the_presets() -> None:
    """Every documented preset comes with the library, and `default`, which follows the model's window."""
    assert presets() == sorted([*TABLE, 'default', 'ez_aigents'])


@pytest.mark.parametrize('name', TABLE)
def test_a_preset_has_the_documented_figures(name: str) -> None:
    """Shares, window, target ceiling and exchanges are those of the table."""
    history = Policy.preset(name).history
    assert (
        history.compaction_threshold,
        history.hard_limit_threshold,
        history.max_input_tokens,
        history.target_input_tokens,
        history.max_exchanges,
    ) == TABLE[name]


@pytest.mark.parametrize('window', [None, 8_192, 200_000, 1_000_000])
@pytest.mark.parametrize('name', presets())
def test_the_trigger_lies_above_the_goal(name: str, window: int | None) -> None:
    """In every preset and for every window a compacted history is well under the trigger, and that under the limit."""
    limits = Policy.preset(name).history.limits(window)
    assert 0 < limits.goal <= 0.85 * limits.trigger
    assert limits.trigger < limits.warning <= limits.hard <= limits.max_input


def test_cerebras() -> None:
    """Compact at 15,000, refuse at 25,000, target at most 15,000, four exchanges; output by task, 1,500 else."""
    policy = Policy.preset('cerebras')
    assert policy.history.limits(None) == Limits(50_000, trigger=15_000, goal=9_000, warning=22_500, hard=25_000)
    assert policy.history.target_input_tokens == 15_000
    assert policy.history.max_exchanges == 4
    assert policy.tasks == TaskPolicy(default_max_output=1_500, max_output_by_task=LIMITS)


def test_default_follows_the_window() -> None:
    """A 200,000-token model is not compacted at 15,000; an unknown window is assumed."""
    policy = Policy.preset('default').history
    assert policy.limits(200_000) == Limits(200_000, trigger=100_000, goal=50_000, warning=144_000, hard=160_000)
    assert policy.limits(None).max_input == ASSUMED_WINDOW
    assert policy == HistoryPolicy()


# -- limits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('window', 'trigger'), [(1_024, 665), (2_048, 1_331), (3_999, 2_599), (4_000, 2_000), (8_192, 4_096)]
)
def test_a_small_window_is_used_further(window: int, trigger: int) -> None:
    """Under 4,000 tokens a compaction starts at 65 %, but where the user has said at which share it does."""
    assert HistoryPolicy().limits(window).trigger == trigger
    assert HistoryPolicy(compaction_threshold=0.4).limits(window).trigger == window * 4 // 10
    assert HistoryPolicy(max_input_tokens=window).limits(128_000).trigger == trigger


@pytest.mark.parametrize(('reserve', 'kept'), [(0, 0), (100, 100), (5_000, 166)])
def test_what_is_reserved_leaves_room(reserve: int, kept: int) -> None:
    """Of a window that the model has, half of the goal at most; one that the user has set is checked at once."""
    limits, whole = HistoryPolicy(reserve_tokens=reserve).limits(1_024), HistoryPolicy().limits(1_024)
    assert (limits.goal, limits.trigger, limits.hard) == (whole.goal - kept, whole.trigger - kept, whole.hard - kept)
    with pytest.raises(ConfigError, match='leaves no room under the goal'):
        HistoryPolicy(max_input_tokens=1_024, reserve_tokens=5_000)


@pytest.mark.parametrize(
    ('answer', 'trigger', 'goal'),
    [(None, 1_331, 665), (512, 1_331, 665), (717, 1_331, 665), (1_024, 1_024, 512), (1_900, 1_331, 665)],
)
def test_an_answer_has_its_room(answer: int | None, trigger: int, goal: int) -> None:
    """What the caller lets it take is left in the window, unless that leaves no history; the hard limit stays."""
    limits = HistoryPolicy().limits(2_048, answer)
    assert (limits.trigger, limits.goal, limits.hard) == (trigger, goal, 1_638)


def test_a_smaller_window_counts() -> None:
    """The policy's window is capped by the model's."""
    assert Policy.preset('cerebras').history.limits(10_000) == Limits(10_000, 3_000, 1_800, 4_500, 5_000)


def test_reserved_tokens_come_off_every_limit() -> None:
    """What memory or retrieval will add leaves less for the history."""
    free = HistoryPolicy(max_input_tokens=50_000).limits(None)
    kept = HistoryPolicy(max_input_tokens=50_000, reserve_tokens=1_000).limits(None)
    assert kept == Limits(50_000, free.trigger - 1_000, free.goal - 1_000, free.warning - 1_000, free.hard - 1_000)


def test_three_tenths_of_fifty_thousand() -> None:
    """What binary fractions make 14,999 is 15,000."""
    assert share(50_000, 0.3) == 15_000
    assert share(100, 0.29) == 29


@given(st.integers(0, 10**9), st.integers(1, 10_000))
def test_shares_are_exact(whole: int, ten_thousandths: int) -> None:
    """A share written as a decimal is that decimal of the whole, rounded down, never one less."""
    assert share(whole, ten_thousandths / 10_000) == whole * ten_thousandths // 10_000


@given(st.integers(1, 10**9), st.floats(0.01, 1))
def test_a_share_never_exceeds_its_fraction(whole: int, part: float) -> None:
    """Rounding goes down, by less than one."""
    exact = whole * Fraction(str(part))
    assert exact - 1 < share(whole, part) <= exact


# -- errors --------------------------------------------------------------------------------------------------


def message(of: Callable[[], Any]) -> str:
    """What a `ConfigError` says."""
    with pytest.raises(ConfigError) as caught:
        of()
    return str(caught.value)


def refused(make: Callable[..., Any], **values: Any) -> list[str]:
    """The same, of what is made from these values, wrapped."""
    return wrap(message(lambda: make(**values)), 100)


def test_unknown_keys_name_those_that_exist() -> None:
    """A mistyped field is told apart, and what could have been meant is listed."""
    assert refused(HistoryPolicy, max_exchange=4) == snapshot(
        [
            'max_exchange: unknown key; there are: max_input_tokens, compaction_threshold, hard_limit_threshold,',
            'target_input_tokens, goal_ratio, warning_ratio, max_exchanges, exchange_unit, reserve_tokens,',
            'strategies, band, phases, keep_steps, protect_tools, instruction_files, instruction_tools,',
            'question_tools, workspace, clamp_prompts, latest_reminders, compact_tool, compact_tool_limit',
        ]
    )
    assert refused(Policy, histroy={})[0].startswith('histroy: unknown key; there are: history, outputs, tasks, ')
    assert refused(Policy.load, environment={}, history={'goal': 1}) == snapshot(
        [
            'history: goal: unknown key; there are: max_input_tokens, compaction_threshold, hard_limit_threshold,',
            'target_input_tokens, goal_ratio, warning_ratio, max_exchanges, exchange_unit, reserve_tokens,',
            'strategies, band, phases, keep_steps, protect_tools, instruction_files, instruction_tools,',
            'question_tools, workspace, clamp_prompts, latest_reminders, compact_tool, compact_tool_limit',
        ]
    )


def test_unknown_presets_list_the_names() -> None:
    """A preset that does not exist."""
    assert refused(Policy.preset, name='cerebra') == snapshot(
        [
            "there is no preset 'cerebra'; there are: anthropic, antigravity, cerebras, chatgpt, claude_code,",
            'default, ez_aigents, openai, openrouter_free',
        ]
    )


@pytest.mark.parametrize('name', ['', '../policy', 'cerebras.toml', 'Cerebras'])
def test_a_preset_is_no_path(name: str) -> None:
    """Names are looked up, never joined to a path."""
    assert 'there is no preset' in message(lambda: Policy.preset(name))


def test_thresholds_in_the_wrong_order() -> None:
    """A request would be refused before it is compacted."""
    assert refused(HistoryPolicy, compaction_threshold=0.8, hard_limit_threshold=0.5) == snapshot(
        [
            'compaction_threshold (0.8) must be below hard_limit_threshold (0.5): a request has to be compacted',
            'before it is refused',
        ]
    )
    assert refused(HistoryPolicy, compaction_threshold=0.5, hard_limit_threshold=0.5) == snapshot(
        [
            'compaction_threshold (0.5) must be below hard_limit_threshold (0.5): a request has to be compacted',
            'before it is refused',
        ]
    )


def test_numbers_out_of_range() -> None:
    """Negative, zero and too large numbers, and what is no number, name the field and the value."""
    assert refused(HistoryPolicy, max_input_tokens=-1, keep_steps=0) == snapshot(
        [
            'max_input_tokens: Input should be greater than 0, got -1; keep_steps: Input should be greater than',
            '0, got 0',
        ]
    )
    assert refused(HistoryPolicy, goal_ratio=1, compaction_threshold=0) == snapshot(
        [
            'compaction_threshold: Input should be greater than 0, got 0; goal_ratio: Input should be less than',
            '1, got 1',
        ]
    )
    assert refused(HistoryPolicy, max_exchanges='four') == snapshot(
        ["max_exchanges: Input should be a valid integer, unable to parse string as an integer, got 'four'"]
    )
    assert refused(TaskPolicy, default_max_output=0) == snapshot(
        ['default_max_output: Input should be greater than 0, got 0']
    )
    assert refused(TokenPolicy, windows={'m': 0}) == snapshot(['windows.m: Input should be greater than 0, got 0'])


def test_a_reserve_that_leaves_no_room() -> None:
    """Reserved tokens above the goal could never be honoured."""
    assert refused(HistoryPolicy, max_input_tokens=50_000, reserve_tokens=12_500) == snapshot(
        ['reserve_tokens (12,500) leaves no room under the goal']
    )


def test_unknown_strategies() -> None:
    """A strategy nobody knows, with the names that exist."""
    text = message(lambda: HistoryPolicy(strategies=('window', 'summary')))
    assert text.startswith("unknown strategy 'summary'; there are: exchanges, ")


def test_a_bad_value_in_the_environment() -> None:
    """What an environment variable holds is checked like any other value."""
    assert refused(Policy.load, environment={'COMPACTOR_HISTORY_MAX_EXCHANGES': 'four'}) == snapshot(
        ['history: max_exchanges: Input should be a valid integer, unable to parse string as an integer, got', "'four'"]
    )


def test_an_unknown_key_in_the_environment() -> None:
    """A variable that names no field of a station."""
    assert refused(Policy.load, environment={'COMPACTOR_HISTORY_MAX_TURNS': '4'}) == snapshot(
        [
            "COMPACTOR_HISTORY_MAX_TURNS is set, but history has no 'max_turns'; it has: max_input_tokens,",
            'compaction_threshold, hard_limit_threshold, target_input_tokens, goal_ratio, warning_ratio,',
            'max_exchanges, exchange_unit, reserve_tokens, strategies, band, phases, keep_steps, protect_tools,',
            'instruction_files, instruction_tools, question_tools, workspace, clamp_prompts, latest_reminders,',
            'compact_tool, compact_tool_limit',
        ]
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a directory, what is not TOML, what is not text: each says which and why."""
    bad = {
        'syntax.toml': b'[history\n',
        'binary.toml': b'\xff\xfa\x00',
        'station.toml': b'[histroy]\n',
        'flat.toml': b'history = 3',
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)

    def text(name: str) -> list[str]:
        raised = message(lambda: Policy.load(tmp_path / name, environment={}))
        return wrap(raised.replace(str(tmp_path), '<tmp>'), 100)

    assert text('missing.toml') == snapshot(
        ['cannot read the configuration file <tmp>/missing.toml: No such file or directory']
    )
    assert text('.') == snapshot(['cannot read the configuration file <tmp>: Is a directory'])
    assert text('syntax.toml') == snapshot(
        ["<tmp>/syntax.toml is not valid TOML: Expected ']' at the end of a table declaration (at line 1,", 'column 9)']
    )
    assert text('binary.toml') == snapshot(
        [
            "<tmp>/binary.toml is not valid TOML: 'utf-8' codec can't decode byte 0xff in position 0: invalid",
            'start byte',
        ]
    )
    assert text('station.toml')[0].startswith('histroy: unknown key; there are: history, outputs, tasks, ')
    assert text('flat.toml') == snapshot(
        ['history: Input should be a valid dictionary or instance of HistoryPolicy, got 3']
    )


def test_policies_are_frozen() -> None:
    """A policy can be shared between runs and threads."""
    with pytest.raises(ValueError, match='frozen'):
        Policy().history.max_exchanges = 3


# -- precedence ----------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration file over the preset `cerebras`."""
    path = tmp_path / 'compactor.toml'
    path.write_text("preset = 'cerebras'\n[history]\nmax_exchanges = 5\nkeep_steps = 5\n")
    return path


def test_argument_over_environment_over_file_over_preset(file: Path) -> None:
    """Each source wins over the next, field by field."""
    environment = {'COMPACTOR_HISTORY_MAX_EXCHANGES': '6', 'COMPACTOR_TASKS_DEFAULT_MAX_OUTPUT': '600'}
    history = Policy.load(file, environment=environment, history={'max_exchanges': 7}).history
    assert (history.max_exchanges, history.keep_steps, history.max_input_tokens) == (7, 5, 50_000)
    assert Policy.load(file, environment=environment).history.max_exchanges == 6
    assert Policy.load(file, environment=environment).tasks.default_max_output == 600
    assert Policy.load(file, environment={}).history.max_exchanges == 5
    assert Policy.load(environment={}, preset='cerebras').history.max_exchanges == 4
    assert Policy.load(environment={}) == Policy()


def test_which_preset_lies_below(file: Path) -> None:
    """Argument, then the file's own, then the environment's."""
    environment = {'COMPACTOR_PRESET': 'openai', 'COMPACTOR_CONFIG': str(file)}
    assert Policy.load(preset='anthropic', environment=environment).history.target_input_tokens == 100_000
    assert Policy.load(environment=environment).history.target_input_tokens == 15_000
    del environment['COMPACTOR_CONFIG']
    assert Policy.load(environment=environment).history.target_input_tokens == 60_000


ENVIRONMENT: dict[str, tuple[str, str, Any]] = {
    'a number': ('COMPACTOR_HISTORY_RESERVE_TOKENS', '1_000', 1_000),
    'a share': ('COMPACTOR_HISTORY_GOAL_RATIO', '0.7', 0.7),
    'a switch': ('COMPACTOR_HISTORY_CLAMP_PROMPTS', 'true', True),
    'a list': ('COMPACTOR_HISTORY_STRATEGIES', '["window"]', ('window',)),
    'a set': ('COMPACTOR_HISTORY_PROTECT_TOOLS', '["a", "b"]', frozenset({'a', 'b'})),
}


@pytest.mark.parametrize('kind', ENVIRONMENT)
def test_values_from_the_environment(kind: str) -> None:
    """Variables hold TOML values; the process's own variables are read where none are given."""
    name, text, expected = ENVIRONMENT[kind]
    field = name.removeprefix('COMPACTOR_HISTORY_').lower()
    assert getattr(Policy.load(environment={name: text}).history, field) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, text)
        assert getattr(Policy.load().history, field) == expected


def test_other_variables_are_ignored() -> None:
    """Only the stations' own prefixes are looked at."""
    assert Policy.load(environment={'COMPACTOR_CORPUS': '/data', 'HISTORY_KEEP_STEPS': '9'}) == Policy()


def test_a_mistyped_station_in_the_environment_is_told() -> None:
    """A name much like a station's is a mistake; other names of ours and of others are not."""
    with pytest.raises(ConfigError, match="there is no station 'histroy'; did you mean 'history'"):
        Policy.load(environment={'COMPACTOR_HISTROY_MAX_EXCHANGES': '4'})
    Policy.load(environment={'COMPACTOR_STORE': 'x', 'COMPACTOR_CORPUS': 'y', 'COMPACTOR_ZZZ_TOP': '1', 'HOME': '/'})


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_a_file_of_a_windows_editor(tmp_path: Path, encoding: str) -> None:
    """It may begin with a mark of byte order."""
    path = tmp_path / 'policy.toml'
    path.write_bytes('[history]\nmax_exchanges = 3\n'.encode(encoding))
    assert Policy.load(path, environment={}).history.max_exchanges == 3


def test_a_file_that_is_nested_too_deeply(tmp_path: Path) -> None:
    """An error, no traceback."""
    path = tmp_path / 'policy.toml'
    path.write_text(f'a = {"[" * 100_000}')
    with pytest.raises(ConfigError, match='nested too deeply'):
        Policy.load(path, environment={})


def test_variables_that_nothing_reads(caplog: pytest.LogCaptureFixture) -> None:
    """Where it is plain what was meant, it is said; else a warning, once."""
    for name, says in (
        ('COMPACTOR_MAX_INPUT_TOKENS', 'it is COMPACTOR_HISTORY_MAX_INPUT_TOKENS'),
        ('COMPACTOR_MODE', r'Compactor\(mode=...\)'),
        ('COMPACTOR_HISTROY_MAX_EXCHANGES', "did you mean 'history'"),
    ):
        with pytest.raises(ConfigError, match=f'{name} is set.*{says}'):
            Policy.load(environment={name: '1'})
    for _ in range(2):
        Policy.load(environment={'COMPACTOR_ZZZ_ELSE': '1', 'COMPACTOR_STORE': 'x', 'OTHER': '1'})
    assert [one.getMessage() for one in caplog.records] == ['COMPACTOR_ZZZ_ELSE is set, but nothing reads it']


@pytest.mark.parametrize('text', ['a, b', '["a", "b"]', 'a,b,'])
def test_a_list_in_a_variable(text: str) -> None:
    """With commas, or as TOML has it."""
    policy = Policy.load(environment={'COMPACTOR_HISTORY_PROTECT_TOOLS': text})
    assert policy.history.protect_tools == {'a', 'b'}


WRONG: Any = Policy
WRONG_HISTORY: Any = HistoryPolicy
"""As a type checker does not see them."""


@pytest.mark.parametrize(
    ('wrong', 'says'),
    [
        (lambda: Policy.load({'history': {}}), 'the path of a TOML file'),  # type: ignore[arg-type]
        (lambda: Policy.load(preset=5), 'a preset is a name'),  # type: ignore[arg-type]
        (lambda: WRONG('cerebras'), 'takes fields by name'),
        (lambda: WRONG_HISTORY(5), 'takes fields by name'),
        (lambda: WRONG(history=5), 'history: '),
        (lambda: Store(5), 'a store is a path'),  # type: ignore[arg-type]
        (lambda: Ledger('store.db'), r'Ledger\(Store.open'),  # type: ignore[arg-type]
        (lambda: Budget('daily', 5), 'by name'),
        (lambda: Prices({'m': {'input': 1, 'output': 2}}), 'Prices.of'),  # type: ignore[dict-item]
        (lambda: Prices.of({'m': {'input': 'x', 'output': 2}}), "the price input of 'm'"),
    ],
)
def test_what_is_of_a_wrong_type(wrong: Callable[[], object], says: str) -> None:
    """An error that says what is wanted, never an AttributeError, and no file of a strange name."""
    with pytest.raises(ConfigError, match=says):
        wrong()


def test_a_target_above_the_whole() -> None:
    """What was compacted to it would not fit."""
    with pytest.raises(ConfigError, match=r'target_input_tokens \(20,000\) is above max_input_tokens'):
        HistoryPolicy(max_input_tokens=10_000, target_input_tokens=20_000)
