"""Faults of the machine: a full disk, a clock that jumps, commands and readers at once, damaged files."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import LONG, Store, daily, environment
from event_files import write
from killing import Commands
from logs import random_log
from product import table_of

READERS = 10 if LONG else 2
GLANCE = (
    ("engagement", "--min-users=0"),
    ("multi-device", "--by=os", "--min-users=0"),
    ("completion", "--min-users=0"),
)
LOG, MORE = random_log(71, days=40), random_log(72, first="2016-02-10", days=30)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with two publications."""
    made = Store(tmp_path_factory.mktemp("faults"))
    made.load(write(made.files / "log.parquet", LOG))
    made.summarise()
    made.must("annotate", "2016-02-01", "a marker")
    made.must("load-firefox", figures(made, "2016-02-01"))
    return made


def figures(store: Store, day: str) -> Path:
    """A file of Firefox's figures of a day; loading it publishes."""
    file = store.files / f"firefox-{day}.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(["day,product,dau,mau", ",".join([day, "ios", "1", "2"]), ""]))
    return file


@pytest.fixture
def filled(template: Store, tmp_path: Path) -> Store:
    """A copy of that store."""
    return template.copied_to(tmp_path / "filled")


def refused(status: int, told: str) -> str:
    """The one line by which a command was refused."""
    assert status == 1, f"status {status}: {told}"
    assert len(told.splitlines()) == 1, told
    assert "Traceback" not in told and "SELECT" not in told
    return told


# A full disk --------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own that holds so much and no more."""
    folder.mkdir()
    size = f"size={megabytes}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode and os.geteuid() != 0:
        pytest.skip("only root may mount a small disk; test_bad_input limits files' sizes instead")
    assert mounted.returncode == 0, f"no small disk could be mounted: {mounted.stderr}"
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    with small_disk(tmp_path / "disk", 24) as folder:
        yield folder


def fill(folder: Path, leaving: int) -> Path:
    """A file that takes the disk's room but for some kilobytes."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        with pytest.raises(OSError, match="No space left"):
            while True:
                file.write(bytes(1 << 16))
                file.flush()
    with ballast.open("rb+") as file:
        file.truncate(max(ballast.stat().st_size - (leaving << 10), 0))
    return ballast


@pytest.mark.parametrize("leaving", daily(1500, of=(0, 1500)))
def test_full_disk(template: Store, forked: Commands, disk: Path, leaving: int) -> None:
    """On a full disk loads, summaries, markers and expiry are refused in a line; readers read on."""
    store = template.copied_to(disk / "store")
    more = write(template.folder / "elsewhere" / "more.parquet", MORE * 40)
    before = store.numbers()
    ballast = fill(disk, leaving)
    for command in (
        ("load", more),
        ("annotate", "2016-02-02", "another"),
        ("expire", "--keep-days", "41"),
        ("summarise",),
    ):
        ended = forked.run(store, command)
        if ended.status:  # what fits may be done
            assert "disk is full" in refused(ended.status, ended.said)
        assert store.numbers() == before
    ballast.unlink()
    store.load(more)
    store.summarise()
    whole = template.copied_to(template.folder / f"whole{leaving}")
    whole.load(more)
    whole.summarise()
    assert store.numbers() == whole.numbers()


# The clock ----------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("days", (-400, 4000))
def test_clock_that_jumps(filled: Store, forked: Commands, days: int) -> None:
    """A summary, marker or expiry by a wrong clock changes no number."""
    right = filled.copied_to(filled.folder / "right")
    more = write(filled.files / "more.parquet", MORE)
    for store in (filled, right):
        store.load(more)
    for command in (("summarise",), ("annotate", "2016-02-03", "x"), ("expire", "--keep-days=41")):
        ended = forked.run(filled, command, clock_days=days)
        assert ended.status == 0, ended.said
        right.must(*command)
    assert filled.exports(GLANCE) == right.exports(GLANCE)
    filled.summarise()
    assert filled.exports(GLANCE) == right.exports(GLANCE)


def test_clock_before_the_events(filled: Store, forked: Commands) -> None:
    """By a clock that stands before the events, a file is refused for its timestamps, not half loaded."""
    before = filled.exports(GLANCE)
    more = write(filled.files / "more.parquet", MORE)
    ended = forked.run(filled, ("load", more), clock_days=-365 * 14)
    told = refused(ended.status, ended.said)
    assert "timestamp is not between 2010 and tomorrow" in told
    filled.summarise()
    assert filled.exports(GLANCE) == before
    filled.load(more)


# At once ------------------------------------------------------------------------------------------

COMMAND = "import sys\nfrom kpi.commands.cli import main\nsys.exit(main(sys.argv[1:]))"


def at_once(store: Store, *commands: tuple[str | Path, ...], **told: str) -> list[str]:
    """Run commands at the same time; each must succeed or be refused in one line, which is returned."""
    processes = [store.started(COMMAND, *command, **told) for command in commands]
    lines = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        lines.append(refused(process.returncode, err) if process.returncode else "")
        assert "Traceback" not in out + err
    return lines


def test_two_loads_at_once(filled: Store) -> None:
    """Two loads at once both load, one after the other; of the same file only one does."""
    one = write(filled.files / "one.parquet", MORE[::2])
    two = write(filled.files / "two.parquet", MORE[1::2])
    apart = filled.copied_to(filled.folder / "apart")
    assert at_once(filled, ("load", one, two), ("load", two, one)) == ["", ""]
    standing = [line for line in filled.must("loads").text.splitlines() if ",loaded," in line]
    assert len(standing) == 3
    apart.load(write(apart.files / "both.parquet", MORE))
    assert filled.events() == apart.events()


@pytest.mark.long
def test_two_summaries_at_once(filled: Store) -> None:
    """Two summaries at once give what one gives."""
    filled.load(write(filled.files / "more.parquet", MORE))
    one = filled.copied_to(filled.folder / "one")
    assert at_once(filled, ("summarise",), ("summarise",)) == ["", ""]
    one.summarise()
    assert filled.exports(GLANCE) == one.exports(GLANCE)


def test_who_will_not_wait(filled: Store) -> None:
    """A command that may not wait for another one's writing says that it is still running."""
    from kpi import store as storage
    from kpi.settings import Settings

    with storage.only_writer(Settings(home=filled.home)):
        for command in (("summarise",), ("expire", "--keep-days", "41")):
            ran = filled.run(*command, KPI_LOCK_SECONDS="0.1")
            assert ran.status == 1 and "another load or summary is still running" in ran.err


def test_summary_while_others_read(filled: Store, forked: Commands) -> None:
    """While summaries are published, readers see whole publications only, old or new."""
    from kpi.numbers.export import written
    from kpi.numbers.warehouse import open_warehouse
    from kpi.settings import Settings

    filled.load(write(filled.files / "more.parquet", MORE))
    with environment(**filled.settings()):
        settings = Settings.read()
    done = threading.Event()
    seen: set[tuple[int, bytes]] = set()
    faults: list[BaseException] = []

    def read() -> None:
        while not done.wait(0.05 if LONG else 0.2):
            try:
                warehouse = open_warehouse(settings)
                found = written(table_of(warehouse, "engagement", min_users=0), "csv")
                seen.add((warehouse.publication.id, found))
                warehouse.close()
            except BaseException as fault:
                faults.append(fault)
                return

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        for command in (
            ("summarise",),
            ("annotate", "2016-02-05", "y"),
            ("unload", "more.parquet"),
            ("summarise",),
            ("expire", "--keep-days", "41"),
        ):
            assert forked.run(filled, command).status == 0
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert not faults, faults[0]
    assert len({number for number, _ in seen}) >= 3
    assert len(seen) == len({number for number, _ in seen}), "two tables under one publication"


# Damaged files ------------------------------------------------------------------------------------


def damage(path: Path) -> None:
    """Turn over every byte of the second half of a file, headers left as they are."""
    content = path.read_bytes()
    half = max(len(content) // 2, 3 * 4096)
    assert len(content) > half
    path.write_bytes(content[:half] + bytes(byte ^ 0xFF for byte in content[half:]))


def typed(store: Store, command: str) -> None:
    """Carry out a command line as it was printed: the program in this process, the rest by the shell."""
    for part in command.split(" && "):
        words = shlex.split(part)
        if words[:3] == ["python", "-m", "kpi"]:
            store.must(*words[3:])
        else:
            subprocess.run(["bash", "-c", part], cwd=store.folder, check=True)


def way_back(store: Store, subject: str = "files") -> str:
    """The command that doctor's one bad line on a subject ends with."""
    ran = store.run("doctor")
    (line,) = [line for line in ran.text.splitlines() if line.startswith(f"BAD  {subject}:")]
    return line.partition("run: ")[2]


def test_damaged_publication(filled: Store) -> None:
    """A publication whose blocks are damaged is named by doctor, and the way back that it tells works."""
    filled.load(write(filled.files / "more.parquet", MORE))
    filled.summarise()
    before = filled.exports(GLANCE)
    damage((filled.home / "kpi.duckdb").resolve())
    published = ("load-firefox", figures(filled, "2016-02-07"))
    for command in (("export", "engagement"), ("summarise",), published):
        ran = filled.run(*command)
        assert "doctor" in refused(ran.status, ran.err)
    told = filled.run("doctor")
    assert told.status == 1
    line = next(line for line in told.text.splitlines() if "is damaged" in line)
    assert line.startswith("BAD  files: kpi-000003.duckdb")
    typed(filled, line.partition("run: ")[2])
    assert filled.exports(GLANCE) == before
    assert "is damaged" not in filled.run("doctor").text


@pytest.fixture(scope="module")
def with_more(template: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with publications 3 to 5, of which the first is older than the last file."""
    made = template.copied_to(tmp_path_factory.mktemp("more"))
    made.must("load-firefox", figures(made, "2016-02-02"))
    made.load(write(made.files / "more.parquet", MORE))
    made.summarise()
    made.must("load-firefox", figures(made, "2016-02-03"))
    return made


@pytest.fixture
def four(with_more: Store, tmp_path: Path) -> Store:
    """A copy of that store."""
    return with_more.copied_to(tmp_path / "four")


def numbers(store: Store) -> list[str]:
    """The publications present, oldest first."""
    return sorted(path.name for path in (store.home / "publications").glob("kpi-*"))


@pytest.mark.parametrize("steps", daily(2, of=(1, 2)))
def test_going_back_loses_nothing(four: Store, steps: int) -> None:
    """After the link went back by hand, the next publication has a new number and stays."""
    before = four.exports(GLANCE)
    present = numbers(four)
    link = four.home / "kpi.duckdb"
    link.unlink()
    link.symlink_to(Path("publications") / present[-1 - steps])
    four.must("summarise")
    four.must("load-firefox", figures(four, "2016-02-09"))
    four.must("load-firefox", figures(four, "2016-02-10"))
    assert link.resolve().name == numbers(four)[-1] > present[-1]
    assert four.exports(GLANCE) == before
    assert "a marker" in four.must("annotate", "--list").text
    assert four.run("doctor").text.count("BAD  files") == 0


@pytest.mark.parametrize("lost", daily("dangling", of=("missing", "dangling")))
def test_lost_link(four: Store, lost: str) -> None:
    """Where publications stand but the link leads to none, nothing starts anew; doctor's line mends it."""
    before, present = four.exports(GLANCE), numbers(four)
    link = four.home / "kpi.duckdb"
    link.unlink()
    if lost == "dangling":
        link.symlink_to("publications/kpi-000099.duckdb")
    published = ("load-firefox", figures(four, "2016-02-07"))
    for command in (("summarise",), published, ("export", "engagement")):
        ran = four.run(*command)
        assert "doctor" in refused(ran.status, ran.err)
    assert numbers(four) == present
    typed(four, way_back(four))
    assert four.exports(GLANCE) == before
    assert "a marker" in four.must("annotate", "--list").text


@pytest.mark.long
def test_the_newest_two_are_damaged(four: Store) -> None:
    """The way back leads past every damaged publication to a whole one."""
    before = four.exports(GLANCE)
    for name in numbers(four)[-2:]:
        damage(four.home / "publications" / name)
    typed(four, way_back(four))
    assert four.exports(GLANCE) == before
    assert "a marker" in four.must("annotate", "--list").text


def test_only_the_backup_is_whole(four: Store) -> None:
    """Where every publication is damaged, the way back takes the newest backup's."""
    four.must("backup")
    before = four.exports(GLANCE)
    for name in numbers(four):
        damage(four.home / "publications" / name)
    assert "backups" in way_back(four)
    typed(four, way_back(four))
    assert four.exports(GLANCE) == before
    assert "a marker" in four.must("annotate", "--list").text


def test_no_publication_is_whole(four: Store) -> None:
    """Without a whole publication anywhere, doctor says what is lost, and the events give the numbers."""
    before = four.exports(GLANCE)
    for name in numbers(four):
        damage(four.home / "publications" / name)
    assert "without Firefox's figures and markers" in four.run("doctor").text
    typed(four, way_back(four))
    assert four.exports(GLANCE) == before


def test_damaged_events(filled: Store) -> None:
    """With a damaged private file pages read on; a backup in its place goes on where it ended."""
    backup = Path(filled.must("backup").text.split("into ")[1].partition(";")[0])
    before = filled.exports(GLANCE)
    more = write(filled.files / "more.parquet", MORE)
    damage(filled.home / "events.duckdb")
    assert filled.exports(GLANCE) == before
    for command in (("load", more), ("summarise",)):
        ran = filled.run(*command)
        if ran.status:  # a load may touch no damaged block
            assert "doctor" in refused(ran.status, ran.err)
    assert filled.exports(GLANCE) == before
    assert "events.duckdb is damaged; put a backup in its place" in filled.run("doctor").text
    restored = Store(filled.folder / "restored")
    shutil.copytree(backup, restored.home, symlinks=True)
    assert restored.exports(GLANCE) == before
    restored.load(more)
    restored.summarise()
    assert restored.exports(GLANCE) != before
