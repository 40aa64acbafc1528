# shellcheck shell=bash
# Finds uv and a Python for Home Assistant, or installs them in .dev. Sourced after common.sh.

# Home Assistant 2026.10 and 2026.11 ask for this; their compiled dependencies have no wheels for 3.15 yet.
PYTHON_WANTED=">=3.14.2,<3.15"
UV_WANTED=0.13.9

# Sets UV to a uv: the machine's own, or one from PyPI in a virtual environment of the project.
find_uv() {
    if UV="$(command -v uv)"; then
        return
    fi
    UV="$DEV/uv/bin/uv"
    "$UV" --version >/dev/null 2>&1 && return

    local python
    python="$(command -v python3 || command -v python)" ||
        die "neither uv nor Python was found." "Install uv (https://docs.astral.sh/uv/) and try again."
    info "installing uv into .dev"
    rm -rf "$DEV/uv" "$DEV/uv.new"
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv "$DEV/uv.new/venv" >&2 ||
            die "$python has no pip and cannot make a virtual environment." \
                "Install uv (https://docs.astral.sh/uv/), or on Debian and Ubuntu the package python3-venv, and try again."
        python="$DEV/uv.new/venv/bin/python"
    fi
    # --target changes nothing of the Python that runs pip, even where the system manages its packages.
    "$python" -m pip install --quiet --disable-pip-version-check --no-compile --root-user-action ignore \
        --target "$DEV/uv.new/uv" "uv==$UV_WANTED" >&2 ||
        die "uv could not be installed from PyPI (see above)." \
            "Check the network, or install uv (https://docs.astral.sh/uv/) and try again."
    mkdir -p "$DEV/uv"
    mv "$DEV/uv.new/uv/bin" "$DEV/uv/bin"
    rm -rf "$DEV/uv.new"
}

# Prints the first of its arguments that is a working Python for Home Assistant.
first_suitable_python() {
    local candidate
    for candidate in "$@"; do
        if [ -x "$candidate" ] && "$candidate" -c '
import sys, zlib, ssl, sqlite3, ctypes
sys.exit(not ((3, 14, 2) <= sys.version_info < (3, 15)))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

# Sets PYTHON to a Python for Home Assistant. Needs UV.
# shellcheck disable=SC2034 # environment.sh reads it.
find_python() {
    local pyenv_root=""
    pyenv_root="$(pyenv root 2>/dev/null || true)"
    PYTHON="$(first_suitable_python \
        "$(command -v python3.14 || true)" \
        ${pyenv_root:+"$pyenv_root"/versions/3.14*/bin/python3.14} \
        "$("$UV" python find --system --no-python-downloads --no-project "$PYTHON_WANTED" 2>/dev/null || true)" \
        "$DEV"/debian-python/usr/bin/python3.14)" && return

    info "no Python 3.14 on this machine: downloading one with uv"
    local uv_log="$DEV/uv-python.log"
    if UV_HTTP_RETRIES="${UV_HTTP_RETRIES:-1}" "$UV" python install --no-bin "$PYTHON_WANTED" >"$uv_log" 2>&1; then
        PYTHON="$("$UV" python find --system --no-python-downloads --no-project "$PYTHON_WANTED")"
        return
    fi
    info "uv could not download one (log: ${uv_log#"$ROOT"/}); trying Debian's packages"
    bash "$ROOT/scripts/lib/debian-python.sh" "$UV" "$DEV/debian-python" ||
        die "no Python 3.14.2 or later could be installed (see above)." \
            "Install Python 3.14 (pyenv install 3.14, uv python install 3.14, or your system's package) and try again."
    PYTHON="$(first_suitable_python "$DEV/debian-python/usr/bin/python3.14")" ||
        die "Debian's Python 3.14 does not run on this machine." "Install Python 3.14 yourself and try again."
}
