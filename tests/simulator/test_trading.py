import asyncio
from decimal import Decimal
from itertools import pairwise

import pytest

from simulator import REGIONS, Account, AssetEvent, Average, Markets
from simulator.markets import default_markets
from simulator.price_walk import PriceWalk
from simulator.trading import Trader, starting_holdings


def _course(seed: int, fiat: str = "SGD", steps: int = 3000) -> tuple[Account, list[AssetEvent]]:
    account = Account(starting_holdings(fiat))
    events: list[AssetEvent] = []
    account.listeners.append(events.append)
    trader = Trader(account, fiat, seed=seed)
    for _ in range(steps):
        trader.step()
    return account, events


def test_a_seed_gives_one_course_and_another_seed_another() -> None:
    first, again, other = (_course(seed)[0].holdings for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("fiat", ["SGD", "IDR", "THB", "KRW"])
def test_trading_looks_like_trading(fiat: str) -> None:
    account, events = _course(7, fiat)
    assert len(events) >= 3000
    # New coins appear, some are sold out for a while, fiat is locked and freed, digits go beyond a double's.
    assert len(account.holdings) == 9
    assert any(not each.total for coin in account.holdings for each in account.history[coin])
    assert len({each.locked for each in account.history[fiat]}) > 100
    assert max(len(each.available.as_tuple().digits) for each in account.history[fiat]) > 20
    assert all(
        each.available >= 0 and each.locked >= 0 for values in account.history.values() for each in values
    )
    # It goes on for ever without the account running dry or growing out of proportion.
    rate = Decimal(starting_holdings(fiat)[fiat][0]) / Decimal(starting_holdings("SGD")["SGD"][0])
    assert Decimal(10) < account[fiat].total / rate < Decimal(10_000_000)


def _markets() -> Markets:
    return default_markets(REGIONS["sg"], lambda: 1_700_000_000_000)


def test_trading_at_the_markets_prices_moves_the_averages() -> None:
    markets = _markets()
    account = Account(starting_holdings("SGD"), fiat="SGD")
    trader = Trader(account, "SGD", markets=markets)
    markets.set_price("SGD-DOGE", "0.5")
    trades: list[str] = []
    markets.listeners.append(lambda market: trades.append(market.code))
    for _ in range(300):
        trader.step()
    assert account.averages["DOGE"] == Average(Decimal("0.5"), "SGD")
    assert "SGD-DOGE" in trades


def test_prices_move_gently_the_same_for_each_seed_and_rarely_on_thin_markets() -> None:
    def course(seed: int) -> list[tuple[str, Decimal]]:
        markets = _markets()
        walk = PriceWalk(markets, thin=["SGD-LINK"], seed=seed)
        seen: list[tuple[str, Decimal]] = []
        markets.listeners.append(lambda market: seen.append((market.code, market.price or Decimal(0))))
        for _ in range(20_000):
            walk.step()
        return seen

    seen = course(1)
    assert seen == course(1) != course(2)
    assert len(seen) > 19_900
    assert sum(code == "SGD-LINK" for code, _ in seen) < 20
    prices = [price for code, price in seen if code == "SGD-BTC"]
    assert len(set(prices)) > 500
    assert all(Decimal("0.9") < price / 118_000 < Decimal("1.1") for price in prices)
    changes = [abs(after / before - 1) for before, after in pairwise(prices)]
    assert max(changes) < Decimal("0.003")
    assert 0.3 < sum(not change for change in changes) / len(changes) < 0.5


def _trader(pace: float) -> tuple[Trader, asyncio.Queue[AssetEvent]]:
    account = Account(starting_holdings("SGD"))
    steps = asyncio.Queue[AssetEvent]()
    account.listeners.append(steps.put_nowait)
    return Trader(account, "SGD", pace=pace), steps


async def test_trading_runs_at_its_pace_and_pauses() -> None:
    trader, steps = _trader(pace=0.001)
    task = asyncio.create_task(trader.run())
    # A new pace counts immediately, not after a pause that began at the old pace.
    trader.pace = 500
    for _ in range(20):
        await steps.get()
    trader.paused = True
    await asyncio.sleep(0)
    seen = steps.qsize()
    # Another one shows that it would have had the time.
    other, steps_of_other = _trader(pace=500)
    other_task = asyncio.create_task(other.run())
    for _ in range(20):
        await steps_of_other.get()
    assert steps.qsize() == seen
    trader.paused = False
    await steps.get()
    for each in (task, other_task):
        each.cancel()
        with pytest.raises(asyncio.CancelledError):
            await each
