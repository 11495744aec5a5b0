"""Fixtures of the gateway's tests."""

from typing import Any

import pytest

from gateway.limits import Bucket


@pytest.fixture
def no_refill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for token buckets: what is spent stays spent on the slowest machine."""
    for name in ("take", "left", "missing_s"):
        method = getattr(Bucket, name)

        def at_once(bucket: Bucket, _: float, *cost: float, method: Any = method) -> Any:
            return method(bucket, bucket._time_s, *cost)

        monkeypatch.setattr(Bucket, name, at_once)
