"""Code in one spelling: Python by its syntax tree, SQL and the rest by their words."""

import ast
import re
import threading
import warnings

from tierwise.data.answers.free_text import exact_text
from tierwise.data.answers.key import AnswerKey, make_key
from tierwise.data.answers.wrapping import bare, fenced, tagged

_BITS = 32.0
_MAX_CHARS = 20_000
_MAX_LITERAL_CHARS = 2_000
_SQL = re.compile(r"\s*(?:select|insert|update|delete|with|create)\b", re.IGNORECASE)
_SQL_STRING = re.compile(r"('(?:[^']|'')*')")
_PYTHON = re.compile(r"^\s*(?:def |class |async def |import |from \w)", re.MULTILINE)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ONE_AT_A_TIME = threading.Lock()  # the filter of warnings belongs to the whole process


def code_key(text: str) -> AnswerKey | None:
    """The key of the code in an answer; None where there is too much of it, or only prose."""
    blocks = [block for _, block in fenced(text) if block.strip()]
    source = next((block for block in blocks if _PYTHON.search(block)), blocks[0] if blocks else text.strip())
    if len(source) > _MAX_CHARS:
        return None
    if _SQL.match(source):
        return make_key("code", _BITS, sql_text(source))
    tree = _parsed(source.strip())
    if tree is not None and (blocks or _PYTHON.search(source)):
        return make_key("code", _BITS, python_text(tree))
    short = bare(text)
    return make_key("code", _BITS, exact_text(short)) if len(short) <= 300 and "\n" not in short else None


def literal_key(text: str) -> AnswerKey | None:
    """The key of the value that code gives, alone or as ``assert f(1) == value``; None where there is no such value."""
    source = tagged(text) or next((block for _, block in fenced(text) if block.strip()), text)
    lines = source.replace("[/ANSWER]", "").strip().splitlines()
    line = lines[-1].strip() if lines else ""
    value = line.rpartition("==")[2].strip() if "==" in line else line
    tree = _parsed(value) if 0 < len(value) <= _MAX_LITERAL_CHARS else None
    expression = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    if not isinstance(expression, ast.Expr):
        return None
    try:
        ast.literal_eval(expression.value)
        return make_key("value", 16.0, ast.unparse(expression.value))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def python_text(tree: ast.Module) -> str:
    """The tree without docstrings, annotations and, beside definitions, without examples of their use."""
    has_definitions = any(isinstance(node, _DEFINITIONS) for node in tree.body)
    tree.body = [node for node in tree.body if not (has_definitions and _is_example(node))]
    for node in ast.walk(tree):
        _strip(node)
    return ast.dump(tree)


def sql_text(source: str) -> str:
    """Words in lower case, one space, no final semicolon; strings as they are."""
    parts = _SQL_STRING.split(source.strip().rstrip(";").strip())
    for i in range(0, len(parts), 2):
        words = parts[i].casefold().replace("!=", "<>").replace('"', "")
        parts[i] = re.sub(r" ?([(),;=<>]+) ?", r"\1", re.sub(r"\s+", " ", words))
    return "".join(parts).strip()


def _parsed(source: str) -> ast.Module | None:
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


def _is_example(node: ast.stmt) -> bool:
    return not isinstance(node, (*_DEFINITIONS, ast.Import, ast.ImportFrom))


def _strip(node: ast.AST) -> None:
    if isinstance(node, (*_DEFINITIONS, ast.Module)):
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        node.returns = None
    if isinstance(node, ast.arg):
        node.annotation = None
