"""How many examples the generated tests try: few and always the same ones in a check, many new ones on demand.

``pytest --hypothesis-profile thorough`` tries a hundred times as many, different ones each time.
"""

from hypothesis import HealthCheck, settings
import pytest

_NORMAL = 100

settings.register_profile(
    "check",
    max_examples=_NORMAL,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "thorough", settings.get_profile("check"), max_examples=100 * _NORMAL, derandomize=False, print_blob=True
)
settings.load_profile("check")


def scaled_settings(examples: int, **changes: object) -> settings:
    """Return settings for so many examples in a check, and for a hundred times as many in a thorough run."""
    return settings(max_examples=examples * _factor(), **changes)  # type: ignore[arg-type]


def scaled_timeout(seconds: float) -> pytest.MarkDecorator:
    """Return the mark for a timeout of so many seconds in a check; a mark outdoes the option --timeout."""
    return pytest.mark.timeout(seconds * _factor())


def _factor() -> int:
    return settings().max_examples // _NORMAL
