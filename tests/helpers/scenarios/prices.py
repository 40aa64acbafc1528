"""The public side of the exchange fails, or sends what is no price; no balance may be affected."""

import asyncio

from tests.helpers.harness import Harness

from .register import scenario


@scenario()
async def prices_down(harness: Harness, seconds: float) -> None:
    """The ticker stream is lost, and neither it nor any call for prices succeeds."""
    quotation = harness.exchange.quotation
    status = harness.random.choice((302, 403, 418, 429, 500, 503))
    for endpoint in (quotation.handshake, quotation.market_all, quotation.ticker):
        endpoint.fail_with(status)
    quotation.stream.cut()
    await asyncio.sleep(seconds)
    quotation.recover()


@scenario()
async def wrong_prices(harness: Harness, seconds: float) -> None:
    """Prices are none, the stream misses a trade, and a market is delisted and listed again."""
    exchange, chance = harness.exchange, harness.random
    bitcoin = f"{exchange.region.fiat}-BTC"
    exchange.quotation.stream.frame_faults.fields = {
        "trade_price": chance.choice((0, -1, "1", None, True, []))
    }
    exchange.markets.set_price(f"{exchange.region.fiat}-ETH", chance.randint(1, 10_000), announce=False)
    # Another one of these may last.
    if bitcoin in exchange.markets:
        exchange.markets.delist(bitcoin, announce=chance.random() < 0.5)
    await asyncio.sleep(seconds)
    exchange.markets.list_market(bitcoin, chance.randint(1, 10_000))
    exchange.quotation.recover()
