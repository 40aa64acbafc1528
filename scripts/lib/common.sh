# shellcheck shell=bash
# Paths, messages and the lock that all scripts share. Sourced after `set -euo pipefail`.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# Everything the scripts make for developers: Python, uv, environments. Deleting it is always safe.
DEV="$ROOT/.dev"

# Python keeps in .dev what it has compiled, even where the caller's environment says that it keeps nothing. Otherwise
# every process would compile the two thousand modules again that a Home Assistant imports, which takes seconds.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$DEV/pycache"

info() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

# `set -e` ends a script without a message. The trap names the command, also inside functions and subshells.
set -E
trap 'printf "error: %s, line %s: status %s from: %s\n" "${BASH_SOURCE[0]}" "$LINENO" "$?" "$BASH_COMMAND" >&2' ERR

# Prints the comment at the head of the script, and ends it.
usage() {
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
    exit
}

# Only one script at a time may build in .dev; the others wait. Held until `release_dev` or the script's end.
hold_dev() {
    mkdir -p "$DEV"
    # macOS has no flock. Scripts started at the same time may disturb each other there.
    command -v flock >/dev/null || return 0
    exec 9>"$DEV/.lock"
    flock --nonblock 9 && return 0
    info "another script is preparing .dev; waiting for it"
    flock 9
}

# What runs for long (a demo) must not inherit the lock, because other scripts could not build meanwhile.
release_dev() { exec 9>&-; }
