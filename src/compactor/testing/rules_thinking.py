"""What Anthropic's Messages API refuses about thinking blocks; the middle of `ANTHROPIC_RULES`.

Checked against documentation and against error messages that others met and published; the live API was not
called.
"""

from typing import Any

from compactor.testing.rule import Problem, Request, Rule
from compactor.testing.thinking import THINKING, digest, signature_of, text_of, unseal, walk
from compactor.testing.turns import tool_ids, turns_of


def _final_thinking(request: Request) -> Problem | None:
    for index, turn in enumerate(turns_of(request.body)):
        if turn['role'] == 'assistant' and turn['content'] and turn['content'][-1]['type'] in THINKING:
            return Problem(f'messages.{index}: The final block in an assistant message cannot be `thinking`.')
    return None


def _thinking_modified(request: Request) -> Problem | None:
    turns = turns_of(request.body)
    latest = max((index for index, turn in enumerate(turns) if turn['role'] == 'assistant'), default=-1)
    for placed in walk(request.body, turns):
        seal = unseal(signature_of(placed.block)) if placed.block else None
        if placed.turn == latest and seal and seal.text != digest(text_of(placed.block)):
            return Problem(
                f'messages.{placed.turn}.content.{placed.place}: `thinking` or `redacted_thinking` blocks '
                'in the latest assistant message cannot be modified. These blocks must remain as they were '
                'in the original response.'
            )
    return None


def _thinking_signature(request: Request) -> Problem | None:
    for placed in walk(request.body, turns_of(request.body)):
        if not placed.block:
            continue
        seal = unseal(signature_of(placed.block))
        if seal is None or seal.text != digest(text_of(placed.block)):
            return Problem(_invalid_signature(placed.turn, placed.place, placed.block))
    return None


def _thinking_bound(request: Request) -> Problem | None:
    if not request.bound or _drops_blocks(request.body):
        return None
    for placed in walk(request.body, turns_of(request.body)):
        seal = unseal(signature_of(placed.block)) if placed.block else None
        if seal is None:
            continue
        moved = placed.previous and placed.previous != seal.previous
        if moved or placed.prefix != seal.prefix:
            return Problem(
                f'{_invalid_signature(placed.turn, placed.place, placed.block)}. The block is bound to a '
                'different conversation. Remove the block, or set '
                '`thinking.block_binding.prefix_mismatch_behavior` to "drop_block". That setting requires '
                'the `thinking-binding-controls-2026-08-01` value in the `anthropic-beta` header.'
            )
    return None


def _thinking_first(request: Request) -> Problem | None:
    # Manual thinking only: with adaptive thinking, turns need not start with a thinking block.
    turns = turns_of(request.body)
    if request.thinking != 'enabled' or len(turns) < 2:
        return None
    called = tool_ids(turns[-2])
    in_tool_loop = called and any(block['type'] == 'tool_result' for block in turns[-1]['content'])
    first = turns[-2]['content'][0]['type'] if turns[-2]['content'] else ''
    if not in_tool_loop or first in THINKING or request.unthought.issuperset(called):
        return None
    return Problem(
        f'messages.{len(turns) - 2}.content.0.type: Expected `thinking` or `redacted_thinking`, but found '
        f'`{first}`. When `thinking` is enabled, a final `assistant` message must start with a thinking '
        'block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you '
        'include thinking blocks from previous turns. To avoid this requirement, disable `thinking`. Please '
        'consult our documentation at '
        'https://docs.claude.com/en/docs/build-with-claude/extended-thinking'
    )


def _invalid_signature(turn: int, place: int, block: dict[str, Any]) -> str:
    field = 'data' if block['type'] == 'redacted_thinking' else 'signature'
    return f'messages.{turn}.content.{place}: Invalid `{field}` in `{block["type"]}` block'


def _drops_blocks(body: dict[str, Any]) -> bool:
    thinking = body.get('thinking')
    binding = thinking.get('block_binding') if isinstance(thinking, dict) else None
    return isinstance(binding, dict) and binding.get('prefix_mismatch_behavior') == 'drop_block'


THINKING_RULES: tuple[Rule, ...] = (
    Rule('final-thinking', 'seen: github.com/tailcallhq/forgecode/issues/2107', _final_thinking),
    Rule('thinking-modified', 'seen: github.com/anthropics/claude-code/issues/63284', _thinking_modified),
    Rule('thinking-signature', 'seen: github.com/anthropics/claude-code/issues/10627', _thinking_signature),
    Rule(
        'thinking-bound',
        'documented: platform.claude.com/docs/en/build-with-claude/preserved-thinking/prefix-checks; '
        'seen: github.com/anomalyco/opencode/issues/48637',
        _thinking_bound,
    ),
    Rule(
        'thinking-first',
        'documented: platform.claude.com/docs/en/build-with-claude/extended-thinking; '
        'seen: github.com/pydantic/pydantic-ai/issues/2075',
        _thinking_first,
    ),
)
"""The rules about thinking, in the order they are checked."""
