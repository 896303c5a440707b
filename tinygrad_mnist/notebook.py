"""How an object shows itself in a notebook: as a table, where a table helps.

>>> html_table(["a"], [["<b>"]], above="A table")
'<p>A table</p><table><tr><th>a</th></tr><tr><td>&lt;b&gt;</td></tr></table>'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

MOST_ROWS = 200


def html_table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], *, above: str = "", below: str = ""
) -> str:
    """Return the HTML of a table between two texts, in which nothing is taken for HTML.

    Of a long table the first ``MOST_ROWS`` rows are shown, and how many follow.
    """
    table = list(rows)
    more = len(table) - MOST_ROWS
    lines = [_cells("th", heads), *(_cells("td", row) for row in table[:MOST_ROWS])]
    following = f"and {more} more" if more > 0 else ""
    html = [
        _paragraph(above),
        f"<table>{''.join(lines)}</table>",
        *map(_paragraph, (following, below)),
    ]
    return "".join(html)


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>" if text else ""


def _cells(tag: str, cells: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_text(cell)}</{tag}>' for cell in cells)}</tr>"


def _text(value: object) -> str:
    return escape(str(value)).replace("\n", "<br>")
