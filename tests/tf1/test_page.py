"""``docs/tf1.md`` shows what the program is recorded as.

Its examples are run as doctests; here the pieces of listing are looked for in the listings of what
its session has captured, without the columns that tell memory and source lines.
"""

import doctest
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tf1.md"


def cells(line):
    return tuple(re.split(r"\s{2,}", line.strip())[:3])


@pytest.fixture(scope="module")
def listing():
    """The rows of the training step, after the examples up to where it is run."""
    program = {}
    for example in doctest.DocTestParser().get_examples(PAGE.read_text(encoding="utf-8")):
        exec(example.source.replace("range(200)", "range(3)"), program)
        if "plans" in example.source:
            return str(program["sess"].plans[-1])
    raise AssertionError("the page prints no program")


def test_every_piece_of_listing_is_what_is_recorded(listing):
    pieces = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    shown = [cells(line) for piece in pieces for line in piece.splitlines()]
    recorded = {cells(line) for line in listing.splitlines()}
    assert len(shown) > 40
    assert [row for row in shown if row not in recorded] == [], listing
