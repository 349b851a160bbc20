#!/usr/bin/env bash
# Builds the package into an environment of its own and runs its tests.
set -euo pipefail
cd "$(dirname "$0")"
python3 -c 'import venv, ensurepip' 2>/dev/null || { echo 'missing: the venv module of Python (Debian: apt-get install python3-venv)' >&2; exit 1; }
exec make test
