"""Recordings and results in object stores: an S3 server on loopback, and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

from imu_reps.errors import FileAccessError, UsageError
from imu_reps.fleet.dataset import Dataset
from imu_reps.fleet.files import FileStore, list_sources

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(botocore|moto|aiobotocore).*")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server."""
    made = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    yield f"http://{host}:{port}"
    made.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The file system of the server, with an empty bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "loopback")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    store.mkdir("clinic")
    yield store
    store.invalidate_cache()
    store.rm("clinic", recursive=True)


def names(out: str, table: str) -> list[str]:
    return sorted(Path(file).name for file in pd.read_parquet(f"{out}/{table}")["file"])


def test_from_and_to_a_bucket(s3: Any, sets: Path, done: Callable[..., Any]) -> None:
    s3.put(f"{sets}/", "clinic/sets/", recursive=True)
    first = done("s3://clinic/sets", "s3://clinic/out")
    again = done("s3://clinic/sets", "s3://clinic/out")

    assert (first.done, first.errors, again.done) == (7, 1, 0)
    assert names("s3://clinic/out", "sets") == [f"set{number:03}.csv" for number in range(6)]
    assert names("s3://clinic/out", "errors") == ["broken.csv"]
    stored = Dataset.open_existing(FileStore("s3://clinic/out")).history()
    assert [one.file for one in stored if one.person == "p1"][:1] == ["s3://clinic/sets/set000.csv"]


def test_a_changed_object_is_analysed_again(s3: Any, sets: Path, done: Callable[..., Any]) -> None:
    s3.put(f"{sets}/", "clinic/sets/", recursive=True)
    done("s3://clinic/sets", "s3://clinic/out")
    text = (sets / "set000.csv").read_bytes().replace(b"effort: 0", b"effort: 7")
    s3.pipe_file("clinic/sets/set000.csv", text)
    again = done("s3://clinic/sets/*.csv", "s3://clinic/out")
    stored = Dataset.open_existing(FileStore("s3://clinic/out")).history()

    assert again.done == 1
    assert sorted(one.effort for one in stored) == [1, 2, 3, 4, 5, 7]


@pytest.mark.usefixtures("s3")
def test_a_missing_bucket_is_reported() -> None:
    with pytest.raises(FileAccessError) as caught:
        list_sources(["s3://nobody/sets"])
    assert caught.value.code == "not_found"


def test_a_missing_object_is_an_error_row_and_tried_again(
    s3: Any, sets: Path, tmp_path: Path, done: Callable[..., Any]
) -> None:
    s3.put(f"{sets}/", "clinic/sets/", recursive=True)
    listed = tmp_path / "list.txt"
    listed.write_text("s3://clinic/sets/set000.csv\ns3://clinic/sets/gone.csv\n", encoding="utf-8")
    assert done(f"@{listed}", tmp_path / "out").exit_code == 1
    s3.pipe_file("clinic/sets/gone.csv", (sets / "set001.csv").read_bytes())
    s3.invalidate_cache()

    assert done(f"@{listed}", tmp_path / "out").done == 1
    assert names(str(tmp_path / "out"), "sets") == ["gone.csv", "set000.csv"]


def test_memory_gives_the_same_as_disk(sets: Path, tmp_path: Path, done: Callable[..., Any]) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(f"{sets}/", "/clinic/sets/", recursive=True)
    done("memory://clinic/sets", "memory://clinic/out")
    done(sets, tmp_path / "out")
    places = ("memory://clinic/out", str(tmp_path / "out"))
    in_memory, on_disk = (Dataset.open_existing(FileStore(address)).history() for address in places)

    assert [one.summary.reps for one in in_memory] == [one.summary.reps for one in on_disk]
    memory.rm("/clinic", recursive=True)


@pytest.mark.parametrize("address", ["nonsense://a/b", "gs://bucket/sets"])
def test_an_unsupported_address_is_reported_with_a_hint(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        list_sources([address])
    assert caught.value.code in ("unknown_address", "missing_extra")
