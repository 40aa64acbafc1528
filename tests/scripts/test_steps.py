import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

STEPS = Path(__file__).parent.parent.parent / "scripts" / "lib" / "steps.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, STEPS, *arguments], capture_output=True, text=True, check=False, timeout=30
    )


def test_all_pass() -> None:
    result = run("First", "echo quiet; echo '=== 3 passed in 1.50s ==='", "Second", "true")
    assert result.returncode == 0
    assert "### First: passed in 0 s" in result.stdout
    assert "### Second: passed in 0 s" in result.stdout
    assert "quiet" not in result.stdout
    assert "FAILED" not in result.stdout
    assert result.stdout.endswith("\n=== 3 passed in 1.50s ===\n")


def test_failed_step_is_shown_in_full_and_summed_up_last() -> None:
    result = run(
        *("Bad", "seq 1000; echo '=== 1 failed, 2 passed in 2.00s ==='; exit 3"),
        *("Good", "echo '=== 3 passed in 1.50s ==='"),
    )
    assert result.returncode == 1
    assert "\n".join(map(str, range(1, 1001))) in result.stdout
    assert "### end of Bad: FAILED with status 3" in result.stdout
    assert result.stdout.splitlines()[-5:] == [
        "passed     0 s  Good",
        "FAILED     0 s  Bad",
        "FAILED: Bad. The output of each is above, after '### NAME: FAILED'.",
        "=== 3 passed in 1.50s ===",
        "=== 1 failed, 2 passed in 2.00s ===",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_terminated_run_ends_what_it_started(tmp_path: Path, number: signal.Signals) -> None:
    # A process inherits what nohup ignores.
    inherited = signal.signal(number, signal.SIG_DFL)
    started, ended = tmp_path / "started", tmp_path / "ended"
    os.mkfifo(started)
    # The trap belongs to a child of the step's shell. It writes into the pipe when the trap is set.
    child = f"trap 'touch {ended}; exit' TERM; echo >{started}; sleep 60 & wait"
    with subprocess.Popen([sys.executable, STEPS, "Long", f'bash -c "{child}"; true']) as process:
        signal.signal(number, inherited)
        started.read_text(encoding="utf-8")
        process.send_signal(number)
        assert process.wait(timeout=30) == 130
    # It is told to end, and does so when it gets a processor.
    while not ended.exists():
        time.sleep(0.01)
