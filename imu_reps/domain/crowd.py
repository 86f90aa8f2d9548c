"""Which connection gives way when too many are open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any


def oldest_of_crowd(peers: Iterable[Sequence[Any] | None]) -> int:
    """Return the number of the oldest connection of the address that has most of them.

    A crowd from one machine thus displaces only itself.

    Parameters
    ----------
    peers : iterable
        Other end of each connection, oldest first: its address and what follows; None if unknown.
    """
    addresses = [str((peer or [""])[0]) for peer in peers]
    crowds = Counter(addresses)
    return addresses.index(max(crowds, key=crowds.__getitem__))
