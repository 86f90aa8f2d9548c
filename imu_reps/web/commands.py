"""What a viewer with the control link may ask for."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

T = TypeVar("T")

#: 0 to 10, as pain and effort are said.
Rating = Annotated[int, msgspec.Meta(ge=0, le=10)]


class Start(msgspec.Struct, frozen=True, tag="start", tag_field="do", forbid_unknown_fields=True):
    """Begin, or end the rest before the next set."""


class StopSet(msgspec.Struct, frozen=True, tag="stop", tag_field="do", forbid_unknown_fields=True):
    """End the set that runs."""


class Discard(msgspec.Struct, frozen=True, tag="discard", tag_field="do", forbid_unknown_fields=True):
    """End the set that runs, and do not count it among those done."""


class Hurt(msgspec.Struct, frozen=True, tag="hurt", tag_field="do", forbid_unknown_fields=True):
    """It hurts: end the set that runs, and everything after it."""


class Pain(msgspec.Struct, frozen=True, tag="pain", tag_field="do", forbid_unknown_fields=True):
    """Pain during the last set."""

    value: Rating


class Effort(msgspec.Struct, frozen=True, tag="effort", tag_field="do", forbid_unknown_fields=True):
    """Effort of the last set."""

    value: Rating


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first thing a viewer says: the token of his link."""

    token: Annotated[str, msgspec.Meta(max_length=128)]


Command = Start | StopSet | Discard | Hurt | Pain | Effort

_HELLO = msgspec.json.Decoder(Hello)
_COMMAND: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


def read_hello(text: str) -> Hello | None:
    """The greeting in a message; None if it is none."""
    return _read(_HELLO, text)


def read_command(text: str) -> Command | None:
    """The command in a message; None if it is none."""
    return _read(_COMMAND, text)


def _read(decoder: msgspec.json.Decoder[T], text: str) -> T | None:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None
