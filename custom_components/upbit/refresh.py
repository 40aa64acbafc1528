"""A snapshot that a user asks for, with errors that have a text."""

from homeassistant.exceptions import HomeAssistantError

from .api.errors import UpbitError
from .const import DOMAIN
from .coordinator import UpbitCoordinator


async def async_refresh(coordinator: UpbitCoordinator, within: float = 0.0) -> None:
    """Take a snapshot, and end when it is merged.

    Args:
        coordinator: The account.
        within: Seconds until it is requested at the latest, for others that ask meanwhile to share it.

    Raises:
        HomeAssistantError: The snapshot failed, or the account waits for a new key.
    """
    try:
        await coordinator.async_refresh(within)
    except UpbitError as error:
        # Without the original error: its text is for diagnostics.
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=error.kind.value,
            translation_placeholders={"region": coordinator.region.name},
        ) from None
