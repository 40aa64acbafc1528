"""A proxy, a firewall or a login page answers in place of the exchange: retried, and no verdict on the key."""

from homeassistant.config_entries import ConfigEntryState
import pytest

from custom_components.upbit.const import TIMINGS
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

bodies = pytest.mark.parametrize(
    "body",
    ["<html>Log in</html>", '{"message": "Forbidden"}'],
    ids=["html", "json"],
)
statuses = pytest.mark.parametrize("status", [401, 403])


@bodies
@statuses
async def test_answer_of_an_intermediary_is_retried(connected: Harness, status: int, body: str) -> None:
    connected.exchange.rest.fail_with(status, body)
    await wait_until(lambda: connected.stats.failed_snapshots[f"http_{status}"] > 1, within=90)
    connected.exchange.rest.recover()
    connected.account.change({"BTC": ("0.7", 0)}, announce=False)
    await wait_until(lambda: connected.is_correct, within=TIMINGS.longest_snapshot_delay + 2)
    assert connected.reauth_flows == 0


@statuses
async def test_set_up_is_retried(harness: Harness, status: int) -> None:
    harness.exchange.rest.fail_with(status, "<html>Log in</html>")
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    assert harness.entry.error_reason_translation_key == "not_upbit"
    harness.exchange.rest.recover()
    await wait_until(lambda: harness.is_loaded and harness.is_correct, within=60)
    assert harness.reauth_flows == 0


@statuses
async def test_handshake_that_an_intermediary_rejects_is_retried(connected: Harness, status: int) -> None:
    connected.exchange.handshake.fail_with(status)
    connected.exchange.cut()
    await pass_time(600)
    assert connected.is_correct
    assert connected.reauth_flows == 0
    connected.exchange.handshake.recover()
    await wait_until(lambda: connected.is_connected_and_correct, within=TIMINGS.longest_delay + 5)
