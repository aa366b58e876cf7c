"""A deployment from the clone to the result, with real containers, on the CPU image.

The tests build on each other, in this order; the deployment itself is the fixture `deployed`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sample_clip import sample_clip
from support.deployment_clone import MODELS, Clone
from support.deployment_cloud import CLUSTER, FAMILY, LEASE_SECONDS, Cloud
from support.deployment_emulator import REGISTRY, docker
from support.deployment_processes import Process, processes_in

IMAGE = "human_detector:latest"
LARGEST_IMAGE_MB = 700
LONGEST_STOP_SECONDS = 10

Eventually = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("deployed")


def test_one_task_runs_the_image_by_its_digest(
    cloud: Cloud, clone: Clone, deployed: subprocess.CompletedProcess[str]
) -> None:
    print(deployed.stdout[deployed.stdout.rindex("push_to_aws_ecr.sh: pushed") :])
    (task,) = cloud.ecs.describe_tasks(cluster=CLUSTER, tasks=cloud.tasks())["tasks"]
    assert task["lastStatus"] == "RUNNING"
    definition = cloud.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])[
        "taskDefinition"
    ]
    image = definition["containerDefinitions"][0]["image"]
    assert re.fullmatch(rf"{REGISTRY}/human_detector@sha256:[0-9a-f]{{64}}", image)
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"],
        cwd=clone.folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    for tag in (commit, "latest"):
        tagged = cloud.ecr.describe_images(repositoryName="human_detector", imageIds=[{"imageTag": tag}])
        assert image.endswith(f"@{tagged['imageDetails'][0]['imageDigest']}")
    # What the tool says at the end: image, digest, task, log.
    assert (
        f"deployed to the cluster {CLUSTER} in eu-west-1 on c7i.large: human_detector:{commit}"
        in deployed.stdout
    )
    assert "aws logs tail /ecs/human_detector --follow --region eu-west-1" in deployed.stdout


def test_image_holds_what_it_needs_and_nothing_else() -> None:
    (image,) = json.loads(docker("image", "inspect", IMAGE))
    config = image["Config"]
    megabytes = image["Size"] / 1e6
    history = docker("history", "--format", "{{.Size}} {{.CreatedBy}}", IMAGE)
    layers = [line.partition(" ") for line in history.splitlines() if not line.startswith("0B")]
    print(f"\n{megabytes:.0f} MB, {len(image['RootFS']['Layers'])} layers, user {config['User']}")
    for size, _, command in layers:
        print(f"  {size:>7}  {command[:90]}")
    assert megabytes < LARGEST_IMAGE_MB
    assert config["User"] == "10001"
    assert config["Entrypoint"] == ["python", "-m", "human_detector", "worker"]
    assert config["Cmd"] == ["--log-format", "json"]
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "-m", "human_detector", "healthcheck"]
    assert set(config["Volumes"]) == {"/scratch"}
    assert not [entry for entry in config["Env"] if re.match(r"(AWS|SECRET|TOKEN|PASSWORD)", entry)]
    assert "HUMAN_DETECTOR_CAGE=required" in config["Env"]
    assert {"NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility"} <= set(config["Env"])
    labels = config["Labels"]
    assert re.fullmatch(r"[0-9a-f]{40}", labels["org.opencontainers.image.revision"])
    assert labels["org.opencontainers.image.revision"].startswith(labels["org.opencontainers.image.version"])

    as_root = ["run", "--rm", "--user", "0", "--entrypoint", "find", IMAGE]
    files = docker(*as_root, "/app", "/scratch", "/tmp", "/root", "/home").splitlines()
    unwanted = re.compile(
        r"/(\.git|\.aws|\.cache|\.env|tests?|__pycache__|[^/]*\.(sh|pem|key|tar\.gz|part))(/|$)"
    )
    assert [path for path in files if unwanted.search(path)] == []
    models = {f"/app/model/{name}/frozen_inference_graph.pb" for name in MODELS}
    assert {path for path in files if path.endswith(".pb")} == models
    assert "/app/variables.json" in files
    packages = docker("run", "--rm", "--entrypoint", "pip", IMAGE, "list", "--format", "freeze")
    assert "openvino==" in packages
    assert "tensorflow" not in packages


def test_what_is_in_the_image_is_listed_and_free_for_a_business(
    clone: Clone, deployed: subprocess.CompletedProcess[str]
) -> None:
    (told,) = re.findall(r"what is in it: (\S+)", deployed.stdout)
    components = {each["name"]: each for each in json.loads((clone.folder / told).read_text())["components"]}
    assert {"openvino", "av", "libseccomp2", *MODELS} <= set(components)
    locked = (clone.folder / "supply_chain" / "locked" / "requirements-cpu.txt").read_text()
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", locked, re.MULTILINE):
        assert components[name]["version"] == version
    licences = [sys.executable, clone.folder / "supply_chain" / "licences.py", clone.folder / told]
    done = subprocess.run(licences, capture_output=True, text=True, check=False)
    print("\n" + "\n".join(line for line in done.stdout.splitlines() if line.endswith(":")))
    assert done.returncode == 0, done.stdout


def test_scratch_is_the_only_place_to_write_and_no_program_gives_rights() -> None:
    script = (
        "import os, stat, tempfile\n"
        "for path in ('/app', '/app/src', '/usr/local', '/'):\n"
        "    assert not os.access(path, os.W_OK), path\n"
        "assert tempfile.gettempdir() == '/scratch'\n"
        "tempfile.NamedTemporaryFile().write(b'x')\n"
        "for folder, _, names in os.walk('/usr'):\n"
        "    for name in names:\n"
        "        mode = os.lstat(os.path.join(folder, name)).st_mode\n"
        "        assert not (stat.S_ISREG(mode) and mode & 0o6000), (folder, name)\n"
        "print(os.getuid())\n"
    )
    confined = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    assert docker("run", "--rm", *confined, "--entrypoint", "python", IMAGE, "-c", script) == "10001"


def test_worker_starts_confined_and_receives(cloud: Cloud, clone: Clone) -> None:
    began = time.monotonic()
    run = clone.run(
        "run_docker_local.sh", "--log-format", "json", "--exit-when-idle", "1", AWS_DEFAULT_REGION="eu-west-1"
    )
    seconds = time.monotonic() - began
    assert run.returncode == 0, run.stdout
    messages = [json.loads(line)["message"] for line in run.stdout.splitlines() if line.startswith("{")]
    print(f"\nstart to the end of the first, empty receive: {seconds:.1f} s")
    assert any(message.startswith("polling the queue") for message in messages), messages


def test_message_becomes_a_result_and_a_record(cloud: Cloud, eventually: Eventually) -> None:
    began = time.monotonic()
    cloud.submit(1, sample_clip())
    eventually(lambda: cloud.step(1).get("state") in ("done", "error"), 60, "the video is finished")
    assert cloud.step(1)["state"] == "done", cloud.step(1)
    result = cloud.result(1)
    print(f"\n{result['summary']}, {result['engine']}, in {time.monotonic() - began:.1f} s")
    assert result["engine"]["name"] == "openvino"
    assert result["summary"]["analyzed_frames"] == 24
    # One face in every frame of this clip.
    assert result["summary"]["detectors"]["FaceDetector"]["frames_with_detections"] >= 20
    eventually(lambda: cloud.waiting_messages() == (0, 0), 10, "the message is deleted")


def test_health_check_of_the_task_passes(cloud: Cloud) -> None:
    (container,) = cloud.containers()
    (task,) = cloud.ecs.describe_tasks(cluster=CLUSTER, tasks=cloud.tasks())["tasks"]
    definition = cloud.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])[
        "taskDefinition"
    ]
    command = definition["containerDefinitions"][0]["healthCheck"]["command"]
    assert command[0] == "CMD"
    assert docker("exec", container, *command[1:]) == "healthy"


def test_second_deployment_changes_nothing(cloud: Cloud, clone: Clone) -> None:
    tasks, containers = cloud.tasks(), cloud.containers()
    digests = {
        image["imageDigest"] for image in cloud.ecr.list_images(repositoryName="human_detector")["imageIds"]
    }
    began = time.monotonic()
    run = clone.run("deploy_to_aws.sh")
    print(f"\nsecond deployment: {time.monotonic() - began:.0f} s")
    assert run.returncode == 0, run.stdout
    assert "the task definition is registered already" in run.stdout
    assert "the task is there already" in run.stdout
    assert (cloud.tasks(), cloud.containers()) == (tasks, containers)
    after = {
        image["imageDigest"] for image in cloud.ecr.list_images(repositoryName="human_detector")["imageIds"]
    }
    assert after == digests
    assert len(cloud.ecs.list_task_definitions(familyPrefix=FAMILY)["taskDefinitionArns"]) == 1


def test_task_at_work_is_confined_and_gives_its_video_back_when_stopped(
    cloud: Cloud, long_clip: Path, eventually: Eventually
) -> None:
    (task,), (container,) = cloud.tasks(), cloud.containers()
    cloud.submit(2, long_clip)
    eventually(lambda: cloud.step(2).get("progress", 0) > 0, 60, "the video is at work")
    assert_confined(processes_in(container))
    # The emulator forgets a stopped task's exit code; the engine does not.
    exit_code = subprocess.Popen(["docker", "wait", container], stdout=subprocess.PIPE, text=True)
    began = time.monotonic()
    cloud.ecs.stop_task(cluster=CLUSTER, task=task, reason="test")
    status = exit_code.communicate(timeout=60)[0].strip()
    seconds = time.monotonic() - began
    print(f"\nstopped in {seconds:.1f} s with status {status}")
    assert status == "0"
    assert seconds < LONGEST_STOP_SECONDS
    assert cloud.step(2)["state"] == "interrupted"
    eventually(lambda: cloud.waiting_messages() == (1, 0), LEASE_SECONDS / 2, "the message waits again")
    cloud.sqs.purge_queue(QueueUrl=cloud.queue_url)


def assert_confined(processes: list[Process]) -> None:
    """The analysis, and who decodes: that is a copy of a process that itself sees no video."""
    print(f"\n{processes}")
    (mother,) = (each.number for each in processes if each.module == "decoder_main" and each.parent == 1)
    decoders = [each for each in processes if each.parent == mother]
    analyses = [each for each in processes if each.module == "analysis_main"]
    assert len(decoders) >= 1
    assert len(analyses) == 1
    assert all(each.is_confined for each in [*decoders, *analyses])


def test_task_that_stops_at_once_is_explained(cloud: Cloud, clone: Clone) -> None:
    configuration = cloud.variables()
    configuration["aws_queues"] = {"human_detection": "no-such-queue"}
    clone.configure(configuration)
    run = clone.run("deploy_to_aws.sh", SETTLE_SECONDS="20")
    assert run.returncode == 1
    assert "register_and_run_task.sh: the task stopped: " in run.stdout
    assert "exit code 2" in run.stdout
    assert "no-such-queue" in run.stdout[run.stdout.index("the task stopped") :]
    assert cloud.tasks() == []
    clone.configure(cloud.variables())


def test_two_tasks_of_a_service_share_a_queue(cloud: Cloud, clone: Clone, eventually: Eventually) -> None:
    for task in cloud.tasks():
        cloud.ecs.stop_task(cluster=CLUSTER, task=task)
    clone.configure(cloud.variables(service="human_detector", desired_count=2))
    run = clone.run("deploy_to_aws.sh")
    assert run.returncode == 0, run.stdout
    assert "the service human_detector runs 2 task(s)" in run.stdout
    assert len(cloud.containers()) == 2
    videos = range(100, 120)
    began = time.monotonic()
    for video_id in videos:
        cloud.submit(video_id, sample_clip())

    def finished() -> int:
        return sum(cloud.step(video_id).get("state") == "done" for video_id in videos)

    def kill_a_worker_at_work() -> str | None:
        for video_id in videos:
            owner = cloud.step(video_id).get("owner")
            if owner:
                # A container's host name is the beginning of its id.
                return docker("kill", owner.partition(":")[0])
        return None

    eventually(lambda: finished() >= 4, 60, "some videos are done")
    killed = eventually(kill_a_worker_at_work, 30, "a video is at work")
    eventually(lambda: finished() == len(videos), 240, "every video is done")
    # Begin and end of each job, as the workers logged them.
    lines = [line for line in cloud.log_lines() if line.get("video_id") in videos]
    begun = [line["video_id"] for line in lines if line.get("message", "").startswith("fetching")]
    done = [line["video_id"] for line in lines if line.get("message", "").startswith("done in")]
    print(
        f"\n{len(done)} videos done in {time.monotonic() - began:.0f} s, {len(begun)} begun, one container killed"
    )
    assert sorted(done) == list(videos)
    assert len(cloud.containers()) == 2
    assert not any(container.startswith(killed) for container in cloud.containers())
    assert cloud.waiting_messages() == (0, 0)


def test_service_is_left_alone_when_nothing_changed(cloud: Cloud, clone: Clone) -> None:
    containers = cloud.containers()
    run = clone.run("register_and_run_task.sh")
    assert run.returncode == 0, run.stdout
    assert "the service human_detector is at " in run.stdout
    assert cloud.containers() == containers
    cloud.ecs.update_service(cluster=CLUSTER, service="human_detector", desiredCount=0)
    cloud.ecs.delete_service(cluster=CLUSTER, service="human_detector", force=True)
