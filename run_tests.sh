#!/usr/bin/env bash
# All tests, or those that one runs again and again.
set -euo pipefail

# shellcheck source=environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

usage() {
  cat <<'TEXT'
usage: ./run_tests.sh [--quick] [PYTEST ARGUMENT ...]

Makes the environment and gets the embedded models the first time, then runs the tests.

  --quick   only what needs neither an emulated AWS nor models, and does not encode for long: for the inner loop.
            A test belongs to it by what it uses; tests/conftest.py says how.
  -m slow   only what is left out otherwise, since it takes minutes or gigabytes.

Other arguments go to pytest, which then runs without parallel processes unless they ask for them:
  ./run_tests.sh -k messages
  ./run_tests.sh tests/video -n 2

Most of the time goes into waiting for leases to end (tests/worker), the fault campaigns, the planted faults,
TensorFlow's start and the models on a CPU (tests/inference).
TEXT
}

# ensure_tool COMMAND WHAT PACKAGE... : a program of the distribution; the tests that need it are skipped without.
ensure_tool() {
  local command=$1 what=$2
  shift 2
  ! command -v "$command" >/dev/null || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $* from the distribution's packages"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >/dev/null 2>&1 \
      && return 0
  fi
  echo "Without $command $what will be skipped: install $*"
}

# run_in_parallel MORE ARGUMENT... : so many processes more than there are cores, where tests wait.
run_in_parallel() {
  local processes=$(($(nproc) + $1))
  "$python" -m pytest -n $((processes < 8 ? processes : 8)) --dist worksteal "${@:2}"
}

case ${1:-} in
  -h | --help)
    usage
    exit
    ;;
esac
ensure_environment requirements-dev.txt
ensure_tool ffprobe "the tests that make clips" ffmpeg
cd "$root"
if [ "${1:-}" = --quick ]; then
  run_in_parallel 0 "$@"
  exit
fi
PYTHON=$python "$root/model/download_all_models.sh" ssdlite_pedestrian centernet_mobilenetv3 mobilenet_ssd_widerface centerface \
  || fail "the models could not be had (see above)"
ensure_tool chromium "the tests of the report in a browser" chromium fonts-dejavu-core
if [ $# -gt 0 ]; then
  exec "$python" -m pytest "$@"
fi
# The tests of the deployment share one Docker engine, so they run one after another.
run_in_parallel 2 --ignore tests/deployment
exec "$python" -m pytest tests/deployment
