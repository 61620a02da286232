"""Who may call the page: this machine's browser, with the token, from the page itself."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

ADDRESS = "127.0.0.1"


def guard(server: Flask, port: int, token: str, policy: str) -> None:
    """Refuse all requests but those of the page that was opened with the token.

    The token stands in the address that is opened first; from then on a cookie holds it, which no other site is sent
    with. Host stops names of others that point here, Origin stops other sites.
    """
    from flask import Response, abort, redirect, request

    cookie = f"coherion_{port}"
    hosts = {f"{name}:{port}" for name in (ADDRESS, "localhost")}
    origins = {f"http://{host}" for host in hosts}

    def same(given: str | None) -> bool:
        return given is not None and hmac.compare_digest(given.encode(), token.encode())

    @server.before_request
    def admit() -> Response | None:
        if request.host not in hosts:
            abort(403)
        origin = request.headers.get("Origin")
        if (origin is not None or request.method not in ("GET", "HEAD")) and origin not in origins:
            abort(403)
        if request.path == "/" and same(request.args.get("token")):
            made = redirect("/")
            made.set_cookie(cookie, token, httponly=True, samesite="Strict")
            return made  # type: ignore[return-value]
        if not same(request.cookies.get(cookie)):
            abort(403)
        return None

    @server.after_request
    def restrict(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = policy
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return answer


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(32)
