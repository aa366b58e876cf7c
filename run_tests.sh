#!/usr/bin/env bash
# All tests. Arguments go to pytest: ./run_tests.sh -k messages
set -euo pipefail

# shellcheck source=environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# ensure_tool COMMAND PACKAGE WHAT : a program of the distribution; the tests that need it are skipped without.
ensure_tool() {
  ! command -v "$1" >/dev/null || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $2 from the distribution's packages"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2"; } >/dev/null 2>&1 \
      && return 0
  fi
  echo "Without $1 $3 will be skipped: install the package $2"
}

ensure_environment requirements-dev.txt
PYTHON=$python "$root/model/download_all_models.sh" ssdlite_pedestrian mobilenet_ssd_widerface \
  || fail "the models could not be had (see above)"
ensure_tool ffprobe ffmpeg "the tests that make clips"
ensure_tool chromium chromium "the tests of the report in a browser"
cd "$root"
if [ $# = 0 ]; then
  # Most tests wait more than they compute.
  set -- -n 2 --dist loadgroup
fi
exec "$python" -m pytest "$@"
