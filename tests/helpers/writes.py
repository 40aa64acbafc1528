"""How often states are written."""

from collections import Counter

from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, State, callback


class Writes:
    """Counts the states that are written, changed or not, by entity."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.counts: Counter[str] = Counter()
        self.states: list[State | None] = []
        self._stop = [
            hass.bus.async_listen(EVENT_STATE_CHANGED, self._on_changed),
            hass.bus.async_listen(EVENT_STATE_REPORTED, self._on_reported, callback(lambda _: True)),
        ]

    @callback
    def _on_changed(self, event: Event) -> None:
        self.states.append(event.data["new_state"])
        self.counts[event.data["entity_id"]] += 1

    @callback
    def _on_reported(self, event: Event) -> None:
        self.counts[event.data["entity_id"]] += 1

    def stop(self) -> None:
        """Count no further."""
        for stop in self._stop:
            stop()
