"""The demo's folder."""

from pathlib import Path

from demo.installation import Installation


def test_first_start_that_was_interrupted_is_made_up_for(tmp_path: Path) -> None:
    with Installation(tmp_path) as installation:
        assert installation.prepare(8123)
        assert installation.prepare(8123)
        installation.database.touch()
        assert not installation.prepare(8123)
