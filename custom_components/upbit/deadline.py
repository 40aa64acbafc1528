"""A timer for the next deadline of rules that have none of their own."""

import asyncio
from math import inf

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback


class DeadlineTimer:
    """Calls an action at one deadline at a time, on the clock of the event loop."""

    def __init__(self, hass: HomeAssistant, action: CALLBACK_TYPE) -> None:
        self._loop = hass.loop
        self._action = action
        self._timer: asyncio.TimerHandle | None = None
        self.at = inf
        """When the action is called; infinite for never."""

    @callback
    def set(self, at: float) -> None:
        """Call the action then, and not when it was planned before; infinite for never."""
        self.cancel()
        if at < inf:
            self.at = at
            self._timer = self._loop.call_at(at, self._on_time)

    @callback
    def cancel(self) -> None:
        """Call the action no longer."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.at = None, inf

    @callback
    def _on_time(self) -> None:
        self._timer, self.at = None, inf
        self._action()
