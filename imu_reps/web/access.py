"""Access to the page: secret tokens for viewing and for control, and checks of Host and Origin."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from typing import Literal

Role = Literal["viewer", "control"]


@dataclass(frozen=True, slots=True)
class Access:
    """The secret tokens of one page, and the addresses it is served at.

    The token is in the fragment (after ``#``) of a link, which browsers never send, so it is in no log. The
    page sends it to this server only, which keeps no log: as a pass in the URL of its WebSocket request, so
    that a crowd of other connections cannot hold it up, and then in its first message to authenticate.

    Attributes
    ----------
    hosts : tuple of str
        ``address:port`` as in the Host header of browsers; the first is used in links.
    """

    hosts: tuple[str, ...]
    view_token: str
    control_token: str

    @classmethod
    def new(cls, hosts: tuple[str, ...]) -> Access:
        """Create access with new random tokens."""
        return cls(hosts, secrets.token_urlsafe(16), secrets.token_urlsafe(16))

    @property
    def view_link(self) -> str:
        """Link for viewers who only watch."""
        return f"http://{self.hosts[0]}/#{self.view_token}"

    @property
    def control_link(self) -> str:
        """Link for the person who starts and stops sets."""
        return f"http://{self.hosts[0]}/#{self.control_token}"

    def role(self, token: str) -> Role | None:
        """Return the role a token grants; None if it is neither token. Compares in constant time."""
        given = token.encode("utf-8", "replace")
        is_control = compare_digest(given, self.control_token.encode())
        is_view = compare_digest(given, self.view_token.encode())
        return "control" if is_control else "viewer" if is_view else None

    def has_pass(self, request: str) -> bool:
        """Whether a request, or its path alone, has a valid token; such a viewer is no stranger."""
        found = re.search(r"/live\?pass=([\w-]+)", request, re.ASCII)
        return found is not None and self.role(found[1]) is not None

    def is_host(self, host: str | None) -> bool:
        """Whether a Host header names this page; another name for this machine suggests DNS rebinding."""
        return host is not None and host.lower() in self.hosts

    def is_origin(self, origin: str | None) -> bool:
        """Whether an Origin header names this page."""
        return origin is not None and origin.removeprefix("http://").lower() in self.hosts and "//" in origin
