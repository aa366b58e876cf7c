"""Lists the licences of all that an image holds, and says which would be in the way of a business.

.venv/bin/python supply_chain/licences.py sbom/human_detector-TAG.cdx.json

The file is what build_dockerfile.sh writes. The exit status is 1 where a licence forbids commercial use, asks
for the source of what is offered over a network, or is none that this page knows.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FORBIDDING = re.compile(
    r"\bAGPL|Affero|SSPL|Server Side Public|BUSL|Business Source|Commons Clause|Elastic License"
    r"|non-?commercial|\bNC\b|-NC-|evaluation|academic",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"\bL?GPL|General Public|\bMPL|Mozilla Public|\bEPL|\bEUPL", re.IGNORECASE)
PERMISSIVE = re.compile(
    r"\bMIT\b|\bBSD|\b0BSD|Apache|\bISC\b|\bPSF|Python Software Foundation|\bZlib\b|\bCC0|Unlicense"
    r"|Public Domain|\bHPND\b|\bX11\b|3-Clause|\bNCSA\b",
    re.IGNORECASE,
)
VENDOR = re.compile(r"NVIDIA", re.IGNORECASE)

FORBIDS, PASSES_ON, VENDORS, PERMITS, DEBIAN, UNKNOWN = (
    "forbids commercial use, or asks for the source of a service",
    "copyleft: bound to terms when the image is given to others, not when it is used",
    "the vendor's terms: CUDA's runtime may be used and passed on with an application",
    "permissive",
    "in Debian's main, where nothing may forbid a use",
    "not known",
)

_FFMPEG, _GCC, _XCB = (
    "LGPL-2.1-or-later or, in av, LGPL-3.0-or-later",
    "GPL-3.0-or-later WITH GCC-exception-3.1",
    "MIT",
)
LIBRARIES = {
    "libSvtAv1Enc": "BSD-3-Clause-Clear",
    "libXau": _XCB,
    "libaec": "BSD-2-Clause",
    "libaom": "BSD-2-Clause",
    "libasound": "LGPL-2.1-or-later",
    "libavcodec": _FFMPEG,
    "libavdevice": _FFMPEG,
    "libavfilter": _FFMPEG,
    "libavformat": _FFMPEG,
    "libavif": "BSD-2-Clause",
    "libavutil": _FFMPEG,
    "libcrypto": "Apache-style (OpenSSL and SSLeay)",
    "libdav1d": "BSD-2-Clause",
    "libdrm": "MIT",
    "libgfortran": _GCC,
    "libgmp": "LGPL-3.0-or-later",
    "libgnutls": "LGPL-2.1-or-later",
    "libhdf5": "BSD-3-Clause",
    "libhdf5_hl": "BSD-3-Clause",
    "libhogweed": "LGPL-3.0-or-later",
    "libmp3lame": "LGPL-2.0-or-later",
    "libnettle": "LGPL-3.0-or-later",
    "libopenblas64_p-r0": "BSD-3-Clause",
    "libopenblasp-r0": "BSD-3-Clause",
    "libopencore-amrnb": "Apache-2.0",
    "libopencore-amrwb": "Apache-2.0",
    "libopus": "BSD-3-Clause",
    "libpng16": "Zlib-style (libpng)",
    "libquadmath": "LGPL-2.1-or-later",
    "libscipy_openblas64_": "BSD-3-Clause",
    "libsharpyuv": "BSD-3-Clause",
    "libssl": "Apache-style (OpenSSL and SSLeay)",
    "libswresample": _FFMPEG,
    "libswscale": _FFMPEG,
    "libsz": "BSD-2-Clause",
    "libunistring": "LGPL-3.0-or-later",
    "libvpl": "MIT",
    "libvpx": "BSD-3-Clause",
    "libwebp": "BSD-3-Clause",
    "libwebpmux": "BSD-3-Clause",
    "libx264": "GPL-2.0-or-later",
    "libx265": "GPL-2.0-or-later",
    "libxcb": _XCB,
    "libxcb-shape": _XCB,
    "libxcb-shm": _XCB,
    "libxcb-xfixes": _XCB,
}
"""What the wheels bring as files, which say nothing of their licence: those that their projects publish.
One that is not here is not known, and so a new one is looked at before it ships."""

PACKAGES = {"namex": "Apache-2.0"}
"""Packages that do not say their licence, though their projects do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the list; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="supply_chain/licences.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sbom", type=Path, help="what build_dockerfile.sh wrote of an image")
    path = parser.parse_args(arguments).sbom
    try:
        found = sorted_by_kind(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        parser.error(f"{path} cannot be read: {error.strerror}")
    except (ValueError, KeyError, TypeError, AttributeError):
        parser.error(f"{path} is no CycloneDX document of an image")
    for kind, names in found.items():
        print(f"{len(names)} {kind}:\n  " + "\n  ".join(names))
    return 1 if FORBIDS in found or UNKNOWN in found else 0


def sorted_by_kind(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """What an image holds, by what its licences allow, the worst first."""
    found: dict[str, list[str]] = {
        kind: [] for kind in (FORBIDS, UNKNOWN, PASSES_ON, VENDORS, PERMITS, DEBIAN)
    }
    for name, licence, is_debian in parts_of(document):
        found[kind_of(licence, is_debian)].append(f"{name}: {licence or 'says nothing'}")
    return {kind: names for kind, names in found.items() if names}


def parts_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Name and licence of each package, and of the files that it brings; whether Debian has it."""
    for package in document["components"]:
        if package["type"] == "library":
            told = [each.get("expression") or each["license"]["name"] for each in package["licenses"]]
            licence = ", ".join(told) or PACKAGES.get(package["name"], "")
            yield package["name"], licence, package["bom-ref"].startswith("debian/")
            for part in package.get("components", []):
                if part["type"] == "file":
                    yield f"{part['name']} in {package['name']}", LIBRARIES.get(part["name"], ""), False


def kind_of(licence: str, is_debian: bool) -> str:
    """What a licence allows."""
    if FORBIDDING.search(licence):
        return FORBIDS
    if is_debian:
        return DEBIAN
    for kind, words in ((PASSES_ON, COPYLEFT), (VENDORS, VENDOR), (PERMITS, PERMISSIVE)):
        if words.search(licence):
            return kind
    return UNKNOWN


if __name__ == "__main__":
    sys.exit(main())
