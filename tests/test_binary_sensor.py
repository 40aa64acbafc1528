"""The connectivity sensor: on while the stream is live, and never unavailable itself."""

from homeassistant.const import STATE_OFF, STATE_ON, EntityCategory
from homeassistant.helpers import entity_registry as er

from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

STREAM = "binary_sensor.upbit_singapore_live_connection"


async def test_it_is_a_diagnostic_connectivity_sensor(connected: Harness) -> None:
    state = connected.hass.states.get(STREAM)
    assert state.state == STATE_ON
    assert state.attributes["device_class"] == "connectivity"
    registered = er.async_get(connected.hass).async_get(STREAM)
    assert registered.entity_category is EntityCategory.DIAGNOSTIC
    assert registered.unique_id == f"{connected.entry.entry_id}_live_connection"
    assert registered.disabled_by is None


async def test_planned_replacement_that_fails_shows(connected: Harness) -> None:
    connected.exchange.handshake.fail_with(503, times=1)
    connected.replace_stream()
    await wait_until(lambda: connected.stream_states == [STATE_ON, STATE_OFF, STATE_ON])
