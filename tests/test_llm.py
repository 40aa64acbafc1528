"""The tools that language models get through Home Assistant's Assist API."""

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.helpers import entity_registry as er, llm
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
import voluptuous as vol

from custom_components.upbit.llm import async_get_tools
from tests.helpers.assist import (
    ACCOUNT,
    BALANCES,
    CHANGES,
    VALUE,
    account_of,
    api,
    call,
    expose,
    tools,
)
from tests.helpers.harness import Harness
from tests.helpers.prices import end_prices
from tests.helpers.virtual_time import wait_until


@pytest.fixture
async def assist(connected: Harness) -> Harness:
    """Return the connected harness with Home Assistant's API for language models."""
    assert await async_setup_component(connected.hass, "homeassistant", {})
    assert await async_setup_component(connected.hass, "llm", {})
    return connected


@pytest.fixture
async def valued_assist(assist: Harness, valued: Harness) -> Harness:
    """Return the same with 61440.75 SGD in total."""
    return assist


# Which tools there are


async def test_no_tool_when_nothing_is_exposed(assist: Harness) -> None:
    expose(assist, "btc", exposed=False)
    assert await tools(assist) == {}
    assert "upbit" not in (await api(assist)).api_prompt


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        ("btc", {BALANCES}),
        ("btc_value", {BALANCES}),
        ("total_value", {VALUE}),
        ("daily_change", {VALUE, CHANGES}),
    ],
)
async def test_tools_are_those_that_have_something_to_return(
    assist: Harness, entity: str, expected: set[str]
) -> None:
    expose(assist, entity)
    assert (await tools(assist)).keys() == expected
    assert "upbit__" in (await api(assist)).api_prompt


async def test_tools_only_read(assist: Harness) -> None:
    expose(assist, "btc", "daily_change")
    found = await tools(assist)
    assert found.keys() == {BALANCES, VALUE, CHANGES}
    for tool in found.values():
        assert tool.annotations == llm.ToolAnnotations(
            read_only=True, destructive=False, idempotent=True, open_world=False
        )
        assert tool.description
        with pytest.raises(vol.Invalid):
            await call(assist, tool.name, amount=1)


async def test_no_tool_for_other_apis(assist: Harness) -> None:
    expose(assist, "btc")
    context = (await api(assist)).llm_context
    assert async_get_tools(assist.hass, context, "homeassistant") is None


async def test_disabled_entity_is_not_exposed(assist: Harness) -> None:
    expose(assist, "cost_basis")
    assert await tools(assist) == {}


# Balances


async def test_balances_have_every_digit(valued_assist: Harness) -> None:
    valued_assist.account.change({"BTC": ("0.500000000000000001", "0.1")})
    await valued_assist.caught_up()
    expose(valued_assist, "btc", "btc_value", "sgd")
    account = await account_of(valued_assist, BALANCES)
    (btc, sgd) = account["balances"]
    assert account["value_currency"] == "SGD"
    assert btc.pop("name")
    assert btc == {
        "currency": "BTC",
        "total": "0.600000000000000001",
        "available": "0.500000000000000001",
        "locked": "0.1",
        "value": "60000.0000000000001",
    }
    assert sgd == {"currency": "SGD", "total": "1200.75", "available": "1000.5", "locked": "200.25"}


async def test_balance_that_is_not_exposed_is_not_returned_with_its_value(valued_assist: Harness) -> None:
    expose(valued_assist, "btc_value")
    ((btc,),) = ((await account_of(valued_assist, BALANCES))["balances"],)
    assert btc.keys() == {"currency", "name", "value"}


@pytest.mark.parametrize("name", ["BTC", "btc ", "Digital Gold", "Upbit Singapore BTC", "bitcoin"])
async def test_one_currency_is_found_by_code_name_and_alias(valued_assist: Harness, name: str) -> None:
    expose(valued_assist, "btc", "xrp")
    er.async_get(valued_assist.hass).async_update_entity(
        f"{ACCOUNT}btc", aliases=[er.COMPUTED_NAME, "digital gold"]
    )
    account = await account_of(valued_assist, BALANCES, currency=name)
    assert [balance["currency"] for balance in account["balances"]] == ["BTC"]


async def test_currency_that_is_not_exposed_is_an_error(assist: Harness) -> None:
    expose(assist, "btc")
    result = await call(assist, BALANCES, currency="XRP")
    assert result.error
    assert result.data["exposed"] == ["BTC"]


async def test_empty_currency_is_returned_only_when_asked_for(assist: Harness) -> None:
    assist.account.set("XRP", "0")
    await assist.caught_up()
    expose(assist, "btc", "xrp")
    assert [each["currency"] for each in (await account_of(assist, BALANCES))["balances"]] == ["BTC"]
    assert (await account_of(assist, BALANCES, currency="XRP"))["balances"][0]["total"] == "0"


async def test_what_is_not_available_is_said_to_be(valued_assist: Harness) -> None:
    expose(valued_assist, "btc", "btc_value", "total_value", "daily_change", "return")
    valued_assist.exchange.rest.row_faults["BTC"] = {"balance": "-1"}
    await valued_assist.refresh()
    (btc,) = (await account_of(valued_assist, BALANCES))["balances"]
    assert (btc["total"], btc["value"]) == (STATE_UNAVAILABLE, STATE_UNAVAILABLE)
    account = await account_of(valued_assist, VALUE)
    assert account["total_value"] == account["return_percent"] == account["daily_change"]["percent"]
    assert account["total_value"] == STATE_UNAVAILABLE
    assert "complete" not in account


async def test_account_that_is_not_loaded_is_not_left_out(assist: Harness) -> None:
    expose(assist, "btc", "daily_change")
    await assist.unload()
    for name in (BALANCES, VALUE, CHANGES):
        assert (await account_of(assist, name)).keys() == {"error"}


# Values


async def test_value_of_the_account(valued_assist: Harness) -> None:
    expose(valued_assist, "total_value", "unrealized_profit", "daily_change", "return")
    account = await account_of(valued_assist, VALUE)
    assert account.pop("daily_change").keys() == {"percent", "since"}
    assert account == {
        "value_currency": "SGD",
        "total_value": "61440.75",
        "unrealized_profit": "0",
        "return_percent": "unknown",
        "complete": True,
        "unpriced": [],
    }


async def test_incomplete_value_names_only_what_is_exposed(valued_assist: Harness) -> None:
    valued_assist.account.change({"YYY": ("5", "0"), "ZZZ": ("5", "0")})
    await valued_assist.caught_up()
    await wait_until(lambda: len(valued_assist.coordinator.value.account().unpriced) == 2, within=60)
    expose(valued_assist, "total_value", "zzz", "zzz_value")
    account = await account_of(valued_assist, VALUE)
    assert (account["complete"], account["unpriced"]) == (False, ["ZZZ"])
    assert (await account_of(valued_assist, BALANCES))["balances"][0]["value"] == "unknown"


async def test_values_without_prices_are_unavailable(valued_assist: Harness) -> None:
    expose(valued_assist, "total_value", "btc_value")
    await end_prices(valued_assist)
    assert (await account_of(valued_assist, VALUE))["total_value"] == STATE_UNAVAILABLE
    assert (await account_of(valued_assist, BALANCES))["balances"][0]["value"] == STATE_UNAVAILABLE


# Today's changes


async def test_daily_change_counts_from_midnight_utc(valued_assist: Harness) -> None:
    expose(valued_assist, "daily_change", "btc")
    account = await account_of(valued_assist, CHANGES)
    # Without the recorder, nothing is known about balances at midnight.
    assert account.keys() == {"daily_change"}
    assert account["daily_change"]["since"] == f"{dt_util.utcnow():%Y-%m-%d} 00:00 UTC"
