"""The deployment scripts' words and exit statuses, with stand-ins for docker and aws that answer as told."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from support.deployment_clone import SCRIPTS, Clone, variables

TOOLS = [
    "bash",
    "cat",
    "dirname",
    "basename",
    "env",
    "git",
    "grep",
    "id",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sed",
    "sleep",
    "tail",
]
# The interpreter itself, not its environment: the scripts must do with the standard library.
PYTHON = str(Path(sys.executable).resolve())

# Looks its answer up by the first words of its command line, longest first, and notes down what it was asked.
STAND_IN = """#!{python} -IS
import json, pathlib, sys
here = pathlib.Path(__file__)
command = " ".join([here.name, *sys.argv[1:]])
with open(here.parent / "calls", "a") as calls:
    calls.write(command + "\\n")
answers = json.loads((here.parent / "answers.json").read_text())
found = max((words for words in answers if command.startswith(words)), key=len, default=None)
out, err, status = answers.get(found, ["", "", 0])
print(out)
print(err, file=sys.stderr)
sys.exit(status)
"""

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
TASK = "arn:aws:ecs:eu-west-1:123456789012:task/human_detector/abc"
DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/human_detector:7"

ALL_IS_WELL = {
    "aws sts get-caller-identity": ["arn:aws:iam::123456789012:user/me", "", 0],
    "aws ec2 describe-instance-type-offerings": ["c7i.large", "", 0],
    "aws ecr describe-repositories": [f"{REGISTRY}/human_detector", "", 0],
    "aws ecr describe-images": ["sha256:0123", "", 0],
    "aws ecs describe-clusters": ["ACTIVE", "", 0],
    "aws ecs describe-task-definition": ["", "ClientException: Unable to describe task definition", 254],
    "aws ecs register-task-definition": [DEFINITION, "", 0],
    "aws ecs run-task": [f"{TASK}\tNone", "", 0],
    "aws ecs describe-tasks": ["RUNNING", "", 0],
}


class Workplace:
    """A clone, and a PATH with the stand-ins on it."""

    def __init__(self, folder: Path, configuration: dict[str, Any]) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, f"{tool} is needed for this test"
            (self.bin / tool).symlink_to(found)
        for name in ("docker", "aws"):
            (self.bin / name).write_text(STAND_IN.format(python=PYTHON))
            (self.bin / name).chmod(0o755)
        self.home = folder / "home"
        self.home.mkdir()
        environment = {"PATH": str(self.bin), "HOME": str(self.home), "PYTHON": PYTHON, "SETTLE_SECONDS": "0"}
        self.clone = Clone(folder / "clone", configuration, environment)
        self.answer({})

    def answer(self, answers: dict[str, list[Any]]) -> None:
        """Let the stand-ins give these answers, and otherwise those of a healthy account."""
        (self.bin / "answers.json").write_text(json.dumps({**ALL_IS_WELL, **answers}))

    @property
    def calls(self) -> list[str]:
        """What docker and aws were asked so far."""
        path = self.bin / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def calls_of(self, words: str) -> list[str]:
        """Those of the calls that start with these words."""
        return [call for call in self.calls if call.startswith(words)]


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, variables())


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_and_unknown_argument(workplace: Workplace, script: str) -> None:
    helped = workplace.clone.run(script, "--help")
    assert helped.returncode == 0
    assert helped.stdout.startswith(f"Usage: {script} ")
    if script != "run_docker_local.sh":  # whose other arguments are the worker's
        refused = workplace.clone.run(script, "--dryrun")
        assert refused.returncode == 2
        assert refused.stdout == f"{script}: unknown argument '--dryrun'; try --help\n"
    assert workplace.calls == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_dry_run_needs_nothing_and_does_nothing(workplace: Workplace, script: str) -> None:
    (workplace.bin / "docker").unlink()
    (workplace.bin / "aws").unlink()
    before = sorted(path for path in workplace.clone.folder.rglob("*") if "__pycache__" not in path.parts)
    shown = workplace.clone.run(script, "--dry-run")
    assert shown.returncode == 0, shown.stdout
    assert "+ docker " in shown.stdout or "+ aws " in shown.stdout
    assert all(line.startswith("+ ") for line in shown.stdout.splitlines()), shown.stdout
    after = sorted(path for path in workplace.clone.folder.rglob("*") if "__pycache__" not in path.parts)
    assert after == before


def test_dry_run_of_all_shows_the_commands_of_each_step(workplace: Workplace) -> None:
    shown = workplace.clone.run("deploy_to_aws.sh", "--dry-run").stdout
    places = [
        shown.index(f"+ {command}")
        for command in (
            "docker build --platform linux/amd64 --build-arg REQUIREMENTS=requirements-cpu.txt",
            "docker push ACCOUNT.dkr.ecr.eu-west-1.amazonaws.com/human_detector:",
            "aws ecs register-task-definition",
            "aws ecs run-task",
        )
    ]
    assert places == sorted(places)


NO_ROLE = ["", "An error occurred (NoSuchEntity): The role cannot be found.", 254]
SENTENCES = [
    ("build_dockerfile.sh", {"docker version": ["", "Cannot connect to the Docker daemon", 1]},
     "the Docker engine does not answer: start it, or see that you may use it (Cannot connect to the Docker daemon)"),
    ("build_dockerfile.sh", {"docker build": ["", "pull access denied", 1]},
     "the image could not be built (see above)"),
    ("build_dockerfile.sh", {"docker run": ["", "ConfigurationError", 1]},
     "the worker would not start with this variables.json (see above)"),
    ("push_to_aws_ecr.sh", {"aws sts get-caller-identity": ["", "Unable to locate credentials.", 255]},
     "there are no valid AWS credentials: run 'aws configure', or set AWS_PROFILE (Unable to locate credentials.)"),
    ("push_to_aws_ecr.sh", {"docker image inspect": ["", "No such image", 1]},
     "there is no image human_detector:unversioned: run ./build_dockerfile.sh first"),
    ("push_to_aws_ecr.sh", {"aws ecr describe-repositories": ["", "AccessDeniedException: not authorized", 254]},
     "the repository human_detector cannot be looked up: AccessDeniedException: not authorized"),
    ("push_to_aws_ecr.sh", {"docker login": ["", "denied", 1]}, f"cannot log in to {REGISTRY}: denied"),
    ("push_to_aws_ecr.sh", {"docker push": ["", "denied: no basic auth", 1]},
     f"{REGISTRY} refused the push: denied: no basic auth"),
    ("register_and_run_task.sh", {"aws ecs describe-clusters": ["None", "", 0]},
     "there is no cluster human_detector in eu-west-1: "
     "make it with aws_resources.yml, or name another in ecs.cluster"),
    ("register_and_run_task.sh", {"aws iam get-role": NO_ROLE},
     "there is no role derbyEcsTaskExecutionRole: make it with aws_resources.yml, "
     "or name another in ecs.execution_role and ecs.task_role"),
    ("register_and_run_task.sh", {"aws ecr describe-images": ["", "ImageNotFoundException", 254]},
     "the image human_detector:unversioned is not in ECR: run ./push_to_aws_ecr.sh first (ImageNotFoundException)"),
    ("register_and_run_task.sh", {"aws ecs register-task-definition": ["", "ClientException: Role is not valid", 254]},
     "the task definition could not be registered: ClientException: Role is not valid"),
    ("register_and_run_task.sh", {"aws ecs run-task": ["None\tRESOURCE:GPU", "", 0]},
     "the task could not be run: no instance in the cluster has a free GPU"),
    ("register_and_run_task.sh", {"aws ecs run-task": ["None\tRESOURCE:MEMORY", "", 0]},
     "the task could not be run: no instance in the cluster has enough MEMORY free"),
    ("register_and_run_task.sh",
     {"aws ecs run-task": ["", "InvalidParameterException: No Container Instances were found in your cluster.", 254]},
     "the task could not be run: the cluster has no instance of type c7i.large"),
    ("register_and_run_task.sh", {"aws ecs describe-tasks": ["STOPPED", "", 0]}, "the task stopped: STOPPED"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "answers", "sentence"), SENTENCES)
def test_one_plain_sentence_for_each_missing_thing(
    workplace: Workplace, script: str, answers: dict[str, list[Any]], sentence: str
) -> None:
    workplace.answer(answers)
    run = workplace.clone.run(script)
    assert run.returncode == 1, run.stdout
    assert run.stdout.count(f"{script}: {sentence}\n") == 1, run.stdout


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("docker", "docker is missing: install Docker"),
        ("aws", "the AWS command line is missing: install the package awscli, version 1 or 2"),
    ],
)
def test_missing_program_stops_a_deployment_before_the_build(
    workplace: Workplace, missing: str, sentence: str
) -> None:
    (workplace.bin / missing).unlink()
    run = workplace.clone.run("deploy_to_aws.sh")
    assert (run.returncode, run.stdout) == (1, f"deploy_to_aws.sh: {sentence}\n")
    assert workplace.calls_of("docker build") == []


def test_instance_type_that_aws_no_longer_has_stops_a_deployment_before_the_build(
    workplace: Workplace,
) -> None:
    workplace.answer({"aws ec2 describe-instance-type-offerings": ["", "", 0]})
    run = workplace.clone.run("deploy_to_aws.sh")
    sentence = "AWS offers no c7i.large in eu-west-1: name another in ecs.instance_type, such as g4dn.xlarge"
    assert (run.returncode, run.stdout.strip()) == (1, f"deploy_to_aws.sh: {sentence}")
    assert workplace.calls_of("docker build") == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_unknown_variable_is_named_with_its_like(workplace: Workplace, script: str) -> None:
    workplace.clone.configure(variables(ecs={"clutser": "mine"}))
    run = workplace.clone.run(script)
    assert run.returncode == 1
    first, last = run.stdout.splitlines()
    assert first.startswith("variables.json: ecs.clutser: unknown key (did you mean cluster?), valid are ")
    assert last == f"{script}: variables.json is not valid (see above)"
    assert workplace.calls == []


def test_unknown_model_is_named(workplace: Workplace) -> None:
    detectors = {"detectors": [["HumanDetector", {"model": "yolo"}]]}
    workplace.clone.configure(variables(human_detection=detectors))
    run = workplace.clone.run("build_dockerfile.sh")
    assert run.returncode == 1
    assert run.stdout.startswith(
        "build_dockerfile.sh: there is no model yolo: put it into model/yolo, or name one of"
    )


def test_the_instance_type_decides_what_is_built(workplace: Workplace) -> None:
    for instance_type, requirements in (
        ("g4dn.xlarge", "requirements.txt"),
        ("p2.xlarge", "requirements-p2.txt"),
    ):
        workplace.clone.configure(variables(ecs={"instance_type": instance_type}))
        assert workplace.clone.run("build_dockerfile.sh").returncode == 0
        assert f"--build-arg REQUIREMENTS={requirements} " in workplace.calls_of("docker build")[-1]


def test_base_image_and_models_can_be_chosen(workplace: Workplace) -> None:
    built = workplace.clone.run("build_dockerfile.sh", BASE_IMAGE="mirror/python:3.11", MODELS="")
    assert built.returncode == 0, built.stdout
    (call,) = workplace.calls_of("docker build")
    assert "--build-arg BASE_IMAGE=mirror/python:3.11 " in call
    assert "--build-arg MODELS= " in call


def test_push_makes_the_repository_only_if_there_is_none(workplace: Workplace) -> None:
    assert workplace.clone.run("push_to_aws_ecr.sh").returncode == 0
    assert workplace.calls_of("aws ecr create-repository") == []
    # The stand-in never finds it, not even after it was made; what counts is that it was made.
    absent = ["", "An error occurred (RepositoryNotFoundException)", 254]
    workplace.answer({"aws ecr describe-repositories": absent})
    workplace.clone.run("push_to_aws_ecr.sh")
    assert len(workplace.calls_of("aws ecr create-repository --repository-name human_detector")) == 1


def test_password_is_not_shown(workplace: Workplace) -> None:
    workplace.answer({"aws ecr get-login-password": ["s3cret", "", 0]})
    run = workplace.clone.run("push_to_aws_ecr.sh")
    assert run.returncode == 0
    assert "s3cret" not in run.stdout
    assert not any("s3cret" in call for call in workplace.calls)


def test_fargate_task_gets_a_network(workplace: Workplace) -> None:
    ecs = {"instance_type": "fargate", "subnets": ["subnet-1", "subnet-2"], "security_groups": ["sg-1"]}
    workplace.clone.configure(variables(ecs=ecs))
    run = workplace.clone.run("register_and_run_task.sh")
    assert run.returncode == 0, run.stdout
    (call,) = workplace.calls_of("aws ecs run-task")
    assert (
        "--launch-type FARGATE --network-configuration awsvpcConfiguration="
        "{subnets=[subnet-1,subnet-2],securityGroups=[sg-1],assignPublicIp=ENABLED}"
    ) in call


def test_service_at_the_right_revision_is_left_alone(workplace: Workplace) -> None:
    workplace.clone.configure(variables(ecs={"instance_type": "c7i.large", "service": "detector"}))
    workplace.answer({"aws ecs describe-services": [f"ACTIVE\t{DEFINITION}\t0\t0\tCOMPLETED", "", 0]})
    run = workplace.clone.run("register_and_run_task.sh")
    assert run.returncode == 0, run.stdout
    assert "the service detector wants no task now" in run.stdout
    assert workplace.calls_of("aws ecs create-service") == workplace.calls_of("aws ecs update-service") == []


def test_service_that_was_rolled_back_is_a_failure(workplace: Workplace) -> None:
    workplace.clone.configure(variables(ecs={"instance_type": "c7i.large", "service": "detector"}))
    older = DEFINITION.replace(":7", ":6")
    workplace.answer({"aws ecs describe-services": [f"ACTIVE\t{older}\t1\t1\tCOMPLETED", "", 0]})
    run = workplace.clone.run("register_and_run_task.sh")
    assert run.returncode == 1
    assert len(workplace.calls_of("aws ecs update-service")) == 1
    assert "the service could not be brought to human_detector:7: " in run.stdout


def test_local_run_is_confined_and_gets_the_callers_credentials(workplace: Workplace) -> None:
    (workplace.home / ".aws").mkdir()
    run = workplace.clone.run("run_docker_local.sh", "--exit-when-idle", "5", AWS_PROFILE="mine")
    assert run.returncode == 0, run.stdout
    (call,) = workplace.calls_of("docker run")
    assert "--read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 4096" in call
    assert f"--volume {workplace.home}/.aws:/home/worker/.aws:ro" in call
    assert "--env AWS_PROFILE " in call
    assert "--gpus" not in call
    assert call.endswith("human_detector:unversioned --exit-when-idle 5")


def test_local_run_takes_the_gpu_if_there_is_one(workplace: Workplace) -> None:
    workplace.answer({"docker info": ['{"nvidia":{"path":"nvidia-container-runtime"}}', "", 0]})
    assert workplace.clone.run("run_docker_local.sh").returncode == 0
    assert "--gpus all" in workplace.calls_of("docker run")[0]


def test_local_run_with_another_configuration(workplace: Workplace) -> None:
    other = workplace.home / "other.json"
    missing = workplace.clone.run("run_docker_local.sh", "--variables", str(other))
    assert (missing.returncode, missing.stdout) == (
        1,
        f"run_docker_local.sh: there is no file '{other}' for --variables\n",
    )
    other.write_text("{}")
    assert workplace.clone.run("run_docker_local.sh", "--variables", str(other)).returncode == 0
    assert f"--volume {other}:/app/variables.json:ro" in workplace.calls_of("docker run")[0]
