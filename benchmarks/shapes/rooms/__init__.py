"""The functions that read foreign text, room by room: by name, what makes the call that is timed out of a text.

Making the input (messages, arguments, a file) is not timed; what a function remembers of a text is forgotten before.
"""

from __future__ import annotations

from collections.abc import Mapping

from .binding import BINDING
from .digest import DIGEST
from .edges import EDGES
from .history import HISTORY
from .outputs import OUTPUTS
from .prepared import Prepare

ROOMS: Mapping[str, Mapping[str, Prepare]] = {
    'digest': DIGEST,
    'binding': BINDING,
    'history': HISTORY,
    'edges': EDGES,
    'outputs': OUTPUTS,
}
FUNCTIONS: Mapping[str, Prepare] = {name: prepare for room in ROOMS.values() for name, prepare in room.items()}
