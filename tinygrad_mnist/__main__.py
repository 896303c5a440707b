"""``python -m tinygrad_mnist``: the same as the command ``tinygrad-mnist``."""

import sys

from tinygrad_mnist.command.cli import main

if __name__ == "__main__":
    sys.exit(main())
