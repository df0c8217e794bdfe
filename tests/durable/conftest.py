"""One Prefect server for all tests that need it: it takes long to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope='session')
def prefect_server() -> Iterator[None]:
    """The server that the package brings, with a database of its own."""
    pytest.importorskip('prefect')
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield
