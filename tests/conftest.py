"""What holds for all tests: a machine may be as slow as it likes, only a wrong answer is red."""

from hypothesis import HealthCheck, settings

settings.register_profile("ceax", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ceax")
