"""The public side fails: what values show meanwhile, and that no balance depends on it."""

from collections.abc import Iterator

from homeassistant.const import EVENT_STATE_CHANGED
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.upbit.price_feed import FeedListener, async_running_feeds
from custom_components.upbit.prices import PriceBook
from simulator import Delivery
from tests.helpers.bugs import ExplosionError, explosive
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

TOTAL, BTC, XRP = (f"sensor.upbit_singapore_{name}" for name in ("total_value", "btc_value", "xrp_value"))
PRICE_FEED = "binary_sensor.upbit_singapore_price_feed"


@pytest.fixture
def priced(connected: Harness) -> Iterator[Harness]:
    """Return the harness with markets for what it holds, to be loaded again; its balances are correct in the end."""
    markets = connected.exchange.markets
    markets.list_market("SGD-BTC", 118_000)
    markets.list_market("SGD-XRP", "2.95")
    yield connected
    assert connected.is_connected_and_correct
    assert connected.missed_updates == 0


async def load(harness: Harness) -> None:
    assert await harness.reload()
    await wait_until(lambda: harness.state(TOTAL) == "72354.7500")


def fail_public_side(harness: Harness) -> None:
    """End the public stream, and reject every handshake and call."""
    quotation = harness.exchange.quotation
    for endpoint in (quotation.handshake, quotation.market_all, quotation.ticker):
        endpoint.fail_with(503)
    quotation.stream.cut()


async def test_account_is_set_up_while_the_public_side_is_down(priced: Harness) -> None:
    fail_public_side(priced)
    assert await priced.reload()
    await pass_time(600)
    assert priced.is_connected_and_correct
    assert (priced.state(TOTAL), priced.state(PRICE_FEED)) == ("unavailable", "off")
    (down,) = priced.log_lines(of_prices=True)
    assert down.startswith("The prices of Singapore are unavailable: ")
    await priced.exchange.recover()
    await wait_until(lambda: priced.state(TOTAL) == "72354.7500", within=130)
    await priced.becomes(PRICE_FEED, "on", within=130)


async def test_half_open_stream_of_prices_is_replaced(priced: Harness) -> None:
    await load(priced)
    stream = priced.exchange.quotation.stream
    (dead,) = stream.connections
    stream.half_open()
    priced.exchange.markets.set_price("SGD-XRP", "3")
    await wait_until(lambda: stream.connections not in ([], [dead]), within=35)
    await priced.becomes(XRP, "360.0000", within=35)
    assert priced.log_lines(of_prices=True) == []


async def test_market_that_the_stream_does_not_deliver_is_requested(priced: Harness) -> None:
    priced.exchange.quotation.stream.withhold = {"SGD-XRP"}
    assert await priced.reload()
    await priced.becomes(BTC, "70800.0000", within=2)
    assert (priced.state(XRP), priced.state(TOTAL)) == ("unavailable", "unavailable")
    await priced.becomes(XRP, "354.0000", within=15)
    await priced.becomes(TOTAL, "72354.7500", within=1)
    await pass_time(70)
    priced.exchange.markets.set_price("SGD-XRP", "3")
    await priced.becomes(XRP, "360.0000", within=320)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", '"3"'])
async def test_price_that_is_invalid_leaves_the_previous_one(priced: Harness, price: str) -> None:
    await load(priced)
    frame = f'{{"ty":"ticker","cd":"SGD-XRP","tp":{price},"pcp":2.95,"ttms":4102444800000,"ms":"ACTIVE"}}'
    for _ in range(3):
        priced.exchange.quotation.stream.send(frame)
    await pass_time(310)
    assert priced.state(XRP) == "354.0000"
    assert sum(async_running_feeds(priced.hass)["sg"].stats.invalid_items.values()) == 3
    assert len(priced.log_lines(of_prices=True)) == 1


async def test_list_without_a_market_of_the_own_currency_is_not_used(priced: Harness) -> None:
    await load(priced)
    markets = priced.exchange.markets
    markets.list_market("BTC-ETH", "0.05")
    for market in markets.listed:
        if market.quote == "SGD":
            markets.drop(market.code)
    # The verification finds that markets are unknown.
    await pass_time(400)
    stats = async_running_feeds(priced.hass)["sg"].stats
    assert stats.failed_calls["markets_without_own_currency"] > 0
    assert priced.state(TOTAL) == "72354.7500"


async def test_account_without_coins_needs_no_stream_and_has_one_again(priced: Harness) -> None:
    await load(priced)
    # At once, so that the same markets are wanted as before.
    priced.account.delivery = Delivery.ONE_FRAME
    held = {coin: (priced.account[coin].available, 0) for coin in ("BTC", "XRP")}
    priced.account.change(dict.fromkeys(held, (0, 0)))
    await priced.becomes(PRICE_FEED, "off")
    await pass_time(120)
    assert priced.state(TOTAL) == "1200.7500"
    priced.account.change(held)
    await priced.becomes(PRICE_FEED, "on")
    # That there was nothing to follow is no outage.
    assert priced.log_lines(of_prices=True) == []


async def test_end_of_an_outage_is_not_logged_while_no_price_is_needed(priced: Harness) -> None:
    await load(priced)
    held = {coin: (priced.account[coin].available, 0) for coin in ("BTC", "XRP")}
    fail_public_side(priced)
    await priced.becomes(TOTAL, "unavailable", within=100)
    priced.account.change(dict.fromkeys(held, (0, 0)))
    await priced.becomes(TOTAL, "1200.7500")
    await pass_time(10)
    priced.account.change(held)
    await pass_time(80)
    assert len(priced.log_lines(of_prices=True)) == 1
    priced.exchange.quotation.recover()
    await wait_until(lambda: len(priced.log_lines(of_prices=True)) == 2, within=200)


async def test_stream_is_subscribed_again_after_a_bug(
    priced: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(priced)
    priced.account.delivery = Delivery.ONE_FRAME
    held = {coin: (priced.account[coin].available, 0) for coin in ("BTC", "XRP")}
    monkeypatch.setattr(PriceBook, "ticker", explosive(PriceBook.ticker))
    priced.exchange.markets.set_price("SGD-XRP", "3")
    await priced.becomes(PRICE_FEED, "off")
    # Before it starts again.
    priced.account.change(dict.fromkeys(held, (0, 0)))
    await priced.becomes(TOTAL, "1200.7500")
    await pass_time(10)
    priced.account.change(held)
    await priced.becomes(PRICE_FEED, "on")


@pytest.mark.parametrize("lacks", ["rows", "row"])
async def test_call_that_lacks_a_price_which_the_stream_delivers_changes_nothing(
    priced: Harness, lacks: str
) -> None:
    await load(priced)
    shown = async_capture_events(priced.hass, EVENT_STATE_CHANGED)
    ticker = priced.exchange.quotation.ticker
    if lacks == "rows":
        ticker.fail_with(200, "[]")
    else:
        ticker.row_faults = {"SGD-BTC": None}
    await pass_time(1000)
    assert len(priced.exchange.quotation.record.requests("/v1/ticker")) >= 3
    assert shown == []


async def test_public_side_that_fails_makes_values_unavailable_and_no_balance(bought: Harness) -> None:
    shown = [*bought.shown["BTC"]]
    fail_public_side(bought)
    await wait_until(lambda: bought.state(PRICE_FEED) == "off")
    await pass_time(80)
    assert bought.state(TOTAL) == "72354.7500"
    await bought.becomes(TOTAL, "unavailable", within=15)
    assert bought.state(BTC) == "unavailable"
    assert bought.is_connected_and_correct
    assert bought.shown["BTC"] == shown
    await bought.exchange.recover()
    await bought.becomes(TOTAL, "72354.7500", within=130)
    assert bought.log_lines(of_prices=True) == [
        "The prices of Singapore are unavailable: cannot_connect (http_503)",
        "The prices of Singapore are available again",
    ]


async def test_calls_stand_in_for_the_stream(bought: Harness) -> None:
    bought.exchange.quotation.handshake.fail_with(503)
    bought.exchange.quotation.stream.cut()
    bought.exchange.markets.set_price("SGD-XRP", "3")
    await bought.becomes(XRP, "360.0000", within=70)
    await pass_time(600)
    assert bought.state(XRP) == "360.0000"


async def test_missed_trade_replaces_the_stream(bought: Harness) -> None:
    handshakes = len(bought.exchange.quotation.record.handshakes)
    await pass_time(70)
    bought.exchange.markets.set_price("SGD-XRP", "3", announce=False)
    await bought.becomes(XRP, "360.0000", within=300)
    await wait_until(lambda: len(bought.exchange.quotation.record.handshakes) == handshakes + 1, within=20)


async def test_blocked_public_side_holds_no_private_request_back(bought: Harness) -> None:
    bought.exchange.quotation.ticker.fail_with(418)
    bought.exchange.quotation.handshake.fail_with(418)
    bought.exchange.quotation.stream.cut()
    feed = async_running_feeds(bought.hass)["sg"]
    await wait_until(lambda: feed.rate_limit.remaining() > 60)
    assert bought.wait_seconds == 0
    await bought.refresh()


async def test_account_that_is_blocked_holds_the_public_side_back(bought: Harness) -> None:
    bought.exchange.rest.fail_with(418)
    with pytest.raises(Exception, match="blocked"):
        await bought.refresh()
    feed = async_running_feeds(bought.hass)["sg"]
    assert feed.rate_limit.remaining() == bought.wait_seconds > 60


async def test_bug_in_a_value_disturbs_no_balance(bought: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(bought.coordinator.value, "_write", fail)
    bought.account.deposit("XRP", "1")
    await bought.becomes("sensor.upbit_singapore_xrp", "121", within=1)
    bought.exchange.markets.set_price("SGD-XRP", "3")
    await wait_until(lambda: sum(bought.stats.unexpected_errors.values()) == 1)
    assert bought.is_connected_and_correct


async def test_bug_in_the_feed_is_logged_and_it_starts_again(
    bought: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PriceBook, "ticker", explosive(PriceBook.ticker))
    bought.exchange.markets.set_price("SGD-XRP", "3")
    await bought.becomes(PRICE_FEED, "off", within=1)
    # The frame was lost; the new subscription's snapshot shows what was in it.
    await bought.becomes(PRICE_FEED, "on", within=5)
    await bought.becomes(XRP, "360.0000", within=70)
    ((place, count),) = async_running_feeds(bought.hass)["sg"].stats.unexpected_errors.items()
    assert (place.partition(":")[0], count) == ("ExplosionError at explode", 1)
    assert bought.log_lines(of_prices=True) == [f"Unexpected {place}; the prices of Singapore start again"]
    assert bought.is_connected_and_correct


async def test_listener_that_raises_keeps_no_account_from_prices(bought: Harness) -> None:
    def explode(*_: object) -> None:
        raise ExplosionError("120 XRP")

    feed = async_running_feeds(bought.hass)["sg"]
    listener = FeedListener(explode, explode, explode)
    feed.async_join(listener)
    # The account is notified after the listener from here on.
    assert await bought.reload()
    for price in ("3", "4"):
        bought.exchange.markets.set_price("SGD-XRP", price)
        await bought.becomes(XRP, f"{120 * int(price)}.0000", within=70)
    ((place, count),) = feed.stats.unexpected_errors.items()
    assert count >= 2
    assert bought.log_lines(of_prices=True) == [
        f"Unexpected {place} while accounts of Singapore were notified"
    ]
    await feed.async_leave(listener)
