"""The key is rejected: the user is asked for another one, once, and the rejected one is not tried again."""

from collections.abc import Callable

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN, TIMINGS
from simulator import ACCESS_KEY, SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

NEW_ACCESS_KEY = "NEWACCESSKEY" * 3 + "0000"
NEW_SECRET_KEY = "NEWSECRETKEY" * 3 + "0000"

type Fault = Callable[[SimulatedExchange], None]


def _lose_permission(exchange: SimulatedExchange) -> None:
    exchange.key.permissions = frozenset()
    exchange.keys.scope_status = 403


def _unknown_name(exchange: SimulatedExchange) -> None:
    exchange.rest.refuse("something_new", status=401)
    exchange.handshake.fail_with(401)


KEY_FAULTS: dict[str, tuple[Fault, str]] = {
    "deleted": (lambda exchange: setattr(exchange.key, "deleted", True), "invalid_access_key"),
    "permission": (_lose_permission, "missing_permission"),
    "unknown_name_401": (_unknown_name, "invalid_access_key"),
}

key_faults = pytest.mark.parametrize(("cause", "reason"), KEY_FAULTS.values(), ids=KEY_FAULTS.keys())


@pytest.mark.parametrize("by_frame", [False, True], ids=["by_status", "by_frame"])
async def test_user_is_asked_once_and_the_rejected_key_is_not_tried_again(
    connected: Harness, by_frame: bool
) -> None:
    exchange = connected.exchange
    exchange.stream.reject_by_frame = by_frame
    exchange.key.deleted = True
    exchange.cut()
    await wait_until(lambda: connected.reauth_flows == 1 and connected.is_unavailable, within=10)
    tried = len(exchange.record.calls)
    await pass_time(3600)
    assert len(exchange.record.calls) == tried
    assert tried <= 6
    assert connected.reauth_flows == 1
    assert not connected.shows_connected
    assert connected.issues == {}
    assert len(connected.log_lines()) == 1


async def test_key_that_is_rejected_while_connected_is_found_by_a_snapshot(connected: Harness) -> None:
    connected.exchange.key.deleted = True
    await wait_until(lambda: connected.reauth_flows == 1, within=TIMINGS.snapshot_interval + 1)
    # Upbit may leave the connection open, but it is not needed any more.
    await wait_until(lambda: not connected.exchange.stream.connections, within=2)
    assert connected.is_unavailable


@key_faults
async def test_key_that_is_rejected_at_the_start(harness: Harness, cause: Fault, reason: str) -> None:
    cause(harness.exchange)
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == reason
    assert harness.entry.error_reason_translation_placeholders == {"region": "Singapore"}
    assert harness.reauth_flows == 1
    assert len(harness.exchange.record.handshakes) == 1
    tried = len(harness.exchange.record.calls)
    await pass_time(3600)
    assert len(harness.exchange.record.calls) == tried
    assert harness.exchange.stream.connections == []


async def test_error_frame_that_names_the_reason_at_the_start(harness: Harness) -> None:
    """The stream may name the reason itself, before the snapshot can."""
    harness.exchange.stream.after_subscribe = lambda connection: connection.close_with_error("out_of_scope")
    harness.exchange.rest.hang()
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == "missing_permission"
    assert harness.reauth_flows == 1


async def test_new_key_recovers_and_keeps_the_history(connected: Harness) -> None:
    exchange = connected.exchange
    exchange.add_key(access_key=NEW_ACCESS_KEY, secret_key=NEW_SECRET_KEY)
    registry = er.async_get(connected.hass)
    before = {
        entry.unique_id: entry.entity_id
        for entry in er.async_entries_for_config_entry(registry, connected.entry.entry_id)
    }
    exchange.key.deleted = True
    exchange.cut()
    await wait_until(lambda: connected.reauth_flows == 1, within=10)
    exchange.account.set("BTC", "0.7")

    (flow,) = connected.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    result = await connected.hass.config_entries.flow.async_configure(
        flow["flow_id"],
        {CONF_REGION: "sg", CONF_ACCESS_KEY: NEW_ACCESS_KEY, CONF_SECRET_KEY: NEW_SECRET_KEY},
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await connected.hass.async_block_till_done()
    await wait_until(lambda: connected.is_connected_and_correct, within=5)
    after = {
        entry.unique_id: entry.entity_id
        for entry in er.async_entries_for_config_entry(registry, connected.entry.entry_id)
    }
    assert after == before
    assert exchange.record.live == {ACCESS_KEY: 0, NEW_ACCESS_KEY: 1}
    assert connected.reauth_flows == 0


async def test_no_handshake_is_tried_before_a_snapshot_shows_whether_it_is_the_key(
    connected: Harness,
) -> None:
    exchange = connected.exchange
    exchange.handshake.fail_with(401)
    exchange.rest.fail_with(503)
    exchange.cut()
    started = virtual_loop().time()
    await pass_time(1800)
    assert len([call for call in exchange.record.handshakes if call.at > started]) == 1
    exchange.rest.recover()
    exchange.handshake.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=30)


async def test_handshakes_rejected_permanently_while_snapshots_succeed(connected: Harness) -> None:
    """It is not known whether a key can be fit for one and not for the other: the balances stay correct by polling."""
    exchange = connected.exchange
    exchange.handshake.fail_with(401)
    exchange.cut()
    exchange.account.set("BTC", "0.7")
    await wait_until(lambda: connected.is_correct, within=5)
    await pass_time(3600)
    assert connected.is_correct
    assert not connected.shows_connected
    assert connected.reauth_flows == 0
    assert connected.log_lines() == []
