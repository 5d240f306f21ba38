"""The documents say what the code has: commands, options, settings, links and the index of decisions."""

from __future__ import annotations

import io
import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

from conftest import PROJECT

from benchmarks import report
from kpi import settings
from kpi.commands import cli
from kpi.meaning import glossary

README = (PROJECT / "README.md").read_text()
DECISIONS = PROJECT / "docs" / "decisions"
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
STATUS = re.compile(
    r"Status: (accepted|replaced by \[[^\]]+\]\(([a-z0-9-]+\.md)\)), (\d{4}-\d\d-\d\d)"
)
SETTING = re.compile(r"\bKPI_[A-Z0-9_]+\b")
INTERNAL = {"ready"}
"""Commands that a Makefile calls, and no reader."""


@cache
def _help(*command: str) -> str:
    """What the program prints of itself, or of a command."""
    with redirect_stdout(io.StringIO()) as out:
        assert cli.main([*command, "--help"]) == cli.DONE, command
    return out.getvalue()


def _commands() -> set[str]:
    """Names of the program's commands."""
    return set(re.findall(r"^    ([a-z][a-z-]+)(?=\s)", _help(), re.MULTILINE))


def _options(text: str) -> set[str]:
    """Long options that a text names."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def _section(text: str, heading: str) -> str:
    """The part of a document from a heading to the next."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return section


def _rows(text: str, first: str = "") -> list[list[str]]:
    """The cells of each table row whose first cell begins with a text."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in rows if row[0].startswith(first)]


def _settings_of_code() -> set[str]:
    """Names of the settings that the program reads, from the secrets file or from the environment."""
    names = set(SETTING.findall(Path(settings.__file__).read_text()))
    for file in (PROJECT / "kpi").rglob("*.py"):
        names.update(re.findall(r"environ(?:\.get\(|\[)\"(KPI_[A-Z0-9_]+)", file.read_text()))
    return names


def _anchors(file: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def _listed_commands() -> Iterator[tuple[list[str], str]]:
    """Each row of README's table of commands: the names of its commands, and its text."""
    for row in _rows(_section(README, "With your own events"), "`"):
        yield [name.split()[0] for name in re.findall(r"`([^`]+)`", row[0])], " ".join(row)


def test_readme_lists_every_command_and_no_other() -> None:
    """The table of commands names each command of the program once, and only those."""
    listed = [name for names, _text in _listed_commands() for name in names]
    assert sorted(listed) == sorted(_commands() - INTERNAL)


def test_options_in_the_table_of_commands_exist() -> None:
    """Every option beside a command in README is an option of that command."""
    for names, text in _listed_commands():
        assert _options(text) <= _options("".join(map(_help, names))), names


def test_commands_in_documents_exist() -> None:
    """`python -m kpi NAME` in a document names a command; the options on its line are its own."""
    for file in DOCUMENTS:
        text = file.read_text().replace("\\\n", " ")
        for name, rest in re.findall(r"python3? -m kpi ([a-z][a-z-]*)([^\n`;&|#]*)", text):
            assert name in _commands(), f"{file.name}: {name}"
            assert _options(rest) <= _options(_help(name)), f"{file.name}: {name}{rest}"


def test_readme_lists_every_setting_and_no_other() -> None:
    """The table of settings names each setting that the program reads, and only those."""
    table = _rows(_section(README, "Settings"), "`KPI_")
    assert {name for row in table for name in SETTING.findall(row[0])} == _settings_of_code()


def test_defaults_in_readme_are_those_of_the_code(tmp_path: Path, monkeypatch) -> None:
    """The defaults that README states are the values of settings that nobody has set."""
    monkeypatch.chdir(tmp_path)
    usual = settings.Settings.read({})
    unlike_field = {
        "KPI_NO_LOGIN": "no_login",
        "KPI_TRUST_UNVERIFIED_ADDRESSES": "trust_unverified",
    }
    compared = 0
    for names, default, _words in _rows(_section(README, "Settings"), "`KPI_"):
        for name in SETTING.findall(names):
            field = unlike_field.get(name, name.removeprefix("KPI_").lower())
            if not default or name == "KPI_MEMORY_LIMIT":
                continue
            value = getattr(usual, field)
            value = ",".join(value) if isinstance(value, tuple) else value
            written = default.strip("`")
            if isinstance(value, bool | int | float):
                assert float(written) == float(value), name
            else:
                assert written == str(value), name
            compared += 1
    assert compared > 15


def test_settings_in_documents_exist() -> None:
    """No document names a setting that the program doesn't read."""
    for file in DOCUMENTS:
        assert set(SETTING.findall(file.read_text())) <= _settings_of_code(), file


def test_links_lead_somewhere() -> None:
    """A link within the repository leads to a file, and its anchor to a heading of that file."""
    for file in DOCUMENTS:
        for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            reached = (file.parent / path).resolve() if path else file
            assert reached.exists() and reached.is_relative_to(PROJECT), f"{file.name}: {target}"
            assert not anchor or anchor in _anchors(reached), f"{file.name}: {target}"


def test_files_in_documents_exist() -> None:
    """A file or folder of the program that a document names exists."""
    for file in DOCUMENTS:
        named = r"`((?:kpi|queries|tests|deploy|pages)/[\w./-]+)`"
        for path in re.findall(named, file.read_text()):
            assert (PROJECT / path).exists(), f"{file.name}: {path}"


def test_documents_are_listed_by_reader() -> None:
    """docs/README.md leads to every document outside the decisions, and to their index."""
    way_in = PROJECT / "docs" / "README.md"
    led_to = {
        (way_in.parent / target).resolve()
        for target in re.findall(r"\]\(([^)#]+)\)", way_in.read_text())
    }
    expected = {f for f in DOCUMENTS if f.parent != DECISIONS} | {DECISIONS / "README.md"}
    assert expected - {way_in} <= led_to


def test_index_of_decisions_is_that_of_the_pages() -> None:
    """The index lists every decision, with the date and status that its page states."""
    listed = {}
    for row in _rows((DECISIONS / "README.md").read_text(), "["):
        (name,) = re.findall(r"\(([a-z0-9-]+\.md)\)", row[0])
        assert name not in listed, name
        listed[name] = (row[3], row[2])
    stated = {}
    for page in DECISIONS.glob("*.md"):
        if page.name == "README.md":
            continue
        status = STATUS.fullmatch(page.read_text().splitlines()[2])
        assert status, f"{page.name}: the third line must be its status and date"
        stated[page.name] = (status[1], status[3])
        assert status[2] is None or (DECISIONS / status[2]).exists(), page.name
    assert listed == stated


def test_changelog_begins_with_the_version() -> None:
    """The newest release is that of pyproject.toml, dated; each has only the three sections, in order."""
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    text = (PROJECT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", headings[1])
    for heading in headings:
        parts = re.findall(r"^### (.+)$", _section(text, re.escape(heading)), re.MULTILINE)
        assert parts == [p for p in ("Numbers", "Pages", "Operators") if p in parts], heading


def test_readme_explains_every_requirement() -> None:
    """The table of requirements names each package of requirements.txt, and only those."""
    wanted = {line.split("==")[0] for line in (PROJECT / "requirements.txt").read_text().split()}
    table = _rows(_section(README, "Requirements"))[1:]
    assert {n for row in table for n in row[0].split(", ")} == wanted


def test_privacy_names_every_kind_of_id() -> None:
    """What the private tables hold of a person is named: users, devices and sequences."""
    columns = (PROJECT / "queries" / "tables" / "events.sql").read_text()
    words = {"uid": "user", "device_id": "device ids", "seq_id": "sequence ids"}
    assert set(words) == set(re.findall(r"^  (\w*id) VARCHAR", columns, re.MULTILINE))
    stored = (PROJECT / "docs" / "privacy.md").read_text()
    assert [word for word in words.values() if word not in stored] == []


def test_glossary_document_is_the_glossary(renewing: bool) -> None:
    """docs/glossary.md has the terms of `kpi.meaning.glossary`, which the Data page draws as well."""
    document = PROJECT / "docs" / "glossary.md"
    if renewing:
        document.write_text(glossary.as_markdown(), encoding="utf-8")
    assert document.read_text(encoding="utf-8") == glossary.as_markdown(), "run: make snapshots"


def test_stored_runs_of_benchmarks_can_be_read() -> None:
    """Runs of earlier versions lack figures that are measured now; their reports have the others."""
    runs = sorted((PROJECT / "docs" / "benchmarks").glob("*.json"))
    assert runs
    for run in runs:
        machine, *tables = report.parts(json.loads(run.read_text()))
        users, days = run.stem.split("x")
        assert machine.startswith(f"{int(users):,} users, {days} days, ")
        assert any("(here)" in table for table in tables), run.name
