"""The sensors of an account together: they come, empty, are written and become unavailable as the account does."""

from collections.abc import Iterator

from homeassistant.const import (
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import Delivery, NumberStyle, SimulatedExchange
from tests.states import Writes, becomes, state_of
from tests.waiting import until

SGD, BTC, XRP = (f"sensor.upbit_singapore_{currency}" for currency in ("sgd", "btc", "xrp"))


@pytest.fixture
def writes(hass: HomeAssistant, coordinator: UpbitCoordinator) -> Iterator[Writes]:
    """Count the writes of a test, from after set-up on."""
    writes = Writes(hass)
    yield writes
    writes.stop()


# Currencies come and go


@pytest.mark.parametrize("delivery", Delivery)
async def test_currencies_that_appear_in_frames_become_sensors(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange, delivery: Delivery
) -> None:
    exchange.account.delivery = delivery
    exchange.account.change({"ETH": ("2", "1"), "DOGE": ("0.00000001", 0), "SGD": ("1", 0)})
    await becomes(hass, "sensor.upbit_singapore_eth", "3")
    await becomes(hass, "sensor.upbit_singapore_doge", "0.00000001")
    await becomes(hass, SGD, "1")
    assert len(exchange.record.handshakes) == 1


async def test_currency_that_appears_in_a_snapshot_becomes_a_sensor(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange
) -> None:
    exchange.account.change({"ETH": ("2", "1")}, announce=False)
    await coordinator.async_refresh()
    await becomes(hass, "sensor.upbit_singapore_eth", "3")
    exchange.account.set("ETH", "4")
    await becomes(hass, "sensor.upbit_singapore_eth", "4")


async def test_currency_that_changes_while_its_sensor_is_made_is_right(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange
) -> None:
    with exchange.stream.hold_frames():
        for balance in range(1, 51):
            exchange.account.set("ETH", balance)
    await becomes(hass, "sensor.upbit_singapore_eth", "50")
    assert coordinator.stats.frames == 50


async def test_currencies_with_one_slug_have_sensors_of_their_own(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange
) -> None:
    exchange.account.set("A.B", 1)
    exchange.account.set("A-B", 2)
    await becomes(hass, "sensor.upbit_singapore_a_b", "1")
    await becomes(hass, "sensor.upbit_singapore_a_b_2", "2")


@pytest.mark.parametrize("way", ["frame", "listed", "absent"])
async def test_currency_that_is_sold_out_stays_at_zero(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange, way: str
) -> None:
    exchange.rest.list_zeros = way == "listed"
    exchange.account.change({"XRP": (0, 0)}, announce=way == "frame")
    if way == "absent":
        exchange.account.remove("XRP")
    if way != "frame":
        await coordinator.async_refresh()
    state = await becomes(hass, XRP, "0")
    assert state.attributes["balance"] == 0
    assert state.attributes["locked"] == 0
    await coordinator.async_refresh()
    assert state_of(hass, XRP) == "0"


@pytest.mark.parametrize("sold", ["before", "meanwhile"])
async def test_currency_that_is_sold_out_stays_at_zero_over_a_restart(
    hass: HomeAssistant,
    coordinator: UpbitCoordinator,
    exchange: SimulatedExchange,
    entry: MockConfigEntry,
    sold: str,
) -> None:
    if sold == "before":
        exchange.account.set("XRP", 0)
        await becomes(hass, XRP, "0")
    await hass.config_entries.async_unload(entry.entry_id)
    exchange.account.remove("XRP")
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.runtime_data is not coordinator
    assert state_of(hass, XRP) == "0"
    # It is not new either, so nothing is added twice.
    exchange.account.set("XRP", 5)
    await becomes(hass, XRP, "5")
    assert len(hass.states.async_all("sensor")) == 3


# Writes follow changes


async def test_only_currencies_that_changed_write_a_state(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange, writes: Writes
) -> None:
    exchange.account.delivery = Delivery.ONE_FRAME
    # Two of three are in the frame, and one of those is as it was.
    exchange.account.change({"BTC": ("0.7", 0), "XRP": ("120", 0)})
    await becomes(hass, BTC, "0.7")
    assert writes.counts == {BTC: 1}
    exchange.account.change({"SGD": ("5", 0), "XRP": ("1", 0)})
    await becomes(hass, XRP, "1")
    assert writes.counts == {BTC: 1, SGD: 1, XRP: 1}


async def test_frames_and_snapshots_without_a_change_write_nothing(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange, writes: Writes
) -> None:
    exchange.account.set("BTC", "0.5", "0.1")
    exchange.stream.numbers = NumberStyle.SCIENTIFIC
    exchange.account.set("BTC", "0.50000", "0.10")
    await until(lambda: coordinator.stats.frames == 2)
    await coordinator.async_refresh()
    await hass.async_block_till_done()
    assert not writes.counts


async def test_stale_frame_writes_nothing(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange, writes: Writes
) -> None:
    exchange.stream.send_frame({"BTC": ("1", 0)}, asset_timestamp=2000)
    exchange.stream.send_frame({"BTC": ("2", 0)}, asset_timestamp=1999)
    await until(lambda: coordinator.ledger.stale_count == 1)
    assert state_of(hass, BTC) == "1"
    assert writes.counts == {BTC: 1}


async def test_malformed_frame_writes_nothing_and_a_snapshot_tells_what_it_meant(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, writes: Writes
) -> None:
    exchange.stream.send(
        '{"type":"myAsset","assets":[{"currency":"BTC","balance":9,"locked":0},'
        '{"currency":"XRP","balance":-1,"locked":0}],"asset_timestamp":1,"timestamp":1}'
    )
    await until(lambda: coordinator.stats.invalid_messages)
    assert coordinator.stats.invalid_messages == {"invalid_amount": 1}
    assert not writes.counts
    assert state_of(hass, BTC) == "0.6"


async def test_reconnecting_writes_no_balance(
    hass: HomeAssistant, coordinator: UpbitCoordinator, exchange: SimulatedExchange, writes: Writes
) -> None:
    coordinator.reconnect("test")
    await until(lambda: coordinator.stats.connects == 2 and coordinator.sync.in_sync)
    await hass.async_block_till_done()
    assert not writes.counts


# Availability


async def test_sensors_become_unavailable_and_available_together(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    coordinator.sync._timings = replace(TIMINGS, grace=0)
    exchange.go_down()
    for entity_id in (SGD, BTC, XRP):
        await becomes(hass, entity_id, STATE_UNAVAILABLE)
    assert "balance" not in hass.states.get(BTC).attributes
    exchange.account.set("BTC", "8")
    await exchange.accept_connections()
    await becomes(hass, BTC, "8")
    assert state_of(hass, SGD) == "1200.75"
    assert state_of(hass, XRP) == "120"
    # Never the old amount on the way back.
    assert [state.state for state in writes.states if state.entity_id == BTC] == [STATE_UNAVAILABLE, "8"]
    await until(lambda: coordinator.sync.in_sync)
    assert caplog.text.count("the balances are unavailable") == 1
    assert caplog.text.count("the balances are available again") == 1


async def test_sensors_stay_available_while_snapshots_succeed(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, writes: Writes
) -> None:
    exchange.handshake.fail_with(503)
    exchange.cut()
    await until(lambda: not coordinator.sync.online)
    exchange.account.set("BTC", "8")
    await coordinator.async_refresh()
    assert state_of(hass, BTC) == "8"
    assert STATE_UNAVAILABLE not in {state.state for state in writes.states}
