#!/usr/bin/env bash
# Makes .venv from the lock and fetches Spark's two Delta jars. Needs Python 3.11, Java 17, a package index and Maven
# Central; says in one sentence which of them is missing. A second run finds everything in place.
set -euo pipefail
cd "$(dirname "$0")/.."

stop() { echo "gerland: $1" >&2; exit 1; }

python=""
for candidate in python3.11 python3.12 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
        python="$candidate"; break
    fi
done
[ -n "$python" ] || stop "Python 3.11 is missing: install it (with its venv module), then run again"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"
command -v "$java" >/dev/null || stop "Java is missing: install a Java 17 runtime (or set JAVA_HOME), then run again"

stamp=.venv/.installed-$(sha256sum requirements.lock pyproject.toml | sha256sum | cut -c1-16)
if [ ! -e "$stamp" ]; then
    echo "installing the locked packages into .venv (about 2 GB)"
    .venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv \
        || stop "the venv module of $python is missing: install it, then run again"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.8,<1" \
        || stop "the package index can't be reached: check the network or the proxy settings of pip, then run again"
    VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock \
        || stop "the locked packages could not be installed: check the network, then run again"
    VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip install --quiet --no-deps --no-build-isolation -e . \
        || stop "gerland itself could not be installed; the lines above say why"
    rm -f .venv/.installed-*; touch "$stamp"
fi
.venv/bin/python -m infra.jars
