"""The exports that are known by name: which header rows vendors write, where each was read, and what the columns are.

A format is claimed only with the address of the vendor's page, or of a source file that has its header row. Files are
told apart by their columns, so that nobody has to name a format; `--format` narrows what a file may be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from compactor.analysis.columns import CEREBRAS, TEXTS, Columns, same
from compactor.errors import ConfigError

DAY, WEEK, MONTH = 86_400, 7 * 86_400, 28 * 86_400
"""Seconds; of a month as many as every month has."""


@dataclass(frozen=True, slots=True)
class Format:
    """One header row that a vendor writes.

    Attributes:
        name: the vendor's, for `--format`; a vendor may write several header rows.
        what: what kind of export it is.
        header: the header row as it was read; fields of JSON in objects have a point.
        needs: columns by which it is known.
        columns: what they mean. Those that a file lacks are left out, but for `needs`.
        source: the address of the page or file that the header row was read from.
        json: it is written as JSON; CSV otherwise. Both are read as either.
    """

    name: str
    what: str
    header: str
    needs: tuple[str, ...]
    columns: Columns
    source: str
    json: bool = False

    def fits(self, header: Iterable[str]) -> bool:
        """Whether a file with these columns is one."""
        return {same(name) for name in self.needs} <= {same(name) for name in header}

    def columns_of(self, header: Iterable[str]) -> Columns:
        """The columns, without those that the file does not have."""
        there = {same(name) for name in header}
        kept = {
            field: tuple(name for name in names if same(name) in there) for field, names in self.columns.named().items()
        }
        texts = {field: (kept.get(field) or ('',))[0] for field in TEXTS}
        sums = {field: names for field, names in kept.items() if field not in TEXTS}
        return self.columns.model_copy(update={**texts, **sums})


def _requests(**columns: object) -> Columns:
    return Columns.of(rows='requests', blank='zero', **columns)


def _periods(**columns: object) -> Columns:
    return Columns.of(rows='periods', blank='zero', **columns)


CCUSAGE = {
    'input': ('inputTokens', 'cacheCreationTokens', 'cacheReadTokens'),
    'output': 'outputTokens',
    'cache_read': 'cacheReadTokens',
    'cache_write': 'cacheCreationTokens',
}
CCUSAGE_SOURCE = 'https://github.com/ryoppippi/ccusage/blob/main/rust/crates/ccusage/src/output.rs'
ANTHROPIC_INPUT = ('cache_creation.ephemeral_1h_input_tokens', 'cache_creation.ephemeral_5m_input_tokens')

FORMATS: tuple[Format, ...] = (
    Format(
        'cerebras',
        'usage by the minute',
        'Model ID,Region ID,Time Start,Time End,Requests,Input Tokens,Output Tokens,Total Tokens',
        ('Time Start', 'Time End', 'Requests', 'Input Tokens', 'Output Tokens'),
        CEREBRAS,
        'fixtures/usage/generate.py',
    ),
    Format(
        'openai',
        'completions usage',
        'start_time,end_time,object,input_tokens,input_cached_tokens,input_cache_write_tokens,input_uncached_tokens,'
        'output_tokens,num_model_requests,project_id,user_id,api_key_id,model,batch,service_tier',
        ('start_time', 'end_time', 'num_model_requests', 'input_tokens', 'output_tokens'),
        _periods(
            start='start_time',
            end='end_time',
            requests='num_model_requests',
            input='input_tokens',
            output='output_tokens',
            cache_read='input_cached_tokens',
            cache_write='input_cache_write_tokens',
            model='model',
            time='seconds',
        ),
        'https://github.com/axigatelabs/axigate-finops/blob/main/internal/importers/openai/openai_test.go',
        json=True,
    ),
    Format(
        'openai',
        'costs, as the API has them',
        'start_time,end_time,object,amount.value,amount.currency,line_item,project_id,api_key_id',
        ('start_time', 'end_time', 'amount.value'),
        _periods(
            start='start_time',
            end='end_time',
            cost='amount.value',
            currency='amount.currency',
            model='line_item',
            time='seconds',
        ),
        'https://github.com/axigatelabs/axigate-finops/blob/main/internal/importers/openai/openai_test.go',
        json=True,
    ),
    Format(
        'openai',
        'costs, as the dashboard exports them',
        'start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,'
        'user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email,api_source',
        ('start_time', 'end_time', 'start_time_iso', 'amount_value'),
        _periods(
            start='start_time',
            end='end_time',
            cost='amount_value',
            currency='amount_currency',
            model='line_item',
            time='seconds',
        ),
        'https://github.com/wanlonghenry/aiecon/blob/main/examples/openai_dashboard_cost_to_aiecon.py',
    ),
    Format(
        'anthropic',
        'token usage of the Console',
        'usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,'
        'usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,'
        'usage_output_tokens,web_search_count,inference_geo,speed',
        ('usage_date_utc', 'usage_input_tokens_no_cache', 'usage_output_tokens'),
        _periods(
            start='usage_date_utc',
            input=(
                'usage_input_tokens_no_cache',
                'usage_input_tokens_cache_write_5m',
                'usage_input_tokens_cache_write_1h',
                'usage_input_tokens_cache_read',
            ),
            output='usage_output_tokens',
            cache_read='usage_input_tokens_cache_read',
            cache_write=('usage_input_tokens_cache_write_5m', 'usage_input_tokens_cache_write_1h'),
            model='model_version',
            row_seconds=DAY,
        ),
        'https://github.com/wanlonghenry/aiecon/blob/main/examples/anthropic_console_usage_to_aiecon.py',
    ),
    Format(
        'anthropic',
        'costs of the Console',
        'usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,'
        'inference_geo,speed,api_key_id,api_key_status',
        ('usage_date_utc', 'cost_usd'),
        _periods(start='usage_date_utc', cost='cost_usd', model='model', row_seconds=DAY),
        'https://github.com/axigatelabs/axigate-finops/blob/main/internal/importers/anthropic/csv.go',
    ),
    Format(
        'anthropic',
        'messages usage report of the API',
        'starting_at,ending_at,account_id,api_key_id,cache_creation.ephemeral_1h_input_tokens,'
        'cache_creation.ephemeral_5m_input_tokens,cache_read_input_tokens,context_window,inference_geo,model,'
        'output_tokens,server_tool_use.web_search_requests,service_account_id,service_tier,uncached_input_tokens,'
        'workspace_id',
        ('starting_at', 'ending_at', 'uncached_input_tokens', 'output_tokens'),
        _periods(
            start='starting_at',
            end='ending_at',
            input=('uncached_input_tokens', *ANTHROPIC_INPUT, 'cache_read_input_tokens'),
            output='output_tokens',
            cache_read='cache_read_input_tokens',
            cache_write=ANTHROPIC_INPUT,
            model='model',
        ),
        'https://github.com/axigatelabs/axigate-finops/blob/main/internal/importers/anthropic/anthropic_test.go',
        json=True,
    ),
    Format(
        'anthropic',
        'cost report of the API, in cents',
        'starting_at,ending_at,amount,context_window,cost_type,currency,description,inference_geo,model,service_tier,'
        'token_type,workspace_id',
        ('starting_at', 'ending_at', 'amount', 'currency'),
        _periods(
            start='starting_at',
            end='ending_at',
            cost='amount',
            currency='currency',
            model='model',
            cost_unit='cents',
        ),
        'https://github.com/axigatelabs/axigate-finops/blob/main/internal/importers/anthropic/anthropic_test.go',
        json=True,
    ),
    Format(
        'openrouter',
        'activity, one row a request',
        'generation_id,created_at,cost_total,cost_web_search,cost_cache,cost_file_processing,byok_usage_inference,'
        'tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,'
        'finish_reason_normalized,generation_time_ms,time_to_first_token_ms',
        ('generation_id', 'created_at', 'tokens_prompt', 'tokens_completion'),
        _requests(
            start='created_at',
            input='tokens_prompt',
            output='tokens_completion',
            cache_read='tokens_cached',
            cost='cost_total',
            model='model_permaslug',
            region='provider_name',
            id='generation_id',
        ),
        'https://github.com/CodexClawd/codexclawd/blob/main/skills/openrouter-analyzer/scripts/analyze.py',
    ),
    Format(
        'openrouter',
        'activity by the day',
        'Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,Reasoning Tokens',
        ('Date', 'Slug', 'Usage', 'Requests', 'Prompt Tokens', 'Completion Tokens'),
        _periods(
            start='Date',
            requests='Requests',
            input='Prompt Tokens',
            output='Completion Tokens',
            cost='Usage',
            model='Slug',
            row_seconds=DAY,
        ),
        'https://github.com/0error-ob/ai-eng-audit/blob/main/tests/test_billing_scan.py',
    ),
    Format(
        'openrouter',
        'activity of the API',
        'date,model,model_permaslug,endpoint_id,provider_name,usage,byok_usage_inference,requests,prompt_tokens,'
        'completion_tokens,reasoning_tokens',
        ('date', 'model_permaslug', 'usage', 'requests', 'prompt_tokens', 'completion_tokens'),
        _periods(
            start='date',
            requests='requests',
            input='prompt_tokens',
            output='completion_tokens',
            cost='usage',
            model='model_permaslug',
            region='provider_name',
            row_seconds=DAY,
        ),
        'https://openrouter.ai/docs/api/api-reference/analytics/get-user-activity',
        json=True,
    ),
    Format(
        'litellm',
        'spend logs, one row a request',
        'request_id,call_type,api_key,spend,total_tokens,prompt_tokens,completion_tokens,startTime,endTime,'
        'request_duration_ms,completionStartTime,model,model_id,model_group,custom_llm_provider,api_base,user,metadata,'
        'cache_hit,cache_key,request_tags,team_id,organization_id,end_user,requester_ip_address,messages,response,'
        'session_id,status',
        ('request_id', 'spend', 'prompt_tokens', 'completion_tokens', 'startTime', 'endTime'),
        _requests(
            start='startTime',
            end='endTime',
            input='prompt_tokens',
            output='completion_tokens',
            cost='spend',
            model='model',
            region='custom_llm_provider',
            id='request_id',
        ),
        'https://github.com/BerriAI/litellm/blob/main/schema.prisma',
        json=True,
    ),
    Format(
        'litellm',
        'usage by the day, exported from the dashboard',
        'Date,Team,Team ID,Spend ($),Requests,Successful Requests,Failed Requests,Total Tokens,Prompt Tokens,'
        'Completion Tokens',
        ('Date', 'Spend ($)', 'Requests', 'Prompt Tokens', 'Completion Tokens'),
        _periods(
            start='Date',
            requests='Requests',
            input='Prompt Tokens',
            output='Completion Tokens',
            cost='Spend ($)',
            row_seconds=DAY,
        ),
        'https://github.com/BerriAI/litellm/blob/main/ui/litellm-dashboard/src/components/EntityUsageExport/utils.ts',
    ),
    Format(
        'langfuse',
        'observations, exported from a table',
        'id,traceId,startTime,endTime,projectId,parentObservationId,type,environment,name,level,model,usageDetails,'
        'inputUsage,outputUsage,totalUsage,costDetails,inputCost,outputCost,totalCost,latency',
        ('id', 'startTime', 'type', 'inputUsage', 'outputUsage'),
        _requests(
            start='startTime',
            end='endTime',
            input='inputUsage',
            output='outputUsage',
            cost='totalCost',
            model='model',
            id='id',
            only={'type': ('GENERATION', 'EMBEDDING')},
        ),
        'https://github.com/langfuse/langfuse/blob/main/packages/shared/src/server/repositories/'
        'observations_converters.ts',
    ),
    Format(
        'helicone',
        'requests, as its export tool writes them',
        'response_id,response_created_at,response_status,request_created_at,request_body,request_properties,'
        'request_user_id,model,prompt_tokens,completion_tokens,latency,cost',
        ('response_id', 'request_created_at', 'prompt_tokens', 'completion_tokens'),
        _requests(
            start='request_created_at',
            end='response_created_at',
            input='prompt_tokens',
            output='completion_tokens',
            cost='cost',
            model='model',
            id='response_id',
        ),
        'https://github.com/Helicone/helicone/blob/main/examples/export/typescript/index.ts',
    ),
    Format(
        'ccusage',
        'daily',
        'date,inputTokens,outputTokens,cacheCreationTokens,cacheReadTokens,totalTokens,totalCost,modelsUsed,'
        'modelBreakdowns',
        ('date', 'inputTokens', 'outputTokens', 'cacheCreationTokens', 'cacheReadTokens'),
        _periods(start='date', cost=('totalCost', 'costUSD'), model='modelName', row_seconds=DAY, **CCUSAGE),
        CCUSAGE_SOURCE,
        json=True,
    ),
    Format(
        'ccusage',
        'weekly',
        'week,inputTokens,outputTokens,cacheCreationTokens,cacheReadTokens,totalTokens,totalCost,modelsUsed,'
        'modelBreakdowns',
        ('week', 'inputTokens', 'outputTokens', 'cacheCreationTokens', 'cacheReadTokens'),
        _periods(start='week', cost=('totalCost', 'costUSD'), model='modelName', row_seconds=WEEK, **CCUSAGE),
        CCUSAGE_SOURCE,
        json=True,
    ),
    Format(
        'ccusage',
        'monthly',
        'month,inputTokens,outputTokens,cacheCreationTokens,cacheReadTokens,totalTokens,totalCost,modelsUsed,'
        'modelBreakdowns',
        ('month', 'inputTokens', 'outputTokens', 'cacheCreationTokens', 'cacheReadTokens'),
        _periods(start='month', cost=('totalCost', 'costUSD'), model='modelName', row_seconds=MONTH, **CCUSAGE),
        CCUSAGE_SOURCE,
        json=True,
    ),
    Format(
        'ccusage',
        '5-hour blocks',
        'id,startTime,endTime,actualEndTime,isActive,isGap,entries,tokenCounts.inputTokens,tokenCounts.outputTokens,'
        'tokenCounts.cacheCreationInputTokens,tokenCounts.cacheReadInputTokens,totalTokens,costUSD,models',
        ('startTime', 'endTime', 'isGap', 'tokenCounts.inputTokens', 'tokenCounts.outputTokens'),
        _periods(
            start='startTime',
            end='endTime',
            requests='entries',
            input=(
                'tokenCounts.inputTokens',
                'tokenCounts.cacheCreationInputTokens',
                'tokenCounts.cacheReadInputTokens',
            ),
            output='tokenCounts.outputTokens',
            cache_read='tokenCounts.cacheReadInputTokens',
            cache_write='tokenCounts.cacheCreationInputTokens',
            cost='costUSD',
            id='id',
            only={'isGap': ('false',)},
        ),
        'https://github.com/ryoppippi/ccusage/blob/main/rust/crates/ccusage/src/blocks.rs',
        json=True,
    ),
)
"""Every header row that is known."""


def names() -> list[str]:
    """The names of all formats."""
    return sorted({one.name for one in FORMATS})


def format_of(header: Iterable[str], name: str | None = None) -> Format | None:
    """The format of a file with these columns, the most exact one where several fit; None if nobody knows it.

    Args:
        header: its columns.
        name: only formats of this name.

    Raises:
        ConfigError: there is no format of that name.
    """
    if name is not None and name not in names():
        raise ConfigError(f'there is no format {name!r}; there are: {", ".join(names())}')
    columns = list(header)
    fitting = [one for one in FORMATS if (name is None or one.name == name) and one.fits(columns)]
    return max(fitting, key=lambda one: len(one.needs), default=None)


def nearest(header: Iterable[str], name: str | None = None) -> tuple[Format, list[str]] | None:
    """The format that a file nearly is, and which columns it lacks; None where it has not even half of any's.

    Arguments as `format_of`.
    """
    there = {same(column) for column in header}
    lacking = [
        (one, [need for need in one.needs if same(need) not in there])
        for one in FORMATS
        if name is None or one.name == name
    ]
    near = [(one, lacks) for one, lacks in lacking if 2 * len(lacks) <= len(one.needs)]
    return min(near, key=lambda pair: len(pair[1]) / len(pair[0].needs), default=None)
