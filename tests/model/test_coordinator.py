"""The whole integration in any interleaving of changes and scenarios, on real sockets in a real Home Assistant."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
import random
from tempfile import TemporaryDirectory

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.exceptions import HomeAssistantError
from hypothesis import HealthCheck, given, strategies as st
import pytest

from custom_components.upbit.const import DOMAIN
from custom_components.upbit.services import SERVICE_REFRESH
from simulator import Delivery
from tests.helpers.harness import Harness, own_harness
from tests.helpers.hypothesis_profiles import scaled_settings, scaled_timeout
from tests.helpers.scenarios import SCENARIOS, expect
from tests.helpers.virtual_time import run

# Hours of virtual time, on a machine that may be busy.
pytestmark = [pytest.mark.usefixtures("socket_enabled"), scaled_timeout(300)]

CURRENCIES = ("SGD", "KRW", "BTC", "ETH", "XRP", "DOGE", "SHIB")
PAUSES = (0, 0.001, 0.1, 0.3, 0.7, 1.5, 2, 6, 13, 35, 70, 130, 640)


@dataclass(frozen=True, slots=True)
class Change:
    """Currencies change together, in one frame or in one each."""

    holdings: dict[str, tuple[Decimal, Decimal]]
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Pause:
    """Time passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Begin:
    """A scenario begins, while others may still last."""

    scenario: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Refresh:
    """The action that takes a snapshot is used."""


type Step = Change | Pause | Begin | Refresh

amounts = st.one_of(
    st.just(Decimal(0)),
    st.decimals(min_value=0, max_value=10**9, places=18, allow_nan=False, allow_infinity=False),
)
changes = st.builds(
    Change,
    st.dictionaries(st.sampled_from(CURRENCIES), st.tuples(amounts, amounts), min_size=1, max_size=3),
    st.sampled_from(Delivery),
)
pauses = st.builds(Pause, st.sampled_from(PAUSES))
begins = st.builds(Begin, st.sampled_from(sorted(SCENARIOS)), st.sampled_from(PAUSES[5:-1]))
# Scenarios are rare enough for the balances to recover between them.
kinds = {"change": changes, "pause": pauses, "refresh": st.just(Refresh()), "begin": begins}
kind = st.sampled_from(6 * ["change"] + 6 * ["pause"] + 3 * ["refresh"] + 2 * ["begin"])


def _has_no_second_empty_response(schedule: list[Step]) -> bool:
    """Return whether no second response without rows may confirm the first one, which then is believed."""
    return sum(isinstance(step, Begin) and step.scenario == "empty_response" for step in schedule) <= 1


schedules = st.lists(kind.flatmap(kinds.__getitem__), min_size=12, max_size=50).filter(
    _has_no_second_empty_response
)


async def follow(harness: Harness, schedule: list[Step]) -> None:
    """Take the steps, then let every scenario end."""
    async with asyncio.TaskGroup() as lasting:
        for step in schedule:
            match step:
                case Change(holdings, delivery):
                    harness.exchange.account.delivery = delivery
                    harness.exchange.account.change(holdings)
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Begin(scenario, seconds):
                    lasting.create_task(SCENARIOS[scenario].course(harness, seconds))
                case Refresh():
                    lasting.create_task(refresh(harness))


async def refresh(harness: Harness) -> None:
    entry_id = harness.entry.entry_id
    with suppress(HomeAssistantError):
        await harness.hass.services.async_call(
            DOMAIN, SERVICE_REFRESH, {ATTR_CONFIG_ENTRY_ID: entry_id}, blocking=True
        )


arguments = {
    "region": st.sampled_from(("sg", "kr")),
    "schedule": schedules,
    "chance": st.integers(0, 2**32),
}
suppressed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@given(**arguments)
@scaled_settings(8, suppress_health_check=suppressed)
def test_sensors_show_the_account_and_nothing_else(region: str, schedule: list[Step], chance: int) -> None:
    check(region, schedule, chance)


@pytest.mark.slow
@given(**arguments)
@scaled_settings(40, suppress_health_check=suppressed)
def test_more_sensors_show_the_account_and_nothing_else(
    region: str, schedule: list[Step], chance: int
) -> None:
    check(region, schedule, chance)


def check(region: str, schedule: list[Step], chance: int) -> None:
    """Follow a schedule; every sensor is correct meanwhile and in the end."""

    async def main() -> None:
        with TemporaryDirectory() as folder:
            async with own_harness(Path(folder), region=region, seed=chance) as harness:
                begun = [SCENARIOS[step.scenario] for step in schedule if isinstance(step, Begin)]
                expect(harness.observer, begun)
                # Much happens while a snapshot is under way.
                harness.response_seconds = (0.2, 5)
                await harness.observe(follow(harness, schedule))
                await harness.exchange.recover()
                assert await harness.settle() == []
                assert harness.observer.wrong == []
                assert not harness.stats.unexpected_errors

    random.seed(chance)
    run(main())
