# Names, messages and the lock that all scripts share; sourced after `set -euo pipefail`.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# Everything the scripts make for developers: Python, uv, environments. Deleting it is always safe.
DEV="$ROOT/.dev"

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

# Only one script at a time may build in .dev; the others wait. Held until `release_dev` or the script's end.
hold_dev() {
    mkdir -p "$DEV"
    # flock is not everywhere (macOS); there two scripts started at once are the caller's to avoid.
    command -v flock >/dev/null || return 0
    exec 9>"$DEV/.lock"
    flock --nonblock 9 && return 0
    say "another script is preparing .dev; waiting for it"
    flock 9
}

# The lock must not be inherited by what runs for long (a demo), or nobody else could build meanwhile.
release_dev() { exec 9>&-; }
