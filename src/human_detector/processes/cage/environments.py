"""The environment variables that the analysis, side programs and a decoder are started with."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_SECRET_NAME = re.compile(r"^(AWS|ECS)_|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|_KEY|APIKEY", re.IGNORECASE)
_PASSWORD_IN_AN_ADDRESS = re.compile(r"://[^/\s@]*:[^/\s@]+@")
_OF_PYTHON = ("LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPYCACHEPREFIX")


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


def decoder_environment() -> dict[str, str]:
    """All that a decoder starts with: where Python finds its modules and libraries; one thread for
    algebra."""
    environment = {name: os.environ[name] for name in _OF_PYTHON if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(str(Path(place).absolute()) for place in sys.path)
    environment["OPENBLAS_NUM_THREADS"] = environment["OMP_NUM_THREADS"] = "1"
    return environment
