"""The page's few addresses: its own files, the reports of this run, and the connection of a viewer."""

from __future__ import annotations

import http
from importlib.resources import files

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from imu_reps.web.access import Access
from imu_reps.web.reports import Reports, report_policy

#: Every file there is to be had, and what it is; there is no other way to a file.
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
#: The connection of a viewer.
LIVE = "/live"

#: The page runs its own scripts and styles and speaks to its own server; nothing else, from nowhere else.
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
    """Answers requests; those that name another host or come from another page are refused.

    Parameters
    ----------
    access : Access
    reports : Reports
    """

    def __init__(self, access: Access, reports: Reports) -> None:
        self._access = access
        self._reports = reports
        folder = files("imu_reps.web") / "static"
        self._files = {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in STATIC.items()}

    def answer(self, request: Request) -> Response | None:
        """The answer to a request; None to one that may become a viewer's connection."""
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
        if not origins:  # browsers always say from which page a viewer's connection comes
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
