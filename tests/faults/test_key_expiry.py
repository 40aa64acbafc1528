"""A Korean key lasts a year: the user is told in time, and nobody is asked where the region does not tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.upbit import coordinator
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN, TIMINGS
from simulator import ACCESS_KEY

from .clock import clock, pass_time, until
from .world import World

NEW_ACCESS_KEY, NEW_SECRET_KEY = "NEWACCESSKEY" * 3 + "0000", "NEWSECRETKEY" * 3 + "0000"

korea = pytest.mark.parametrize("region", ["kr"])


def _in(days: float) -> datetime:
    """Return a time so many virtual days from now, in the whole seconds that the exchange gives."""
    return clock().wall.utcnow().replace(microsecond=0) + timedelta(days=days)


def _sensor(world: World) -> str | None:
    entity_id = er.async_get(world.hass).async_get_entity_id(
        "sensor", DOMAIN, f"{world.entry.entry_id}_api_key_expiration"
    )
    state = None if entity_id is None else world.hass.states.get(entity_id)
    return None if state is None else state.state


@korea
async def test_key_that_expires_soon_is_a_repair_issue_with_the_date(world: World) -> None:
    expires_at = world.exchange.key.expires_at = _in(10)
    await world.live()
    await until(lambda: "key_expires" in world.issues(), within=5)
    issue = world.issues()["key_expires"]
    date = expires_at.astimezone(ZoneInfo(world.hass.config.time_zone)).date()
    assert issue.translation_placeholders == {"account": "Upbit Korea", "date": date.isoformat()}
    await until(lambda: _sensor(world) == expires_at.isoformat(), within=1)


@korea
async def test_key_that_lasts_is_no_issue_until_fourteen_days_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 86_400 / TIMINGS.key_expiry >= 2  # asked twice a day, here more often
    monkeypatch.setattr(coordinator, "TIMINGS", replace(TIMINGS, key_expiry=600))
    expires_at = world.exchange.key.expires_at = _in(14 + 1 / 24)
    await world.live()
    await until(lambda: _sensor(world) == expires_at.isoformat(), within=5)
    await pass_time(3500)
    assert world.issues() == {}
    await until(lambda: "key_expires" in world.issues(), within=800)
    assert 6 <= len(world.exchange.record.requests("/v1/api_keys")) <= 9


@korea
async def test_key_without_an_end_is_no_issue(world: World) -> None:
    await world.live()
    await until(lambda: world.exchange.record.requests("/v1/api_keys") != [], within=5)
    await pass_time(60)
    assert world.issues() == {}


@korea
async def test_other_keys_of_the_account_do_not_matter(world: World) -> None:
    expires_at = world.exchange.key.expires_at = _in(300)
    world.exchange.add_key(access_key=NEW_ACCESS_KEY, expires_at=_in(1))
    await world.live()
    await until(lambda: _sensor(world) == expires_at.isoformat(), within=5)
    assert world.issues() == {}
    assert NEW_ACCESS_KEY not in world.log.text


@pytest.mark.parametrize("region", ["sg", "id", "th"])
async def test_elsewhere_nobody_is_asked(world: World) -> None:
    world.exchange.key.expires_at = _in(3)
    await world.live()
    await pass_time(3600)
    assert world.exchange.record.requests("/v1/api_keys") == []
    assert _sensor(world) is None
    assert world.issues() == {}


@korea
async def test_call_that_fails_disturbs_nothing_and_is_tried_again(world: World) -> None:
    exchange = world.exchange
    expires_at = exchange.key.expires_at = _in(10)
    await world.live()
    await until(lambda: "key_expires" in world.issues(), within=5)
    exchange.rest.refuse("out_of_scope")  # every call, and then the accounts again
    await pass_time(1)
    exchange.rest.recover()
    assert world.reauth_flows() == 0
    assert _sensor(world) == expires_at.isoformat()


@korea
@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "[1]",
        '[{"access_key": "%s"}]',
        '[{"access_key": "%s", "expire_at": "soon"}]',
        "<html>",
    ],
)
async def test_answer_that_says_nothing_is_no_expiry(
    world: World, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    text = body.replace("%s", ACCESS_KEY)
    monkeypatch.setattr(world.exchange.rest, "api_keys", lambda *_: text)
    await world.live()
    await until(lambda: world.exchange.record.requests("/v1/api_keys") != [], within=5)
    await pass_time(120)
    assert world.issues() == {}
    assert _sensor(world) == "unknown"
    assert world.right
    assert world.log_lines() == []


@korea
async def test_key_that_has_expired_is_asked_for_and_the_notice_goes(world: World) -> None:
    world.exchange.key.expires_at = datetime.now(UTC) + timedelta(days=5)
    await world.live()
    await until(lambda: "key_expires" in world.issues(), within=5)
    world.exchange.key.expires_at = datetime.now(UTC) - timedelta(days=1)
    world.exchange.cut()
    await until(lambda: world.reauth_flows() == 1, within=10)
    assert world.unavailable
    assert world.issues() == {}


@korea
async def test_new_key_takes_the_notice_back(world: World, hass: HomeAssistant) -> None:
    world.exchange.key.expires_at = _in(5)
    world.exchange.add_key(access_key=NEW_ACCESS_KEY, secret_key=NEW_SECRET_KEY, expires_at=_in(365))
    await world.live()
    await until(lambda: "key_expires" in world.issues(), within=5)
    result = await world.entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"],
        {CONF_REGION: "kr", CONF_ACCESS_KEY: NEW_ACCESS_KEY, CONF_SECRET_KEY: NEW_SECRET_KEY},
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await until(lambda: world.issues() == {}, within=5)
    await until(lambda: world.live_and_right, within=5)


@korea
async def test_notice_goes_with_the_entry(world: World) -> None:
    world.exchange.key.expires_at = _in(5)
    await world.live()
    await until(lambda: "key_expires" in world.issues(), within=5)
    assert await world.hass.config_entries.async_remove(world.entry.entry_id)
    assert world.issues() == {}


@korea
async def test_stopping_while_the_expiry_is_asked_for_leaves_nothing(world: World) -> None:
    assert TIMINGS.key_expiry > 3600
    exchange = world.exchange
    await world.live()
    await until(lambda: exchange.record.requests("/v1/api_keys") != [], within=5)
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    exchange.rest.delay = 8
    assert await world.hass.config_entries.async_setup(world.entry.entry_id)
    await exchange.until(lambda: len(exchange.record.requests("/v1/api_keys")) == 2)
    started = clock().time()
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert clock().time() - started <= 1.1
