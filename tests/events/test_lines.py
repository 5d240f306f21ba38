"""Pieces of a CSV: cells as Python's csv module splits them, each with the line of its row."""

from __future__ import annotations

import csv
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import daily

from kpi.events import lines

WIDTHS = (3, 4)
CELLS = (
    "",
    "0",
    "account.signed",
    "Windows 7",
    ",",
    '"',
    'a"b',
    "a,b",
    "ü",
    '""',
    "NULL",
    "a\nb",
    " x",
)
MISQUOTED = ('"a"b', ' "a"', 'x"y"', '"a" b')
"""Cells with quotes of another kind, written as they are."""


def _written(cell: str, quoted_share: float, chance: random.Random) -> str:
    quoted = chance.random() < quoted_share or any(mark in cell for mark in '",\n')
    return '"' + cell.replace('"', '""') + '"' if quoted else cell


@pytest.mark.parametrize("size", (1, 200, 1 << 20))
@pytest.mark.parametrize("seed", daily(*range(4), of=range(20)))
def test_cells_and_lines(seed: int, size: int) -> None:
    """Simply quoted rows are split as csv does; every other row is given whole, by its line."""
    chance = random.Random(seed)
    usual = CELLS if seed % 2 else CELLS[:5]
    quoted_share = 1 if seed % 3 == 0 else 0.3
    records = [
        ",".join(
            _written(chance.choice(usual if chance.random() < 0.9 else CELLS), quoted_share, chance)
            for _ in range(chance.choice((1, 2, 3, 3, 3, 4, 5)))
        )
        for _ in range(200)
    ]
    if quoted_share < 1 or seed % 2:
        records += [f"{cell},0,1" for cell in MISQUOTED for _ in range(5)]
    chance.shuffle(records)
    text = "".join(record + "\n" for record in records).encode()
    split: dict[int, list[str | None]] = {}
    whole: dict[int, str] = {}
    blocks = (text[at : at + 50] for at in range(0, len(text), 50))
    for piece in lines.pieces(blocks, size, ","):
        for width, table in piece.rows(WIDTHS, 0, None):
            for row in table.to_pylist():
                if width is None:
                    whole[row["line"]] = row["text"]
                else:
                    split[row["line"]] = [row[f"c{place + 1}"] for place in range(width)]
    line = 1
    for record in records:
        cells = next(csv.reader([record]), [])
        if line in split:
            assert not any(cell in record for cell in MISQUOTED)
            assert split.pop(line) == [None if cell in lines.BLANKS else cell for cell in cells]
        elif record:
            assert whole.pop(line) == record + "\n"
            assert (
                record.startswith(MISQUOTED)
                or '"' in "".join(cells)
                or "\n" in record
                or len(cells) not in WIDTHS
            )
        line += record.count("\n") + 1
    assert not split
    assert not whole


@pytest.mark.parametrize("seed", daily(0, of=range(10)))
def test_only_well_quoted_lines_are_split(seed: int) -> None:
    """Each cell of a row that is split is quoted whole or not at all, also where every cell seems to be."""
    chance = random.Random(seed)
    well_quoted = re.compile(r'(?:"(?:[^"]|"")*"|[^",]*)(?:,(?:"(?:[^"]|"")*"|[^",]*))*')
    split = 0
    for _ in range(1_000):
        marks = chance.choices(("a", ",", '"', '""', '","', '"\n"'), k=chance.randrange(8))
        text = '"' + "".join(marks) + '"\n'
        (piece,) = lines.pieces([text.encode()], 1 << 20, ",")
        for width, table in piece.rows((1, 2, 3), 0, None):
            for row in table.to_pylist() if width else []:
                line = text.split("\n")[row["line"] - 1]
                assert well_quoted.fullmatch(line), text
                split += 1
    assert split > 100


def test_loading_needs_no_pandas(tmp_path: Path) -> None:
    """A load of small files, CSV and Parquet, would take half as long again."""
    files = [tmp_path / "events.csv", tmp_path / "more.parquet"]
    names = "timestamp,seqId,seqTime,type,uid,deviceId,newUser,userAgentBrowser,userAgentVersion"
    names += ",userAgentOS,service,context,entrypoint,campaign,migration"
    cells = (
        f"1472774400000,{'5' * 32},0,account.signed,{'a' * 32},{'b' * 32},0,Firefox,48,,sync,,,,"
    )
    files[0].write_text("\n".join((names, cells, "")))
    duckdb.read_csv(str(files[0]), all_varchar=True).write_parquet(str(files[1]))
    program = (
        "import sys; from kpi.commands.cli import main; status = main(['load', *sys.argv[1:]]); "
        "print(status, 'pandas' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *map(str, files)],
        env=os.environ | {"KPI_HOME": str(tmp_path / "store"), "KPI_HMAC_KEY": "a key of a test"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "2 files loaded" in ran.stdout and ran.stdout.splitlines()[-1] == "0 False"
