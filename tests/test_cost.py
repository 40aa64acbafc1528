"""What a frame, a snapshot and an idle hour cost, counted: figures that no busy machine changes."""

from collections.abc import Callable, Iterator
import gc
from math import inf
import sys
from unittest.mock import PropertyMock

from homeassistant.const import EVENT_STATE_CHANGED
import pytest

from benchmarks.frames import fed_streams, message
from benchmarks.idle_hour import idle_hours, least_gap, run_apart
from benchmarks.setting import (
    counted_events,
    currencies,
    frame,
    holdings,
    listeners_called,
    single_frames,
    values_available,
)
from custom_components.upbit.sync import AccountSync
from simulator import Delivery
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until


async def hold(harness: Harness, count: int) -> None:
    """Set an account up that holds so many currencies."""
    for currency in list(harness.account.holdings):
        harness.account.remove(currency)
    harness.account.change(holdings(count))
    await harness.start()


async def test_one_state_written_for_each_currency_that_a_frame_changed(harness: Harness) -> None:
    await hold(harness, 50)
    harness.account.delivery = Delivery.ONE_FRAME
    with counted_events(harness.hass) as events:
        harness.account.change(dict.fromkeys(currencies(3), ("7", "0.5")))
        harness.account.set("C010", "0.1")
        await wait_until(lambda: harness.ledger.sequence == 2)
        await harness.hass.async_block_till_done()
    assert events == {EVENT_STATE_CHANGED: 4}


async def test_total_that_changed_is_written_with_its_value_and_once_with_the_account(
    harness: Harness,
) -> None:
    for currency in currencies(50):
        harness.exchange.markets.list_market(f"SGD-{currency}", "2.95")
    await hold(harness, 50)
    await wait_until(lambda: values_available(harness.coordinator))
    harness.account.delivery = Delivery.ONE_FRAME
    with counted_events(harness.hass) as events:
        harness.account.change(dict.fromkeys(currencies(3), ("7", "0.5")))
        await wait_until(lambda: harness.ledger.sequence == 1)
        await harness.hass.async_block_till_done()
    # A balance and a value of each, and four figures of the account.
    assert events.total() == 3 * 2 + 4


async def test_amount_that_is_locked_writes_its_balance_only(valued: Harness) -> None:
    with counted_events(valued.hass) as events:
        valued.account.place_order("XRP", 50)
        await valued.caught_up()
    assert events == {EVENT_STATE_CHANGED: 1}


async def test_frame_that_changes_nothing_writes_and_fires_nothing(harness: Harness) -> None:
    await hold(harness, 50)
    with counted_events(harness.hass) as events:
        harness.exchange.stream.send_frame(holdings(50), asset_timestamp=2_000_000_000_000)
        await wait_until(lambda: harness.ledger.sequence == 1)
        await harness.hass.async_block_till_done()
    assert events == {}


async def test_frame_does_not_wake_the_loop_of_the_snapshots(
    connected: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.account.set("SGD", 1)
    await connected.caught_up()
    next_snapshot_at = PropertyMock(return_value=inf)
    monkeypatch.setattr(AccountSync, "next_snapshot_at", next_snapshot_at)
    connected.account.set("SGD", 2)
    await connected.caught_up()
    await connected.hass.async_block_till_done()
    next_snapshot_at.assert_not_called()


async def test_planned_reconnect_writes_and_fires_nothing(connected: Harness) -> None:
    with counted_events(connected.hass) as events:
        connected.replace_stream()
        await wait_until(lambda: connected.stats.connects == 2 and connected.in_sync)
        await connected.hass.async_block_till_done()
    assert events == {}


async def test_snapshot_without_a_change_notifies_nobody(harness: Harness) -> None:
    await hold(harness, 500)
    with counted_events(harness.hass) as events:
        await harness.refresh()
        await harness.hass.async_block_till_done()
    assert events == {}
    assert await listeners_called(harness.hass, harness.coordinator) == {}


@pytest.fixture
def work() -> Iterator[Callable[[], int]]:
    """Count the lines of Python that this process runs, and the calls they make; return what reads the count."""
    monitoring, tool = sys.monitoring, sys.monitoring.PROFILER_ID
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    monitoring.use_tool_id(tool, "work")
    for event in (monitoring.events.LINE, monitoring.events.CALL):
        monitoring.register_callback(tool, event, note)
    gc.disable()  # or finalizers of earlier tests would count
    monitoring.set_events(tool, monitoring.events.LINE | monitoring.events.CALL)
    yield lambda: count
    monitoring.set_events(tool, monitoring.events.NO_EVENTS)
    gc.enable()
    monitoring.free_tool_id(tool)


async def test_work_for_a_frame_does_not_grow_with_what_is_held(
    harness: Harness, work: Callable[[], int]
) -> None:
    messages = [message(payload) for payload in single_frames("C000", 4)]
    with fed_streams(work) as feeds:
        await hold(harness, 1)
        (feed,) = feeds.values()
        await feed.cost(messages)
        with_one_held = await feed.cost(messages)
        await feed.cost([message(frame(holdings(500)))])
        await harness.hass.async_block_till_done()
        assert len(harness.ledger.currencies) == 500
        with_500_held = await feed.cost(messages)
    harness.shown.clear()  # amounts of the frames, which the account never had
    assert with_one_held > 100
    assert with_500_held == with_one_held


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_idle_hour_wakes_rarely_and_writes_nothing() -> None:
    hours = idle_hours()
    for idle in hours.values():
        assert least_gap(idle) >= 10
        assert idle["states"] == 0
        assert idle["events"] == 0
    writes = hours["after_update"]["writes"]
    assert writes.keys() == {"ping", "/v1/accounts", "/v1/ticker", "/v1/market/all"}
    assert 60 <= writes["/v1/accounts"] <= 62
    assert 11 <= writes["/v1/ticker"] <= 13
    assert writes["/v1/market/all"] == 1


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_timer_of_the_integration_is_counted() -> None:
    assert least_gap(idle_hours("tests.helpers.planted_timer")["after_update"]) == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_import_loads_nothing_that_home_assistant_does_not_load() -> None:
    imported = run_apart("benchmarks.imports")
    own = ("custom_components", "homeassistant.")
    assert [name for name in imported if not name.startswith(own)] == []
