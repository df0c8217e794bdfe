"""`pin`: content that survives every compaction to the letter."""

from __future__ import annotations

from compactor.run.keys import pin as pin
