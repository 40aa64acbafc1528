"""The stream is deaf: connected and subscribed, yet it tells nothing while balances change."""

from custom_components.upbit.const import TIMINGS

from .clock import pass_time, until
from .world import World


async def test_first_use_of_an_account(world: World) -> None:
    """The documentation says up to five minutes; after a reconnect later on, frames come at once."""
    exchange = world.exchange
    exchange.stream.first_use_silence = 300
    await world.live()

    for number in range(1, 4):
        exchange.account.set("BTC", number)
        await until(lambda: world.right, within=61)
        await until(lambda: world.coordinator.stats.planned_reconnects["deaf"] == number, within=11)  # noqa: B023
        await until(lambda: world.coordinator.sync.in_sync, within=5)

    await pass_time(300)  # the last connection was made too early and stays deaf for life
    exchange.account.set("BTC", "0.8")
    await until(lambda: world.right, within=61)
    await until(lambda: world.coordinator.stats.planned_reconnects["deaf"] == 4, within=11)
    await until(lambda: world.coordinator.sync.in_sync, within=5)
    exchange.account.set("BTC", "0.9")
    await until(lambda: world.right, within=1)

    assert world.coordinator.sync.missed_updates == 4
    assert len(world.log_lines()) == 1
    assert "unavailable" not in world.shown["BTC"]
    assert world.stream_states == ["on"]  # replaced in a moment: nothing an automation should see


async def test_diagnostics_count_what_the_stream_missed(live: World) -> None:
    live.exchange.stream.withhold_frames = True
    live.exchange.account.set("BTC", "0.7")
    await until(lambda: live.coordinator.stats.planned_reconnects["deaf"] == 1, within=80)
    statistics = (await live.diagnostics())["stats"]
    assert statistics["changes_missed_by_stream"] == 1
    assert statistics["planned_reconnects"] == {"deaf": 1}
    assert [record["end"] for record in statistics["connections"]] == ["replaced_deaf", None]


async def test_quiet_account_is_connected_again_after_ten_minutes(live: World) -> None:
    """Nothing changes, so nothing shows whether the stream would tell: the documentation's advice is followed."""
    await until(lambda: live.coordinator.stats.planned_reconnects["first_use"] == 1, within=665)
    await until(lambda: live.live_and_right, within=5)
    assert live.log_lines() == []

    live.exchange.account.set("BTC", "0.7")
    await until(lambda: live.right, within=1)
    await pass_time(7200)  # once it has spoken it is trusted, however quiet the account is
    assert live.coordinator.stats.planned_reconnects == {"first_use": 1}
    assert live.coordinator.stats.connects == 2


async def test_stream_that_goes_deaf_later_is_found_by_the_next_snapshot(live: World) -> None:
    live.exchange.account.set("BTC", "0.7")
    await until(lambda: live.right, within=1)
    live.exchange.stream.withhold_frames = True
    live.exchange.account.set("BTC", "0.8")
    await until(lambda: live.right, within=TIMINGS.snapshot_interval + 61)
    await until(lambda: live.coordinator.stats.planned_reconnects["deaf"] == 1, within=20)
    # What cannot be trusted is looked after every minute again.
    live.exchange.account.set("BTC", "0.9")
    await until(lambda: live.right, within=61)


async def test_deaf_stream_costs_a_handful_of_connections_an_hour_not_a_storm(live: World) -> None:
    live.exchange.stream.withhold_frames = True
    for number in range(1, 61):
        live.exchange.account.set("BTC", number)
        await pass_time(60)
    assert len(live.exchange.record.handshakes) <= 61
    assert len(live.log_lines()) == 1
    assert "unavailable" not in live.shown["BTC"]


async def test_frame_that_comes_soon_after_the_snapshot_acquits_the_stream(live: World) -> None:
    exchange = live.exchange
    with exchange.stream.hold_frames() as held:
        exchange.account.set("BTC", "0.7")
        await until(lambda: live.right, within=61)  # by a snapshot
        held.release()
        await pass_time(TIMINGS.delivery + 1)
    assert live.coordinator.stats.planned_reconnects == {}
    assert live.coordinator.sync.missed_updates == 0


async def test_change_missed_is_found_even_when_another_snapshot_is_asked_for_meanwhile(live: World) -> None:
    live.exchange.stream.withhold_frames = True
    live.exchange.account.set("BTC", "0.7")
    await until(lambda: live.right, within=61)
    await live.coordinator.async_refresh()
    await until(lambda: live.coordinator.sync.missed_updates == 1, within=TIMINGS.delivery + 1)
    await until(lambda: live.coordinator.stats.planned_reconnects["deaf"] == 1, within=5)
