"""Values in the running integration: from the public stream and the average buy prices to the sensors."""

import asyncio
from decimal import Decimal

from homeassistant.const import EVENT_STATE_CHANGED, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.upbit.price_feed import async_running_feeds
from simulator.record import PUBLIC_STREAM
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

ACCOUNT = "sensor.upbit_singapore_"
TOTAL, BTC, XRP = f"{ACCOUNT}total_value", f"{ACCOUNT}btc_value", f"{ACCOUNT}xrp_value"
PRICE_FEED = "binary_sensor.upbit_singapore_price_feed"
OF_PRICES = ("value", "price", "profit", "return", "daily_change", "cost_basis")


def attributes(harness: Harness, entity_id: str) -> dict[str, object]:
    state = harness.hass.states.get(entity_id)
    assert state is not None
    return dict(state.attributes)


def writes(harness: Harness, entity_id: str) -> list[str]:
    """Record the states that are written from now on."""
    written: list[str] = []

    @callback
    def on_change(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == entity_id and event.data["new_state"] is not None:
            written.append(event.data["new_state"].state)

    harness.hass.bus.async_listen(EVENT_STATE_CHANGED, on_change)
    return written


# Figures


async def test_figures_are_exact(bought: Harness) -> None:
    assert bought.state(BTC) == "70800.0000"
    assert bought.state(XRP) == "354.0000"
    assert bought.state(TOTAL) == "72354.7500"
    assert bought.state(f"{ACCOUNT}unrealized_profit") == "10800.0000"
    assert bought.state(f"{ACCOUNT}return") == "18.0000"
    assert bought.state(f"{ACCOUNT}daily_change") == "17.8944"
    assert bought.state(PRICE_FEED) == STATE_ON
    assert attributes(bought, TOTAL)["complete"] is True
    assert attributes(bought, f"{ACCOUNT}unrealized_profit")["without_cost"] == ["XRP"]
    found = attributes(bought, BTC)
    assert found["price"] == 118000.0
    assert found["price_source"] == "SGD-BTC"
    assert found["share"] == 97.8512
    assert found["daily_change"] == 18.0
    assert found["currency_name"] == "Bitcoin"


async def test_change_of_a_total_is_written_immediately(bought: Harness) -> None:
    bought.account.deposit("XRP", "1")
    await bought.becomes(XRP, "356.9500", within=1)
    await bought.becomes(TOTAL, "72357.7000", within=1)


async def test_locked_amount_changes_no_value(bought: Harness) -> None:
    written = writes(bought, XRP)
    bought.account.place_order("XRP", 50)
    await bought.caught_up()
    assert bought.hass.states.get("sensor.upbit_singapore_xrp").attributes["locked"] == 50
    assert not written


async def test_total_is_of_one_moment_when_a_snapshot_restores_one_amount_and_changes_another(
    bought: Harness,
) -> None:
    rest = bought.exchange.rest
    rest.row_faults["BTC"] = {"locked": "-1"}
    await bought.refresh()
    assert bought.state(TOTAL) == STATE_UNAVAILABLE
    rest.row_faults.clear()
    bought.account.change({"XRP": ("121", "0")}, announce=False)
    written = writes(bought, TOTAL)
    await bought.refresh()
    assert written == ["72357.7000"]


async def test_price_is_written_when_the_gate_allows_it(bought: Harness) -> None:
    await pass_time(10)
    bought.exchange.markets.set_price("SGD-XRP", "3")
    await pass_time(15)
    assert bought.state(XRP) == "354.0000"
    await bought.becomes(XRP, "360.0000", within=10)
    assert attributes(bought, XRP)["price"] == 3.0


async def test_coin_bought_for_the_first_time_joins(bought: Harness) -> None:
    subscribed = bought.exchange.quotation.stream.connections[0]
    bought.account.deposit("ETH", "2")
    await wait_until(lambda: bought.state(f"{ACCOUNT}eth_value") == "7800.0000")
    await bought.becomes(TOTAL, "80154.7500")
    assert bought.exchange.quotation.stream.connections == [subscribed]
    assert subscribed.codes == {"SGD-BTC", "SGD-XRP", "SGD-ETH"}


async def test_coin_without_a_market_is_named_beside_the_total(bought: Harness) -> None:
    bought.account.deposit("AIRDROP", "5")
    await wait_until(lambda: bought.state(f"{ACCOUNT}airdrop_value") == STATE_UNKNOWN)
    await bought.becomes(TOTAL, "72354.7500")
    assert attributes(bought, TOTAL)["complete"] is False
    assert attributes(bought, TOTAL)["unpriced"] == ["AIRDROP"]


@pytest.mark.parametrize("announce", [True, False])
async def test_delisted_coin_has_no_value(bought: Harness, announce: bool) -> None:
    bought.exchange.markets.delist("SGD-XRP", announce=announce)
    # Without a frame, the verification finds that the market is unknown.
    await wait_until(lambda: bought.state(XRP) == STATE_UNKNOWN, within=400)
    await bought.becomes(TOTAL, "72000.7500")
    assert attributes(bought, TOTAL)["unpriced"] == ["XRP"]


async def test_listed_market_without_a_price_is_known_to_have_none(bought: Harness) -> None:
    bought.exchange.markets.list_market("SGD-NEW")
    bought.account.deposit("NEW", "5")
    await wait_until(lambda: bought.state(f"{ACCOUNT}new_value") == STATE_UNKNOWN, within=20)
    assert bought.state(TOTAL) == "72354.7500"


@pytest.mark.parametrize("region", ["id"])
async def test_price_over_two_markets(harness: Harness) -> None:
    harness.exchange.markets.set_price("BTC-ADA", "0.0000089831")
    harness.account.set("ADA", "10")
    await harness.start()
    entity_id = "sensor.upbit_indonesia_ada_value"
    await wait_until(lambda: harness.state(entity_id) not in (None, STATE_UNAVAILABLE))
    btc = harness.exchange.markets["IDR-BTC"].price
    assert btc is not None
    assert Decimal(harness.state(entity_id)) == round(10 * Decimal("0.0000089831") * btc, 2)
    assert attributes(harness, entity_id)["price_source"] == "BTC-ADA × IDR-BTC"


async def test_daily_change_is_computed_again_at_midnight_utc(harness: Harness) -> None:
    harness.exchange.markets.list_market("SGD-BTC", 118_000, previous_close=100_000)
    harness.exchange.markets.list_market("SGD-XRP", "2.95")
    now = dt_util.utcnow()
    harness.loop.move_wall_clock(86_400 - 10 - (now.timestamp() % 86_400))
    await harness.start()
    daily_change = f"{ACCOUNT}daily_change"
    # By this clock nothing was traded for hours. The trades are of today all the same.
    await harness.becomes(daily_change, "17.8944", within=5)
    # Nothing was traded since, so each price is itself the previous close.
    await harness.becomes(daily_change, "0.0000", within=10)
    assert attributes(harness, f"{ACCOUNT}btc_value")["daily_change"] == 0


async def test_daily_change_is_computed_again_after_the_host_slept(bought: Harness) -> None:
    bought.loop.move_wall_clock(86_400)
    await bought.becomes(f"{ACCOUNT}daily_change", "0.0000", within=70)


# Cost


async def test_cost_is_unknown_from_a_purchase_until_its_average_is_there(bought: Harness) -> None:
    profit = f"{ACCOUNT}unrealized_profit"
    bought.account.deposit("BTC", "0.4")
    await bought.becomes(profit, STATE_UNKNOWN, within=1)
    assert bought.state(TOTAL) == "119554.7500"
    snapshots = bought.stats.snapshots
    bought.exchange.rest.average_prices["BTC"] = ("107200", "SGD")
    await bought.becomes(profit, "10800.0000", within=4)
    assert bought.stats.snapshots == snapshots + 1


async def test_cost_that_stays_the_same_is_known_after_ten_seconds(bought: Harness) -> None:
    profit = f"{ACCOUNT}unrealized_profit"
    bought.account.deposit("BTC", "0.4")
    await bought.becomes(profit, STATE_UNKNOWN, within=1)
    await pass_time(8)
    assert bought.state(profit) == STATE_UNKNOWN
    await bought.becomes(profit, "18000.0000", within=4)


async def test_profit_follows_the_price_of_what_the_cost_is_counted_in(bought: Harness) -> None:
    profit = f"{ACCOUNT}unrealized_profit"
    bought.exchange.markets.list_market("SGD-USDT", "1.3")
    bought.exchange.rest.average_prices["XRP"] = ("1", "USDT")
    await bought.refresh()
    await bought.becomes(profit, "10998.0000", within=15)
    bought.exchange.markets.set_price("SGD-USDT", "2.6")
    await bought.becomes(profit, "10842.0000", within=305)


async def test_purchase_while_balances_are_unavailable_is_not_valued_at_the_cost_before(
    bought: Harness,
) -> None:
    profit = f"{ACCOUNT}unrealized_profit"
    bought.exchange.rest.fail_with(503)
    bought.exchange.cut()
    await bought.becomes(profit, STATE_UNAVAILABLE, within=20)
    await wait_until(lambda: bought.stream_connected, within=300)
    shown = writes(bought, profit)
    bought.account.deposit("BTC", "0.4")
    bought.exchange.rest.average_prices["BTC"] = ("107200", "SGD")
    await wait_until(lambda: bought.ledger.holding("BTC").total == 1)
    bought.exchange.rest.recover()
    await bought.becomes(profit, "10800.0000", within=60)
    assert shown == [STATE_UNKNOWN, "10800.0000"]


async def test_purchase_during_the_first_snapshot_is_not_valued_at_the_cost_before(bought: Harness) -> None:
    profit = f"{ACCOUNT}unrealized_profit"
    shown = writes(bought, profit)
    async with bought.exchange.hold_snapshots() as held:
        reload = asyncio.create_task(bought.reload())
        await held.held()
        bought.account.deposit("BTC", "0.4")
        await pass_time(1)
    await reload
    await bought.becomes(profit, STATE_UNKNOWN)
    bought.exchange.rest.average_prices["BTC"] = ("107200", "SGD")
    await bought.becomes(profit, "10800.0000", within=15)
    assert [state for state in shown if state != STATE_UNAVAILABLE] == [STATE_UNKNOWN, "10800.0000"]


async def test_single_response_without_rows_changes_no_cost(bought: Harness) -> None:
    profit = f"{ACCOUNT}unrealized_profit"
    shown = writes(bought, profit)
    bought.exchange.rest.row_faults = dict.fromkeys(bought.account.holdings)
    await bought.refresh()
    bought.exchange.rest.row_faults.clear()
    await pass_time(5)
    assert bought.exchange.account.holdings.keys() == bought.shown.keys()
    assert shown == []


# The feed


async def test_no_request_of_the_feed_has_an_authorization_or_an_origin(bought: Harness) -> None:
    calls = bought.exchange.quotation.record.calls
    assert {call.path for call in calls} == {PUBLIC_STREAM, "/v1/market/all"}
    assert not [call for call in calls if call.headers & {"authorization", "origin"}]


async def test_accounts_of_a_region_share_one_feed(bought: Harness, other: Harness) -> None:
    assert await other.set_up()
    await wait_until(lambda: other.state("sensor.upbit_singapore_2_btc_value") == "826000.0000")
    assert len(bought.exchange.quotation.stream.connections) == 1
    await bought.unload()
    assert len(bought.exchange.quotation.stream.connections) == 1
    await other.unload()
    await wait_until(lambda: not bought.exchange.quotation.stream.connections)
    assert not async_running_feeds(bought.hass)


async def test_silent_market_writes_nothing(harness: Harness) -> None:
    await harness.start()
    await wait_until(lambda: harness.state(TOTAL) not in (None, STATE_UNAVAILABLE))
    total = harness.state(TOTAL)
    written = async_capture_events(harness.hass, EVENT_STATE_CHANGED)
    await pass_time(3600)
    assert not written
    assert harness.state(TOTAL) == total
