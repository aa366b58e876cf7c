"""Compares what an image holds with a file of advisories, where the service that has them cannot be asked.

.venv/bin/python supply_chain/audit.py sbom/human_detector-TAG.cdx.json --advisories all.zip

The first file is what build_dockerfile.sh writes. The second is an export of the Open Source Vulnerability
database: its all.zip for PyPI, or any zip or folder of its records. How old it is counts: nothing is known of
what was found since. The exit status is 0 where nothing was found, 1 where something was, 2 where the files
cannot tell.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Record = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="supply_chain/audit.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sbom", type=Path, help="what build_dockerfile.sh wrote of an image")
    parser.add_argument("--advisories", type=Path, required=True, help="zip or folder of OSV records")
    parser.add_argument(
        "--max-age", type=int, default=30, metavar="DAYS", help="of the advisories, default 30"
    )
    parser.add_argument(
        "--accept", action="append", default=[], metavar="ID", help="an advisory to live with"
    )
    wanted = parser.parse_args(arguments)
    try:
        packages = dict(python_packages(wanted.sbom))
        records = list(read_advisories(wanted.advisories))
        newest = max(date.fromisoformat(record["modified"][:10]) for record in records)
    except OSError as error:
        parser.error(f"{error.filename} cannot be read: {error.strerror}")
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile):
        parser.error(
            f"{wanted.sbom} is no CycloneDX document with versions, or {wanted.advisories} has no OSV records"
        )
    age = (date.today() - newest).days
    if age > wanted.max_age:
        parser.error(
            f"the newest advisory is of {newest}, {age} days ago: get a new file, or allow --max-age"
        )
    found = [
        (identifier, sentence)
        for identifier, sentence in findings(packages, records)
        if identifier not in wanted.accept
    ]
    for _, sentence in found:
        print(sentence)
    print(f"{len(found)} found in {len(packages)} packages by {len(records)} advisories until {newest}")
    return 1 if found else 0


def python_packages(sbom: Path) -> Iterator[tuple[str, str]]:
    """Name and version of each of Python's packages."""
    for component in json.loads(sbom.read_text(encoding="utf-8"))["components"]:
        if component.get("purl", "").startswith("pkg:pypi/"):
            yield canonicalize_name(component["name"]), component["version"]


def read_advisories(place: Path) -> Iterator[Record]:
    """The records in a zip or in a folder."""
    if place.is_dir():
        for path in sorted(place.rglob("*.json")):
            yield json.loads(path.read_text(encoding="utf-8"))
    else:
        with zipfile.ZipFile(place) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))


def findings(packages: Mapping[str, str], records: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """The advisories that are about a version that is there: their ids, and a sentence of each."""
    for record in records:
        if "withdrawn" in record:
            continue
        for affected in record.get("affected", []):
            about = affected.get("package", {})
            name = canonicalize_name(about.get("name", ""))
            if (
                about.get("ecosystem") == "PyPI"
                and name in packages
                and is_affected(packages[name], affected)
            ):
                summary = record.get("summary") or record.get("details", "").partition("\n")[0][:100]
                yield record["id"], f"{name} {packages[name]}: {record['id']} {summary}"
                break


def is_affected(version: str, affected: Record) -> bool:
    """Whether an advisory is about this version."""
    if version in affected.get("versions", []):
        return True
    return any(
        _is_between(Version(version), each["events"])
        for each in affected.get("ranges", [])
        if each["type"] == "ECOSYSTEM"
    )


def _is_between(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    """Whether a version comes after an event that brings the fault, and before the one that takes it away."""
    told = sorted((_version(text), kind) for event in events for kind, text in event.items())
    state = False
    for at, kind in told:
        if kind == "introduced" and version >= at:
            state = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            state = False
    return state


def _version(text: str) -> Version:
    """Of an event: "0" is before all others, and what is no version of Python's is never reached."""
    try:
        return Version("0.dev0" if text == "0" else text)
    except InvalidVersion:
        return Version("99999!0")


if __name__ == "__main__":
    sys.exit(main())
