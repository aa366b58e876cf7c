"""The service at scale, simulated: waiting times, utilisation and bill of policies, from 0 to 200 tasks.

    benchmarks/fleet.py [--videos 100000] [--seconds-per-video 60] [--instance TYPE] [--spot]

The first policy is the one that aws_resources.yml has, read from there; the others differ from it as their
names say. No machine is measured here: how long things take are parameters, and `--help` tells where their
values are from.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from measuring import ROOT, check, command_line, print_table, write_json

# isort: split
# measuring has seen to it that the packages are there.
import numpy as np

from fleet_load import DAY, LOADS, Load
from fleet_policy import Policy, StepPolicy, read_policy
from fleet_simulation import Outcome, Times, simulate
from human_detector.commands.cost_prices import PRICES_PATH, load_prices

TEMPLATE = ROOT / "aws_resources.yml"
TEN_MINUTES = 600
TARGET_UTILISATION, TARGET_MINUTES = 0.85, 10.0
SIX_STEPS = (1, 2, 3, 4, 8, 16)
"""The number of tasks for so many wanted, as the template had it before this simulation."""


def policies(shipped: Policy, jobs_per_task: int) -> Iterator[tuple[str, Policy]]:
    """The template's, and others beside it."""
    alike = f"CEIL((waiting + at_work) / {jobs_per_task})"
    yield "as shipped", shipped
    yield "before: all alike, to 16", changed(shipped, expression=alike, steps=SIX_STEPS)
    yield "all alike", changed(shipped, expression=alike)
    yield "at_work in full", changed(shipped, expression=f"CEIL(at_work + waiting / {jobs_per_task})")
    yield "fewer after 5 min", changed(shipped, cooldown=300)
    yield "as many as may be", changed(shipped, steps=(shipped.max_tasks,))


def changed(
    shipped: Policy,
    expression: str | None = None,
    steps: tuple[int, ...] | None = None,
    cooldown: float | None = None,
) -> Policy:
    """The policy with another way to more tasks."""
    alarms = []
    for alarm in shipped.alarms:
        (policy,) = alarm.policies
        if alarm.is_out_of_bounds(math.inf):
            policy = StepPolicy(
                policy.kind,
                exact_steps(steps, alarm.threshold) if steps else policy.steps,
                cooldown or policy.cooldown,
            )
            alarm = dataclasses.replace(alarm, expression=expression or alarm.expression, policies=[policy])
        alarms.append(alarm)
    return dataclasses.replace(shipped, alarms=alarms)


def exact_steps(tasks: tuple[int, ...], threshold: float) -> list[tuple[float, float, int]]:
    """So many tasks from so many wanted on; the first from the threshold on."""
    bounds = [0.0, *(count - threshold for count in tasks[1:]), math.inf]
    return list(zip(bounds, bounds[1:], tasks, strict=False))


def row(outcome: Outcome, dollars_per_hour: float) -> dict[str, Any]:
    """The figures of an outcome."""
    minutes = np.percentile(outcome.waited, (50, 95, 99)) / 60
    return {
        **{f"wait_p{share}_min": float(each) for share, each in zip((50, 95, 99), minutes, strict=True)},
        "utilisation": round(outcome.utilisation, 3),
        "dollars_per_1000": outcome.paid_seconds / 3600 * dollars_per_hour * 1000 / len(outcome.waited),
        "most_tasks": outcome.most_machines,
        "lost": outcome.losses,
        "ended_after_h": outcome.ended / 3600,
    }


def main() -> None:
    """Entry point."""
    options = parser().parse_args()
    machines = load_prices(options.prices).machines
    parameters = {
        "InstanceType": "fargate" if options.instance.startswith("fargate") else options.instance,
        "UseSpot": "true" if options.spot else "false",
        "JobsPerTask": options.jobs_per_task or max(1, round(TEN_MINUTES / options.seconds_per_video)),
        "MaxTasks": options.max_tasks,
        "MaxInstances": options.max_tasks,
    }
    shipped = read_policy(options.template, **parameters)
    times = Times(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Times)})
    price = options.price or machines[options.instance].dollars_per_hour
    tables: dict[str, list[dict[str, Any]]] = {}
    for name in options.loads:
        random = np.random.default_rng(options.seed)
        load = LOADS[name](options.videos, options.seconds_per_video, random)
        tables[name] = [
            {"policy": label, **row(simulate(policy, load, times, options.seed), price)}
            for label, policy in policies(shipped, parameters["JobsPerTask"])
        ]
        print_table(f"{name}: {options.videos} videos of {options.seconds_per_video:g} s", tables[name])
    say_targets(tables)
    once = simulate(shipped, Load([0.0, DAY], [60.0, 60.0]), times)
    print(f"two videos a day apart: ${once.paid_seconds / 3600 * price:.2f}, and nothing between them")
    print(f"{options.instance}, ${price:g} an hour, JobsPerTask {parameters['JobsPerTask']}; {times}")
    write_json("fleet", tables, parameters=parameters, times=dataclasses.asdict(times), price=price)


def say_targets(tables: Mapping[str, list[dict[str, Any]]]) -> None:
    """What the shipped policy reaches on the daily wave."""
    for shipped in tables.get("daily wave", [])[:1]:
        used, minutes = shipped["utilisation"], shipped["wait_p95_min"]
        print(
            f"\ndaily wave, as shipped: utilisation {used:.3f}, at least {TARGET_UTILISATION}: "
            f"{check(used, TARGET_UTILISATION)}; wait p95 {minutes:.1f} min, "
            f"at most {TARGET_MINUTES:g}: {check(minutes, at_most=TARGET_MINUTES)}"
        )


def parser() -> argparse.ArgumentParser:
    """The options; the sources of the times are in their help."""
    options = command_line(__doc__)
    options.add_argument("--videos", type=int, default=100_000, help="a day (default %(default)s)")
    options.add_argument(
        "--seconds-per-video",
        type=float,
        default=60.0,
        help="of analysis, on average (default %(default)s); `human-detector cost` tells yours",
    )
    options.add_argument("--loads", nargs="+", choices=LOADS, default=[*LOADS], help="default: all")
    options.add_argument(
        "--instance", default="g4dn.xlarge", help="as in the prices, fargate-... too (default %(default)s)"
    )
    options.add_argument("--spot", action="store_true", help="spot instances, which are lost now and then")
    options.add_argument("--price", type=float, help="dollars an hour (default: on demand, from the prices)")
    options.add_argument("--prices", type=Path, default=PRICES_PATH, help="price table")
    options.add_argument("--template", type=Path, default=TEMPLATE, help="default: aws_resources.yml")
    options.add_argument("--max-tasks", type=int, default=200, help="default %(default)s")
    options.add_argument(
        "--jobs-per-task",
        type=int,
        help="parameter of the template (default: what a task does in 10 minutes)",
    )
    options.add_argument("--seed", type=int, default=1)
    sources = {
        "metrics": "from a count of SQS to the alarm: it reports once a minute (AWS)",
        "boot": "of an instance until ECS places a task; assumed",
        "pull": "of the image on a new instance; assumed, between the 1 and 3 minutes of docs/deployment.md",
        "start": "of the worker; measured 2.6 on a CPU with small models, assumed for a GPU",
        "fargate": "until the worker of a Fargate task starts; assumed",
        "save": "worker.partial_save_seconds; its default",
        "losses_per_hour": "of each spot instance; assumed, AWS promises nothing",
    }
    for field in dataclasses.fields(Times):
        flag = f"--{field.name.replace('_', '-')}"
        help_text = f"{sources[field.name]} (default %(default)s)"
        options.add_argument(flag, type=float, default=field.default, help=help_text)
    return options


if __name__ == "__main__":
    main()
