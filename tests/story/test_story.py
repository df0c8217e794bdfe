"""The main source's story, in one table by mode."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from compactor import Compactor
from compactor.telemetry.records import RECORDS
from tests.adapters.driver import PROCESSOR_MODES, Mode, as_capability
from tests.story.story import Plug, Story


def capability(compactor: Compactor[None], model: Any) -> tuple[Any, dict[str, Any]]:
    """`capabilities=[compactor]`."""
    return model, as_capability(compactor)


def watched(mode: Mode) -> Plug:
    """As a history processor, with the model watched."""

    def plugged(compactor: Compactor[None], model: Any) -> tuple[Any, dict[str, Any]]:
        return compactor.watch(model), mode(compactor)

    plugged.__name__ = mode.__name__
    return plugged


def processor(mode: Mode) -> Plug:
    """As a history processor alone."""
    return lambda compactor, model: (model, {**mode(compactor), 'model_settings': compactor.model_settings})


def lived(plug: Plug, folder: Path) -> dict[str, Any]:
    """The table's column."""
    return Story().live(plug, folder).row()


def test_the_table(tmp_path: Path) -> None:
    """By mode: what was sent, under which limits, in which windows, and what was told of it.

    A capability on 2.x, a history processor on 1.x (`ProcessHistory` is the same on both). A processor alone sees no
    answer and no refusal come, but counts the usage that its history shows.
    """
    assert {
        'capability': lived(capability, tmp_path),
        'processor, watched': lived(watched(PROCESSOR_MODES[0]), tmp_path),
        'processor alone': lived(processor(PROCESSOR_MODES[0]), tmp_path),
    } == snapshot(
        {
            'capability': {
                'requests': 81,
                'unlawful': 0,
                'over 15,000': 0,
                'over 25,000': 0,
                'limits as sent': {1200: 1, 1500: 9, 1800: 4, 3000: 65, 600: 2},
                'first limit of each prompt': [3000, 600, 3000, 1800, 1200, 1500, 1500, 600, 3000, 1800, 1500],
                'responses in a request': 35,
                'prompts in a request': (8, 7),
                'events': {
                    'CapacityWarning': 2,
                    'Compacted': 4,
                    'CutResumed': 12,
                    'OutputReduced': 70,
                    'RateLimited': 2,
                    'RequestAnswered': 81,
                    'RequestChecked': 83,
                    'SummaryStarted': 4,
                    'SummaryWritten': 4,
                    'TaskDetected': 16,
                },
                'warned at': [(80.0, 'input_tokens/day'), (95.0, 'input_tokens/day')],
                '429s in a row': [1, 1],
                'outputs made smaller': {'read_file (code)': 58, 'run_tests (test_log)': 12},
            },
            'processor, watched': {
                'requests': 81,
                'unlawful': 0,
                'over 15,000': 0,
                'over 25,000': 0,
                'limits as sent': {1200: 1, 1500: 9, 1800: 4, 3000: 65, 600: 2},
                'first limit of each prompt': [3000, 600, 3000, 1800, 1200, 1500, 1500, 600, 3000, 1800, 1500],
                'responses in a request': 33,
                'prompts in a request': (9, 6),
                'events': {
                    'CapacityWarning': 2,
                    'Compacted': 4,
                    'OutputReduced': 70,
                    'ProcessorMode': 1,
                    'RateLimited': 2,
                    'RequestAnswered': 81,
                    'RequestChecked': 83,
                    'SummaryStarted': 4,
                    'SummaryWritten': 4,
                    'TaskDetected': 16,
                },
                'warned at': [(80.0, 'input_tokens/day'), (95.0, 'input_tokens/day')],
                '429s in a row': [1, 1],
                'outputs made smaller': {'read_file (code)': 58, 'run_tests (test_log)': 12},
            },
            'processor alone': {
                'requests': 81,
                'unlawful': 0,
                'over 15,000': 0,
                'over 25,000': 0,
                'limits as sent': {1200: 1, 1500: 9, 1800: 4, 3000: 65, 600: 2},
                'first limit of each prompt': [3000, 600, 3000, 1800, 1200, 1500, 1500, 600, 3000, 1800, 1500],
                'responses in a request': 33,
                'prompts in a request': (9, 6),
                'events': {
                    'CapacityWarning': 2,
                    'Compacted': 4,
                    'OutputReduced': 70,
                    'ProcessorMode': 1,
                    'RequestChecked': 83,
                    'SummaryStarted': 4,
                    'SummaryWritten': 4,
                    'TaskDetected': 16,
                },
                'warned at': [(80.0, 'input_tokens/day'), (95.0, 'input_tokens/day')],
                '429s in a row': [],
                'outputs made smaller': {'read_file (code)': 58, 'run_tests (test_log)': 12},
            },
        }
    )


@pytest.mark.parametrize('mode', PROCESSOR_MODES[1:], ids=lambda one: one.__name__)
def test_a_history_processor_of_1x(mode: Mode, tmp_path: Path) -> None:
    """`history_processors=[...]` is `ProcessHistory` under another name."""
    assert lived(watched(mode), tmp_path) == lived(watched(PROCESSOR_MODES[0]), tmp_path)


@pytest.mark.parametrize('plug', [capability, *map(watched, PROCESSOR_MODES)], ids=lambda one: one.__name__)
def test_as_logfire_has_it(plug: Plug, tmp_path: Path) -> None:
    """Every event is one record under its documented name, those of the budgeted tool too."""
    pytest.importorskip('logfire')
    from tests.telemetry.capture import configured

    story = Story()
    with configured() as captured:
        story.live(plug, tmp_path)
        exported = Counter(one.name for one in captured.ours)
        warned = captured.named('capacity_warning')
        refused = captured.named('rate_limit')
    assert exported == Counter(RECORDS[type(event)].name for event in story.log.events)
    assert [(one['logfire.level_num'], one['pct'] >= 80) for one in warned] == [(13, True)] * 2
    assert [(one['logfire.level_num'], one['consecutive_429s']) for one in refused] == [(13, 1)] * 2
