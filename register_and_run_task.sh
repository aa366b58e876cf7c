#!/usr/bin/env bash
# Runs the image that was pushed as an ECS task or service; see the text below.
set -euo pipefail

# shellcheck source=deployment.sh
source "$(dirname "${BASH_SOURCE[0]}")/deployment.sh"

read_options "Usage: ${0##*/} [--dry-run] [--help]

Registers human_detector_taskdef.json, filled in from variables.json, for the image of this commit in ECR. Then
runs it in the cluster (ecs.cluster): as a service if variables.json names one (ecs.service), which is made or
updated, else as one task, which takes the place of an older one. Waits until it runs, and says why if it does not.
What is registered or running already is left as it is.

Environment:
  WAIT_SECONDS     how long to wait (default 1200: an instance starts and fetches an image of some gigabytes)
  SETTLE_SECONDS   how long it has to run to count (default 8: a worker that cannot start ends before)" "$@"

readonly POLL_SECONDS=2
wait_seconds=${WAIT_SECONDS:-1200}
settle_seconds=${SETTLE_SECONDS:-8}

load_settings
require_aws
cluster=$(setting cluster)
family=$(setting task_family)
service=$(setting service)
log_group=$(setting log_group)
started_by=register_and_run_task/$family # no dots are allowed in it
deadline=$((SECONDS + wait_seconds))

# ---- what has to be there ----

status=$(query ACTIVE aws ecs describe-clusters --clusters "$cluster" --query 'clusters[0].status' --output text) \
  || fail "the cluster $cluster cannot be looked up: $(reason)"
[[ $status == ACTIVE ]] \
  || fail "there is no cluster $cluster in $AWS_REGION: make it with aws_resources.yml, or name another in ecs.cluster"

for role in "$(setting execution_role)" "$(setting task_role)"; do
  [[ $role != arn:* ]] || continue
  query "" aws iam get-role --role-name "$role" >/dev/null || ! failed_with NoSuchEntity \
    || fail "there is no role $role: make it with aws_resources.yml, or name another in ecs.execution_role and ecs.task_role"
done

repository=$(setting repository)
not_pushed="the image $repository:$(image_tag) is not in ECR: run ./push_to_aws_ecr.sh first"
uri=$(ecr_uri) || fail "$not_pushed ($(reason))"
digest=$(ecr_digest) || fail "$not_pushed ($(reason))"

attempt aws logs create-log-group --log-group-name "$log_group" || failed_with ResourceAlreadyExists \
  || fail "the log group $log_group could not be made: $(reason)"

# ---- the task definition ----

PYTHONPATH=$root/src "$python" -m human_detector.deployment.task_definition --template "$root/human_detector_taskdef.json" --variables "$root/variables.json" --caller-arn "$caller_arn" \
  --image "$uri@$digest" >"$scratch/definition.json" || fail "the task definition could not be filled in (see above)"
# The content's own checksum, kept as a tag, says whether the latest revision is this one.
checksum=$("$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' \
  <"$scratch/definition.json")

known=$(query "" aws ecs describe-task-definition --task-definition "$family" --include TAGS \
  --query "[taskDefinition.taskDefinitionArn, tags[?key=='checksum'].value | [0]]" --output text) || known=
if [[ -n $known && ${known#*$'\t'} == "$checksum" ]]; then
  definition=${known%%$'\t'*}
  say "the task definition is registered already: ${definition##*/}"
else
  definition=$(query DEFINITION aws ecs register-task-definition --cli-input-json "file://$scratch/definition.json" \
    --tags "key=checksum,value=$checksum" --query taskDefinition.taskDefinitionArn --output text) \
    || fail "the task definition could not be registered: $(reason)"
  say "registered ${definition##*/}"
fi

# ---- running it ----

show_log_command() {
  say "its log: aws logs tail $log_group --follow --region $AWS_REGION"
}

network_options=()
if [[ $(setting instance_type) == fargate ]]; then
  network="subnets=[$(setting subnets)],securityGroups=[$(setting security_groups)]"
  network+=",assignPublicIp=$(setting assign_public_ip)"
  network_options=(--launch-type FARGATE --network-configuration "awsvpcConfiguration={$network}")
fi

# why_stopped TASK : what ECS says of a task that has ended, and the end of its log.
why_stopped() {
  local why container_why code
  IFS=$'\t' read -r why container_why code < <(aws ecs describe-tasks --cluster "$cluster" --tasks "$1" --output text \
    --query 'tasks[0].[stoppedReason, containers[0].reason, containers[0].exitCode]' 2>"$errors") || why=$(reason)
  [[ -z $container_why || $container_why == None ]] || why+="; $container_why"
  [[ -z $code || $code == None ]] || why+="; exit code $code"
  printf '%s\n' "$why"
  aws logs get-log-events --log-group-name "$log_group" --log-stream-name "worker/human_detector/${1##*/}" \
    --limit 5 --query 'events[].[message]' --output text 2>"$errors" | sed 's/^/  /' || true
}

# explain_failure REASON : a placement failure of ECS, for a person.
explain_failure() {
  case $1 in
    *RESOURCE:GPU*) echo "no instance in the cluster has a free GPU" ;;
    *RESOURCE:*) echo "no instance in the cluster has enough ${1##*RESOURCE:} free" ;;
    *MemberOf* | *ATTRIBUTE* | *"No Container Instances"*)
      echo "the cluster has no instance of type $(setting instance_type)" ;;
    *) echo "$1" ;;
  esac
}

wait_for_task() {
  local task=$1 state settled=
  while ((SECONDS < deadline)); do
    state=$(query RUNNING aws ecs describe-tasks --cluster "$cluster" --tasks "$task" \
      --query 'tasks[0].lastStatus' --output text) || fail "the task cannot be looked up: $(reason)"
    [[ -z $dry_run ]] || return 0
    case $state in
      RUNNING)
        settled=${settled:-$((SECONDS + settle_seconds))}
        ((SECONDS < settled)) || return 0
        ;;
      DEPROVISIONING | STOPPED)
        show_log_command
        fail "the task stopped: $(why_stopped "$task")"
        ;;
    esac
    sleep "$POLL_SECONDS"
  done
  fail "the task is still $state after $wait_seconds s: look at it with aws ecs describe-tasks" \
    "--cluster $cluster --tasks ${task##*/}"
}

run_task() {
  local tasks task found
  tasks=$(query "" aws ecs list-tasks --cluster "$cluster" --started-by "$started_by" \
    --query 'taskArns[]' --output text) || fail "the tasks cannot be listed: $(reason)"
  for task in $tasks; do
    [[ $task != None ]] || continue
    found=$(query "" aws ecs describe-tasks --cluster "$cluster" --tasks "$task" \
      --query 'tasks[0].taskDefinitionArn' --output text) || fail "the task cannot be looked up: $(reason)"
    if [[ $found == "$definition" ]]; then
      say "the task is there already: ${task##*/}"
      wait_for_task "$task"
      return
    fi
    # It gives its video back, and frees the GPU that the new one may have to wait for.
    say "stopping the task of an older image: ${task##*/}"
    attempt aws ecs stop-task --cluster "$cluster" --task "$task" --reason "replaced by ${definition##*/}" >/dev/null \
      || fail "the older task could not be stopped: $(reason)"
    attempt aws ecs wait tasks-stopped --cluster "$cluster" --tasks "$task" || fail "the older task does not stop: $(reason)"
  done

  found=$(query TASK aws ecs run-task --cluster "$cluster" --task-definition "$definition" --started-by "$started_by" \
    ${network_options[@]+"${network_options[@]}"} --output text --query '[tasks[0].taskArn, failures[0].reason]') \
    || fail "the task could not be run: $(explain_failure "$(reason)")"
  task=${found%%$'\t'*}
  [[ $task != None ]] || fail "the task could not be run: $(explain_failure "${found#*$'\t'}")"
  wait_for_task "$task"
  say "the task runs: ${task##*/}"
}

# The first word is the service's status, then its task definition and how many tasks it wants and has.
service_state() {
  query "" aws ecs describe-services --cluster "$cluster" --services "$service" --output text --query "services[0].[
      status, taskDefinition, desiredCount, runningCount, deployments[?status=='PRIMARY'] | [0].rolloutState]"
}

# why_service_fails : of the task that ended last.
why_service_fails() {
  local task
  task=$(aws ecs list-tasks --cluster "$cluster" --service-name "$service" --desired-status STOPPED \
    --query 'taskArns[0]' --output text 2>"$errors") || task=None
  if [[ $task != None ]]; then
    why_stopped "$task"
  else
    aws ecs describe-services --cluster "$cluster" --services "$service" --query 'services[0].events[0].message' \
      --output text
  fi
}

wait_for_service() {
  local found wanted running rollout settled=
  [[ -z $dry_run ]] || return 0
  while ((SECONDS < deadline)); do
    read -r _ found wanted running rollout < <(service_state) || fail "the service cannot be looked up: $(reason)"
    if [[ $rollout == FAILED || $found != "$definition" ]]; then
      show_log_command
      fail "the service could not be brought to ${definition##*/}: $(why_service_fails)"
    fi
    if [[ $wanted == "$running" && $rollout != IN_PROGRESS ]]; then
      settled=${settled:-$((SECONDS + settle_seconds))}
      ((SECONDS < settled)) || return 0
    else
      settled=
    fi
    sleep "$POLL_SECONDS"
  done
  show_log_command
  fail "the service has $running of $wanted tasks after $wait_seconds s: $(why_service_fails)"
}

run_service() {
  local status found wanted
  read -r status found wanted _ < <(service_state) || fail "the service $service cannot be looked up: $(reason)"
  if [[ $status != ACTIVE ]]; then
    wanted=$(setting desired_count)
    say "making the service $service"
    # A queue needs no worker at all times: the old one may go first, where there is one GPU only.
    attempt aws ecs create-service --cluster "$cluster" --service-name "$service" --task-definition "$definition" \
      --desired-count "$wanted" ${network_options[@]+"${network_options[@]}"} --deployment-configuration \
      "minimumHealthyPercent=0,maximumPercent=100,deploymentCircuitBreaker={enable=true,rollback=true}" >/dev/null \
      || fail "the service $service could not be made: $(explain_failure "$(reason)")"
  elif [[ $found == "$definition" ]]; then
    say "the service $service is at ${definition##*/} already"
  else
    say "updating the service $service"
    attempt aws ecs update-service --cluster "$cluster" --service "$service" --task-definition "$definition" >/dev/null \
      || fail "the service $service could not be updated: $(reason)"
  fi
  wait_for_service
  if [[ $wanted == 0 ]]; then
    say "the service $service wants no task now: its scaling starts one when messages wait"
  else
    say "the service $service runs $wanted task(s)"
  fi
}

if [[ -n $service ]]; then run_service; else run_task; fi
show_log_command
