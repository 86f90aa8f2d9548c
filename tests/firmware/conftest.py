"""The encoders of the open profile, each as a function from a script of calls to the lines it prints."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOTES = HERE.parents[1] / "firmware_notes"
SKETCH = NOTES / "arduino" / "imureps"
MICROPYTHON = NOTES / "micropython"

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZERS = ("-fsanitize=undefined,address", "-fno-sanitize-recover=all")

Run = Callable[[str], list[str]]


def find(*names: str, otherwise: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(otherwise)


def micropython() -> str:
    return find(
        "micropython",
        otherwise="no micropython here: .ci/micropython FOLDER gets one, then put FOLDER on PATH",
    )


def runner(*command: str | Path) -> Run:
    def run(script: str) -> list[str]:
        done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[:-1]

    return run


def build(compiler: str, out: Path, *arguments: str | Path) -> Path:
    done = subprocess.run([compiler, *arguments, "-o", out], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def sanitizers_work(compiler: str, folder: Path) -> bool:
    source = folder / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    program = folder / "empty"
    built = subprocess.run([compiler, *SANITIZERS, source, "-o", program], capture_output=True, check=False)
    return (
        built.returncode == 0 and subprocess.run([program], capture_output=True, check=False).returncode == 0
    )


def built_encoder(folder: Path, *flags: str) -> Run:
    compiler = find("cc", "gcc", "clang", otherwise="no C compiler here")
    if flags and not sanitizers_work(compiler, folder):
        pytest.skip("this compiler has no sanitizers")
    sources = ("-I", SKETCH, SKETCH / "imureps_profile.c", HERE / "encoder_driver.c")
    return runner(build(compiler, folder / "encoder", "-std=c99", *WARNINGS, *flags, *sources))


@pytest.fixture(scope="session", params=["c", "c with sanitizers", "micropython", "cpython"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One of the encoders, all of which must behave the same."""
    driver = (HERE / "packets_driver.py", MICROPYTHON)
    if request.param == "micropython":
        return runner(micropython(), *driver)
    if request.param == "cpython":
        return runner(sys.executable, "-B", *driver)
    flags = SANITIZERS if "sanitizers" in request.param else ()
    return built_encoder(tmp_path_factory.mktemp("encoder"), *flags)


@pytest.fixture(scope="session")
def c_encoder(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The encoder in C."""
    return built_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def run_micropython() -> Callable[..., list[str]]:
    """Run MicroPython with the given arguments."""
    return lambda *arguments: runner(micropython(), *arguments)("")


@pytest.fixture(scope="module")
def build_sketch(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Compile the Arduino sketch for a board, with stubs of its libraries."""

    def build_for(*defines: str) -> Run:
        cpp = find("c++", "g++", "clang++", otherwise="no C++ compiler here")
        folder = tmp_path_factory.mktemp("sketch")
        encoder = folder / "profile.o"
        build(cpp, encoder, "-c", "-x", "c", "-std=c99", *WARNINGS, SKETCH / "imureps_profile.c")
        sources = [HERE / "sketch_driver.cpp", SKETCH / "imu_lsm6ds.cpp", SKETCH / "imu_bmi270.cpp", encoder]
        include = ("-I", HERE / "stubs" / "arduino", "-I", SKETCH)
        return runner(build(cpp, folder / "sketch", "-std=c++14", *WARNINGS, *defines, *include, *sources))

    return build_for
