"""What a frame, a snapshot and an hour of silence set off, counted: figures that no busy machine changes."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
import sys

from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from benchmarks.frames import fed_streams, message
from benchmarks.idle_hour import idle_hours, least_gap, run_apart
from benchmarks.setting import counted_events, currencies, holdings, listeners_called, single_frames
from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.api.wire import Holding
from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import Delivery, SimulatedExchange
from tests.waiting import until

type SetUp = Callable[[int], Awaitable[UpbitCoordinator]]


@pytest.fixture
def set_up(hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry) -> SetUp:
    """Return what sets an account up that holds so many currencies."""

    async def set_up(count: int) -> UpbitCoordinator:
        for currency in list(exchange.account.holdings):
            exchange.account.remove(currency)
        exchange.account.change(holdings(count))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        await until(lambda: entry.runtime_data.sync.in_sync)
        return entry.runtime_data

    return set_up


async def test_one_state_written_for_each_currency_that_a_frame_changed(
    hass: HomeAssistant, set_up: SetUp, exchange: SimulatedExchange
) -> None:
    coordinator = await set_up(50)
    exchange.account.delivery = Delivery.ONE_FRAME
    with counted_events(hass) as events:
        exchange.account.change(dict.fromkeys(currencies(3), ("7", "0.5")))
        exchange.account.set("C010", "0.1")
        await until(lambda: coordinator.stats.frames == 2)
        await hass.async_block_till_done()
    assert events == {EVENT_STATE_CHANGED: 4}


async def test_frame_that_changes_nothing_writes_and_fires_nothing(
    hass: HomeAssistant, set_up: SetUp, exchange: SimulatedExchange
) -> None:
    coordinator = await set_up(50)
    with counted_events(hass) as events:
        exchange.stream.send_frame(holdings(50), asset_timestamp=2_000_000_000_000)
        await until(lambda: coordinator.stats.frames == 1)
        await hass.async_block_till_done()
    assert events == {}


async def test_snapshot_that_shows_nothing_new_reaches_nobody(hass: HomeAssistant, set_up: SetUp) -> None:
    coordinator = await set_up(500)
    with counted_events(hass) as events:
        await coordinator.async_refresh()
        await hass.async_block_till_done()
    assert events == {}
    assert await listeners_called(hass, coordinator) == {}


async def test_snapshot_that_reached_somebody_would_be_noticed(
    hass: HomeAssistant, set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = await set_up(2)

    def all_changed(ledger: Ledger, snapshot: Mapping[str, Holding], _: int) -> list[Change]:
        return [Change(currency, held, held, None, False) for currency, held in snapshot.items()]

    monkeypatch.setattr(Ledger, "merge_snapshot", all_changed)
    with counted_events(hass) as events:
        await coordinator.async_refresh()
        await hass.async_block_till_done()
    assert events == {EVENT_STATE_REPORTED: 2}
    assert await listeners_called(hass, coordinator) == {"currency": 2, "changes": 1, "dispatcher": 1}


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
    monitoring.set_events(tool, monitoring.events.LINE | monitoring.events.CALL)
    yield lambda: count
    monitoring.set_events(tool, monitoring.events.NO_EVENTS)
    monitoring.free_tool_id(tool)


async def test_work_for_a_frame_does_not_grow_with_what_is_held(
    hass: HomeAssistant, set_up: SetUp, exchange: SimulatedExchange, work: Callable[[], int]
) -> None:
    messages = [message(payload) for payload in single_frames("C000", 4)]
    with fed_streams(work) as feeds:
        coordinator = await set_up(1)
        (feed,) = feeds.values()
        await feed.cost(messages)
        with_one_held = await feed.cost(messages)
        exchange.account.change(holdings(500), announce=False)
        await coordinator.async_refresh()
        await hass.async_block_till_done()
        assert len(hass.states.async_entity_ids("sensor")) == 500
        with_500_held = await feed.cost(messages)
    assert with_one_held > 100
    assert with_500_held == with_one_held


@pytest.mark.timeout(240)
def test_idle_hour_wakes_rarely_and_writes_nothing() -> None:
    hours = idle_hours()
    for idle in hours.values():
        assert least_gap(idle) >= 10
        assert idle["states"] == 0
        assert idle["events"] == 0
    assert hours["after_update"]["writes"].keys() == {"ping", "/v1/accounts"}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("helper", ["interval", "call_later", "loop"])
def test_timer_of_the_integration_would_be_noticed(monkeypatch: pytest.MonkeyPatch, helper: str) -> None:
    monkeypatch.setenv("PLANTED", helper)
    assert least_gap(idle_hours("tests.planted_timer")["after_update"]) == pytest.approx(1)


@pytest.mark.timeout(240)
def test_import_brings_nothing_that_home_assistant_has_not() -> None:
    imported = run_apart("benchmarks.imports")
    own = ("custom_components", "homeassistant.")
    assert [name for name in imported if not name.startswith(own)] == []
