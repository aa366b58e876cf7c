"""The images install from locked files, which are those of the requirement files that people read."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from human_detector.deployment.settings import REQUIREMENTS
from support.paths import ROOT

LOCKED = ROOT / "supply_chain" / "locked"
LOCK = ROOT / "supply_chain" / "lock.py"

ENTRY = re.compile(
    r"(?P<name>[\w.-]+)==(?P<version>\S+) \\\n(?P<hashes>(?:    --hash=\S+.*\n)+)    # via (?P<via>.*)"
)
TAG = "python:3.11-slim-bookworm"
DIGEST = "sha256:" + "0123456789abcdef" * 4


def pins(file: Path) -> Iterator[tuple[str, str, str]]:
    """Name, version and file of what a requirement file and those that it includes ask for."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            yield from pins(file.parent / line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            asked = Requirement(line)
            yield canonicalize_name(asked.name), str(asked.specifier).removeprefix("=="), file.name


def entries(text: str) -> Iterator[re.Match[str]]:
    """The packages of a locked file."""
    lines = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    for part in re.split(r"\n(?=\S)", lines):
        found = ENTRY.match(part)
        assert found is not None, part
        yield found


def differences(short: Path, locked: str) -> list[str]:
    """What a locked file has otherwise than the requirement file that it was made from."""
    asked = sorted(pins(short))
    names = {found["name"] for found in entries(locked)}
    has, problems = [], []
    for found in entries(locked):
        for reason in found["via"].split(", "):
            if reason.startswith("-r "):
                has.append((found["name"], found["version"], reason.removeprefix("-r ")))
            elif reason not in names:
                problems.append(f"{found['name']} is there for {reason}, which is not")
    return problems + [f"{each}" for each in set(asked) ^ set(has)]


@pytest.mark.parametrize("file", sorted(REQUIREMENTS.values()))
def test_a_locked_file_is_that_of_its_requirement_file(file: str) -> None:
    assert differences(ROOT / file, (LOCKED / file).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("boto3==", "boto3==0.", "boto3"),
        ("boto3==", "boto4==0.", "boto4"),
        ("boto3==", "# boto3==", "boto3"),
        ("-r requirements-common.txt", "", "requirements-common.txt"),
    ],
)
def test_a_changed_requirement_is_noticed(tmp_path: Path, old: str, new: str, problem: str) -> None:
    for file in ("requirements-common.txt", "requirements-cpu.txt"):
        text = (ROOT / file).read_text(encoding="utf-8")
        (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
    locked = (LOCKED / "requirements-cpu.txt").read_text(encoding="utf-8")
    found = differences(tmp_path / "requirements-cpu.txt", locked)
    assert any(problem in each for each in found), found


def test_a_package_that_no_other_brings_is_noticed() -> None:
    locked = (LOCKED / "requirements-cpu.txt").read_text(encoding="utf-8")
    without = re.sub(r"^boto3==[^#]*#.*\n", "", locked, flags=re.MULTILINE)
    assert "s3transfer is there for boto3, which is not" in differences(
        ROOT / "requirements-cpu.txt", without
    )


@pytest.mark.parametrize("file", sorted(REQUIREMENTS.values()))
def test_each_package_has_hashes_and_none_says_where_it_is_from(file: str) -> None:
    text = (LOCKED / file).read_text(encoding="utf-8")
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}\b", found["hashes"]) for found in entries(text))
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "an option such as --index-url"


def test_the_image_takes_nothing_but_what_is_locked() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*?)\\?$", dockerfile, re.MULTILINE)
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "--only-binary :all:" in installs[0], "a source package would run code while it is installed"
    assert "COPY supply_chain/locked/${REQUIREMENTS}" in dockerfile


def test_pip_refuses_a_file_with_another_hash(tmp_path: Path) -> None:
    """With a wheel of our own, so without a network."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            tmp_path,
            ROOT,
        ],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    locked = tmp_path / "locked.txt"
    locked.write_text(f"human-detector @ {wheel.as_uri()} --hash={DIGEST}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--dry-run", "--ignore-installed"]
    done = subprocess.run(
        [*pip, "--require-hashes", "-r", locked], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The script, in a project of its own with a Dockerfile."""
    folder = tmp_path / "project"
    (folder / "supply_chain").mkdir(parents=True)
    (folder / "supply_chain" / "lock.py").write_bytes(LOCK.read_bytes())
    (folder / "Dockerfile").write_text(f"ARG BASE_IMAGE={TAG}\nFROM ${{BASE_IMAGE}}\n", encoding="utf-8")
    return folder


def lock_base_image(folder: Path, docker: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a program `docker` that answers like this."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "docker").write_text(f"#!/bin/sh\n{docker}\n", encoding="utf-8")
    (programs / "docker").chmod(0o755)
    return subprocess.run(
        [sys.executable, folder / "supply_chain" / "lock.py", "--base-image"],
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_base_image_is_pinned_by_its_digest_and_again_by_a_later_one(copy: Path) -> None:
    for digest in (DIGEST, DIGEST.replace("0", "f")):
        answer = f"[ $1 = pull ] || printf 'mirror/python@sha256:1\\npython@{digest}\\n'"
        done = lock_base_image(copy, answer)
        assert done.stdout == f"the Dockerfile builds on {TAG}@{digest}\n", done.stderr
        assert (copy / "Dockerfile").read_text().splitlines()[0] == f"ARG BASE_IMAGE={TAG}@{digest}"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("true", f"the image {TAG} has no digest: it was made on this machine, not fetched from elsewhere"),
        ("echo no such host >&2; exit 1", "docker failed: no such host"),
    ],
)
def test_a_base_image_that_cannot_be_pinned_is_said(copy: Path, answer: str, sentence: str) -> None:
    before = (copy / "Dockerfile").read_text()
    done = lock_base_image(copy, answer)
    assert (done.returncode, done.stderr) == (1, f"supply_chain/lock.py: {sentence}\n")
    assert (copy / "Dockerfile").read_text() == before
