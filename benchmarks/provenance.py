"""What a report was made by: the command, the day, and the code."""

import subprocess
from collections.abc import Mapping
from datetime import date
from typing import Any

from benchmarks.supervisor import ROOT
from tinygrad_mnist import __version__

COMMAND = "python -m benchmarks report"


def provenance() -> dict[str, str | None]:
    """Return the version of this package, the commit, and the day."""
    return {"version": __version__, "commit": commit(), "date": date.today().isoformat()}


def commit() -> str | None:
    """Return the short hash of what is checked out, None outside of a checkout.

    It ends with "-dirty" if files have been changed since.
    """
    if not (ROOT / ".git").exists():  # or git would look for one in the folders above
        return None
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        answer = subprocess.run(
            command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def made_by(report: Mapping[str, Any]) -> str:
    """Say what made a report, as far as it tells.

    >>> made_by({"version": "0.1.0", "commit": None, "date": "2026-11-25"})
    '`python -m benchmarks report` of version 0.1.0 on 2026-11-25'
    """
    words = {"version": "of version", "commit": "at commit", "date": "on"}
    told = [f"{word} {report[name]}" for name, word in words.items() if report.get(name)]
    return " ".join([f"`{COMMAND}`", *told])
