"""One exception tree: everything this package raises on purpose is a ``TinygradError``.

Each class also inherits the built-in exception a NumPy user would expect in its place, so
``except ValueError`` keeps working. A message is one clear sentence: what happened, what was
received, what to do.

>>> issubclass(ShapeError, ValueError) and issubclass(ShapeError, TinygradError)
True
"""


class TinygradError(Exception):
    """Base class of every error raised on purpose by this package."""


class ShapeError(TinygradError, ValueError):
    """Shapes do not fit together, or an axis or an index is out of range."""


class IndexingError(TinygradError, IndexError):
    """An index does not fit the array it was applied to."""


class DTypeError(TinygradError, TypeError):
    """A dtype cannot be used here: not real, not floating, or not convertible."""


class UnsupportedError(TinygradError, TypeError):
    """A NumPy function, argument or conversion has no meaning for a Tensor."""


class RuleError(TinygradError):
    """A primitive's rule is missing, misnamed, or returned a cotangent that does not fit."""


class GradientError(TinygradError, RuntimeError):
    """A backward pass cannot be run: nothing to differentiate, or no cotangent given."""


class StaleGraphError(GradientError):
    """A parameter was assigned after the graph read it, so its gradient would be wrong."""


class CaptureError(TinygradError, RuntimeError):
    """A function cannot be captured, or its replay would not do what the function does."""


class ProgramError(TinygradError, RuntimeError):
    """A captured program is not consistent: a fault of a pass, found by the checker."""


class SessionError(TinygradError, RuntimeError):
    """A session cannot run this: closed, not fed, not initialised, or of another graph."""


class ArgumentError(TinygradError, ValueError):
    """An argument is out of range or contradicts another."""


class DivergenceError(TinygradError, ArithmeticError):
    """Training produced infinite or undefined numbers."""


class DataError(TinygradError, ValueError):
    """A data file is missing, damaged, or not what it should be."""


class CheckpointError(TinygradError, ValueError):
    """A checkpoint is damaged, of another format version, or of another network."""


class ImageError(TinygradError, ValueError):
    """A picture cannot be read as a digit."""


class OutputError(TinygradError, OSError):
    """A result could not be written."""
