#!/usr/bin/env bash
# Runs the worker's image on this machine; see the text below.
set -euo pipefail

# shellcheck source=deployment.sh
source "$(dirname "${BASH_SOURCE[0]}")/deployment.sh"

usage="Usage: ${0##*/} [--variables FILE] [--dry-run] [--help] [ARGUMENTS OF THE WORKER]

Runs the image of this commit as ECS would: no privileges, a read-only file system, one scratch folder. It works on
the real queue, with your AWS credentials: ~/.aws is mounted read-only, and the variables AWS_* are passed on.
Uses the GPU if Docker has NVIDIA's runtime. Ctrl-C gives the current video back.

  --variables FILE   configuration to use instead of the one in the image

For example: ${0##*/} --exit-when-idle 60"

variables=
options=()
while (($# > 0)); do
  case $1 in
    --variables)
      variables=${2-}
      [[ -f $variables ]] || fail "there is no file '$variables' for --variables"
      shift
      ;;
    -h | --help | --dry-run) options+=("$1") ;;
    *) break ;;
  esac
  shift
done
read_options "$usage" ${options[@]+"${options[@]}"}

load_settings
require_docker
require_image

arguments=(--rm --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 4096 --network host)
# As the caller, who may read ~/.aws and the file given.
arguments+=(--user "$(id -u):$(id -g)")
if [[ -t 0 && -t 1 ]]; then arguments+=(--interactive --tty); fi
if [[ -d $HOME/.aws ]]; then arguments+=(--volume "$HOME/.aws:/home/worker/.aws:ro" --env HOME=/home/worker); fi
for name in $(compgen -e AWS_); do
  arguments+=(--env "$name")
  # Some name a file: it has to be there under the same name.
  if [[ -f ${!name} ]]; then arguments+=(--volume "${!name}:${!name}:ro"); fi
done
if [[ -n $variables ]]; then
  folder=$(cd "$(dirname "$variables")" && pwd)
  arguments+=(--volume "$folder/$(basename "$variables"):/app/variables.json:ro")
fi
if [[ $(query '' docker info --format '{{json .Runtimes}}') == *nvidia* ]]; then arguments+=(--gpus all); fi

run docker run "${arguments[@]}" "$image" "$@"
