"""What all tests share: how many examples hypothesis tries, and that it does so alike everywhere."""

from hypothesis import HealthCheck, settings

# A first example may compile kernels, so time limits would only fail on slow machines; derandomized: a red run is red again.
settings.register_profile("house", max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
