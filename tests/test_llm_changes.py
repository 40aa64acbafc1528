"""Changes of balances since local midnight, which a language model's tool reads from the recorder."""

from datetime import datetime, timedelta, timezone
from typing import Any

from homeassistant.components.recorder import history
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy.exc import OperationalError

from tests.helpers.assist import ACCOUNT, CHANGES, account_of, expose, tools
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import virtual_loop


@pytest.fixture(autouse=True)
async def _real_time() -> None:
    """Let time pass as it does outside, because the recorder works in a thread of its own."""
    virtual_loop().real_time = True


# The recorder has to start before Home Assistant.
pytestmark = pytest.mark.usefixtures("recorder_mock")


@pytest.fixture
async def assist(connected: Harness) -> Harness:
    """Return the connected harness with Home Assistant's API for language models, and some balances exposed."""
    assert await async_setup_component(connected.hass, "homeassistant", {})
    assert await async_setup_component(connected.hass, "llm", {})
    expose(connected, "btc", "sgd", "xrp")
    await async_wait_recording_done(connected.hass)
    return connected


def start_day() -> datetime:
    """Move Home Assistant to a time zone in which the day starts now; return when that is."""
    # In whole seconds, as time zones are.
    virtual_loop().move_wall_clock(1 - dt_util.utcnow().microsecond / 1e6)
    day = dt_util.utcnow().replace(microsecond=0)
    dt_util.set_default_time_zone(timezone(day.replace(hour=0, minute=0, second=0) - day))
    assert dt_util.start_of_local_day() == day
    return day


async def change(harness: Harness, currency: str, available: str, locked: str = "0") -> None:
    harness.account.set(currency, available, locked)
    await harness.caught_up()
    await async_wait_recording_done(harness.hass)


async def changes(harness: Harness) -> list[dict[str, Any]]:
    return (await account_of(harness, CHANGES))["balances"]


async def test_changes_since_midnight_are_exact(assist: Harness) -> None:
    await change(assist, "BTC", "0.600000000000000001")
    start_day()
    await change(assist, "BTC", "5")
    await change(assist, "BTC", "0.5", "0.2")
    assert await changes(assist) == [
        {
            "currency": "BTC",
            "before": "0.600000000000000001",
            "now": "0.7",
            "difference": "0.099999999999999999",
            "changes": 2,
        }
    ]


async def test_change_and_back_is_not_left_out(assist: Harness) -> None:
    start_day()
    await change(assist, "XRP", "0")
    await change(assist, "XRP", "120")
    (xrp,) = await changes(assist)
    assert (xrp["currency"], xrp["difference"], xrp["changes"]) == ("XRP", "0", 2)


async def test_locked_is_no_change(assist: Harness) -> None:
    start_day()
    await change(assist, "XRP", "100", "20")
    assert await changes(assist) == []


async def test_first_purchase_is_a_change_from_zero(assist: Harness) -> None:
    day = start_day()
    await change(assist, "DOGE", "12.5")
    expose(assist, "doge")
    (doge,) = await changes(assist)
    assert (doge["before"], doge["now"], doge["changes"]) == ("0", "12.5", 1)
    assert datetime.fromisoformat(doge["since"]) >= day - timedelta(seconds=1)


async def test_balance_that_is_unknown_at_midnight_has_a_time_of_its_own(assist: Harness) -> None:
    assert await assist.unload()
    await async_wait_recording_done(assist.hass)
    start_day()
    await assist.start()
    await async_wait_recording_done(assist.hass)
    found = await changes(assist)
    assert [(each["currency"], each["changes"]) for each in found] == [("BTC", 0), ("SGD", 0), ("XRP", 0)]
    assert all("since" in each for each in found)


async def test_balance_that_is_not_available_has_no_difference(assist: Harness) -> None:
    start_day()
    assist.exchange.rest.row_faults["BTC"] = {"balance": "-1"}
    await assist.refresh()
    assert await changes(assist) == [
        {
            "currency": "BTC",
            "before": "0.6",
            "now": "unavailable",
            "difference": "unavailable",
            "changes": 0,
        }
    ]


@pytest.mark.parametrize("recorder_config", [{"exclude": {"entities": [f"{ACCOUNT}xrp"]}}])
async def test_balance_that_is_not_recorded_is_not_left_out(assist: Harness) -> None:
    start_day()
    # Its state is from before, so it has not changed.
    assert await changes(assist) == []
    await change(assist, "XRP", "121")
    assert await changes(assist) == [
        {"currency": "XRP", "before": "unknown", "now": "121", "difference": "unknown", "changes": 0}
    ]


async def test_database_that_cannot_be_read_is_said_to_be(
    assist: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("locked"))

    expose(assist, "daily_change")
    monkeypatch.setattr(history, "get_significant_states", broken)
    account = await account_of(assist, CHANGES)
    assert account["error"] == "The history of the balances can't be read at the moment."
    assert "daily_change" in account


async def test_tool_needs_an_exposed_balance_or_daily_change(assist: Harness) -> None:
    assert CHANGES in await tools(assist)
    expose(assist, "btc", "sgd", "xrp", exposed=False)
    expose(assist, "btc_value", "total_value")
    assert CHANGES not in await tools(assist)
