"""This network's address is not on the key's list: a repair issue, slow retries, and recovery by itself."""

from homeassistant.config_entries import ConfigEntryDisabler
import pytest

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import TIMINGS
from simulator import most_within

from .clock import clock, pass_time, until
from .world import World

ALLOWED, OTHER = "203.0.113.1", "203.0.113.9"

names = pytest.mark.parametrize("name", ["no_authorization_i_p", "no_authorization_ip"])
manners = pytest.mark.parametrize("by_frame", [False, True], ids=["by_status", "by_frame"])


def _allow_one_address(world: World, name: str = "no_authorization_i_p", by_frame: bool = False) -> None:
    keys = world.exchange.keys
    world.exchange.key.allowed_addresses = frozenset({ALLOWED})
    keys.client_address, keys.address_error = ALLOWED, name
    world.exchange.stream.reject_by_frame = by_frame


@names
@manners
async def test_changed_address_is_a_repair_issue(world: World, name: str, by_frame: bool) -> None:
    _allow_one_address(world, name, by_frame)
    await world.live()
    exchange = world.exchange

    exchange.keys.client_address = OTHER  # the provider gave out another one, which broke the connection
    exchange.cut()
    await until(lambda: "ip_not_allowed" in world.issues(), within=10)
    issue = world.issues()["ip_not_allowed"]
    assert issue.translation_placeholders == {"account": "Upbit Singapore", "region": REGIONS["sg"].name}
    assert not issue.is_fixable
    assert issue.learn_more_url
    await until(lambda: world.unavailable, within=TIMINGS.grace + 1)

    started = clock().time()
    await pass_time(3600)
    assert most_within((call for call in exchange.record.calls if call.at > started), 60) <= 2
    assert world.reauth_flows() == 0
    assert world.unavailable
    assert len(world.log_lines()) == 1
    assert list(world.issues()) == ["ip_not_allowed"]

    exchange.account.set("BTC", "0.7")
    exchange.key.allowed_addresses = frozenset({ALLOWED, OTHER})
    await until(lambda: world.live_and_right, within=TIMINGS.address_retry + 5)
    assert world.issues() == {}
    assert len(world.log_lines()) == 2


async def test_connection_that_lives_keeps_the_balances_right(world: World) -> None:
    _allow_one_address(world)
    await world.live()
    world.exchange.account.set("XRP", "1")
    await until(lambda: world.right, within=1)
    world.exchange.keys.client_address = OTHER
    await until(
        lambda: "ip_not_allowed" in world.issues(),
        within=TIMINGS.snapshot_interval + TIMINGS.snapshot_interval,
    )
    world.exchange.account.set("BTC", "0.7")
    await until(lambda: world.right, within=1)
    assert "unavailable" not in world.shown["BTC"]
    assert world.reauth_flows() == 0


async def test_address_refused_at_the_start(world: World) -> None:
    _allow_one_address(world)
    world.exchange.keys.client_address = OTHER
    assert not await world.set_up()
    assert "ip_not_allowed" in world.issues()
    assert world.reauth_flows() == 0
    assert world.entry.reason is not None
    assert "address" in world.entry.reason

    world.exchange.keys.client_address = ALLOWED
    await until(lambda: world.total("BTC") == "0.6", within=120)
    await until(lambda: world.live_and_right, within=5)
    assert world.issues() == {}


async def test_issue_goes_with_the_entry(world: World) -> None:
    _allow_one_address(world)
    world.exchange.keys.client_address = OTHER
    assert not await world.set_up()
    assert await world.hass.config_entries.async_remove(world.entry.entry_id)
    assert world.issues() == {}


async def test_issue_gives_way_when_the_key_itself_is_refused(world: World) -> None:
    _allow_one_address(world)
    await world.live()
    world.exchange.keys.client_address = OTHER
    world.exchange.cut()
    await until(lambda: "ip_not_allowed" in world.issues(), within=10)
    world.exchange.key.deleted = True
    await until(lambda: world.reauth_flows() == 1, within=TIMINGS.address_retry + 5)
    assert world.issues() == {}


async def test_issue_goes_when_the_entry_is_disabled(world: World) -> None:
    """Nobody would look any more whether it still holds."""
    _allow_one_address(world)
    await world.live()
    world.exchange.keys.client_address = OTHER
    world.exchange.cut()
    await until(lambda: "ip_not_allowed" in world.issues(), within=10)
    assert await world.hass.config_entries.async_reload(world.entry.entry_id) is False
    assert "ip_not_allowed" in world.issues()
    # It waits to be set up again, so it is not unloaded.
    await world.hass.config_entries.async_set_disabled_by(world.entry.entry_id, ConfigEntryDisabler.USER)
    assert world.issues() == {}
