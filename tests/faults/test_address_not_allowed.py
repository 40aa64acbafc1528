"""This network's address is not among the allowed ones: a repair issue, slow retries, automatic recovery."""

from homeassistant.components.repairs import DOMAIN as REPAIRS, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.upbit.api.errors import UpbitError
from custom_components.upbit.const import DOCUMENTATION_URL, DOMAIN, TIMINGS
from simulator import most_within
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, virtual_loop, wait_until

ALLOWED, OTHER = "203.0.113.1", "203.0.113.9"


def _allow_one_address(harness: Harness) -> None:
    harness.exchange.key.allowed_addresses = frozenset({ALLOWED})
    harness.exchange.keys.client_address = ALLOWED


async def test_changed_address_is_a_repair_issue(harness: Harness) -> None:
    _allow_one_address(harness)
    await harness.start()
    exchange = harness.exchange

    exchange.keys.client_address = OTHER  # the provider gave out another one, which broke the connection
    exchange.cut()
    await wait_until(lambda: "ip_not_allowed" in harness.issues, within=10)
    issue = harness.issues["ip_not_allowed"]
    assert issue.translation_placeholders == {"account": "Upbit Singapore"}
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.is_fixable
    assert not issue.is_persistent
    assert issue.learn_more_url.startswith(DOCUMENTATION_URL)
    await wait_until(lambda: harness.is_unavailable, within=TIMINGS.grace + 1)

    started = virtual_loop().time()
    await pass_time(3600)
    assert most_within((call for call in exchange.record.calls if call.at > started), 60) <= 2
    assert harness.reauth_flows == 0
    assert harness.is_unavailable
    assert len(harness.log_lines()) == 1
    assert list(harness.issues) == ["ip_not_allowed"]

    exchange.account.set("BTC", "0.7")
    exchange.key.allowed_addresses = frozenset({ALLOWED, OTHER})
    await wait_until(lambda: harness.is_connected_and_correct, within=TIMINGS.address_retry + 5)
    # The network may use two addresses in turns, so the issue stays for a while.
    assert list(harness.issues) == ["ip_not_allowed"]
    took = await wait_until(lambda: harness.issues == {}, within=TIMINGS.address_settled + 61)
    assert took >= TIMINGS.address_settled - 1
    assert len(harness.log_lines()) == 2


async def test_address_rejected_at_the_start(harness: Harness) -> None:
    _allow_one_address(harness)
    harness.exchange.keys.client_address = OTHER
    assert not await harness.set_up()
    assert "ip_not_allowed" in harness.issues
    assert harness.reauth_flows == 0
    assert harness.entry.reason is not None
    assert "address" in harness.entry.reason

    harness.exchange.keys.client_address = ALLOWED
    await wait_until(lambda: harness.total("BTC") == "0.6", within=120)
    await wait_until(lambda: harness.is_connected_and_correct, within=5)
    await wait_until(lambda: harness.issues == {}, within=TIMINGS.address_settled + 61)


async def test_issue_goes_with_the_entry(harness: Harness) -> None:
    _allow_one_address(harness)
    harness.exchange.keys.client_address = OTHER
    assert not await harness.set_up()
    assert await harness.hass.config_entries.async_remove(harness.entry.entry_id)
    assert harness.issues == {}


async def test_issue_goes_when_the_entry_is_disabled(harness: Harness) -> None:
    """It is not checked any more."""
    _allow_one_address(harness)
    await harness.start()
    harness.exchange.keys.client_address = OTHER
    harness.exchange.cut()
    await wait_until(lambda: "ip_not_allowed" in harness.issues, within=10)
    assert await harness.hass.config_entries.async_reload(harness.entry.entry_id) is False
    assert "ip_not_allowed" in harness.issues
    # It waits to be set up again, so it is not unloaded.
    await harness.hass.config_entries.async_set_disabled_by(harness.entry.entry_id, ConfigEntryDisabler.USER)
    assert harness.issues == {}


async def test_each_account_has_an_issue_of_its_own(connected: Harness, other: Harness) -> None:
    connected.exchange.keys.keys["B" * 40].allowed_addresses = frozenset()
    assert not await other.set_up()
    issue = connected.issues["ip_not_allowed"]
    assert issue.issue_id == f"ip_not_allowed_{other.entry.entry_id}"


async def test_issue_stays_while_a_network_uses_two_addresses_in_turn(harness: Harness) -> None:
    _allow_one_address(harness)
    await harness.start()
    harness.exchange.keys.second_address = OTHER
    await wait_until(lambda: "ip_not_allowed" in harness.issues, within=2 * TIMINGS.snapshot_interval + 5)
    registry = ir.async_get(harness.hass)
    registry.async_ignore(DOMAIN, harness.issues["ip_not_allowed"].issue_id, True)
    updates = async_capture_events(harness.hass, ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED)
    await pass_time(3600)
    assert "remove" not in {update.data["action"] for update in updates}
    # That the user ignores it lasts, too.
    assert harness.issues["ip_not_allowed"].dismissed_version is not None


async def _check_again(harness: Harness) -> RepairsFlowResult:
    """Open the issue, and ask for another check."""
    assert await async_setup_component(harness.hass, REPAIRS, {})
    flows = harness.hass.data[REPAIRS]["flow_manager"]
    form = await flows.async_init(DOMAIN, data={"issue_id": harness.issues["ip_not_allowed"].issue_id})
    assert form["step_id"] == "confirm"
    return await flows.async_configure(form["flow_id"], {})


@pytest.mark.parametrize("at_set_up", [False, True])
async def test_user_s_own_check_closes_the_issue(harness: Harness, at_set_up: bool) -> None:
    _allow_one_address(harness)
    if not at_set_up:
        await harness.start()
    harness.exchange.keys.client_address = OTHER
    if at_set_up:
        assert not await harness.set_up()
    else:
        with pytest.raises(UpbitError):
            await harness.refresh()
    result = await _check_again(harness)
    assert result["errors"] == {"base": "ip_not_allowed"}
    harness.exchange.rest.fail_with(503, times=1)
    assert (await _check_again(harness))["errors"] == {"base": "check_failed"}
    harness.exchange.keys.client_address = ALLOWED
    assert (await _check_again(harness))["type"] is FlowResultType.CREATE_ENTRY
    assert harness.issues == {}
    await wait_until(lambda: harness.is_connected_and_correct, within=TIMINGS.longest_delay)
