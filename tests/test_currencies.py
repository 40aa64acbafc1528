"""The sensors of an account together: they come, empty, are written and become unavailable as the account does."""

from homeassistant.const import STATE_UNAVAILABLE
import pytest

from custom_components.upbit.const import TIMINGS
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
    assert connected.stats.updates == 50


async def test_currencies_with_one_slug_have_sensors_of_their_own(connected: Harness) -> None:
    connected.account.set("A.B", 1)
    connected.account.set("A-B", 2)
    await connected.becomes("sensor.upbit_singapore_a_b", "1")
    await connected.becomes("sensor.upbit_singapore_a_b_2", "2")


@pytest.mark.parametrize("sold", ["before", "meanwhile"])
async def test_currency_that_is_sold_out_stays_at_zero_over_a_restart(connected: Harness, sold: str) -> None:
    if sold == "before":
        connected.account.set("XRP", 0)
        await connected.becomes(XRP, "0")
    await connected.unload()
    connected.account.remove("XRP")
    await connected.set_up()
    # Known from before, and missing: a second snapshot has to confirm that.
    assert connected.state(XRP) == STATE_UNAVAILABLE
    await connected.becomes(XRP, "0", within=TIMINGS.absence + 1)
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
    await wait_until(lambda: connected.stats.updates == 2)
    await connected.refresh()
    await connected.hass.async_block_till_done()
    assert not writes.counts


async def test_reconnecting_writes_no_balance(connected: Harness, writes: Writes) -> None:
    connected.replace_stream()
    await wait_until(lambda: connected.stats.connects == 2 and connected.in_sync)
    await connected.hass.async_block_till_done()
    assert not writes.counts


# Availability
