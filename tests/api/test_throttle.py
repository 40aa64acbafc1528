"""When the next attempt may be made: backoff, and the rate limit after Upbit has asked to wait."""

import pytest

from custom_components.upbit.api.errors import ErrorKind, UpbitError
from custom_components.upbit.api.throttle import Backoff, RateLimit
from tests.helpers.virtual_time import pass_time


def rate_limited(retry_after: float | None = None) -> UpbitError:
    return UpbitError(ErrorKind.RATE_LIMITED, "http_429", retry_after)


def blocked(retry_after: float | None = None) -> UpbitError:
    return UpbitError(ErrorKind.BLOCKED, "http_418", retry_after)


# Backoff


def test_delays_double_up_to_the_longest_one() -> None:
    backoff = Backoff()
    for step in (1, 2, 4, 8, 16, 32, 64, 120, 120, 120):
        assert step / 2 <= backoff.next_delay() <= step


def test_delays_stay_within_bounds() -> None:
    backoff = Backoff()
    assert all(0.5 <= backoff.next_delay() <= 120 for _ in range(5000))


def test_delays_are_spread_over_half_a_step() -> None:
    delays = [Backoff(10, 20).next_delay() for _ in range(500)]
    assert min(delays) < 6
    assert max(delays) > 9


def test_delays_start_over_after_a_reset() -> None:
    backoff = Backoff()
    for _ in range(6):
        backoff.next_delay()
    backoff.reset()
    assert backoff.next_delay() <= 1


# The rate limit


async def test_requests_are_allowed_at_first() -> None:
    rate_limit = RateLimit()
    assert rate_limit.remaining() == 0
    rate_limit.check()


@pytest.mark.parametrize(
    ("error", "least", "more"),
    [
        (rate_limited(), 2, 0.2),
        (blocked(), 120, 12),
        (rate_limited(30), 30, 2.2),
        (blocked(600), 600, 132),
        (rate_limited(0.5), 2.5, 0.2),
    ],
)
async def test_requests_are_held_back_for_what_was_asked(
    error: UpbitError, least: float, more: float
) -> None:
    rate_limit = RateLimit()
    rate_limit.note_limited(error)
    assert least <= rate_limit.remaining() <= least + more
    with pytest.raises(UpbitError) as caught:
        rate_limit.check()
    assert caught.value.kind is error.kind
    assert caught.value.reason == "waiting"
    assert caught.value.retry_after == rate_limit.remaining()
    await pass_time(least - 0.01)
    with pytest.raises(UpbitError):
        rate_limit.check()
    await pass_time(more + 0.01)
    rate_limit.check()
    assert rate_limit.remaining() == 0


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (rate_limited(), [2, 4, 8, 16, 32, 64, 120, 120]),
        (rate_limited(60), [62, 64, 68, 76]),
        (blocked(), [120, 240, 480, 960, 1920, 3600, 3600]),
    ],
)
async def test_each_wait_in_a_row_is_longer(error: UpbitError, waits: list[float]) -> None:
    rate_limit = RateLimit()
    for wait in waits:
        rate_limit.note_limited(error)
        assert wait <= rate_limit.remaining() <= wait * 1.1
        await pass_time(rate_limit.remaining())


async def test_time_without_a_limit_starts_the_waits_over() -> None:
    rate_limit = RateLimit()
    for _ in range(4):
        rate_limit.note_limited(blocked())
    await pass_time(rate_limit.remaining() + 8 * 120 - 1)
    rate_limit.note_limited(blocked())
    assert rate_limit.remaining() >= 16 * 120
    await pass_time(rate_limit.remaining() + 16 * 120 + 1)
    rate_limit.note_limited(blocked())
    assert rate_limit.remaining() <= 120 * 1.1


async def test_first_block_is_not_longer_for_the_rate_limits_before_it() -> None:
    rate_limit = RateLimit()
    for _ in range(6):
        rate_limit.note_limited(rate_limited())
    rate_limit.note_limited(blocked())
    assert rate_limit.remaining() <= 120 * 1.1


async def test_shorter_wait_does_not_allow_requests_earlier() -> None:
    rate_limit = RateLimit()
    rate_limit.note_limited(blocked(3000))
    rate_limit.note_limited(rate_limited())
    assert rate_limit.remaining() >= 3000


@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind not in ("rate_limited", "blocked")])
async def test_other_errors_hold_back_nothing(kind: ErrorKind) -> None:
    rate_limit = RateLimit()
    rate_limit.note_limited(UpbitError(kind, "http_401", 60))
    rate_limit.check()
