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
        for width, table in piece.rows(WIDTHS, 0, None, {3: (1, 3), 4: (2,)} if seed % 2 else {}):
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


@pytest.mark.parametrize(
    "odd", ("", "  ", "1,2", "1,2,3,4,5", "a,b,c", "x" * 2_000_001, "\xfc,,", "1,2,3")
)
@pytest.mark.parametrize("size", (1, 100, 1 << 22))
def test_rows_without_quotes(odd: str, size: int) -> None:
    """Rows that are all alike are split at once; a line that is odd anywhere among them changes no other."""
    header, skipped = "a,b,c", 3
    texts = [f"{number},account.login,{number % 3}" for number in range(40)]
    for at in (3, 17, 39):
        texts[at] = odd
    content = "".join(text + "\n" for text in texts).encode("latin-1")
    rows: dict[int, list[str | None]] = {}
    faults: dict[int, str | None] = {}
    for piece in lines.pieces([content], size, ","):
        for width, table in piece.rows((3,), skipped, header, {3: (2, 3)}):
            if width is None:
                faults |= {row["line"]: row["fault"] for row in table.to_pylist()}
            else:
                cells = zip(
                    *(table.column(f"c{place}").to_pylist() for place in (1, 2, 3)), strict=True
                )
                rows |= zip(table.column("line").to_pylist(), map(list, cells), strict=True)
    plain = {line: text.split(",") for line, text in enumerate(texts, 1) if text != odd}
    assert {line: rows.pop(line, None) for line in plain if line > skipped} == {
        line: cells for line, cells in plain.items() if line > skipped
    }
    expected: dict[str, str | None] = dict.fromkeys(("1,2", "1,2,3,4,5"))
    expected |= {"x" * 2_000_001: lines.TOO_LONG, "\xfc,,": lines.NOT_UTF8}
    assert faults == (dict.fromkeys((4, 18, 40), expected[odd]) if odd in expected else {})
    assert rows == ({key: ["1", "2", "3"] for key in (4, 18, 40)} if odd == "1,2,3" else {})


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
