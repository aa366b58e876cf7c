"""What other processes are started with: no secrets, and a decoder with next to nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from human_detector.processes.cage.environments import (
    credential_paths,
    decoder_environment,
    environment_without_secrets,
)
from support.child import run_child


@pytest.mark.parametrize(
    "name",
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_PROFILE",
        "ECS_AGENT_URI",
        "ECS_CONTAINER_METADATA_URI_V4",
        "MY_SECRET",
        "github_token",
        "DB_PASSWORD",
        "DB_PASSWD",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "OPENAI_API_KEY",
        "SERVICE_APIKEY",
    ],
)
def test_secrets_by_their_name_are_left_out(name: str) -> None:
    assert environment_without_secrets({name: "value", "HOME": "/home"}) == {"HOME": "/home"}


def test_an_address_with_a_password_is_left_out() -> None:
    given = {
        "HTTPS_PROXY": "http://me:hidden@proxy:3128",
        "DATABASE": "postgres://:hidden@host/name",
        "PLAIN_PROXY": "http://proxy:3128",
        "ADDRESS": "https://host/a:b@c",
    }
    assert set(environment_without_secrets(given)) == {"PLAIN_PROXY", "ADDRESS"}


def test_what_libraries_need_stays() -> None:
    needed = {"PATH": "/bin", "HOME": "/scratch", "CUDA_VISIBLE_DEVICES": "0", "TF_CPP_MIN_LOG_LEVEL": "2"}
    assert environment_without_secrets(needed) == needed


def test_where_credentials_lie(tmp_path: Path) -> None:
    for folder in (".aws", ".config/gcloud", "elsewhere", "work"):
        (tmp_path / folder).mkdir(parents=True)
    token = tmp_path / "elsewhere/token"
    token.touch()
    variables = {
        "HOME": str(tmp_path),
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_CONFIG_FILE": str(tmp_path / "missing"),
        "MODEL_DIR": str(tmp_path / "work"),
    }
    found = {path for path in credential_paths(variables) if path.is_relative_to(tmp_path)}
    assert found == {tmp_path / ".aws", tmp_path / ".config/gcloud", token}


def test_a_decoder_gets_no_variable_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("HOME", "/home")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/libraries")
    environment = decoder_environment()
    assert environment.pop("PYTHONPATH")
    assert environment == {
        "LD_LIBRARY_PATH": "/libraries",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads where Linux shows them")
def test_a_decoder_finds_its_modules_and_has_one_thread() -> None:
    ended = run_child(
        "import av, cv2, numpy, pyseccomp, human_detector\ntell(threads=len(os.listdir('/proc/self/task')))"
    )
    assert ended["threads"] == 1
