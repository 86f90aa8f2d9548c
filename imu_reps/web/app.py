"""The page's few addresses: its own files, the reports of this run, and the connection of a viewer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.resources import files

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imu_reps.web.access import Access
from imu_reps.web.reports import Reports, report_policy
from imu_reps.web.viewer import Desk, serve_viewer

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


def application(desk: Desk, reports: Reports) -> Starlette:
    """The page as an ASGI application."""
    routes = [Route(path, _file(name, kind), methods=["GET"]) for path, (name, kind) in STATIC.items()]
    routes.append(Route("/report/{name}", partial(_report, reports), methods=["GET"]))
    live = WebSocketRoute("/live", partial(serve_viewer, desk))
    page = Starlette(routes=[*routes, live], middleware=[Middleware(Guard, access=desk.access)])
    page.router.redirect_slashes = False  # an address is one of these, or nothing
    return page


def _file(name: str, kind: str) -> Callable[[Request], Response]:
    content = (files("imu_reps.web") / "static" / name).read_bytes()

    def answer(request: Request) -> Response:  # noqa: ARG001 - the endpoint's signature
        return Response(content, media_type=kind)

    return answer


async def _report(reports: Reports, request: Request) -> Response:
    page = reports.get(request.path_params["name"])
    if page is None:
        return PlainTextResponse("There is no such report.", status_code=404)
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": report_policy(page)})


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
}


class Guard:
    """Refuses requests that name another host or come from another page.

    Parameters
    ----------
    app : ASGI application
    access : Access
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, if it may be served."""
        if scope["type"] == "lifespan" or self._is_allowed(scope):
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: answered with 403
        else:
            refusal = PlainTextResponse("This page is not served under that address.", status_code=403)
            await refusal(scope, receive, _with_headers(send))

    def _is_allowed(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._access.is_host(hosts[0]) or len(origins) > 1:
            return False
        if not origins:
            return str(scope["type"]) == "http"
        return self._access.is_origin(origins[0])


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        await send(message)

    return sent
