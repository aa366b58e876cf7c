"""Fixtures: a Docker engine, an emulated AWS account with the project's own stack in it, and a deployment."""

from __future__ import annotations

import ipaddress
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.deployment_clone import Clone
from support.deployment_cloud import Cloud
from support.deployment_emulator import clean_environment, docker, emulator, forward, why_no_engine
from support.paths import ROOT


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """A Docker engine, and a registry's name that leads to this machine."""
    if reason := why_no_engine():
        pytest.skip(f"deployment is not tested: {reason}")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of the scripts."""
    return clean_environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def cloud(
    docker_engine: None, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    """An account of the emulator, empty, with the address of the containers' network."""
    subnet = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}")
    bridge = str(ipaddress.ip_network(subnet)[1])
    log = tmp_path_factory.mktemp("emulator") / "log"
    with emulator(environment, log) as endpoint, forward(bridge):
        cloud = Cloud(endpoint, bridge)
        try:
            yield cloud
        finally:
            cloud.end_all_containers()


@pytest.fixture(scope="session")
def stack(cloud: Cloud) -> dict[str, str]:
    """The stack of aws_resources.yml without a network, and so without instances and service; its outputs."""
    template = (ROOT / "aws_resources.yml").read_text()
    return cloud.deploy_stack("human-detector", template, cloud.stack_parameters())


@pytest.fixture(scope="session")
def clone(
    cloud: Cloud,
    stack: dict[str, str],
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Clone:
    """A clone that is set up for the account."""
    clone = Clone(tmp_path_factory.mktemp("clone") / "human_detector", cloud.variables(), environment)
    clone.commit()
    return clone


@pytest.fixture(scope="session")
def deployed(clone: Clone, cloud: Cloud) -> Iterator[subprocess.CompletedProcess[str]]:
    """The first deployment, with one task that runs."""
    began = time.monotonic()
    run = clone.run("deploy_to_aws.sh")
    print(f"\nfirst deployment: {time.monotonic() - began:.0f} s")
    assert run.returncode == 0, run.stdout
    yield run
    # The layers stay for the next session; the names that lead nowhere go.
    for image in docker("image", "ls", "--quiet", "--filter", "dangling=true").splitlines():
        subprocess.run(["docker", "rmi", image], capture_output=True, check=False)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Wait for something to become true: `eventually(what, seconds, "what it is")` returns its value."""

    def wait(what: Callable[[], Any], seconds: float, description: str) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := what()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {description}"
            time.sleep(0.2)
        return value

    return wait


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that takes the worker about a minute."""
    from sample_clip import sample_clip

    path = tmp_path_factory.mktemp("clips") / "long.mp4"
    loop = ["ffmpeg", "-loglevel", "error", "-stream_loop", "200", "-i", str(sample_clip()), "-c", "copy"]
    subprocess.run([*loop, str(path)], check=True, stdin=subprocess.DEVNULL)
    return path
