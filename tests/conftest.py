"""What holds for all tests: a machine may be as slow as it likes, only a wrong answer is red."""

import os

from hypothesis import HealthCheck, settings

from engine.core import warm_up

settings.register_profile("ceax", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ceax")
# Wishes of who runs the tests, for pytest alone.
for wish in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "LINES"):
    os.environ.pop(wish, None)


def pytest_sessionstart() -> None:
    """Let a run of all tests compile the core before the first of them, whose limit is not made for that."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        warm_up()
