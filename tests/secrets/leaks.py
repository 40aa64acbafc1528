"""Collects what a Home Assistant writes, shows and keeps, and searches it for what must not be there."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import json
import logging
from pathlib import Path
import random
import re
import traceback
from types import SimpleNamespace
from unittest.mock import patch

from homeassistant.const import EVENT_STATE_CHANGED, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations

from custom_components.upbit.api.auth import Credentials
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from custom_components.upbit.diagnostics import async_get_config_entry_diagnostics
from custom_components.upbit.event import EVENT_BALANCE_CHANGED
from simulator import ApiKey, SimulatedExchange
from tests.helpers.harness import Harness, key_text, own_harness

_DIGITS = 9
"""An amount counts as found by so many of its digits, so that a rounded one is found too."""

_PIECE = 12
"""A secret counts as found by so many characters in a row of it, or a few more."""

_NUMBER = re.compile(r"\d+\.?\d*")
_TOKEN = re.compile(r"eyJ[\w-]{8,}|[Bb]earer +\S{8,}")

# Events that contain amounts because they are about them.
_EVENTS_OF_AMOUNTS = {EVENT_STATE_CHANGED, EVENT_BALANCE_CHANGED}


ASSET_UUID = "5ec7e7a5-5e70-4a1d-9b3f-0123456789ab"
WRONG_KEY = key_text(random.Random(99))
_HOSTILE = ("1" * _PIECE, "3" * _PIECE)
"""Digits of numbers in frames that are invalid."""


@dataclass(frozen=True, slots=True)
class _Text:
    place: str
    text: str
    of_amounts: bool


class Leaks:
    """Everything that was written, shown or stored, with its place."""

    def __init__(self, exchange: SimulatedExchange, *secrets: str) -> None:
        self._exchange = exchange
        self._secrets = secrets
        self._texts: list[_Text] = []

    def collect(self, place: str, text: str, *, of_amounts: bool = False) -> None:
        """Keep a text to be searched; `of_amounts` where amounts belong."""
        self._texts.append(_Text(place, text, of_amounts))

    def collect_error(self, place: str, error: BaseException) -> None:
        """Keep all texts of an error: its message, its repr and its traceback."""
        chain = "".join(traceback.format_exception(error))
        self.collect(place, f"{error} {error!r} {error.args!r} {chain}")

    @contextmanager
    def logs(self) -> Iterator[None]:
        """Collect every record of every logger, from the lowest level on, in the place of all other handlers."""
        root = logging.getLogger()
        loggers = [each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
        levels = {each: each.level for each in (root, *loggers)}
        for each in levels:
            each.setLevel(logging.DEBUG)
        handlers, root.handlers = root.handlers, [_Handler(self)]
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            root.handlers = handlers
            for each, level in levels.items():
                each.setLevel(level)

    def listen(self, hass: HomeAssistant) -> None:
        """Collect every event."""

        @callback
        def on_event(event: Event) -> None:
            shows_amounts = event.event_type in _EVENTS_OF_AMOUNTS
            text = f"{event.data} {event.context.as_dict()}"
            self.collect(f"event {event.event_type}", text, of_amounts=shows_amounts)

        hass.bus.async_listen(MATCH_ALL, on_event)

    async def collect_shown(self, hass: HomeAssistant) -> None:
        """Collect what Home Assistant shows now: diagnostics, entries, open forms, repair issues."""
        for entry in hass.config_entries.async_entries(DOMAIN):
            placeholders = entry.error_reason_translation_placeholders
            self.collect(
                "entry", f"{entry!r} {entry.title} {entry.reason} {placeholders} {entry.as_dict().keys()}"
            )
            if hasattr(entry, "runtime_data"):
                diagnostics = await async_get_config_entry_diagnostics(hass, entry)
                self.collect("diagnostics", json.dumps(diagnostics, default=str))
                self.collect("coordinator", repr(vars(entry.runtime_data)))
        for flow in hass.config_entries.flow.async_progress():
            self.collect("form", str(flow))
        texts = await async_get_translations(hass, "en", "issues", {DOMAIN})
        for issue in ir.async_get(hass).issues.values():
            self.collect("issue", f"{issue!r} {issue.to_json()}")
            for key, text in texts.items():
                if f".{issue.translation_key}." in key:
                    self.collect("issue", text.format(**issue.translation_placeholders or {}))

    def read_files(self, folder: Path) -> None:
        """Collect every file below a folder; the keys in the storage of the config entries are where they belong."""
        for path in folder.rglob("*"):
            # Not the integration itself, which the folder links to.
            if path.is_symlink() or not path.is_file() or DOMAIN in path.relative_to(folder).parts:
                continue
            text = path.read_bytes().decode(errors="replace")
            if path.name == "core.config_entries":
                stored = json.loads(text)
                for entry in stored["data"]["entries"]:
                    if entry["domain"] == DOMAIN:
                        del entry["data"][CONF_ACCESS_KEY], entry["data"][CONF_SECRET_KEY]
                text = json.dumps(stored)
            # States that are kept over a restart are states.
            self.collect(f"file {path.name}", text, of_amounts=path.name == "core.restore_state")

    def found(self) -> list[str]:
        """Return where secrets, tokens, account ids and amounts are that do not belong there."""
        pieces = {
            text[start : start + _PIECE].lower()
            for key in self._exchange.keys.keys.values()
            for text in (key.access_key, key.secret_key, *self._secrets)
            for start in range(0, len(text) - _PIECE + 1, _PIECE // 2)
        }
        amounts = self._amounts()
        found = []
        for kept in self._texts:
            text = kept.text.lower()
            what = [f"a secret {piece}" for piece in pieces if piece in text]
            what += ["a token" for _ in _TOKEN.finditer(kept.text)]
            if not kept.of_amounts:
                what += [
                    f"an amount {number}" for number in _NUMBER.findall(text) if _beginning(number) in amounts
                ]
            found += [f"{kept.place}: {each} in {kept.text[:300]}" for each in what]
        return found

    def _amounts(self) -> set[str]:
        holdings = [each for history in self._exchange.account.history.values() for each in history]
        numbers = [
            format(amount, "f") for each in holdings for amount in (each.available, each.locked, each.total)
        ]
        return {beginning for number in numbers if len(beginning := _beginning(number)) == _DIGITS}


def _beginning(number: str) -> str:
    return number.replace(".", "").lstrip("0")[:_DIGITS]


class _Handler(logging.Handler):
    def __init__(self, leaks: Leaks) -> None:
        super().__init__(logging.DEBUG)
        self._leaks = leaks

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        # Home Assistant itself writes every event to its log, with the states, at its lowest level.
        is_event = record.name == "homeassistant.core" and message.startswith("Bus:Handling")
        self._leaks.collect(
            f"log {record.name}",
            f"{message} {'' if is_event else repr(record.args)} {record.stack_info or ''}",
            of_amounts=is_event,
        )
        if record.exc_info and record.exc_info[1] is not None:
            self._leaks.collect_error(f"log {record.name}", record.exc_info[1])


type Course = Callable[[Harness, Leaks], Awaitable[None]]


async def watch(folder: Path, course: Course) -> Leaks:
    """Let something happen in a harness, and collect all that could leak.

    The account is in Korea, where the integration also requests the account's keys.
    """
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    # In debug mode every callback and task that takes this long is written to the log, arguments and results and all.
    loop.slow_callback_duration = 0
    async with own_harness(folder, region="kr", pace=1) as harness:
        leaks = Leaks(harness.exchange, ASSET_UUID, WRONG_KEY, *_HOSTILE)
        with leaks.logs(), patch("simulator.wire.uuid", SimpleNamespace(uuid4=lambda: ASSET_UUID)):
            leaks.listen(harness.hass)
            trading = asyncio.create_task(harness.trader.run())
            await course(harness, leaks)
            await leaks.collect_shown(harness.hass)
            trading.cancel()
            await harness.stop_hass()
            await asyncio.to_thread(leaks.read_files, folder)
        return leaks


def token(key: ApiKey) -> str:
    """Return a token as the integration makes them."""
    header = Credentials(key.access_key, key.secret_key).authorization()["Authorization"]
    return header.removeprefix("Bearer ")
