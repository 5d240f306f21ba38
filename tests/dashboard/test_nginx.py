"""deploy/nginx.conf as it is, run by Debian's nginx in front of real servers."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

import pytest
from browser import PATIENCE, Visit, launched, serving
from conftest import PROJECT
from playwright.sync_api import Browser, Playwright, expect
from sessions import Run, Session, shown_numbers
from test_sign_in import RIGHT, assert_closed, finished, signed_in_server

NGINX = Path("/usr/sbin/nginx")
MAIN = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  log_format asked '$remote_addr $upstream_addr';
  access_log {folder}/access.log asked;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/kpi.conf;
}}
"""


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The private key of every certificate here."""
    key = tmp_path_factory.mktemp("key") / "kpi.key"
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    return key


@pytest.fixture(scope="module")
def chromium(driver: Playwright, key: Path) -> Iterator[Browser]:
    """A Chromium that trusts the key.

    Playwright's `ignore_https_errors` has each refused certificate answered with another try instead, of
    which a request has a limited number: ERR_TOO_MANY_RETRIES is the error of certificates alone.
    """
    public = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    pin = base64.b64encode(hashlib.sha256(public).digest()).decode()
    with launched(driver, f"--ignore-certificate-errors-spki-list={pin}") as browser:
        yield browser


def openssl(*arguments: str | Path) -> bytes:
    """The output of an openssl command."""
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def behind_nginx(
    folder: Path, key: Path, server: str, name: str = "localhost", port: int = 0
) -> Iterator[int]:
    """nginx with the shipped file, its host, ports, certificate and server named; its port."""
    if not NGINX.exists():
        pytest.fail(f"{NGINX} is missing: apt-get install nginx", pytrace=False)
    certificate = folder / "kpi.pem"
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    openssl("req", "-x509", "-key", key, "-days", "2", *subject, "-out", certificate)
    port, plain = port or free_port(), free_port()
    shipped = (PROJECT / "deploy" / "nginx.conf").read_text()
    named = {
        "kpi.example.org": name,
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 80": f"listen 127.0.0.1:{plain}",
        "/etc/ssl/certs/kpi.pem": str(certificate),
        "/etc/ssl/private/kpi.key": str(key),
        "server 127.0.0.1:8501;": f"server {urlparse(server).netloc};",
    }
    for text, instead in named.items():
        assert text in shipped, text
        shipped = shipped.replace(text, instead)
    (folder / "kpi.conf").write_text(shipped)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    folder.chmod(0o755)
    process = subprocess.Popen(
        [NGINX, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "error.log").read_text()
                try:
                    process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def proxied(
    demo_home: Path, key: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Path]]:
    """A server that anyone may look at, behind nginx: its port, and the folder of its logs."""
    folder = tmp_path_factory.mktemp("nginx")
    with serving(folder, KPI_HOME=str(demo_home), KPI_NO_LOGIN="1") as server:
        with behind_nginx(folder, key, server) as port:
            yield port, folder


def trusting() -> ssl.SSLContext:
    """A client's side of TLS that trusts the certificate made here."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def asked(
    port: int, method: str, path: str, source: str = "127.0.0.1", body: bytes | None = None
) -> http.client.HTTPResponse:
    """What nginx answers to a request from an address of this machine."""
    connection = http.client.HTTPSConnection(
        "localhost", port, timeout=30, source_address=(source, 0), context=trusting()
    )
    connection.request(method, path, body)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_pages_work_under_the_policy(
    proxied: tuple[int, Path], visit: Callable[..., Visit]
) -> None:
    """A page with its charts is drawn over TLS and a websocket, and the browser complains of nothing."""
    port, _ = proxied
    seen = visit(f"https://localhost:{port}/explore")
    seen.settle()
    expect(seen.page.locator("svg.marks").first).to_be_visible(timeout=PATIENCE)
    assert not seen.complaints, seen.complaints
    seen.page.goto(f"https://localhost:{port}/data")
    seen.rest()
    seen.page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
    assert not seen.complaints, seen.complaints
    assert seen.asked == {f"localhost:{port}"}
    cookies = seen.page.context.cookies()
    assert cookies and all(cookie["secure"] for cookie in cookies), cookies


@pytest.mark.long
def test_signing_in_and_out_through_nginx(
    demo_home: Path, key: Path, tmp_path: Path, visit: Callable[..., Visit]
) -> None:
    """A reader signs in over TLS with cookies that no plain request carries, and can leave."""
    port = free_port()
    public = f"https://localhost:{port}"
    with signed_in_server(tmp_path, demo_home, public=public) as address:
        with behind_nginx(tmp_path, key, address, port=port):
            seen = visit(public)
            seen.page.get_by_role("button", name="Sign in").click()
            seen.page.wait_for_url("**/oauth2/authorize**")
            seen.page.get_by_role("button", name=RIGHT).click()
            seen.page.wait_for_url(f"{public}/**")
            seen.charts(3)
            cookies = seen.page.context.cookies(public)
            assert "_streamlit_user" in {cookie["name"] for cookie in cookies}
            assert all(cookie["secure"] for cookie in cookies), cookies
            seen.page.get_by_role("button", name="Sign out").click()
            seen.page.wait_for_url("**/oauth2/end_session**")
            seen.page.goto(public)
            seen.rest()
            assert_closed(seen)


def test_every_answer_has_the_headers(proxied: tuple[int, Path]) -> None:
    """HSTS, a policy of content that allows no frame and no inline script, nosniff, no referrer."""
    port, _ = proxied
    for path in ("/", "/engagement", "/_stcore/health", "/_stcore/metrics", "/media/none.csv"):
        answer = asked(port, "GET", path)
        policy = answer.getheader("Content-Security-Policy")
        assert "frame-ancestors 'none'" in policy and "object-src 'none'" in policy
        (scripts,) = re.findall(r"script-src ([^;]*)", policy)
        assert "unsafe-inline" not in scripts and "'unsafe-eval'" not in scripts
        assert int(answer.getheader("Strict-Transport-Security").partition("=")[2]) >= 31_536_000
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert answer.getheader("Referrer-Policy") == "no-referrer"
        assert answer.getheader("Server") == "nginx"


def test_what_is_closed(proxied: tuple[int, Path]) -> None:
    """Metrics, uploads and every method but reading end at nginx; health is answered."""
    port, _ = proxied
    assert asked(port, "GET", "/_stcore/health").status == 200
    for path in ("/_stcore/metrics", "/_stcore/upload_file/a/b", "/_stcore/agent/interact"):
        assert asked(port, "GET", path).status == 404
    for method in ("PUT", "POST", "DELETE"):
        assert asked(port, method, "/", body=b"x").status == 405
    assert asked(port, "GET", "/", body=b"x" * 5000).status == 413


def test_another_name_is_not_answered(proxied: tuple[int, Path]) -> None:
    """Who asks for another host's name gets no certificate and no page."""
    port, _ = proxied
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        with pytest.raises(ssl.SSLError):
            trusting().wrap_socket(plain, server_hostname="rebound.evil.example")


def test_without_sign_in_nothing_is_shown(server: str, key: Path, tmp_path: Path) -> None:
    """A proxy is recognised by what it passes on: where nobody signs in, nothing is shown through it."""
    with behind_nginx(tmp_path, key, server) as port:

        async def speak() -> Run:
            place, how = f"https://localhost:{port}", {"ssl": trusting()}
            async with Session(place, origin=place, **how) as session:
                return await session.run("period=all")

        run = finished(speak())
    assert "KPI_NO_LOGIN" in run.text and not shown_numbers(run)


def test_a_careless_proxy_is_recognised(server: str) -> None:
    """Where a proxy names neither the reader's host nor itself, a browser's Origin gives it away."""

    async def speak() -> None:
        async with Session(server, origin="https://kpi.example.org"):
            pass

    with pytest.raises(Exception, match="403"):
        finished(speak())
