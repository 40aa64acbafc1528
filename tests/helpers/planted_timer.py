"""Idle minutes of an integration with a timer that fires every second, to see that the benchmark counts it.

usage: python -m tests.helpers.planted_timer FOLDER
"""

from collections.abc import Iterable
from unittest.mock import patch

from benchmarks import idle_hour
from custom_components.upbit.coordinator import UpbitCoordinator

_start = UpbitCoordinator.async_start


class Planted(UpbitCoordinator):
    """A coordinator that wakes every second, by the loop, as all of Home Assistant's helpers do."""

    async def async_start(self, known_currencies: Iterable[str]) -> None:
        """Start, and begin to wake."""
        await _start(self, known_currencies)
        self._wake()

    def _wake(self) -> None:
        self.hass.loop.call_later(1, self._wake)


if __name__ == "__main__":
    # A minute shows a timer that fires every second.
    with patch("custom_components.upbit.UpbitCoordinator", Planted), patch.object(idle_hour, "_HOUR", 60.0):
        idle_hour.main()
