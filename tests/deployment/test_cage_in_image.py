"""The cage holds in the image as ECS runs it: user 10001, nothing to write to, no capability."""

from __future__ import annotations

import json
import subprocess

import pytest

from support.deployment_clone import Clone
from support.deployment_cloud import Cloud

IMAGE = "human_detector:latest"
READ_ONLY = ("--read-only", "--cap-drop", "ALL", "--network", "none", "--env", "OPENBLAS_NUM_THREADS=1")
EPERM = 1
KILLED_BY_SIGSYS = 128 + 31

SCRIPT = """
import json, os, socket
import av, cv2, numpy
from human_detector.processes.cage.doors import close_decoder_door

user = os.getuid()
cage = close_decoder_door(3072 << 20, [0, 1, 2])

def refusal(attempt):
    try:
        attempt()
    except OSError as error:
        return error.errno

print(json.dumps({
    "user": user,
    "in force": cage.in_force,
    "missing": cage.missing,
    "missing extras": cage.missing_extras,
    "refused": {
        "read a file": refusal(lambda: os.open("/app/variables.json", os.O_RDONLY)),
        "write a file": refusal(lambda: os.open("/scratch/x", os.O_WRONLY | os.O_CREAT)),
        "open a socket": refusal(socket.socket),
        "start a process": refusal(os.fork),
    },
}), flush=True)
os.execve("/bin/sh", ["sh"], {})
"""


# ECS on instances can be told no-new-privileges, Fargate cannot.
@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("more", [(), ("--security-opt", "no-new-privileges")], ids=["fargate", "local"])
def test_the_door_closes(more: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", *READ_ONLY, *more, "--entrypoint", "python", IMAGE, "-"],
        input=SCRIPT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = json.loads(done.stdout)
    print(f"\n{said['in force']}, without {said['missing extras']}")
    assert said["user"] == 10001
    assert said["missing"] == [], "what `worker.cage: required` would refuse to start for"
    assert set(said["refused"].values()) == {EPERM}, said["refused"]
    # A program is not only refused: whoever tries to start one is no decoder any more.
    assert done.returncode == KILLED_BY_SIGSYS, done.stderr


WITHOUT_LIBSECCOMP = ("--volume", "/dev/null:/usr/lib/x86_64-linux-gnu/libseccomp.so.2:ro")


def work(clone: Clone, *options: str) -> subprocess.CompletedProcess[str]:
    """Let the image work until its queue is empty."""
    settings = [f"--env={name}" for name in clone.environment if name.startswith("AWS_")]
    confined = ["--rm", "--read-only", "--cap-drop", "ALL", "--network", "host"]
    return subprocess.run(
        ["docker", "run", *confined, *settings, *options, IMAGE, "--exit-when-idle", "1"],
        env={**clone.environment, "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_worker_whose_image_lacks_a_part_of_the_cage_refuses_to_start(
    cloud: Cloud, clone: Clone, deployed: subprocess.CompletedProcess[str]
) -> None:
    refused = work(clone, *WITHOUT_LIBSECCOMP)
    print("\n" + refused.stderr)
    assert refused.returncode == 2
    assert 'worker.cage, or HUMAN_DETECTOR_CAGE, is "required", but' in refused.stderr
    assert "seccomp" in refused.stderr
    warned = work(clone, *WITHOUT_LIBSECCOMP, "--env", "HUMAN_DETECTOR_CAGE=preferred")
    assert warned.returncode == 0, warned.stderr
    assert "is not confined as it should be" in warned.stderr
