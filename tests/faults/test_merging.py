"""Frames and snapshots overtake each other: what a user sees of the rules that merge them."""

import pytest

from custom_components.upbit.const import TIMINGS
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until


async def test_frame_during_a_snapshot_wins_for_its_currency(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.account.change({"XRP": ("7", "0")}, announce=False)
    async with exchange.hold_snapshots() as held:
        refresh = connected.hass.async_create_task(connected.refresh())
        await held.held()  # its rows are made: BTC is 0.6 in them
        exchange.account.set("BTC", "0.7")
        await wait_until(lambda: connected.total("BTC") == "0.7", within=1)
        assert connected.total("XRP") == "120"
        held.release()
        await refresh
    assert connected.is_correct
    assert connected.shown["BTC"] == ["0.6", "0.7"]


async def test_first_snapshot_does_not_undo_the_frames_before_it(harness: Harness) -> None:
    exchange = harness.exchange
    async with exchange.hold_snapshots() as held:
        setup = harness.hass.async_create_task(harness.set_up())
        await held.held()
        await exchange.subscribed()
        exchange.account.change({"BTC": ("0.7", "0"), "ETH": ("2", "0")})
        await exchange.flushed()
        await pass_time(1)
        held.release()
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


async def test_delayed_and_overtaking_frames_end_with_the_correct_amounts(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.stream.outbound.jitter = 5
    for number in range(1, 50):
        exchange.account.change({"BTC": (number, "0"), "XRP": (2 * number, "1")})
    await wait_until(lambda: connected.ledger.sequence == 98, within=6)
    assert connected.is_correct
    await pass_time(TIMINGS.snapshot_interval + TIMINGS.delivery + 1)
    assert connected.missed_updates == 0


@pytest.mark.parametrize("list_zeros", [False, True], ids=["absent", "listed"])
async def test_currency_that_is_sold_out_is_zero_and_stays(connected: Harness, list_zeros: bool) -> None:
    exchange = connected.exchange
    exchange.rest.list_zeros = list_zeros
    exchange.account.change({"BTC": ("0", "0")}, announce=False)
    await connected.refresh()
    # What a row states counts immediately; an absence has to be confirmed.
    assert connected.total("BTC") == ("0" if list_zeros else "0.6")
    await wait_until(lambda: connected.total("BTC") == "0", within=TIMINGS.absence + 1)
    exchange.account.set("XRP", "0")
    await wait_until(lambda: connected.total("XRP") == "0", within=1)
    await connected.refresh()
    await pass_time(3600)
    assert connected.shown["BTC"] == ["0.6", "0"]
    assert connected.shown["XRP"] == ["120", "0"]
