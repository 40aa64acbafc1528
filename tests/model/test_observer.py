"""The observer that judges every state in the model tests and in the soak."""

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
