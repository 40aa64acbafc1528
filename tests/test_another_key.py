"""Another key, or another region, for an account that is there."""

from collections.abc import AsyncIterator
from dataclasses import replace

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from simulator import ACCESS_KEY, SimulatedExchange
from tests.flows import OTHER_ACCESS_KEY, OTHER_INPUT, OTHER_SECRET_KEY, USER_INPUT, submit, unload_all
from tests.waiting import until


@pytest.fixture
async def unload(hass: HomeAssistant) -> AsyncIterator[None]:
    """Unload in the end what a test has set up."""
    yield
    await unload_all(hass)


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


async def test_reauth_replaces_the_key(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    before = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    exchange.add_key(access_key=OTHER_ACCESS_KEY, secret_key=OTHER_SECRET_KEY)
    form = await entry.start_reauth_flow(hass)
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "reauth_confirm"

    exchange.key.deleted = True
    result = await submit(hass, form, USER_INPUT)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "reauth_confirm"
    assert result["errors"] == {"base": "invalid_access_key"}

    result = await submit(hass, result, OTHER_INPUT)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert entry.data == OTHER_INPUT
    await until(lambda: entry.state is ConfigEntryState.LOADED and entry.runtime_data is not coordinator)
    assert [each.entity_id for each in before] == [
        each.entity_id for each in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    ]
    assert hass.states.get("sensor.upbit_singapore_btc").state == "0.6"


async def test_reauth_with_the_same_access_key_takes_the_new_secret(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    exchange.key.secret_key = OTHER_SECRET_KEY
    form = await entry.start_reauth_flow(hass)
    result = await submit(hass, form, USER_INPUT | {CONF_SECRET_KEY: OTHER_SECRET_KEY})
    assert result["reason"] == "reauth_successful"
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.data[CONF_SECRET_KEY] == OTHER_SECRET_KEY


async def test_reauth_with_the_key_of_another_entry_is_refused(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    other = MockConfigEntry(domain=DOMAIN, data=OTHER_INPUT)
    other.add_to_hass(hass)
    result = await submit(hass, await other.start_reauth_flow(hass), USER_INPUT)
    assert result["reason"] == "already_configured"
    assert other.data == OTHER_INPUT


@pytest.mark.parametrize("start_flow", ["start_reauth_flow", "start_reconfigure_flow"])
async def test_form_for_another_key_offers_the_region_and_no_key(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, start_flow: str
) -> None:
    entry.add_to_hass(hass)
    form = await getattr(entry, start_flow)(hass)
    fields = {str(field): field for field in form["data_schema"].schema}
    assert fields[CONF_REGION].default() == "sg"
    for name in (CONF_ACCESS_KEY, CONF_SECRET_KEY):
        assert not fields[name].description
    assert ACCESS_KEY not in repr(form)


async def test_refused_key_asks_for_another_one_until_it_has_one(
    hass: HomeAssistant, exchange: SimulatedExchange, coordinator: UpbitCoordinator, entry: MockConfigEntry
) -> None:
    exchange.key.deleted = True
    exchange.cut()
    await until(lambda: list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})))
    (form,) = entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    assert hass.states.get("sensor.upbit_singapore_btc").state == "unavailable"

    exchange.add_key(access_key=OTHER_ACCESS_KEY, secret_key=OTHER_SECRET_KEY)
    await submit(hass, form, OTHER_INPUT)
    await until(lambda: hass.states.get("sensor.upbit_singapore_btc").state == "0.6")
    assert exchange.record.most_live == {ACCESS_KEY: 1, OTHER_ACCESS_KEY: 1}


# Another region for an account


async def test_reconfigure_moves_to_another_region_and_keeps_the_entities(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    thai_exchange: SimulatedExchange,
    coordinator: UpbitCoordinator,
    entry: MockConfigEntry,
) -> None:
    registry = er.async_get(hass)

    def ids() -> dict[str, str]:
        entities = er.async_entries_for_config_entry(registry, entry.entry_id)
        return {each.unique_id: each.entity_id for each in entities}

    before = ids()
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    result = await submit(hass, form, OTHER_INPUT | {CONF_REGION: "th"})
    assert result["reason"] == "reconfigure_successful"
    await until(lambda: entry.state is ConfigEntryState.LOADED and entry.runtime_data is not coordinator)
    await hass.async_block_till_done()

    assert entry.data == OTHER_INPUT | {CONF_REGION: "th"}
    assert entry.title == "Upbit Thailand"
    after = ids()
    assert after.items() > before.items()
    assert len(after) == len(before) + 1
    assert hass.states.get("sensor.upbit_singapore_btc").state == "2"
    # What only the other region held stays, empty.
    assert hass.states.get("sensor.upbit_singapore_sgd").state == "0"
    assert hass.states.get(after[f"{entry.entry_id}_balance_THB"]).state == "5000"
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.model == "Thailand"
    assert not exchange.stream.connections


@pytest.mark.parametrize(
    ("title", "after"),
    [
        ("Upbit Singapore 2", "Upbit Thailand"),
        ("Savings", "Savings"),
        ("Upbit Singapore account", "Upbit Singapore account"),
    ],
)
async def test_title_follows_the_region_unless_the_user_chose_it(
    hass: HomeAssistant,
    thai_exchange: SimulatedExchange,
    entry: MockConfigEntry,
    unload: None,
    title: str,
    after: str,
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, title=title)
    form = await entry.start_reconfigure_flow(hass)
    await submit(hass, form, OTHER_INPUT | {CONF_REGION: "th"})
    assert entry.title == after


async def test_title_stays_where_the_region_does(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry, unload: None
) -> None:
    entry.add_to_hass(hass)
    other = MockConfigEntry(domain=DOMAIN, title="Upbit Singapore 2", data=OTHER_INPUT)
    other.add_to_hass(hass)
    exchange.add_key(access_key="THIRD")
    form = await other.start_reconfigure_flow(hass)
    await submit(hass, form, USER_INPUT | {CONF_ACCESS_KEY: "THIRD"})
    assert other.title == "Upbit Singapore 2"


async def test_entry_of_a_region_nobody_knows_any_more_can_be_moved(
    hass: HomeAssistant, exchange: SimulatedExchange, unload: None
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title="Upbit", data=USER_INPUT | {CONF_REGION: "gone"})
    entry.add_to_hass(hass)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), USER_INPUT)
    assert result["reason"] == "reconfigure_successful"
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.title == "Upbit"
