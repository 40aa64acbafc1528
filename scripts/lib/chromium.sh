# shellcheck shell=bash
# Finds a Chromium, or installs one. Sourced after `set -euo pipefail`.

. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# Prints the first of its arguments that is a browser which can open a page without a screen.
first_working_browser() {
    local candidate page profile limit=()
    # macOS has no timeout.
    command -v timeout >/dev/null && limit=(timeout 60)
    for candidate in "$@"; do
        [ -x "$candidate" ] || continue
        profile="$(mktemp -d)"
        # Not piped into grep -q, which stops reading early and so would make a working browser fail.
        page="$(${limit[@]+"${limit[@]}"} "$candidate" --headless --no-sandbox --disable-gpu --user-data-dir="$profile" \
            --dump-dom "data:text/html,<p>works</p>" 2>/dev/null)" || page=""
        rm -rf "$profile"
        if [[ "$page" == *"<p>works</p>"* ]]; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

# The shell first: without a screen it does the same, in half of the processor time.
installed_browsers() {
    local name
    for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" || true
    done
}

# Installs a package on Debian and its kin, where that is possible.
# usage: install_package NAME LOG
install_package() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 0
    info "installing Debian's package $1"
    # With a limit, because a mirror that does not answer would be waited for.
    {
        timeout 120 apt-get update &&
            DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install --yes --no-install-recommends "$1"
    } >>"$2" 2>&1 || true
}

# Sets CHROMIUM to the machine's own browser, the one that playwright can download, or Debian's.
# usage: find_chromium PYTHON_WITH_PLAYWRIGHT
find_chromium() {
    local python="$1" log="$DEV/chromium.log" browsers
    # A machine that runs only for CI gets the shell, even where it has a browser.
    [ -z "${CI:-}" ] || command -v chromium-headless-shell >/dev/null || install_package chromium-headless-shell "$log"
    mapfile -t browsers < <(installed_browsers)
    CHROMIUM="$(first_working_browser ${CHROMIUM:+"$CHROMIUM"} "${browsers[@]}")" && return

    export PLAYWRIGHT_BROWSERS_PATH="$DEV/browsers"
    local downloaded="import playwright.sync_api as p; print(p.sync_playwright().start().chromium.executable_path)"
    mapfile -t browsers < <("$python" -c "$downloaded" 2>/dev/null || true)
    CHROMIUM="$(first_working_browser "${browsers[@]}")" && return

    info "no Chromium on this machine: downloading one with playwright"
    if "$python" -m playwright install chromium >"$log" 2>&1; then
        mapfile -t browsers < <("$python" -c "$downloaded")
        CHROMIUM="$(first_working_browser "${browsers[@]}")" && return
    fi
    info "playwright could not install one that works (log: ${log#"$ROOT"/})"
    local package
    for package in chromium-headless-shell chromium; do
        install_package "$package" "$log"
        mapfile -t browsers < <(installed_browsers)
        CHROMIUM="$(first_working_browser "${browsers[@]}")" && return
    done
    die "no Chromium that works was found, and none could be installed (log: ${log#"$ROOT"/})." \
        "Install Chromium or Chrome (Debian: apt-get install chromium) and try again."
}

# Makes the environment .dev/venv-e2e and exports CHROMIUM.
prepare_e2e() {
    local requirements="$ROOT/e2e/requirements.txt"
    hold_dev
    make_environment e2e "$(fingerprint "$requirements")" --requirements "$requirements"
    find_chromium "$DEV/venv-e2e/bin/python"
    release_dev
    export CHROMIUM
}
