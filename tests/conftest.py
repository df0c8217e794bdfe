"""How Hypothesis runs here: derandomized and modest by default, `HYPOTHESIS_PROFILE=deep` to hunt."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
"""The machines that run this are shared and slow; time is judged in tests of its own."""

settings.register_profile('ci', deadline=None, derandomize=True, suppress_health_check=SLOW)
settings.register_profile('deep', deadline=None, max_examples=2_000, suppress_health_check=SLOW)
settings.load_profile(os.environ.get('HYPOTHESIS_PROFILE', 'ci'))

os.environ['COMPACTOR_KEY'] = 'the key of the tests'
"""So that seals are the same everywhere, and no test looks into anybody's home."""
