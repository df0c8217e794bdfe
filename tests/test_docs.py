"""Every snippet in the documentation runs."""

import asyncio
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessagesTypeAdapter

from compactor import compact
from tests.telemetry.process import unconfigured

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
SNIPPET = re.compile(r'^```(python|toml)\n(.*?)^```', re.MULTILINE | re.DOTALL)


def snippets() -> list[tuple[str, str, str]]:
    """(where, language, code) of every python and toml block."""
    return [
        (f'{page.name}:{page.read_text()[: found.start()].count(chr(10)) + 1}', found[1], found[2])
        for page in PAGES
        for found in SNIPPET.finditer(page.read_text())
    ]


@pytest.fixture
def own_loop() -> Iterator[None]:
    """`run_sync` in a snippet takes the thread's event loop: one of ours, so that it is closed."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures('own_loop')
@pytest.mark.parametrize(('where', 'language', 'code'), snippets(), ids=lambda value: value if ':' in value else '')
def test_snippet_runs(where: str, language: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a reader copies works."""
    if language == 'toml':
        assert tomllib.loads(code)
    else:
        with unconfigured():  # a snippet may configure Logfire, for its own process
            exec(compile(code, where, 'exec'), {'__name__': '__main__'})


def test_pages_name_files_that_exist() -> None:
    """Links between pages lead somewhere."""
    for page in PAGES:
        for target in re.findall(r'\]\((?!https?:)([^)#]+)\)', page.read_text()):
            assert (page.parent / target).exists(), f'{page.name} links to {target}'


def test_every_page_is_in_the_navigation() -> None:
    """The site leads to each page once, and to none that is not there."""
    listed = re.findall(r': ([\w/-]+\.md)$', (ROOT / 'mkdocs.yml').read_text(), re.MULTILINE)
    pages = [page.relative_to(ROOT / 'docs').as_posix() for page in (ROOT / 'docs').rglob('*.md')]
    assert sorted(listed) == sorted(pages)


def test_the_digest_page_shows_a_real_one() -> None:
    """Every line of the digest on its page stands in the digest that the page says it is."""
    history = ModelMessagesTypeAdapter.validate_json((ROOT / 'fixtures' / 'session.json').read_bytes())
    compacted = compact(history, 'cerebras', target_tokens=9_000)
    texts = [str(getattr(part, 'content', '')) for message in compacted.messages for part in message.parts]
    marks = [text for text in texts if text.startswith('[compactor')]
    shown = re.search(r'^```text\n(.*?)^```', (ROOT / 'docs' / 'digest.md').read_text(), re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert len(marks) == 2
    digest = [line for text in marks for line in text.splitlines()]
    for line in shown[1].splitlines():
        assert line == '…' or any(one.startswith(line.removesuffix(' …')) for one in digest), line
