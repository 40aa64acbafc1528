from decimal import Decimal

import pytest

from simulator import REGIONS, Market, Markets
from simulator.markets import default_markets

DAY = 86_400_000
NOON = 20_000 * DAY + DAY // 2


class Clock:
    """The time in milliseconds."""

    now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def markets(clock: Clock) -> Markets:
    markets = Markets(clock)
    markets.list_market("SGD-BTC", 100, previous_close=90)
    return markets


def test_a_trade_changes_price_and_time_and_keeps_the_previous_close(markets: Markets, clock: Clock) -> None:
    changes: list[Market] = []
    markets.listeners.append(changes.append)
    clock.now += 5
    markets.set_price("SGD-BTC", "120.50")
    clock.now += 5
    markets.trade("SGD-BTC")
    assert [(str(each.price), each.traded_at) for each in changes] == [
        ("120.50", NOON + 5),
        ("120.50", NOON + 10),
    ]
    market = markets["SGD-BTC"]
    assert (market.previous_close, market.opening, market.high) == (90, 100, Decimal("120.50"))


@pytest.mark.parametrize("closes_on_trade", [False, True])
def test_the_day_turns_at_midnight_utc_or_with_its_first_trade(
    markets: Markets, clock: Clock, closes_on_trade: bool
) -> None:
    markets.closes_on_trade = closes_on_trade
    clock.now = 20_001 * DAY - 1
    assert markets["SGD-BTC"].previous_close == 90
    clock.now += 1
    market = markets["SGD-BTC"]
    assert market.previous_close == (90 if closes_on_trade else 100)
    # A market without a trade keeps the time of its last one.
    assert (market.price, market.traded_at) == (100, NOON)
    assert markets.set_price("SGD-BTC", 130).previous_close == 100
    assert markets["SGD-BTC"].previous_close == 100


def test_an_impossible_price_raises(markets: Markets) -> None:
    for price in (0, -1, "NaN", "Infinity"):
        with pytest.raises(ValueError, match="above 0"):
            markets.set_price("SGD-BTC", price)


@pytest.mark.parametrize("region", REGIONS)
def test_each_region_begins_with_markets_of_its_own(region: str, clock: Clock) -> None:
    markets = default_markets(REGIONS[region], clock)
    assert f"{REGIONS[region].fiat}-BTC" in markets
    assert ("BTC-ADA" in markets) is (region != "sg")
    for market in markets.listed:
        assert market.price
        assert market.previous_close
        assert len(market.price.as_tuple().digits) <= 6
        assert Decimal("1.019") < market.price / market.previous_close < Decimal("1.021")
