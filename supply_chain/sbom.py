"""Prints what an image holds, as a CycloneDX document. Runs inside the image, and needs nothing but Python.

docker run --rm -i --network none --entrypoint python IMAGE - NAME VERSION < supply_chain/sbom.py

Listed are Python's packages with the libraries that their wheels bring, Debian's packages, and the models.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

Component = dict[str, Any]

_LIBRARY = re.compile(r"(?P<name>[\w.+-]+?)(?:-[0-9a-f]{8})*(?:\.[\w.]+)?\.so\b.*")
"""A library as auditwheel names it: with a part of its hash, twice where one wheel's went into another's.
What follows is the version of its interface, not its own."""

_COPYRIGHTS = Path("/usr/share/doc")
_LICENCE_IN_COPYRIGHT = re.compile(r"^License: *(\S.*)$", re.MULTILINE)
_WITHOUT_A_LICENCE = ("", "UNKNOWN", "Dual License")


def document(name: str, version: str, models: Path) -> dict[str, Any]:
    """What this system holds.

    Args:
        name: of the image.
        version: of the image.
        models: folder with a folder for each model.
    """
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),  # noqa: UP017
            "component": {"type": "container", "bom-ref": "image", "name": name, "version": version},
        },
        "components": [*python_packages(), *debian_packages(), *models_in(models)],
    }


def python_packages() -> Iterator[Component]:
    """Each installed distribution."""
    found = {each.metadata["Name"].lower().replace("_", "-"): each for each in distributions()}
    for name, distribution in sorted(found.items()):
        yield {
            "type": "library",
            "bom-ref": f"python/{name}",
            "name": name,
            "version": distribution.version,
            "purl": f"pkg:pypi/{name}@{distribution.version}",
            "licenses": list(licences_of(distribution)),
            "components": list(libraries_of(distribution, f"python/{name}")),
        }


def licences_of(distribution: Distribution) -> Iterator[dict[str, Any]]:
    """What a distribution says of its licence: an expression, else a few words, else its classifiers."""
    told = distribution.metadata
    words = next(iter(told.get_all("License") or []), "").strip()
    if expressions := told.get_all("License-Expression"):
        yield {"expression": expressions[0]}
    elif words not in _WITHOUT_A_LICENCE and "\n" not in words:  # else it is the licence itself
        yield {"license": {"name": words}}
    else:
        for classifier in told.get_all("Classifier") or []:
            if classifier.startswith("License ::"):
                yield {"license": {"name": classifier.rpartition(" :: ")[2]}}


def libraries_of(distribution: Distribution, reference: str) -> Iterator[Component]:
    """The libraries of others that a wheel brings: its files of them, and what it says itself of some.

    auditwheel puts the files into a folder of their own, and a document like this one into the package.
    """
    files = distribution.files or []
    for name in sorted({file.name for file in files if file.parts[0].endswith(".libs")}):
        library = _LIBRARY.fullmatch(name)
        yield {
            "type": "file",
            "bom-ref": f"{reference}/{name}",
            "name": library["name"] if library else name,
            "properties": [{"name": "file", "value": name}],
        }
    told: dict[str, Component] = {}
    for file in files:
        if file.match("*.dist-info/sboms/*.json"):
            for component in json.loads(file.read_text()).get("components", []):
                if not component.get("purl", "pkg:pypi/").startswith("pkg:pypi/"):
                    told[component["purl"]] = component
    for _, component in sorted(told.items()):
        yield {
            "type": "library",
            "bom-ref": f"{reference}/{component['name']}",
            **{key: component[key] for key in ("name", "version", "purl")},
        }


def debian_packages() -> Iterator[Component]:
    """Each of Debian's packages, with the licences that its copyright file names, if the image has that."""
    release = dict(
        line.partition("=")[::2] for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    )
    form = "${binary:Package}\\t${Version}\\t${Architecture}\\t${db:Status-Status}\\n"
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat", form], check=True, capture_output=True, text=True
    )
    for line in listed.stdout.splitlines():
        name, version, architecture, status = line.split("\t")
        if status == "installed":
            name = name.partition(":")[0]
            yield {
                "type": "library",
                "bom-ref": f"debian/{name}",
                "name": name,
                "version": version,
                "purl": f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}"
                f"?arch={architecture}&distro=debian-{release.get('VERSION_ID', '').strip(chr(34))}",
                "licenses": [{"license": {"name": each}} for each in _licences_in(name)],
            }


def _licences_in(package: str) -> list[str]:
    try:
        text = (_COPYRIGHTS / package / "copyright").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return sorted({found.strip() for found in _LICENCE_IN_COPYRIGHT.findall(text)})


def models_in(folder: Path) -> Iterator[Component]:
    """Each model, by the hashes of its files."""
    for model in sorted(folder.iterdir()) if folder.is_dir() else []:
        files = sorted(path for path in model.rglob("*") if path.is_file())
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model/{model.name}",
            "name": model.name,
            "components": [
                {
                    "type": "file",
                    "bom-ref": f"model/{path.relative_to(folder)}",
                    "name": str(path.relative_to(folder)),
                    "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
                }
                for path in files
            ],
        }


if __name__ == "__main__":
    _, image_name, image_version = sys.argv
    print(
        json.dumps(document(image_name, image_version, Path(os.environ.get("MODEL_DIR", "model"))), indent=1)
    )
