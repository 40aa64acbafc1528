from pathlib import Path
import shutil
import subprocess

from homeassistant.util.yaml import load_yaml_dict
import pytest

ROOT = Path(__file__).parent.parent.parent


def test_hooks_need_nothing_but_the_tools_of_the_project() -> None:
    for repository in load_yaml_dict(str(ROOT / ".pre-commit-config.yaml"))["repos"]:
        assert repository["repo"] == "local"
        assert {hook["language"] for hook in repository["hooks"]} == {"system"}


@pytest.mark.parametrize(
    ("environment", "status", "message"),
    [
        ({}, 0, "==> Node.js was not found: the JavaScript is not checked"),
        ({"CI": "true"}, 1, "error: Node.js was not found, so the JavaScript cannot be checked."),
    ],
)
def test_missing_node_is_an_error_in_ci_alone(
    tmp_path: Path, environment: dict[str, str], status: int, message: str
) -> None:
    for program in ("bash", "dirname"):
        found = shutil.which(program)
        assert found is not None
        (tmp_path / program).symlink_to(found)
    result = subprocess.run(
        [tmp_path / "bash", ROOT / "scripts" / "lib" / "javascript", "lint:js"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path), **environment},
    )
    assert (result.returncode, result.stderr) == (status, f"{message}\n")
