"""Digests reach their recipients once, by mail and webhooks; what fails is retained and tried again."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import pytest
from conftest import Ran, Store
from event_files import write
from logs import random_log
from receivers import PASSWORD, MailServer, Webhook, in_a_hurry, mail_server, pictures_of, webhook

from kpi.delivery import mail, sending
from kpi.delivery.outbox import Inline, Message, Outbox
from kpi.digest import content, feed
from kpi.errors import Refused
from kpi.settings import Settings

ANN, BEN = "marked-ann@mozilla.example", "marked-ben@mozilla.example"
PNG = b"\x89PNG\r\n\x1a\n of nothing"
SECRETS = ("MARKED-", "marked-", "mozilla.example")


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


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long."""
    in_a_hurry(monkeypatch)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """An empty outbox."""
    outbox = Outbox(Settings(home=tmp_path))
    with outbox.alone():
        return outbox


def settings(outbox: Outbox, server: MailServer | None = None, hook: Webhook | None = None,
             **others: object) -> Settings:  # fmt: skip
    """Settings with these ways to recipients; Ann and Ben get mails."""
    told = {"home": outbox.folder.parent}
    if server is not None:
        told |= {
            "mail_server": server.url,
            "mail_from": "KPIs <kpi@example.org>",
            "mail_to": (ANN, BEN),
        }
    if hook is not None:
        told |= {"webhooks": (hook.url,)}
    return Settings(**{**told, **others})


def put(outbox: Outbox, told: Settings, made: datetime | None = None, **others: object) -> Message:
    """A digest for all recipients, in the outbox."""
    message = Message(
        **{
            "id": "week-2016-09-18",
            "publication": 7,
            "made_at": (made or datetime.now(UTC)).isoformat(timespec="seconds"),
            "subject": "KPIs, week to 18 Sep 2016: 3 of 7 goals met – “too close”",
            "text": "Engagement ratio: 41.2% −0.4 points\n",
            "html": '<p>41.2% <img src="cid:ratio@digest"></p>',
            "line": '{"id": "week-2016-09-18"}',
            "pictures": [Inline("ratio", PNG, "Course: 41.2% last.")],
            "channels": list(sending.names_of(sending.ways(told))),
            **others,
        }
    )
    outbox.write(message)
    return message


def deliver(outbox: Outbox, told: Settings) -> Message:
    """Send what waits, as the command does, and read the outbox anew."""
    set_up = sending.ways(told)
    for message in outbox.messages():
        sending.send(outbox, message, set_up)
    return outbox.messages()[-1]


def text_of(message: EmailMessage) -> str:
    """The plain text of a message."""
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_a_mail_arrives(outbox: Outbox, server: MailServer) -> None:
    """A mail client reads text, HTML and the pictures in it; each recipient sees their own address alone."""
    told = settings(outbox, server)
    put(outbox, told)
    sent = deliver(outbox, told)
    assert not sent.waiting and not sent.failures
    assert [address for address, _ in server.received] == [ANN, BEN]
    for address, message in zip((ANN, BEN), server.messages, strict=True):
        assert (message["To"], message["From"]) == (address, "KPIs <kpi@example.org>")
        assert message["Subject"] == sent.subject and message["Auto-Submitted"] == "auto-generated"
        assert text_of(message) == sent.text
        assert message.get_body(("html",)).get_content().strip() == sent.html
        assert pictures_of(message) == {"ratio@digest": PNG}
        assert not message.defects
    assert server.messages[0]["Message-ID"] != server.messages[1]["Message-ID"]


def test_a_webhook_gets_the_text(outbox: Outbox, hook: Webhook) -> None:
    """A webhook receives the subject and the text as JSON."""
    told = settings(outbox, hook=hook)
    message = put(outbox, told)
    deliver(outbox, told)
    (body,) = hook.received
    assert body["title"] == message.subject and body["message"].strip() == message.text.strip()


def test_nothing_is_sent_twice(outbox: Outbox, server: MailServer, hook: Webhook) -> None:
    """What has reached everybody is not sent again, nor to somebody who is added later."""
    told = settings(outbox, server, hook)
    put(outbox, told)
    for _ in range(3):
        deliver(outbox, told)
    added = settings(outbox, server, hook, mail_to=(ANN, BEN, "new@mozilla.example"))
    deliver(outbox, added)
    assert (len(server.received), len(hook.received)) == (2, 1)


def test_a_refused_recipient_is_tried_again(outbox: Outbox, server: MailServer) -> None:
    """A refusal of a recipient holds up nobody else; the next run tries that recipient alone."""
    told = settings(outbox, server)
    put(outbox, told)
    server.refused[ANN] = "550 5.1.1 no such MARKED user"
    message = deliver(outbox, told)
    assert [address for address, _ in server.received] == [BEN]
    assert list(message.failures.values()) == ["the mail server refused the recipient (550)"]
    server.refused.clear()
    assert not deliver(outbox, told).waiting
    assert [address for address, _ in server.received] == [BEN, ANN]


def test_a_moment_of_trouble_is_passed_over(
    outbox: Outbox, server: MailServer, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a run, an answer that asks for patience and a webhook's 500 are tried again."""
    monkeypatch.setattr(sending, "TRY_SECONDS", 60)  # a run ends as soon as everybody is reached
    told = settings(outbox, server, hook)
    put(outbox, told)
    server.answers, hook.answers = ["451 try later"], [500]
    assert not deliver(outbox, told).waiting
    assert (len(server.received), len(hook.received)) == (2, 1)


def test_a_message_that_is_refused_for_good(
    outbox: Outbox, server: MailServer, hook: Webhook
) -> None:
    """An answer that is final is not tried again within a run, by mail or at a webhook."""
    told = settings(outbox, server, hook)
    put(outbox, told)
    server.answers, hook.answers = ["554 no"] * 2 + ["250 OK"] * 9, [404] + [200] * 9
    message = deliver(outbox, told)
    assert sorted(message.failures.values()) == [
        "it answered 404",
        *["the mail server refused the message (554)"] * 2,
    ]
    assert len(hook.answers) == 9 and len(server.answers) == 9


def test_a_server_that_is_down(outbox: Outbox) -> None:
    """A digest outlives servers that don't answer, and arrives by the run after they are back."""
    with mail_server() as server, webhook() as hook:
        told = settings(outbox, server, hook)
    put(outbox, told)
    message = deliver(outbox, told)
    assert len(message.waiting) == 3
    assert set(message.failures.values()) == {
        "the mail server can't be reached",
        "it can't be reached",
    }
    with mail_server(server.port) as server:
        assert len(deliver(outbox, told).waiting) == 1
        assert len(server.received) == 2


def test_a_server_that_is_slow(
    outbox: Outbox, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that says nothing is left after a while, and the digest waits."""
    monkeypatch.setattr(mail, "ANSWER_SECONDS", 0.2)
    server.silent = True
    told = settings(outbox, server)
    put(outbox, told)
    message = deliver(outbox, told)
    assert len(message.waiting) == 2
    assert re.fullmatch(r"the mail server .*silent.*", next(iter(message.failures.values())))


def test_wrong_credentials(outbox: Outbox, server: MailServer) -> None:
    """A wrong password is tried once a run, and isn't in what is reported; the right one is let in."""
    with_user = server.url.replace("://", "://kpi:{}@")
    told = settings(outbox, server, mail_server=with_user.format("MARKED-wrong"))
    put(outbox, told)
    message = deliver(outbox, told)
    assert set(message.failures.values()) == {
        "the mail server refused the user or the password (535)"
    }
    assert server.sign_ins == 2 and not server.received  # once by each way that it offers
    right = settings(outbox, server, mail_server=with_user.format(PASSWORD))
    assert not deliver(outbox, right).waiting and len(server.received) == 2


def test_encryption_is_needed_elsewhere(outbox: Outbox, server: MailServer) -> None:
    """Only this machine's own server gets a digest, or a password, without encryption."""
    told = settings(outbox, server)
    put(outbox, told)
    with mock.patch.object(mail, "THIS_MACHINE", ()):
        message = deliver(outbox, told)
    assert set(message.failures.values()) == {"the mail server offers no encryption or no sign-in"}
    assert not server.received


def test_cut_off_between_sending_and_noting(outbox: Outbox, server: MailServer) -> None:
    """A run that ends before it could note a mail sends the same again, with the same Message-ID."""
    told = settings(outbox, server)
    put(outbox, told)
    with mock.patch.object(Outbox, "replace", side_effect=Refused("the disk is full")):
        with pytest.raises(Refused):
            deliver(outbox, told)
    assert not deliver(outbox, told).waiting
    assert [address for address, _ in server.received] == [ANN, ANN, BEN]
    first, again = (content for address, content in server.received if address == ANN)
    boundaries = re.compile(rb"===============\d+==")
    assert boundaries.sub(b"", first) == boundaries.sub(b"", again)
    assert server.messages[0]["Message-ID"] == server.messages[1]["Message-ID"]


def test_an_old_digest_is_given_up(outbox: Outbox, server: MailServer) -> None:
    """After a month a digest that reached nobody isn't tried any more."""
    told = settings(outbox, server)
    put(outbox, told, datetime.now(UTC) - timedelta(days=32))
    assert not deliver(outbox, told).waiting and not server.received


@pytest.mark.parametrize(
    ("wrong", "said"),
    (
        ({"mail_server": None}, "KPI_MAIL_TO needs KPI_MAIL_SERVER, too"),
        ({"mail_from": None}, "KPI_MAIL_TO needs KPI_MAIL_FROM, too"),
        ({"mail_server": "http://MARKED@host"}, "KPI_MAIL_SERVER must be like smtps://"),
        ({"mail_server": "smtp://:MARKED@:x"}, "KPI_MAIL_SERVER must be like smtps://"),
        ({"mail_from": "MARKED"}, "KPI_MAIL_FROM must be a mail address"),
        ({"mail_to": (ANN, "MARKED")}, "KPI_MAIL_TO must be mail addresses"),
        ({"webhooks": ("MARKED://x",)}, "address 1 of KPI_WEBHOOKS is none that Apprise knows"),
    ),
)
def test_bad_settings(
    outbox: Outbox, server: MailServer, wrong: dict[str, object], said: str
) -> None:
    """A setting that can't be used is named, without its value."""
    with pytest.raises(Refused, match=re.escape(said)) as refusal:
        sending.ways(settings(outbox, server, **wrong))
    assert "MARKED" not in str(refusal.value)


def test_a_file_that_is_no_digest(outbox: Outbox) -> None:
    """A damaged file of the outbox is named, and nothing is sent."""
    (outbox.folder / "week-2016-09-18.json").write_text("{")
    with pytest.raises(Refused, match=r"week-2016-09-18\.json is no message any more; remove it"):
        outbox.messages()


def test_the_feed(outbox: Outbox) -> None:
    """The feed is Atom, has the newest digests first without silent ones, and the same bytes each time."""
    told = settings(outbox)
    start = datetime(2016, 9, 18, tzinfo=UTC)
    for week in range(22):
        put(
            outbox, told, start + timedelta(days=7 * week), id=f"week-{week}", subject=f"{week} <b>"
        )
    put(outbox, told, start + timedelta(days=400), id="week-silent", silent=True)
    written = feed.atom(outbox.messages(), "https://kpi.example.org")
    assert written == feed.atom(outbox.messages(), "https://kpi.example.org")
    atom = "{http://www.w3.org/2005/Atom}"
    read = ElementTree.fromstring(written)
    entries = read.findall(f"{atom}entry")
    assert [entry.findtext(atom + "title") for entry in entries] == [
        f"{week} <b>" for week in range(21, 1, -1)
    ]
    for part in (read, *entries):
        assert part.findtext(atom + "id").startswith("urn:uuid:")
        assert datetime.fromisoformat(part.findtext(atom + "updated")).tzinfo is not None
        assert part.find(f"{atom}link").get("href") == "https://kpi.example.org"
    assert len({entry.findtext(atom + "id") for entry in entries}) == 20
    assert not ElementTree.fromstring(feed.atom([])).findall(f"{atom}entry")
    outbox.tidy()
    assert len(outbox.messages()) == 23


# The command ----------------------------------------------------------------------------------


@pytest.fixture
def demo(demo_home: Path, tmp_path: Path) -> Store:
    """A store of its own, with the demo's numbers."""
    store = Store(tmp_path / "demo")
    shutil.copytree(demo_home, store.home, symlinks=True, ignore=shutil.ignore_patterns("demo"))
    return store


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests have two KPIs and a goal, since each costs a fifth of a second; test_content.py has all."""
    monkeypatch.setattr(content, "SHOWN", content.SHOWN[:2])
    monkeypatch.setattr(content.goals, "read", lambda goals=content.goals.read(): goals[:2])


@pytest.fixture(scope="module")
def weeks(make_store: Callable[[], Store]) -> Store:
    """Five weeks of few users."""
    store = make_store()
    store.load(write(store.files / "log.parquet", random_log(95, days=35)))
    store.summarise()
    return store


@pytest.fixture
def small(weeks: Store, tmp_path: Path) -> Store:
    """A store of its own, with these weeks."""
    return weeks.copied_to(tmp_path / "small")


def told(server: MailServer, hook: Webhook, **others: str) -> dict[str, str]:
    """The settings of a command."""
    return {
        "KPI_MIN_USERS": "1",
        "KPI_ADDRESS": "https://kpi.example.org/",
        "KPI_MAIL_SERVER": server.url.replace("://", f"://kpi:{PASSWORD}@"),
        "KPI_MAIL_FROM": "kpi@example.org",
        "KPI_MAIL_TO": f"{ANN}, {BEN}",
        "KPI_WEBHOOKS": hook.url,
        **others,
    }


def no_secret(ran: Ran, store: Store) -> None:
    """Neither the output nor the outbox has a secret or an address."""
    files = (path.read_text() for path in (store.home / "digests").iterdir())
    for text in (ran.said, *files):
        assert not any(secret in text for secret in SECRETS), text


def test_a_digest(small: Store, server: MailServer, hook: Webhook) -> None:
    """The command sends the week's digest once, reports what failed, and `doctor` does until it arrives."""
    with_all = told(server, hook)
    server.refused[BEN], hook.answers = "550 MARKED-answer", [500] * 99
    ran = small.run("digest", **with_all)
    no_secret(ran, small)
    (name,) = (path.stem for path in (small.home / "digests").glob("*.json"))
    assert ran.status == 1 and ran.text == f"{name}: sent to 1 recipient\n"
    assert ran.err == (
        f"kpi: not delivered: {name} to mail address 2: the mail server refused the recipient (550); "
        f"{name} to webhook 1: it answered 500. It stays in {small.home}/digests, and the next run tries "
        "again\n"
    )
    found = json.loads(small.run("doctor", "--json", **with_all).text)
    said = [each["sentence"] for each in found if each["subject"] == "digests" and not each["good"]]
    assert [sentence.partition(":")[0] for sentence in said] == [
        f"{name} hasn't reached mail address 2",
        f"{name} hasn't reached webhook 1",
    ]
    server.refused.clear()
    hook.answers.clear()
    again = small.must("digest", **with_all)
    assert again.text == f"{name}: made before\n{name}: sent to 2 recipients\n"
    no_secret(again, small)
    assert small.must("digest", **with_all).text == f"{name}: made before\n"
    assert [address for address, _ in server.received] == [ANN, BEN] and len(hook.received) == 1
    printed = small.must("digest", "--dry-run", **with_all).text
    for message in server.messages:
        assert text_of(message) == printed
        assert len(pictures_of(message)) >= 3
    assert hook.received[0]["message"].split() == printed.split()
    found = json.loads(small.run("doctor", "--json", **with_all).text)
    (last,) = (each for each in found if each["subject"] == "digests")
    assert last["good"] and last["sentence"] == f"the last, {name}, was sent to 3 recipients"
    entries = ElementTree.parse(small.home / "digests" / feed.NAME).findall("{*}entry")
    assert [entry.findtext("{*}title") for entry in entries] == [server.messages[0]["Subject"]]


@pytest.mark.usefixtures("brief")
def test_a_dry_run_sends_nothing(small: Store, server: MailServer, hook: Webhook) -> None:
    """A dry run prints each form, sends nothing and writes nothing; without it there is nothing to print."""
    page = small.folder / "digest.html"
    small.must("digest", "--dry-run", "--format=html", "-o", page, **told(server, hook))
    assert page.read_text().startswith("<!DOCTYPE html>") and "data:image/png" in page.read_text()
    lines = small.must(
        "digest", "--dry-run", "--format=json", "--every=week", "--monthly", **told(server, hook)
    ).text.splitlines()
    assert [json.loads(line)["every"] for line in lines] == ["week", "month"]
    assert not server.received and not hook.received and not (small.home / "digests").exists()
    assert small.run("digest", "--format=json", **told(server, hook)).status == 2


@pytest.mark.usefixtures("brief")
def test_only_when_something_moved(small: Store, server: MailServer, hook: Webhook) -> None:
    """With KPI_DIGEST_ONLY_MOVED a digest of nothing is decided once, and reaches nobody."""
    quiet = told(server, hook, KPI_DIGEST_ONLY_MOVED="1")
    with mock.patch("kpi.digest.content.Digest.something_moved", False):
        ran = small.must("digest", **quiet)
    assert "nothing moved, so it isn't sent" in ran.text
    assert "made before" in small.must("digest", **quiet).text
    assert not server.received and not hook.received


def test_before_the_first_summary(tmp_path: Path) -> None:
    """Where there is no number yet, the command says so and succeeds: its timer may begin first."""
    ran = Store(tmp_path).must("digest")
    assert ran.text == "" and "nothing has been" in ran.err


@pytest.mark.usefixtures("brief")
def test_no_recipients(small: Store) -> None:
    """Without recipients the digest is in the feed, and the command says so."""
    ran = small.must("digest")
    assert "in the feed alone; no KPI_MAIL_TO and no KPI_WEBHOOKS are set" in ran.text


@pytest.mark.long
def test_killed_between_sending_and_noting(demo: Store, server: MailServer, hook: Webhook) -> None:
    """A run that is killed after a mail left, and before it is noted, sends that mail again and no other."""
    kill = (
        "import os, signal\n"
        "from kpi.delivery.outbox import Outbox\n"
        "noted = Outbox.note_sent\n"
        "def note(outbox, message, key):\n"
        "    if message.sent: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    noted(outbox, message, key)\n"
        "Outbox.note_sent = note\n"
    )
    ended: subprocess.CompletedProcess[str] = demo.start(
        "digest", before=kill, **told(server, hook)
    )
    assert ended.returncode == -signal.SIGKILL
    demo.must("digest", **told(server, hook))
    assert [address for address, _ in server.received] == [ANN, BEN, BEN] and len(
        hook.received
    ) == 1
    _, first, again = server.messages
    assert first["Message-ID"] == again["Message-ID"]
    assert (first["Date"], first["Subject"]) == (again["Date"], again["Subject"])


@pytest.mark.long
def test_two_commands_at_once(demo: Store, server: MailServer, hook: Webhook) -> None:
    """Of two commands at the same time the second waits, and finds everything sent."""
    program = "import sys\nfrom kpi.commands.cli import main\nsys.exit(main(sys.argv[1:]))"
    both = [demo.started(program, "digest", **told(server, hook)) for _ in range(2)]
    for each in both:
        each.communicate(timeout=120)
    assert [each.returncode for each in both] == [0, 0]
    assert (len(server.received), len(hook.received)) == (2, 1)
