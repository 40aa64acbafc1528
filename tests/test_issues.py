"""Repair issues: an address that is not allowed, and a key that expires soon, where a region tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_REGION, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, DOCUMENTATION_URL, DOMAIN, TIMINGS
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.waiting import until


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what is slow on purpose."""
    timings = replace(TIMINGS, address_retry=0.2, key_expiry=0.0, first_delay=0.1, longest_delay=0.2)
    monkeypatch.setattr("custom_components.upbit.coordinator.TIMINGS", timings)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def issue(hass: HomeAssistant, name: str, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{name}_{entry.entry_id}")


def soon(days: float) -> datetime:
    """Return a moment so many days from now, in whole seconds as the exchange gives it."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


# The address


@pytest.mark.usefixtures("quick")
async def test_address_that_is_not_allowed_is_an_issue_until_it_is(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    assert issue(hass, "ip_not_allowed", entry) is None
    exchange.key.allowed_addresses = frozenset({"203.0.113.1"})
    exchange.cut()
    await until(lambda: issue(hass, "ip_not_allowed", entry))
    found = issue(hass, "ip_not_allowed", entry)
    assert found.severity is ir.IssueSeverity.ERROR
    assert not found.is_fixable
    assert not found.is_persistent
    assert found.translation_key == "ip_not_allowed"
    assert found.translation_placeholders == {"account": "Upbit Singapore", "region": "Singapore"}
    assert found.learn_more_url.startswith(DOCUMENTATION_URL)
    # The key itself is fine, so nobody is asked for another one.
    assert not hass.config_entries.flow.async_progress()
    assert entry.state is ConfigEntryState.LOADED

    exchange.key.allowed_addresses = frozenset({"127.0.0.1"})
    await until(lambda: issue(hass, "ip_not_allowed", entry) is None)
    await until(lambda: entry.runtime_data.sync.in_sync)
    assert hass.states.get("sensor.upbit_singapore_btc").state == "0.6"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_address_that_is_not_allowed_is_an_issue_at_set_up_too(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.key.allowed_addresses = frozenset()
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issue(hass, "ip_not_allowed", entry)
    exchange.key.allowed_addresses = None
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert issue(hass, "ip_not_allowed", entry) is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_each_account_has_an_issue_of_its_own(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.add_key(access_key="SECOND", allowed_addresses=frozenset())
    second = MockConfigEntry(domain=DOMAIN, title="Savings", data={**entry.data, CONF_ACCESS_KEY: "SECOND"})
    await set_up(hass, second)
    await set_up(hass, entry)
    assert issue(hass, "ip_not_allowed", second)
    assert issue(hass, "ip_not_allowed", entry) is None
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_unload(second.entry_id)


@pytest.mark.parametrize("region", ["kr"])
async def test_issues_go_with_the_account(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.key.expires_at = soon(3)
    await set_up(hass, entry)
    await until(lambda: issue(hass, "key_expires", entry))
    exchange.key.allowed_addresses = frozenset()
    await hass.config_entries.async_reload(entry.entry_id)
    assert issue(hass, "ip_not_allowed", entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not ir.async_get(hass).issues


# The key's expiry


@pytest.mark.parametrize("region", ["kr"])
@pytest.mark.parametrize(("days", "told"), [(13.9, True), (0.1, True), (14.1, False), (364, False)])
async def test_key_that_expires_soon_is_an_issue(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, days: float, told: bool
) -> None:
    exchange.key.expires_at = soon(days)
    await set_up(hass, entry)
    await until(lambda: entry.runtime_data.key_expires_at)
    assert entry.runtime_data.key_expires_at == exchange.key.expires_at
    found = issue(hass, "key_expires", entry)
    assert (found is not None) is told
    if found is not None:
        assert found.severity is ir.IssueSeverity.WARNING
        assert not found.is_fixable
        date = dt_util.as_local(exchange.key.expires_at).date().isoformat()
        assert found.translation_placeholders == {"account": "Upbit Korea", "date": date}
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("region", ["kr"])
@pytest.mark.usefixtures("quick")
async def test_issue_about_the_expiry_goes_with_another_key(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.key.expires_at = soon(3)
    await set_up(hass, entry)
    await until(lambda: issue(hass, "key_expires", entry))
    exchange.add_key(access_key="SECOND", expires_at=soon(365))
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_ACCESS_KEY: "SECOND"})
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: issue(hass, "key_expires", entry) is None)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("region", ["kr"])
@pytest.mark.usefixtures("quick")
async def test_expiry_that_cannot_be_had_hinders_nothing(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.key.expires_at = soon(3)
    body = json.dumps([{"access_key": ACCESS_KEY, "expire_at": "soon"}])
    await set_up(hass, entry)
    coordinator = entry.runtime_data
    await until(lambda: coordinator.key_expires_at)
    expires_at = coordinator.key_expires_at
    before = len(exchange.record.requests("/v1/api_keys"))
    async with exchange.hold_snapshots() as gate:
        refreshing = hass.async_create_task(coordinator.async_refresh())
        await gate.held()
        # The rows are computed: the next answer is that about the keys.
        exchange.rest.fail_with(200, body, times=1)
    await refreshing
    await until(lambda: len(exchange.record.requests("/v1/api_keys")) > before)
    await coordinator.async_refresh()
    assert coordinator.key_expires_at == expires_at
    assert coordinator.available
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("region", ["kr"])
async def test_expiry_is_asked_for_rarely(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    coordinator = entry.runtime_data
    await until(lambda: coordinator.key_expires_at)
    for _ in range(3):
        await coordinator.async_refresh()
    await until(lambda: coordinator.sync.in_sync)
    assert len(exchange.record.requests("/v1/api_keys")) == 1
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("region", ["kr"])
async def test_key_that_is_not_listed_has_no_expiry(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.keys.of_account = lambda _: []
    await set_up(hass, entry)
    await until(lambda: exchange.record.requests("/v1/api_keys"))
    await entry.runtime_data.async_refresh()
    assert hass.states.get("sensor.upbit_korea_api_key_expiration").state == STATE_UNKNOWN
    assert issue(hass, "key_expires", entry) is None
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("region", ["sg", "id", "th"])
@pytest.mark.usefixtures("quick")
async def test_expiry_is_never_asked_for_in_other_regions(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    exchange.key.expires_at = soon(3)
    await set_up(hass, entry)
    await entry.runtime_data.async_refresh()
    await until(lambda: entry.runtime_data.sync.in_sync)
    assert not exchange.record.requests("/v1/api_keys")
    assert {call.path for call in exchange.record.calls} == {"/v1/accounts", "/websocket/v1/private"}
    assert issue(hass, "key_expires", entry) is None
    assert not [state for state in hass.states.async_all() if "expires" in state.entity_id]
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("region", ["kr"])
async def test_issue_about_the_expiry_goes_when_the_account_moves_to_another_region(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.key.expires_at = soon(3)
    await set_up(hass, entry)
    await until(lambda: issue(hass, "key_expires", entry))
    async with SimulatedExchange("sg", secret_key=SECRET_KEY) as singapore:
        place = replace(REGIONS["sg"], rest_url=singapore.rest_url, websocket_url=singapore.websocket_url)
        monkeypatch.setitem(REGIONS, "sg", place)
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_REGION: "sg"})
        await hass.config_entries.async_reload(entry.entry_id)
        await until(lambda: issue(hass, "key_expires", entry) is None)
        assert not singapore.record.requests("/v1/api_keys")
        await hass.config_entries.async_unload(entry.entry_id)
