"""When the API key expires, where the region has that information (Korea)."""

from datetime import datetime

from .api.rest import RestClient


class KeyExpirationCheck:
    """Requests the key's expiration from time to time."""

    def __init__(self, rest: RestClient, interval: float) -> None:
        self.expires_at: datetime | None = None
        self._rest = rest
        self._interval = interval
        self._due = 0.0

    async def async_check(self, now: float) -> bool:
        """Request the expiration if that is due; return whether it was.

        Args:
            now: The time of a monotonic clock, in seconds.

        Raises:
            UpbitError: The request failed; it stays due.
        """
        if now < self._due:
            return False
        self.expires_at = await self._rest.key_expiration()
        self._due = now + self._interval
        return True
