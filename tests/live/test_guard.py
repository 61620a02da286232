"""Nobody but the page itself, opened with its token on this machine, is answered."""

from __future__ import annotations

import http.client
import socket
from urllib.parse import parse_qs, urlsplit

import pytest


def asked(address, path="/", method="GET", **headers):
    """Status and headers of an answer; a header given as None is left out."""
    at = urlsplit(address)
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in ({"Host": at.netloc} | {k.replace("_", "-"): v for k, v in headers.items()}).items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.fixture
def cookie(address):
    status, headers, _ = asked(address, "/?" + urlsplit(address).query)
    assert status == 302
    held = headers["Set-Cookie"]
    assert "HttpOnly" in held and "SameSite=Strict" in held
    return held.partition(";")[0]


def test_the_token_opens_and_nothing_else_does(address, cookie):
    token = parse_qs(urlsplit(address).query)["token"][0]
    assert len(token) > 40
    assert asked(address, Cookie=cookie)[0] == 200
    for path in ("/", "/?token=", f"/?token={token[:-1]}", "/_dash-layout", "/assets/live.css", "/_dash-dependencies"):
        assert asked(address, path)[0] == 403, path
    assert asked(address, Cookie=cookie[:-1])[0] == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example"]
)
def test_a_name_of_others_that_points_here_is_refused(address, cookie, host):
    assert asked(address, Host=host, Cookie=cookie)[0] == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_another_origin_is_refused(address, cookie, origin):
    assert asked(address, "/_dash-layout", Cookie=cookie, Origin=origin)[0] == 403
    for path in ("/_dash-update-component", "/move"):
        assert asked(address, path, "POST", Cookie=cookie, Origin=origin, Content_Length="0")[0] == 403


def test_a_call_without_an_origin_is_refused(address, cookie):
    for path in ("/_dash-update-component", "/move"):
        assert asked(address, path, "POST", Cookie=cookie, Content_Length="0")[0] == 403


def test_what_is_no_wish_is_refused(address, cookie):
    origin = address.partition("/?")[0]
    assert asked(address, "/move", "POST", Cookie=cookie, Origin=origin, Content_Length="0")[0] in (400, 415)


def test_only_this_machines_own_address_listens(address):
    at = urlsplit(address)
    assert at.hostname == "127.0.0.1"
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for other in others:
        if other.startswith("127."):
            continue
        with pytest.raises(OSError):
            socket.create_connection((other, at.port), timeout=2).close()
    # Of the loopback block too only the one.
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", at.port), timeout=2).close()


@pytest.mark.parametrize(
    "path", ["/assets/../config/config.yaml", "/assets/%2e%2e/%2e%2e/config/config.yaml", "/assets//etc/passwd"]
)
def test_no_path_leads_to_a_file(address, cookie, path):
    status, headers, content = asked(address, path, Cookie=cookie)
    assert status in (400, 403, 404) or headers["Content-Type"].startswith("text/html")
    assert b"data_folder" not in content and b"root:" not in content


def test_the_page_lets_no_other_program_in(address, cookie):
    policy = asked(address, Cookie=cookie)[1]["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe-eval" not in policy
    script = next(part for part in policy.split(";") if "script-src" in part)
    assert "unsafe-inline" not in script
