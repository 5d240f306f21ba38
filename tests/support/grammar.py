"""What Redshift's SQL can't say, and whether two independent grammars of it can read a statement."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256

import sqlfluff
import sqlglot
from sqlfluff.core import Linter
from sqlglot import exp
from sqlglot.tokens import TokenType

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of every command it doesn't know

LACKS = {
    "FILTER (WHERE …)": exp.Filter,
    "DISTINCT ON": lambda tree: [d for d in tree.find_all(exp.Distinct) if d.args.get("on")],
    "arrays and UNNEST": (exp.Array, exp.Unnest),
    "LATERAL": exp.Lateral,
    "MERGE": exp.Merge,
    "RETURNING": exp.Returning,
    "ON CONFLICT": exp.OnConflict,
    "generate_series": exp.GenerateSeries,
    "a regular expression operator": exp.RegexpLike,
}
"""By name: kinds of expression, or a function that finds them; see design, section 4."""

LACKING_WORDS = (
    "string_agg",
    "array_agg",
    "generate_series",
    "to_json",
    "jsonb",
    "ilike any",
    "tablesample",
)
FRAMELESS = (
    exp.RowNumber,
    exp.Rank,
    exp.DenseRank,
    exp.Lag,
    exp.Lead,
    exp.Ntile,
    exp.PercentRank,
    exp.CumeDist,
)
UNKNOWN_TO_SQLGLOT = re.compile(r"^(LOCK|VACUUM|ANALYZE|CREATE GROUP|COPY|GRANT|REVOKE)\b", re.I)
"""Statements that sqlglot reads as a command with any rest; sqlfluff alone checks what follows."""


def bare(statement: str) -> str:
    """The statement without its comments."""
    lines = [line for line in statement.splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip().rstrip(";")


@cache
def faults(statement: str, read_before: bool = False) -> tuple[str, ...]:
    """Why Redshift would refuse this statement, as far as grammars and our list can say.

    What was read before isn't read again: that takes half a second for a statement.
    """
    if read_before:
        return ()
    return tuple(
        [
            *_unreadable_by_sqlfluff(statement),
            *_unreadable_by_sqlglot(statement),
            *_lacking(statement),
        ]
    )


def mark(skeleton: str) -> str:
    """The hash of a statement without its values, and of the version of sqlfluff that read it."""
    return sha256(f"{sqlfluff.__version__}\n{skeleton}".encode()).hexdigest()[:16]


@cache
def _linter() -> Linter:
    return Linter(dialect="redshift")


def _unreadable_by_sqlfluff(statement: str) -> Iterator[str]:
    parsed = _linter().parse_string(statement + ";\n")
    for violation in parsed.violations:
        yield f"sqlfluff: {violation.desc()}"
    if parsed.tree is None:
        yield "sqlfluff: nothing read"


def _unreadable_by_sqlglot(statement: str) -> Iterator[str]:
    try:
        tree = sqlglot.parse_one(statement, dialect="redshift")
    except sqlglot.errors.SqlglotError as error:
        yield f"sqlglot: {error}"
        return
    if isinstance(tree, exp.Command) and not UNKNOWN_TO_SQLGLOT.match(statement):
        yield "sqlglot: read as a command that it doesn't know"


def _lacking(statement: str) -> Iterator[str]:
    lower = statement.lower()
    for word in LACKING_WORDS:
        if word in lower:
            yield f"Redshift has no {word}"
    for word in _reserved_words(statement):
        yield f"{word} is reserved in Redshift and must be quoted"
    if UNKNOWN_TO_SQLGLOT.match(statement):
        return
    try:
        tree = sqlglot.parse_one(statement, dialect="redshift")
    except sqlglot.errors.SqlglotError:
        return  # told already
    for name, kinds in LACKS.items():
        found = list(tree.find_all(kinds)) if isinstance(kinds, (type, tuple)) else kinds(tree)
        if found:
            yield f"Redshift has no {name}"
    for window in tree.find_all(exp.Window):
        yield from _window_faults(window)
    yield from _sorted_aggregate_faults(tree)


def _window_faults(window: exp.Window) -> Iterator[str]:
    spec = window.args.get("spec")
    if spec is not None and spec.args.get("kind") != "ROWS":
        yield "Redshift has frames of ROWS only"
    ordered = window.args.get("order") is not None
    if ordered and spec is None and not isinstance(window.this, FRAMELESS):
        yield "an aggregate over an ordered window needs a frame of ROWS"


def _sorted_aggregate_faults(tree: exp.Expression) -> Iterator[str]:
    """Of percentiles in one SELECT, Redshift wants one order, and constants for the percents."""
    for select in tree.find_all(exp.Select):
        within = [
            w for w in select.find_all(exp.WithinGroup) if w.find_ancestor(exp.Select) is select
        ]
        if len({w.expression.sql() for w in within}) > 1:
            yield "percentiles of one SELECT must all have the same ORDER BY"
        for one in within:
            if not isinstance(one.this.this, exp.Literal):
                yield "a percentile must be a constant"
        counted = [d for d in select.find_all(exp.Distinct) if isinstance(d.parent, exp.AggFunc)]
        if within and any(d.find_ancestor(exp.Select) is select for d in counted):
            yield "a percentile can't stand beside a distinct aggregate"


@cache
def _reserved() -> frozenset[str]:
    from sqlalchemy_redshift.dialect import RESERVED_WORDS

    return frozenset(word.upper() for word in RESERVED_WORDS)


def _reserved_words(statement: str) -> Iterator[str]:
    """Reserved words that stand bare where only a name can: after AS or a dot, or before a type."""
    tokens = list(sqlglot.tokenize(statement, dialect="redshift"))
    types = {"INTEGER", "BIGINT", "SMALLINT", "VARCHAR", "DATE", "TIMESTAMP", "DECIMAL", "DOUBLE"}
    for place, token in enumerate(tokens):
        word = token.text.upper()
        if word not in _reserved() or token.token_type in (TokenType.IDENTIFIER, TokenType.STRING):
            continue
        before = tokens[place - 1].text.upper() if place else ""
        after = tokens[place + 1].text.upper() if place + 1 < len(tokens) else ""
        named = before == "." or (before == "AS" and word not in ("SELECT", "WITH", "PARQUET"))
        column = before in ("(", ",") and after in types and word not in types
        if (named and word not in types | {"CASE"}) or column:
            yield word
