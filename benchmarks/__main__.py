"""The command line of the benchmark suite: ``python -m benchmarks COMMAND``."""

import argparse
import sys
from collections.abc import Sequence

from benchmarks import accuracy, step
from tinygrad_mnist.errors import TinygradError

COMMANDS = {"step": step, "accuracy": accuracy}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Race the backends.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.SUMMARY, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except TinygradError as error:
        print(error, file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
