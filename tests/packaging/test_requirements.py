"""The requirement files of images, demo and tests agree with what the package asks for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]

# The packages of each file: those of a plain installation, and the extras.
FILES = {
    "requirements.txt": ["gpu", "onnx"],
    "requirements-cpu.txt": ["openvino"],
    "requirements-demo.txt": ["tensorflow", "demo"],
    "requirements-quantize.txt": ["openvino", "quantize"],
}
EXTRAS_FILE = ["parquet", "evaluate", "onnx"]


def pinned(file: Path) -> Iterator[Requirement]:
    """What a requirement file and those that it includes ask for."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            yield from pinned(file.parent / line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            yield Requirement(line)


def wanted(extras: Sequence[str]) -> list[Requirement]:
    """What the package asks for, with these extras."""
    texts = [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return [Requirement(text) for text in texts]


def names(requirements: Sequence[Requirement]) -> list[tuple[str, list[str], str]]:
    return sorted((each.name, sorted(each.extras), str(each.marker)) for each in requirements)


def assert_in_range(pins: Sequence[Requirement], ranges: Sequence[Requirement]) -> None:
    """Every pinned version is one that the package allows."""
    allowed = {each.name: each.specifier for each in ranges}
    for pin in pins:
        (exact,) = pin.specifier
        assert exact.operator == "==", pin
        assert allowed[pin.name].contains(exact.version), f"{pin}: pyproject.toml has {allowed[pin.name]}"


@pytest.mark.parametrize("file", FILES)
def test_a_file_has_the_packages_of_its_extras_in_their_ranges(file: str) -> None:
    pins, ranges = list(pinned(ROOT / file)), wanted(FILES[file])
    assert names(pins) == names(ranges)
    assert_in_range(pins, ranges)


def test_the_file_for_p2_names_cuda_itself() -> None:
    pins = [pin for pin in pinned(ROOT / "requirements-p2.txt") if not pin.name.startswith("nvidia-")]
    ranges = wanted(["gpu", "onnx"])
    assert {pin.name for pin in pins} == {each.name for each in ranges}
    assert_in_range(pins, ranges)


def test_the_file_for_people_with_results_and_models_has_their_extras() -> None:
    """And supervision, which no command needs: `to_supervision()` is for those who use it anyway."""
    pins = [pin for pin in pinned(ROOT / "requirements-extras.txt") if pin.name != "supervision"]
    ranges = [Requirement(text) for extra in EXTRAS_FILE for text in EXTRAS[extra]]
    assert names(pins) == names(ranges)
    assert_in_range(pins, ranges)


def test_the_tests_build_with_the_pinned_builder() -> None:
    development = {str(pin) for pin in pinned(ROOT / "requirements-dev.txt")}
    assert set(PROJECT["build-system"]["requires"]) <= development


def test_every_extra_is_in_a_file() -> None:
    assert {extra for extras in FILES.values() for extra in extras} | set(EXTRAS_FILE) == set(EXTRAS)
