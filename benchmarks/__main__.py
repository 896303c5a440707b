"""The command line of the benchmark suite: ``python -m benchmarks COMMAND``."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from types import ModuleType

from benchmarks import accuracy, machine, quick, quote, report
from benchmarks.options import Options, add_options
from benchmarks.records import write_json
from tinygrad_mnist.environment import blas_environment
from tinygrad_mnist.errors import TinygradError
from tinygrad_mnist.interruption import terminable
from tinygrad_mnist.streams import print_all_characters

INTERRUPTED = 130


def measure(module: ModuleType, options: argparse.Namespace) -> int:
    """Take one kind of measurement, print its table and write its figures.

    Return 1 if a backend was refused or died.
    """
    print(machine.sentence(blas_environment(), machine.describe()))
    records = module.measure(Options(options.backends, options.threads, options.rounds))
    print(f"{module.CAPTION}\n\n{module.table(records).text()}")
    if options.json:
        write_json(records, options.json)
    return int(any(record["outcome"] in ("refused", "died") for record in records))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; ``run`` is the function to call."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="Race the backends.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, module in report.MEASUREMENTS.items():
        command = commands.add_parser(name, help=module.SUMMARY, description=module.__doc__)
        add_options(command, module.ROUND, module.DEFAULTS)
        command.set_defaults(run=partial(measure, module))
    others = {"report": report, "quote": quote, "accuracy": accuracy, "quick": quick}
    for name, module in others.items():
        command = commands.add_parser(name, help=module.SUMMARY, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 130 if it was interrupted."""
    options = parser().parse_args(arguments)
    try:
        with terminable():
            status: int = options.run(options)
    except TinygradError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    return status


if __name__ == "__main__":
    print_all_characters()
    sys.exit(main())
