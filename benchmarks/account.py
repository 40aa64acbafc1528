"""What an account with 500 currencies costs: its set-up, its memory, and a snapshot that shows nothing new."""

from collections.abc import Mapping
import gc
from time import process_time, thread_time
import tracemalloc
from typing import Any

from homeassistant.core import HomeAssistant

from .figures import Figure, Rounds
from .setting import WITHOUT_PRICES, Exchange, add_entry, currencies, remove_entry

_MANY = 500

type Entry = tuple[str, Mapping[str, Any], Mapping[str, Any]]
"""The domain, the data and the options of a config entry."""


def bare(count: int) -> Entry:
    """Return an entry of so many bare sensors."""
    return "bare_sensors", {"currencies": currencies(count)}, {}


def balances(account: Exchange) -> Entry:
    """Return the entry of an account without price updates."""
    return "upbit", account.entry_data, WITHOUT_PRICES


def values(account: Exchange) -> Entry:
    """Return the entry of an account with price updates."""
    return "upbit", account.entry_data, {}


async def measure_snapshot(hass: HomeAssistant, account: Exchange) -> Figure:
    """Measure the CPU time of a snapshot that shows nothing new, from the request to the merged rows."""
    entry = await add_entry(hass, *values(account))
    taken = Rounds()

    async def cpu_time() -> float:
        started = thread_time()
        await entry.runtime_data.async_refresh()
        return thread_time() - started

    await taken.take({"snapshot": cpu_time}, 20)
    await remove_entry(hass, entry)
    return Figure(
        "CPU of a snapshot that shows nothing new, 500 held", taken.typical("snapshot") * 1e3, unit="ms"
    )


async def measure_set_up(hass: HomeAssistant, account: Exchange) -> list[Figure]:
    """Measure the CPU time of all threads until an entry is set up with all its sensors."""
    taken = Rounds()

    async def cpu_time(added: Entry) -> float:
        started = process_time()
        entry = await add_entry(hass, *added)
        ended = process_time()
        await remove_entry(hass, entry)
        return ended - started

    await taken.take(
        {
            "balances": lambda: cpu_time(balances(account)),
            "values": lambda: cpu_time(values(account)),
            "bare": lambda: cpu_time(bare(_MANY)),
        },
        15,
    )
    return [
        Figure(
            "CPU to set up 500 currencies without prices, to adding 500 bare sensors",
            taken.ratio("balances", "bare"),
            f"{taken.typical('balances') * 1e3:.0f} ms, floor {taken.typical('bare') * 1e3:.0f} ms",
            at_most=1.3,
        ),
        Figure(
            "the same with prices, 1,500 sensors more",
            taken.ratio("values", "bare"),
            f"{taken.typical('values') * 1e3:.0f} ms",
        ),
    ]


async def measure_memory(hass: HomeAssistant, few: Exchange, many: Exchange) -> list[Figure]:
    """Measure the Python memory of each further currency: sensor, state and registration."""

    async def allocated(added: Entry) -> int:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        entry = await add_entry(hass, *added)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        await remove_entry(hass, entry)
        return after - before

    async def per_currency(one: Entry, all_of_them: Entry) -> float:
        return (await allocated(all_of_them) - await allocated(one)) / (_MANY - 1)

    tracemalloc.start()
    try:
        taken = Rounds()
        for _ in range(3):
            taken.add("bare", await per_currency(bare(1), bare(_MANY)))
            taken.add("balances", await per_currency(balances(few), balances(many)))
            taken.add("values", await per_currency(values(few), values(many)))
    finally:
        tracemalloc.stop()
    return [
        Figure(
            "memory of a currency held without prices, to a bare sensor's",
            taken.ratio("balances", "bare"),
            f"{taken.typical('balances') / 1024:.1f} KiB, bare sensor {taken.typical('bare') / 1024:.1f} KiB",
            at_most=1.5,
        ),
        Figure(
            "the same with prices, three sensors more",
            taken.ratio("values", "bare"),
            f"{taken.typical('values') / 1024:.1f} KiB",
        ),
    ]
