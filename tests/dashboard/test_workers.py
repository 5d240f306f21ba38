"""deploy/serve.py as `make serve` starts it: processes of the dashboard behind nginx, on a single port."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sessions import Run, Session, shown_numbers
from websockets.exceptions import ConnectionClosed
from workers import Serving, served

FILTERS = ("os=Linux", "os=Windows 10", "users=new", "period=all")


def apart(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine, in a thread of its own, since a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def reader(number: int) -> dict[str, str]:
    """The cookie of a browser that was here before."""
    return {"kpi_reader": f"{number:032x}"}


def got(address: str, cookie: str = "") -> tuple[int, str]:
    """The status of an answer, and the cookie of a process that it sets, empty where it sets none."""
    request = urllib.request.Request(address, headers={"Cookie": cookie} if cookie else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            cookies = "\n".join(answer.headers.get_all("Set-Cookie", []))
            return answer.status, "".join(re.findall("^kpi_reader=.*", cookies, re.MULTILINE))
    except urllib.error.HTTPError as refused:
        return refused.code, ""


def figures(run: Run) -> list[str]:
    """The kinds of a page's figures in order, and each card's text."""
    assert not run.failed, run.text[-2000:]
    cards = re.findall(r"^metric \{.*?^\}", run.text, re.MULTILINE | re.DOTALL)
    assert cards and run.charts
    return shown_numbers(run) + cards


def test_browsers_are_spread_and_stay(demo_home: Path, tmp_path: Path) -> None:
    """Both processes have browsers, each browser is at one of them; all end with the script."""

    async def connect(serving: Serving) -> None:
        async with AsyncExitStack() as stack:
            for browser in range(1, 13):
                before = serving.sockets()
                for _ in range(2):
                    session = Session(serving.address, cookies=reader(browser))
                    await stack.enter_async_context(session)
                more = serving.sockets() - before
                assert list(more.values()) == [2], more
            assert len(+serving.sockets()) == 2, serving.sockets()

    with served(tmp_path, demo_home) as serving:
        apart(connect(serving))
        status, cookie = got(f"{serving.address}/_stcore/health")
        assert status == 200 and re.match("kpi_reader=[0-9a-f]{32}; Path=/; HttpOnly", cookie)
        assert got(f"{serving.address}/_stcore/health", cookie.split(";")[0]) == (200, "")
        assert got(f"{serving.address}/media/none.csv")[0] == 404
        ports = [serving.port, *serving.processes()]
    for port in ports:
        with socket.socket() as free:
            assert free.connect_ex(("127.0.0.1", port)), port
    assert serving.process.returncode == 0


@pytest.mark.long
def test_a_lost_process_costs_a_reload(demo_home: Path, tmp_path: Path) -> None:
    """Of 20 sessions those of a killed process show the same again elsewhere; the others notice nothing."""

    async def read(serving: Serving) -> None:
        async with AsyncExitStack() as stack:
            sessions, shown = [], []
            for number in range(20):
                session = Session(serving.address, cookies=reader(number))
                sessions.append(await stack.enter_async_context(session))
                run = await session.run(FILTERS[number % len(FILTERS)])
                shown.append(figures(run))
            port, lost = serving.sockets().most_common(1)[0]
            assert 0 < lost < 20
            os.kill(serving.processes()[port], signal.SIGKILL)
            moved = 0
            for number, session in enumerate(sessions):
                asked = FILTERS[number % len(FILTERS)]
                try:
                    assert figures(await session.run(asked)) == shown[number]
                except ConnectionClosed:
                    # As Streamlit's client does, with the identity of the session that it had.
                    again = Session(
                        serving.address, cookies=reader(number), session_id=f"lost-{number}"
                    )
                    await stack.enter_async_context(again)
                    assert figures(await again.run(asked)) == shown[number]
                    moved += 1
            assert moved == lost

    with served(tmp_path, demo_home) as serving:
        apart(read(serving))
        serving.wait_for(r"process \d+ at port", times=3)


@pytest.mark.long
def test_a_deploy_drains(demo_home: Path, tmp_path: Path) -> None:
    """After a deploy new sessions are at new processes; an earlier session goes on for its time."""

    async def read(serving: Serving) -> None:
        earlier = serving.processes()
        async with Session(serving.address, cookies=reader(1)) as old:
            shown = figures(await old.run(FILTERS[0]))
            serving.process.send_signal(signal.SIGUSR1)
            for _ in range(600):
                async with Session(serving.address, cookies=reader(2)) as new:
                    at = +serving.sockets()
                    if set(at) - set(earlier):
                        assert figures(await new.run(FILTERS[0])) == shown
                        break
                await asyncio.sleep(0.1)
            else:
                pytest.fail("no new process got a session")
            assert figures(await old.run(FILTERS[0])) == shown
            with pytest.raises(ConnectionClosed):
                async with asyncio.timeout(90):
                    while True:
                        await old.run(FILTERS[0])
                        await asyncio.sleep(1)
        async with Session(serving.address, cookies=reader(1)) as again:
            assert figures(await again.run(FILTERS[0])) == shown
        for _ in range(300):
            if not any(Path(f"/proc/{process}").exists() for process in earlier.values()):
                return
            await asyncio.sleep(0.1)
        pytest.fail("an earlier process goes on")

    with served(tmp_path, demo_home, "--drain=15") as serving:
        apart(read(serving))
