#!/usr/bin/env bash
# From a clone to a running task; see the text below.
set -euo pipefail

# shellcheck source=deployment.sh
source "$(dirname "${BASH_SOURCE[0]}")/deployment.sh"

read_options "Usage: ${0##*/} [--dry-run] [--help]

Builds the image, pushes it to ECR, and runs it on ECS: build_dockerfile.sh, push_to_aws_ecr.sh and
register_and_run_task.sh, one after the other; --help of each tells more. All settings come from variables.json.
A second run changes only what has to change." "$@"

# Before minutes go into a build.
load_settings
require_docker
require_aws
require_instance_type

for step in build_dockerfile.sh push_to_aws_ecr.sh register_and_run_task.sh; do
  "$root/$step" ${dry_run:+--dry-run}
done

say "deployed to the cluster $(setting cluster) in $AWS_REGION on $(setting instance_type):" \
  "$(setting repository):$(image_tag), variant $(setting variant), in $SECONDS s"
