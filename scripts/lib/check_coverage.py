"""Fails when a module of the integration is covered less by the tests than the project requires.

usage: check_coverage.py REPORT

REPORT is what ``coverage json`` wrote. Coverage is that of statements and branches together, in per cent.
"""

import json
from pathlib import Path
import sys

EVERY_MODULE = 95.0
STRICTER = {"custom_components/upbit/config_flow.py": 100.0}


def main() -> int:
    """Print the modules that fall short, or the total; return the exit status."""
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    files: dict[str, dict] = report["files"]
    failures = [f"{name}: not measured" for name in STRICTER if name not in files]
    for name, file in sorted(files.items()):
        limit = STRICTER.get(name, EVERY_MODULE)
        covered: float = file["summary"]["percent_covered"]
        if covered < limit:
            lines = ", ".join(str(line) for line in file["missing_lines"])
            branches = ", ".join(
                f"{start}->{'exit' if end < 0 else end}" for start, end in file["missing_branches"]
            )
            failures.append(
                f"{name}: {covered:.1f} % of {limit:.0f} %; lines missed: {lines or 'none'};"
                f" branches missed: {branches or 'none'}"
            )
    if failures:
        print("coverage: too low", *failures, sep="\n  ")
        return 1
    print(f"coverage: {report['totals']['percent_covered']:.1f} % in all, every module above its limit")
    return 0


if __name__ == "__main__":
    sys.exit(main())
