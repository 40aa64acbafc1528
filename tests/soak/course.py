"""The course of a soak: trading, one fault after another, and quiet points where every sensor must be correct."""

import asyncio
from collections import Counter
import gc
import linecache
from math import isfinite
import os
from pathlib import Path
import random
from tempfile import TemporaryDirectory
import tracemalloc

from homeassistant.const import __version__

from tests.helpers.harness import Harness, own_harness
from tests.helpers.scenarios import SCENARIOS, Scenario, expect
from tests.helpers.virtual_time import wait_until

from .figures import Figures

_FIRST_USE_SILENCE = 300.0
"""Seconds for which the stream of an account may deliver nothing when it is used for the first time."""

_MEMORY_LIMIT_KIB = 256.0
"""Noise of a process in which the same things take place in another order."""


class Soak:
    """One soak; `run` returns its figures."""

    def __init__(self, harness: Harness, hours: float, figures: Figures) -> None:
        self._harness = harness
        self._end = harness.loop.time() + hours * 3600
        self._figures = figures
        self._deck: list[Scenario] = []
        self._memory: tuple[float, int] | None = None

    async def run(self) -> None:
        """Let everything happen, until the time is over."""
        watching = asyncio.create_task(self._watch_sockets())
        trading = asyncio.create_task(self._harness.trader.run())
        try:
            await self._harness.observe(self._warm_up())
            while self._harness.loop.time() < self._end:
                await self._harness.observe(self._cycle())
        finally:
            for task in (watching, trading):
                task.cancel()

    async def _warm_up(self) -> None:
        """Let every scenario happen once and briefly: by then everything has happened that fills a cache."""
        expect(self._harness.observer, SCENARIOS.values())
        for _ in SCENARIOS:
            scenario = self._draw()
            await self._begin(scenario, self._harness.random.uniform(5, 30))
            await self._harness.exchange.recover()
            await self._measure_recovery([scenario])
        await self._rest()

    async def _cycle(self) -> None:
        """Trade for a while, let one scenario or two happen meanwhile; then come to rest."""
        harness = self._harness
        scenarios = [self._draw() for _ in range(harness.random.choice((1, 1, 2)))]
        expect(harness.observer, scenarios)
        harness.trader.paused = False
        await asyncio.sleep(harness.random.uniform(30, 600))
        async with asyncio.TaskGroup() as lasting:
            for scenario in scenarios:
                lasting.create_task(self._begin(scenario, harness.random.uniform(20, 600)))
                await asyncio.sleep(harness.random.uniform(0, 60))
        await harness.exchange.recover()
        await self._measure_recovery(scenarios)
        await asyncio.sleep(harness.random.uniform(60, 300))
        await self._rest()

    def _draw(self) -> Scenario:
        """Draw from a deck, so that each kind comes as often as the others."""
        if not self._deck:
            self._deck = list(SCENARIOS.values())
            self._harness.random.shuffle(self._deck)
        return self._deck.pop()

    async def _begin(self, scenario: Scenario, seconds: float) -> None:
        self._figures.scenarios[scenario.name] = self._figures.scenarios.get(scenario.name, 0) + 1
        await scenario.course(self._harness, seconds)

    async def _measure_recovery(self, scenarios: list[Scenario]) -> None:
        ended, figures = self._harness.loop.time(), self._figures
        names = " + ".join(scenario.name for scenario in scenarios)
        try:
            await wait_until(self._harness.has_recovered, within=7200)
        except AssertionError:
            figures.not_recovered.append(names)
        if (took := self._harness.loop.time() - ended) > figures.longest_recovery:
            figures.longest_recovery, figures.slowest_scenario = took, names

    async def _rest(self) -> None:
        """Come to a quiet point, and take stock."""
        harness, figures, observer = self._harness, self._figures, self._harness.observer
        try:
            observer.wrong += await harness.settle()
        except AssertionError:
            figures.not_recovered.append("quiet point")
        figures.quiet_points += 1
        figures.wrong_states += map(str, observer.wrong)
        if isfinite(observer.longest_lag):
            figures.longest_lag = max(figures.longest_lag, observer.greatest_lag)
        if harness.is_loaded:
            figures.unexpected_errors += harness.stats.unexpected_errors
        self._take_down_record()
        self._measure_memory()
        observer.reset()

    def _take_down_record(self) -> None:
        """Add the exchange's record to the figures, and clear it."""
        record, figures = self._harness.exchange.record, self._figures
        accepted = sum(call.status == 101 for call in record.handshakes)
        snapshots = record.requests("/v1/accounts")
        taken = sum(call.status == 200 for call in snapshots)
        figures.connections += accepted
        figures.failed_handshakes += len(record.handshakes) - accepted
        figures.snapshots += taken
        figures.failed_snapshots += len(snapshots) - taken
        figures.changes = self._harness.observer.changes
        figures.frames = record.frames_sent
        figures.states = self._harness.observer.states
        for each in (record, self._harness.exchange.quotation.record):
            each.calls.clear()
            each.messages.clear()
        self._harness.exchange.keys.prune()
        # The exchange keeps former averages, because it may be late with new ones.
        account = self._harness.account
        for currency, average in account.averages.items():
            account.set_average(currency, average.price, average.unit)

    def _measure_memory(self) -> None:
        now = self._harness.loop.time()
        # The lines of code that tracebacks have loaded are kept by Python, and each fault adds other ones.
        linecache.clearcache()
        gc.collect()
        memory, _ = tracemalloc.get_traced_memory()
        if self._memory is None:
            self._memory = now, memory
        since, before = self._memory
        self._figures.memory_hours = (now - since) / 3600
        self._figures.memory_growth_kib = (memory - before) / 1024

    async def _watch_sockets(self) -> None:
        """Note the most connections that a key ever has at the same time; a half-open one is left out."""
        stream, figures = self._harness.exchange.stream, self._figures

        def most() -> int:
            keys = Counter(each.key.access_key for each in stream.connections if not each.half_open)
            return max(keys.values(), default=0)

        while True:
            await self._harness.exchange.until(lambda: most() > figures.most_sockets)
            figures.most_sockets = most()


async def soak(hours: float, *, seed: int, region: str, pace: float) -> Figures:
    """Run a soak of so many virtual hours, and return its figures."""
    figures = Figures(__version__, region, seed, virtual_hours=hours, memory_limit_kib=_MEMORY_LIMIT_KIB)
    begun = real_time()
    descriptors = open_descriptors()
    random.seed(seed)
    with TemporaryDirectory() as folder:
        async with own_harness(
            Path(folder), region=region, seed=seed, pace=pace, first_use_silence=_FIRST_USE_SILENCE
        ) as harness:
            tracemalloc.start()
            await Soak(harness, hours, figures).run()
            tracemalloc.stop()
            await harness.hass.config_entries.async_unload(harness.entry.entry_id)
            # Immediately: in a minute the integration's own timers, of seconds, would have fired.
            figures.tasks_left = [repr(task) for task in asyncio.all_tasks() if is_ours(repr(task))]
            figures.timers_left = harness.running_timers()
            # Home Assistant's own pool lets go of a connection after 15 s.
            await asyncio.sleep(60)
            figures.connections_left = len(harness.exchange.stream.connections)
    figures.tasks_left += [repr(task) for task in asyncio.all_tasks() - {asyncio.current_task()}]
    figures.descriptors_left = open_descriptors() - descriptors
    figures.real_seconds = real_time() - begun
    return figures


def is_ours(text: str) -> bool:
    """Return whether asyncio's text of a task or a timer names the integration."""
    return "custom_components" in text


def real_time() -> float:
    """Return seconds that no virtual clock moves."""
    return os.times().elapsed


def open_descriptors() -> int:
    """Return how many files and sockets this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())
