"""Names and docstrings of the code are plain words: nouns for things, and docstrings that state."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PROJECT

BANNED = {"told", "tell", "tells", "found", "one", "kept", "seen", "stands", "takes", "makes"}
QUESTIONS = ("What ", "How ", "Whether ", "Which ", "Why ")
ROOMS = ("kpi/meaning", "kpi/numbers", "kpi/charts", "kpi/dashboard", "pages")
NOT_YET = ("kpi/dashboard/targets.py", "kpi/dashboard/goals/")
MODULES = [
    file
    for room in ROOMS
    for file in sorted((PROJECT / room).rglob("*.py"))
    if not str(file.relative_to(PROJECT)).startswith(NOT_YET)
]


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that a module gives, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text that stands alone: docstrings of modules, classes, functions and constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.lineno, str(node.value.value)


@pytest.mark.parametrize("module", MODULES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_plain_words(module: Path) -> None:
    """No name has a banned word as a part, and no docstring begins with a question word."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    banned = [(line, name) for line, name in _names(tree) if BANNED & set(name.lower().split("_"))]
    assert not banned, "rename to a noun for the thing"
    asking = [(line, text) for line, text in _docstrings(tree) if text.startswith(QUESTIONS)]
    assert not asking, "say what is returned or done"
