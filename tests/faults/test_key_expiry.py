"""A Korean key lasts a year: the user is notified in time. Other regions do not have this information."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from homeassistant.components.repairs import DOMAIN as REPAIRS, FlowType
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN, TIMINGS
from simulator import ACCESS_KEY, SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time, wait_until

NEW_ACCESS_KEY, NEW_SECRET_KEY = "NEWACCESSKEY" * 3 + "0000", "NEWSECRETKEY" * 3 + "0000"

korea = pytest.mark.parametrize("region", ["kr"])


def _in(days: float) -> datetime:
    """Return a time so many days from now, in the whole seconds that the exchange gives."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def _sensor(harness: Harness) -> str | None:
    entity_id = er.async_get(harness.hass).async_get_entity_id(
        "sensor", DOMAIN, f"{harness.entry.entry_id}_api_key_expiration"
    )
    state = None if entity_id is None else harness.hass.states.get(entity_id)
    return None if state is None else state.state


@korea
@pytest.mark.parametrize("days", [0.1, 13.9])
async def test_key_that_expires_soon_is_a_repair_issue_with_the_date(harness: Harness, days: float) -> None:
    expires_at = harness.exchange.key.expires_at = _in(days)
    await harness.start()
    await wait_until(lambda: "key_expires" in harness.issues, within=5)
    issue = harness.issues["key_expires"]
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.is_fixable
    date = expires_at.astimezone(ZoneInfo(harness.hass.config.time_zone)).date()
    assert issue.translation_placeholders == {"account": "Upbit Korea", "date": date.isoformat()}
    await wait_until(lambda: _sensor(harness) == expires_at.isoformat(), within=1)


@korea
@pytest.mark.slow  # half a day with a connection
async def test_key_that_lasts_is_no_issue_until_fourteen_days_before(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires_at = harness.exchange.key.expires_at = _in(14.4)
    await harness.start()
    await wait_until(lambda: _sensor(harness) == expires_at.isoformat(), within=5)
    with monkeypatch.context() as patch:
        patch.setattr(harness.exchange.rest, "api_keys", lambda *_: "soon")
        await wait_until(
            lambda: len(harness.exchange.record.requests("/v1/api_keys")) >= 2,
            within=TIMINGS.key_expiry + TIMINGS.snapshot_interval,
        )
        # What the call before has shown stays.
        await pass_time(1)
        assert _sensor(harness) == expires_at.isoformat()
        assert harness.issues == {}
    await wait_until(lambda: "key_expires" in harness.issues, within=TIMINGS.snapshot_interval + 1)


@korea
async def test_other_keys_of_the_account_do_not_matter(harness: Harness) -> None:
    expires_at = harness.exchange.key.expires_at = _in(14.1)
    harness.exchange.add_key(access_key=NEW_ACCESS_KEY, expires_at=_in(1))
    await harness.start()
    await wait_until(lambda: _sensor(harness) == expires_at.isoformat(), within=5)
    assert harness.issues == {}
    assert NEW_ACCESS_KEY not in harness.log.text


async def test_other_regions_are_not_asked(harness: Harness) -> None:
    harness.exchange.key.expires_at = _in(3)
    await harness.start()
    await pass_time(3600)
    assert harness.exchange.record.requests("/v1/api_keys") == []
    assert _sensor(harness) is None
    assert harness.issues == {}


@korea
async def test_failed_call_affects_no_balance_and_is_repeated(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = harness.exchange
    exchange.key.expires_at = _in(10)
    with monkeypatch.context() as patch:
        patch.setattr(exchange.rest, "api_keys", lambda *_: "soon")
        await harness.start()
        await wait_until(lambda: exchange.record.requests("/v1/api_keys") != [], within=5)
        assert harness.is_connected_and_correct
        assert harness.log_lines() == []
    await wait_until(lambda: "key_expires" in harness.issues, within=TIMINGS.snapshot_interval + 1)


@korea
@pytest.mark.parametrize(
    "body",
    ["[]", '[{"access_key": "%s"}]'],
    ids=["not_listed", "no_time"],
)
async def test_answer_without_the_expiry_is_no_issue(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    text = body.replace("%s", ACCESS_KEY)
    monkeypatch.setattr(harness.exchange.rest, "api_keys", lambda *_: text)
    await harness.start()
    await wait_until(lambda: harness.exchange.record.requests("/v1/api_keys") != [], within=5)
    await pass_time(120)
    assert harness.issues == {}
    assert _sensor(harness) == "unknown"
    assert harness.is_correct
    assert harness.log_lines() == []


@korea
async def test_expired_key_asks_for_another_one_and_ends_the_issue(harness: Harness) -> None:
    harness.exchange.key.expires_at = _in(5)
    await harness.start()
    await wait_until(lambda: "key_expires" in harness.issues, within=5)
    harness.exchange.key.expires_at = _in(-1)
    harness.exchange.cut()
    await wait_until(lambda: harness.reauth_flows == 1, within=10)
    assert harness.is_unavailable
    assert harness.issues == {}


@korea
async def test_new_key_ends_the_issue(harness: Harness, hass: HomeAssistant) -> None:
    harness.exchange.key.expires_at = _in(5)
    harness.exchange.add_key(access_key=NEW_ACCESS_KEY, secret_key=NEW_SECRET_KEY, expires_at=_in(365))
    await harness.start()
    await wait_until(lambda: "key_expires" in harness.issues, within=5)
    result = await harness.entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"],
        {CONF_REGION: "kr", CONF_ACCESS_KEY: NEW_ACCESS_KEY, CONF_SECRET_KEY: NEW_SECRET_KEY},
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await wait_until(lambda: harness.issues == {}, within=5)
    await wait_until(lambda: harness.is_connected_and_correct, within=5)


@korea
async def test_fix_opens_the_form_for_a_new_key(harness: Harness, hass: HomeAssistant) -> None:
    harness.exchange.key.expires_at = _in(5)
    harness.exchange.add_key(access_key=NEW_ACCESS_KEY, secret_key=NEW_SECRET_KEY, expires_at=_in(365))
    await harness.start()
    await wait_until(lambda: "key_expires" in harness.issues, within=5)
    assert await async_setup_component(hass, REPAIRS, {})
    fixes = hass.data[REPAIRS]["flow_manager"]
    issue = harness.issues["key_expires"]
    step = await fixes.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert step["step_id"] == "confirm"
    assert step["description_placeholders"] == issue.translation_placeholders
    end = await fixes.async_configure(step["flow_id"], {})
    assert end["type"] is FlowResultType.ABORT
    kind, flow_id = end["next_flow"]
    assert kind == FlowType.CONFIG_FLOW
    # It is not fixed until there is a new key.
    assert "key_expires" in harness.issues
    form = hass.config_entries.flow.async_get(flow_id)
    assert form["step_id"] == "reconfigure"
    await hass.config_entries.flow.async_configure(
        flow_id, {CONF_REGION: "kr", CONF_ACCESS_KEY: NEW_ACCESS_KEY, CONF_SECRET_KEY: NEW_SECRET_KEY}
    )
    await wait_until(lambda: harness.issues == {}, within=5)


@korea
async def test_fix_of_an_account_that_was_removed_meanwhile_ends(
    harness: Harness, hass: HomeAssistant
) -> None:
    harness.exchange.key.expires_at = _in(5)
    await harness.start()
    await wait_until(lambda: "key_expires" in harness.issues, within=5)
    assert await async_setup_component(hass, REPAIRS, {})
    fixes = hass.data[REPAIRS]["flow_manager"]
    step = await fixes.async_init(DOMAIN, data={"issue_id": harness.issues["key_expires"].issue_id})
    await harness.remove()
    end = await fixes.async_configure(step["flow_id"], {})
    assert end["type"] is FlowResultType.CREATE_ENTRY


@korea
async def test_expiry_is_requested_rarely(harness: Harness) -> None:
    await harness.start()
    await wait_until(lambda: harness.key_expires_at)
    for _ in range(3):
        await harness.refresh()
    await pass_time(3600)
    assert len(harness.exchange.record.requests("/v1/api_keys")) == 1


@korea
async def test_issue_about_the_expiry_goes_when_the_account_moves_to_another_region(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.exchange.key.expires_at = _in(3)
    await harness.start()
    await wait_until(lambda: "key_expires" in harness.issues)
    async with SimulatedExchange("sg") as singapore:
        place = replace(REGIONS["sg"], rest_url=singapore.rest_url, websocket_url=singapore.websocket_url)
        monkeypatch.setitem(REGIONS, "sg", place)
        data = {**harness.entry.data, CONF_REGION: "sg"}
        harness.hass.config_entries.async_update_entry(harness.entry, data=data)
        await harness.reload()
        await wait_until(lambda: harness.issues == {})
        assert not singapore.record.requests("/v1/api_keys")
