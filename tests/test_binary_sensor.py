"""The connectivity sensor: on while the stream is live, and never unavailable itself."""

from homeassistant.const import EVENT_STATE_CHANGED, STATE_OFF, STATE_ON, EntityCategory
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import SimulatedExchange
from tests.waiting import until

STREAM = "binary_sensor.upbit_singapore_live_connection"


@pytest.fixture
def states(hass: HomeAssistant, coordinator: UpbitCoordinator) -> list[str]:
    """Collect the sensor's states from after set-up on."""
    states: list[str] = []

    @callback
    def on_changed(event: Event) -> None:
        if event.data["entity_id"] == STREAM and event.data["new_state"] is not None:
            states.append(event.data["new_state"].state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, on_changed)
    return states


async def test_it_is_a_diagnostic_connectivity_sensor(
    hass: HomeAssistant, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    state = hass.states.get(STREAM)
    assert state.state == STATE_ON
    assert state.attributes["device_class"] == "connectivity"
    registered = er.async_get(hass).async_get(STREAM)
    assert registered.entity_category is EntityCategory.DIAGNOSTIC
    assert registered.unique_id == f"{entry.entry_id}_live_connection"
    assert registered.disabled_by is None


async def test_it_follows_the_stream_while_the_balances_stay_available(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, states: list[str]
) -> None:
    exchange.handshake.fail_with(503)
    exchange.cut()
    await until(lambda: states == [STATE_OFF])
    assert coordinator.available
    exchange.handshake.recover()
    await until(lambda: states == [STATE_OFF, STATE_ON])


async def test_it_is_off_and_not_unavailable_when_nothing_can_be_reached(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, states: list[str]
) -> None:
    coordinator.sync._timings = replace(TIMINGS, grace=0)
    exchange.go_down()
    await until(lambda: not coordinator.available)
    assert hass.states.get(STREAM).state == STATE_OFF
    await exchange.accept_connections()
    await until(lambda: states == [STATE_OFF, STATE_ON])


async def test_it_is_off_after_the_key_was_refused(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, states: list[str]
) -> None:
    exchange.key.deleted = True
    exchange.cut()
    await until(coordinator._task.done)
    assert states == [STATE_OFF]
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def test_planned_replacement_of_the_connection_does_not_show(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, states: list[str]
) -> None:
    coordinator.reconnect("test")
    await until(lambda: coordinator.stats.connects == 2 and coordinator.sync.in_sync)
    assert not states


async def test_planned_replacement_that_fails_shows(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, states: list[str]
) -> None:
    exchange.handshake.fail_with(503, times=1)
    coordinator.reconnect("test")
    await until(lambda: states == [STATE_OFF, STATE_ON])
