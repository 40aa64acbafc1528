"""The key dies while it is in use: the user is asked for another one, once, and the dead one is not tried again."""

from collections.abc import Callable
from datetime import UTC, datetime

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


def _expire(exchange: SimulatedExchange) -> None:
    exchange.key.expires_at = datetime(2026, 1, 1, tzinfo=UTC)


def _lose_permission_401(exchange: SimulatedExchange) -> None:
    exchange.key.permissions = frozenset()


def _lose_permission_403(exchange: SimulatedExchange) -> None:
    exchange.key.permissions = frozenset()
    exchange.keys.scope_status = 403


def _unknown_name(exchange: SimulatedExchange) -> None:
    exchange.rest.refuse("something_new", status=401)
    exchange.handshake.fail_with(401)


KEY_FAULTS: dict[str, tuple[Fault, str]] = {
    "deleted": (lambda exchange: setattr(exchange.key, "deleted", True), "invalid_access_key"),
    "expired": (_expire, "expired_access_key"),
    "permission_401": (_lose_permission_401, "missing_permission"),
    "permission_403": (_lose_permission_403, "missing_permission"),
    "secret_changed": (
        lambda exchange: setattr(exchange.key, "secret_key", "other" * 8),
        "invalid_secret_key",
    ),
    "unknown_name_401": (_unknown_name, "invalid_access_key"),
}

key_faults = pytest.mark.parametrize(("cause", "reason"), KEY_FAULTS.values(), ids=KEY_FAULTS.keys())


@key_faults
@pytest.mark.parametrize("by_frame", [False, True], ids=["by_status", "by_frame"])
async def test_dead_key_is_asked_for_once_and_left_alone(
    connected: Harness, cause: Fault, reason: str, by_frame: bool
) -> None:
    exchange = connected.exchange
    exchange.stream.reject_by_frame = by_frame
    cause(exchange)
    exchange.cut()
    await wait_until(lambda: connected.reauth_flows == 1 and connected.is_unavailable, within=10)
    tried = len(exchange.record.calls)
    await pass_time(6 * 3600)
    assert len(exchange.record.calls) == tried
    assert tried <= 6
    assert connected.reauth_flows == 1
    assert not connected.shows_connected
    assert connected.issues == {}
    assert len(connected.log_lines()) == 1


@key_faults
async def test_key_that_dies_while_its_connection_lives_is_found_by_a_snapshot(
    connected: Harness, cause: Fault, reason: str
) -> None:
    cause(connected.exchange)
    await wait_until(lambda: connected.reauth_flows == 1, within=TIMINGS.snapshot_interval + 1)
    # Upbit may leave the connection open, but what it would tell is not asked for any more.
    await wait_until(lambda: not connected.exchange.stream.connections, within=2)
    assert connected.is_unavailable


@key_faults
async def test_key_that_is_dead_at_the_start(harness: Harness, cause: Fault, reason: str) -> None:
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


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("invalid_access_key", "invalid_access_key"),
        ("jwt_verification", "invalid_secret_key"),
        ("expired_access_key", "expired_access_key"),
        ("out_of_scope", "missing_permission"),
    ],
)
async def test_error_frame_that_names_the_reason_at_the_start(
    harness: Harness, name: str, reason: str
) -> None:
    """The stream may name the reason itself, before the snapshot can."""
    harness.exchange.stream.after_subscribe = lambda connection: connection.close_with_error(name)
    harness.exchange.rest.hang()
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.error_reason_translation_key == reason
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


async def test_nonce_used_is_no_verdict_on_the_key(connected: Harness) -> None:
    """The HTTP client may repeat a request by itself, and with it the nonce."""
    exchange = connected.exchange
    exchange.rest.refuse("nonce_used", times=1)
    await connected.refresh()
    exchange.rest.refuse("nonce_used")
    exchange.handshake.refuse("nonce_used")
    exchange.cut()
    await wait_until(lambda: connected.is_unavailable, within=60)
    await pass_time(600)
    assert connected.reauth_flows == 0
    await exchange.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=30)


@pytest.mark.parametrize("name", ["no_authorization_token", "invalid_query_payload"])
async def test_fault_of_the_client_is_not_blamed_on_the_key(connected: Harness, name: str) -> None:
    connected.exchange.rest.refuse(name)
    connected.exchange.cut()
    await pass_time(600)
    assert connected.reauth_flows == 0
    connected.exchange.rest.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=30)


async def test_handshake_refused_for_a_moment_is_no_verdict_on_the_key(connected: Harness) -> None:
    """A status of 401 without a body says nothing: the snapshot that is asked then says that the key is fine."""
    exchange = connected.exchange
    exchange.handshake.fail_with(401, times=2)
    exchange.cut()
    await wait_until(lambda: connected.is_connected_and_correct and not exchange.handshake.fault, within=10)
    assert connected.reauth_flows == 0
    assert "unavailable" not in connected.shown["BTC"]


async def test_no_handshake_is_tried_while_a_refused_key_is_in_doubt(connected: Harness) -> None:
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


async def test_stream_refused_for_good_while_snapshots_are_answered(connected: Harness) -> None:
    """It is not known whether a key can be fit for one and not for the other: the balances stay right by polling."""
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
