"""The benchmark's command: measures, prints a table, and ends with status 1 when a limit is missed."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
import logging
import os
from pathlib import Path
import platform
import sys
import tempfile
from typing import Any

import aiohttp
from homeassistant import loader
from homeassistant.const import __version__ as home_assistant_version
from homeassistant.runner import create_event_loop

from .accounts import holdings
from .apart import measure_idle_hours, measure_imports
from .blocking import reported_blocking_calls
from .exchange import exchange
from .figures import Figure, missed, table, write_json
from .frames import measure_frames
from .holding import measure_memory, measure_reconcile, measure_set_up
from .home_assistant import home_assistant
from .over_socket import measure_over_socket


async def measure_together(folder: Path, *, short: bool) -> list[Figure]:
    """Measure in one Home Assistant, against three exchanges in processes of their own."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        exchanges = []
        for region, count in (("sg", 1), ("id", 50), ("th", 500)):
            exchanges.append(await stack.enter_async_context(exchange(session, region, folder)))
            await exchanges[-1].hold(holdings(count))
        one, fifty, five_hundred = exchanges
        hass = await stack.enter_async_context(home_assistant(folder))
        return [
            *await measure_frames(hass, one, fifty, five_hundred, rounds=40 if short else 80),
            *await measure_reconcile(hass, five_hundred, rounds=3 if short else 20),
            *await measure_set_up(hass, five_hundred, rounds=3 if short else 15),
            *await measure_memory(hass, one, five_hundred, rounds=1 if short else 3),
            # Last, because it leaves the accounts with other amounts.
            *await measure_over_socket(hass, session, fifty, one, five_hundred, rounds=2 if short else 18),
        ]


def measure(*, short: bool) -> list[Figure]:
    """Take all figures."""
    # First, for afterwards Home Assistant's watch over its event loop also watches what waits here.
    apart = [*measure_idle_hours(), *measure_imports(1 if short else 5)]
    with tempfile.TemporaryDirectory(prefix="upbit-bench.") as folder:
        together = asyncio.run(measure_together(Path(folder), short=short), loop_factory=create_event_loop)
    return together + apart


def blocking_calls(reports: Sequence[str]) -> Figure:
    """Return how often Home Assistant reported the integration."""
    return Figure(
        "blocking_calls",
        "blocking calls in the event loop that Home Assistant reported",
        sum("'upbit'" in report for report in reports),
        unit="",
        at_most=0,
        steady=True,
    )


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "home_assistant": home_assistant_version,
    }


def _processor() -> str:
    names = Path("/proc/cpuinfo")
    if names.exists():
        for line in names.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--short",
        action="store_true",
        help="few rounds; only the counts and the flatness, which no busy machine changes, can fail the run",
    )
    parser.add_argument(
        "--json", type=Path, metavar="PATH", help="write each figure with its limit to a file"
    )
    options = parser.parse_args()
    # It warns of every custom integration.
    logging.getLogger(loader.__name__).setLevel(logging.ERROR)
    measured_on = machine()
    with reported_blocking_calls() as reports:
        figures = measure(short=options.short)
        figures.append(blocking_calls(reports))
        print(", ".join(f"{name} {value}" for name, value in measured_on.items()))
        print(table(figures, short=options.short))
        if options.json is not None:
            write_json(options.json, figures, measured_on, short=options.short)
    failures = missed(figures, short=options.short)
    if failures:
        print("missed:", ", ".join(figure.key for figure in failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
