# Sourced by run_demo.sh, run_tests.sh and .ci/run: the Python environment, made once.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# find_python : a Python that all pinned packages have wheels for.
find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.11 python3.12 python3.13; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail "Python 3.11, 3.12 or 3.13 is needed, and none was found (set PYTHON to the path of one)"
}

# show_progress : the lines that come in, each over the last one on a terminal, none otherwise.
show_progress() {
  local line
  while IFS= read -r line; do
    [ ! -t 1 ] || printf '\r\033[K  %.70s' "$line"
  done
  [ ! -t 1 ] || printf '\r\033[K'
}

# ensure_environment FILE : .venv has the packages of that requirements file and this one, editable; `python` is
# its interpreter.
# The stamp holds the content of the files, so a changed requirement installs again and nothing else does.
ensure_environment() {
  local file=$1 stamp wanted found log
  python=$root/.venv/bin/python
  stamp=$root/.venv/installed-$file
  wanted=$(cat "$root"/requirements-{common,demo,extras}.txt "$root/$file" "$root/pyproject.toml")
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  found=$(find_python) || exit 1
  echo "Installing the packages of $file into .venv (once; about 700 MB to download)"
  log=$(mktemp)
  { "$found" -m venv "$root/.venv" && "$python" -m pip install --disable-pip-version-check -r "$root/$file" --editable "$root"; } 2>&1 \
    | tee "$log" | show_progress || { tail -n 5 "$log" >&2; fail "the packages of $file could not be installed (all of it: $log)"; }
  rm -f "$log"
  printf '%s\n' "$wanted" >"$stamp"
}
