"""Alerts reach their recipients: each story when it begins and when it ends, once, whatever fails between."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
from app_pages import opened, words
from conftest import Ran, Store, environment
from receivers import MailServer, Webhook, in_a_hurry, mail_server, webhook

from kpi import alerts
from kpi.alerts import file, history, journal
from kpi.alerts.history import History
from kpi.alerts.journal import Journal
from kpi.alerts.message import view_of
from kpi.delivery.outbox import Outbox
from kpi.errors import Refused
from kpi.meaning.filters import Filters

ANN, BEN = "marked-ann@mozilla.example", "marked-ben@mozilla.example"
DAY = date(2016, 3, 30)
ADDRESS = "https://kpi.example.org"
ALERTS = """[[alert]]
id = "daily_users"
title = "Daily <b>active</b> users"
rule = "step"
measure = "dau"

[[alert]]
id = "share"
title = "Share"
rule = "swing"
measure = "multi_device_percent"
device_window = 7
"""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long."""
    in_a_hurry(monkeypatch)


@pytest.fixture(scope="module", autouse=True)
def alerts_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file of two alerts, in place of the program's."""
    path = tmp_path_factory.mktemp("alerts") / "alerts.toml"
    path.write_text(ALERTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "ALERTS_FILE", path)
        yield path


@pytest.fixture(scope="module")
def demo(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A copy of the demo store."""
    store = Store(tmp_path_factory.mktemp("demo"))
    shutil.copytree(demo_home, store.home, ignore=shutil.ignore_patterns("demo", "events.duckdb"))
    return store


@pytest.fixture
def store(demo: Store) -> Store:
    """The same without any report."""
    shutil.rmtree(demo.home / "alerts", ignore_errors=True)
    return demo


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server."""
    with mail_server() as running:
        yield running


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook."""
    with webhook() as running:
        yield running


Publish = Callable[..., None]


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch, store: Store) -> Publish:
    """Makes stories those of the store, as if another publication had brought them."""
    numbers = itertools.count(1)

    def these(*stories: alerts.Story) -> None:
        known = History(next(numbers), DAY, stories)
        monkeypatch.setattr(history, "gathered", lambda _: known)
        monkeypatch.setattr(history, "_basis", lambda _: str(known.publication))

    return these


def story(first: int = 3, ended: int | None = None, alert: int = 0) -> alerts.Story:
    """A story of an alert of the file that began so many days ago, and is over since so many."""
    last = DAY - timedelta(days=ended or 0)
    over = None if ended is None else last
    began = DAY - timedelta(days=first)
    watched = alerts.read()[alert]
    return alerts.Story(watched, began, DAY, last, over, "lower than usual", "41 on 28 Mar 2016")


def settings_of(server: MailServer | None, hook: Webhook | None, **others: str) -> dict[str, str]:
    """The settings of a command."""
    by_mail = server and {
        "KPI_MAIL_SERVER": server.url,
        "KPI_MAIL_FROM": "kpi@example.org",
        "KPI_MAIL_TO": f"{ANN}, {BEN}",
    }
    to_hook = hook and {"KPI_WEBHOOKS": hook.url}
    return {"KPI_ADDRESS": f"{ADDRESS}/", **(by_mail or {}), **(to_hook or {}), **others}


def text_of(message: EmailMessage) -> str:
    """The plain text of a message."""
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def addressed(server: MailServer) -> list[str]:
    """The recipients of the mails that were accepted, in order."""
    return [address for address, _ in server.received]


def no_secret(ran: Ran, store: Store) -> None:
    """Neither the output nor a file of the alerts has a secret or an address of somebody."""
    files = [each for each in (store.home / "alerts").rglob("*") if each.is_file()]
    for text in (ran.said, *(each.read_text() for each in files)):
        assert not any(secret in text for secret in ("MARKED-", "marked-", "mozilla.example"))
    assert all(each.stat().st_mode & 0o077 == 0 for each in files)


def test_real_stories_by_mail_and_to_a_webhook(
    store: Store, server: MailServer, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a dry run prints arrives once, with a link to each story's view; what fails is tried again."""
    monkeypatch.setattr(journal, "RECENT", timedelta(days=999))
    settings = settings_of(server, hook)
    printed = store.must("alerts", "--dry-run", **settings).text
    assert "lower than usual" in printed and not server.received
    assert not (store.home / "alerts").exists()
    server.refused[BEN], hook.answers = "550 MARKED-answer", [500] * 99
    ran = store.run("alerts", "--report", **settings)
    no_secret(ran, store)
    assert ran.status == 1 and addressed(server) == [ANN] and not hook.received
    assert "to mail address 2: the mail server refused the recipient (550)" in ran.err
    assert "to webhook 1: it answered 500. It stays in" in ran.err
    findings = json.loads(store.run("doctor", "--json", **settings).text)
    late = [
        each["sentence"] for each in findings if each["subject"] == "alerts" and not each["good"]
    ]
    assert [re.sub(r"^alerts-\S+ (.*?):.*: ", r"\1; ", sentence) for sentence in late] == [
        f"hasn't reached {who}; python -m kpi alerts --report"
        for who in ("mail address 2", "webhook 1")
    ]
    server.refused.clear()
    hook.answers.clear()
    again = store.must("alerts", "--report", **settings)
    assert re.fullmatch(r"alerts-\S+: sent to 2 recipients\n", again.text)
    assert store.must("alerts", "--report", **settings).said == ""
    assert addressed(server) == [ANN, BEN] and len(hook.received) == 1
    for message in server.messages:
        assert text_of(message) == printed and not message.defects
    assert hook.received[0]["message"].split() == printed.split()
    assert "[Demo] Firefox Accounts KPIs: " in server.messages[0]["Subject"]
    page = server.messages[0].get_body(("html",)).get_content()
    assert "&lt;b&gt;active&lt;/b&gt;" in page and "<b>active" not in page
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert len(links) == printed.count(ADDRESS) and all(link.startswith(ADDRESS) for link in links)
    asked = parse_qs(urlsplit(links[0].replace("&amp;", "&")).query)
    assert asked["explore"] == ["Daily active users"] and asked["period"] == ["custom"]


def test_a_server_that_is_down(store: Store, publish: Publish) -> None:
    """The message waits, also where the alerts' file breaks, and arrives once when the server is back."""
    with mail_server() as server:
        settings = settings_of(server, None)
    publish(story())
    ran = store.run("alerts", "--report", **settings)
    assert ran.status == 1 and ran.text.startswith(story().text)
    assert ran.err.count("the mail server can't be reached") == 2
    with mail_server(server.port) as server:
        publish()
        with mock.patch.object(history, "gathered", side_effect=Refused("alerts.toml: line 3")):
            ran = store.run("alerts", "--report", **settings)
        assert (ran.status, ran.err) == (1, "kpi: alerts.toml: line 3\n")
        publish(story())
        assert store.must("alerts", "--report", **settings).said == ""
        assert addressed(server) == [ANN, BEN]


def test_a_story_is_at_most_two_messages(
    store: Store, publish: Publish, server: MailServer
) -> None:
    """It is reported when it begins and when it is over, not between; one that is gone, without numbers."""
    settings = settings_of(server, None, KPI_MAIL_TO=ANN)
    for known in (story(), story(4), story(9, ended=0), story(9, ended=1)):
        publish(known)
        store.must("alerts", "--report", **settings)
    publish(story(9, ended=1), story(alert=1))
    store.must("alerts", "--report", **settings)
    publish(story(9, ended=1))
    store.must("alerts", "--report", **settings)
    began, over, _, gone = map(text_of, server.messages)
    assert " ".join(story().text.split()) in " ".join(began.split())
    assert "over with 30 Mar 2016" in " ".join(over.split())
    assert "no story any more" in " ".join(gone.split()) and "41 on" in began
    assert "41 on" not in gone
    assert all("41" not in message["Subject"] for message in server.messages)


def test_several_stories_are_a_message(store: Store, publish: Publish, server: MailServer) -> None:
    """What comes to light with a publication is one message, whose subject counts it."""
    publish(story(), story(9, ended=1, alert=1))
    store.must("alerts", "--report", **settings_of(server, None, KPI_MAIL_TO=ANN))
    (message,) = server.messages
    assert message["Subject"] == "Firefox Accounts KPIs: 2 alerts: 1 began, 1 over"


def test_cut_off_before_the_journal(store: Store, publish: Publish, server: MailServer) -> None:
    """A run that ends between the message and its note sends it once, though late rows move the story."""
    settings = settings_of(server, None, KPI_MAIL_TO=ANN)
    publish(story())
    with mock.patch.object(Journal, "note", side_effect=Refused("the disk is full")):
        with mock.patch("kpi.delivery.sending.send_waiting"):
            assert store.run("alerts", "--report", **settings).status == 1
    assert not (store.home / "alerts/reported.jsonl").exists()
    publish(story(5))
    store.must("alerts", "--report", **settings)
    publish(story(6))
    store.must("alerts", "--report", **settings)
    assert addressed(server) == [ANN]


def test_cut_off_after_acceptance(store: Store, publish: Publish, server: MailServer) -> None:
    """A run that ends before a mail is noted sends the same mail again, with the same Message-ID."""
    settings = settings_of(server, None, KPI_MAIL_TO=ANN)
    publish(story())
    with mock.patch.object(Outbox, "note_sent", side_effect=Refused("the disk is full")):
        assert store.run("alerts", "--report", **settings).status == 1
    publish(story(4))
    store.must("alerts", "--report", **settings)
    store.must("alerts", "--report", **settings)
    first, again = server.messages
    assert first["Message-ID"] == again["Message-ID"] and text_of(first) == text_of(again)


def test_a_restored_store_reports_nothing_again(
    store: Store, publish: Publish, server: MailServer, demo_home: Path, tmp_path: Path
) -> None:
    """A backup has the journal and both outboxes: what was sent stays sent, what waits is sent once."""
    settings = settings_of(server, None, KPI_MAIL_TO=ANN)
    (store.home / "events.duckdb").symlink_to(demo_home / "events.duckdb")
    digest = store.must("digest", **settings).text
    publish(story())
    store.must("alerts", "--report", **settings)
    publish(story(), story(alert=1))
    server.refused[ANN] = "550 no"
    assert store.run("alerts", "--report", **settings).status == 1
    server.refused.clear()
    store.must("backup")
    (backup,) = (store.home / "backups").iterdir()
    restored = Store(tmp_path)
    backup.rename(restored.home)
    (store.home / "events.duckdb").unlink()
    for _ in range(2):
        restored.must("alerts", "--report", **settings)
        assert "made before" in restored.must("digest", **settings).text
    subjects = [message["Subject"].partition(": ")[2] for message in server.messages]
    assert "sent to 1 recipient" in digest and len(subjects) == 3
    assert subjects[1:] == [story().headline, story(alert=1).headline]
    sent = sorted(path.relative_to(store.home) for path in store.home.rglob("*-*.json"))
    assert (
        sorted(path.relative_to(restored.home) for path in restored.home.rglob("*-*.json")) == sent
    )
    no_secret(restored.run("alerts", "--report", **settings), restored)


def test_alerts_may_have_recipients_of_their_own(
    store: Store, publish: Publish, server: MailServer, hook: Webhook
) -> None:
    """Where any is set they alone get alerts; a wrong setting is named, and nothing counts as reported."""
    publish(story())
    wrong = store.run("alerts", "--report", **settings_of(server, hook, KPI_ALERT_MAIL_TO="MARKED"))
    assert wrong.err == "kpi: KPI_ALERT_MAIL_TO must be mail addresses, by comma\n"
    store.must("alerts", "--report", **settings_of(server, hook, KPI_ALERT_WEBHOOKS=hook.url))
    assert not server.received and len(hook.received) == 1


def test_without_recipients_it_is_printed(
    store: Store, publish: Publish, server: MailServer
) -> None:
    """Each story is printed once; who is added later gets no old news."""
    publish(story())
    assert store.must("alerts", "--report").text == f"{story().text}\n"
    assert store.must("alerts", "--report", **settings_of(server, None)).said == ""
    assert not server.received


def test_a_link_opens_the_view(demo: Store, no_caches: None) -> None:
    """The page of a story has its KPI, window, filters and days."""
    filters = Filters(not_os=("Android",), users="existing")
    about = story(alert=1)
    watched = replace(about.alert, subject=replace(about.alert.subject, filters=filters))
    path, choices = view_of(replace(about, alert=watched), History(1, DAY, ()))
    with environment(KPI_HOME=str(demo.home)):
        page = opened(f"pages{path}.py", **choices)
    assert not page.exception and not page.toast
    shown = words(page)
    assert "Multi-device users" in shown and "except Android" in shown
    assert page.session_state["window"] == "7" and page.session_state["users"] == "existing"
    assert page.session_state["from"] == DAY - timedelta(days=31)


BEFORE = """
from datetime import timedelta
from pathlib import Path
from kpi.alerts import file, journal
journal.RECENT = timedelta(days=999)
file.ALERTS_FILE = Path({path!r})
"""
KILL = """
import os, signal
from kpi.alerts.journal import Journal
Journal.note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.long
def test_killed_and_two_at_once(store: Store, server: MailServer, alerts_file: Path) -> None:
    """After a run that was killed before its note, two at the same time send its message once, to each."""
    settings, before = settings_of(server, None), BEFORE.format(path=str(alerts_file))
    killed = store.start("alerts", "--report", before=before + KILL, **settings)
    assert killed.returncode == -signal.SIGKILL and not server.received
    program = (
        f"import sys\n{before}\nfrom kpi.commands.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    both = [store.started(program, "alerts", "--report", **settings) for _ in range(2)]
    for each in both:
        each.communicate(timeout=120)
    assert [each.returncode for each in both] == [0, 0]
    assert addressed(server) == [ANN, BEN]
    assert len(list((store.home / "alerts/messages").glob("*.json"))) == 1
