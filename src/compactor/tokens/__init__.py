"""Counting tokens: offline, exact where the tokenizer is public, calibrated or estimated where it is not.

`counter_for(model)` gives a `Counter`; its `.method` says how far its figures can be trusted. Importing this
package loads no tokenizer: tiktoken is imported and the ranks are unpacked at the first count.
"""

from compactor.tokens.calibrate import Calibration
from compactor.tokens.counter import Counter, counter_for
from compactor.tokens.families import Family, Method, family_of
from compactor.tokens.media import media_tokens
from compactor.tokens.windows import context_window

__all__ = [
    'Calibration',
    'Counter',
    'Family',
    'Method',
    'context_window',
    'counter_for',
    'family_of',
    'media_tokens',
]
