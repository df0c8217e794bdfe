"""From the framework's context to a `Run`: made once where a hook comes in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic_ai import RunContext

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.beside import instructions_of, tools_of
from compactor.adapters.pydantic_ai.compactions import going_on
from compactor.adapters.pydantic_ai.messages.media import texts_of
from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.settings import is_limited, kept_by_provider, thinking_of
from compactor.run.run import NO_TOOLS, Run, Tools
from compactor.run.within import enclosing


def run_of(ctx: RunContext[Any], request: Any = None) -> Run:
    """What a hook is told of a run.

    Args:
        ctx: the framework's context.
        request: the request that is under way, where the hook is told of one; None takes what the run knows.
    """
    model = compat.request_model(request) or ctx.model
    settings = ctx.model_settings if request is None else request.model_settings
    return run_with(ctx, model, ctx.messages if request is None else request.messages, settings, request)


def run_with(ctx: RunContext[Any], model: Any, messages: Sequence[Any], settings: Any, request: Any = None) -> Run:
    """A run about to send these messages; see `run_of`."""
    parameters = getattr(request, 'model_request_parameters', None)
    name = identify(model, ctx.run_id)
    outer = enclosing()
    return Run(
        id=ctx.run_id,
        step=ctx.run_step,
        name=name,
        model=model,
        usage=ctx.usage,
        settings=settings,
        messages=messages if isinstance(messages, list) else list(messages),
        prompt=partial(_texts, ctx.prompt),
        conversation=compat.conversation_id(ctx),
        within=None if outer is None else outer.conversation,
        agent=compat.agent_name(ctx),
        instructions=instructions_of(messages, parameters),
        tools=_tools(ctx, parameters, model),
        limited=is_limited(settings, model),
        thinking=thinking_of(settings, model),
        kept_by_provider=kept_by_provider(settings, name),
        goes_on_from=going_on(model, ctx.run_id),
    )


def _texts(prompt: Any) -> str:
    return prompt if isinstance(prompt, str) else texts_of(prompt or ())


def _tools(ctx: RunContext[Any], parameters: Any, model: Any) -> Tools:
    """The tools of a request; a history processor is not told of them, newer versions let it ask the run."""
    if parameters is not None:
        return tools_of(parameters, model)
    found = compat.tool_definitions(ctx)
    if found is None:
        return NO_TOOLS
    outputs = [tool for tool in found if tool.kind == 'output']
    structured = bool(outputs) or compat.output_type_name(ctx) in ('NativeOutput', 'PromptedOutput')
    return Tools([tool for tool in found if tool.kind != 'output'], outputs, structured, told=False)
