#!/usr/bin/env bash
# What a log hands out, made by the library and verified by two programs that are not the library:
# one in Go (golang.org/x/mod/sumdb), one in Python (standard library and `cryptography`).
# HEALTHSPACE_INSTALL=1 lets root install what Debian packages. Without Go its part is SKIPPED, but not there:
# what was asked for and is missing is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo=${CARGO:-cargo}
mkdir -p "${CARGO_TARGET_DIR:-target}/verify"
out=$(cd "${CARGO_TARGET_DIR:-target}/verify" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() { echo "FAILED: $*"; exit 1; }
skip() {
    [ "${HEALTHSPACE_INSTALL:-}" != 1 ] || fail "$*"
    echo '########################################################################'
    echo "SKIPPED: $*"
    echo '########################################################################'
}

find_go() {
    for gopath in "${SUMDB_GOPATH:-}" /usr/share/gocode; do
        [ -n "$gopath" ] && [ -d "$gopath/src/golang.org/x/mod/sumdb/tlog" ] && command -v go >/dev/null && return 0
    done
    return 1
}
if ! find_go && [ "${HEALTHSPACE_INSTALL:-}" = 1 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # The tests beside these install as well: one at a time.
    { flock 9; apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        golang-go golang-golang-x-mod-dev; } 9>"$out/../apt.lock" >"$out/apt.log" 2>&1 ||
        echo "could not install Go: see $out/apt.log"
fi

verifiers=()
if find_go; then
    (cd examples/verify/go && unformatted=$(gofmt -l .) && [ -z "$unformatted" ] || fail "gofmt: $unformatted"
     export GO111MODULE=off GOFLAGS= GOPATH="$gopath" GOCACHE="$out/go-cache"
     go vet . && go build -o "$out/verify" .)
    verifiers+=("$out/verify")
else
    skip 'the verifier in Go. Debian: golang-go golang-golang-x-mod-dev'
fi

python=
for p in python3 "$out/venv/bin/python" target/python-venv/bin/python; do
    "$p" -c 'import cryptography, sys; assert sys.version_info >= (3, 10)' 2>/dev/null && python=$p && break
done
if [ -z "$python" ]; then
    python3 -m venv "$out/venv" && "$out/venv/bin/pip" install -q 'cryptography>=42' >"$out/pip.log" 2>&1 ||
        fail "could not install the Python package cryptography: see $out/pip.log"
    python=$out/venv/bin/python
fi
verifiers+=("$python -B examples/verify/python/verify.py")

"$cargo" build --quiet --locked -p healthspace-examples --bin proofs
built=${CARGO_TARGET_DIR:-target}/debug
"$built/proofs" "$dir" "${DISCLOSURES:-1000}"
"$python" -B examples/verify/python/forge.py "$dir/forged"
for f in "$dir"/forged/good-*.hsev; do
    "$built/proofs" --verify "$dir/forged/keys.txt" "$f" >"$dir/said" || { cat "$dir/said"; fail "Rust refuses $f"; }
done
for f in "$dir"/forged/bad-*.hsev; do
    code=0
    "$built/proofs" --verify "$dir/forged/keys.txt" "$f" >"$dir/said" || code=$?
    [ "$code" = 1 ] || fail "Rust accepts $f"
done

"$built/proofs" --verify "$dir/forged/of-one-space.txt" "$dir/forged/across-spaces.hsev" >"$dir/said" || fail "Rust refuses across-spaces"
code=0
cat "$dir"/forged/{partition-of-another,consents-of-one}.txt >"$dir/two-spaces.txt"
"$built/proofs" --verify "$dir/two-spaces.txt" "$dir/forged/across-spaces.hsev" >"$dir/said" || code=$?
[ "$code" = 1 ] || fail "Rust accepts across-spaces"
"$built/proofs" --verify "$dir/two-spaces.txt" "$dir/forged/named-across-spaces.hsev" >"$dir/said" || fail "Rust refuses named-across-spaces"
code=0
"$built/proofs" --verify "$dir/forged/of-one-space.txt" "$dir/forged/named-across-spaces.hsev" >"$dir/said" || code=$?
[ "$code" = 1 ] || fail "Rust accepts named-across-spaces"

# The AuditEvents, by a FHIR library that is not ours.
fhir=$python
if ! "$fhir" -c 'import fhir.resources' 2>/dev/null; then
    fhir=$out/venv/bin/python
    { [ -x "$fhir" ] || python3 -m venv "$out/venv"; } &&
        { "$fhir" -c 'import fhir.resources' 2>/dev/null || "$out/venv/bin/pip" install -q 'fhir.resources>=8' >"$out/pip.log" 2>&1; } || fhir=
fi
if [ -n "$fhir" ]; then
    "$fhir" -B examples/verify/python/audit_events.py "$dir"/audit-*.json || fail "the AuditEvents are not FHIR"
else
    skip "the AuditEvents are not read by fhir.resources, which could not be installed: see $out/pip.log"
fi

# The consent records, by a JSON-LD processor that is not ours.
ld=$python
if ! "$ld" -c 'import pyld' 2>/dev/null; then
    ld=$out/venv/bin/python
    { [ -x "$ld" ] || python3 -m venv "$out/venv"; } &&
        { "$ld" -c 'import pyld' 2>/dev/null || "$out/venv/bin/pip" install -q 'PyLD>=2.0.4' >"$out/pip.log" 2>&1; } || ld=
fi
if [ -n "$ld" ]; then
    "$ld" -B examples/verify/python/consent_records.py "$dir"/*.jsonld || fail "the consent records are not JSON-LD"
else
    skip "the consent records are not read by PyLD, which could not be installed: see $out/pip.log"
fi

receipts=("$dir"/receipts/*.receipt)
pairs=("$dir"/consistency/*.checkpoint)
both=()
for c in "${pairs[@]}"; do both+=("$c" "${c%.checkpoint}.proof"); done

expect() { # exit code, command...
    local want=$1 code=0
    shift
    "$@" >"$dir/said" 2>&1 || code=$?
    [ "$code" = "$want" ] || { cat "$dir/said"; fail "exit $code instead of $want: $*"; }
}

for verifier in "${verifiers[@]}"; do
    read -ra v <<<"$verifier"
    name=$([ "${v[0]}" = "$out/verify" ] && echo Go || echo Python)
    begin=$SECONDS
    say() { echo "  $name: $*"; }
    key=(--key "$dir/keys.txt")

    expect 0 "${v[@]}" receipt "${key[@]}" --quiet "${receipts[@]}"
    say "$(tail -1 "$dir/said")"
    expect 0 "${v[@]}" consistency "${key[@]}" --quiet "${both[@]}"
    say "$(tail -1 "$dir/said")"
    expect 0 "${v[@]}" receipt "${key[@]}" --quiet --every-flip "${receipts[-1]}"
    say "$(tail -1 "$dir/said")"
    expect 0 "${v[@]}" consistency "${key[@]}" --quiet --every-flip "${both[@]:20:2}"
    say "$(tail -1 "$dir/said")"

    # The keys were changed since: what was handed out before stands, and leads to what comes after.
    new=(--key "$dir/rotated/new-keys.txt")
    expect 0 "${v[@]}" receipt "${key[@]}" "$dir/rotated/old-names-new.receipt"
    expect 0 "${v[@]}" consistency "${key[@]}" "$dir"/rotated/old.{checkpoint,proof}
    expect 0 "${v[@]}" consistency "${new[@]}" "$dir"/rotated/new.{checkpoint,proof}
    expect 0 "${v[@]}" receipt "${new[@]}" "$dir/rotated/new.receipt"
    expect 0 "${v[@]}" evidence "${new[@]}" --quiet "$dir/rotated/new.hsev"
    say "after a rotation: $(tail -1 "$dir/said")"
    expect 1 "${v[@]}" receipt "${key[@]}" "$dir/rotated/new.receipt"
    expect 1 "${v[@]}" consistency "${key[@]}" "$dir"/rotated/new.{checkpoint,proof}
    expect 1 "${v[@]}" evidence "${key[@]}" --quiet "$dir/rotated/new.hsev"
    expect 1 "${v[@]}" receipt "${new[@]}" "${receipts[0]}"

    for bad in "$dir"/refused/*.proof; do
        expect 1 "${v[@]}" consistency "${new[@]}" "${bad%.proof}.checkpoint" "$bad"
        say "refused: $(basename "$bad" .proof)"
    done
    expect 0 "${v[@]}" evidence "${key[@]}" "$dir"/evidence/*.hsev
    say "$(tail -1 "$dir/said"), $(grep -c ' entry [0-9]* of healthspace.invalid' "$dir/said") disclosures told"
    grep -q 'Not proven by any of it' "$dir/said" && grep -q 'not proven: omitted withdrawals' "$dir/said" ||
        fail "$name does not say what was not proven"
    # With the partition's own log, nothing is left of what may be left of one disclosure.
    expect 0 "${v[@]}" evidence "${key[@]}" "$dir/evidence/whole.hsev"
    grep -q 'not proven: ' "$dir/said" && fail "$name leaves something of the whole unproven"
    expect 0 "${v[@]}" evidence "${key[@]}" --items "$dir/evidence/open.hsev"
    grep -q '^    item 0: [0-9a-f]\{36\}$' "$dir/said" || fail "$name does not show the items"
    # Of items that are open in Python too; of hashes in Go alone: a hundred thousand copies take minutes.
    forms=(one open)
    [ "$name" = Go ] || forms=(open)
    for f in "${forms[@]}"; do
        expect 0 "${v[@]}" evidence "${key[@]}" --quiet --every-flip "$dir/evidence/$f.hsev"
        say "$(tail -1 "$dir/said")"
    done
    # In which form it was released is said.
    expect 0 "${v[@]}" evidence --key "$dir/forged/keys.txt" "$dir"/forged/good-in-form-*.hsev
    for form in '3 items read by' '3 items given as context for an answer to' '3 items counted by' '3 items opened for reading by' \
        'that there are more than 3 items told to' '3 items handed out as a file to'; do
        grep -qF ": $form \"eu-llm\" (model) for PATRQT of laboratory" "$dir/said" || fail "$name does not say: $form"
    done
    expect 0 "${v[@]}" evidence --key "$dir/forged/keys.txt" --quiet "$dir"/forged/good-*.hsev
    say "forged: $(tail -1 "$dir/said")"
    for bad in "$dir"/forged/bad-*.hsev; do
        expect 1 "${v[@]}" evidence --key "$dir/forged/keys.txt" --quiet "$bad"
    done
    say "forged: $(ls "$dir"/forged/bad-*.hsev | wc -l) refused"
    # Two spaces are trusted, each with its own: what is given in one is not used in the other.
    across=(evidence --quiet "$dir/forged/across-spaces.hsev" --key)
    expect 0 "${v[@]}" "${across[@]}" "$dir/forged/of-one-space.txt"
    expect 1 "${v[@]}" "${across[@]}" "$dir/forged/consents-of-one.txt" --key "$dir/forged/partition-of-another.txt"
    # Nor does one name the logs of the other.
    across=(evidence --quiet "$dir/forged/named-across-spaces.hsev" --key)
    expect 1 "${v[@]}" "${across[@]}" "$dir/forged/of-one-space.txt"
    expect 0 "${v[@]}" "${across[@]}" "$dir/forged/consents-of-one.txt" --key "$dir/forged/partition-of-another.txt"
    across=(evidence --quiet "$dir/forged/named-by-two-spaces.hsev" --key "$dir/forged/of-one-space.txt" --key)
    expect 0 "${v[@]}" "${across[@]}" "$dir/forged/consents-of-one.txt"
    expect 1 "${v[@]}" "${across[@]}" "$dir/forged/of-another-space.txt"
    expect 1 "${v[@]}" evidence --key "$dir/forged/keys.txt" "$dir/evidence/one.hsev"

    # Another log's key, a receipt with something behind it, one with Windows line ends.
    head -1 "$dir/keys.txt" >"$dir/other.txt"
    expect 1 "${v[@]}" receipt --key "$dir/other.txt" "${receipts[0]}"
    { cat "${receipts[0]}"; echo; } >"$dir/longer"
    expect 1 "${v[@]}" receipt "${key[@]}" "$dir/longer"
    sed 's/$/\r/' "${receipts[0]}" >"$dir/crlf"
    expect 1 "${v[@]}" receipt "${key[@]}" "$dir/crlf"

    expect 0 "${v[@]}" --help
    grep -q 'Exit codes' "$dir/said" || fail "$name: the help does not help"
    expect 2 "${v[@]}"
    expect 2 "${v[@]}" nothing
    expect 2 "${v[@]}" receipt "${receipts[0]}"
    expect 2 "${v[@]}" receipt "${key[@]}"
    expect 2 "${v[@]}" receipt "${key[@]}" "$dir/nothing"
    expect 2 "${v[@]}" receipt --key "${receipts[0]}" "${receipts[0]}"
    expect 2 "${v[@]}" receipt "${key[@]}" --wrong "${receipts[0]}"
    expect 2 "${v[@]}" consistency "${key[@]}" "${both[0]}"
    echo "ok: the verifier in $name, $((SECONDS - begin)) s"
done
