"""Tokens that the end of a line, or of a text, has cut in pieces."""

from __future__ import annotations

import pytest

from compactor.secrets.redact import MARK, redact
from compactor.secrets.rule import tokens
from tests.secrets.samples import made, whole

FOLDS = {
    'narrow': 'X={}\n{}\nend',
    'indented': 'X={}\n    {}\nend',
    'continued': 'X={}\\\n  {}\nend',
    'numbered': '   1\tX={}\n   2\t{}\n   3\tend',
    'arrows': '   1→X={}\n   2→{}\n   3→end',
    'grep': 'a.env:1:X={}\na.env:2:{}\na.env:3:end',
    'container': 'app_1  | X={}\napp_1  | {}\napp_1  | end',
    'diff': '+X={}\n+{}\n+end',
}
RECALL = 0.9


@pytest.mark.parametrize('fold', FOLDS)
def test_a_token_over_two_lines_goes_whole(fold: str) -> None:
    """Where its first piece alone is too short to be one; nearly all kinds of tokens."""
    folded = [name for name, rule in tokens().items() if not (rule.inside or rule.head or len(rule.starts[0]) < 3)]
    missed = []
    for name in folded:
        token = whole(tokens()[name])[1]
        at = max(17, len(tokens()[name].starts[0]) + 4)
        shown = redact(FOLDS[fold].format(token[:at], token[at:]))
        if token[:at] in shown or (len(token) > at + 8 and token[at:] in shown):
            missed.append(name)
        assert shown.endswith('end')
    assert 1 - len(missed) / len(folded) >= RECALL, missed


def test_a_token_that_fills_a_wide_line_goes_with_the_rest_of_it() -> None:
    """What alone fills the next line and looks random belongs to it; a word or another token does not."""
    token = 'sk' + '-ant-api03-' + made(90)
    head = f'{"export ANTHROPIC_API_KEY=":<25}{token[:60]}'
    assert MARK.sub('*', redact(f'{head}\n{token[60:]}\nnext')) == f'{head[:25]}*\nnext'
    assert redact(f'{head}\nnext_line_of_words').endswith('\nnext_line_of_words')
    two = redact(f'{token}\n{"gh" + "p_" + made(36)}')
    assert len(MARK.findall(two)) == 2 or '\n' not in two


@pytest.mark.parametrize('end', ['', '...', '…', ' …1,204 characters…', ' [truncated]'])
def test_what_a_cut_has_left_of_a_token_goes(end: str) -> None:
    """At the end of a text, or before what says that something is missing."""
    for token in (
        'gh' + 'p_' + made(20),
        'xo' + 'xb-' + made(12, '0123456789') + '-' + made(9),
        'gl' + 'pat-' + made(15),
    ):
        shown = redact(f'X={token}{end}')
        assert token not in shown
        assert shown.endswith(end)


@pytest.mark.parametrize(
    'text',
    [
        'github_pat_ and more',
        'ghp_\nshort',
        'npm_lifecycle_event\nnpm_config_registry',
        'sk-learn-task-runner-for-all',
        'glpat-see_docs_for_it...',
    ],
)
def test_beginnings_alone_stay(text: str) -> None:
    """Prefixes that words follow, or nothing."""
    assert redact(text) is text
