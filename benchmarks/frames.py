"""CPU time from a frame's bytes to the state written, against the floor: parse it, write one bare sensor's state."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
import json
from time import thread_time
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .accounts import currencies, frames_around, single_frames, wide_frames
from .exchange import Exchange
from .feed import Feed, fed_streams, message
from .figures import Figure
from .home_assistant import add_entry, counted_events, remove_entry
from .measuring import Rounds

_BLOCK = 100
"""Frames of one measurement: long enough for the clock, short enough for many rounds."""
_COMMON_BLOCK = 4
_WIDE = 50

_KEPT_DECODER = json.JSONDecoder(parse_float=Decimal)

type Parse = Callable[[bytes], Any]


def parse(payload: bytes) -> Any:
    """Parse a frame exactly with the standard library, as one does who writes it down in a line."""
    return json.loads(payload, parse_float=Decimal)


def parse_with_kept_decoder(payload: bytes) -> Any:
    """Parse a frame exactly with a decoder that is made once."""
    return _KEPT_DECODER.decode(payload.decode())


def floor(sensors: Mapping[str, Any], payloads: Sequence[bytes], parsed: Parse = parse) -> float:
    """Return the CPU seconds of a frame that is parsed and shown by a bare sensor, nothing else."""
    started = thread_time()
    for payload in payloads:
        asset = parsed(payload)["assets"][0]
        sensors[asset["currency"]].show((asset["balance"], asset["locked"]))
    return (thread_time() - started) / len(payloads)


def common(coordinator: DataUpdateCoordinator[dict[str, Any]], payloads: Sequence[bytes]) -> float:
    """Return the CPU seconds of a frame where all sensors hang on one coordinator that tells all of them."""
    started = thread_time()
    for payload in payloads:
        asset = parse(payload)["assets"][0]
        coordinator.data[asset["currency"]] = (asset["balance"], asset["locked"])
        coordinator.async_set_updated_data(coordinator.data)
    return (thread_time() - started) / len(payloads)


async def measure_frames(
    hass: HomeAssistant, one: Exchange, fifty: Exchange, five_hundred: Exchange, rounds: int
) -> list[Figure]:
    """Measure frames on accounts that hold 1, 50 and 500 currencies."""
    bare, shared = [], []
    for count in (1, _WIDE, 500):
        data = {"currencies": currencies(count)}
        bare.append(await add_entry(hass, "bare_sensors", data | {"common_coordinator": False}))
        if count != _WIDE:
            shared.append(await add_entry(hass, "bare_sensors", data | {"common_coordinator": True}))
    entries = [*bare, *shared]
    sensors_1, sensors_50, sensors_500 = (entry.runtime_data for entry in bare)
    common_1, common_500 = (entry.runtime_data for entry in shared)

    taken = Rounds()
    with fed_streams() as feeds:
        entries += [await add_entry(hass, "upbit", each.entry_data) for each in (one, fifty, five_hundred)]
        feed_1, feed_50, feed_500 = (feeds[each.stream_url] for each in (one, fifty, five_hundred))
        single = single_frames("C000", _BLOCK)
        around = frames_around(500)
        wide = wide_frames(_WIDE)
        narrow = frames_around(_WIDE)[:_WIDE], frames_around(_WIDE)[_WIDE:]
        few = single_frames("C000", _COMMON_BLOCK)

        def feed(to: Feed, payloads: Sequence[bytes]) -> Callable[[], Any]:
            messages = [message(payload) for payload in payloads]

            async def measure() -> float:
                return await to.cost(messages) / len(messages)

            return measure

        # What has to be told apart finely is taken by itself: short pieces that lie close together, often.
        await taken.take(
            {
                "floor": lambda: floor(sensors_1, single),
                "1": feed(feed_1, single),
                "500": feed(feed_500, single),
                "kept": lambda: floor(sensors_1, single, parse_with_kept_decoder),
            },
            4 * rounds,
        )
        await taken.take(
            {
                "around": feed(feed_500, around),
                "floor around": lambda: floor(sensors_500, around),
                "wide": feed(feed_50, wide),
                "fifty floors": lambda: _WIDE * sum(floor(sensors_50, each) for each in narrow) / 2,
                "common 1": lambda: common(common_1, few),
                "common 500": lambda: common(common_500, few),
            },
            rounds,
        )
        events = await _count_events(hass, feed_500, feed_50, single, wide)
    for entry in entries:
        await remove_entry(hass, entry)
    return _figures(taken, events, len(single) + _WIDE * len(wide))


async def _count_events(
    hass: HomeAssistant, feed_500: Feed, feed_50: Feed, single: Sequence[bytes], wide: Sequence[bytes]
) -> tuple[Counter[str], Counter[str]]:
    """Return the events of frames that each change something, and those of frames that change nothing."""
    with counted_events(hass) as changing:
        await feed_500.cost([message(payload) for payload in single])
        await feed_50.cost([message(payload) for payload in wide])
        await hass.async_block_till_done()
    with counted_events(hass) as repeated:
        await feed_500.cost([message(single[-1])] * len(single))
        await feed_50.cost([message(wide[-1])] * len(wide))
        await hass.async_block_till_done()
    return changing, repeated


def _figures(taken: Rounds, events: tuple[Counter[str], Counter[str]], changes: int) -> list[Figure]:
    def micro(name: str) -> str:
        return f"{taken.typical(name) * 1e6:.1f} µs"

    changing, repeated = events
    return [
        Figure(
            "frame_1_held",
            "CPU of a frame, 1 changed, 1 held, to the floor",
            taken.ratio("1", "floor"),
            at_most=1.5,
            beside=f"{micro('1')}, floor {micro('floor')}",
        ),
        Figure(
            "frame_1_held_kept_decoder",
            "the same, to a floor that keeps its decoder",
            taken.ratio("1", "kept"),
            beside=f"floor {micro('kept')}",
        ),
        Figure(
            "frame_500_held",
            "CPU of a frame, 1 changed, 500 held, to 1 held",
            taken.ratio("500", "1"),
            at_most=1.1,
            steady=True,
            beside=micro("500"),
        ),
        Figure(
            "frame_500_held_common",
            "the same in the common pattern",
            taken.ratio("common 500", "common 1"),
            beside=f"{micro('common 500')}, with 1 held {micro('common 1')}",
        ),
        Figure(
            "frame_500_held_around",
            "frames that go round all 500, to bare sensors' that do",
            taken.ratio("around", "floor around"),
            beside=f"{micro('around')}, floor {micro('floor around')}",
        ),
        Figure(
            "frame_50_changed",
            "CPU of a frame, 50 changed, to fifty floors",
            taken.ratio("wide", "fifty floors"),
            at_most=1.3,
            beside=f"{micro('wide')}, floors {micro('fifty floors')}",
        ),
        Figure(
            "state_changed_per_change",
            "state_changed for each currency that a frame changed",
            changing[EVENT_STATE_CHANGED] / changes,
            unit="",
            at_most=1,
            at_least=1,
            steady=True,
            beside=f"{changing[EVENT_STATE_CHANGED]} for {changes} changes",
        ),
        Figure(
            "other_events",
            "any other event of these frames",
            changing.total() - changing[EVENT_STATE_CHANGED],
            unit="",
            at_most=0,
            steady=True,
        ),
        Figure(
            "events_unchanged",
            "events of frames that change nothing",
            repeated.total(),
            unit="",
            at_most=0,
            steady=True,
        ),
        Figure(
            "noise",
            "spread of the floor over the rounds (noise)",
            100 * taken.spread("floor"),
            unit="%",
        ),
    ]
