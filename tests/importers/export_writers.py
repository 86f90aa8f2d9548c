"""A simulated set as exported by other systems.

Written by the published descriptions of the formats: except for Shimmer, x-io and the script for two
WitMotion sensors there is no real file with acceleration and angular rate (those: test_refusals.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from imu_reps.domain.samples import FloatArray, SampleBlock

G, RAD = 9.80665, np.pi / 180.0
#: Time at which the sets are dated.
EPOCH_S = 1_795_000_000.0


@dataclass(frozen=True)
class Sent:
    """Samples of one sensor: seconds since 1970, m/s², deg/s."""

    time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray


def sent(block: SampleBlock) -> Sent:
    """Return the samples of a simulated sensor at their own times; both sensors' clocks start together."""
    return Sent(block.device_time_s - 100.0 + EPOCH_S, block.acc_mps2, block.gyr_dps)


def rows(*columns: Sequence[object] | FloatArray, separator: str = ",") -> Iterator[str]:
    for cells in zip(*columns, strict=True):
        yield separator.join(str(cell) for cell in cells)


def written(path: Path, head: str, lines: Iterator[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def texts(values: FloatArray, form: str = "%.6f") -> list[list[str]]:
    """Format the three axes as text."""
    return [[form % value for value in axis] for axis in values.T]


def dot(data: Sent, folder: Path, synced: bool = True) -> list[Path]:
    fine = np.round((data.time_s - EPOCH_S + 4290.0) * 1e6).astype(np.int64) % 2**32  # wraps after 5 s
    state = "Synced" if synced else "Not synced"
    head = (
        f"sep=,\nDeviceTag:,one\nFirmwareVersion:,3.0.0\nAppVersion:,2023.6\nSyncStatus:,{state}\n"
        "OutputRate:,100Hz\nMeasurement Mode:,Rate quantities\nStartTime: ,2026-11-18_15:06:40_000 GMT+8\n\n"
        "PacketCounter,SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z"
    )
    counter = range(1, len(fine) + 1)
    return [written(folder / "one.csv", head, rows(counter, fine, *texts(data.acc), *texts(data.gyr)))]


def mtw(data: Sent, folder: Path) -> list[Path]:
    counter = (np.round((data.time_s - EPOCH_S) * 100).astype(np.int64) + 65_000) % 65_536
    head = (
        "// Start Time: Unknown\n// Update Rate: 100.0Hz\n// Firmware Version: 4.0.2\n"
        "PacketCounter\tSampleTimeFine\tAcc_X\tAcc_Y\tAcc_Z\tGyr_X\tGyr_Y\tGyr_Z"
    )
    cells = rows(
        [f"{one:05d}" for one in counter],
        [""] * len(counter),
        *texts(data.acc),
        *texts(data.gyr * RAD),
        separator="\t",
    )
    return [written(folder / f"MT_012005D6_009-001_{folder.name}.txt", head, cells)]


def metabase(data: Sent, folder: Path, gyr_every: int = 1) -> list[Path]:
    def one(kind: str, unit: str, time_s: FloatArray, values: FloatArray) -> Path:
        stamps = [datetime.fromtimestamp(t, UTC).isoformat() for t in time_s]
        head = f"epoch (ms),time (01:00),elapsed (s),x-axis ({unit}),y-axis ({unit}),z-axis ({unit})"
        cells = rows(
            [f"{1e3 * t:.0f}" for t in time_s],
            stamps,
            [f"{t - time_s[0]:.3f}" for t in time_s],
            *texts(values),
        )
        return written(
            folder / f"leg_MetaWear_2026-11-18T15.06.40_C0FFEE_{kind}_100.000Hz_1.7.2.csv", head, cells
        )

    part = slice(None, None, gyr_every)
    return [
        one("Accelerometer", "g", data.time_s, data.acc / G),
        one("Gyroscope", "deg/s", data.time_s[part], data.gyr[part]),
    ]


def witmotion(data: Sent, folder: Path) -> list[Path]:
    stamps = [datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] for t in data.time_s]
    axes = [f"Acceleration {axis}(g)" for axis in "XYZ"] + [f"Angular velocity {axis}(°/s)" for axis in "XYZ"]
    head = "time,Device name,Chip Time()," + ",".join(axes)
    cells = rows(stamps, ["WT901BLE68(ab:cd)"] * len(stamps), stamps, *texts(data.acc / G), *texts(data.gyr))
    return [written(folder / "data.csv", head, cells)]


def witmotion_pc(data: Sent, folder: Path) -> list[Path]:
    head = "time(s)\tax(g)\tay(g)\taz(g)\twx(deg/s)\twy(deg/s)\twz(deg/s)\tAngleX(deg)"
    clock = [f"{t - EPOCH_S:.3f}" for t in data.time_s]
    cells = rows(clock, *texts(data.acc / G), *texts(data.gyr), ["0.0"] * len(clock), separator="\t")
    return [written(folder / "pc.txt", head, cells)]


def phyphox(data: Sent, folder: Path, separator: str = ",", comma: bool = False) -> list[Path]:
    def one(what: str, unit: str, values: FloatArray) -> Path:
        head = separator.join(f'"{c}"' for c in ("Time (s)", *(f"{what} {axis} ({unit})" for axis in "xyz")))
        clock = [f"{t - EPOCH_S:.9E}" for t in data.time_s]
        lines = rows(clock, *texts(values, "%.9E"), separator=separator)
        return written(
            folder / f"{what}.csv", head, (line.replace(".", ",") if comma else line for line in lines)
        )

    time = '"event","experiment time","system time","system time text"'
    written(folder / "meta" / "time.csv", time, iter([f'"START",0.000000000E0,{EPOCH_S:.3f},"2026-11-18"']))
    return [one("Acceleration", "m/s^2", data.acc), one("Gyroscope", "rad/s", data.gyr * RAD)]


def sensor_logger(data: Sent, folder: Path, platform: str = "android") -> list[Path]:
    def one(what: str, values: FloatArray) -> Path:
        stamps = [f"{round(t * 1e9)}" for t in data.time_s]
        elapsed = [f"{t - EPOCH_S:.6f}" for t in data.time_s]
        return written(
            folder / f"{what}.csv",
            "time,seconds_elapsed,z,y,x",
            rows(stamps, elapsed, *texts(values[:, ::-1])),
        )

    head = (
        "version,device name,recording epoch time,recording time,recording timezone,platform,standardisation"
    )
    written(folder / "Metadata.csv", head, iter([f"3,Phone,1,2026-11-18,Europe/London,{platform},false"]))
    gyr = one("Gyroscope", data.gyr * RAD)
    if platform == "android":
        return [one("TotalAcceleration", data.acc), gyr]
    gravity = np.tile([0.0, 0.0, -G], (len(data.acc), 1))
    return [one("Accelerometer", -data.acc - gravity), one("Gravity", gravity), gyr]


def shimmer(data: Sent, folder: Path) -> list[Path]:
    named = [
        f"Shimmer_952D_{c}_CAL"
        for c in ("Timestamp_Unix", *(f"Accel_LN_{a}" for a in "XYZ"), *(f"Gyro_{a}" for a in "XYZ"))
    ]
    head = '"sep=,"\n' + ",".join(named) + ",\nms,m/(s^2),m/(s^2),m/(s^2),deg/s,deg/s,deg/s,"
    stamps = [f"{1e3 * t:.16E}" for t in data.time_s]
    return [
        written(folder / "s.csv", head, rows(stamps, *texts(data.acc), *texts(data.gyr), [""] * len(stamps)))
    ]


def xio(data: Sent, folder: Path) -> list[Path]:
    axes = [f"Gyroscope {a} (deg/s)" for a in "XYZ"] + [f"Accelerometer {a} (g)" for a in "XYZ"]
    stamps = [f"{round(1e6 * t)}" for t in data.time_s]
    cells = rows(stamps, *texts(data.gyr), *texts(data.acc / G))
    return [written(folder / "Inertial.csv", "Timestamp (us)," + ",".join(axes), cells)]


def movesense(data: Sent, folder: Path, packet: int = 8) -> list[Path]:
    def vectors(values: FloatArray) -> list[dict[str, float]]:
        return [dict(zip("xyz", map(float, row), strict=True)) for row in values]

    packets = []
    for at in range(0, len(data.time_s), packet):
        part = slice(at, at + packet)
        body = {"Timestamp": round(1e3 * (data.time_s[at] - EPOCH_S + 50.0))}
        body |= {"ArrayAcc": vectors(data.acc[part]), "ArrayGyro": vectors(data.gyr[part])}  # type: ignore[dict-item]
        packets.append({"imu6": body})
    path = folder / "log.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": packets}), encoding="utf-8")
    return [path]


def polar(data: Sent, folder: Path) -> list[Path]:
    def one(kind: str, unit: str, values: FloatArray) -> Path:
        stamps = [
            datetime.fromtimestamp(t + 0.02, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] for t in data.time_s
        ]
        own = [f"{round((t - 946_684_800.0) * 1e9)}" for t in data.time_s]
        head = ";".join(["Phone timestamp", "sensor timestamp [ns]", *(f"{axis} [{unit}]" for axis in "XYZ")])
        return written(
            folder / f"Polar_Sense_{kind}.txt", head, rows(stamps, own, *texts(values), separator=";")
        )

    return [one("ACC", "mg", 1e3 * data.acc / G), one("GYRO", "dps", data.gyr)]


def plain(data: Sent, folder: Path) -> list[Path]:
    stamps = [f"{1e3 * t:.3f}" for t in data.time_s]
    cells = rows(stamps, *texts(data.acc / G), *texts(data.gyr * RAD), separator=";")
    return [written(folder / "plain.csv", "t;ax;ay;az;gx;gy;gz", cells)]


#: The column map that reads `plain`.
PLAIN_MAP = "time=t@epoch_ms; acc=ax,ay,az@g; gyr=gx,gy,gz@rad/s"

Write = Callable[[Sent, Path], list[Path]]

#: Formats whose files of two sensors share a clock.
ON_A_CLOCK: dict[str, Write] = {
    "movella_dot": dot,
    "xsens_mtw": mtw,
    "metabase": metabase,
    "witmotion": witmotion,
    "phyphox": phyphox,
    "phyphox_german": lambda data, folder: phyphox(data, folder, ";", comma=True),
    "sensor_logger_android": sensor_logger,
    "sensor_logger_ios": lambda data, folder: sensor_logger(data, folder, "ios"),
    "shimmer": shimmer,
    "xio": xio,
    "polar": polar,
}
#: Formats without a common clock.
ALONE: dict[str, Write] = {"witmotion_pc": witmotion_pc, "movesense": movesense}
