"""The one table of Upbit's regions: where each one answers and which currency is its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """One region of Upbit; a key works in the region that issued it and in no other.

    Source: https://global-docs.upbit.com (Singapore, Indonesia, Thailand) and https://docs.upbit.com (Korea). It has
    the page of API keys for Korea only; those of the other regions have the same path and are not verified.
    """

    code: str
    name: str
    fiat: str
    """ISO 4217 code of the region's own currency."""
    rest_url: str
    websocket_url: str
    """Address of the public stream; the private one is below it."""
    api_keys_url: str
    """The page on which users create API keys and change their allowed IP addresses."""
    fiat_digits: int = 2
    """Decimals that people use when they write an amount of the region's own currency."""
    has_key_expiration: bool = False
    """Whether ``GET /v1/api_keys`` exists here."""

    @property
    def private_websocket_url(self) -> str:
        """Address of the stream that carries the account's own messages."""
        return f"{self.websocket_url}/private"


REGIONS: dict[str, Region] = {
    region.code: region
    for region in (
        Region(
            code="sg",
            name="Singapore",
            fiat="SGD",
            rest_url="https://sg-api.upbit.com",
            websocket_url="wss://sg-api.upbit.com/websocket/v1",
            api_keys_url="https://sg.upbit.com/mypage/open_api_management",
        ),
        Region(
            code="id",
            name="Indonesia",
            fiat="IDR",
            rest_url="https://id-api.upbit.com",
            websocket_url="wss://id-api.upbit.com/websocket/v1",
            api_keys_url="https://id.upbit.com/mypage/open_api_management",
            fiat_digits=0,
        ),
        Region(
            code="th",
            name="Thailand",
            fiat="THB",
            rest_url="https://th-api.upbit.com",
            websocket_url="wss://th-api.upbit.com/websocket/v1",
            api_keys_url="https://th.upbit.com/mypage/open_api_management",
        ),
        Region(
            code="kr",
            name="Korea",
            fiat="KRW",
            rest_url="https://api.upbit.com",
            websocket_url="wss://api.upbit.com/websocket/v1",
            api_keys_url="https://upbit.com/mypage/open_api_management",
            fiat_digits=0,
            has_key_expiration=True,
        ),
    )
}
