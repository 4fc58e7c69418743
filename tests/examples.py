"""How many examples hypothesis tries: all of them, or a fifth where `make test` asks for the quick profile.

`make test-slow` runs every such test once more with all its examples, and so does pytest by itself.
"""

from hypothesis import HealthCheck, settings

ALL = 50
QUICK = 10


def register_profiles() -> None:
    """Makes both profiles known, the same examples in each run, and loads the one with all examples."""
    for name, n_examples in {"tierwise": ALL, "quick": QUICK}.items():
        settings.register_profile(
            name,
            deadline=None,
            derandomize=True,
            max_examples=n_examples,
            suppress_health_check=[HealthCheck.too_slow],
        )
    settings.load_profile("tierwise")
