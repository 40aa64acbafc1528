from pathlib import Path
import subprocess

import pytest

ROOT = Path(__file__).parent.parent.parent
HEAD = f'set -euo pipefail\n. "{ROOT}/scripts/lib/common.sh"\n'


@pytest.mark.parametrize(
    ("body", "line", "command"),
    [
        ("false", 3, "false"),
        ("fail() {\nfalse\n}\nfail", 4, "false"),
        ("value=$(false)", 3, "false"),
        # The reader has enough after one line, so the writer is killed by SIGPIPE.
        ("first=$(yes | head -n 1)", 3, "status 141 from: head -n 1"),
    ],
    ids=["command", "function", "substitution", "pipe"],
)
def test_script_that_stops_names_the_command(tmp_path: Path, body: str, line: int, command: str) -> None:
    script = tmp_path / "script"
    script.write_text(f"{HEAD}{body}\necho not reached\n", encoding="utf-8")
    result = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert result.stdout == ""
    first = result.stderr.splitlines()[0]
    assert first.startswith(f"error: {script}, line {line}: status ")
    assert command in first


@pytest.mark.parametrize("body", ["false || true", "if false; then :; fi", "value=$(false) || value=none"])
def test_expected_failure_is_not_reported(tmp_path: Path, body: str) -> None:
    script = tmp_path / "script"
    script.write_text(f"{HEAD}{body}\necho reached\n", encoding="utf-8")
    result = subprocess.run(["bash", script], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("reached\n", "")
