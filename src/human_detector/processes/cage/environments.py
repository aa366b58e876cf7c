"""What other processes get of the worker's surroundings: variables without secrets, no files of those."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_SECRET_NAME = re.compile(r"^(AWS|ECS)_|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|_KEY|APIKEY", re.IGNORECASE)
_PASSWORD_IN_AN_ADDRESS = re.compile(r"://[^/\s@]*:[^/\s@]+@")
_CREDENTIALS_IN_HOME = (".aws", ".ssh", ".netrc", ".docker", ".kube", ".config/gcloud")
_CREDENTIALS_OF_CONTAINERS = "/run/secrets"
_CREDENTIALS_NAMED_BY = (
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
_OF_PYTHON = ("LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPYCACHEPREFIX")
_OF_THE_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime"),
    *("/dev/null", "/dev/urandom", "/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo"),
)


def environment_without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for programs that need no AWS.

    Left out are variables whose name begins with AWS_ or ECS_ (keys, and the address at which a task fetches
    its own), or has one of SECRET, TOKEN, PASSWORD, PASSWD, CREDENTIAL, _KEY, APIKEY in it, in capitals or
    not; and those whose value is an address with a password in it (https://name:password@host), whatever they
    are called.
    """
    return {
        name: value
        for name, value in environ.items()
        if not _SECRET_NAME.search(name) and not _PASSWORD_IN_AN_ADDRESS.search(value)
    }


def paths_of_python() -> list[Path]:
    """Where Python, its packages, this one, and the libraries of all of them lie; and what they look up."""
    packages = [place for place in sys.path if Path(place).name in ("site-packages", "dist-packages")]
    libraries = [place for place in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if place]
    own = Path(__file__).resolve().parents[2]
    return [own, *map(Path, [*_OF_THE_SYSTEM, sys.prefix, sys.base_prefix, *packages, *libraries])]


def credential_paths(environ: Mapping[str, str]) -> list[Path]:
    """Files and folders that are there and hold credentials, in the places that are known for it."""
    places = [Path(environ[name]) for name in _CREDENTIALS_NAMED_BY if environ.get(name)]
    if home := environ.get("HOME"):
        places += [Path(home, place) for place in _CREDENTIALS_IN_HOME]
    return [place for place in [*places, Path(_CREDENTIALS_OF_CONTAINERS)] if place.exists()]


def decoder_environment() -> dict[str, str]:
    """All that a decoder starts with: where Python finds its modules and libraries; one thread for
    algebra."""
    environment = {name: os.environ[name] for name in _OF_PYTHON if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(str(Path(place).absolute()) for place in sys.path)
    environment["OPENBLAS_NUM_THREADS"] = environment["OMP_NUM_THREADS"] = "1"
    return environment
