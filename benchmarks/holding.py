"""What 500 currencies cost while nothing changes: their set-up, their memory, and a reconcile that finds nothing."""

from collections import Counter
from collections.abc import Mapping
import gc
from time import process_time, thread_time
import tracemalloc
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from custom_components.upbit.coordinator import UpbitCoordinator
from custom_components.upbit.listeners import SIGNAL_CHANGES

from .accounts import currencies
from .exchange import Exchange
from .figures import Figure
from .home_assistant import add_entry, counted_events, remove_entry
from .measuring import Rounds, changing_order

_MANY = 500

type Account = tuple[str, Mapping[str, Any]]
"""The domain and the data of an entry."""


def bare(count: int) -> Account:
    """Return an entry of so many bare sensors."""
    return "bare_sensors", {"currencies": currencies(count), "common_coordinator": False}


async def measure_set_up(hass: HomeAssistant, account: Exchange, rounds: int) -> list[Figure]:
    """Measure the CPU time of all threads until an entry is set up with all its sensors."""
    taken = Rounds()

    async def cpu_time(domain: str, data: Mapping[str, Any]) -> float:
        started = process_time()
        entry = await add_entry(hass, domain, data)
        ended = process_time()
        await remove_entry(hass, entry)
        return ended - started

    await taken.take(
        {
            "ours": lambda: cpu_time("upbit", account.entry_data),
            "bare": lambda: cpu_time(*bare(_MANY)),
        },
        rounds,
    )
    return [
        Figure(
            "set_up",
            "CPU to set up 500 currencies, to adding 500 bare sensors",
            taken.ratio("ours", "bare"),
            at_most=1.3,
            beside=f"{taken.typical('ours') * 1e3:.0f} ms, floor {taken.typical('bare') * 1e3:.0f} ms",
        )
    ]


async def measure_memory(hass: HomeAssistant, few: Exchange, many: Exchange, rounds: int) -> list[Figure]:
    """Measure what each further currency takes of Python's memory, the sensor, its state and its registration."""

    async def allocated(domain: str, data: Mapping[str, Any]) -> int:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        entry = await add_entry(hass, domain, data)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        await remove_entry(hass, entry)
        return after - before

    async def per_currency(one: Account, all_of_them: Account) -> float:
        return (await allocated(*all_of_them) - await allocated(*one)) / (_MANY - 1)

    tracemalloc.start()
    try:
        taken = Rounds()
        accounts: dict[str, tuple[Account, Account]] = {
            "bare": (bare(1), bare(_MANY)),
            "ours": (("upbit", few.entry_data), ("upbit", many.entry_data)),
        }
        for names in changing_order(accounts, rounds):
            for name in names:
                taken.add(name, await per_currency(*accounts[name]))
    finally:
        tracemalloc.stop()
    return [
        Figure(
            "memory",
            "memory of a currency held, to a bare sensor's",
            taken.ratio("ours", "bare"),
            at_most=1.5,
            beside=f"{taken.typical('ours') / 1024:.1f} KiB, bare sensor {taken.typical('bare') / 1024:.1f} KiB",
        )
    ]


async def measure_reconcile(hass: HomeAssistant, account: Exchange, rounds: int) -> list[Figure]:
    """Count what a snapshot sets off that shows nothing new, and take its CPU time."""
    entry = await add_entry(hass, "upbit", account.entry_data)
    coordinator: UpbitCoordinator = entry.runtime_data
    taken = Rounds()

    async def cpu_time() -> float:
        started = thread_time()
        await coordinator.async_refresh()
        return thread_time() - started

    with counted_events(hass) as events:
        await taken.take({"reconcile": cpu_time}, rounds)
        await hass.async_block_till_done()
    calls = await listeners_called(hass, coordinator)
    await remove_entry(hass, entry)
    written = events[EVENT_STATE_CHANGED] + events[EVENT_STATE_REPORTED]
    of_how_many = f"{rounds + 1} reconciles, {taken.typical('reconcile') * 1e3:.1f} ms of CPU each"
    return [
        Figure(
            "reconcile_states",
            "states written by a reconcile that finds nothing, 500 held",
            written,
            unit="",
            at_most=0,
            steady=True,
            beside=of_how_many,
        ),
        Figure(
            "reconcile_events",
            "events it fired",
            events.total() - written,
            unit="",
            at_most=0,
            steady=True,
        ),
        Figure(
            "reconcile_listeners",
            "listeners it called",
            calls.total(),
            unit="",
            at_most=0,
            steady=True,
        ),
    ]


async def listeners_called(hass: HomeAssistant, coordinator: UpbitCoordinator) -> Counter[str]:
    """Take a snapshot with a counting listener wherever one can be.

    Those of the currencies take the place of the sensors', for there is one to each: no state is written any more.
    """
    calls: Counter[str] = Counter()

    def counting(name: str) -> Any:
        def count(*_: object) -> None:
            calls[name] += 1

        return count

    listeners = coordinator.listeners
    for currency in coordinator.ledger.holdings:
        listeners.async_add_currency(currency, counting("currency"))
    stops = [
        listeners.async_add_changes(counting("changes")),
        listeners.async_add_health(counting("health")),
        async_dispatcher_connect(
            hass, SIGNAL_CHANGES.format(coordinator.config_entry.entry_id), counting("dispatcher")
        ),
    ]
    await coordinator.async_refresh()
    await hass.async_block_till_done()
    for stop in stops:
        stop()
    return calls
