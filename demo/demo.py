"""One video through the real worker, with an emulator of AWS on a loopback port.

Called by run_demo.sh, which makes the environment and gets the models.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import cv2
import numpy as np
from moto.server import ThreadedMotoServer

from human_detector.aws.s3_keys import result_key
from human_detector.configuration import Configuration, load_configuration
from human_detector.drawing.annotation import annotate, contact_sheet, scale_to_width
from human_detector.video.source import VideoSource
from human_detector.worker.record import STEP
from sample_clip import sample_clip

ROOT = Path(__file__).resolve().parent.parent
VARIABLES = ROOT / "demo" / "variables.json"
OUTPUT = ROOT / "demo_output"
VIDEO_ID = 42
SHEET_PICTURES = 12
PICTURE_WIDTH = 400


class DemoError(Exception):
    """The demo cannot go on; the text is for the person who runs it."""


class Services:
    """Queue, buckets and table as a user of the worker would have them.

    Args:
        configuration: their names.
    """

    def __init__(self, configuration: Configuration) -> None:
        region = configuration.aws_region
        self.configuration = configuration
        self.sqs = boto3.client("sqs", region_name=region)
        self.s3 = boto3.client("s3", region_name=region)
        self.table = boto3.resource("dynamodb", region_name=configuration.dynamodb_region).Table(
            configuration.table
        )

    def create(self) -> None:
        """Make the queue, its dead-letter queue, the bucket and the table."""
        name = self.configuration.queue_name
        dead_letters = self.sqs.create_queue(QueueName=f"{name}-dead-letters")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
        redrive = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 5}
        self.queue_url = self.sqs.create_queue(
            QueueName=name, Attributes={"RedrivePolicy": json.dumps(redrive)}
        )["QueueUrl"]
        self.s3.create_bucket(
            Bucket=self.configuration.output_bucket,
            CreateBucketConfiguration={"LocationConstraint": self.configuration.aws_region},
        )
        self.table.meta.client.create_table(
            TableName=self.configuration.table,
            KeySchema=[{"AttributeName": "VideoId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "VideoId", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def submit(self, video: Path) -> str:
        """Upload a video, write its record and send its message; returns the video's key."""
        key = f"videos/{video.name}"
        bucket = self.configuration.output_bucket
        self.s3.upload_file(str(video), bucket, key)
        split = {"step": "video_split", "state": "done", "result_file": {"bucket": bucket, "key": key}}
        self.table.put_item(Item={"VideoId": VIDEO_ID, "process_steps": [split]})
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps({"VideoId": VIDEO_ID}))
        return key

    def step(self) -> dict[str, Any] | None:
        """The record's step of the worker, if there is one."""
        steps: list[dict[str, Any]] = self.table.get_item(Key={"VideoId": VIDEO_ID})["Item"]["process_steps"]
        return next((step for step in steps if step["step"] == STEP), None)


def main() -> int:
    """Entry point; returns the exit status."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # in step with the worker's log
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(prog="run_demo.sh", description=__doc__)
    parser.add_argument("video", nargs="?", type=Path, metavar="VIDEO", help="default: a clip from a package")
    options = parser.parse_args()
    try:
        video = sample_clip() if options.video is None else options.video.resolve()
        if not video.is_file():
            raise DemoError(f"there is no file {options.video}")
        run(video)
    except (DemoError, RuntimeError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    return 0


def run(video: Path) -> None:
    """Start the services, run the worker once, show what came of it."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        # The worker finds the emulator as it would find any other endpoint: in its environment.
        os.environ |= {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "demo",
            "AWS_SECRET_ACCESS_KEY": "demo",
            "AWS_EC2_METADATA_DISABLED": "true",
            "VARIABLES_JSON": str(VARIABLES),
        }
        services = Services(load_configuration())
        print(f"[1/4] An emulated AWS listens on {os.environ['AWS_ENDPOINT_URL']}")
        services.create()
        key = services.submit(video)
        print(f"[2/4] Submitted {video.name} as VideoId {VIDEO_ID}")
        print(f"      step {STEP} before: {services.step() or 'none'}")
        print("[3/4] The worker runs until the queue is empty; its log:")
        worker = [sys.executable, "-m", "human_detector", "worker", "--exit-when-idle", "1"]
        status = subprocess.run(worker, check=False).returncode
        if status != 0:
            raise DemoError(f"the worker ended with status {status}")
        show(services, video, key)
    finally:
        server.stop()


def show(services: Services, video: Path, key: str) -> None:
    """Print what became of the video, and draw what was found."""
    step = services.step()
    print("[4/4] The result")
    print(f"      step {STEP} after: {json.dumps(step, default=str)}")
    if step is None or step["state"] != "done":
        raise DemoError((step or {}).get("error", "the step is not done"))
    where = step["result_file"]
    expected = result_key(VIDEO_ID, key)
    if where != {"bucket": services.configuration.output_bucket, "key": expected}:
        raise DemoError(f"the result is not at {expected}")
    result_path = OUTPUT / "result.json"
    services.s3.download_file(where["bucket"], where["key"], str(result_path))
    result = json.loads(result_path.read_text())
    properties = result["video"]
    print(
        f"      video: {properties['width']}x{properties['height']}, {properties['frame_count']} frames, "
        f"{properties['duration']:.1f} s" + ("" if properties["complete"] else ", incomplete")
    )
    print(f"      engine: {' '.join(result['engine'].values())}")
    print(f"      analysed frames: {result['summary']['analyzed_frames']}")
    for name, counts in result["summary"]["detectors"].items():
        print(
            f"      {name}: {counts['detections']} detections, in {counts['frames_with_detections']} frames, "
            f"at most {counts['max_per_frame']} in one"
        )
    sheet_path = OUTPUT / "frames.png"
    draw_sheet(video, result["frames"], sheet_path)
    print(f"      result file: {result_path.relative_to(ROOT)}  (s3://{where['bucket']}/{where['key']})")
    print(f"      pictures:    {sheet_path.relative_to(ROOT)}")


def draw_sheet(video: Path, frames: list[dict[str, Any]], path: Path) -> None:
    """Write a contact sheet of analysed frames, spread over the video."""
    picks = np.unique(np.linspace(0, len(frames) - 1, SHEET_PICTURES).round().astype(int))
    picked = {frames[i]["index"]: frames[i] for i in picks}
    pictures = []
    with VideoSource(video, is_sampled=picked.__contains__) as source:
        for frame in source.frames():
            picture = scale_to_width(frame.image, PICTURE_WIDTH)
            caption = f"frame {frame.index}, {frame.timestamp:.2f} s"
            pictures.append(annotate(picture, picked[frame.index]["detections"], caption))
    cv2.imwrite(str(path), cv2.cvtColor(contact_sheet(pictures), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    sys.exit(main())
