"""The observer and the follower that judge every state and every change in the model tests and in the soak."""

from decimal import Decimal

from custom_components.upbit.api.ledger import Change
from custom_components.upbit.api.wire import Holding
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time

BTC = "sensor.upbit_singapore_btc"


async def test_only_what_is_certainly_older_than_what_was_shown_is_wrong(connected: Harness) -> None:
    """The account has an amount again: until the one in between is shown, the sensor may still show the first."""
    observer = connected.observer
    stop = observer.watch(connected.hass)
    for amount in (1, 2, 1):
        connected.account.change({"BTC": (amount, 0)}, announce=False)
        observer.note_account()
        await pass_time(1)
    for total in ("1", "2", "1"):
        connected.hass.states.async_set(BTC, total, {"balance": float(total), "locked": 0.0})
    assert observer.wrong == []
    connected.hass.states.async_set(BTC, "2", {"balance": 2.0, "locked": 0.0})
    assert [state.expected for state in observer.wrong] == ["it has shown a later amount before"]
    stop()


async def test_move_that_leaves_one_out_and_a_number_that_stays_wrong(connected: Harness) -> None:
    follower = connected.follower
    stop = await follower.follow(connected.hass, connected.device_id)
    for before, after in (("0.6", "0.7"), ("0.8", "0.9")):
        holdings = [Holding(Decimal(amount), Decimal(0)) for amount in (before, after)]
        connected.listeners.async_notify_changes([Change("BTC", *holdings, None)])
    assert [state.expected for state in connected.observer.wrong] == ["the last move ended at 0.7"]
    assert [state.expected for state in follower.settled()] == ["the account has 0.6"]
    stop()
