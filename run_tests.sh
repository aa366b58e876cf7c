#!/usr/bin/env bash
# All tests. Arguments go to pytest: ./run_tests.sh -k messages
set -euo pipefail

# shellcheck source=environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

ensure_environment requirements-dev.txt
PYTHON=$python "$root/model/download_all_models.sh" ssdlite_pedestrian mobilenet_ssd_widerface \
  || fail "the models could not be had (see above)"
# Clips for the tests are made by FFmpeg, and checked against what ffprobe says of them.
if ! command -v ffprobe >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ffmpeg from the distribution's packages"
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ffmpeg; } >/dev/null \
    || fail "ffmpeg could not be installed"
fi
cd "$root"
exec "$python" -m pytest "$@"
