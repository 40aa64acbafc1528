"""The rate limits of all accounts and regions; they outlive an attempt to set up, and a reload."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .api.errors import UpbitError
from .api.regions import Region
from .api.throttle import RateLimit
from .const import DOMAIN

# By region, because each region counts its own requests, then by account.
_RATE_LIMITS: HassKey[dict[str, dict[str, RateLimit]]] = HassKey(f"{DOMAIN}_rate_limits")

_QUOTATION = "quotation"
"""In place of an account: the public side of the region."""


@callback
def async_get_rate_limit(hass: HomeAssistant, entry_id: str, region: Region) -> RateLimit:
    """Return the rate limit of an account in a region."""
    return (
        hass.data.setdefault(_RATE_LIMITS, {}).setdefault(region.code, {}).setdefault(entry_id, RateLimit())
    )


@callback
def async_remove_rate_limit(hass: HomeAssistant, entry_id: str) -> None:
    """Drop the rate limits of an account that is removed."""
    for limits in hass.data.get(_RATE_LIMITS, {}).values():
        limits.pop(entry_id, None)


class QuotationRateLimit:
    """Holds back the public calls of a region, also while an account of the region is held back.

    Upbit counts public calls by address. Accounts don't wait for the public side: no balance depends on a price.
    """

    def __init__(self, hass: HomeAssistant, region: Region) -> None:
        self._own = async_get_rate_limit(hass, _QUOTATION, region)
        self._all = hass.data[_RATE_LIMITS][region.code]

    def remaining(self) -> float:
        """Return the seconds until requests are allowed again; 0 when they are."""
        return max(limit.remaining() for limit in self._all.values())

    def note_limited(self, error: UpbitError) -> None:
        """Note an error; a 429 or 418 starts a wait."""
        self._own.note_limited(error)

    def check(self) -> None:
        """Raise the error that a request would meet now, without making it.

        Raises:
            UpbitError: Requests are held back; ``retry_after`` has the seconds.
        """
        for limit in self._all.values():
            limit.check()
