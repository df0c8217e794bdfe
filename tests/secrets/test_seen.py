"""What is seen of a text: secrets are found in what a reader sees, and only they go from what there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.outputs.clean import clean
from compactor.secrets.reading import WIDTHLESS, Reading
from compactor.secrets.redact import MARK, redact
from compactor.secrets.seen import seen
from tests.secrets.samples import made

TOKEN = 'gh' + 'p_' + made(36)
UNSEEN = ['\x1b[31m', '\x1b[0m', '\x1b[01;31m\x1b[K', '\x1b]8;;http://x\x1b\\', '\x00', '\x07', *WIDTHLESS]


@pytest.mark.parametrize('unseen', UNSEEN, ids=ascii)
@pytest.mark.parametrize('at', [0, 2, 4, 20, 40])
def test_what_nobody_sees_hides_no_secret(unseen: str, at: int) -> None:
    """Wherever in a token it stands; what stands around the token stays as it was."""
    shown = redact(f'x \x1b[1m= {TOKEN[:at]}{unseen}{TOKEN[at:]}\x1b[0m end')
    assert TOKEN not in clean(shown)
    assert TOKEN[6:30] not in shown
    assert shown.startswith('x \x1b[1m= ')
    assert shown.endswith('\x1b[0m end')


@pytest.mark.parametrize(
    'text',
    [
        ''.join(f'{c}\x08{c}' for c in TOKEN),
        f'{TOKEN[:4]}XY\x08\x08{TOKEN[4:]}',
        ''.join(f'{c}\u200b' for c in TOKEN),
        ''.join(f'\x1b[3{n % 8}m{c}' for n, c in enumerate(TOKEN)),
    ],
    ids=['bold of old pagers', 'typed anew', 'spaced by nothing', 'a colour for each letter'],
)
def test_a_token_is_found_however_it_is_drawn(text: str) -> None:
    """Cleaning the redacted text shows it no better than before."""
    assert TOKEN[8:] not in clean(redact(text))
    assert MARK.search(redact(text))


@given(st.lists(st.sampled_from([*UNSEEN, 'a', '-', '\n', 'word ', '\x08', '\r', 'é']), max_size=40))
def test_every_character_seen_stands_where_it_is_said_to(pieces: list[str]) -> None:
    """The way back leads to the very character, and what is plain is seen as it is."""
    text = ''.join(pieces)
    view = seen(text)
    for at, character in enumerate(view.text):
        start, end = view.back(at, at + 1)
        assert text[start:end] == character
    if Reading(text).plain:
        assert redact(text) is text


@given(st.lists(st.sampled_from([*UNSEEN, TOKEN, TOKEN[:9], TOKEN[9:], ' ', '\n', '\x08', 'a']), max_size=12))
def test_nothing_is_left_to_be_cleaned_into_the_clear(pieces: list[str]) -> None:
    """Redacting first and cleaning then shows no secret that cleaning first and redacting then would not."""
    text = ''.join(pieces)
    once = redact(text)
    assert redact(once) == once
    assert redact(clean(once)) == clean(once)
