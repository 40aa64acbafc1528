"""The soak passes a correct integration, and fails one that is wrong, leaks or leaves something running."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
import logging

import pytest

from custom_components.upbit import sensor
from custom_components.upbit.api.ledger import Change, Ledger
from custom_components.upbit.api.wire import AssetUpdate
from custom_components.upbit.const import TIMINGS
from custom_components.upbit.coordinator import UpbitCoordinator
from tests.helpers.scenarios import SCENARIOS
from tests.helpers.virtual_time import run

from .course import soak
from .figures import Figures

# Hours of virtual time, on a machine that may be busy.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("socket_enabled"), pytest.mark.timeout(300)]

kept: list[AssetUpdate] = []


@pytest.fixture
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave only one kind of scenario."""
    chosen = SCENARIOS[request.param]
    for name in set(SCENARIOS) - {chosen.name}:
        monkeypatch.delitem(SCENARIOS, name)


def soaked(hours: float) -> Figures:
    kept.clear()
    # pytest keeps every record of a test, with its traceback.
    logging.disable()
    try:
        return run(soak(hours, seed=1, region="sg", pace=0.5))
    finally:
        logging.disable(logging.NOTSET)


def test_correct_integration_passes() -> None:
    figures = soaked(1)
    assert figures.failures == []
    assert figures.changes > 100
    assert figures.quiet_points > 1
    assert "wrong_states" in figures.table()


def rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    def rounded(amount: Decimal) -> str:
        return str(float(amount))

    monkeypatch.setattr(sensor, "plain", rounded)


def never_comparing(monkeypatch: pytest.MonkeyPatch) -> None:
    timings = replace(TIMINGS, snapshot_interval=100_000)
    monkeypatch.setattr("custom_components.upbit.coordinator.TIMINGS", timings)


def leaving_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    async_stop = UpbitCoordinator.async_stop

    async def stop_and_start(self: UpbitCoordinator) -> None:
        await async_stop(self)
        asyncio.create_task(asyncio.Event().wait(), name="left")  # noqa: RUF006

    monkeypatch.setattr(UpbitCoordinator, "async_stop", stop_and_start)


def leaving_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a timer of the kind that the integration has: a method of its own, due within seconds."""
    async_stop = UpbitCoordinator.async_stop

    async def stop_and_wait(self: UpbitCoordinator) -> None:
        await async_stop(self)
        self.hass.loop.call_later(10, self._on_timer)

    monkeypatch.setattr(UpbitCoordinator, "async_stop", stop_and_wait)


def frames_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    merge_update = Ledger.merge_update

    def keep(self: Ledger, update: AssetUpdate) -> list[Change]:
        kept.append(update)
        return merge_update(self, update)

    monkeypatch.setattr(Ledger, "merge_update", keep)


@pytest.mark.parametrize(
    ("only", "broken", "hours", "failure"),
    [
        ("closed", rounding, 0.2, "wrong state: "),
        ("lost_frames", never_comparing, 1, "wrong state: "),
        ("closed", leaving_tasks, 0.2, "task left: "),
        ("closed", leaving_timers, 0.2, "timer left: "),
        ("closed", frames_kept, 0.4, "memory grew "),
    ],
    indirect=["only"],
)
@pytest.mark.usefixtures("only")
def test_faulty_integration_fails(
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[pytest.MonkeyPatch], None],
    hours: float,
    failure: str,
) -> None:
    broken(monkeypatch)
    assert any(each.startswith(failure) for each in soaked(hours).failures)
