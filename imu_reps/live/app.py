"""The page's few addresses: its own files, the reports of this run, and the connection of a viewer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.resources import files

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from imu_reps.live.guard import Guard
from imu_reps.live.reports import Reports, report_policy
from imu_reps.live.viewer import Desk, serve_viewer

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
    content = (files("imu_reps.live") / "static" / name).read_bytes()

    def answer(request: Request) -> Response:  # noqa: ARG001 - the endpoint's signature
        return Response(content, media_type=kind)

    return answer


async def _report(reports: Reports, request: Request) -> Response:
    page = reports.get(request.path_params["name"])
    if page is None:
        return PlainTextResponse("There is no such report.", status_code=404)
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": report_policy(page)})
