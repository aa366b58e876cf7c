"""What an image holds is listed, and its licences are looked at."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from support.own_environment import own_environment
from support.paths import ROOT

SBOM, LICENCES = (ROOT / "supply_chain" / name for name in ("sbom.py", "licences.py"))
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(str(problem) if problem else 0)
"""


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What this machine holds, with a model, listed as an image is: by Python alone, from stdin."""
    if not shutil.which("dpkg-query"):
        pytest.skip("this machine is no Debian, as the images are")
    models = tmp_path_factory.mktemp("models")
    (models / "small").mkdir()
    (models / "small" / "graph.pb").write_bytes(b"weights")
    done = subprocess.run(
        [sys.executable, "-", "human_detector", "1.2"],
        stdin=SBOM.open("rb"),
        env={"MODEL_DIR": str(models), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def components(listed: str, kind: str) -> dict[str, dict[str, Any]]:
    return {
        each["name"]: each
        for each in json.loads(listed)["components"]
        if each["bom-ref"].startswith(f"{kind}/")
    }


def test_all_packages_and_models_are_listed(listed: str) -> None:
    installed = {each.metadata["Name"].lower().replace("_", "-"): each.version for each in distributions()}
    packages = components(listed, "python")
    assert {name: each["version"] for name, each in packages.items()} == installed
    debian = components(listed, "debian")
    version = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Version}", "libc6"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert debian["libc6"]["version"] == version.stdout
    (model,) = components(listed, "model").values()
    assert (model["name"], model["components"][0]["name"]) == ("small", "small/graph.pb")
    assert model["components"][0]["hashes"][0]["content"].startswith("9a129038d9a0")
    assert packages["boto3"]["purl"] == f"pkg:pypi/boto3@{installed['boto3']}"


def test_the_libraries_that_a_wheel_brings_are_listed(listed: str) -> None:
    parts = components(listed, "python")["av"]["components"]
    assert {"libavcodec", "libx264", "libvpx"} <= {each["name"] for each in parts if each["type"] == "file"}
    told = [each["purl"] for each in parts if each["type"] == "library"]
    assert any(purl.startswith("pkg:rpm/") for purl in told), "what the wheel says itself"


def test_the_list_is_a_cyclonedx_document(listed: str) -> None:
    try:
        bin = own_environment(
            ROOT / ".cache" / "cyclonedx", ROOT / "tests" / "support" / "requirements-cyclonedx.txt"
        )
    except subprocess.CalledProcessError:
        pytest.skip("what checks the document cannot be installed here")

    def problems(document: str) -> str:
        command = [bin / "python", "-c", VALIDATE]
        return subprocess.run(command, input=document, capture_output=True, text=True, check=False).stderr

    assert problems(listed) == ""
    assert "speed" in problems(listed.replace('"bom-ref"', '"speed"', 1))


def licences_of(tmp_path: Path, *parts: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Look at the licences of packages."""
    packages = [
        {
            "type": "library",
            "name": "boto3",
            "bom-ref": "python/boto3",
            "licenses": [{"license": {"name": "MIT"}}],
        }
    ]
    packages += [
        {"type": "library", "name": "it", "bom-ref": "python/it", "licenses": [], **part} for part in parts
    ]
    path = tmp_path / "sbom.json"
    path.write_text(json.dumps({"components": packages}), encoding="utf-8")
    return subprocess.run([sys.executable, LICENCES, path], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("expression", "status", "kind"),
    [
        ("MIT", 0, "2 permissive"),
        ("LGPL-2.1-or-later", 0, "1 copyleft"),
        ("LicenseRef-NVIDIA-Proprietary", 0, "1 the vendor's terms"),
        ("AGPL-3.0-only", 1, "1 forbids"),
        ("MIT AND CC-BY-NC-4.0", 1, "1 forbids"),
        ("Free for non-commercial use", 1, "1 forbids"),
        ("Business Source License 1.1", 1, "1 forbids"),
        ("as you like it", 1, "1 not known"),
        (None, 1, "1 not known"),
    ],
)
def test_a_licence_in_the_way_of_a_business_is_found(
    tmp_path: Path, expression: str | None, status: int, kind: str
) -> None:
    done = licences_of(tmp_path, {"licenses": [{"expression": expression}] if expression else []})
    assert done.returncode == status, done.stdout
    assert kind in done.stdout
    assert f"it: {expression or 'says nothing'}" in done.stdout


def test_a_library_that_nobody_has_looked_at_is_found(tmp_path: Path) -> None:
    known, new = ({"licenses": [{"expression": "MIT"}], "components": [{"type": "file", "name": name}]} for name in
                  ("libx264", "libnew"))  # fmt: skip
    assert "libx264 in it: GPL-2.0-or-later" in licences_of(tmp_path, known).stdout
    done = licences_of(tmp_path, new)
    assert (done.returncode, "libnew in it: says nothing" in done.stdout) == (1, True)


def test_debian_may_say_nothing_but_no_agpl(tmp_path: Path) -> None:
    assert licences_of(tmp_path, {"bom-ref": "debian/it"}).returncode == 0
    bad = {"bom-ref": "debian/it", "licenses": [{"license": {"name": "AGPL-3+"}}]}
    assert licences_of(tmp_path, bad).returncode == 1


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("{}")
    for path, sentence in (
        (tmp_path / "none.json", "none.json cannot be read: No such file or directory"),
        (tmp_path / "list.json", "list.json is no CycloneDX document of an image"),
    ):
        done = subprocess.run([sys.executable, LICENCES, path], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert sentence in done.stderr
