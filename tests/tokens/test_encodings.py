"""Encodings: the bundled ranks are tiktoken's own, counts equal tiktoken's, nothing hostile hurts."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactor.errors import ConfigError
from compactor.tokens import encodings
from compactor.tokens.encodings import BUNDLED, Encoding, alone, encoding, expected_sha256, ranks

MEGABYTE = 1_000_000

HOSTILE = {
    'spaces': ' ' * MEGABYTE,
    'one letter': 'a' * MEGABYTE,
    'dashes': '-' * MEGABYTE,
    'newlines': '\n' * MEGABYTE,
    'mixed white space': ' \t\n\u3000\u00a0\r' * (MEGABYTE // 6),
    'emoji': '😀' * MEGABYTE,
    'joined emoji': '👩\u200d👩\u200d👧' * (MEGABYTE // 5),
    'combining marks': 'e' + '\u0301' * MEGABYTE,
    'one ideograph': '中' * MEGABYTE,
    'special token': '<|endoftext|>' * (MEGABYTE // 13),
    'lone surrogates': '\ud800' * MEGABYTE,
    'NUL': '\0' * MEGABYTE,
}

# Characters that the encoders treat in different ways, for dense random texts.
ALPHABET = 'aZé中ก9²\u0301 \t\n\r\u3000\u00a0\'",-/<|>_😀👩\u200d\ud800\udc00\x1c\x85'
TEXTS = st.one_of(st.text(ALPHABET, max_size=200), st.text(max_size=100))


def by_tiktoken(name: str, text: str) -> int:
    """What tiktoken counts, in one piece."""
    return len(encoding(name).bpe.encode(text, disallowed_special=()))


@pytest.mark.parametrize('name', BUNDLED)
def test_blob_re_creates_the_official_rank_file(name: str) -> None:
    """The official file, written again from the blob, has the sha256 that the installed tiktoken expects."""
    lines = (base64.b64encode(token) + b' %d\n' % rank for token, rank in ranks(name).items())
    assert hashlib.sha256(b''.join(lines)).hexdigest() == expected_sha256(name)


@pytest.mark.parametrize(
    ('name', 'text', 'expected'),
    [
        # From OpenAI's cookbook, "How to count tokens with tiktoken".
        ('cl100k_base', 'antidisestablishmentarianism', 6),
        ('o200k_base', 'antidisestablishmentarianism', 6),
        ('cl100k_base', '2 + 2 = 4', 7),
        ('o200k_base', '2 + 2 = 4', 7),
        ('cl100k_base', 'お誕生日おめでとう', 9),
        ('o200k_base', 'お誕生日おめでとう', 8),
        ('o200k_base', '', 0),
    ],
)
def test_published_counts(name: str, text: str, expected: int) -> None:
    """Counts equal those that OpenAI has published."""
    assert encoding(name).count(text) == expected


@settings(deadline=None)
@given(text=TEXTS, name=st.sampled_from(list(BUNDLED)))
def test_counts_equal_tiktokens(text: str, name: str) -> None:
    """Any string, surrogates and special tokens included, counts as tiktoken counts it as ordinary text."""
    assert encoding(name).count(text) == by_tiktoken(name, text)


@settings(deadline=None)
@given(text=TEXTS)
def test_both_ways_of_counting_agree(text: str) -> None:
    """Without the private buffer interface of tiktoken, the public one gives the same counts."""
    bpe = encoding('o200k_base').bpe
    public = SimpleNamespace(encode=bpe.encode, _core_bpe=object())
    fallback = Encoding('o200k_base', public)  # type: ignore[arg-type]
    assert fallback.size.__name__ == 'from_list'
    assert fallback.count(text) == encoding('o200k_base').count(text)


@pytest.mark.parametrize('kind', HOSTILE)
def test_hostile_megabytes_are_counted(kind: str) -> None:
    """A megabyte of anything is counted, without a panic, an error or a hang; the count is plausible."""
    text = HOSTILE[kind]
    count = encoding('o200k_base').count_fresh(text)
    assert len(text) / 150 < count < len(text) * 4


def test_five_megabytes_of_spaces() -> None:
    """What crashes tiktoken's own `encode_ordinary` is counted, as a run of 128-space tokens."""
    assert encoding('o200k_base').count(' ' * 5 * MEGABYTE) == pytest.approx(5 * MEGABYTE / 128, rel=0.01)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=20))
def test_count_many_equals_count(texts: list[str]) -> None:
    """Counting together gives each text's own count, in order, duplicates included."""
    assert encoding('o200k_base').count_many(texts) == [encoding('o200k_base').count(text) for text in texts]


def test_count_many_in_threads_keeps_the_order() -> None:
    """Above the threshold for threads too, whatever the sizes."""
    bpe = encoding('o200k_base').bpe
    texts = [f'{number} ' * (1 + number * 37 % 500) for number in range(500)]
    assert sum(map(len, texts)) > encodings.THREADS_FROM
    fresh = Encoding('o200k_base', bpe)
    assert fresh.count_many(texts) == [fresh.count_fresh(text) for text in texts]
    assert fresh.count_many(iter(texts)) == [fresh.count(text) for text in texts]


def test_one_instance_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that ask at once get the same encoding, built once."""
    monkeypatch.setattr(encodings, '_built', {})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(encoding, ['cl100k_base'] * 16))
    assert len(set(map(id, found))) == 1


def test_unknown_encoding_is_a_configuration_error() -> None:
    """The error names what there is."""
    with pytest.raises(ConfigError, match='o200k_base, cl100k_base'):
        encoding('p50k_base')


def test_tiktoken_is_left_alone() -> None:
    """Building an encoding changes neither tiktoken's loader nor its registry."""
    script = """
import tiktoken, tiktoken.registry
from tiktoken_ext import openai_public
loader = openai_public.load_tiktoken_bpe
from compactor.tokens.encodings import encoding
encoding('o200k_base').count('text')
assert openai_public.load_tiktoken_bpe is loader
assert not tiktoken.registry.ENCODINGS
"""
    subprocess.run([sys.executable, '-c', script], check=True, timeout=60)


def test_first_count_needs_no_network() -> None:
    """A fresh process without sockets and without a tiktoken cache counts."""
    script = """
import os, socket
for name in ('TIKTOKEN_CACHE_DIR', 'DATA_GYM_CACHE_DIR'):
    os.environ.pop(name, None)
os.environ['TMPDIR'] = '/nonexistent'
def refuse(*args, **kwargs):
    raise AssertionError('a socket was opened')
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from compactor.tokens import counter_for
print(counter_for('gpt-4o').count('hello world'), counter_for('gpt-4').count('hello world'))
"""
    done = subprocess.run([sys.executable, '-c', script], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.split() == ['2', '2']


def test_import_loads_no_tokenizer() -> None:
    """`import compactor.tokens` and making a counter import neither tiktoken nor genai_prices nor threads."""
    script = """
import sys
import compactor.tokens
compactor.tokens.counter_for('gpt-4o')
print(sorted({'tiktoken', 'genai_prices', 'pydantic_ai', 'concurrent.futures'} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, '-c', script], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == '[]'


def test_work_beside_an_event_loop_counts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within `alone` no threads are made, in this thread only; the counts are the same."""
    texts = [f'word_{n} ' * 9_000 for n in range(6)]
    made = encoding('o200k_base')
    spread: list[int] = []
    count = Encoding._count_in_threads

    def seen(self: Encoding, fresh: list[str], workers: int) -> dict[str, int]:
        spread.append(workers)
        return count(self, fresh, workers)

    monkeypatch.setattr(Encoding, '_count_in_threads', seen)
    monkeypatch.setattr(encodings, 'cpu_count', lambda: 2)
    made._memo.clear()
    with alone():
        counted = made.count_many(texts)
    assert spread == []
    made._memo.clear()
    assert made.count_many(texts) == counted
    assert spread == [2]
