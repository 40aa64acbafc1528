"""No key, token, account id or amount leaks, whatever goes wrong."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import random
import socket
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, CONF_REGION
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.upbit.api.ledger import Ledger
from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.api.rest import RestClient
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.services import SERVICE_REFRESH
from simulator import ERRORS
from tests.helpers.harness import Harness
from tests.helpers.scenarios import SCENARIOS
from tests.helpers.virtual_time import run, wait_until

from .leaks import WRONG_KEY, Course, Leaks, token, watch

# Hours of virtual time, on a machine that may be busy.
pytestmark = [pytest.mark.usefixtures("socket_enabled"), pytest.mark.timeout(300)]


async def refresh_and_collect(harness: Harness, leaks: Leaks) -> None:
    """Use the action, and collect what it raises and all that is shown."""
    try:
        await harness.hass.services.async_call(
            DOMAIN, SERVICE_REFRESH, {ATTR_CONFIG_ENTRY_ID: harness.entry.entry_id}, blocking=True
        )
    except HomeAssistantError as error:
        leaks.collect_error("action", error)
    await leaks.collect_shown(harness.hass)


# What happens meanwhile


async def everything_goes_wrong(harness: Harness, leaks: Leaks) -> None:
    harness.exchange.key.expires_at = datetime.now(UTC) + timedelta(days=5)
    await harness.hass.config_entries.async_reload(harness.entry.entry_id)
    for scenario in SCENARIOS.values():
        async with asyncio.TaskGroup() as group:
            group.create_task(scenario.course(harness, 40))
            if scenario.name != "restarted":
                await asyncio.sleep(20)
                await refresh_and_collect(harness, leaks)
        if scenario.name == "restarted":
            leaks.listen(harness.hass)
        await harness.exchange.recover()
        await wait_until(harness.has_recovered, within=7200)
        await refresh_and_collect(harness, leaks)


async def set_up_is_rejected(harness: Harness, leaks: Leaks) -> None:
    for endpoint in (harness.exchange.rest, harness.exchange.handshake):
        for name in ERRORS:
            endpoint.refuse(name)
            await harness.hass.config_entries.async_reload(harness.entry.entry_id)
            await refresh_and_collect(harness, leaks)
            await asyncio.sleep(30)
            await refresh_and_collect(harness, leaks)
            endpoint.recover()


async def forms_are_rejected(harness: Harness, leaks: Leaks) -> None:
    not_for_signing = "-----BEGIN PUBLIC KEY-----" + WRONG_KEY
    for secret in (WRONG_KEY, harness.exchange.key.secret_key, not_for_signing, "\ud800" + WRONG_KEY):
        await fill_in_form(harness, leaks, secret)
    for name in ERRORS:
        harness.exchange.rest.refuse(name)
        await fill_in_form(harness, leaks, WRONG_KEY)
        harness.exchange.rest.recover()


async def fill_in_form(harness: Harness, leaks: Leaks, secret_key: str) -> None:
    forms = harness.hass.config_entries.flow
    form = await forms.async_init(DOMAIN, context={"source": SOURCE_USER})
    region = harness.exchange.region.code
    data = {CONF_REGION: region, CONF_ACCESS_KEY: WRONG_KEY, CONF_SECRET_KEY: secret_key}
    result = await forms.async_configure(form["flow_id"], data)
    assert result["errors"]
    leaks.collect("form", f"{result['errors']} {result['description_placeholders']}")
    await leaks.collect_shown(harness.hass)
    forms.async_abort(form["flow_id"])


async def responses_repeat_the_request(harness: Harness, leaks: Leaks) -> None:
    """Every part of a response, and a frame, contains the keys and the token."""
    key = harness.exchange.key
    for echo in (key.access_key, key.secret_key, key.access_key.lower(), f"Bearer {token(key)}"):
        body = json.dumps({"error": {"name": echo, "message": echo}, echo: echo})
        for status, content in ((200, body), (401, body), (429, echo), (500, body), (302, echo), (503, echo)):
            for endpoint in (harness.exchange.rest, harness.exchange.handshake):
                headers = {"Retry-After": echo, "Location": f"/{echo}", "X-Key": echo}
                endpoint.fail_with(status, content, content_type=f"text/{echo[:20].strip()}", headers=headers)
            harness.exchange.stream.send(json.dumps({"error": {"name": echo, "message": echo}}))
            harness.exchange.stream.send(json.dumps({"type": echo, "assets": [{"currency": echo}]}))
            harness.exchange.stream.send(echo)
            await asyncio.sleep(10)
            await refresh_and_collect(harness, leaks)
            harness.exchange.close_all(4000, echo.encode()[:100])
            await asyncio.sleep(30)
            await refresh_and_collect(harness, leaks)
            await harness.exchange.recover()
            if harness.reauth_flows:
                await harness.replace_key()
            await wait_until(harness.has_recovered, within=7200)


async def the_name_is_not_found(harness: Harness, leaks: Leaks) -> None:
    nowhere = replace(REGIONS["kr"], rest_url="http://upbit.invalid", websocket_url="ws://upbit.invalid")
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with patch.dict(REGIONS, {"kr": nowhere}), patch("socket.getaddrinfo", side_effect=unknown):
        await fail_to_set_up(harness, leaks)


async def the_certificate_is_invalid(harness: Harness, leaks: Leaks) -> None:
    port = harness.exchange.port
    no_tls = replace(
        REGIONS["kr"], rest_url=f"https://127.0.0.1:{port}", websocket_url=f"wss://127.0.0.1:{port}"
    )
    with patch.dict(REGIONS, {"kr": no_tls}):
        await fail_to_set_up(harness, leaks)


async def fail_to_set_up(harness: Harness, leaks: Leaks) -> None:
    assert not await harness.hass.config_entries.async_reload(harness.entry.entry_id)
    await refresh_and_collect(harness, leaks)
    await asyncio.sleep(30)
    await refresh_and_collect(harness, leaks)


async def the_integration_has_a_bug(harness: Harness, leaks: Leaks) -> None:
    """An unexpected error with keys, token and amounts in its text."""
    # asyncio itself would write the error of a task to the log.
    harness.loop.slow_callback_duration = 1
    key = harness.exchange.key
    error = RuntimeError(
        f"{harness.exchange.account.holdings} {key.access_key} {key.secret_key} {token(key)}"
    )
    for target, name in ((Ledger, "merge_update"), (Ledger, "merge_snapshot"), (RestClient, "accounts")):
        with patch.object(target, name, side_effect=error):
            await asyncio.sleep(30)
            if target is RestClient:
                await fill_in_form(harness, leaks, WRONG_KEY)
            await refresh_and_collect(harness, leaks)
        await wait_until(harness.has_recovered, within=7200)
        await refresh_and_collect(harness, leaks)


COURSES = [
    pytest.param(everything_goes_wrong, marks=pytest.mark.slow),
    pytest.param(set_up_is_rejected, marks=pytest.mark.slow),
    forms_are_rejected,
    pytest.param(responses_repeat_the_request, marks=pytest.mark.slow),
    the_name_is_not_found,
    the_certificate_is_invalid,
    the_integration_has_a_bug,
]


@pytest.mark.parametrize("course", COURSES)
def test_nothing_leaks(tmp_path: Path, capfd: pytest.CaptureFixture[str], course: Course) -> None:
    random.seed(1)
    leaks = run(watch(tmp_path, course))
    leaks.collect("output", "".join(capfd.readouterr()))
    assert leaks.found() == []
