"""pydantic-ai's messages, as what is below the adapter asks for them."""

from __future__ import annotations

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.beside import recorded_instructions
from compactor.adapters.pydantic_ai.messages.dumped import dump, load
from compactor.adapters.pydantic_ai.messages.places import conversations, goal
from compactor.adapters.pydantic_ai.messages.prints import groups, note, noted, prints_of, was_answered
from compactor.adapters.pydantic_ai.messages.prompts import last_prompt
from compactor.adapters.pydantic_ai.messages.reader import MessageReader, sealed_reader
from compactor.adapters.pydantic_ai.messages.results import newest_results, newest_words, with_results
from compactor.adapters.pydantic_ai.messages.unsaid import without_secrets
from compactor.adapters.pydantic_ai.messages.writer import merged_into, write
from compactor.run.format import RunFormat

FORMAT = RunFormat(
    name='pydantic-ai messages',
    hint='pass result.all_messages(), or load a file with ModelMessagesTypeAdapter.validate_json',
    reader=sealed_reader,
    reader_beside=MessageReader,
    write=write,
    dump=dump,
    load=load,
    goal=goal,
    conversations=conversations,
    merge=merged_into,
    instructions=recorded_instructions,
    frame=compat.SUMMARY_FRAME,
    groups=groups,
    prints_of=prints_of,
    note=note,
    noted=noted,
    was_answered=was_answered,
    last_prompt=last_prompt,
    newest_results=newest_results,
    newest_words=newest_words,
    with_results=with_results,
    without_secrets=without_secrets,
)
