"""Frames and snapshots overtake each other: the newest wins, per currency, and absence is zero."""

import pytest

from custom_components.upbit.const import TIMINGS
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until


async def _snapshot(harness: Harness) -> None:
    """Have one snapshot taken and merged."""
    await harness.refresh()


async def test_frame_during_a_snapshot_wins(connected: Harness) -> None:
    exchange = connected.exchange
    async with exchange.hold_snapshots() as gate:
        refresh = connected.hass.async_create_task(connected.refresh())
        await gate.held()  # its rows are made: BTC is 0.6 in them
        exchange.account.set("BTC", "0.7")
        await wait_until(lambda: connected.total("BTC") == "0.7", within=1)
        gate.release()
        await refresh
    assert connected.shown["BTC"] == ["0.6", "0.7"]


async def test_other_currencies_of_that_snapshot_count(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.account.change({"XRP": ("7", "0")}, announce=False)
    async with exchange.hold_snapshots() as gate:
        refresh = connected.hass.async_create_task(connected.refresh())
        await gate.held()
        exchange.account.set("BTC", "0.7")
        await wait_until(lambda: connected.total("BTC") == "0.7", within=1)
        assert connected.total("XRP") == "120"
        gate.release()
        await refresh
    assert connected.is_correct


async def test_snapshot_made_before_a_frame_and_delivered_after_it(connected: Harness) -> None:
    exchange = connected.exchange
    async with exchange.hold_snapshots() as gate:
        refresh = connected.hass.async_create_task(connected.refresh())
        await gate.held()
        for amount in ("0.7", "0", "0.9"):
            exchange.account.set("BTC", amount)
        exchange.account.set("ETH", "1")  # one the rows do not know
        await wait_until(lambda: connected.is_correct, within=1)
        gate.release()
        await refresh
    assert connected.is_correct
    assert connected.shown["BTC"] == ["0.6", "0.7", "0", "0.9"]
    assert connected.shown["ETH"] == ["0", "1"]


async def test_change_after_the_frame_and_before_the_snapshot_is_asked_for(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_correct, within=1)
    exchange.account.change({"BTC": ("0.8", "0")}, announce=False)
    await _snapshot(connected)
    assert connected.is_correct


async def test_first_snapshot_does_not_undo_the_frames_before_it(harness: Harness) -> None:
    exchange = harness.exchange
    async with exchange.hold_snapshots() as gate:
        setup = harness.hass.async_create_task(harness.set_up())
        await gate.held()
        await exchange.subscribed()
        exchange.account.change({"BTC": ("0.7", "0"), "ETH": ("2", "0")})
        await exchange.flushed()
        await pass_time(1)
        gate.release()
        assert await setup
    assert harness.is_correct
    assert harness.shown["BTC"] == ["0.7"]


async def test_frames_out_of_order(connected: Harness) -> None:
    exchange = connected.exchange
    with exchange.stream.hold_frames() as held:
        for amount in ("0.7", "0.8", "0.9"):
            exchange.account.set("BTC", amount)
        held.release(2, 0, 1)
        await wait_until(lambda: connected.ledger.stale_count == 2, within=1)
    assert connected.shown["BTC"] == ["0.6", "0.9"]


async def test_order_is_kept_for_each_currency_by_itself(connected: Harness) -> None:
    exchange = connected.exchange
    with exchange.stream.hold_frames() as held:
        exchange.account.set("BTC", "0.7")
        exchange.account.set("XRP", "1")
        held.release(1, 0)  # the older frame is about another currency: it counts
        await wait_until(lambda: connected.is_correct, within=1)
    assert connected.ledger.stale_count == 0


async def test_equal_timestamps_count(connected: Harness) -> None:
    exchange = connected.exchange
    event = exchange.account.set("BTC", "0.7")
    exchange.account.change({"BTC": ("0.8", "0")}, asset_timestamp=event.asset_timestamp)
    await wait_until(lambda: connected.is_correct, within=1)
    assert connected.shown["BTC"] == ["0.6", "0.7", "0.8"]


async def test_one_event_in_two_frames_of_equal_time(connected: Harness) -> None:
    connected.account.change({"SGD": ("900", "0"), "BTC": ("0.7", "0")})
    await wait_until(lambda: connected.is_correct, within=1)
    assert connected.stats.updates == 2


async def test_duplicates_are_told_once(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.stream.outbound.copies = 3
    exchange.account.set("BTC", "0.7")
    exchange.account.set("BTC", "0.8")
    await wait_until(lambda: connected.stats.updates == 6, within=1)
    assert connected.is_correct
    assert connected.shown["BTC"] == ["0.6", "0.7", "0.8"]


async def test_delayed_and_overtaking_frames_end_right(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.stream.outbound.jitter = 5
    for number in range(1, 50):
        exchange.account.change({"BTC": (number, "0"), "XRP": (2 * number, "1")})
    await wait_until(lambda: connected.stats.updates == 98, within=6)
    assert connected.is_correct
    await pass_time(TIMINGS.snapshot_interval + TIMINGS.delivery + 1)
    assert connected.missed_updates == 0


async def test_second_row_of_one_currency_is_a_part_of_it(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.rest.extra_rows = [
        {
            "currency": "BTC",
            "balance": "0.25",
            "locked": "0.05",
            "avg_buy_price": "0",
            "avg_buy_price_modified": False,
            "unit_currency": "USDT",
        }
    ]
    await _snapshot(connected)
    assert connected.total("BTC") == "0.9"
    exchange.rest.extra_rows = []
    connected.shown["BTC"].remove("0.9")  # an amount of the rows, not of the simulated account
    await _snapshot(connected)
    assert connected.is_correct


@pytest.mark.parametrize("list_zeros", [False, True], ids=["absent", "listed"])
async def test_currency_that_is_sold_out_is_zero_and_stays(connected: Harness, list_zeros: bool) -> None:
    exchange = connected.exchange
    exchange.rest.list_zeros = list_zeros
    exchange.account.change({"BTC": ("0", "0")}, announce=False)
    await _snapshot(connected)
    # What a row states counts immediately; an absence has to be confirmed.
    assert connected.total("BTC") == ("0" if list_zeros else "0.6")
    await wait_until(lambda: connected.total("BTC") == "0", within=TIMINGS.absence + 1)
    exchange.account.set("XRP", "0")
    await wait_until(lambda: connected.total("XRP") == "0", within=1)
    await _snapshot(connected)
    await pass_time(3600)
    assert connected.shown["BTC"] == ["0.6", "0"]
    assert connected.shown["XRP"] == ["120", "0"]


async def test_frame_between_two_snapshots_cancels_an_absence(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.rest.fail_with(200, '[{"currency":"SGD","balance":"1000.5","locked":"200.25"}]', times=2)
    await _snapshot(connected)
    exchange.account.set("BTC", "0.7")
    await wait_until(lambda: connected.total("XRP") == "0", within=TIMINGS.absence + 1)
    assert connected.shown["BTC"] == ["0.6", "0.7"]
    connected.shown["XRP"].remove("0")  # an amount of the rows, not of the simulated account


async def test_frames_of_the_connection_before_do_not_count_on_the_next(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.stream.outbound.delay = 3
    exchange.account.set("BTC", "0.7")
    exchange.cut()  # the frame is lost with its connection
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    await pass_time(5)
    assert connected.shown["BTC"] == ["0.6", "0.7"]


async def test_frame_from_far_in_the_future_is_corrected_by_a_snapshot(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.stream.send_frame({"BTC": ("0.5", "0.1")}, asset_timestamp=253_402_300_799_000)
    await wait_until(lambda: connected.stats.updates == 1, within=1)
    exchange.account.set("BTC", "0.7")  # looks older, so it is ignored
    await wait_until(lambda: connected.ledger.stale_count == 1, within=1)
    await wait_until(lambda: connected.is_correct, within=TIMINGS.recheck + 1)
    for number in range(1, 6):
        await pass_time(60)
        exchange.account.set("BTC", number)
        await wait_until(lambda: connected.is_correct, within=TIMINGS.recheck + 1)
    # The stream delivered, so nothing was missed.
    assert connected.stats.connects == 1


async def test_ignored_update_makes_its_currency_unavailable_where_no_snapshot_confirms_the_amount(
    connected: Harness,
) -> None:
    exchange = connected.exchange
    exchange.account.set("XRP", "1")
    exchange.stream.send_frame({"BTC": ("0.5", "0.1")}, asset_timestamp=253_402_300_799_000)
    await wait_until(lambda: connected.stats.updates == 2, within=1)
    exchange.rest.fail_with(503)
    exchange.account.set("BTC", "0.7")
    took = await wait_until(lambda: connected.total("BTC") == "unavailable", within=TIMINGS.grace + 1)
    assert took >= TIMINGS.grace - 0.1
    await pass_time(600)
    assert connected.shown["BTC"] == ["0.6", "unavailable"]
    assert connected.total("XRP") == "1"
    exchange.rest.recover()
    await wait_until(lambda: connected.is_correct, within=TIMINGS.longest_snapshot_delay + 1)
    assert connected.stats.connects == 1


async def test_frame_of_an_earlier_connection_that_comes_again_is_old(connected: Harness) -> None:
    exchange = connected.exchange
    old = exchange.account.set("BTC", "0.7")
    exchange.account.set("BTC", "0.8")
    await wait_until(lambda: connected.is_correct, within=1)
    exchange.cut()
    await wait_until(lambda: not connected.stream_connected, within=1)
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    exchange.stream.send_frame({"BTC": ("0.7", "0")}, asset_timestamp=old.asset_timestamp)
    await wait_until(lambda: connected.ledger.stale_count == 1, within=1)
    await pass_time(TIMINGS.recheck + 1)
    assert connected.shown["BTC"] == ["0.6", "0.7", "0.8"]


@pytest.mark.parametrize("list_zeros", [False, True], ids=["absent", "listed"])
async def test_currency_whose_sale_is_told_by_no_frame(connected: Harness, list_zeros: bool) -> None:
    """The documentation leaves open whether a currency that is sold out comes in a frame."""
    exchange = connected.exchange
    exchange.rest.list_zeros = list_zeros
    exchange.account.set("XRP", "1")
    await pass_time(100)
    exchange.account.change({"BTC": ("0", "0")}, announce=False)
    exchange.account.set("SGD", "50000")  # what it was sold for is told
    await wait_until(lambda: connected.is_correct, within=TIMINGS.snapshot_interval + 1)
    assert connected.total("BTC") == "0"
