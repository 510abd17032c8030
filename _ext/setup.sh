#!/bin/sh
# Makes an environment, once: setup.sh FOLDER PYTHON LOCKFILE. Needs no root, and takes turns with
# other runs in this folder.
set -eu
folder=$1 python=$2 packages=$3
uv=$(command -v uv || echo .tools/bin/uv)

say() { echo "$@" >&2; }

fail() {
    free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
    if [ "$free" -lt 3000 ]; then
        say "No space left: the set-up needs about 3000 MiB here, and $free MiB are free."
    else
        say "$1"
    fi
    exit 1
}

waited=0
until mkdir "$folder.lock" 2>/dev/null; do
    [ -w . ] || fail "This folder can't be written to: please copy the book to one that can."
    [ $waited -gt 0 ] || say "Another make sets up $folder: waiting for it."
    waited=$((waited + 1))
    [ $waited -lt 900 ] || fail "Nothing happens. If no other make is running, delete $folder.lock."
    sleep 1
done
trap 'rmdir "$folder.lock"' EXIT
trap 'exit 130' INT TERM

if [ -e "$folder/ready" ] && [ -z "$(find "$packages" pyproject.toml -newer "$folder/ready")" ]; then
    exit 0 # the other make has done it
fi

if [ ! -x "$uv" ]; then
    python3 -m venv .tools && .tools/bin/python -m pip install --quiet --disable-pip-version-check uv || {
        rm -rf .tools
        fail "The set-up needs uv, or a python3 with venv and pip: please install either one."
    }
fi
"$uv" venv --quiet --clear --python "$python" "$folder" ||
    fail "This book needs Python 3.12 or later: please install one, then run make again."

install() { "$uv" pip "$@" --quiet --python "$folder/bin/python"; }

# A second time with the system's certificates, for a network that has one of its own.
install sync --require-hashes "$packages" || UV_SYSTEM_CERTS=1 install sync --require-hashes "$packages" ||
    fail "The packages could not be installed: see above."
install install --no-deps --editable . || UV_SYSTEM_CERTS=1 install install --no-deps --editable . ||
    fail "The book's own package could not be installed: see above."
touch "$folder/ready"
