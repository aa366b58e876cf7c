# What the scripts in this folder share: a way to `human-detector models get`. To be sourced by them, not run.
# shellcheck shell=bash

scripts_folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly scripts_folder
# shellcheck source-path=SCRIPTDIR source=../environment.sh
source "$scripts_folder/../environment.sh"

# answer_help USAGE ARGUMENTS...: prints the usage if it is asked for, and ends the script.
answer_help() {
  if [[ ${2-} == -h || ${2-} == --help ]]; then
    printf '%s\n' "$1"
    exit 0
  fi
}

# refuse_arguments ARGUMENTS...: ends the script if there are any.
refuse_arguments() {
  if (($# > 0)); then
    printf "%s: unknown argument '%s'; try --help\n" "${0##*/}" "$1" >&2
    exit 2
  fi
}

# get_models NAME...: gets the models, with the interpreter in the repository's virtual environment if there is one.
get_models() {
  local in_repository=$root/.venv/bin/python python
  if [[ -z ${PYTHON-} && -x $in_repository ]]; then
    PYTHON=$in_repository
  fi
  python=$(find_python) || exit 1
  MODEL_DIR=${MODEL_DIR:-$scripts_folder} PYTHONPATH=$root/src${PYTHONPATH:+:$PYTHONPATH} \
    exec "$python" -m human_detector models get "$@"
}
