"""A finished answer as a stream, on every supported version."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import StreamedResponse

from compactor.adapters.pydantic_ai import compat


def replayed(response: ModelResponse, parameters: Any) -> StreamedResponse:
    """A stream whose events are the parts of an answer, one after the other."""
    if compat.REPLAYS:
        stream: StreamedResponse = compat.CompletedStream(
            response, model_request_parameters=parameters, replay_events=True
        )
        return stream
    return _Replay(parameters, response)


class _Replay(StreamedResponse):
    """For versions whose completed stream has no events."""

    def __init__(self, parameters: Any, response: ModelResponse) -> None:
        super().__init__(parameters)
        self.response = response
        self.finish_reason = response.finish_reason
        self.provider_response_id = response.provider_response_id

    async def _get_event_iterator(self) -> AsyncIterator[Any]:
        for i, part in enumerate(self.response.parts):
            yield self._parts_manager.handle_part(vendor_part_id=i, part=part)

    def get(self) -> ModelResponse:
        """The whole answer."""
        return self.response

    def usage(self) -> Any:  # type: ignore[override] # a method where this class is used, a property later
        """What the answer cost: nothing, if it comes from a cache."""
        return self.response.usage

    async def close_stream(self) -> None:
        """There is no connection to close."""

    @property
    def model_name(self) -> str:
        """Who answered."""
        return self.response.model_name or ''

    @property
    def provider_name(self) -> str | None:
        """Through whom."""
        return self.response.provider_name

    @property
    def provider_url(self) -> str | None:
        """Where."""
        return None

    @property
    def timestamp(self) -> datetime:
        """When."""
        return self.response.timestamp
