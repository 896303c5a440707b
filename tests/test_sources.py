"""What a file or a pipe holds is UTF-8, whatever the locale of the machine."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATHS = sorted(
    path
    for folder in ("tinygrad_mnist", "reference_tf", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*.py")
)
OF_BYTES = {"os.open", "gzip.open", "Image.open", "self._archive.open"}


def depends_on_the_locale(call):
    given = {keyword.arg for keyword in call.keywords}
    if "encoding" in given or ast.unparse(call.func) in OF_BYTES:
        return False
    name = ast.unparse(call.func).rpartition(".")[2]
    modes = [value.value for value in call.args if isinstance(value, ast.Constant)]
    binary = any("b" in mode for mode in modes if isinstance(mode, str))
    return (
        name in {"read_text", "write_text"}
        or (name in {"open", "fdopen"} and not binary)
        or (name in {"run", "Popen", "check_output"} and "text" in given)
    )


def test_no_text_is_read_or_written_as_the_locale_has_it():
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in PATHS
        for call in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(call, ast.Call) and depends_on_the_locale(call)
    ]
    assert not found, 'encoding="utf-8" is missing'
