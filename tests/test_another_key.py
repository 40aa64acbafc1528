"""Another key, or another region, for an account that is there."""

from collections.abc import AsyncIterator
from dataclasses import replace

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.api.errors import UpbitError
from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN, TIMINGS
from simulator import ACCESS_KEY, SimulatedExchange
from tests.helpers.flows import OTHER_ACCESS_KEY, OTHER_INPUT, OTHER_SECRET_KEY, USER_INPUT, submit
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until


@pytest.fixture
async def thai_exchange(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SimulatedExchange]:
    """Run a second exchange, in another region, with another key and other holdings."""
    async with SimulatedExchange(
        "th",
        holdings={"THB": ("5000", 0), "BTC": ("2", 0)},
        access_key=OTHER_ACCESS_KEY,
        secret_key=OTHER_SECRET_KEY,
    ) as simulated:
        place = replace(REGIONS["th"], rest_url=simulated.rest_url, websocket_url=simulated.websocket_url)
        monkeypatch.setitem(REGIONS, "th", place)
        yield simulated


# Another key for an account


async def test_reauth_replaces_the_key(connected: Harness) -> None:
    before = er.async_entries_for_config_entry(er.async_get(connected.hass), connected.entry.entry_id)
    connected.exchange.add_key(access_key=OTHER_ACCESS_KEY, secret_key=OTHER_SECRET_KEY)
    form = await connected.entry.start_reauth_flow(connected.hass)
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "reauth_confirm"

    connected.exchange.key.deleted = True
    result = await submit(connected.hass, form, USER_INPUT)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "reauth_confirm"
    assert result["errors"] == {"base": "invalid_access_key"}

    result = await submit(connected.hass, result, OTHER_INPUT)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert connected.entry.data == OTHER_INPUT
    await wait_until(lambda: connected.in_sync)
    assert [each.entity_id for each in before] == [
        each.entity_id
        for each in er.async_entries_for_config_entry(er.async_get(connected.hass), connected.entry.entry_id)
    ]
    assert connected.state("sensor.upbit_singapore_btc") == "0.6"


async def test_reauth_with_the_key_of_another_entry_is_rejected(harness: Harness) -> None:
    harness.entry.add_to_hass(harness.hass)
    other = MockConfigEntry(domain=DOMAIN, data=OTHER_INPUT)
    other.add_to_hass(harness.hass)
    result = await submit(harness.hass, await other.start_reauth_flow(harness.hass), USER_INPUT)
    assert result["reason"] == "already_configured"
    assert other.data == OTHER_INPUT


@pytest.mark.parametrize("start_flow", ["start_reauth_flow", "start_reconfigure_flow"])
async def test_form_for_another_key_offers_the_region_and_no_key(harness: Harness, start_flow: str) -> None:
    harness.entry.add_to_hass(harness.hass)
    form = await getattr(harness.entry, start_flow)(harness.hass)
    fields = {str(field): field for field in form["data_schema"].schema}
    assert fields[CONF_REGION].default() == "sg"
    for name in (CONF_ACCESS_KEY, CONF_SECRET_KEY):
        assert not fields[name].description
    assert ACCESS_KEY not in repr(form)


@pytest.mark.parametrize("start_flow", ["start_reauth_flow", "start_reconfigure_flow"])
async def test_form_keeps_the_rate_limit_of_the_account_in_the_same_region(
    connected: Harness, thai_exchange: SimulatedExchange, start_flow: str
) -> None:
    connected.accounts.append(thai_exchange.account)
    connected.exchange.add_key(access_key=OTHER_ACCESS_KEY, secret_key=OTHER_SECRET_KEY)
    connected.exchange.rest.fail_with(429, headers={"Retry-After": "60"}, times=1)
    with pytest.raises(UpbitError):
        await connected.refresh()
    before = len(connected.exchange.record.calls)
    form = await getattr(connected.entry, start_flow)(connected.hass)
    result = await submit(connected.hass, form, OTHER_INPUT)
    assert result["errors"] == {"base": "rate_limited"}
    assert len(connected.exchange.record.calls) == before
    # Another region counts its own requests.
    result = await submit(connected.hass, result, OTHER_INPUT | {CONF_REGION: "th"})
    assert result["type"] is FlowResultType.ABORT
    await connected.hass.async_block_till_done()
    assert connected.is_loaded
    assert connected.wait_seconds == 0
    await connected.unload()


# Another region for an account


@pytest.mark.parametrize("region", ["kr"])
async def test_reconfigure_moves_to_another_region_and_keeps_the_entities(
    connected: Harness, thai_exchange: SimulatedExchange
) -> None:
    connected.accounts.append(thai_exchange.account)
    registry = er.async_get(connected.hass)

    def ids() -> dict[str, str]:
        entities = er.async_entries_for_config_entry(registry, connected.entry.entry_id)
        return {each.unique_id: each.entity_id for each in entities}

    before = ids()
    form = await connected.entry.start_reconfigure_flow(connected.hass)
    assert form["step_id"] == "reconfigure"
    result = await submit(connected.hass, form, OTHER_INPUT | {CONF_REGION: "th"})
    assert result["reason"] == "reconfigure_successful"
    await wait_until(lambda: connected.in_sync)
    await connected.hass.async_block_till_done()

    assert connected.entry.data == OTHER_INPUT | {CONF_REGION: "th"}
    assert connected.entry.title == "Upbit Thailand"
    after = ids()
    # Only the region of before has an expiration of the key.
    assert before.pop(f"{connected.entry.entry_id}_api_key_expiration")
    assert after.items() > before.items()
    assert len(after) == len(before) + 1
    assert connected.state("sensor.upbit_korea_btc") == "2"
    # A currency that only the other region held stays, at zero, once a second snapshot lacks it too.
    await connected.becomes("sensor.upbit_korea_sgd", "0", within=TIMINGS.absence + 1)
    assert connected.state(after[f"{connected.entry.entry_id}_balance_THB"]) == "5000"
    (device,) = dr.async_entries_for_config_entry(dr.async_get(connected.hass), connected.entry.entry_id)
    assert device.model == "Thailand"
    assert not connected.exchange.stream.connections


@pytest.mark.parametrize(
    ("title", "to_region", "after"),
    [
        ("Upbit Singapore 2", "th", "Upbit Thailand"),
        ("Upbit Singapore 2", "sg", "Upbit Singapore 2"),
        ("Savings", "th", "Savings"),
        ("Upbit Singapore account", "th", "Upbit Singapore account"),
    ],
)
async def test_title_follows_the_region_unless_the_user_has_renamed_the_entry(
    harness: Harness, thai_exchange: SimulatedExchange, title: str, to_region: str, after: str
) -> None:
    harness.accounts.append(thai_exchange.account)
    harness.exchange.add_key(access_key=OTHER_ACCESS_KEY, secret_key=OTHER_SECRET_KEY)
    harness.entry.add_to_hass(harness.hass)
    harness.hass.config_entries.async_update_entry(harness.entry, title=title)
    form = await harness.entry.start_reconfigure_flow(harness.hass)
    await submit(harness.hass, form, OTHER_INPUT | {CONF_REGION: to_region})
    assert harness.entry.title == after


async def test_entry_of_an_unsupported_region_can_be_moved(harness: Harness) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title="Upbit", data=USER_INPUT | {CONF_REGION: "gone"})
    entry.add_to_hass(harness.hass)
    result = await submit(harness.hass, await entry.start_reconfigure_flow(harness.hass), USER_INPUT)
    assert result["reason"] == "reconfigure_successful"
    await wait_until(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.title == "Upbit"
