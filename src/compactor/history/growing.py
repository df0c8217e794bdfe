"""Steps and exchanges while they are being read: the parser adds to them, and freezes them when it is asked."""

from __future__ import annotations

from compactor.history.marks import UNANSWERED, UNANSWERED_TOKENS
from compactor.history.message import RESULT, Part, message_of
from compactor.history.turns import Exchange, Segment, Step, step_of


class GrowingStep:
    """A step under construction."""

    __slots__ = ('frozen', 'segments', 'unanswered')

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.unanswered: dict[int, list[Part]] = {}  # by identity
        self.frozen: Step | None = None

    def add(self, segment: Segment) -> None:
        """Puts something behind all that is there."""
        self.segments.append(segment)
        self.frozen = None

    def add_result(self, segment: Segment, call: Part) -> None:
        """Puts results right behind the responses that hold their call, ahead of any note."""
        at = next(i for i, s in enumerate(self.segments) if any(part is call for part in s.parts)) + 1
        while at < len(self.segments) and self.segments[at].message.role == 'response':
            at += 1
        self.segments.insert(at, segment)
        self.frozen = None

    @property
    def noted(self) -> bool:
        """Whether something other than results follows its last response."""
        tail = self.segments[-1]
        return tail.message.role == 'request' and tail.parts[-1].kind is not RESULT

    def freeze(self) -> Step:
        """The step as it stands."""
        if self.frozen is None:
            self.frozen = step_of(tuple(self.segments))
        return self.frozen

    def freeze_answered(self) -> Step:
        """The step with a marked result for every call that nobody will answer."""
        if not self.unanswered:
            return self.freeze()
        holders = {id(part): i for i, segment in reversed(list(enumerate(self.segments))) for part in segment.parts}
        ends = [len(self.segments)] * (len(self.segments) + 1)  # where the responses from here on end
        for i in range(len(self.segments) - 1, -1, -1):
            ends[i] = ends[i + 1] if self.segments[i].message.role == 'response' else i
        behind: dict[int, list[Segment]] = {}
        for call in (call for calls in self.unanswered.values() for call in calls):
            stub = message_of('request', (unanswered(call),))
            behind.setdefault(ends[holders[id(call)] + 1], []).append(Segment(stub, stub.parts))
        whole: list[Segment] = []
        for i, segment in enumerate(self.segments):
            whole += reversed(behind.get(i, ()))
            whole.append(segment)
        whole += reversed(behind.get(len(self.segments), ()))
        return step_of(tuple(whole))


class GrowingExchange:
    """An exchange under construction; `sealed` once a mark closes its prompts."""

    __slots__ = ('frozen', 'prompts', 'sealed', 'steps')

    def __init__(self) -> None:
        self.prompts: list[Segment] = []
        self.steps: list[GrowingStep] = []
        self.sealed = False
        self.frozen: Exchange | None = None

    def freeze(self, live: GrowingStep | None) -> Exchange:
        """The exchange as it stands; `live` is the step whose calls may still be answered."""
        if self.frozen is None:
            steps = tuple(s.freeze() if s is live else s.freeze_answered() for s in self.steps)
            self.frozen = Exchange(tuple(self.prompts), steps)
        return self.frozen


def unanswered(call: Part) -> Part:
    """The result that stands for one that will not come any more."""
    return Part(RESULT, None, UNANSWERED_TOKENS, UNANSWERED, call.call_id, call.tool, failed=True)
