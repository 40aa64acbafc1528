"""What the tests with any input have in common: the bounds of a decoder, and what is a code or an amount."""

from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
import gc
import random
import time
import tracemalloc
import unicodedata

from hypothesis import strategies as st

from custom_components.upbit.api.wire import MAX_FRAME_SIZE, DecodeError

_MEGABYTE = 1024 * 1024

chances = st.integers(0, 2**64).map(random.Random)
counts = st.integers(1, 6)


def bounded[R](decode: Callable[[bytes], R], data: bytes) -> R | None:
    """Return what a decoder makes of the data, None for an error; fail when it takes too long or too much memory."""
    invalid: DecodeError | None = None
    # How long the collector takes depends on what else the process keeps, and Hypothesis keeps much.
    gc.disable()
    tracemalloc.start()
    begun = time.process_time()
    try:
        result = decode(data)
    except DecodeError as error:
        result, invalid = None, error
    finally:
        took = time.process_time() - begun
        _, memory = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        gc.enable()
    if invalid is not None:
        # What was in the message is no part of the error, also where an error has led to it.
        assert str(invalid) == invalid.reason.value
        assert invalid.__suppress_context__ or invalid.__context__ is None
    size = min(len(data), MAX_FRAME_SIZE) / _MEGABYTE
    assert took < 0.25 + 2 * size, f"{took:.2f} s for {len(data)} bytes"
    assert memory < (1 + 64 * size) * _MEGABYTE, f"{memory} bytes of memory for {len(data)}"
    return result


def is_code(value: object) -> bool:
    """Return whether a value can be the code of a currency."""
    if not isinstance(value, str) or not 1 <= len(value) <= 32:
        return False
    return all(unicodedata.category(character)[0] not in "CZ" for character in value)


def is_amount(value: object) -> bool:
    """Return whether a number can be an amount: not negative, with digits that can be shown."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value < 0:
        return False
    exact = Context(prec=MAX_FRAME_SIZE, Emin=MIN_EMIN, Emax=MAX_EMAX).normalize(Decimal(value))
    _, digits, exponent = exact.as_tuple()
    assert isinstance(exponent, int)
    return exact == 0 or (len(digits) <= 121 and exponent >= -120 and exact.adjusted() <= 119)
