"""The regions Upbit runs: their code, their fiat currency and what sets them apart."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """One region of the exchange; a key belongs to exactly one."""

    code: str
    fiat: str
    korean: bool = False


REGIONS = {
    region.code: region
    for region in (
        Region("sg", "SGD"),
        Region("id", "IDR"),
        Region("th", "THB"),
        Region("kr", "KRW", korean=True),
    )
}
