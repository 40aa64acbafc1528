"""Repair issues: an address that is not allowed, and a key that expires soon, where a region tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_REGION, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, DOCUMENTATION_URL, DOMAIN
from simulator import SECRET_KEY, SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until


def issue(hass: HomeAssistant, name: str, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{name}_{entry.entry_id}")


def soon(days: float) -> datetime:
    """Return a moment so many days from now, in whole seconds as the exchange gives it."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


# The address


async def test_address_that_is_not_allowed_is_an_issue_until_it_is(harness: Harness) -> None:
    await harness.set_up()
    assert issue(harness.hass, "ip_not_allowed", harness.entry) is None
    harness.exchange.key.allowed_addresses = frozenset({"203.0.113.1"})
    harness.exchange.cut()
    await wait_until(lambda: issue(harness.hass, "ip_not_allowed", harness.entry))
    found = issue(harness.hass, "ip_not_allowed", harness.entry)
    assert found.severity is ir.IssueSeverity.ERROR
    assert not found.is_fixable
    assert not found.is_persistent
    assert found.translation_key == "ip_not_allowed"
    assert found.translation_placeholders == {"account": "Upbit Singapore", "region": "Singapore"}
    assert found.learn_more_url.startswith(DOCUMENTATION_URL)
    # The key itself is fine, so nobody is asked for another one.
    assert not harness.hass.config_entries.flow.async_progress()
    assert harness.entry.state is ConfigEntryState.LOADED

    harness.exchange.key.allowed_addresses = frozenset({"127.0.0.1"})
    await wait_until(lambda: issue(harness.hass, "ip_not_allowed", harness.entry) is None)
    await wait_until(lambda: harness.in_sync)
    assert harness.state("sensor.upbit_singapore_btc") == "0.6"


async def test_address_that_is_not_allowed_is_an_issue_at_set_up_too(harness: Harness) -> None:
    harness.exchange.key.allowed_addresses = frozenset()
    await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_RETRY
    assert issue(harness.hass, "ip_not_allowed", harness.entry)
    harness.exchange.key.allowed_addresses = None
    await harness.reload()
    assert harness.entry.state is ConfigEntryState.LOADED
    assert issue(harness.hass, "ip_not_allowed", harness.entry) is None


async def test_each_account_has_an_issue_of_its_own(connected: Harness, other: Harness) -> None:
    connected.exchange.keys.keys["B" * 40].allowed_addresses = frozenset()
    assert not await other.set_up()
    assert issue(connected.hass, "ip_not_allowed", other.entry)
    assert issue(connected.hass, "ip_not_allowed", connected.entry) is None


@pytest.mark.parametrize("region", ["kr"])
async def test_issues_go_with_the_account(harness: Harness) -> None:
    harness.exchange.key.expires_at = soon(3)
    await harness.set_up()
    await wait_until(lambda: issue(harness.hass, "key_expires", harness.entry))
    harness.exchange.key.allowed_addresses = frozenset()
    await harness.reload()
    assert issue(harness.hass, "ip_not_allowed", harness.entry)
    await harness.remove()
    assert not ir.async_get(harness.hass).issues


# The key's expiry


@pytest.mark.parametrize("region", ["kr"])
@pytest.mark.parametrize(("days", "told"), [(13.9, True), (0.1, True), (14.1, False), (364, False)])
async def test_key_that_expires_soon_is_an_issue(harness: Harness, days: float, told: bool) -> None:
    harness.exchange.key.expires_at = soon(days)
    await harness.set_up()
    await wait_until(lambda: harness.coordinator.key_expires_at)
    assert harness.coordinator.key_expires_at == harness.exchange.key.expires_at
    found = issue(harness.hass, "key_expires", harness.entry)
    assert (found is not None) is told
    if found is not None:
        assert found.severity is ir.IssueSeverity.WARNING
        assert not found.is_fixable
        date = dt_util.as_local(harness.exchange.key.expires_at).date().isoformat()
        assert found.translation_placeholders == {"account": "Upbit Korea", "date": date}


@pytest.mark.parametrize("region", ["kr"])
async def test_issue_about_the_expiry_goes_with_another_key(harness: Harness) -> None:
    harness.exchange.key.expires_at = soon(3)
    await harness.set_up()
    await wait_until(lambda: issue(harness.hass, "key_expires", harness.entry))
    harness.exchange.add_key(access_key="SECOND", expires_at=soon(365))
    harness.hass.config_entries.async_update_entry(
        harness.entry, data={**harness.entry.data, CONF_ACCESS_KEY: "SECOND"}
    )
    await harness.reload()
    await wait_until(lambda: issue(harness.hass, "key_expires", harness.entry) is None)


@pytest.mark.parametrize("region", ["kr"])
async def test_expiry_is_asked_for_rarely(harness: Harness) -> None:
    await harness.set_up()
    coordinator = harness.coordinator
    await wait_until(lambda: coordinator.key_expires_at)
    for _ in range(3):
        await coordinator.async_refresh()
    await wait_until(lambda: coordinator.health.complete)
    assert len(harness.exchange.record.requests("/v1/api_keys")) == 1


@pytest.mark.parametrize("region", ["kr"])
async def test_key_that_is_not_listed_has_no_expiry(harness: Harness) -> None:
    harness.exchange.keys.of_account = lambda _: []
    await harness.set_up()
    await wait_until(lambda: harness.exchange.record.requests("/v1/api_keys"))
    await harness.refresh()
    assert harness.state("sensor.upbit_korea_api_key_expiration") == STATE_UNKNOWN
    assert issue(harness.hass, "key_expires", harness.entry) is None


@pytest.mark.parametrize("region", ["sg", "id", "th"])
async def test_expiry_is_never_asked_for_in_other_regions(harness: Harness) -> None:
    harness.exchange.key.expires_at = soon(3)
    await harness.set_up()
    await harness.refresh()
    await wait_until(lambda: harness.in_sync)
    assert not harness.exchange.record.requests("/v1/api_keys")
    assert {call.path for call in harness.exchange.record.calls} == {"/v1/accounts", "/websocket/v1/private"}
    assert issue(harness.hass, "key_expires", harness.entry) is None
    assert not [state for state in harness.hass.states.async_all() if "expires" in state.entity_id]


@pytest.mark.parametrize("region", ["kr"])
async def test_issue_about_the_expiry_goes_when_the_account_moves_to_another_region(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.exchange.key.expires_at = soon(3)
    await harness.set_up()
    await wait_until(lambda: issue(harness.hass, "key_expires", harness.entry))
    async with SimulatedExchange("sg", secret_key=SECRET_KEY) as singapore:
        place = replace(REGIONS["sg"], rest_url=singapore.rest_url, websocket_url=singapore.websocket_url)
        monkeypatch.setitem(REGIONS, "sg", place)
        harness.hass.config_entries.async_update_entry(
            harness.entry, data={**harness.entry.data, CONF_REGION: "sg"}
        )
        await harness.reload()
        await wait_until(lambda: issue(harness.hass, "key_expires", harness.entry) is None)
        assert not singapore.record.requests("/v1/api_keys")
