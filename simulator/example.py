"""An account and markets to look at: every way in which a coin has a price, or has none."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal

from .markets import price_in, six_digits
from .regions import Region
from .server import SimulatedExchange
from .trading import starting_holdings

# Held, and without a market: an airdrop of a coin that is not listed.
WITHOUT_MARKET = "SGB"
# Held, and traded in BTC only. Singapore has no such market; here it has one, since the demo runs as Singapore.
ONLY_IN_BTC = "ADA"
# Nobody trades it but once in a while.
THIN = "TRX"
_LAST_TRADE = timedelta(hours=5)


def example_holdings(region: Region) -> dict[str, tuple[str, str]]:
    """Return what the account of the example holds and has in open orders."""
    return {
        **starting_holdings(region.fiat),
        THIN: ("5120.75", "0"),
        ONLY_IN_BTC: ("2450.5", "0"),
        WITHOUT_MARKET: ("318.70442", "0"),
    }


def set_up_example(exchange: SimulatedExchange) -> Collection[str]:
    """Give the exchange the example's markets and average prices; returns the markets that are thin."""
    markets, fiat = exchange.markets, exchange.region.fiat
    in_btc, thin = f"BTC-{ONLY_IN_BTC}", f"{fiat}-{THIN}"
    if in_btc not in markets:
        price = price_in("BTC", ONLY_IN_BTC)
        markets.list_market(in_btc, price, previous_close=six_digits(price * Decimal("0.99")))
    last_trade = exchange.clock() - int(_LAST_TRADE.total_seconds() * 1000)
    markets.list_market(
        thin,
        price_in(fiat, THIN),
        previous_close=six_digits(price_in(fiat, THIN) * Decimal("1.03")),
        traded_at=last_trade,
    )
    for number, coin in enumerate(("BTC", "ETH", "XRP", "SOL", "USDT", THIN)):
        # Some were cheaper when they were bought, others dearer.
        factor = Decimal(("0.62", "0.88", "1.31", "1.07", "1.01", "0.95")[number])
        exchange.account.set_average(coin, six_digits(price_in(fiat, coin) * factor), fiat)
    exchange.account.set_average(
        ONLY_IN_BTC, six_digits(price_in("BTC", ONLY_IN_BTC) * Decimal("1.2")), "BTC"
    )
    return (thin,)
