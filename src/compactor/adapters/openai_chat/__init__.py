"""The adapter for plain dicts of OpenAI's chat completions, as its client, LiteLLM and many servers take them."""

from functools import partial

from compactor.adapters.openai_chat.messages import MEDIA, draft, write
from compactor.history.drafts import DraftReader
from compactor.history.format import Format
from compactor.history.plain import dump, goal, load
from compactor.run.keys import pin
from compactor.run.told_offline import TellingOffline

__all__ = ['compact', 'inspect', 'pin', 'restore']

HINT = 'pass the dicts that go to the API as `messages`'
GOAL = partial(goal, media=MEDIA)
DICTS = TellingOffline(
    Format('chat-completions dicts', HINT, partial(DraftReader, draft), write, dump, load, GOAL, marks_lead=True)
)
compact, restore, inspect = DICTS.compact, DICTS.restore, DICTS.inspect
