"""States as they are shown, and how often they are written."""

from collections import Counter

from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, State, callback

from tests.waiting import until


def state_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return an entity's state, None where there is none."""
    state = hass.states.get(entity_id)
    return None if state is None else state.state


async def becomes(hass: HomeAssistant, entity_id: str, state: str) -> State:
    """Wait until an entity has a state; return it whole."""
    await until(lambda: state_of(hass, entity_id) == state)
    whole = hass.states.get(entity_id)
    assert whole is not None
    return whole


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
