"""A table of figures, as aligned text for the terminal and as Markdown for a page.

>>> table = Table(("backend", "µs"), [("numpy", "480"), ("a longer name", "1,020")])
>>> print(table.text())
backend           µs
numpy            480
a longer name  1,020
>>> print(table.markdown())
| backend | µs |
|---|---:|
| numpy | 480 |
| a longer name | 1,020 |
"""

from collections.abc import Sequence
from typing import NamedTuple


class Table(NamedTuple):
    """Headings and rows of cells; the first column is text, the others are figures.

    ``notes`` are sentences below: why rows are missing.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Lay the cells out in aligned columns."""
        cells = [self.headings, *self.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                [name.ljust(widths[0])]
                + [text.rjust(width) for text, width in zip(figures, widths[1:], strict=True)]
            )
            for name, *figures in cells
        ]
        return "\n".join([*lines, *self.notes])

    def markdown(self) -> str:
        """Write a Markdown table, with the notes as a list below."""
        rule = "|---|" + "---:|" * (len(self.headings) - 1)
        head, *rows = ["| " + " | ".join(row) + " |" for row in (self.headings, *self.rows)]
        notes = ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join([head, rule, *rows, *notes])
