"""Kinds of files, recognised by how they begin: documents that the program writes, other systems' exports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """Signature of a kind of document, by which an older file of the kind may be replaced.

    Attributes
    ----------
    begins : str
        First characters of the file.
    line : str
        Prefix of one of its first lines, ignoring indentation; "" matches any file.
    footer : str
        Text near its end; "" matches any file.
    """

    begins: str
    line: str = ""
    footer: str = ""


ExportKind = Literal[
    "movella_dot",
    "xsens_mtw",
    "opensim_sto",
    "metabase",
    "shimmer",
    "xio",
    "witmotion",
    "witmotion_script",
    "phyphox",
    "phyphox_time",
    "sensor_logger",
    "sensor_logger_metadata",
    "polar_sensor_logger",
    "movesense",
    "excel",
]

#: Names of the formats.
EXPORT_NAMES: dict[ExportKind, str] = {
    "movella_dot": "Movella DOT export",
    "xsens_mtw": "Xsens text export",
    "opensim_sto": "OpenSim storage file",
    "metabase": "MetaBase export",
    "shimmer": "Shimmer Consensys export",
    "xio": "x-io export",
    "witmotion": "WitMotion export",
    "witmotion_script": "log of get_bwt901cl_data",
    "phyphox": "phyphox export",
    "phyphox_time": "phyphox time file",
    "sensor_logger": "Sensor Logger export",
    "sensor_logger_metadata": "Sensor Logger metadata file",
    "polar_sensor_logger": "Polar Sensor Logger export",
    "movesense": "Movesense JSON log",
    "excel": "Excel workbook",
}


def export_name(kind: ExportKind) -> str:
    """Return the name of a format with its article."""
    name = EXPORT_NAMES[kind]
    return f"{'an' if name[0] in 'aeioxAEIOX' else 'a'} {name}"


#: Pattern in the first lines of each format, without quotes; the first match decides.
_PATTERNS: tuple[tuple[ExportKind, str], ...] = (
    ("excel", r"\APK\x03\x04"),
    ("xsens_mtw", r"^PacketCounter\t"),
    ("movella_dot", r"^PacketCounter,SampleTimeFine\b"),
    ("opensim_sto", r"^endheader\b"),
    ("metabase", r"^epoch? \(ms\),time"),
    ("shimmer", r"^\w+_Timestamp_(Unix|Sync|FormattedUnix|Shimmer\w*)_(CAL|RAW)[,;\t]"),
    ("xio", r"^Time(stamp)? \((s|us)\),Gyroscope X \(deg/s\)"),
    ("witmotion_script", r"^Time,AccX1,"),
    ("witmotion", r"Acceleration X\(g\)|\bAccX\(g\).*\bAsX\(|\tax\(g\)\t"),
    ("phyphox_time", r"^event[,;\t]experiment time[,;\t]system time"),
    ("phyphox", r"^Time \(s\)[,;\t]((Linear )?Acceleration|Gyroscope) x \(|^Time \(s\)[,;\t]X \((m/s|rad/s)"),
    ("sensor_logger_metadata", r"^version,device name,recording epoch time"),
    ("sensor_logger", r"^time,seconds_elapsed,([xyz],){2}[xyz]\s*$"),
    ("polar_sensor_logger", r"^Phone timestamp;sensor timestamp \[ns\];"),
)
_COMPILED = tuple((kind, re.compile(sign, re.MULTILINE | re.IGNORECASE)) for kind, sign in _PATTERNS)
_JSON = re.compile(r"\A\s*[\[{]")

#: The patterns lie within this many characters.
HEAD_CHARACTERS = 4096


def export_kind(text: str) -> ExportKind | None:
    """Return the export format that begins with this text; None if it is unknown.

    Parameters
    ----------
    text : str
        The file's first lines, or more of it.
    """
    top = text[:HEAD_CHARACTERS].lstrip("\ufeff")
    if _JSON.match(top):
        return "movesense" if "ArrayAcc" in top or "ArrayGyro" in top else None
    top = top.replace('"', "")
    return next((kind for kind, sign in _COMPILED if sign.search(top)), None)
