"""What a crosscheck reports: a comparison per array, a row per operation or leaf, a verdict.

>>> print(Comparison("value", (4, 7), 0.25, 0.5, error=0.25, bound=1e-6))
value differs at [4, 7]: ours 0.25, TensorFlow 0.5 (5.0e-01 relative, bound 2.0e-06)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinygrad_mnist.notebook import html_table


@dataclass(frozen=True, repr=False)
class Comparison:
    """One array beside TensorFlow's: where the error is largest against its bound.

    Attributes
    ----------
    what, size
        What the array is, and how many elements it has.
    index, ours, theirs, error, bound
        Of that element.
    fault
        Why there is nothing to compare.
    deviation, skipped
        A known deviation of TensorFlow's, and how many elements were left out because of it.
    """

    what: str
    index: tuple[int, ...] = ()
    ours: float = 0.0
    theirs: float = 0.0
    error: float = 0.0
    bound: float = 1.0
    fault: str = ""
    deviation: str = ""
    skipped: int = 0
    size: int = 0

    @property
    def ratio(self) -> float:
        """The error over its bound; at most 1 if they agree."""
        return np.inf if self.fault else self.error / self.bound

    @property
    def agrees(self) -> bool:
        """Whether the error is within its bound, but for known deviations of TensorFlow's."""
        return self.ratio <= 1

    def __repr__(self) -> str:
        if self.agrees and self.deviation:
            return (
                f"{self.what} agrees except at {self.skipped} of {self.size} elements, where "
                f"TensorFlow deviates ({self.deviation})"
            )
        if self.agrees:
            return f"{self.what} agrees"
        if self.fault:
            return f"{self.what} failed: {self.fault}"
        size = abs(self.theirs) or 1.0
        return (
            f"{self.what} differs at {list(self.index)}: ours {self.ours:.6g}, TensorFlow "
            f"{self.theirs:.6g} ({self.error / size:.1e} relative, bound {self.bound / size:.1e})"
        )


@dataclass(frozen=True, repr=False)
class Row:
    """An operation of the tape, numbered as it ran, or a leaf (number 0).

    Attributes
    ----------
    comparisons
        What was compared for it.
    uses
        Of a leaf: the comparisons of what each operation gave it, which are in their rows too.
    """

    number: int
    name: str
    line: str
    comparisons: tuple[Comparison, ...]
    uses: tuple[Comparison, ...] = ()

    @property
    def worst(self) -> float:
        """The largest error over its bound; of a leaf, in what it is the sum of too."""
        return max(c.ratio for c in self.comparisons + self.uses)

    @property
    def agrees(self) -> bool:
        """Whether everything about it agrees."""
        return all(comparison.agrees for comparison in self.comparisons)

    def __repr__(self) -> str:
        number = f"#{self.number} " if self.number else ""
        line = f" ({self.line})" if self.line else ""
        return f"{number}{self.name}{line}: {self.found}"

    @property
    def found(self) -> str:
        """What was found: of the value, and of what departs or is known to deviate."""
        told = [c for c in self.comparisons if c.what == "value" or not c.agrees or c.deviation]
        return "; ".join(map(str, told)) or "agrees"


@dataclass(frozen=True, repr=False)
class Report:
    """What TensorFlow says of every operation and leaf.

    Attributes
    ----------
    operations
        The rows of the tape's operations, oldest first.
    leaves
        The rows of the arguments and parameters that a gradient was taken by.
    """

    operations: tuple[Row, ...]
    leaves: tuple[Row, ...]

    def __add__(self, other: Report) -> Report:
        return Report(self.operations + other.operations, self.leaves + other.leaves)

    @property
    def agrees(self) -> bool:
        """Whether all rows agree."""
        return all(row.agrees for row in self.operations + self.leaves)

    @property
    def first(self) -> Row | None:
        """The first departure: of the values as they were computed, then along the sweep."""
        for row in self.operations:
            if any(c.what == "value" and not c.agrees for c in row.comparisons):
                return row
        return next((row for row in self.operations[::-1] + self.leaves if not row.agrees), None)

    @property
    def parts(self) -> list[float]:
        """The error of each comparison over its bound."""
        return [c.ratio for row in self.operations + self.leaves for c in row.comparisons]

    @property
    def worst(self) -> float:
        """The largest error over its bound."""
        return max(self.parts, default=0.0)

    @property
    def deviations(self) -> tuple[Row, ...]:
        """The rows where elements were left out, naming the known deviation."""
        rows = self.operations + self.leaves
        return tuple(row for row in rows if any(c.deviation for c in row.comparisons))

    def __repr__(self) -> str:
        if self.first is not None:
            return str(self.first)
        counts = [
            f"{len(rows)} {what}{'s' * (len(rows) != 1)}"
            for what, rows in (("operation", self.operations), ("gradient", self.leaves))
        ]
        agreed = (
            f"TensorFlow agrees with {' and '.join(counts)}: worst error {self.worst:.2g} of its "
            "bound"
        )
        return "\n".join([agreed, *map(str, self.deviations)])

    def _repr_html_(self) -> str:
        rows = [
            (row.number or "", row.name, row.line, f"{row.worst:.2g}", row.found)
            for row in self.operations + self.leaves
        ]
        heads = ["#", "operation or leaf", "line", "error, of its bound", "found"]
        return html_table(heads, rows, above=str(self))
