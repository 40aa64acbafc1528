"""Sensors: exact states, attributes, new and emptied currencies."""

from homeassistant.core import HomeAssistant

from custom_components.upbit.coordinator import UpbitCoordinator
from tests.exchange import SimulatedExchange
from tests.waiting import until


async def test_sensor_for_each_currency(hass: HomeAssistant, coordinator: UpbitCoordinator) -> None:
    states = {state.entity_id: state.state for state in hass.states.async_all("sensor")}
    assert states == {
        "sensor.upbit_singapore_btc": "0.6",
        "sensor.upbit_singapore_sgd": "1200.75",
        "sensor.upbit_singapore_xrp": "120",
    }
    btc = hass.states.get("sensor.upbit_singapore_btc")
    assert btc.attributes["balance"] == 0.5
    assert btc.attributes["locked"] == 0.1
    assert btc.attributes["unit_of_measurement"] == "BTC"


async def test_documented_sample_is_exact(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange
) -> None:
    exchange.account.set("SGD", "1386929.37231066771348207123", "10329.670127489597585685")
    await until(
        lambda: hass.states.get("sensor.upbit_singapore_sgd").state == "1397259.04243815731106775623"
    )
