"""The sensors of an account together: they are added when a currency appears, and kept when it is sold out."""

from homeassistant.const import STATE_UNAVAILABLE
import pytest

from custom_components.upbit.const import TIMINGS
from simulator import Delivery
from tests.helpers.harness import Harness

SGD, XRP = "sensor.upbit_singapore_sgd", "sensor.upbit_singapore_xrp"


@pytest.mark.parametrize("delivery", [*Delivery, None], ids=[*Delivery, "snapshot"])
async def test_currencies_that_appear_become_sensors(connected: Harness, delivery: Delivery | None) -> None:
    connected.account.delivery = delivery or Delivery.ONE_FRAME
    connected.account.change(
        {"ETH": ("2", "1"), "DOGE": ("0.00000001", 0), "SGD": ("1", 0)}, announce=delivery is not None
    )
    if delivery is None:
        await connected.refresh()
    await connected.becomes("sensor.upbit_singapore_eth", "3")
    await connected.becomes("sensor.upbit_singapore_doge", "0.00000001")
    await connected.becomes(SGD, "1")
    assert len(connected.exchange.record.handshakes) == 1


async def test_currencies_with_one_slug_have_sensors_of_their_own(connected: Harness) -> None:
    connected.account.set("A.B", 1)
    connected.account.set("A-B", 2)
    await connected.becomes("sensor.upbit_singapore_a_b", "1")
    await connected.becomes("sensor.upbit_singapore_a_b_2", "2")


async def test_currency_that_is_sold_out_stays_at_zero_over_a_restart(connected: Harness) -> None:
    await connected.unload()
    connected.account.remove("XRP")
    await connected.set_up()
    # Registered and missing: a second snapshot has to confirm its absence.
    assert connected.state(XRP) == STATE_UNAVAILABLE
    await connected.becomes(XRP, "0", within=TIMINGS.absence + 1)
    # It is not new either, so nothing is added twice.
    connected.account.set("XRP", 5)
    await connected.becomes(XRP, "5")
    assert len(connected.ledger.currencies) == 3
