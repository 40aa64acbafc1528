"""Moves the prices of the simulated exchange, and waits for their effect."""

from decimal import Decimal

from homeassistant.const import STATE_UNAVAILABLE

from .harness import Harness
from .virtual_time import wait_until

TOTAL_VALUE = "sensor.upbit_singapore_total_value"


def total_value(harness: Harness) -> Decimal | None:
    """Return the exact total value as the integration has it; None while it is not available."""
    value = harness.coordinator.value
    return None if value is None else value.account().total_value


async def trade(harness: Harness, market: str, *prices: int | str) -> None:
    """Trade at some prices, one after the other; end when the automations of each have run."""
    coin = market.partition("-")[2]
    for price in prices:
        harness.exchange.markets.set_price(market, price)
        expected = Decimal(price)
        await wait_until(lambda: harness.coordinator.value.coin(coin).price == expected, within=100)  # noqa: B023
        await harness.hass.async_block_till_done()


async def end_prices(harness: Harness) -> None:
    """Let the exchange publish no prices until its public side recovers; end when values are unavailable."""
    quotation = harness.exchange.quotation
    quotation.handshake.fail_with(503)
    quotation.ticker.fail_with(503)
    quotation.stream.cut()
    await harness.becomes(TOTAL_VALUE, STATE_UNAVAILABLE, within=120)
