"""Values in the running integration: from the public stream and the average buy prices to the sensors."""

from dataclasses import replace
from decimal import Decimal

from homeassistant.const import CONF_REGION, EVENT_STATE_CHANGED, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_PRICE_UPDATES
from custom_components.upbit.price_feed import async_running_feeds
from simulator.record import PUBLIC_STREAM
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

ACCOUNT = "sensor.upbit_singapore_"
TOTAL, BTC, XRP = f"{ACCOUNT}total_value", f"{ACCOUNT}btc_value", f"{ACCOUNT}xrp_value"
PRICE_FEED = "binary_sensor.upbit_singapore_price_feed"
OF_PRICES = ("value", "price", "profit", "return", "daily_change", "cost_basis")


@pytest.fixture
async def valued(connected: Harness) -> Harness:
    """Return the harness with 0.6 BTC at 118,000, 120 XRP at 2.95, and 1,200.75 SGD.

    BTC was bought at 100,000, which is also its previous close; XRP was deposited, and closed at the present price.
    """
    markets, rest = connected.exchange.markets, connected.exchange.rest
    markets.list_market("SGD-BTC", 118_000, previous_close=100_000)
    markets.list_market("SGD-XRP", "2.95")
    rest.average_prices["BTC"] = ("100000", "SGD")
    assert await connected.reload()
    await wait_until(lambda: connected.state(TOTAL) not in (None, STATE_UNAVAILABLE))
    return connected


def attributes(harness: Harness, entity_id: str) -> dict[str, object]:
    state = harness.hass.states.get(entity_id)
    assert state is not None
    return dict(state.attributes)


def writes(harness: Harness, entity_id: str) -> list[str]:
    """Record the states that are written from now on."""
    written: list[str] = []

    def on_change(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == entity_id and event.data["new_state"] is not None:
            written.append(event.data["new_state"].state)

    harness.hass.bus.async_listen(EVENT_STATE_CHANGED, on_change)
    return written


async def select(harness: Harness, price_updates: str) -> None:
    """Select how often values are updated, in the options."""
    flows = harness.hass.config_entries.options
    menu = await flows.async_init(harness.entry.entry_id)
    form = await flows.async_configure(menu["flow_id"], {"next_step_id": CONF_PRICE_UPDATES})
    await flows.async_configure(form["flow_id"], {CONF_PRICE_UPDATES: price_updates})
    await harness.hass.async_block_till_done()


def fail_public_side(harness: Harness) -> None:
    """End the public stream, and reject every handshake and call."""
    quotation = harness.exchange.quotation
    for endpoint in (quotation.handshake, quotation.market_all, quotation.ticker):
        endpoint.fail_with(503)
    quotation.stream.cut()


# Figures


async def test_figures_are_exact(valued: Harness) -> None:
    assert valued.state(BTC) == "70800.0000"
    assert valued.state(XRP) == "354.0000"
    assert valued.state(TOTAL) == "72354.7500"
    assert valued.state(f"{ACCOUNT}unrealized_profit") == "10800.0000"
    assert valued.state(f"{ACCOUNT}return") == "18.0000"
    assert valued.state(f"{ACCOUNT}daily_change") == "17.8944"
    assert valued.state(PRICE_FEED) == STATE_ON
    assert attributes(valued, TOTAL)["complete"] is True
    assert attributes(valued, f"{ACCOUNT}unrealized_profit")["without_cost"] == ["XRP"]
    found = attributes(valued, BTC)
    assert found["price"] == 118000.0
    assert found["price_source"] == "SGD-BTC"
    assert found["share"] == 97.8512
    assert found["daily_change"] == 18.0
    assert found["currency_name"] == "Bitcoin"


async def test_change_of_a_total_is_written_immediately(valued: Harness) -> None:
    valued.account.deposit("XRP", "1")
    await valued.becomes(XRP, "356.9500", within=1)
    await valued.becomes(TOTAL, "72357.7000", within=1)


async def test_locked_amount_changes_no_value(valued: Harness) -> None:
    written = writes(valued, XRP)
    valued.account.place_order("XRP", 50)
    await valued.caught_up()
    assert valued.hass.states.get("sensor.upbit_singapore_xrp").attributes["locked"] == 50
    assert not written


async def test_total_is_of_one_moment_when_a_snapshot_restores_one_amount_and_changes_another(
    valued: Harness,
) -> None:
    rest = valued.exchange.rest
    rest.row_faults["BTC"] = {"locked": "-1"}
    await valued.refresh()
    assert valued.state(TOTAL) == STATE_UNAVAILABLE
    rest.row_faults.clear()
    valued.account.change({"XRP": ("121", "0")}, announce=False)
    written = writes(valued, TOTAL)
    await valued.refresh()
    assert written == ["72357.7000"]


async def test_price_is_written_when_the_gate_allows_it(valued: Harness) -> None:
    await pass_time(10)
    valued.exchange.markets.set_price("SGD-XRP", "3")
    await pass_time(15)
    assert valued.state(XRP) == "354.0000"
    await valued.becomes(XRP, "360.0000", within=10)
    assert attributes(valued, XRP)["price"] == 3.0


async def test_coin_bought_for_the_first_time_joins(valued: Harness) -> None:
    subscribed = valued.exchange.quotation.stream.connections[0]
    valued.account.deposit("ETH", "2")
    await wait_until(lambda: valued.state(f"{ACCOUNT}eth_value") == "7800.0000")
    await valued.becomes(TOTAL, "80154.7500")
    assert valued.exchange.quotation.stream.connections == [subscribed]
    assert subscribed.codes == {"SGD-BTC", "SGD-XRP", "SGD-ETH"}


async def test_coin_without_a_market_is_named_beside_the_total(valued: Harness) -> None:
    valued.account.deposit("AIRDROP", "5")
    await wait_until(lambda: valued.state(f"{ACCOUNT}airdrop_value") == STATE_UNKNOWN)
    await valued.becomes(TOTAL, "72354.7500")
    assert attributes(valued, TOTAL)["complete"] is False
    assert attributes(valued, TOTAL)["unpriced"] == ["AIRDROP"]


@pytest.mark.parametrize("announce", [True, False])
async def test_delisted_coin_has_no_value(valued: Harness, announce: bool) -> None:
    valued.exchange.markets.delist("SGD-XRP", announce=announce)
    # Without a frame, the verification finds that the market is unknown.
    await wait_until(lambda: valued.state(XRP) == STATE_UNKNOWN, within=400)
    await valued.becomes(TOTAL, "72000.7500")
    assert attributes(valued, TOTAL)["unpriced"] == ["XRP"]


async def test_listed_market_without_a_price_is_known_to_have_none(valued: Harness) -> None:
    valued.exchange.markets.list_market("SGD-NEW")
    valued.account.deposit("NEW", "5")
    await wait_until(lambda: valued.state(f"{ACCOUNT}new_value") == STATE_UNKNOWN, within=20)
    assert valued.state(TOTAL) == "72354.7500"


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


# Cost


async def test_cost_is_unknown_from_a_purchase_until_its_average_is_there(valued: Harness) -> None:
    profit = f"{ACCOUNT}unrealized_profit"
    valued.account.deposit("BTC", "0.4")
    await valued.becomes(profit, STATE_UNKNOWN, within=1)
    assert valued.state(TOTAL) == "119554.7500"
    snapshots = valued.stats.snapshots
    valued.exchange.rest.average_prices["BTC"] = ("107200", "SGD")
    await valued.becomes(profit, "10800.0000", within=4)
    assert valued.stats.snapshots == snapshots + 1


async def test_cost_that_stays_the_same_is_known_after_ten_seconds(valued: Harness) -> None:
    profit = f"{ACCOUNT}unrealized_profit"
    valued.account.deposit("BTC", "0.4")
    await valued.becomes(profit, STATE_UNKNOWN, within=1)
    await pass_time(8)
    assert valued.state(profit) == STATE_UNKNOWN
    await valued.becomes(profit, "18000.0000", within=4)


# Failures stay apart


async def test_public_side_that_fails_makes_values_unavailable_and_no_balance(valued: Harness) -> None:
    balances = writes(valued, "sensor.upbit_singapore_btc")
    fail_public_side(valued)
    await wait_until(lambda: valued.state(PRICE_FEED) == "off")
    await pass_time(80)
    assert valued.state(TOTAL) == "72354.7500"
    await valued.becomes(TOTAL, STATE_UNAVAILABLE, within=15)
    assert valued.state(BTC) == STATE_UNAVAILABLE
    assert valued.is_connected_and_correct
    assert not balances
    await valued.exchange.recover()
    await valued.becomes(TOTAL, "72354.7500", within=130)
    assert valued.log_lines(of_prices=True) == [
        "The prices of Singapore are unavailable: cannot_connect (http_503)",
        "The prices of Singapore are available again",
    ]


async def test_calls_stand_in_for_the_stream(valued: Harness) -> None:
    valued.exchange.quotation.handshake.fail_with(503)
    valued.exchange.quotation.stream.cut()
    valued.exchange.markets.set_price("SGD-XRP", "3")
    await valued.becomes(XRP, "360.0000", within=70)
    await pass_time(600)
    assert valued.state(XRP) == "360.0000"


async def test_missed_trade_replaces_the_stream(valued: Harness) -> None:
    handshakes = len(valued.exchange.quotation.record.handshakes)
    await pass_time(70)
    valued.exchange.markets.set_price("SGD-XRP", "3", announce=False)
    await valued.becomes(XRP, "360.0000", within=300)
    await wait_until(lambda: len(valued.exchange.quotation.record.handshakes) == handshakes + 1, within=20)


async def test_blocked_public_side_holds_no_private_request_back(valued: Harness) -> None:
    valued.exchange.quotation.ticker.fail_with(418)
    valued.exchange.quotation.handshake.fail_with(418)
    valued.exchange.quotation.stream.cut()
    feed = async_running_feeds(valued.hass)["sg"]
    await wait_until(lambda: feed.rate_limit.remaining() > 60)
    assert valued.wait_seconds == 0
    await valued.refresh()


async def test_account_that_is_blocked_holds_the_public_side_back(valued: Harness) -> None:
    valued.exchange.rest.fail_with(418)
    with pytest.raises(Exception, match="blocked"):
        await valued.refresh()
    feed = async_running_feeds(valued.hass)["sg"]
    assert feed.rate_limit.remaining() == valued.wait_seconds > 60


async def test_bug_in_a_value_disturbs_no_balance(valued: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(valued.coordinator.value, "_write", fail)
    valued.account.deposit("XRP", "1")
    await valued.becomes("sensor.upbit_singapore_xrp", "121", within=1)
    valued.exchange.markets.set_price("SGD-XRP", "3")
    await wait_until(lambda: sum(valued.stats.unexpected_errors.values()) == 1)
    assert valued.is_connected_and_correct


# The feed


async def test_no_request_of_the_feed_has_an_authorization_or_an_origin(valued: Harness) -> None:
    calls = valued.exchange.quotation.record.calls
    assert {call.path for call in calls} == {PUBLIC_STREAM, "/v1/market/all"}
    assert not [call for call in calls if call.headers & {"authorization", "origin"}]


async def test_accounts_of_a_region_share_one_feed(valued: Harness, other: Harness) -> None:
    assert await other.set_up()
    await wait_until(lambda: other.state("sensor.upbit_singapore_2_btc_value") == "826000.0000")
    assert len(valued.exchange.quotation.stream.connections) == 1
    await valued.unload()
    assert len(valued.exchange.quotation.stream.connections) == 1
    await other.unload()
    await wait_until(lambda: not valued.exchange.quotation.stream.connections)
    assert not async_running_feeds(valued.hass)


async def test_silent_market_writes_nothing(valued: Harness) -> None:
    written = []
    valued.hass.bus.async_listen(EVENT_STATE_CHANGED, written.append)
    await pass_time(3600)
    assert not written
    assert valued.state(TOTAL) == "72354.7500"


# Options, removal, another region


async def test_off_closes_the_connection_and_removes_the_entities_and_on_brings_them_back(
    valued: Harness,
) -> None:
    registry = er.async_get(valued.hass)
    await select(valued, "off")
    await wait_until(lambda: not valued.exchange.quotation.stream.connections)
    assert not [entity_id for entity_id in registry.entities if entity_id.endswith(OF_PRICES)]
    assert valued.state(TOTAL) is None
    requests = len(valued.exchange.quotation.record.calls)
    connections = [*valued.exchange.stream.connections]
    await valued.reload()
    await pass_time(400)
    assert len(valued.exchange.quotation.record.calls) == requests
    connections = [*valued.exchange.stream.connections]
    await select(valued, "live")
    await valued.becomes(TOTAL, "72354.7500")
    await valued.becomes(f"{ACCOUNT}unrealized_profit", "10800.0000")
    assert valued.state(PRICE_FEED) == STATE_ON
    # The account was not reloaded for it.
    assert valued.exchange.stream.connections == connections


async def test_other_pace_is_followed_immediately(valued: Harness) -> None:
    await select(valued, "live")
    await pass_time(10)
    valued.exchange.markets.set_price("SGD-XRP", "2.9501")
    await valued.becomes(XRP, "354.0120", within=2)


async def test_another_region_gets_sensors_in_its_own_currency(
    valued: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert valued.hass.states.get(TOTAL).attributes["unit_of_measurement"] == "SGD"
    exchange = valued.exchange
    addresses = {"rest_url": exchange.rest_url, "websocket_url": exchange.websocket_url}
    monkeypatch.setitem(REGIONS, "th", replace(REGIONS["th"], **addresses))
    flow = await valued.entry.start_reconfigure_flow(valued.hass)
    await valued.hass.config_entries.flow.async_configure(
        flow["flow_id"], {**valued.entry.data, CONF_REGION: "th"}
    )
    await valued.hass.async_block_till_done()
    registry = er.async_get(valued.hass)
    totals = [entity for entity in registry.entities.values() if entity.translation_key == "total_value"]
    assert [entity.unit_of_measurement for entity in totals] == ["THB"]
