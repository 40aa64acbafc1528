"""The search for leaks finds each kind where it is planted, so that a search without a finding means something."""

from collections.abc import Callable
from dataclasses import replace
import logging
from pathlib import Path
import warnings

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.upbit import issues
from custom_components.upbit.api.regions import REGIONS
from tests.virtual_time import run
from tests.world import World

from .leaks import ASSET_UUID, Leaks, token, watch

LOGGER = logging.getLogger("custom_components.upbit")


def in_a_message(world: World) -> None:
    LOGGER.debug("with %s", world.exchange.key.access_key)


def in_part(world: World) -> None:
    LOGGER.debug("with %s...", world.exchange.key.secret_key[5:30])


def in_an_error(world: World) -> None:
    try:
        raise ValueError(world.exchange.key.secret_key)
    except ValueError:
        LOGGER.exception("something else")


def in_the_error_before(world: World) -> None:
    try:
        try:
            raise ValueError(token(world.exchange.key))
        except ValueError as error:
            raise RuntimeError("something else") from error
    except RuntimeError:
        LOGGER.exception("something else")


def with_an_amount(world: World) -> None:
    LOGGER.debug("has %.6f", world.exchange.account["KRW"].available)


def with_the_account_id(world: World) -> None:
    LOGGER.debug("of %s", ASSET_UUID)


def in_a_warning(world: World) -> None:
    warnings.warn(world.exchange.key.access_key, stacklevel=1)


def in_an_event(world: World) -> None:
    world.hass.bus.async_fire("upbit_balance_changed", {"key": world.exchange.key.access_key})


def in_a_state(world: World) -> None:
    world.hass.states.async_set(
        "sensor.planted", "on", {"authorization": f"Bearer {token(world.exchange.key)}"}
    )


def in_an_issue(world: World) -> None:
    region = replace(REGIONS["kr"], name=world.exchange.key.access_key)
    issues.async_address_refused(world.hass, world.entry, region)


def in_the_diagnostics(world: World) -> None:
    assert world.coordinator is not None
    world.coordinator.stats.losses[format(world.exchange.account["KRW"].locked, "f")] += 1


def in_the_title(world: World) -> None:
    world.hass.config_entries.async_update_entry(world.entry, title=world.exchange.key.access_key)


def in_the_options(world: World) -> None:
    options = {"key": world.exchange.key.secret_key}
    world.hass.config_entries.async_update_entry(world.entry, options=options)


def in_a_file(world: World) -> None:
    Path(world.hass.config.path("planted")).write_text(world.exchange.key.secret_key, encoding="utf-8")


@pytest.mark.parametrize(
    ("plant", "place"),
    [
        (in_a_message, "log custom_components.upbit"),
        (in_part, "log custom_components.upbit"),
        (in_an_error, "log custom_components.upbit"),
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
def test_planted_leak_is_found(
    wall: FrozenDateTimeFactory, tmp_path: Path, plant: Callable[[World], None], place: str
) -> None:
    async def course(world: World, _: Leaks) -> None:
        plant(world)

    found = run(wall, lambda: watch(tmp_path, course)).found()
    assert any(each.startswith(f"{place}: ") for each in found)
