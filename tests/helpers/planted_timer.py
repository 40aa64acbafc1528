"""Idle hours of an integration with a timer that fires every second, to see that the benchmark notices it.

usage: PLANTED=interval|call_later|loop python -m tests.helpers.planted_timer FOLDER
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
import os
from unittest.mock import patch

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval

from benchmarks import idle_hour
from custom_components.upbit.coordinator import UpbitCoordinator

_start = UpbitCoordinator.async_start


class Planted(UpbitCoordinator):
    """A coordinator that wakes every second, by one of the ways there are."""

    async def async_start(self, known_currencies: Iterable[str]) -> None:
        """Start, and begin to wake."""
        await _start(self, known_currencies)
        match os.environ["PLANTED"]:
            case "interval":
                async_track_time_interval(self.hass, self._nothing, timedelta(seconds=1))
            case "call_later":
                self._later()
            case "loop":
                self._on_loop()

    async def _nothing(self, _: datetime) -> None:
        pass

    @callback
    def _later(self, _: datetime | None = None) -> None:
        async_call_later(self.hass, 1, self._later)

    def _on_loop(self) -> None:
        self.hass.loop.call_later(1, self._on_loop)


if __name__ == "__main__":
    with patch("custom_components.upbit.UpbitCoordinator", Planted):
        idle_hour.main()
