"""The stream is connected and subscribed, and delivers nothing while balances change."""

from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until


async def test_first_use_of_an_account(harness: Harness) -> None:
    """The documentation says up to five minutes; after a reconnect later on, frames come immediately."""
    exchange = harness.exchange
    exchange.stream.first_use_silence = 300
    await harness.start()

    for number in range(1, 4):
        exchange.account.set("BTC", number)
        await wait_until(lambda: harness.is_correct, within=61)
        await wait_until(lambda: harness.stats.planned_reconnects["missed_update"] == number, within=11)  # noqa: B023
        await wait_until(lambda: harness.in_sync, within=5)

    await pass_time(300)  # the last connection was made too early and never delivers anything
    exchange.account.set("BTC", "0.8")
    await wait_until(lambda: harness.is_correct, within=61)
    await wait_until(lambda: harness.stats.planned_reconnects["missed_update"] == 4, within=11)
    await wait_until(lambda: harness.in_sync, within=5)
    exchange.account.set("BTC", "0.9")
    await wait_until(lambda: harness.is_correct, within=1)

    assert harness.missed_updates == 4
    assert len(harness.log_lines()) == 1
    assert "unavailable" not in harness.shown["BTC"]
    assert harness.stream_states == ["on"]  # replaced so quickly that no automation should see it


async def test_missed_updates_cost_one_connection_a_minute_at_most(connected: Harness) -> None:
    connected.exchange.stream.withhold_frames = True
    for number in range(1, 61):
        connected.account.set("BTC", number)
        await pass_time(60)
    assert len(connected.exchange.record.handshakes) <= 61
    assert len(connected.log_lines()) == 1
    assert "unavailable" not in connected.shown["BTC"]
    diagnostics = await connected.diagnostics()
    missed = diagnostics["stream"]["missed_updates"]
    assert missed > 0
    assert diagnostics["stats"]["planned_reconnects"] == {"missed_update": missed}
    assert diagnostics["stats"]["connections"][0]["end"] == "replaced_missed_update"


async def test_quiet_account_is_connected_again_after_ten_minutes(connected: Harness) -> None:
    """Nothing changes, so nothing shows whether the stream delivers: the documentation's advice is followed."""
    await wait_until(lambda: connected.stats.planned_reconnects["first_use"] == 1, within=665)
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    assert connected.log_lines() == []

    connected.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_correct, within=1)
    await pass_time(7200)  # once it has delivered it is kept, however quiet the account is
    assert connected.stats.planned_reconnects == {"first_use": 1}
    assert connected.stats.connects == 2
