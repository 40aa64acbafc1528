"""Names a bug for the log and for diagnostics."""

import traceback


def place_of(error: Exception) -> str:
    """Return what was raised and where, without the text of the error, which may contain an amount."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{type(error).__name__} at {frame.f_code.co_name}:{line}"
