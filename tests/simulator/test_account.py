from decimal import Decimal, Inexact

import pytest

from simulator import Account, AssetEvent, Average, Holding


def test_sums_keep_every_digit() -> None:
    account = Account({"SGD": ("1386929.37231066771348207123", "10329.670127489597585685")})
    assert account["SGD"].total == Decimal("1397259.04243815731106775623")
    account.deposit("SGD", "1E-40")
    assert str(account["SGD"].available) == "1386929.3723106677134820712300000000000000000001"
    with pytest.raises(Inexact):
        account.deposit("SGD", "1E-20000")


def test_an_order_locks_fills_and_unlocks() -> None:
    account = Account({"SGD": (100, 0)})
    events: list[AssetEvent] = []
    account.listeners.append(events.append)
    order = account.place_order("SGD", "60.5")
    assert account["SGD"] == Holding(Decimal("39.5"), Decimal("60.5"))
    account.fill(order, "20.5", "BTC", "0.001")
    assert account["SGD"] == Holding(Decimal("39.5"), Decimal(40))
    assert account["BTC"].total == Decimal("0.001")
    account.cancel(order)
    assert account["SGD"] == Holding(Decimal("79.5"), Decimal(0))
    assert [[currency for currency, _ in event.assets] for event in events] == [
        ["SGD"],
        ["SGD", "BTC"],
        ["SGD"],
    ]
    times = [event.asset_timestamp for event in events]
    assert times == sorted(set(times))


def test_history_holds_every_total_and_zero() -> None:
    account = Account({"BTC": (1, 0)})
    account.set("BTC", "0.5", "0.25")
    account.remove("BTC")
    assert account.totals_ever("BTC") == {Decimal(0), Decimal(1), Decimal("0.75")}
    assert account.totals_ever("XRP") == {Decimal(0)}


def test_impossible_amounts_raise() -> None:
    account = Account({"BTC": (1, 0)})
    with pytest.raises(ValueError, match="negative"):
        account.withdraw("BTC", 2)
    with pytest.raises(TypeError):
        account.set("BTC", 0.1)  # type: ignore[arg-type]
    order = account.place_order("BTC", "0.5")
    with pytest.raises(ValueError, match="more than it has locked"):
        account.fill(order, 1, "SGD", 1)
    assert account["BTC"].total == 1


def test_average_follows_buys_weighted_and_sells_keep_it() -> None:
    now = 1_700_000_000_000
    account = Account({"SGD": (10_000, 0)}, fiat="SGD", clock=lambda: now)

    def buy(paid: int, amount: int, **price: str) -> None:
        account.fill(account.place_order("SGD", paid), paid, "BTC", amount, **price)

    buy(100, 1)
    # The price is without the fee that was paid too.
    buy(303, 3, price="100")
    buy(500, 2)
    assert account.average("BTC") == Average(Decimal(150), "SGD")
    now += 5_000
    account.fill(account.place_order("BTC", 4), 4, "SGD", 900)
    account.deposit("BTC", 2)
    account.deposit("BTC", 4, Average(Decimal(300), "SGD"))
    assert account.averages == {"BTC": Average(Decimal(225), "SGD")}
    assert account.average("BTC", lag=5) == Average(Decimal(150), "SGD")
    assert account.average("BTC", lag=6) is None
    # What is sold out begins anew, and another unit replaces the former one.
    account.set("BTC", 0)
    assert account.average("BTC") is None
    buy(90, 1)
    account.set("USDT", 10)
    account.fill(account.place_order("USDT", 10), 10, "BTC", 1, price=10)
    assert account.average("BTC") == Average(Decimal(10), "USDT")
    account.set_average("BTC", "7", "SGD")
    assert account.average("BTC", lag=3600) == Average(Decimal(7), "SGD")
