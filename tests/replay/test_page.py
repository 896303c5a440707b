"""docs/capture.md shows what its program prints."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "capture.md"


def test_the_listing_on_the_page_is_what_its_program_prints(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (listing,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (tmp_path / "step.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "step.py"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == listing
