"""Where the system lacks a part of the cage, the others hold, and a sentence says what is missing."""

from __future__ import annotations

import sys

import pytest

from support.child import Ended, run_child

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="takes away what Linux has")

CLOSE = """
from human_detector.processes.cage.doors import close_decoder_door, confine_analysis, confine_analysis_early, hide_worker
cages = [close_decoder_door(1 << 30, [])]
CAGES
tell(**{name: [part for cage in cages for part in getattr(cage, name)] for name in ("in_force", "missing", "missing_extras")})
"""


def close(before: str, more: str = "") -> Ended:
    """Closes a decoder's door, and others, on a system that is changed before."""
    ended = run_child(before + CLOSE.replace("CAGES", more))
    assert ended.status == 0, ended
    return ended


@linux_only
@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("sys.modules['pyseccomp'] = None", "import of pyseccomp halted; None in sys.modules"),
        ("import ctypes.util; ctypes.util.find_library = lambda name: None", "Unable to find libseccomp"),
    ],
    ids=["no pyseccomp", "no libseccomp"],
)
def test_without_libseccomp(before: str, why: str) -> None:
    ended = close(before)
    assert ended["missing"] == [f"seccomp: libseccomp cannot be used ({why})"]
    assert {"no_new_privs", "limits of memory, threads, files and descriptors"} <= set(ended["in_force"])


REFUSE = """
import pyseccomp
refused = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
refused.add_rule(pyseccomp.ERRNO(errno.{error}), "{call}"{condition})
refused.load()
"""


@linux_only
@pytest.mark.parametrize("error", ["ENOSYS", "EOPNOTSUPP", "EPERM"])
def test_without_landlock(error: str) -> None:
    """An older kernel, one that has it turned off, and a container that refuses it."""
    ended = close(REFUSE.format(error=error, call="landlock_create_ruleset", condition=""))
    (sentence,) = ended["missing_extras"]
    assert sentence.startswith("Landlock: the kernel has none, or has it turned off (")
    assert ended["missing"] == []
    assert "seccomp" in ended["in_force"]


@linux_only
@pytest.mark.parametrize(
    ("version", "gap"),
    [
        (1, "TCP connections (from Linux 6.7 on) or signals and abstract sockets (from Linux 6.12 on)"),
        (4, "signals and abstract sockets (from Linux 6.12 on)"),
    ],
)
def test_with_an_older_landlock(version: int, gap: str) -> None:
    ended = close(
        f"from human_detector.processes.cage import landlock; landlock.landlock_version = lambda: {version}"
    )
    if "Landlock" in ended["in_force"]:
        assert ended["missing_extras"] == [f"Landlock: this kernel's does not hold back {gap}"]
    else:  # this kernel is older still
        assert ended["missing_extras"]


@linux_only
def test_where_filters_are_refused() -> None:
    condition = ", pyseccomp.Arg(0, pyseccomp.EQ, 1)"  # SECCOMP_SET_MODE_FILTER
    ended = close(REFUSE.format(error="EPERM", call="seccomp", condition=condition))
    assert ended["missing"] == ["seccomp: Operation canceled"]  # as libseccomp calls every refusal


def test_where_there_is_no_linux_all_is_missing_and_nothing_fails() -> None:
    ended = close(
        """
sys.platform = "darwin"
sys.modules["resource"] = sys.modules["pyseccomp"] = None
""",
        more="cages += [confine_analysis_early([], []), confine_analysis(uses_gpu=True), hide_worker()]",
    )
    assert set(ended["in_force"]) <= {"no inherited descriptors"}
    assert {sentence.partition(":")[0] for sentence in ended["missing"] + ended["missing_extras"]} >= {
        "limits of memory, threads, files and descriptors",
        "hidden from other processes",
        "no_new_privs",
        "no capabilities",
        "seccomp",
        "Landlock",
    }
