"""The sensors of an account together: they come, empty, are written and become unavailable as the account does."""

from homeassistant.const import (
    STATE_UNAVAILABLE,
)
import pytest

from simulator import Delivery, NumberStyle
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until
from tests.helpers.writes import Writes

SGD, BTC, XRP = (f"sensor.upbit_singapore_{currency}" for currency in ("sgd", "btc", "xrp"))


# Currencies come and go


@pytest.mark.parametrize("delivery", Delivery)
async def test_currencies_that_appear_in_frames_become_sensors(
    connected: Harness, delivery: Delivery
) -> None:
    connected.account.delivery = delivery
    connected.account.change({"ETH": ("2", "1"), "DOGE": ("0.00000001", 0), "SGD": ("1", 0)})
    await connected.becomes("sensor.upbit_singapore_eth", "3")
    await connected.becomes("sensor.upbit_singapore_doge", "0.00000001")
    await connected.becomes(SGD, "1")
    assert len(connected.exchange.record.handshakes) == 1


async def test_currency_that_appears_in_a_snapshot_becomes_a_sensor(connected: Harness) -> None:
    connected.account.change({"ETH": ("2", "1")}, announce=False)
    await connected.refresh()
    await connected.becomes("sensor.upbit_singapore_eth", "3")
    connected.account.set("ETH", "4")
    await connected.becomes("sensor.upbit_singapore_eth", "4")


async def test_currency_that_changes_while_its_sensor_is_made_is_right(connected: Harness) -> None:
    with connected.exchange.stream.hold_frames():
        for balance in range(1, 51):
            connected.account.set("ETH", balance)
    await connected.becomes("sensor.upbit_singapore_eth", "50")
    assert connected.stats.frames == 50


async def test_currencies_with_one_slug_have_sensors_of_their_own(connected: Harness) -> None:
    connected.account.set("A.B", 1)
    connected.account.set("A-B", 2)
    await connected.becomes("sensor.upbit_singapore_a_b", "1")
    await connected.becomes("sensor.upbit_singapore_a_b_2", "2")


@pytest.mark.parametrize("way", ["frame", "listed", "absent"])
async def test_currency_that_is_sold_out_stays_at_zero(connected: Harness, way: str) -> None:
    connected.exchange.rest.list_zeros = way == "listed"
    connected.account.change({"XRP": (0, 0)}, announce=way == "frame")
    if way == "absent":
        connected.account.remove("XRP")
    if way != "frame":
        await connected.refresh()
    state = await connected.becomes(XRP, "0")
    assert state.attributes["balance"] == 0
    assert state.attributes["locked"] == 0
    await connected.refresh()
    assert connected.state(XRP) == "0"


@pytest.mark.parametrize("sold", ["before", "meanwhile"])
async def test_currency_that_is_sold_out_stays_at_zero_over_a_restart(connected: Harness, sold: str) -> None:
    if sold == "before":
        connected.account.set("XRP", 0)
        await connected.becomes(XRP, "0")
    await connected.unload()
    connected.account.remove("XRP")
    await connected.set_up()
    assert connected.state(XRP) == "0"
    # It is not new either, so nothing is added twice.
    connected.account.set("XRP", 5)
    await connected.becomes(XRP, "5")
    assert len(connected.hass.states.async_all("sensor")) == 3


# Writes follow changes


async def test_only_currencies_that_changed_write_a_state(connected: Harness, writes: Writes) -> None:
    connected.account.delivery = Delivery.ONE_FRAME
    # Two of three are in the frame, and one of those is as it was.
    connected.account.change({"BTC": ("0.7", 0), "XRP": ("120", 0)})
    await connected.becomes(BTC, "0.7")
    assert writes.counts == {BTC: 1}
    connected.account.change({"SGD": ("5", 0), "XRP": ("1", 0)})
    await connected.becomes(XRP, "1")
    assert writes.counts == {BTC: 1, SGD: 1, XRP: 1}


async def test_frames_and_snapshots_without_a_change_write_nothing(
    connected: Harness, writes: Writes
) -> None:
    connected.account.set("BTC", "0.5", "0.1")
    connected.exchange.stream.numbers = NumberStyle.SCIENTIFIC
    connected.account.set("BTC", "0.50000", "0.10")
    await wait_until(lambda: connected.stats.frames == 2)
    await connected.refresh()
    await connected.hass.async_block_till_done()
    assert not writes.counts


async def test_stale_frame_writes_nothing(connected: Harness, writes: Writes) -> None:
    connected.account.change({"BTC": ("1", 0)}, asset_timestamp=2000)
    connected.account.change({"BTC": ("2", 0)}, asset_timestamp=1999)
    await wait_until(lambda: connected.ledger.stale_count == 1)
    assert connected.state(BTC) == "1"
    assert writes.counts == {BTC: 1}


async def test_malformed_frame_writes_nothing_and_a_snapshot_tells_what_it_meant(
    connected: Harness, writes: Writes
) -> None:
    connected.exchange.stream.send(
        '{"type":"myAsset","assets":[{"currency":"BTC","balance":9,"locked":0},'
        '{"currency":"XRP","balance":-1,"locked":0}],"asset_timestamp":1,"timestamp":1}'
    )
    await wait_until(lambda: connected.stats.refused_frames)
    assert connected.stats.refused_frames == {"invalid_amount": 1}
    assert not writes.counts
    assert connected.state(BTC) == "0.6"


async def test_reconnecting_writes_no_balance(connected: Harness, writes: Writes) -> None:
    connected.replace_stream("test")
    await wait_until(lambda: connected.stats.connects == 2 and connected.in_sync)
    await connected.hass.async_block_till_done()
    assert not writes.counts


# Availability


async def test_sensors_become_unavailable_and_available_together(connected: Harness, writes: Writes) -> None:
    connected.exchange.go_down()
    for entity_id in (SGD, BTC, XRP):
        await connected.becomes(entity_id, STATE_UNAVAILABLE, within=80)
    assert "balance" not in connected.hass.states.get(BTC).attributes
    connected.account.set("BTC", "8")
    await connected.exchange.accept_connections()
    await connected.becomes(BTC, "8", within=120)
    assert connected.state(SGD) == "1200.75"
    assert connected.state(XRP) == "120"
    # Never the old amount on the way back.
    assert [state.state for state in writes.states if state.entity_id == BTC] == [STATE_UNAVAILABLE, "8"]
    await wait_until(lambda: connected.in_sync)
    assert connected.log.text.count("the balances are unavailable") == 1
    assert connected.log.text.count("the balances are available again") == 1


async def test_sensors_stay_available_while_snapshots_succeed(connected: Harness, writes: Writes) -> None:
    connected.exchange.handshake.fail_with(503)
    connected.exchange.cut()
    await wait_until(lambda: not connected.shows_connected)
    connected.account.set("BTC", "8")
    await connected.refresh()
    assert connected.state(BTC) == "8"
    assert STATE_UNAVAILABLE not in {state.state for state in writes.states}
