"""The texts of Activity, for `logbook.py`, which only a Home Assistant with a recorder imports."""

from pathlib import Path
from typing import cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import load_json_object

from .const import DOMAIN


class ActivityTexts:
    """The texts of Activity, in the language of Home Assistant or else in English.

    Home Assistant drops all texts from its cache when an integration is updated, and has none of a language right
    after a change to it.
    """

    def __init__(self, hass: HomeAssistant, english: dict[str, str]) -> None:
        self._hass = hass
        self._english = english
        self._requested: set[str] = set()

    def get(self, key: str) -> str:
        """Return a text; called from the event loop and from threads."""
        language = self._hass.config.language
        texts = async_get_cached_translations(self._hass, language, "common", DOMAIN)
        if (text := texts.get(f"component.{DOMAIN}.common.{key}")) is not None:
            return text
        if language not in self._requested:
            self._requested.add(language)
            self._hass.create_task(self._async_request(language), f"{DOMAIN} texts of Activity")
        return self._english[key]

    async def _async_request(self, language: str) -> None:
        """Have Home Assistant load the texts for the next time."""
        try:
            await async_get_translations(self._hass, language, "common", [DOMAIN])
        finally:
            self._requested.discard(language)


ACTIVITY_TEXTS: HassKey[ActivityTexts] = HassKey(f"{DOMAIN}_activity_texts")


async def async_setup_activity_texts(hass: HomeAssistant) -> None:
    """Read the English texts, which are there even when Home Assistant's cache is empty."""
    path = Path(__file__).parent / "translations" / "en.json"
    translations = await hass.async_add_executor_job(load_json_object, path)
    hass.data[ACTIVITY_TEXTS] = ActivityTexts(hass, cast(dict[str, str], translations["common"]))
