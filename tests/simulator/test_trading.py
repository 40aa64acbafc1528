import asyncio
from decimal import Decimal

import pytest

from simulator import Account, AssetEvent
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
