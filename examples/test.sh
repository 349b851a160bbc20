#!/usr/bin/env bash
# Runs the story in C and in Python on the invented person. Python's package comes from the
# environment that bindings-python/test.sh has made.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
built=${CARGO_TARGET_DIR:-target}/debug
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export HEALTHSPACE_PASSPHRASE='an invented passphrase'
question='How did my LDL change since I started the statin?'

check() { # name
    grep -q '2\.55 mmol/L' "$dir/$1.out" && grep -q 'simvastatin' "$dir/$1.out" && grep -q '\[r:1\]' "$dir/$1.out" ||
        { echo "FAILED: the story in $1 does not say what it should"; cat "$dir/$1.err"; exit 1; }
    echo "ok: the story in $1"
}

"$cargo" build --quiet --locked -p healthspace-c
"$cargo" run --quiet --locked -p healthspace-examples --bin person -- "$dir"

system=()
[ "$(uname)" = Linux ] && system=(-lpthread -ldl -lm)
"${CC:-cc}" -std=c99 -Wall -Wextra -Werror -I bindings-c/include examples/c/story.c "$built/libhealthspace_c.a" \
    "${system[@]}" -o "$dir/story"
"$dir/story" "$dir/c.hs" "$dir/person.json" "$question" >"$dir/C.out" 2>"$dir/C.err" || { cat "$dir/C.err"; exit 1; }
check C

python=target/python-venv/bin/python
if [ -x "$python" ] && "$python" -c 'import healthspace' 2>/dev/null; then
    "$python" examples/python/story.py "$dir/p.hs" "$dir/person.json" "$question" \
        >"$dir/Python.out" 2>"$dir/Python.err" || { cat "$dir/Python.err"; exit 1; }
    check Python
else
    echo 'FAILED: the Python package is not built; make test-python builds it'
    exit 1
fi
