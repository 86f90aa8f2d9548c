"""Who may look and who may steer: links with tokens, and requests only from where the page came."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from typing import Literal

Role = Literal["viewer", "control"]


@dataclass(frozen=True, slots=True)
class Access:
    """The secrets of one page, and the addresses it is served at.

    The token stands behind the ``#`` of a link: browsers send that part to nobody, so it is in no log. The
    page itself shows it to this server alone, which keeps no log: as a pass with its request, for no crowd
    at the door to hold it up, and then to say who it is.

    Attributes
    ----------
    hosts : tuple of str
        ``address:port`` as browsers name it; the first is used in links.
    view_token, control_token : str
    """

    hosts: tuple[str, ...]
    view_token: str
    control_token: str

    @classmethod
    def new(cls, hosts: tuple[str, ...]) -> Access:
        """Access by new secrets."""
        return cls(hosts, secrets.token_urlsafe(16), secrets.token_urlsafe(16))

    @property
    def view_link(self) -> str:
        """For those who only look."""
        return f"http://{self.hosts[0]}/#{self.view_token}"

    @property
    def control_link(self) -> str:
        """For whoever starts and stops."""
        return f"http://{self.hosts[0]}/#{self.control_token}"

    def role(self, token: str) -> Role | None:
        """What a token allows; None: nothing."""
        said = token.encode("utf-8", "replace")
        controls = compare_digest(said, self.control_token.encode())
        views = compare_digest(said, self.view_token.encode())
        return "control" if controls else "viewer" if views else None

    def has_pass(self, request: str) -> bool:
        """Whether a request, or its path alone, shows a token: such a viewer need not stand at the door."""
        shown = re.search(r"/live\?pass=([\w-]+)", request, re.ASCII)
        return shown is not None and self.role(shown[1]) is not None

    def is_host(self, host: str | None) -> bool:
        """Whether a request's Host is this page's: another name for this machine is somebody's trick."""
        return host is not None and host.lower() in self.hosts

    def is_origin(self, origin: str | None) -> bool:
        """Whether a request's Origin is this page."""
        return origin is not None and origin.removeprefix("http://").lower() in self.hosts and "//" in origin
