"""The emulated AWS account: its resources by way of the project's own stack, and what a user does with them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from support.deployment_clone import REGION, variables
from support.deployment_emulator import PORT, docker

CLUSTER = "human_detector"
FAMILY = "human_detector"
# Short, so that the tests see a lease run out.
LEASE_SECONDS = 10


class Cloud:
    """An account.

    Args:
        endpoint: the emulator's address for this machine.
        bridge: the address of this machine for containers.
    """

    def __init__(self, endpoint: str, bridge: str) -> None:
        self.configuration = variables()
        self._bridge = bridge
        self._options: dict[str, Any] = {
            "region_name": REGION,
            "endpoint_url": endpoint,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        self.ecs, self.ecr, self.s3 = self.client("ecs"), self.client("ecr"), self.client("s3")
        self.sqs, self.logs = self.client("sqs"), self.client("logs")
        self.bucket = self.configuration["video_split"]["output_bucket"]
        self.queue = self.configuration["aws_queues"]["human_detection"]
        table = self.configuration["dynamodb"]["table_id"]
        self.table = boto3.resource("dynamodb", **self._options).Table(table)

    def client(self, service: str) -> Any:
        """A client of a service."""
        return boto3.client(service, **self._options)

    # What the deployment needs.

    def stack_parameters(self) -> dict[str, str]:
        """The parameters of aws_resources.yml that fit `variables`."""
        return {
            "QueueName": self.queue,
            "DeadLetterQueueName": f"{self.queue}-dead-letters",
            "BucketName": self.bucket,
            "TableName": self.table.name,
            "InstanceType": "c7i.large",
        }

    def deploy_stack(self, name: str, template: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Create a stack of a template's text and wait for it; returns its outputs."""
        client = self.client("cloudformation")
        client.create_stack(
            StackName=name,
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        try:
            client.get_waiter("stack_create_complete").wait(
                StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        except Exception as error:
            raise AssertionError(f"{name}: {self.failed_events(name)}") from error
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def failed_events(self, stack: str) -> list[str]:
        """What went wrong with a stack, in its own words."""
        events = self.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in events
            if event["ResourceStatus"].endswith("FAILED")
        ]

    def variables(self, **ecs: Any) -> dict[str, Any]:
        """The configuration of a deployment to this account."""
        environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # By address: the bucket's name is put before a host's name, which then means nothing.
            "AWS_ENDPOINT_URL_S3": f"http://{self._bridge}:{PORT}",
        }
        roles = {"task_role": "derbyHumanDetectorTaskRole"}
        return {
            **self.configuration,
            "worker": {"lease_seconds": LEASE_SECONDS},
            "ecs": {**self.configuration["ecs"], **roles, "environment": environment, **ecs},
        }

    # What a user does.

    @property
    def queue_url(self) -> str:
        """Address of the worker's queue."""
        url: str = self.sqs.get_queue_url(QueueName=self.queue)["QueueUrl"]
        return url

    def submit(self, video_id: int, clip: Path) -> None:
        """Upload a video, write its record and send its message."""
        key = f"videos/{video_id}.mp4"
        self.s3.upload_file(str(clip), self.bucket, key)
        self.table.put_item(Item={"VideoId": video_id, "process_steps": []})
        body = json.dumps({"VideoId": video_id, "key": key})
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)

    def step(self, video_id: int) -> dict[str, Any]:
        """The record's step of the worker; empty before it begins."""
        item = self.table.get_item(Key={"VideoId": video_id})["Item"]
        steps: list[dict[str, Any]] = item["process_steps"]
        return next((step for step in steps if step["step"] == "human_detector"), {})

    def result(self, video_id: int) -> dict[str, Any]:
        """The result file that the record names."""
        where = self.step(video_id)["result_file"]
        body = self.s3.get_object(Bucket=where["bucket"], Key=where["key"])["Body"].read()
        document: dict[str, Any] = json.loads(body)
        return document

    def waiting_messages(self) -> tuple[int, int]:
        """Messages that wait, and those that a worker holds."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)
        waiting, held = (int(answer["Attributes"][name]) for name in names)
        return waiting, held

    # What runs.

    def tasks(self) -> list[str]:
        """ARNs of the tasks that run."""
        arns: list[str] = self.ecs.list_tasks(cluster=CLUSTER)["taskArns"]
        return arns

    def containers(self) -> list[str]:
        """Ids of the tasks' containers that run."""
        label = f"label=com.amazonaws.ecs.task-definition-family={FAMILY}"
        return docker("ps", "--quiet", "--no-trunc", "--filter", label).splitlines()

    def end_all_containers(self) -> None:
        """Remove every container of the account, running or not."""
        label = f"label=com.amazonaws.ecs.task-definition-family={FAMILY}"
        for container in docker("ps", "--all", "--quiet", "--filter", label).splitlines():
            subprocess.run(
                ["docker", "rm", "--force", "--volumes", container], capture_output=True, check=False
            )

    def log_lines(self) -> list[dict[str, Any]]:
        """Every line that the tasks logged, from CloudWatch Logs."""
        lines = []
        group = "/ecs/human_detector"
        for stream in self.logs.describe_log_streams(logGroupName=group)["logStreams"]:
            events = self.logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
            lines += [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
        return lines
