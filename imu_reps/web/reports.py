"""The reports of the sets of this run, each at an address that cannot be guessed."""

from __future__ import annotations

import re
import secrets
import zlib
from base64 import b64encode
from collections import OrderedDict
from dataclasses import replace
from hashlib import sha256
from html import unescape
from pathlib import PurePath

from imu_reps.analysis.analyze import Analysis

#: Older reports are forgotten here; they can be made again from the recordings.
MAX_REPORTS = 20

#: So wide that a headline is one line.
NO_BREAK = 10_000

_STYLE_ELEMENTS = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_STYLE_ATTRIBUTES = re.compile(r'\sstyle="([^"]*)"')


class Reports:
    """Report pages by name; packed, for they are kept while sets are recorded."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, bytes] = OrderedDict()

    def add(self, page: str) -> str:
        """Keep a page; gives its address."""
        name = secrets.token_urlsafe(16)
        self._pages[name] = zlib.compress(page.encode())
        while len(self._pages) > MAX_REPORTS:
            self._pages.popitem(last=False)
        return f"/report/{name}"

    def get(self, name: str) -> str | None:
        """The page of that name."""
        packed = self._pages.get(name)
        return None if packed is None else zlib.decompress(packed).decode()


def page_of(analysis: Analysis, floor_deg: float | None) -> str:
    """The report of a set as a page, for eyes that need not know where this machine keeps its files.

    Takes a moment: not for a thread that records.
    """
    from imu_reps.report.page.page import set_page

    recording = analysis.summary.recording
    file = None if recording.file is None else PurePath(recording.file).name
    summary = replace(analysis.summary, recording=replace(recording, file=file))
    return set_page(summary, analysis.track, person=analysis.person, floor_deg=floor_deg)


def headline_of(analysis: Analysis) -> str:
    """A set in one line, with whose it is."""
    from imu_reps.report.text import headline

    return headline(analysis.summary, NO_BREAK, person=analysis.person)


def report_policy(page: str) -> str:
    """What a browser may do with a report: nothing but show it with exactly the styles it has."""
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
