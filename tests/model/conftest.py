"""The world of the model test stands beside the one of the other tests."""

from collections.abc import Iterator

from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.virtual_time import virtual_clock


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Do without the Home Assistant that the other tests have around them."""


@pytest.fixture
def wall(socket_enabled: None) -> Iterator[FrozenDateTimeFactory]:
    """Hold all clocks."""
    with virtual_clock() as held:
        yield held
