"""The processes in a container, as the kernel sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from support.deployment_emulator import docker

_LIST = """
for folder in /proc/[0-9]*; do
  tr '\\0' ' ' <$folder/cmdline
  echo
  cat $folder/status
  echo ---
done 2>/dev/null
"""
_FILTERS_OF_DOCKER = 1


@dataclass(frozen=True)
class Process:
    """A process of ours.

    Attributes:
        module: that it runs.
        number: its id.
        parent: its parent's.
        is_confined: whether it is user 10001 without a capability, can gain none, and has a filter of its own
            beside Docker's.
    """

    module: str
    number: int
    parent: int
    is_confined: bool


def processes_in(container: str) -> list[Process]:
    """Those in a container that run a module of ours."""
    found = []
    for text in docker("exec", container, "sh", "-c", _LIST).split("---\n"):
        command, _, status = text.partition("\n")
        if module := re.search(r"human_detector\.processes\.(\w+)", command):
            told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            confined = (
                told["Uid"].split() == ["10001"] * 4
                and int(told["CapEff"], 16) == 0
                and told["NoNewPrivs"] == "1"
                and int(told["Seccomp_filters"]) > _FILTERS_OF_DOCKER
            )
            found.append(Process(module[1], int(told["Pid"]), int(told["PPid"]), confined))
    return found
