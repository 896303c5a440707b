"""Imports point down only, importing the package is light, and no check can be stripped."""

import ast
import graphlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mnist

PACKAGE = Path(tinygrad_mnist.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

CLOSING = (
    ("tinygrad_mnist.tf1.compat", "tinygrad_mnist.tf1"),  # tf.compat.v1 is tf once more
)
"""``(importer, imported)``: the imports that close a circle, known and none of them in core."""

# A module may import those of its own layer and of lower ones. A package stands for its modules.
LAYERS = (
    {"errors", "arguments", "notebook"},
    {"dispatch"},
    {"core"},
    {"lines", "ops"},
    {"replay"},
    {"checkpoint", "dataset", "environment", "files", "interruption", "streams"}
    | {"mnist", "nn", "optim", "testing"},
    {"tf1"},
    {"command"},
    {"__main__"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
ABOVE_ALL = len(LAYERS)  # of modules that the table does not have, and of the package's own names


def module_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level_of(module):
    return LEVEL.get(module, ABOVE_ALL)


def dotted(path):
    names = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(names).removesuffix(".__init__")


MODULES = {dotted(path) for path in SOURCES}


def names_imported(path):
    """Dotted names of every import, wherever it stands: of a module, or of what is in one."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = ".".join(path.relative_to(PACKAGE.parent).parts[:-1])
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), parent)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imported(path):
    """``(top-level name, module within the package or None)`` of every import."""
    for name in names_imported(path):
        top, _, rest = name.partition(".")
        yield top, rest.split(".")[0] if top == "tinygrad_mnist" and rest else None


def modules_imported(path):
    """Dotted names of the modules of the package that a file imports, or imports names from."""
    for name in names_imported(path):
        module = name if name in MODULES else name.rpartition(".")[0]
        if module in MODULES:
            yield module


def names_read(path):
    """What is read as an attribute of the package, which ``import tinygrad_mnist`` makes ready."""
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "tinygrad_mnist"
    }


def relative(path):
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_point_down(path):
    module = module_of(path)
    if module == "__init__":
        return  # the public names
    for _, target in imported(path):
        if target not in (None, "__version__"):
            assert level_of(target) <= level_of(module), f"{module} imports {target}"
    assert names_read(path) <= {"__version__"}, "import the module that it is of"


@pytest.mark.parametrize("package", ["dispatch", "core", "ops"])
def test_the_engine_needs_numpy_and_the_standard_library_only(package):
    allowed = {"tinygrad_mnist", "numpy", *sys.stdlib_module_names}
    below = {"errors", "arguments", "dispatch"}
    below |= {"dispatch": set(), "core": {"core"}, "ops": {"core", "ops"}}[package]
    for path in (PACKAGE / package).glob("*.py"):
        for top, target in imported(path):
            assert top in allowed
            assert target in below | {None}


def test_tensor_never_imports_ops_and_primitives_know_no_tensor():
    core = "tinygrad_mnist.core."
    graph = {
        path.stem: {name.removeprefix(core) for name in modules_imported(path) if core in name}
        for path in (PACKAGE / "core").glob("*.py")
    }
    assert graph["primitive"] == set()
    assert graph["arrays"] == {"primitive"}
    assert graph["tape"] == {"primitive", "arrays"}


def test_no_file_imports_one_that_imports_it():
    """Neither at run time, nor inside a function, nor for type checkers."""
    graph = {dotted(path): set(modules_imported(path)) for path in SOURCES}
    for importer, imported in CLOSING:
        graph[importer].remove(imported)
    graphlib.TopologicalSorter(graph).prepare()  # its error names the circle


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_check_disappears_under_optimization(path):
    found = [n.lineno for n in ast.walk(ast.parse(path.read_bytes())) if isinstance(n, ast.Assert)]
    assert not found, f"assert is stripped by python -O: lines {found}"


def test_importing_the_package_imports_nothing_heavy():
    program = "import sys, tinygrad_mnist; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"matplotlib", "tensorflow", "keras", "PIL", "tqdm", "threadpoolctl"}
