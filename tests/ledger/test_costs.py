"""Costs against the framework's own: a response is priced as `ModelResponse.cost()` prices it, to the cent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.usage import RequestUsage

from compactor.ledger.billing import TERMS, TOKENS, UNITS, Billing, endpoint_of
from compactor.ledger.entry import Entry
from compactor.ledger.prices import BILLIONTH, Prices
from compactor.ledger.published import UNLISTED
from compactor.store.engine import Store
from compactor.store.entries import Ledger

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
M = 1_000_000

OPENAI, ANTHROPIC, GOOGLE = (
    'https://api.openai.com/v1',
    'https://api.anthropic.com',
    'https://generativelanguage.googleapis.com/v1beta',
)
BEDROCK = 'https://bedrock-runtime.us-east-1.amazonaws.com'
AZURE = 'https://my-resource.openai.azure.com/openai/deployments/x'
VERTEX = 'https://us-central1-aiplatform.googleapis.com/v1'
ROUTER = 'https://openrouter.ai/api/v1'


@dataclass(frozen=True)
class Shape:
    """A model, where it was asked, and what it said that it took."""

    model: str
    provider: str | None
    usage: dict[str, int | float]
    terms: dict[str, Any] = field(default_factory=dict)
    url: str | None = None

    def __str__(self) -> str:
        return f'{self.provider}:{self.model} {self.usage} {self.terms or ""} {self.url or ""}'


def _shape(
    model: str,
    provider: str | None,
    *,
    usage: dict[str, int | float],
    terms: dict[str, Any] | None = None,
    url: str | None = None,
) -> Shape:
    return Shape(model, provider, usage, terms or {}, url)


Counts = dict[str, int | float]
PLAIN: Counts = {'input_tokens': 10_000, 'output_tokens': 1_000}
HOUR: Counts = {
    'input_tokens': 100_000,
    'output_tokens': 10,
    'cache_write_tokens': 90_000,
    'cache_write_1h_tokens': 90_000,
}
FIVE: Counts = {'input_tokens': 100_000, 'output_tokens': 10, 'cache_write_tokens': 90_000}
BOTH: Counts = {**FIVE, 'cache_write_1h_tokens': 40_000, 'cache_read_tokens': 5_000}
READ: Counts = {'input_tokens': 100_000, 'output_tokens': 1_000, 'cache_read_tokens': 80_000}
LONG: Counts = {'input_tokens': 300_000, 'output_tokens': 5_000}
HEARD: Counts = {'input_tokens': M, 'output_tokens': 1_000, 'input_audio_tokens': 900_000}
SPOKEN: Counts = {
    'input_tokens': 100_000,
    'output_tokens': 50_000,
    'input_audio_tokens': 90_000,
    'output_audio_tokens': 45_000,
}
HEARD_AGAIN: Counts = {**SPOKEN, 'cache_read_tokens': 40_000, 'cache_audio_read_tokens': 30_000}
DRAWN: Counts = {'input_tokens': 2_000, 'output_tokens': 1_290, 'output_image_tokens': 1_290}
SEEN: Counts = {'input_tokens': 2_000, 'output_tokens': 100, 'input_image_tokens': 1_500}
THOUGHT: Counts = {'input_tokens': 3_000, 'output_tokens': 9_000, 'output_reasoning_tokens': 8_000}

SHAPES: tuple[Shape, ...] = (
    *(
        _shape('claude-sonnet-4-5', 'anthropic', url=ANTHROPIC, usage=usage)
        for usage in (PLAIN, HOUR, FIVE, BOTH, READ, LONG)
    ),
    *(_shape('claude-opus-4-5', 'anthropic', usage=usage) for usage in (PLAIN, HOUR, BOTH)),
    _shape(
        'claude-haiku-4-5-20251001', 'anthropic', terms={'service_tier': 'batch', 'processing': 'batch'}, usage=PLAIN
    ),
    _shape('claude-opus-4-6', 'anthropic', terms={'speed': 'fast'}, usage=PLAIN),
    _shape('claude-opus-4-6', 'anthropic', terms={'speed': 'fast'}, usage=BOTH),
    _shape('claude-3-5-haiku-latest', 'anthropic', usage=HOUR),
    *(
        _shape('gpt-5', 'openai', terms={'service_tier': tier}, url=OPENAI, usage=PLAIN)
        for tier in ('default', 'flex', 'priority', 'batch', 'auto', 'scale')
    ),
    _shape('gpt-5', 'openai', terms={'processing': 'batch'}, usage=PLAIN),
    _shape('gpt-5-mini', 'openai', terms={'service_tier': 'flex'}, usage=READ),
    _shape('gpt-5.4', 'openai', usage=LONG),
    _shape('gpt-5.4', 'openai', terms={'service_tier': 'priority'}, usage=LONG),
    _shape('gpt-4o', 'openai', url=OPENAI, usage=READ),
    _shape('gpt-4.1-mini', None, usage=PLAIN),
    _shape('o3', 'openai', usage=THOUGHT),
    *(_shape('gpt-4o-audio-preview', 'openai', usage=usage) for usage in (HEARD, SPOKEN)),
    *(
        _shape('gpt-realtime', 'openai', url='wss://api.openai.com/v1/realtime', usage=usage)
        for usage in (SPOKEN, HEARD_AGAIN)
    ),
    _shape('gpt-image-1', 'openai', usage=SEEN),
    _shape('gpt-5-chat-latest', 'openai', terms={'finish_reason': 'stop', 'timestamp': AT}, usage=PLAIN),
    *(_shape('gemini-2.5-flash', 'google', url=GOOGLE, usage=usage) for usage in (PLAIN, READ, HEARD)),
    *(_shape('gemini-2.5-pro', 'google-gla', usage=usage) for usage in (PLAIN, LONG, READ, THOUGHT)),
    _shape('gemini-2.5-flash-image', 'google', usage=DRAWN),
    _shape('gemini-2.5-flash', 'google-vertex', url=VERTEX, usage=HEARD),
    _shape('gemini-2.5-pro', 'google', terms={'service_tier': 'flex'}, usage=PLAIN),
    _shape('claude-sonnet-4-5@20250929', 'google-vertex', url=VERTEX, usage=BOTH),
    *(
        _shape(f'{region}anthropic.claude-sonnet-4-5-20250929-v1:0', 'bedrock', url=BEDROCK, usage=usage)
        for region in ('us.', 'eu.', 'global.')
        for usage in (PLAIN, BOTH)
    ),
    _shape('amazon.nova-pro-v1:0', 'bedrock', url=BEDROCK, usage=PLAIN),
    *(_shape('gpt-4o', 'azure', url=AZURE, usage=usage) for usage in (PLAIN, READ)),
    _shape('gpt-5-mini', 'azure', url=AZURE, terms={'service_tier': 'priority'}, usage=PLAIN),
    *(_shape('anthropic/claude-sonnet-4.5', 'openrouter', url=ROUTER, usage=usage) for usage in (PLAIN, FIVE, LONG)),
    _shape('openai/gpt-5', 'openrouter', url=ROUTER, usage=READ),
    _shape('qwen/qwen3-coder:free', 'openrouter', url=ROUTER, usage=PLAIN),
    _shape('gpt-5-2025-08-07', 'my-gateway', url='https://gateway.example/v1', usage=PLAIN),
    _shape('gpt-5-2025-08-07', 'openai', url='https://gateway.example/v1', usage=PLAIN),
    _shape('openai/gpt-4o', 'litellm', url='http://127.0.0.1:4000', usage=PLAIN),
    _shape('deepseek-chat', 'deepseek', url='https://api.deepseek.com', usage=READ),
    _shape('llama-3.3-70b-versatile', 'groq', url='https://api.groq.com/openai/v1', usage=PLAIN),
    _shape('mistral-large-latest', 'mistral', url='https://api.mistral.ai', usage=PLAIN),
    _shape('grok-4', 'x-ai', usage=LONG),
    _shape('zai-glm-4.7', 'cerebras', url='https://api.cerebras.ai/v1', usage=READ),
    _shape('qwen-3-coder-480b', 'cerebras', usage=PLAIN),
    _shape('no-such-model', 'openai', usage=PLAIN),
    _shape('gpt-5', 'openai', usage={'input_tokens': 10, 'cache_read_tokens': 20}),
)

DIFFERENT = {('qwen-3-coder-480b', 'cerebras'): UNLISTED}
"""The shapes whose cost is another one here, and why."""


def used(**counts: Any) -> RequestUsage:
    """Usage with any counts, those that a version of the framework has no field for, too."""
    return RequestUsage(**counts)


def response(shape: Shape) -> ModelResponse:
    """What the framework makes of an answer."""
    made = ModelResponse(
        parts=[TextPart('x')],
        usage=used(**shape.usage),
        model_name=shape.model,
        provider_name=shape.provider,
        provider_details=shape.terms or None,
        timestamp=AT,
    )
    made.provider_url = shape.url
    return made


def entry_of(answer: ModelResponse) -> Entry:
    """The entry of an answer, as an adapter makes it."""
    usage = answer.usage
    return Entry(
        at=AT.timestamp(),
        model=answer.model_name or '',
        provider=answer.provider_name or '',
        **{name: getattr(usage, name) for name in TOKENS},
        billing=Billing.of(usage, answer.provider_details, answer.provider_url),
    )


def own(answer: ModelResponse) -> Decimal | None:
    """What the framework says; None where it says that it does not know."""
    try:
        return answer.cost().total_price.quantize(BILLIONTH)
    except (LookupError, ValueError):
        return None


def test_there_are_sixty_shapes() -> None:
    """Caches of an hour and of five minutes, tiers, audio, images, long prompts, other people's endpoints."""
    assert len(set(map(str, SHAPES))) == len(SHAPES) >= 60


@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_a_cost_is_what_the_framework_says(shape: Shape) -> None:
    """To the billionth, but for the visible list."""
    answer = response(shape)
    found, wanted = Prices().cost(entry_of(answer)), own(answer)
    if (shape.model, shape.provider) in DIFFERENT:
        assert found is None
        assert wanted == 0
    else:
        assert found == wanted


def test_most_shapes_have_a_price() -> None:
    """A table of unknown prices would agree, and show nothing; and what is asked for makes a difference."""
    priced = [own(response(shape)) for shape in SHAPES]
    assert sum(one is not None and one > 0 for one in priced) >= 55
    by_tier = {own(response(shape)) for shape in SHAPES if shape.model == 'gpt-5' and shape.url == OPENAI}
    assert len(by_tier) >= 3


def test_what_decides_a_price_is_kept(store: Store) -> None:
    """The entry of a store has it again, and the price of what was read is that of what was written."""
    prices = Prices()
    entries = [entry_of(response(shape)) for shape in SHAPES]
    with store:
        Ledger(store, prices).record_many(entries)
        found = Ledger(store).entries()
    assert [one.billing for one in found] == [one.billing for one in entries]
    assert [one.cost for one in found] == [prices.cost(one) for one in entries]


@pytest.fixture
def store(tmp_path: Any) -> Store:
    """An empty one."""
    return Store.open(tmp_path / 'store.db')


def test_every_term_that_prices_hang_on_is_kept() -> None:
    """The installed list knows no other."""
    from genai_prices.data import providers

    known = {
        key
        for provider in providers
        for model in provider.models
        for variant in getattr(model, 'price_variants', None) or ()
        for key in variant.when
    }
    assert known <= set(TERMS)


def test_the_counts_of_a_response_are_those_of_the_framework() -> None:
    """All of its numbers but the four that every entry has."""
    numbers = {name for name in vars(RequestUsage()) | RequestUsage.__dataclass_fields__ if name != 'details'}
    assert set(UNITS) >= numbers - {*TOKENS, 'cost', 'unmeasured_requests'}


@pytest.mark.parametrize(
    ('url', 'kept'),
    [
        ('https://user:secret@api.example/v1?key=abc#x', 'https://api.example/v1'),
        ('https://api.example?key=abc', 'https://api.example'),
        ('api.example/v1', 'api.example/v1'),
        ('', ''),
    ],
)
def test_an_endpoint_holds_no_secret(url: str, kept: str) -> None:
    """Neither a password nor a key in a query."""
    assert endpoint_of(url) == kept


def test_only_what_a_price_hangs_on_is_kept() -> None:
    """Texts of an answer, and whatever else a provider tells, are not."""
    details = {'service_tier': 'flex', 'refusal': 'a long story', 'processing': 'x' * 100, 'speed': 3}
    usage = used(input_tokens=1, web_searches=2, flag=True, cost=Decimal(1), details={'a': 1})
    assert Billing.of(usage, details, None) == Billing({'web_searches': 2}, {'service_tier': 'flex'})


def test_ones_own_prices_know_of_caches_and_audio() -> None:
    """An hour of cache and a spoken word may cost more; unsaid, they cost what tokens cost."""
    tokens = {'input_tokens': M, 'output_tokens': M, 'cache_write_tokens': M // 2}
    units = {'cache_write_1h_tokens': M // 4, 'input_audio_tokens': M // 4, 'output_audio_tokens': M // 2}
    price: dict[str, Any] = {'input': 1, 'output': 4, 'cache_write': 2}
    whole = {**price, 'cache_write_1h': 3, 'input_audio': 10, 'output_audio': 20}
    for given, cost in ((price, '5.5'), (whole, '16')):
        found = Prices.of({'m': given}, bundled=False).of_tokens('m', '', at=0, **tokens, billing=Billing(units))
        assert found == Decimal(cost)
