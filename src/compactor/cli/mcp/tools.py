"""The tools of the server: what the commands of the desk do, with values for arguments and an object for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field

from compactor.cli.compact import account as account_of_compaction
from compactor.cli.desk.archives import archive_of, steps_of
from compactor.cli.desk.counting import counted, summed
from compactor.cli.desk.search import answering
from compactor.cli.desk.texts import Named, PassedOver
from compactor.cli.desk.wanted import profile_of, wanted
from compactor.cli.inspect import account as account_of_history
from compactor.cli.mcp.bounds import Root
from compactor.cli.policies import policy_of
from compactor.cli.route import route_of
from compactor.cli.sessions import Session, load, session_of
from compactor.cli.stores import opened, reading
from compactor.errors import ConfigError, HistoryError, StoreError
from compactor.outputs.redact import redacted
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.squeezing.squeeze import squeeze as squeezed_from
from compactor.store.archive import StoreArchive
from compactor.tokens.counter import counter_for

PAGE = 4_000
"""Tokens of an answer of `recall` where nobody says how many."""


class Text(BaseModel):
    """A text and what it is called."""

    name: str
    text: str


Model = Annotated[str, Field(description='Model whose tokens count, such as openai:gpt-5; empty for none.')]
Paths = Annotated[list[str] | None, Field(description='Files and folders, relative to the folder that is read.')]
Texts = Annotated[list[Text] | None, Field(description='Texts with their names.')]
History = Annotated[str, Field(description='File with a saved history: JSON of pydantic-ai messages.')]
Messages = Annotated[list[Any] | None, Field(description='The messages themselves, instead of a file.')]
Tokens = Annotated[int, Field(ge=0, description='Tokens of the answer at most; 0 for the default.')]
Conversation = Annotated[str, Field(description='Of the history, where archives are kept by conversation.')]
Question = Annotated[str, Field(description='What it is wanted for; what it names comes first.')]


@dataclass(frozen=True)
class Desk:
    """What a server works with.

    Attributes:
        root: the folder whose files may be read.
        store: URL of the store that holds archives; None for none.
        tenant: whose archives.
        scope: of the archive.
        policy: a TOML file with a policy, for `compact` and `route`.
        table: a routing table that comes with the library, for `route`.
        secrets: what is redacted in every answer; None for nothing.
    """

    root: Root
    store: str | None = None
    tenant: str = ''
    scope: str = 'default'
    policy: Path | None = None
    table: str | None = None
    secrets: Secrets | None = field(default=HIGH_CONFIDENCE)

    def tools(self) -> tuple[Callable[..., dict[str, Any]], ...]:
        """The tools, by what they are called."""
        return (
            *(self.count, self.shrink, self.squeeze, self.compact, self.recall),
            *(self.search, self.inspect, self.pack, self.route),
        )

    def count(self, text: str = '', paths: Paths = None, model: Model = '') -> dict[str, Any]:
        """Count the tokens of a text, or of files: with the error's bound, the share of the window and the price."""
        passed = PassedOver()
        counter = counter_for(model or None)
        named = [*([Named('text', text)] if text else ()), *self.root.texts(paths or (), passed)]
        if not named:
            raise ConfigError('nothing to count: hand in text or paths')
        files = list(counted(named, counter))
        account = summed(sum(one.tokens for one in files), counter).to_json()
        by_file = [{'name': one.name, 'tokens': counter.scale(one.tokens)} for one in files]
        return {**account, 'files': by_file, 'passed_over': passed.first}

    def shrink(
        self,
        text: Annotated[str, Field(description='What a tool returned.')],
        max_tokens: Annotated[int, Field(ge=16, description='Tokens of the result at most.')] = 2_000,
        tool: Annotated[str, Field(description='The tool that returned it.')] = '',
        command: Annotated[str, Field(description='The command line, where it was a shell.')] = '',
        kind: Annotated[str, Field(description='What it is; empty: it is detected.')] = '',
        question: Question = '',
        model: Model = '',
    ) -> dict[str, Any]:
        """Bring a tool's output within a number of tokens, by what it is; errors and what is asked for stay."""
        from compactor.outputs.shrink import shrink

        shrunk = shrink(
            text,
            max_tokens,
            tool=tool or None,
            kind=kind or None,
            arguments={'command': command} if command else {},
            question=question,
            model=model or None,
            secrets=self.secrets,
        )
        return {
            'text': shrunk.text,
            'kind': shrunk.name,
            'why': shrunk.why,
            'level': shrunk.level.value,
            'tokens_before': shrunk.tokens_before,
            'tokens_after': shrunk.tokens_after,
        }

    def squeeze(
        self,
        text: Annotated[str, Field(description='A text, which comes back character for character.')] = '',
        value: Annotated[Any, Field(description='A JSON value, instead of a text.')] = None,
        model: Model = '',
    ) -> dict[str, Any]:
        """Make a text or a JSON value smaller without losing any of it; the answer says how to read it.

        Secrets are redacted before; `redacted` says whether there were any.
        """
        if text == '' and value is None:
            raise ConfigError('nothing to squeeze: hand in a text or a value')
        given = text if value is None else value
        bare = given if self.secrets is None else redacted(given, self.secrets)
        return {**squeezed_from(bare, model=model or None).to_json(), 'redacted': bare is not given}

    def compact(
        self,
        history: History = '',
        messages: Messages = None,
        target_tokens: Annotated[int, Field(ge=0, description="Tokens to compact to; 0: by the policy's rules.")] = 0,
        preset: Annotated[str, Field(description='Preset of the policy, such as cerebras.')] = '',
        model: Model = '',
        conversation: Annotated[
            str, Field(description='Of the history, where archives are kept by conversation.')
        ] = '',
    ) -> dict[str, Any]:
        """Compact a history; nothing is written to its file. With a store, what goes can be recalled."""
        from compactor.adapters.pydantic_ai.messages.compact import compact
        from compactor.adapters.pydantic_ai.messages.stored import as_json

        session = self._session(history, messages or ())
        named = preset or (None if self.policy is None else str(self.policy))
        policy = policy_of(named, model or None)
        with self._archive(conversation, made=True) as archive:
            compaction = compact(
                session.messages, policy, target_tokens=target_tokens or None, model=model or None, archive=archive
            )
        return self._bare(account_of_compaction(session, compaction, None, as_json(compaction.messages)))

    def recall(
        self,
        history: History = '',
        messages: Messages = None,
        step: Annotated[int, Field(ge=0, description='Which step, as #n in a digest; 0 for all.')] = 0,
        pattern: Annotated[str, Field(description='Lines in which this expression is found.')] = '',
        lines: Annotated[str, Field(description='Of the step, these lines: 10-40.')] = '',
        question: Annotated[str, Field(description='Steps that have to do with it, packed.')] = '',
        page: Annotated[int, Field(ge=1, description='Which page of the answer.')] = 1,
        max_tokens: Tokens = 0,
        model: Model = '',
        conversation: Annotated[
            str, Field(description='Of the history, where archives are kept by conversation.')
        ] = '',
    ) -> dict[str, Any]:
        """Show what a compaction took out of a history, from the archive in the store."""
        from compactor.adapters.pydantic_ai.messages.texts import handle_in
        from compactor.archive.recall import recall

        if not (step or pattern or question):
            raise ConfigError('say which step, pattern or question')
        session = self._session(history, messages or ())
        tokens = max_tokens or PAGE
        counter = counter_for(model or None)
        with self._archive(conversation) as archive:
            if archive is None:
                raise StoreError('this server has no store: start it with --store')
            if question:
                return self._packed(steps_of(session.messages, session.name, archive), question, tokens, model)
            text = recall(
                archive,
                handle_in(session.messages, archive),
                step or None,
                lines=lines or None,
                pattern=pattern or None,
                page=page,
                max_tokens=tokens,
                fit=counter.fit,
                secrets=self.secrets,
            )
        return {'text': text, 'budget': tokens, 'actual': counter.count(text), 'method': counter.method}

    def search(
        self,
        query: Annotated[str, Field(description='What is looked for, in words or by name.')],
        paths: Paths = None,
        history: Annotated[str, Field(description='A saved history to search too, with what its archive holds.')] = '',
        max_tokens: Tokens = 0,
        limit: Annotated[int, Field(ge=1, le=200, description='Results at most.')] = 20,
        model: Model = '',
        conversation: Annotated[
            str, Field(description='Of the history, where archives are kept by conversation.')
        ] = '',
    ) -> dict[str, Any]:
        """Search files, a history and its archive; the answer is as many tokens as it may be, the best first."""
        passed = PassedOver()
        found = list(self.root.texts(paths or ([] if history else ['.']), passed))
        if history:
            found += self._of_history(history, conversation)
        best = answering(query, found)
        if not best:
            return {'text': '', 'found': 0, 'searched': len(found), 'passed_over': passed.first}
        packed = self._packed(best[:limit], query, max_tokens, model)
        return {**packed, 'found': len(best), 'searched': len(found), 'passed_over': passed.first}

    def inspect(self, history: History = '', messages: Messages = None, model: Model = '') -> dict[str, Any]:
        """Show where the tokens of a history go: by role, kind and tool, and the largest parts."""
        from compactor.adapters.pydantic_ai.messages.compact import inspect

        session = self._session(history, messages or ())
        return self._bare(account_of_history(session, inspect(session.messages, model or None)))

    def pack(
        self,
        paths: Paths = None,
        texts: Texts = None,
        question: Question = '',
        max_tokens: Tokens = 0,
        must: Annotated[list[str] | None, Field(description='Names of items that have to be there.')] = None,
        model: Model = '',
    ) -> dict[str, Any]:
        """Put files or texts into a budget of tokens: whole, made smaller by their kind, in brief, or by name."""
        passed = PassedOver()
        named = [*(Named(one.name, one.text) for one in texts or ()), *self.root.texts(paths or (), passed)]
        if not named:
            raise ConfigError('nothing to pack: hand in paths or texts')
        packed = self._packed(named, question, max_tokens, model, frozenset(must or ()))
        return {**packed, 'passed_over': passed.first}

    def route(
        self,
        prompt: Annotated[str, Field(description='What a person would ask.')],
        workload: Annotated[str, Field(description='What the agent is there for, such as coding.')] = '',
        task: Annotated[str, Field(description='What is asked for.')] = '',
        tokens: Annotated[int, Field(ge=0, description='Tokens of the request; 0 where nobody knows.')] = 0,
    ) -> dict[str, Any]:
        """Say which models the routing table would ask, in order, and why. Nothing is sent."""
        made = route_of(
            prompt, workload or None, task or None, tokens=tokens or None, policy=self.policy, preset=self.table
        )
        return dict(made.to_json())

    # -- what several need ------------------------------------------------------------------------------------------

    def _session(self, history: str, messages: Sequence[Any]) -> Session:
        if bool(history) is bool(messages):
            raise HistoryError('hand in a history: its file, or its messages')
        return load(self.root.path(history)) if history else session_of(list(messages), 'messages')

    @contextmanager
    def _archive(self, conversation: str, *, made: bool = False) -> Iterator[StoreArchive | None]:
        """The archive in the store; None where there is no store."""
        if self.store is None:
            yield None
            return
        with (opened if made else reading)(self.store, self.tenant) as store:
            yield archive_of(store, self.scope, conversation)

    def _of_history(self, history: str, conversation: str) -> list[Named]:
        """The messages of a saved history, and what its archive holds."""
        from compactor.adapters.pydantic_ai.messages.texts import texts_of

        session = self._session(history, ())
        said = [Named(f'{history}#{one.number} {one.role}', one.text) for one in texts_of(session.messages)]
        with self._archive(conversation) as archive:
            return said if archive is None else [*said, *steps_of(session.messages, history, archive)]

    def _packed(
        self, named: Sequence[Named], question: str, max_tokens: int, model: str, must: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        from compactor.packing.item import Item
        from compactor.packing.pack import pack

        held = wanted(max_tokens or None, model or None, self.root.folder)
        items = [Item(one.name, one.text, must=one.name in must) for one in named]
        profile = profile_of(self.root.folder, held.model)
        made = pack(items, held.tokens, profile, question=question, intent='', model=held.model, secrets=self.secrets)
        return {'text': made.text, **made.to_json()}

    def _bare(self, account: dict[str, Any]) -> dict[str, Any]:
        return account if self.secrets is None else dict(redacted(account, self.secrets))
