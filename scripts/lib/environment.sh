# shellcheck shell=bash
# Makes the project's environments in .dev. Sourced after `set -euo pipefail`.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/python.sh"

# The oldest and the newest supported Home Assistant. requirements_test.txt brings the oldest.
# shellcheck disable=SC2034 # The scripts read it.
HA_OLDEST=2026.10.4
HA_NEWEST=2026.11.0

# Packages that compile must find the headers of a Python that was unpacked rather than installed.
export_headers() {
    local include="$DEV/debian-python/usr/include"
    [[ "$(readlink -f "$1")" == "$DEV/debian-python/"* ]] || return 0
    [[ ":${CPATH:-}:" == *":$include:"* ]] || export CPATH="$include${CPATH:+:$CPATH}"
}

# Makes the environment .dev/venv-NAME from uv pip's arguments unless it is there already and unchanged.
# usage: make_environment NAME FINGERPRINT UV_PIP_ARGUMENT...
make_environment() {
    local name="$1" fingerprint="$2" directory="$DEV/venv-$1" stamp
    shift 2
    stamp="$directory/.made-from"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$fingerprint" ] && "$directory/bin/python" -c "" 2>/dev/null; then
        export_headers "$directory/bin/python"
        return
    fi
    [ -n "${UV:-}" ] || find_uv
    [ -n "${PYTHON:-}" ] || find_python
    info "making .dev/venv-$name with $("$PYTHON" --version)"
    "$UV" venv --quiet --clear --no-project --python "$PYTHON" "$directory" >&2
    export_headers "$directory/bin/python"
    install_packages "$name" "$@"
    # Written last, so that an environment whose installation was interrupted is made again.
    printf '%s' "$fingerprint" >"$stamp"
}

# Installs packages in .dev/venv-NAME.
# usage: install_packages NAME UV_PIP_ARGUMENT...
install_packages() {
    local name="$1"
    shift
    [ -n "${UV:-}" ] || find_uv
    "$UV" pip install --quiet --python "$DEV/venv-$name/bin/python" "$@" >&2 ||
        die "the packages of .dev/venv-$name could not be installed (see above)." \
            "Check the network. Where a package had to be compiled, a C compiler is needed (Debian: build-essential)."
}

fingerprint() { cat "$@" | cksum; }

# Makes .dev/venv-VERSION, or .dev/venv-beta with the newest beta of Home Assistant.
# usage: make_test_environment VERSION|beta
make_test_environment() {
    local requirements="$ROOT/requirements_test.txt" overrides="$DEV/override-$1.txt"
    # pytest-homeassistant-custom-component pins one Home Assistant; an override puts another in its place.
    if [ "$1" = beta ]; then
        # uv accepts the betas of a package whose bound is one. The date makes the environment again every day.
        printf '%s\n' "# $(date +%F)" "homeassistant>=$HA_NEWEST.dev0" pytest-homeassistant-custom-component
    else
        echo "homeassistant==$1"
    fi >"$overrides"
    make_environment "$1" "$(fingerprint "$requirements" "$overrides")" \
        --requirements "$requirements" --overrides "$overrides"
}

# Makes .dev/venv-NAME with a Home Assistant, and with what it would install at its first start, one package after
# another.
# usage: make_demo_environment NAME VERSION
make_demo_environment() {
    local name="$1" stamp="$DEV/venv-$1/.ready-to-start" packages
    make_environment "$name" "homeassistant==$2" "homeassistant==$2"
    [ ! -e "$stamp" ] || return 0
    info "installing what Home Assistant needs for its first start"
    packages="$("$DEV/venv-$name/bin/python" "$ROOT/scripts/lib/first_start.py")"
    # Two have to be compiled. Once they are in uv's cache, uv uses them, but online it may ask for their source again
    # and compile that. A third of the compiler's time would go into information for debuggers.
    [ -n "${UV:-}" ] || find_uv
    # shellcheck disable=SC2046 # one argument for each
    "$UV" pip install --offline --quiet --python "$DEV/venv-$name/bin/python" \
        $(grep -E '^(pymicro-vad|pyspeex-noise)==' <<<"$packages") 2>/dev/null || true
    # shellcheck disable=SC2086 # one argument for each
    CFLAGS="${CFLAGS:-} -g0" install_packages "$name" $packages
    touch "$stamp"
}

# Home Assistant is in it because mypy reads its types.
make_lint_environment() {
    local requirements="$ROOT/requirements_lint.txt"
    make_environment lint "$HA_NEWEST $(fingerprint "$requirements")" \
        --requirements "$requirements" "homeassistant==$HA_NEWEST"
}
