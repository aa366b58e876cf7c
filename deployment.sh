# What the deployment scripts share: options, settings, checks. To be sourced by them, not run.
# shellcheck shell=bash

# shellcheck source=environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

dry_run=
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
errors=$scratch/errors # what the last attempt said on stderr
exec 3>&1              # where --dry-run prints, inside $(...) as well

# say SENTENCE : what has been done; nothing has with --dry-run.
say() {
  [[ -n $dry_run ]] || printf '%s: %s\n' "${0##*/}" "$*"
}

# read_options USAGE ARGUMENTS... : answers --help, takes note of --dry-run, refuses anything else.
read_options() {
  local usage=$1
  shift
  while (($# > 0)); do
    case $1 in
      -h | --help)
        printf '%s\n' "$usage"
        exit 0
        ;;
      --dry-run) dry_run=yes ;;
      *)
        say "unknown argument '$1'; try --help" >&2
        exit 2
        ;;
    esac
    shift
  done
}

show_command() {
  printf '+' >&3
  printf ' %q' "$@" >&3
  printf '\n' >&3
}

# run COMMAND... : a command that changes something; only shown with --dry-run.
run() {
  if [[ -n $dry_run ]]; then show_command "$@"; else "$@"; fi
}

# attempt COMMAND... : run, with stderr kept for `reason` instead of shown.
attempt() {
  run "$@" 2>"$errors"
}

# query ANSWER COMMAND... : a command that is asked something. With --dry-run it is only shown, and answers ANSWER.
query() {
  local answer=$1
  shift
  if [[ -n $dry_run ]]; then
    show_command "$@"
    printf '%s\n' "$answer"
  else
    "$@" 2>"$errors"
  fi
}

# reason : why the last attempt or query failed, on one line.
reason() {
  grep -v '^[[:space:]]*$' "$errors" | tail -n 1
}

# failed_with WORD : whether the last attempt or query failed for that reason.
failed_with() {
  grep -q -- "$1" "$errors"
}

# load_settings : checks variables.json; `setting NAME` answers from then on.
load_settings() {
  python=$(find_python) || exit 1
  settings=$(PYTHONPATH=$root/src "$python" -m human_detector.deployment.settings "$root/variables.json") \
    || fail "variables.json is not valid (see above)"
  AWS_REGION=$(setting aws_region)
  export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION AWS_PAGER=
}

setting() {
  sed -n "s/^$1=//p" <<<"$settings"
}

# image_tag : the commit, so that every image says which code is in it.
image_tag() {
  local commit
  commit=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null) || commit=unversioned
  printf '%s%s\n' "$commit" "$(uncommitted)"
}

uncommitted() {
  git -C "$root" rev-parse HEAD >/dev/null 2>&1 || return 0
  git -C "$root" diff --quiet HEAD -- || printf -- '-dirty\n'
}

require_docker() {
  [[ -z $dry_run ]] || return 0
  command -v docker >/dev/null || fail "docker is missing: install Docker"
  docker version >/dev/null 2>"$errors" \
    || fail "the Docker engine does not answer: start it, or see that you may use it ($(reason))"
}

# require_image : the image of this commit has been built. Sets image.
require_image() {
  image=$(setting repository):$(image_tag)
  query "" docker image inspect --format '{{.Id}}' "$image" >/dev/null \
    || fail "there is no image $image: run ./build_dockerfile.sh first"
}

# require_aws : the AWS command line and credentials that are valid. Sets caller_arn.
require_aws() {
  [[ -n $dry_run ]] || command -v aws >/dev/null \
    || fail "the AWS command line is missing: install the package awscli, version 1 or 2"
  # shellcheck disable=SC2034  # for the script that sources this one
  caller_arn=$(query "arn:aws:iam::ACCOUNT:user/you" aws sts get-caller-identity --query Arn --output text) \
    || fail "there are no valid AWS credentials: run 'aws configure', or set AWS_PROFILE ($(reason))"
}

# require_instance_type : AWS still has it, in that region. Who may not ask is not refused.
require_instance_type() {
  local type offered
  type=$(setting instance_type)
  [[ $type != fargate ]] || return 0
  offered=$(query "$type" aws ec2 describe-instance-type-offerings --filters "Name=instance-type,Values=$type" \
    --query 'InstanceTypeOfferings[].InstanceType' --output text) || return 0
  [[ $offered == "$type" ]] \
    || fail "AWS offers no $type in $AWS_REGION: name another in ecs.instance_type, such as g4dn.xlarge"
}

# ecr_uri : the repository's name with that of its registry. ecr_digest : of the image of this commit.
ecr_uri() {
  query "ACCOUNT.dkr.ecr.$AWS_REGION.amazonaws.com/$(setting repository)" aws ecr describe-repositories \
    --repository-names "$(setting repository)" --query 'repositories[0].repositoryUri' --output text
}

ecr_digest() {
  query DIGEST aws ecr describe-images --repository-name "$(setting repository)" \
    --image-ids "imageTag=$(image_tag)" --query 'imageDetails[0].imageDigest' --output text
}
