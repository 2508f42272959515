# Shared by the folders' `run`: where the built program is, and how tools are installed. Sourced, not run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${INTEROP_TARGET:-$(cd "$here" && cargo metadata --no-deps --format-version 1 |
  python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')}
tagway=$target/debug/tagway
work=$(mktemp -d)
pids=()
finish() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

# python_tools NAME REQUIREMENTS: a virtual environment with exactly these; its folder is in $python_home.
python_tools() {
  python_home=$target/interop/$1
  local wanted
  wanted=$(cat "$2"; python3 --version)
  if [[ $(cat "$python_home/installed" 2>/dev/null) == "$wanted" ]]; then return; fi
  rm -rf "$python_home"
  if ! python3 -m venv "$python_home" 2>/dev/null; then
    apt-get update -qq && apt-get install -y -qq python3-venv
    python3 -m venv "$python_home"
  fi
  "$python_home/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
  printf '%s\n' "$wanted" >"$python_home/installed"
}

# node_tools NAME FOLDER: the packages of FOLDER/package-lock.json; their folder is in $node_home.
node_tools() {
  node_home=$target/interop/$1
  if cmp -s "$2/package-lock.json" "$node_home/installed"; then return; fi
  rm -rf "$node_home"
  mkdir -p "$node_home"
  cp "$2/package.json" "$2/package-lock.json" "$node_home/"
  (cd "$node_home" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null)
  cp "$2/package-lock.json" "$node_home/installed"
}

# await FILE PATTERN PID: until a line of FILE matches, for at most ten seconds.
await() {
  local _
  for _ in $(seq 100); do
    if grep -q "$2" "$1" 2>/dev/null; then return; fi
    if ! kill -0 "$3" 2>/dev/null; then break; fi
    sleep 0.1
  done
  printf 'no line %s came; there is:\n' "$2" >&2
  cat "$1" >&2
  return 1
}

# debian_tool NAME: a program of the Debian package of that name.
debian_tool() {
  if command -v "$1" >/dev/null; then return; fi
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null
}
