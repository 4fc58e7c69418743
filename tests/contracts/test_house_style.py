"""Rules of the house that no linter knows: docstrings, sizes, names, and no paths of anybody's machine."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from tests.contracts.conftest import CODE_FOLDERS

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
MAX_FOLDER_FILES = 15
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
SYSTEM_FOLDERS = {"bin", "boot", "dev", "etc", "lib", "proc", "run", "sbin", "sys", "usr", "var"}
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".html", ".js", ".css", ".sh", ".cfg", ""}


def is_empty(path: Path) -> bool:
    return not path.read_text(encoding="utf-8").strip()


def test_every_module_says_what_it_is_for(modules: list[Path]) -> None:
    assert [path for path in modules if not is_empty(path) and not read(path).docstring] == []


def test_no_file_is_too_long(modules: list[Path]) -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {path: n_lines for path, n_lines in lengths.items() if n_lines > MAX_FILE_LINES} == {}


def test_no_folder_is_a_hall(tracked: list[str]) -> None:
    """A package with more files of its own, beside what makes it a package, wants rooms; docs/where.md says how."""
    paths = [PurePosixPath(path) for path in tracked]
    counted = [path for path in paths if path.parts[0] in CODE_FOLDERS and path.name not in ("__init__.py", "py.typed")]
    own = Counter(str(path.parent) for path in counted)
    assert {folder: n_files for folder, n_files in own.items() if n_files > MAX_FOLDER_FILES} == {}


def test_no_function_is_too_long(modules: list[Path]) -> None:
    lengths = {f"{path}:{line}": n_lines for path in modules for line, n_lines in read(path).function_lines.items()}
    assert {function: n_lines for function, n_lines in lengths.items() if n_lines > MAX_FUNCTION_LINES} == {}


def test_no_module_has_a_name_that_says_nothing(modules: list[Path]) -> None:
    assert [path for path in modules if path.stem in VAGUE_NAMES or path.parent.name in VAGUE_NAMES] == []


def test_no_file_names_a_path_of_this_machine(root: Path, tracked: list[str]) -> None:
    """Two leading folders that exist here, outside the system's own, are somebody's machine."""
    found = set()
    for path in tracked:
        file = root / path
        if file.is_file() and not file.is_symlink() and file.suffix in TEXT_SUFFIXES:
            text = file.read_text(encoding="utf-8", errors="replace")
            for first, second in re.findall(r"(?<![\w.:/~$})-])/([\w.-]+)/([\w.-]+)", text):
                if first not in SYSTEM_FOLDERS and Path("/", first, second.rstrip(".")).exists():
                    found.add(f"{path}: /{first}/{second}")
    assert sorted(found) == []


@dataclass(frozen=True)
class Module:
    """What is asked of a module's tree, which itself is not kept: every round of the collector would look at it."""

    docstring: str | None
    function_lines: dict[int, int]
    """How long each function is, by its first line."""


@cache
def read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    functions = {
        node.lineno: n_code_lines(lines[node.lineno - 1 : node.end_lineno], node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return Module(ast.get_docstring(tree), functions)


def n_code_lines(lines: list[str], function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Those from ``def`` to the end that are neither blank nor docstring."""
    n_docstring = len((ast.get_docstring(function, clean=False) or "").splitlines())
    return sum(bool(line.strip()) for line in lines) - n_docstring
