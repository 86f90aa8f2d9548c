"""The URLs of the page: its static files, the reports of this run, and the viewers' WebSocket."""

from __future__ import annotations

import http
import re
import secrets
import zlib
from base64 import b64encode
from collections import OrderedDict
from dataclasses import replace
from hashlib import sha256
from html import unescape
from importlib.resources import files
from pathlib import PurePath

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from imu_reps.analysis.analyze import Analysis
from imu_reps.web.access import LIMITS, Access

#: The files that are served, with their media types; no other file can be requested.
STATIC = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.js": ("page.js", "text/javascript"),
    "/link.js": ("link.js", "text/javascript"),
    "/wearer.js": ("wearer.js", "text/javascript"),
    "/gauges.js": ("gauges.js", "text/javascript"),
    "/sound.js": ("sound.js", "text/javascript"),
    "/words.js": ("words.js", "text/javascript"),
}
#: Path of the viewers' WebSocket.
LIVE = "/live"

#: The page may use its own scripts, styles and images and connect to its own server; nothing else.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Connection": "close",
}


class Pages:
    """Answers HTTP requests; those with another Host, or with the Origin of another page, are refused."""

    def __init__(self, access: Access, reports: Reports) -> None:
        self._access = access
        self._reports = reports
        folder = files("imu_reps.web") / "static"
        self._files = {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in STATIC.items()}

    def answer(self, request: Request) -> Response | None:
        """Return the answer to a request; None if it may become a viewer's WebSocket."""
        if not self._is_allowed(request):
            return _plain(http.HTTPStatus.FORBIDDEN, "This page is not served under that address.")
        if request.method != "GET":
            return _plain(http.HTTPStatus.METHOD_NOT_ALLOWED, "This page is only read.")
        path = request.path.partition("?")[0]
        if path == LIVE:
            return None
        if path in self._files:
            content, kind = self._files[path]
            return _response(http.HTTPStatus.OK, content, kind)
        report = self._reports.get(path.removeprefix("/report/")) if path.startswith("/report/") else None
        if report is None:
            return _plain(http.HTTPStatus.NOT_FOUND, "There is no such page.")
        return _response(http.HTTPStatus.OK, report.encode(), "text/html", report_policy(report))

    def _is_allowed(self, request: Request) -> bool:
        hosts, origins = (request.headers.get_all(name) for name in ("Host", "Origin"))
        if len(hosts) != 1 or not self._access.is_host(hosts[0]) or len(origins) > 1:
            return False
        if not origins:  # browsers always send the Origin of a WebSocket
            return not request.path.startswith(LIVE)
        return self._access.is_origin(origins[0])


def _plain(status: http.HTTPStatus, text: str) -> Response:
    return _response(status, text.encode(), "text/plain")


def _response(status: http.HTTPStatus, content: bytes, kind: str, policy: str = PAGE_POLICY) -> Response:
    headers = Headers(
        **HEADERS,
        **{
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
        },
    )
    return Response(status.value, status.phrase, headers, content)


_STYLE_ELEMENTS = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_STYLE_ATTRIBUTES = re.compile(r'\sstyle="([^"]*)"')


class Reports:
    """Report pages by name, compressed, as they stay in memory while sets are recorded."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, bytes] = OrderedDict()

    def add(self, page: str) -> str:
        """Store a page under a random name and return its path."""
        name = secrets.token_urlsafe(16)
        self._pages[name] = zlib.compress(page.encode())
        while len(self._pages) > LIMITS.max_reports:
            self._pages.popitem(last=False)
        return f"/report/{name}"

    def get(self, name: str) -> str | None:
        """Return the page of that name; None if there is none."""
        packed = self._pages.get(name)
        return None if packed is None else zlib.decompress(packed).decode()


def page_of(analysis: Analysis, floor_deg: float | None) -> str:
    """Return the report of a set as HTML, with the file's name but not its folder.

    Slow: do not call it in a thread that records.
    """
    from imu_reps.report.page.page import set_page

    recording = analysis.summary.recording
    file = None if recording.file is None else PurePath(recording.file).name
    summary = replace(analysis.summary, recording=replace(recording, file=file))
    return set_page(summary, analysis.track, person=analysis.person, floor_deg=floor_deg)


def report_policy(page: str) -> str:
    """Return the Content-Security-Policy of a report: nothing but its own styles, allowed by their hashes."""
    elements = sorted({_hash(style) for style in _STYLE_ELEMENTS.findall(page)})
    attributes = sorted({_hash(unescape(style)) for style in _STYLE_ATTRIBUTES.findall(page)})
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src 'unsafe-hashes' {' '.join(elements + attributes)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
            "sandbox allow-same-origin",
        ]
    )


def _hash(style: str) -> str:
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
