"""The form that adds an account, and its errors."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.upbit.api import rest as rest_module
from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.helpers.flows import USER_INPUT, start, submit
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import wait_until

type Fault = Callable[[SimulatedExchange], object]


# Adding an account


async def test_account_is_added(harness: Harness) -> None:
    result = await submit(harness.hass, await start(harness.hass))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Upbit Singapore"
    assert result["data"] == USER_INPUT
    assert result["options"] == {}
    entry = result["result"]
    assert entry.unique_id is None
    assert entry.state is ConfigEntryState.LOADED
    assert harness.state("sensor.upbit_singapore_btc") == "0.6"


@pytest.mark.parametrize("space", [" ", "\n", "\t ", "\u00a0", "\r\n"])
async def test_white_space_around_keys_is_trimmed(harness: Harness, space: str) -> None:
    spacious = {
        CONF_REGION: "sg",
        CONF_ACCESS_KEY: f"{space}{ACCESS_KEY}{space}",
        CONF_SECRET_KEY: f"{space}{SECRET_KEY}{space}",
    }
    result = await submit(harness.hass, await start(harness.hass), spacious)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == USER_INPUT


async def test_keys_are_typed_as_passwords(harness: Harness) -> None:
    schema = (await start(harness.hass))["data_schema"].schema
    selectors = {str(field): selector for field, selector in schema.items()}
    assert list(selectors) == [CONF_REGION, CONF_ACCESS_KEY, CONF_SECRET_KEY]
    for name in (CONF_ACCESS_KEY, CONF_SECRET_KEY):
        assert selectors[name].config["type"] == "password"
        assert selectors[name].config["autocomplete"] == "off"
    options = selectors[CONF_REGION].config["options"]
    assert [option["value"] for option in options] == ["sg", "id", "th", "kr"]
    assert selectors[CONF_REGION].config["translation_key"] == "region"


# Errors


# One of each class; tests/api/test_errors.py has the whole table of errors.
FAULTS: dict[str, tuple[Fault, str]] = {
    "deleted key": (lambda exchange: setattr(exchange.key, "deleted", True), "invalid_access_key"),
    "other address": (
        lambda exchange: setattr(exchange.key, "allowed_addresses", frozenset()),
        "ip_not_allowed",
    ),
    "used nonce": (lambda exchange: exchange.rest.refuse("nonce_used"), "cannot_connect"),
    "418": (lambda exchange: exchange.rest.fail_with(418), "rate_limited"),
    "no rows": (lambda exchange: exchange.rest.fail_with(200, "<html></html>"), "cannot_connect"),
    "down": (lambda exchange: exchange.go_down(), "cannot_connect"),
}


@pytest.mark.parametrize(("cause", "error"), FAULTS.values(), ids=FAULTS.keys())
async def test_each_fault_has_its_error_and_can_be_recovered_from(
    harness: Harness, cause: Fault, error: str
) -> None:
    key = harness.exchange.key
    whole = replace(key)
    cause(harness.exchange)
    result = await submit(harness.hass, await start(harness.hass))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": error}
    # The texts name the region.
    assert result["description_placeholders"]["region"] == "Singapore"

    harness.exchange.keys.add(whole)
    await harness.exchange.recover()
    result = await submit(harness.hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == USER_INPUT


@pytest.mark.parametrize("space", ["", " "])
async def test_empty_secret_is_invalid(harness: Harness, space: str) -> None:
    result = await submit(harness.hass, await start(harness.hass), USER_INPUT | {CONF_SECRET_KEY: space})
    assert result["errors"] == {"base": "invalid_secret_key"}


async def test_bug_keeps_the_form_and_shows_no_key(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError(f"{ACCESS_KEY} {SECRET_KEY}")

    monkeypatch.setattr(rest_module.RestClient, "accounts", broken)
    result = await submit(harness.hass, await start(harness.hass))
    assert result["errors"] == {"base": "unknown"}
    assert "Unexpected ZeroDivisionError" in harness.log.text
    assert ACCESS_KEY not in harness.log.text
    assert SECRET_KEY not in harness.log.text


async def test_form_keeps_what_was_typed_after_an_error(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = USER_INPUT | {CONF_REGION: "th", CONF_SECRET_KEY: f" {SECRET_KEY}"}
    monkeypatch.setitem(REGIONS, "th", replace(REGIONS["th"], rest_url=harness.exchange.rest_url))
    harness.exchange.key.deleted = True
    result = await submit(harness.hass, await start(harness.hass), typed)
    suggested = {
        str(field): (field.description or {}).get("suggested_value") for field in result["data_schema"].schema
    }
    assert suggested == typed


# Duplicates


async def test_same_key_twice_is_rejected_without_a_request(harness: Harness) -> None:
    harness.entry.add_to_hass(harness.hass)
    # Neither another secret nor white space makes it another key.
    again = {CONF_REGION: "th", CONF_ACCESS_KEY: f" {ACCESS_KEY}\n", CONF_SECRET_KEY: "x"}
    result = await submit(harness.hass, await start(harness.hass), again)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert not harness.exchange.record.calls


async def test_same_key_in_two_forms_at_once_makes_one_entry(harness: Harness) -> None:
    forms = [await start(harness.hass), await start(harness.hass)]
    async with harness.exchange.hold_snapshots() as held:
        both = asyncio.gather(
            *(harness.hass.config_entries.flow.async_configure(form["flow_id"], USER_INPUT) for form in forms)
        )
        async with asyncio.timeout(5):
            await held.held(2)
    results = await both
    assert {result["type"] for result in results} == {FlowResultType.CREATE_ENTRY, FlowResultType.ABORT}
    (entry,) = harness.hass.config_entries.async_entries(DOMAIN)
    await wait_until(lambda: entry.runtime_data.sync.in_sync)
    assert harness.exchange.record.most_live[ACCESS_KEY] == 1


async def test_accounts_of_one_region_get_titles_of_their_own(harness: Harness) -> None:
    titles = []
    for number in range(3):
        access_key = f"{ACCESS_KEY}{number}"
        harness.exchange.add_key(access_key=access_key)
        result = await submit(
            harness.hass, await start(harness.hass), USER_INPUT | {CONF_ACCESS_KEY: access_key}
        )
        titles.append(result["title"])
    assert titles == ["Upbit Singapore", "Upbit Singapore 2", "Upbit Singapore 3"]
