"""The search for leaks finds each kind where it is planted, so that a search without a finding means something."""

from collections.abc import Callable
import logging
from pathlib import Path
import warnings

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.upbit import issues
from custom_components.upbit.const import DOMAIN
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import run

from .leaks import ASSET_UUID, Leaks, token, watch

pytestmark = pytest.mark.usefixtures("socket_enabled")

LOGGER = logging.getLogger("custom_components.upbit")


def in_part(harness: Harness) -> None:
    LOGGER.debug("with %s...", harness.exchange.key.secret_key[5:30])


def in_the_error_before(harness: Harness) -> None:
    try:
        try:
            raise ValueError(token(harness.exchange.key))
        except ValueError as error:
            raise RuntimeError("something else") from error
    except RuntimeError:
        LOGGER.exception("something else")


def with_an_amount(harness: Harness) -> None:
    LOGGER.debug("has %.6f", harness.exchange.account["KRW"].available)


def with_the_account_id(harness: Harness) -> None:
    LOGGER.debug("of %s", ASSET_UUID)


def in_a_warning(harness: Harness) -> None:
    warnings.warn(harness.exchange.key.access_key, stacklevel=1)


def in_an_event(harness: Harness) -> None:
    harness.hass.bus.async_fire("upbit_balance_changed", {"key": harness.exchange.key.access_key})


def in_a_state(harness: Harness) -> None:
    harness.hass.states.async_set(
        "sensor.planted", "on", {"authorization": f"Bearer {token(harness.exchange.key)}"}
    )


def in_an_issue(harness: Harness) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title=harness.exchange.key.access_key)
    issues.async_address_not_allowed(harness.hass, entry)


def in_the_diagnostics(harness: Harness) -> None:
    harness.stats.losses[format(harness.exchange.account["KRW"].locked, "f")] += 1


def in_the_title(harness: Harness) -> None:
    harness.hass.config_entries.async_update_entry(harness.entry, title=harness.exchange.key.access_key)


def in_the_options(harness: Harness) -> None:
    options = {"key": harness.exchange.key.secret_key}
    harness.hass.config_entries.async_update_entry(harness.entry, options=options)


def in_a_file(harness: Harness) -> None:
    Path(harness.hass.config.path("planted")).write_text(harness.exchange.key.secret_key, encoding="utf-8")


@pytest.mark.parametrize(
    ("plant", "place"),
    [
        (in_part, "log custom_components.upbit"),
        (in_the_error_before, "log custom_components.upbit"),
        (with_an_amount, "log custom_components.upbit"),
        (with_the_account_id, "log custom_components.upbit"),
        (in_a_warning, "log py.warnings"),
        (in_an_event, "event upbit_balance_changed"),
        (in_a_state, "event state_changed"),
        (in_an_issue, "issue"),
        (in_the_diagnostics, "diagnostics"),
        (in_the_title, "entry"),
        (in_the_options, "file core.config_entries"),
        (in_a_file, "file planted"),
    ],
)
def test_planted_leak_is_found(tmp_path: Path, plant: Callable[[Harness], None], place: str) -> None:
    async def course(harness: Harness, _: Leaks) -> None:
        plant(harness)

    found = run(watch(tmp_path, course)).found()
    assert any(each.startswith(f"{place}: ") for each in found)
