# Makes the project's virtual environments in .dev; sourced after common.sh and python.sh.

# The oldest and the newest supported Home Assistant. The first is the one requirements_test.txt brings.
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
    say "making .dev/venv-$name with $("$PYTHON" --version)"
    "$UV" venv --quiet --clear --no-project --python "$PYTHON" "$directory" >&2
    export_headers "$directory/bin/python"
    "$UV" pip install --quiet --python "$directory/bin/python" "$@" >&2 ||
        die "the packages of .dev/venv-$name could not be installed (see above)." \
            "Check the network. Where a package had to be compiled, a C compiler is needed (Debian: build-essential)."
    # Written last, so an environment that was interrupted while it was made is made again.
    printf '%s' "$fingerprint" >"$stamp"
}

fingerprint() { cat "$@" | cksum; }

# usage: make_test_environment VERSION
make_test_environment() {
    local requirements="$ROOT/requirements_test.txt" override="$DEV/override-$1.txt"
    # pytest-homeassistant-custom-component pins one Home Assistant; an override puts another in its place.
    echo "homeassistant==$1" >"$override"
    make_environment "$1" "$(fingerprint "$requirements" "$override")" \
        --requirements "$requirements" --overrides "$override"
}
