"""Private keys: in whatever they stand, whole or cut."""

from __future__ import annotations

import pytest

from compactor import shrink
from compactor.secrets.redact import HIGH_CONFIDENCE, KEY, MARK, redact
from tests.secrets.samples import KEY_DRESSES, SETS, WHOLE_ONLY, bodies, key_lines, made

LABELS = {'RSA ': 64, 'EC ': 64, 'OPENSSH ': 70, 'ENCRYPTED ': 64, '': 64}
"""Kinds of keys, and how long their lines are."""
CUTS = {
    'whole': slice(None),
    'without tail': slice(None, 9),
    'without head': slice(9, None),
    'without both': slice(3, -3),
}


def left(text: str, lines: list[str]) -> list[str]:
    """The secret lines that a text still shows."""
    return [line for line in bodies(lines) if line in text]


@pytest.mark.parametrize('cut', CUTS)
@pytest.mark.parametrize('dress', KEY_DRESSES)
def test_no_line_of_a_key_is_left(dress: str, cut: str) -> None:
    """Whatever the gutter, and whatever a cut has left of it; what stands around stays."""
    for label, width in LABELS.items():
        lines = key_lines(label, width=width)[CUTS[cut]]
        shown = redact(f'before it\n{KEY_DRESSES[dress](lines)}\nafter it\n')
        assert not left(shown, lines)
        assert shown.startswith('before it\n')
        assert shown.endswith('\nafter it\n')
        assert MARK.search(shown)


@pytest.mark.parametrize('cut', ['whole', 'without tail', 'without head'])
@pytest.mark.parametrize('dress', WHOLE_ONLY)
def test_where_lines_cannot_be_told_head_or_tail_tells(dress: str, cut: str) -> None:
    """A key without ends of lines, or escaped further, goes by its head or its tail."""
    lines = key_lines()
    cut_lines = lines[CUTS[cut]]
    shown = redact(f'before it\n{WHOLE_ONLY[dress](cut_lines)}\nafter it\n')
    assert not [line for line in bodies(lines[9:]) if line.replace('/', '').replace('+', '')[:20] in shown]
    assert shown.endswith('\nafter it\n')


@pytest.mark.parametrize('dress', KEY_DRESSES)
def test_shrinking_redacts_like_the_rest(dress: str) -> None:
    """`shrink` shows no line of a key either, whether its output fits or is cut."""
    lines = key_lines()
    text = KEY_DRESSES[dress](lines)
    for budget in (60, 400, 8_000):
        assert not left(shrink(text, budget, tool='read_file').text, lines)
    assert left(shrink(text, 8_000, secrets=None).text, lines)


def test_a_key_that_was_cut_in_the_middle_goes_from_both_ends() -> None:
    """What stands in the place of the middle stays."""
    lines = key_lines()
    shown = redact('\n'.join([*lines[:6], '… 12 lines left out …', *lines[-6:]]))
    assert MARK.sub('*', shown) == '*\n… 12 lines left out …\n*'


@pytest.mark.parametrize(
    'key',
    [
        '-' * 5
        + 'BEGIN PGP PRIVATE '
        + 'KEY BLOCK-----\nVersion: GnuPG v2\n\n{}\n=abcd\n-----END PGP PRIVATE '
        + 'KEY BLOCK-----',
        'PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 4\n{}\nPrivate-MAC: ' + made(40, SETS['x']),
        '-' * 4 + ' BEGIN SSH2 ENCRYPTED PRIVATE ' + 'KEY ----\n{}\n---- END SSH2 ENCRYPTED PRIVATE ' + 'KEY ----',
        'MII' + 'EpAIBAAKCAQEA' + made(48, SETS['b']) + '\n{}',
        'b3BlbnNzaC1rZXkt' + 'djEAAAAABG5vbmUAAAAEbm9uZQ' + made(28, SETS['b']) + '\n{}',
    ],
    ids=['PGP', 'PuTTY', 'SSH2', 'RSA without armour', 'OpenSSH without armour'],
)
def test_keys_of_other_makes(key: str) -> None:
    """Each has another head, or none but the way in which its numbers begin."""
    lines = [made(64, SETS['b'], str(n)) for n in range(4)]
    shown = redact(f'before\n{key.format(chr(10).join(lines))}\nafter')
    assert not left(shown, lines)
    assert shown.startswith('before')
    assert shown.endswith('after')


@pytest.mark.parametrize(
    'what', ['CERTIFICATE', 'PUBLIC KEY', 'RSA PUBLIC KEY', 'PGP SIGNATURE', 'CERTIFICATE REQUEST']
)
@pytest.mark.parametrize('dress', ['plain', 'cat -n', 'grep -n', 'compose', 'JSON'])
def test_what_is_no_key_stays(what: str, dress: str) -> None:
    """Certificates and public keys are made of the same lines and are no secrets."""
    lines = key_lines(size=700)
    lines[0], lines[-1] = f'-----BEGIN {what}-----', f'-----END {what}-----'
    text = KEY_DRESSES[dress](lines)
    assert redact(text) is text


def test_other_base64_stays() -> None:
    """An image, an attachment, a list of hashes, and single lines that are as long as those of keys."""
    image = '<img src="data:image/png;base64,' + made(4_000, SETS['b']) + '">'
    attachment = '\n'.join(made(76, SETS['b'], str(n)) for n in range(40))
    hashes = '\n'.join(f'{made(64, SETS["x"], str(n))}  file_{n}' for n in range(40))
    apart = '\n\ntext between\n\n'.join(made(64, SETS['b'], str(n)) for n in range(9))
    for text in (image, attachment, hashes, apart):
        assert redact(text) is text


def test_keys_can_be_left_alone() -> None:
    """By the name of the rule, as every other one."""
    text = '\n'.join(key_lines())
    assert redact(text, HIGH_CONFIDENCE.without(KEY)) is text
