"""Measures what the integration costs; prints a table, and ends with status 1 if a limit is missed."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
import logging
import os
from pathlib import Path
import platform
import sys
import tempfile

import aiohttp
from homeassistant import loader
from homeassistant.const import __version__ as home_assistant_version
from homeassistant.runner import create_event_loop
from homeassistant.util import loop

from .account import measure_memory, measure_set_up, measure_snapshot
from .figures import Figure, table
from .frames import measure_frames
from .over_socket import measure_over_socket
from .price_hours import measure_price_hours
from .prices import measure_busy_market, measure_ticker_frames
from .setting import exchange, holdings, home_assistant


async def measure(folder: Path) -> list[Figure]:
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
            *await measure_frames(hass, one, fifty, five_hundred),
            await measure_snapshot(hass, five_hundred),
            *await measure_set_up(hass, five_hundred),
            *await measure_memory(hass, one, five_hundred),
            *await measure_ticker_frames(hass, one, five_hundred),
            # Last, because they leave the accounts with other amounts.
            *await measure_busy_market(hass, fifty),
            *await measure_over_socket(hass, session, (fifty, one, five_hundred)),
        ]


class _Reports(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def blocking_call_reports() -> Iterator[list[str]]:
    """Collect Home Assistant's reports of blocking calls in its event loop."""
    logger, reports = logging.getLogger(loop.__name__), _Reports()
    logger.addHandler(reports)
    logger.propagate = False
    try:
        yield reports.texts
    finally:
        logger.removeHandler(reports)
        logger.propagate = True


def machine() -> str:
    """Return what the figures are measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = models[0] if models else platform.processor() or platform.machine()
    return (
        f"{os.cpu_count()} cores ({processor}), load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, Home Assistant {home_assistant_version}"
    )


def main() -> int:
    """Run the command; returns its exit status."""
    # It warns of every custom integration.
    logging.getLogger(loader.__name__).setLevel(logging.ERROR)
    print(machine(), flush=True)
    # First, because Home Assistant reports every blocking call of the process once it has run.
    over_time = measure_price_hours()
    with blocking_call_reports() as reports, tempfile.TemporaryDirectory(prefix="upbit-bench.") as folder:
        figures = asyncio.run(measure(Path(folder)), loop_factory=create_event_loop)
    figures += over_time
    # The benchmark's own blocking calls are reported too.
    blocking = sum("'upbit'" in report for report in reports)
    figures.append(Figure("reported blocking calls in the event loop", blocking, unit="", at_most=0))
    print(table(figures))
    missed = [figure.text for figure in figures if figure.missed]
    if missed:
        print("missed:", "; ".join(missed), file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
