"""The same clip through deface, a known tool that finds faces in videos: its detection against ours.

    benchmarks/peers.py [VIDEO]

deface (from the package registry, in an environment of its own) reads frames through imageio and runs
CenterFace with ONNX Runtime on each. Its drawing and writing are left out. Ours analyses every frame too.
The networks differ: CenterFace takes a frame as large as it is, ours always takes 512x512.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

from measuring import (
    ROOT,
    Contestant,
    Run,
    command_line,
    frames_per_second,
    measure,
    print_table,
    ratio,
    write_json,
)
from throughput import detectors, ways

PACKAGES = ("deface==1.5.0", "onnx==1.23.2", "onnxruntime==1.31.1")
ENVIRONMENT = ROOT / ".cache" / "deface"

PEER = """
import json, sys
import imageio
from deface.centerface import CenterFace
detector = CenterFace()
for line in sys.stdin:
    frames = faces = 0
    for frame in imageio.get_reader(json.loads(line)).iter_data():
        found, _ = detector(frame, threshold=0.2)
        frames += 1
        faces += len(found)
    print(json.dumps([frames, faces]), flush=True)
"""
"""What runs in deface's environment; 0.2 is its own default threshold."""


def build_deface(video: Path) -> Run:
    """deface's reader and detector in a process that stays."""
    peer = subprocess.Popen(
        [ENVIRONMENT / "bin" / "python", "-c", PEER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def run() -> int:
        assert peer.stdin is not None
        assert peer.stdout is not None
        print(json.dumps(str(video)), file=peer.stdin, flush=True)
        # Other lines are its greeting.
        answer = next(line for line in peer.stdout if line.startswith("["))
        return int(json.loads(answer)[0])

    return run


def build_product(video: Path, engine: str, precision: str) -> Run:
    """VideoAnalyzer on every frame."""
    from human_detector.video_analyzer import VideoAnalyzer

    analyzer = VideoAnalyzer(detectors(["FaceDetector"], engine, precision), frame_ratio=1)
    analyzer.load()
    return lambda: len(analyzer.analyze(video).frames)


def make_environment() -> None:
    """Install deface, once."""
    if not (ENVIRONMENT / "installed").exists():
        print("installing deface (once)", file=sys.stderr)
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES]
        subprocess.run(pip, check=True)
        (ENVIRONMENT / "installed").touch()


def main() -> None:
    """Entry point."""
    from sample_clip import BIKES, sample_clip

    options = command_line(__doc__, 5, "cyclists, 640x272, 250 frames").parse_args()
    video = (options.video or sample_clip(BIKES)).resolve()
    make_environment()
    peer = Contestant("deface", build_deface, (video,))
    ours = [Contestant(f"product, {' '.join(way)}", build_product, (video, *way)) for way in ways()]
    samples = measure([peer, *ours], options.rounds)
    rows = [
        {
            "contestant": name,
            "frames_per_second": frames_per_second(taken),
            "ratio_to_deface": ratio(taken, samples[peer.name]),
        }
        for name, taken in samples.items()
    ]
    print_table(f"{video.name}, faces, every frame, medians of {options.rounds} rounds", rows)
    write_json("peers", {"peers": rows}, video=video.name, packages=PACKAGES)


if __name__ == "__main__":
    main()
