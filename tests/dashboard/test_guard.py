"""What a stranger can make the server do before signing in: nothing is stored and nobody is asked."""

from __future__ import annotations

import http.client
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from browser import serving
from sessions import Run, Session
from test_sign_in import finished, signed_in_server, xsrf_cookie

WATCH = '''
"""Writes down every address outside this machine that the process looks up or connects to."""
import sys

def watch(event, told):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        name = str(told[0])
    elif event in ("socket.connect", "socket.sendto") and isinstance(told[1], tuple):
        name = str(told[1][0])
    else:
        return
    if name not in ("localhost", "127.0.0.1", "::1", "None"):
        with open({log!r}, "a") as file:
            file.write(f"{{event}} {{name}}\\n")

sys.addaudithook(watch)
'''


@pytest.fixture(scope="module")
def watched(
    demo_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A server with sign-in, and the file in which it notes whom it asked outside this machine."""
    folder = tmp_path_factory.mktemp("watched")
    log = folder / "outside.log"
    (folder / "sitecustomize.py").write_text(WATCH.format(log=str(log)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        with signed_in_server(folder, demo_home) as address:
            yield address, log


def asked(
    address: str, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, bytes]:
    """The status and body of a request."""
    place = urlparse(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_stranger_uploads_nothing(watched: tuple[str, Path]) -> None:
    """A file, large, small or in chunks, is refused, with a session, its token and everything."""
    address, _ = watched
    xsrf = xsrf_cookie(address)

    async def speak() -> list[int]:
        async with Session(address, cookies={"_streamlit_xsrf": xsrf}, xsrf=xsrf) as session:
            text = (await session.run()).text
            name = re.search(r'session_id: "([^"]+)"', text)[1]
            path = f"/_stcore/upload_file/{name}/{uuid.uuid4()}"
            kind = {"Content_Type": "multipart/form-data; boundary=b"}
            kind |= {"Cookie": f"_streamlit_xsrf={xsrf}", "X_Xsrftoken": xsrf}
            head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
            found = []
            for size in (0, 1, 1 << 20):
                body = head + b"x" * size + b"\r\n--b--\r\n"
                found.append(asked(address, "PUT", path, body, **kind)[0])
                found.append(asked(address, "PUT", path, iter([body]), **kind)[0])
            return found

    assert set(finished(speak())) == {405}


def test_only_reading_is_answered(watched: tuple[str, Path]) -> None:
    """No method but reading is answered anywhere, and Streamlit's metrics are closed."""
    address, _ = watched
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/", "/auth/logout", "/_stcore/agent/interact", "/engagement"):
            assert asked(address, method, path, b"x")[0] == 405, (method, path)
    assert asked(address, "GET", "/_stcore/metrics")[0] == 404
    assert asked(address, "GET", "/_stcore/health") == (200, b"ok")


def test_a_long_message_ends_the_session(watched: tuple[str, Path]) -> None:
    """A message over a megabyte, from somebody who never signed in, closes the websocket."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from websockets.exceptions import ConnectionClosed

    address, _ = watched

    async def speak() -> int:
        async with Session(address) as session:
            message = BackMsg()
            message.rerun_script.query_string = "x" * (2 << 20)
            await session.send(message)
            try:
                while True:
                    await session._socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code

    assert finished(speak()) == 1009


@pytest.mark.parametrize(
    "origin",
    (
        "http://evil.example",
        "https://evil.example:8501",
        "http://localhost:1",
        "http://127.0.0.1",
        "null",
        "",
    ),
)
def test_another_origin_is_refused_and_nobody_is_asked(
    watched: tuple[str, Path], origin: str
) -> None:
    """A websocket of another page is refused at once; no outside service is asked who we are."""
    address, log = watched

    async def speak() -> None:
        async with Session(address, origin=origin):
            pass

    with pytest.raises(Exception, match="403"):
        finished(speak())
    assert not log.exists(), log.read_text()


def test_no_start_asks_anybody(demo_home: Path, tmp_path: Path) -> None:
    """A server on every interface, as in a container, asks nobody outside for its own address."""
    log = tmp_path / "outside.log"
    (tmp_path / "sitecustomize.py").write_text(WATCH.format(log=str(log)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        with serving(tmp_path, "--server.address=0.0.0.0", KPI_HOME=str(demo_home)) as address:
            finished(_run(address))
    assert not log.exists(), log.read_text()


async def _run(address: str) -> Run:
    async with Session(address) as session:
        return await session.run()


@pytest.mark.parametrize(
    ("site", "status", "place"),
    (("cross-site", 303, "/"), ("same-site", 303, "/"), ("same-origin", 302, None)),
)
def test_a_link_elsewhere_signs_nobody_out(
    watched: tuple[str, Path], site: str, status: int, place: str | None
) -> None:
    """Only a page of this address leads to the end of a sign-in; a link of another page changes nothing."""
    address, _ = watched
    where = urlparse(address)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    connection.request("GET", "/auth/logout", headers={"Sec-Fetch-Site": site})
    answer = connection.getresponse()
    assert answer.status == status
    cleared = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    assert any("_streamlit_user" in value for value in cleared) == (status == 302)
    if place:
        assert answer.getheader("Location") == place
    connection.close()
