"""How requests are measured."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from compactor.policies.station import Positive, Station


class TokenPolicy(Station):
    """How requests are measured.

    Attributes:
        windows: context windows in tokens by model name (`*` matches any text), over the built-in table.
        calibrate: correct estimates by the usage that providers report.
        ask_servers: ask local servers with what window they serve a model, once, for a second at most.
    """

    windows: Mapping[str, Positive] = Field(default_factory=dict)
    calibrate: bool = True
    ask_servers: bool = True
