"""A vulnerable version is found by a file of advisories, and a file that cannot tell is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.paths import ROOT

AUDIT = ROOT / "supply_chain" / "audit.py"
TODAY = str(date.today())


def advisory(*ranges: list[dict[str, str]], name: str = "PyYAML", **more: Any) -> dict[str, Any]:
    """An advisory in OSV's form."""
    package = {"ecosystem": "PyPI", "name": name}
    between = [{"type": "ECOSYSTEM", "events": events} for events in ranges]
    affected = {"package": package, "ranges": between, "versions": more.pop("versions", [])}
    return {
        "id": "TEST-1",
        "summary": "runs what it reads",
        "modified": f"{TODAY}T00:00:00Z",
        "affected": [affected],
        **more,
    }


def audit(
    folder: Path, *records: dict[str, Any], arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Look for advisories about pyyaml 5.3.1 and rich 15.0.0, in a zip as OSV's exports are."""
    packages = [
        {"name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
        for name, version in (("pyyaml", "5.3.1"), ("rich", "15.0.0"))
    ]
    model = {"name": "small", "type": "machine-learning-model"}
    (folder / "sbom.json").write_text(json.dumps({"components": [*packages, model]}), encoding="utf-8")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for number, record in enumerate(records):
            archive.writestr(f"{number}.json", json.dumps(record))
    command = [sys.executable, AUDIT, folder / "sbom.json", "--advisories", folder / "all.zip", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


BEFORE_5_4 = [{"introduced": "0"}, {"fixed": "5.4"}]


@pytest.mark.parametrize(
    "affected",
    [
        advisory(BEFORE_5_4),
        advisory([{"introduced": "5.1"}, {"last_affected": "5.3.1"}]),
        advisory([{"introduced": "5.3.1"}]),
        advisory([{"fixed": "6.2"}, {"introduced": "6"}, {"fixed": "5.4"}, {"introduced": "0"}]),
        advisory(versions=["5.3", "5.3.1"]),
        advisory([{"introduced": "0"}, {"fixed": "1"}], BEFORE_5_4),
        advisory(BEFORE_5_4, name="pyyaml"),
    ],
    ids=["before", "last affected", "not mended", "several", "by version", "two ranges", "name"],
)
def test_a_vulnerable_version_is_found(tmp_path: Path, affected: dict[str, Any]) -> None:
    done = audit(tmp_path, advisory(name="another"), affected)
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [
        "pyyaml 5.3.1: TEST-1 runs what it reads",
        f"1 found in 2 packages by 2 advisories until {TODAY}",
    ]


@pytest.mark.parametrize(
    "harmless",
    [
        advisory([{"introduced": "0"}, {"fixed": "5.3.1"}]),
        advisory([{"introduced": "5.4"}]),
        advisory([{"introduced": "0"}, {"last_affected": "5.3"}]),
        advisory(BEFORE_5_4, withdrawn=TODAY),
        advisory(BEFORE_5_4, name="pyyaml-include"),
        advisory(versions=["5.3"]),
    ],
    ids=["mended", "later", "last affected", "withdrawn", "another package", "another version"],
)
def test_a_mended_version_is_not(tmp_path: Path, harmless: dict[str, Any]) -> None:
    done = audit(tmp_path, harmless)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout + done.stderr


def test_an_advisory_can_be_accepted_by_its_id(tmp_path: Path) -> None:
    assert audit(tmp_path, advisory(BEFORE_5_4), arguments=("--accept", "TEST-1")).returncode == 0
    assert audit(tmp_path, advisory(BEFORE_5_4), arguments=("--accept", "TEST-2")).returncode == 1


def test_old_advisories_do_not_tell(tmp_path: Path) -> None:
    then = date.today() - timedelta(days=31)
    old = advisory(BEFORE_5_4, modified=f"{then}T00:00:00Z")
    done = audit(tmp_path, old)
    assert done.returncode == 2
    assert f"the newest advisory is of {then}, 31 days ago: get a new file, or allow --max-age" in done.stderr
    assert audit(tmp_path, old, arguments=("--max-age", "40")).returncode == 1


def test_files_that_cannot_tell_are_refused(tmp_path: Path) -> None:
    done = audit(tmp_path)
    assert (done.returncode, "has no OSV records" in done.stderr) == (2, True)
    done = audit(tmp_path, advisory(), arguments=("--advisories", "none.zip"))
    assert (done.returncode, "none.zip cannot be read: No such file or directory" in done.stderr) == (2, True)
