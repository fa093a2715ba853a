#!/usr/bin/env bash
# Build the image `stampapp` with docker, podman or buildah: the first that works, or ENGINE. Arguments go on
# to its `build`, for example --target lean --tag stampapp-lean.
#
# With --debian first, the base is made of Debian's packages by mmdebstrap. A machine then needs no image
# registry. The base trusts the certificate authorities that this machine trusts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "The image cannot be built: $1" >&2
    exit 1
}

# The command `docker` exists on many machines without its engine.
first_that_works() {
    for one in docker podman buildah; do
        if "$one" info >/dev/null 2>&1; then
            echo "$one"
            return
        fi
    done
    fail "neither docker nor podman nor buildah works here (on Debian: apt-get install podman)"
}

# Print nothing: the base is the image `stampapp-base`.
make_base() {
    command -v mmdebstrap >/dev/null || fail "--debian needs mmdebstrap (apt-get install mmdebstrap)"
    local container archive="$scratch/base.tar"
    # Bookworm has Python 3.11. Without documentation, as the slim images.
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv,python-is-python3 \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --customize-hook='copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs' \
        bookworm "$archive"
    if [ "$engine" = buildah ]; then
        container=$(buildah from scratch)
        buildah add --quiet "$container" "$archive" /
        buildah commit --quiet --rm "$container" stampapp-base
    else
        "$engine" import "$archive" stampapp-base
    fi >/dev/null
}

scratch=$(mktemp --directory)
trap 'rm -r "$scratch"' EXIT
engine=${ENGINE:-$(first_that_works)}
options=()
[[ " $* " == *" --tag "* ]] || options+=(--tag stampapp)
if [ "${1:-}" = --debian ]; then
    shift
    make_base
    options+=(--build-arg BASE=stampapp-base --build-arg "COMPILER=g++ python3-dev")
fi
# podman and buildah leave the health check out of images in their own format.
[ "$engine" = docker ] || options+=(--format docker)
"$engine" build "${options[@]}" "$@" .
