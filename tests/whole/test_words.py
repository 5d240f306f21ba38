"""Names and docstrings use plain words: a noun for the thing, and what a function returns or does."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

import pytest
from conftest import PROJECT

ROOMS = ("app.py", "pages/*.py", "kpi/**/*.py")
"""The modules that follow the rule."""

NAMES = {"told", "tell", "tells", "found", "kept", "seen", "one", "stands", "standing", "takes"}
PARTS = {"told", "seen", "kept", "found"}
"""Words that no name has between its underscores."""

ALLOWED = {
    "kept_values": "the setting KPI_KEPT_VALUES, whose field has its name",
}
"""Names that stay, each with its reason."""

QUESTION = re.compile(r"(What|How|Whether)\b")
CRUTCH = re.compile(r"\b(told|tells?|what of|goes? by)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    """The code of every module of the rooms, by its path."""
    paths = sorted(path for room in ROOMS for path in PROJECT.glob(room))
    return {str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8") for path in paths}


def named(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """The line and text of each name that the code gives; attributes that it reads are others'."""
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield node.lineno, name


def docstrings(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """The line and text of every docstring, also of those below an attribute."""
    for node in nodes:
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


def comments(code: str) -> Iterator[tuple[int, str]]:
    """The line and text of every comment, where the code has a crutch at all: reading tokens is slow."""
    if not CRUTCH.search(code):
        return
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def faults(code: str) -> list[str]:
    """A sentence for each banned name, and each docstring or comment that breaks the rule."""
    nodes = list(ast.walk(ast.parse(code)))
    said = list(docstrings(nodes))
    names = [
        f"line {line}: name {name} for the thing that it is"
        for line, name in named(nodes)
        if name not in ALLOWED
        and (name.strip("_") in NAMES or PARTS & set(name.lower().split("_")))
    ]
    questions = [
        f"line {line}: begin with what is returned or done, not {question[0]}"
        for line, text in said
        if (question := QUESTION.match(text))
    ]
    crutches = [
        f"line {line}: say it without {crutch[0]!r}: reported, shown, is named"
        for line, text in (*said, *comments(code))
        if (crutch := CRUTCH.search(text))
    ]
    return names + questions + crutches


def test_words_are_plain(modules: dict[str, str]) -> None:
    """No name is a crutch; docstrings begin with what is returned or done."""
    assert len(modules) > 100
    assert {path: wrong for path, code in modules.items() if (wrong := faults(code))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "told = 1",
        "def f(kept): pass",
        "for one in []: pass",
        "rows_seen = 2",
        "self.found = 3",
        "class Told_apart: pass",
        '"""What a module holds."""',
        'def f():\n    """Whether it is so."""',
        'x = 1\n"""The word that tells."""',
        "x = 1  # told by another",
    ],
)
def test_a_crutch_is_a_fault(code: str) -> None:
    """Each kind of banned name, docstring and comment is a fault."""
    assert len(faults(code)) == 1


def test_plain_code_has_no_fault() -> None:
    """A number, a library's attribute and an allowed column are no faults."""
    assert not faults('kept_values = result.one()\n"""One line per row; the column `found`."""')


def test_allowed_names_are_used(modules: dict[str, str]) -> None:
    """A name that is allowed is in the code, so that the list can only shrink."""
    given = {
        name
        for code in modules.values()
        if any(allowed in code for allowed in ALLOWED)
        for _, name in named(ast.walk(ast.parse(code)))
    }
    assert not ALLOWED.keys() - given
