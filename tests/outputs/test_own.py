"""Kinds of output of one's own, data URLs, limits of streams, heads and tails of so many lines."""

from __future__ import annotations

import pytest

from compactor import ConfigError, Kind, Level, OutputKind, OutputsPolicy, output_budget, shrink
from compactor.outputs.allowance import Allowance
from compactor.outputs.data_urls import without_data_urls
from compactor.outputs.hint import Hint
from compactor.outputs.shrinker import Shrinker
from compactor.tokens.counter import counter_for

POD = 'Name: web\nStatus: Pending\n' + '\n'.join(f'  Label: {i}' for i in range(300)) + '\nEvents: no nodes'
IMPORTANT = ('Name:', 'Status:', 'Events:')
DESCRIBE = OutputKind.by_rank(
    'kubectl_describe', lambda line: -1.0 if line.startswith(IMPORTANT) else 5.0, commands=('kubectl describe',)
)
PICTURE = 'data:image/png;base64,' + 'iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4' * 200


@pytest.mark.parametrize(
    ('kind', 'call', 'why'),
    [
        (DESCRIBE, {'tool': 'bash', 'arguments': {'command': 'kubectl describe pod web'}}, 'the command is kubectl'),
        (OutputKind('mine', DESCRIBE.reduce, tools=('pods_*',)), {'tool': 'pods_show'}, 'the tool is pods_show'),
        (OutputKind('mine', DESCRIBE.reduce, sign='Name: '), {}, 'a line begins with Name: '),
    ],
)
def test_what_gives_it_away(kind: OutputKind, call: dict[str, object], why: str) -> None:
    """Its command, its tool, its sign; it comes before all that are built in."""
    shrunk = shrink(POD, 60, reducers=[kind], **call)  # type: ignore[arg-type]
    assert (shrunk.kind, shrunk.name, shrunk.level) == (Kind.OWN, kind.name, Level.SUMMARIZED)
    assert shrunk.why.startswith(why)
    assert 'Events: no nodes' in shrunk.text
    assert shrunk.tokens_after <= 60
    assert shrink(shrunk.text, 60, reducers=[kind], **call).text == shrunk.text  # type: ignore[arg-type]


def test_by_its_name() -> None:
    """The caller may say that it is."""
    assert shrink(POD, 60, kind='kubectl_describe', reducers=[DESCRIBE]).name == 'kubectl_describe'
    with pytest.raises(ConfigError, match='unknown kind'):
        shrink(POD, 60, kind='kubectl_describe')


def _raises(text: str, allowance: Allowance) -> str | None:
    raise ValueError('no')


@pytest.mark.parametrize('reduce', [_raises, lambda text, allowance: None, lambda text, allowance: text + text])
def test_one_that_fails_is_as_if_it_were_not_there(reduce: object) -> None:
    """It raises, makes nothing of it, or makes it larger."""
    kind = OutputKind('mine', reduce, sign='Name: ')  # type: ignore[arg-type]
    assert shrink(POD, 60, reducers=[kind]).text == shrink(POD, 60).text


def test_other_outputs_are_left_alone() -> None:
    """An output without its signs is of a built-in kind."""
    assert shrink('x\n' * 500, 60, reducers=[DESCRIBE]).kind is not Kind.OWN


def test_bad_kinds() -> None:
    """A name is needed, and an expression that is one."""
    with pytest.raises(ConfigError, match='needs a name'):
        OutputKind('', DESCRIBE.reduce)
    with pytest.raises(ConfigError, match='no expression'):
        OutputKind('x', DESCRIBE.reduce, sign='(')


def test_a_decorated_tool() -> None:
    """`output_budget` takes them too."""
    tool = output_budget(
        max_tokens=60, reducers=[OutputKind('x', DESCRIBE.reduce, tools=('describe',))], tool='describe'
    )
    assert 'Events: no nodes' in tool(lambda: POD)()


def test_data_urls_become_notes() -> None:
    """Of type and size; a text that fits with them is left as it is."""
    text = f'before\n<img src="{PICTURE}">\nafter'
    assert without_data_urls(text) == 'before\n<img src="[data URL: image/png, about 9 KB]">\nafter'
    assert shrink(text, 100).text == without_data_urls(text)
    assert shrink(text, 100).level is Level.SUMMARIZED
    assert shrink(text, 100_000).text == text
    assert without_data_urls('data: none') == 'data: none'


def test_streams_have_limits_of_their_own() -> None:
    """By tool, within the call's budget; the error stream and the other."""
    budgets = OutputsPolicy(stdout={'run_*': 50}, stderr={'run_tests': 20}).table()
    assert (budgets.streams('run_tests').stdout, budgets.streams('run_tests').stderr) == (50, 20)
    assert (budgets.streams('other').stdout, budgets.streams('other').stderr) == (None, None)
    counter = counter_for(None)
    result = {'stdout': 'out of it\n' * 500, 'stderr': 'error of it\n' * 500, 'exit_code': 1}
    shrinker = Shrinker(Hint(), counter)
    smaller = shrinker.value(result, 4_000, streams=budgets.streams('run_tests'))
    assert counter.count(smaller['stdout']) <= 50
    assert counter.count(smaller['stderr']) <= 20
    whole = shrinker.value(result, 4_000)
    assert counter.count(whole['stdout']) > 5


def test_heads_and_tails_of_so_many_lines() -> None:
    """No more lines than asked for, however much room there is."""
    text = '\n'.join(f'l{i}' for i in range(500))
    shrunk = shrink(text, 100, narrowing='heads_tails', head_lines=2, tail_lines=3)
    assert shrunk.text == 'l0\nl1\n…\nl497\nl498\nl499\n[495 of 500 lines left out]'
    assert shrink(text, 100, narrowing='heads_tails', tail_lines=1).text == '…\nl499\n[499 of 500 lines left out]'
