"""Home Assistant's statistics of a balance."""

from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from tests.helpers.harness import Harness
from tests.helpers.virtual_time import virtual_loop, wait_until

DOGE = "sensor.upbit_singapore_doge"


@pytest.fixture(autouse=True)
async def _real_time() -> None:
    """Let time pass as it does outside, because the recorder works in a thread of its own."""
    virtual_loop().real_time = True


# The recorder has to start before Home Assistant.
pytestmark = pytest.mark.usefixtures("recorder_mock")


async def test_first_purchase_of_a_currency_is_a_change(connected: Harness) -> None:
    """Statistics take the first state as their zero point."""
    start = dt_util.utcnow()
    start = start.replace(minute=start.minute // 5 * 5, second=0, microsecond=0)
    connected.account.set("DOGE", "12.5")
    await wait_until(lambda: connected.state(DOGE) == "12.5")
    await async_wait_recording_done(connected.hass)
    do_adhoc_statistics(connected.hass, start=start)
    await async_wait_recording_done(connected.hass)
    found = await connected.hass.async_add_executor_job(
        statistics_during_period, connected.hass, start, None, {DOGE}, "5minute", None, {"sum", "state"}
    )
    (row,) = found[DOGE]
    assert (row["state"], row["sum"]) == (12.5, 12.5)
