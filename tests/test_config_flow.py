"""The forms: an account is added, gets another key or region, and loses its empty currencies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit.api import rest as rest_module
from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.coordinator import UpbitCoordinator
from tests.exchange import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.waiting import until

OTHER_ACCESS_KEY = "OTHERACCESSKEY" * 3
OTHER_SECRET_KEY = "OTHERSECRETKEY" * 3

USER_INPUT = {CONF_REGION: "sg", CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY}
OTHER_INPUT = {CONF_REGION: "sg", CONF_ACCESS_KEY: OTHER_ACCESS_KEY, CONF_SECRET_KEY: OTHER_SECRET_KEY}

type Break = Callable[[SimulatedExchange], object]


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Open the form that adds an account."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {}
    return result


async def submit(
    hass: HomeAssistant, form: ConfigFlowResult, user_input: dict[str, Any] = USER_INPUT
) -> ConfigFlowResult:
    """Send a form off."""
    result = await hass.config_entries.flow.async_configure(form["flow_id"], user_input)
    await hass.async_block_till_done()
    return result


@pytest.fixture
async def unload(hass: HomeAssistant) -> AsyncIterator[None]:
    """Unload in the end what a test has set up."""
    yield
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


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


# Adding an account


async def test_account_is_added(hass: HomeAssistant, exchange: SimulatedExchange, unload: None) -> None:
    result = await submit(hass, await start(hass))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Upbit Singapore"
    assert result["data"] == USER_INPUT
    assert result["options"] == {}
    entry = result["result"]
    assert entry.unique_id is None
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("sensor.upbit_singapore_btc").state == "0.6"


async def test_keys_are_checked_with_the_exchange_before_the_entry_is_made(
    hass: HomeAssistant, exchange: SimulatedExchange
) -> None:
    exchange.key.deleted = True
    await submit(hass, await start(hass))
    (call,) = exchange.record.calls
    assert (call.path, call.error) == ("/v1/accounts", "invalid_access_key")
    assert not hass.config_entries.async_entries(DOMAIN)


@pytest.mark.parametrize("space", [" ", "\n", "\t ", "\u00a0", "\r\n"])
async def test_white_space_around_keys_is_trimmed(
    hass: HomeAssistant, exchange: SimulatedExchange, unload: None, space: str
) -> None:
    spacious = {
        CONF_REGION: "sg",
        CONF_ACCESS_KEY: f"{space}{ACCESS_KEY}{space}",
        CONF_SECRET_KEY: f"{space}{SECRET_KEY}{space}",
    }
    result = await submit(hass, await start(hass), spacious)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == USER_INPUT


async def test_nothing_of_the_keys_gets_into_names_or_ids(
    hass: HomeAssistant, exchange: SimulatedExchange, unload: None
) -> None:
    entry = (await submit(hass, await start(hass)))["result"]
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert devices
    assert entities
    shown = repr([entry.title, entry.unique_id, devices, entities, hass.states.async_all()])
    for key in (ACCESS_KEY, SECRET_KEY):
        # Not even a part that would tell two keys apart.
        assert not any(key[index : index + 8] in shown for index in range(len(key) - 7))


async def test_keys_are_typed_as_passwords(hass: HomeAssistant, exchange: SimulatedExchange) -> None:
    schema = (await start(hass))["data_schema"].schema
    selectors = {str(field): selector for field, selector in schema.items()}
    assert list(selectors) == [CONF_REGION, CONF_ACCESS_KEY, CONF_SECRET_KEY]
    for name in (CONF_ACCESS_KEY, CONF_SECRET_KEY):
        assert selectors[name].config["type"] == "password"
        assert selectors[name].config["autocomplete"] == "off"
    options = selectors[CONF_REGION].config["options"]
    assert [option["value"] for option in options] == ["sg", "id", "th", "kr"]
    assert selectors[CONF_REGION].config["translation_key"] == "region"


async def test_region_that_is_not_offered_is_refused(
    hass: HomeAssistant, exchange: SimulatedExchange
) -> None:
    form = await start(hass)
    with pytest.raises(InvalidData):
        await submit(hass, form, USER_INPUT | {CONF_REGION: "us"})
    assert not exchange.record.calls


# What can be wrong


def broken_key(**attributes: Any) -> Break:
    def break_it(exchange: SimulatedExchange) -> None:
        for name, value in attributes.items():
            setattr(exchange.key, name, value)

    return break_it


def other_spelling(exchange: SimulatedExchange) -> None:
    exchange.keys.address_error = "no_authorization_ip"
    exchange.key.allowed_addresses = frozenset()


def forbidden_scope(exchange: SimulatedExchange) -> None:
    exchange.keys.scope_status = 403
    exchange.key.permissions = frozenset()


# Every row of the protocol's table of errors, and the ways to have no answer at all.
MISHAPS: dict[str, tuple[Break, str]] = {
    "deleted key": (broken_key(deleted=True), "invalid_access_key"),
    "key of another region": (broken_key(region="th"), "invalid_access_key"),
    "wrong secret": (broken_key(secret_key="another" * 6), "invalid_secret_key"),
    "expired key": (broken_key(expires_at=datetime(2020, 1, 1, tzinfo=UTC)), "expired_access_key"),
    "other address": (broken_key(allowed_addresses=frozenset({"203.0.113.1"})), "ip_not_allowed"),
    "other address, spelt otherwise": (other_spelling, "ip_not_allowed"),
    "no permission": (broken_key(permissions=frozenset()), "missing_permission"),
    "no permission, by 403": (forbidden_scope, "missing_permission"),
    "unknown name with 401": (
        lambda exchange: exchange.rest.refuse("brand_new", status=401),
        "invalid_access_key",
    ),
    "used nonce": (lambda exchange: exchange.rest.refuse("nonce_used"), "cannot_connect"),
    "no token": (lambda exchange: exchange.rest.refuse("no_authorization_token"), "unknown"),
    "query": (lambda exchange: exchange.rest.refuse("invalid_query_payload"), "unknown"),
    "429": (lambda exchange: exchange.rest.refuse("too_many_requests"), "rate_limited"),
    "429 in plain text": (
        lambda exchange: exchange.rest.fail_with(429, "Too many API requests.", content_type="text/plain"),
        "rate_limited",
    ),
    "418": (lambda exchange: exchange.rest.fail_with(418), "rate_limited"),
    "maintenance": (
        lambda exchange: exchange.rest.fail_with(503, "<html></html>", content_type="text/html"),
        "cannot_connect",
    ),
    "nonsense": (lambda exchange: exchange.rest.fail_with(200, "<html></html>"), "cannot_connect"),
    "cut": (lambda exchange: exchange.rest.cut(), "cannot_connect"),
    "down": (lambda exchange: exchange.go_down(), "cannot_connect"),
    "unknown status": (lambda exchange: exchange.rest.fail_with(404), "unknown"),
}


@pytest.mark.parametrize(("break_it", "error"), MISHAPS.values(), ids=MISHAPS.keys())
async def test_each_mishap_has_its_error_and_can_be_recovered_from(
    hass: HomeAssistant, exchange: SimulatedExchange, unload: None, break_it: Break, error: str
) -> None:
    key = exchange.key
    whole = replace(key)
    break_it(exchange)
    result = await submit(hass, await start(hass))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": error}
    # The texts name the region.
    assert result["description_placeholders"]["region"] == "Singapore"

    exchange.keys.add(whole)
    await exchange.recover()
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == USER_INPUT


async def test_slow_exchange_cannot_be_connected_to(
    hass: HomeAssistant, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_module, "REQUEST_TIMEOUT", 0.1)
    exchange.rest.hang()
    assert (await submit(hass, await start(hass)))["errors"] == {"base": "cannot_connect"}


@pytest.mark.parametrize("space", ["", " "])
async def test_secret_that_is_empty_is_wrong(
    hass: HomeAssistant, exchange: SimulatedExchange, space: str
) -> None:
    result = await submit(hass, await start(hass), USER_INPUT | {CONF_SECRET_KEY: space})
    assert result["errors"] == {"base": "invalid_secret_key"}


async def test_fault_of_our_own_keeps_the_form_and_shows_no_key(
    hass: HomeAssistant,
    exchange: SimulatedExchange,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError(f"{ACCESS_KEY} {SECRET_KEY}")

    monkeypatch.setattr(rest_module.RestClient, "accounts", broken)
    result = await submit(hass, await start(hass))
    assert result["errors"] == {"base": "unknown"}
    assert "Unexpected ZeroDivisionError" in caplog.text
    assert ACCESS_KEY not in caplog.text
    assert SECRET_KEY not in caplog.text


async def test_form_keeps_what_was_typed_after_an_error(
    hass: HomeAssistant, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = USER_INPUT | {CONF_REGION: "th", CONF_SECRET_KEY: f" {SECRET_KEY}"}
    monkeypatch.setitem(REGIONS, "th", replace(REGIONS["th"], rest_url=exchange.rest_url))
    exchange.key.deleted = True
    result = await submit(hass, await start(hass), typed)
    suggested = {
        str(field): (field.description or {}).get("suggested_value") for field in result["data_schema"].schema
    }
    assert suggested == typed


# Duplicates


async def test_same_key_twice_is_refused_without_asking_the_exchange(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    # Another secret does not make it another key.
    result = await submit(hass, await start(hass), USER_INPUT | {CONF_SECRET_KEY: "x", CONF_REGION: "th"})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert not exchange.record.calls


async def test_same_key_with_white_space_is_the_same_key(
    hass: HomeAssistant, exchange: SimulatedExchange, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    result = await submit(hass, await start(hass), USER_INPUT | {CONF_ACCESS_KEY: f" {ACCESS_KEY}\n"})
    assert result["reason"] == "already_configured"


async def test_same_key_in_two_forms_at_once_makes_one_entry(
    hass: HomeAssistant, exchange: SimulatedExchange, unload: None
) -> None:
    forms = [await start(hass), await start(hass)]
    async with exchange.hold_snapshots() as gate:
        both = asyncio.gather(
            *(hass.config_entries.flow.async_configure(form["flow_id"], USER_INPUT) for form in forms)
        )
        async with asyncio.timeout(5):
            await gate.held(2)
    results = await both
    assert {result["type"] for result in results} == {FlowResultType.CREATE_ENTRY, FlowResultType.ABORT}
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await until(lambda: entry.runtime_data.health.complete)
    assert exchange.record.most_live[ACCESS_KEY] == 1


async def test_accounts_of_one_region_get_titles_of_their_own(
    hass: HomeAssistant, exchange: SimulatedExchange, unload: None
) -> None:
    titles = []
    for number in range(3):
        access_key = f"{ACCESS_KEY}{number}"
        exchange.add_key(access_key=access_key)
        result = await submit(hass, await start(hass), USER_INPUT | {CONF_ACCESS_KEY: access_key})
        titles.append(result["title"])
    assert titles == ["Upbit Singapore", "Upbit Singapore 2", "Upbit Singapore 3"]


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
    assert hass.states.get(after[f"{entry.entry_id}_total_THB"]).state == "5000"
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
