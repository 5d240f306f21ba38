"""Segments by name: the file, what people save, and the command line."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Store

from kpi.errors import Refused
from kpi.meaning.filters import Filters
from kpi.numbers import notes, segments
from kpi.settings import Settings

ANDROID = Filters(os=("Android",), users="existing")
ODD = ("<script>alert(1)</script>", "🦊 on 📱", "=1+1", "a" * 60, "**bold** [x](y)", "Größe ½")


def saved(settings: Settings, name: str, filters: Filters = ANDROID, by: str = "Ann") -> None:
    """Save a segment."""
    segments.save(settings, name, filters, by, "the people of our team")


def names(settings: Settings) -> list[str]:
    """The names that mean a segment now."""
    return [each.name for each in segments.read(settings).named]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of segments, which is empty at first."""
    file = tmp_path / "segments.toml"
    file.write_text("")
    monkeypatch.setattr(segments, "SEGMENTS_FILE", file)
    return file


@pytest.mark.parametrize("name", ODD)
def test_any_line_that_can_be_shown_is_a_name(tmp_path: Path, name: str) -> None:
    """A name is a text and nothing else; whatever its case, it means the same segment."""
    settings = Settings(home=tmp_path)
    saved(settings, f"  {name} ")
    assert names(settings) == [name]
    assert segments.read(settings).by_name(name.upper()).filters == ANDROID


@pytest.mark.parametrize(
    ("name", "reason"),
    {
        "": "has 1 to 60 characters",
        "a" * 200: "has 1 to 60 characters",
        "two\nlines": "a single line",
        "a\u202eb": "a single line of characters that can be shown",
        "nul\0": "a single line",
    }.items(),
)
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    """A name that is empty, long, or no line is refused, and nothing is stored."""
    settings = Settings(home=tmp_path)
    with pytest.raises(Refused, match=reason):
        saved(settings, name)
    assert names(settings) == []


def test_a_segment_has_filters_who_and_why(tmp_path: Path) -> None:
    """Without filters, a person or a reason nothing is saved."""
    settings = Settings(home=tmp_path)
    for name, filters, by, why in (
        ("all", Filters(), "Ann", "why"),
        ("mine", ANDROID, " ", "why"),
        ("mine", ANDROID, "Ann", ""),
    ):
        with pytest.raises(Refused, match="a segment needs"):
            segments.save(settings, name, filters, by, why)
    assert names(settings) == []


@pytest.mark.every_engine("long")
def test_of_people_who_save_a_name_at_once_the_first_one_has_it(store: Store) -> None:
    """In a file all others are refused with who was first; on a server the first one's counts."""
    told = {name: value for name, value in store.settings().items() if value is not None}
    settings = Settings.read(told)

    def save(number: int) -> str:
        try:
            name = ("Fennec", "fennec")[number % 2]
            saved(settings, name, Filters(version=(str(number),)), f"reader {number}")
        except Refused as refusal:
            return str(refusal)
        return "done"

    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(save, range(8)))
    (segment,) = segments.read(settings).named
    assert segment.saved_by == f"reader {segment.filters.version[0]}"
    assert all(words == "done" or "already, by reader" in words for words in said), said
    assert said.count("done") == 1 or settings.database_url


def test_a_withdrawn_segment_names_its_new_name(tmp_path: Path) -> None:
    """Who withdrew it, when and why, and the name of the same filters now; the name is free again."""
    settings = Settings(home=tmp_path)
    saved(settings, "Fennec")
    (segment,) = segments.read(settings).named
    notes.withdraw(settings, segment.segment_id, "Bob", "it has a better name")
    saved(settings, "Firefox for Android")
    with pytest.raises(Refused) as refused:
        segments.read(settings).by_name("fennec")
    assert "Bob withdrew the segment 'fennec' on " in str(refused.value)
    assert "it has a better name; its filters are those of 'Firefox for Android' now" in str(
        refused.value
    )
    with pytest.raises(Refused, match="no segment is named 'Fenec'; the nearest: 'Firefox"):
        segments.read(settings).by_name("Fenec")
    saved(settings, "Fennec", Filters(os=("iOS",)))
    assert segments.read(settings).by_name("Fennec").filters.os == ("iOS",)
    assert len(segments.read(settings).every) == 3


FILE = """
[[segment]]
name = "iOS"
reason = "of the iOS team"
filters = { os = ["iOS"], not_version = ["49"], devices = "multi", region = ["DE"] }

[[segment]]
name = "new"
filters = { users = "new" }
"""


def test_the_file_comes_before_what_people_save(file: Path, tmp_path: Path) -> None:
    """The file's segments are read with their filters; a name of the file can't be saved, in any case."""
    settings = Settings(home=tmp_path / "home")
    saved(settings, "IOS")
    file.write_text(FILE)
    every = segments.read(settings)
    expected = Filters(os=("iOS",), not_version=("49",), devices="multi", region=("DE",))
    assert every.by_name("ios").filters == expected
    assert [each.name for each in every.named] == ["iOS", "new"] and len(every.every) == 3
    table = segments.table(every)
    assert list(table["in_use"]) == [True, True, False]
    with pytest.raises(Refused, match="a segment is named 'new' already, by segments"):
        saved(settings, "NEW")


BROKEN = {
    "[[segment]\n": "line 1: ",
    "x = 1\n": "line 1: x is no setting; the file holds [[segment]] tables",
    "segment = 1\n": "line 1: must hold [[segment]] tables",
    FILE.replace('name = "new"\n', ""): "line 7: segment 2: name is missing",
    FILE.replace('name = "new"', "name = 7"): "line 8: segment 2: name must be a text",
    FILE.replace(
        'name = "new"', 'name = "IOS"'
    ): "line 8: segment 2: another segment is named 'IOS'",
    FILE.replace(
        'name = "new"', 'name = "a\\nb"'
    ): "line 8: segment 2: a segment's name is a single",
    FILE.replace('"new" }', '"old" }'): "line 9: segment 2: filters.users must be one of",
    FILE.replace("users = ", "colour = "): "line 9: segment 2: filters.colour must be one of",
    FILE.replace('{ users = "new" }', "{}"): "line 9: segment 2: filters must narrow something",
    FILE.replace(
        "not_version", "not_os"
    ): "line 5: segment 1: filters.os and filters.not_os exclude",
    FILE.replace("reason", "because"): "line 4: segment 1: because is no setting of a segment",
}


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_refused_with_line_and_reason(file: Path, content: str) -> None:
    """Each fault of the file is a line with the file, the line and the reason."""
    file.write_text(content)
    with pytest.raises(Refused) as refused:
        segments.of_file()
    assert str(refused.value).startswith(f"{file}: {BROKEN[content]}"), refused.value
    assert "\n" not in str(refused.value)


def test_values_that_the_data_lacks_are_reported() -> None:
    """A missing value changes no number and is named; a segment that nobody can match is refused."""
    known = {"os": ["Android", "iOS"], "browser": ["Firefox"]}
    some = segments.Segment("some", Filters(os=("Android", "Maemo"), not_browser=("Opera",)))
    filters, words = segments.fitted(some, known)
    assert filters == Filters(os=("Android",))
    assert "no browser 'Opera'" in words and "no os 'Maemo'" in words and "'some'" in words
    assert segments.fitted(segments.Segment("a", Filters(os=("iOS",))), known)[1] is None
    with pytest.raises(Refused, match="the segment 'old' is empty: the data has no os 'Maemo'"):
        segments.fitted(segments.Segment("old", Filters(os=("Maemo",))), known)


@pytest.fixture
def demo(noted_demo: Path, make_store: Callable[[], Store]) -> Store:
    """The demo, with notes of its own."""
    store = make_store()
    store.home = noted_demo
    return store


def test_export_under_a_segment(demo: Store, file: Path) -> None:
    """`--segment` prints the bytes of its filters, and stderr says which they are and what isn't applied."""
    settings = Settings(home=demo.home)
    saved(settings, "Phones <b>", Filters(os=("Android", "Maemo"), region=("DE",)))
    filters = ("--os=Android", "--min-users=0")
    asked = ("--segment=phones <B>", "--min-users=0")
    ran = demo.must("export", "engagement", *asked)
    assert ran.out == demo.must("export", "engagement", *filters).out
    assert "segment 'Phones <b>': all browsers on Android" in ran.err
    assert "region: of attempts only, not applied" in ran.err and "no os 'Maemo'" in ran.err
    ran = demo.must("export", "completion", *asked)
    assert ran.out == demo.must("export", "completion", "--region=DE", *filters).out
    assert demo.must("export", "goals", *asked).out
    beside = demo.run("export", "engagement", "--segment=x", "--users=new")
    assert beside.status == 2 and "--segment has its own filters; leave out --users" in beside.err
    assert demo.run("export", "firefox", "--segment=x").status == 2
    saved(settings, "old", Filters(os=("Maemo",)))
    for name, words in (("old", "is empty"), ("none", "no segment is named 'none'")):
        ran = demo.run("export", "engagement", f"--segment={name}")
        assert ran.status == 1 and words in ran.err and ran.err.count("\n") == 1
    file.write_text("[[segment")
    ran = demo.run("export", "engagement", "--segment=old")
    assert ran.status == 1 and f"kpi: {file}: line 1: " in ran.err
    assert demo.run("segments").status == 1
    assert demo.must("export", "engagement").out


def test_segments_are_listed_and_withdrawn(demo: Store) -> None:
    """`segments` prints each with its id, by which `withdraw` withdraws it; it stays in the list."""
    saved(Settings(home=demo.home), "Phones")
    head, row = demo.must("segments").text.splitlines()
    assert head == "name,filters,saved_by,saved_at,reason,in_use,withdrawn,id"
    assert row.startswith('Phones,"all browsers on Android') and ",Ann," in row
    key = row.rsplit(",", 1)[1]
    assert "the segment" in demo.must("withdraw", key, "--who=Bob", "--why=gone").text
    assert "Bob: gone" in demo.must("segments").text
    assert demo.run("export", "engagement", "--segment=Phones").status == 1
