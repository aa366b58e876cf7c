"""What the benchmarks share: contestants in their own processes, rounds, medians, tables and JSON files."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("demo", "tests")]
"""Where the sample clips are, and the reference loop."""

from support.requirements import need_packages_of  # noqa: E402 - found by the line above

need_packages_of("requirements-dev.txt")

RESULTS = ROOT / "benchmarks" / "results"

Run = Callable[[], int]
"""Does the work once, and returns how many frames it analysed."""


@dataclass(frozen=True)
class Sample:
    """One run of one contestant.

    Attributes:
        frames: that were analysed.
        seconds: of wall time.
        cpu_seconds: of all threads of the process.
    """

    frames: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Contestant:
    """Something to be measured.

    Attributes:
        name: its row in the table.
        build: a function of a module, called in a process of its own; it prepares everything and returns a
            `Run`.
        arguments: of `build`.
    """

    name: str
    build: Callable[..., Run]
    arguments: tuple[Any, ...] = ()


def command_line(
    description: str | None, rounds: int | None = None, video: str | None = None
) -> argparse.ArgumentParser:
    """A parser with the options that the benchmarks share.

    Args:
        description: the docstring of the benchmark.
        rounds: how many, unless `--rounds` says otherwise; None for a benchmark without rounds.
        video: what is taken where no video is named; None for a benchmark that needs none.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if video is not None:
        parser.add_argument("video", nargs="?", type=Path, help=f"default: {video}")
    if rounds is not None:
        parser.add_argument("--rounds", type=int, default=rounds, help="how many (default %(default)s)")
    return parser


def measure(contestants: Sequence[Contestant], rounds: int) -> dict[str, list[Sample]]:
    """Let all contestants run in turn, round after round, so that whatever slows the machine slows all.

    Each has its own process, so that no inference library is in the way of another. One runs at a time.
    """
    context = multiprocessing.get_context("spawn")
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    with_connections = []
    for contestant in contestants:
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, contestant.build, contestant.arguments), daemon=True
        )
        process.start()
        theirs.close()
        ours.recv()  # One after another: the next one starts when this one has prepared itself.
        with_connections.append((contestant, ours, process))
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}", end="\r", file=sys.stderr, flush=True)
        for contestant, connection, _ in with_connections:
            connection.send(True)
            samples[contestant.name].append(connection.recv())
    print(end="\033[K", file=sys.stderr, flush=True)
    for _, connection, process in with_connections:
        connection.close()
        process.join()
    return samples


def _serve(connection: Connection, build: Callable[..., Run], arguments: tuple[Any, ...]) -> None:
    run = build(*arguments)
    run()  # The first run fills caches, and is not measured.
    connection.send(True)
    while True:
        try:
            connection.recv()
        except EOFError:
            return
        connection.send(timed(run))


def repeated(clip: Path, times: int, folder: Path) -> Path:
    """The clip so many times, one after the other."""
    longer = folder / f"{clip.stem}_repeated.mp4"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-stream_loop",
        str(times - 1),
        "-i",
        clip,
        "-c",
        "copy",
        "-an",
        longer,
    ]
    subprocess.run(command, check=True)
    return longer


def timed(run: Run) -> Sample:
    """Run once in this process."""
    started, cpu_started = time.perf_counter(), cpu_seconds()
    frames = run()
    return Sample(frames, time.perf_counter() - started, cpu_seconds() - cpu_started)


def cpu_seconds() -> float:
    """What this process has used, its children, and what theirs had used that have ended: the decoders."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It has ended.
        if int(fields[1]) == os.getpid():
            ticks += sum(map(int, fields[11:15]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def frames_per_second(samples: Sequence[Sample]) -> float:
    """The median of the rounds."""
    return statistics.median(sample.frames / sample.seconds for sample in samples)


def cpu_milliseconds_per_frame(samples: Sequence[Sample]) -> float:
    """The median of the rounds."""
    return statistics.median(1000 * sample.cpu_seconds / sample.frames for sample in samples)


def ratio(above: Sequence[Sample], below: Sequence[Sample]) -> float:
    """How many times as fast: the median over the rounds of the ratio within a round."""
    pairs = zip(above, below, strict=True)
    return statistics.median((a.frames / a.seconds) / (b.frames / b.seconds) for a, b in pairs)


def peak_memory_mb() -> float:
    """The most memory that this process has had resident, in MB of 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {key.strip(): value.strip() for key, value in facts.items()}
    flags = named.get("flags", "").split()
    return {
        "processor": named.get("model name", platform.processor()),
        "cores": os.cpu_count(),
        "bf16": "avx512_bf16" in flags or "amx_bf16" in flags,
        "vnni": "avx512_vnni" in flags or "avx_vnni" in flags,
        "amx_int8": "amx_int8" in flags,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
    }


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as an aligned table; numbers to three significant places, nothing where a row lacks a key."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_shown(row.get(key, "")) for key in keys] for row in rows]
    header = [key.replace("_", " ") for key in keys]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    print(f"\n{title}")
    for line in (header, ["-" * width for width in widths], *cells):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return str(value)


def write_json(name: str, tables: Mapping[str, Sequence[Mapping[str, Any]]], **facts: Any) -> Path:
    """Write all tables to `benchmarks/results/<name>.json`; returns its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    document = {"machine": machine(), **facts, "tables": tables}
    path.write_text(json.dumps(document, indent=2, default=str) + "\n", encoding="utf-8")
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return path


def check(measured: float, at_least: float = 0.0, at_most: float = float("inf")) -> str:
    """What the target says of a measured value."""
    return "reached" if at_least <= measured <= at_most else "MISSED"
