#!/usr/bin/env bash
# All tests. Arguments go to pytest: ./run_tests.sh -k messages
set -euo pipefail

# shellcheck source=environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

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

ensure_environment requirements-dev.txt
PYTHON=$python "$root/model/download_all_models.sh" ssdlite_pedestrian mobilenet_ssd_widerface \
  || fail "the models could not be had (see above)"
ensure_tool ffprobe "the tests that make clips" ffmpeg
ensure_tool chromium "the tests of the report in a browser" chromium fonts-dejavu-core
cd "$root"
if [ $# -gt 0 ]; then
  exec "$python" -m pytest "$@"
fi
# Most tests wait more than they compute, so two at a time. Those of the deployment share one Docker engine.
"$python" -m pytest -n 2 --ignore tests/deployment
exec "$python" -m pytest tests/deployment
