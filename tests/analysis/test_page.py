"""The report as one file: nothing fetched, everything escaped, small; and what a browser makes of it."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest

from compactor.analysis.claims import Claim
from compactor.analysis.columns import Columns
from compactor.analysis.compare import Span
from compactor.analysis.page.document import html_of
from compactor.analysis.rules import Rules
from compactor.analysis.usage import UsageReport, analyse
from tests.analysis.browser import needs_browser, pages, picture, printed, scripted
from tests.analysis.exports import FOLDER, seconds

SPLIT = seconds('2026-03-29T00:00:00Z')
BLUE, BRIGHT = (0x2F, 0x5F, 0xB3), (0x8D, 0xB4, 0xFF)
"""Bars of the charts, light and dark."""


def whole() -> UsageReport:
    """A report with every section in it."""
    return analyse(
        [FOLDER / 'early.csv', FOLDER / 'late.csv', FOLDER / 'dirty.csv'],
        Rules(daily_limit=24_000_000, time_zone='Europe/Berlin'),
        periods=(Span(None, SPLIT), Span(SPLIT, None)),
        claims=[Claim(text='28,326 tokens a request', value=Decimal(28_326))],
    )


class Reader(HTMLParser):
    """What a page is made of: elements, attributes, and the text that a person sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element opens."""
        self.elements.append((tag, dict(attrs)))
        if tag not in ('meta', 'br'):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element closes, the innermost that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        if not {'script', 'style'} & set(self.open):
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All text that is seen."""
        return ' '.join(' '.join(self.texts).split())


def test_everything_is_in_it() -> None:
    """Figures with formulas, days, sessions, verdicts, periods, claims, files, odd rows."""
    report = whole()
    read = Reader(html_of(report))
    assert read.open == []
    for heading in (
        'Days',
        'Sessions',
        'Two periods',
        'Claims',
        'All figures',
        'Models',
        'Files',
        'Rows with something wrong',
    ):
        assert f' {heading} ' in read.text
    for one in report.figures:
        assert one.shown in read.text
        assert one.formula in read.text
    for session in report.sessions:
        assert f'{session.input:,}' in read.text
    assert '2026-03-29 (23 h)' in read.text
    assert 'not what caused it' in read.text
    assert 'not reproducible' in read.text
    assert 'a quote is not closed' in read.text


def test_it_asks_for_nothing() -> None:
    """No element that fetches, no address but the one in uPlot's licence line; and a policy that would stop it."""
    page = html_of(whole())
    read = Reader(page)
    assert {tag for tag, _ in read.elements} & {
        'link',
        'img',
        'iframe',
        'object',
        'embed',
        'video',
        'base',
        'form',
    } == set()
    assert not [attrs for _, attrs in read.elements if {'src', 'href', 'srcset', 'onclick', 'onload'} & set(attrs)]
    assert re.findall(r'https?://[^\s")]*', page) == ['https://github.com/leeoniya/uPlot']
    assert not re.search(r'@import|url\(|fetch\(|XMLHttpRequest|sendBeacon|WebSocket', page)
    (policy,) = (str(attrs['content']) for tag, attrs in read.elements if attrs.get('http-equiv'))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert 'unsafe-inline' not in policy.partition('style-src')[0]


def test_names_from_outside_do_nothing() -> None:
    """Script ends, images, formulas, escapes of terminals: text, wherever they stand."""
    report = analyse([FOLDER / 'hostile.csv'])
    bad = replace(report.sources[0], name='<b onmouseover=alert(1)>&\x1b[31m.csv')
    page = html_of(replace(report, sources=(bad,)), title='</title><script>1</script>')
    read = Reader(page)
    assert [tag for tag, _ in read.elements].count('script') == 3
    assert not {'b ', 'img'} & {tag for tag, _ in read.elements}
    assert '</script><script>document.title=1</script>' in read.text
    assert '<b onmouseover=alert(1)>&' in read.text
    assert '\x1b' not in page


def test_it_stays_small() -> None:
    """Under 300 KB with a hundred thousand sessions, days for years and claims."""
    report = whole()
    sessions = tuple(replace(report.sessions[0], number=n) for n in range(100_000))
    days = tuple(replace(report.days[0], date=f'{n}') for n in range(5_000))
    odd = tuple(replace(report.odd_rows[0], text='&' * 120) for n in range(1_000))
    starts = tuple(range(1_700_000_000, 1_700_000_000 + 700 * 86_400, 86_400))
    series = replace(report.series, starts=starts, peak=starts, mean=starts)
    full = replace(report, sessions=sessions, days=days, odd_rows=odd, series=series, models=report.models * 100)
    assert len(html_of(full).encode()) < 300_000


def test_nothing_to_show(tmp_path: Path) -> None:
    """An export without rows makes a page, too."""
    path = tmp_path / 'x.csv'
    path.write_bytes((FOLDER / 'clean.csv').read_bytes().partition(b'\n')[0])
    assert 'no rows' in Reader(html_of(analyse([path]))).text


def test_uplot_is_what_was_published() -> None:
    """With its licence, unchanged."""
    folder = resources.files('compactor') / 'analysis' / 'page' / 'uplot'
    lines = (folder / 'SHA256SUMS').read_text().splitlines()
    assert len(lines) == 3
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert 'MIT' in (folder / 'LICENSE').read_text()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The report on disk."""
    path = tmp_path / 'report.html'
    path.write_text(html_of(whole()), encoding='utf-8')
    return path


@needs_browser
def test_the_charts_are_drawn(tmp_path: Path, page: Path) -> None:
    """Both of them, under the page's own policy."""
    document = scripted(tmp_path, page)
    assert document.count('<canvas') == 2
    assert document.count('class="uplot') == 2


def priced() -> UsageReport:
    """A report with money and a provider's cache in it."""
    names = ('openrouter-activity.csv', 'openrouter-days.csv')
    return analyse([FOLDER / 'vendors' / name for name in names], Rules(daily_limit=24_000_000))


def test_what_was_paid_day_by_day() -> None:
    """A chart and a column where rows say what they cost, and none where they do not; caches by their name."""
    text = Reader(html_of(priced())).text
    assert 'Cost by day, in dollars.' in text
    assert '$430.08' in text  # 430.07 + 0.0123...
    assert 'provider cache' in text
    assert '"costs":[[1793577600,1793664000],[430.0823,505.87]]' in html_of(priced())
    assert 'Cost by day' not in Reader(html_of(whole())).text


def test_a_day_without_a_row_cost_nothing(tmp_path: Path) -> None:
    """Its bar is missing, not its day: time is to scale, also where clocks are put back."""
    path = tmp_path / 'x.csv'
    path.write_text('at,in,out,paid\n2026-10-24,1,1,2\n2026-10-27,1,1,3\n')
    columns = Columns.of(start='at', input='in', output='out', cost='paid', time_zone='Europe/Berlin')
    page = html_of(analyse([path], Rules(time_zone='Europe/Berlin'), columns=columns))
    begins, costs = json.loads(re.findall(r'id="data">(.*?)</script>', page)[0])['costs']
    assert costs == [2, 0, 0, 3]
    assert [b - a for a, b in itertools.pairwise(begins)] == [86_400, 90_000, 86_400]


@needs_browser
def test_the_costs_are_drawn(tmp_path: Path) -> None:
    """A third chart; and nothing runs over the side of a phone."""
    path = tmp_path / 'priced.html'
    path.write_text(html_of(priced()), encoding='utf-8')
    assert scripted(tmp_path, path).count('<canvas') == 3
    seen = picture(tmp_path, path, 'phone.png', 500, 3_000, '--blink-settings=preferredColorScheme=1')
    assert all(row[-4:] == 4 * [(255, 255, 255)] for row in seen)


@needs_browser
def test_names_from_outside_do_nothing_in_a_browser(tmp_path: Path) -> None:
    """The title is still ours."""
    path = tmp_path / 'hostile.html'
    path.write_text(html_of(analyse([FOLDER / 'hostile.csv']), title='ours'), encoding='utf-8')
    assert '<title>ours</title>' in scripted(tmp_path, path)


@needs_browser
@pytest.mark.parametrize(
    ('name', 'options', 'paper', 'ink'),
    [
        ('light.png', ['--blink-settings=preferredColorScheme=1'], (255, 255, 255), BLUE),
        ('dark.png', ['--blink-settings=preferredColorScheme=0'], (0x14, 0x18, 0x1D), BRIGHT),
    ],
)
def test_it_is_seen_in_light_and_dark(
    tmp_path: Path, page: Path, name: str, options: list[str], paper: tuple[int, ...], ink: tuple[int, ...]
) -> None:
    """Paper and bars have the colours of the scheme."""
    seen = picture(tmp_path, page, name, 1_000, 2_000, *options)
    assert seen[0][0] == seen[-1][0] == paper
    assert sum(row.count(ink) for row in seen) > 10_000


@needs_browser
def test_it_is_read_on_a_phone(tmp_path: Path, page: Path) -> None:
    """Nothing runs over the side: the last pixels of every line are paper."""
    seen = picture(tmp_path, page, 'phone.png', 500, 3_000, '--blink-settings=preferredColorScheme=1')
    assert all(row[-4:] == 4 * [(255, 255, 255)] for row in seen)
    assert any(BLUE in row for row in seen)


@needs_browser
def test_it_prints(tmp_path: Path, page: Path) -> None:
    """On a few pages, from a dark screen too."""
    assert 2 <= pages(printed(tmp_path, page)) <= 8
