#!/usr/bin/env bash
# Generates the Kotlin and the Swift sources from the built library, compiles and runs the story in
# Kotlin on the JVM, and checks the Swift as far as this machine can. What is missing is said as
# SKIPPED. HEALTHSPACE_INSTALL=1 lets root install what Debian packages.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
mkdir -p "${CARGO_TARGET_DIR:-target}"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
out=$target/mobile
generated=$out/generated
kotlin_version=2.4.20
tree_sitter=(tree-sitter==0.26.1 tree-sitter-swift==0.7.4)
export HEALTHSPACE_PASSPHRASE='an invented passphrase'
question='How did my LDL change since I started the statin?'

case $(uname) in
Darwin) library=$target/debug/libhealthspace_mobile.dylib ;;
*) library=$target/debug/libhealthspace_mobile.so ;;
esac

"$cargo" build --quiet --locked -p healthspace-mobile
"$cargo" build --quiet --locked --manifest-path bindings-mobile/bindgen/Cargo.toml --target-dir "$target/bindgen"
rm -rf "$generated" "$out/run"
mkdir -p "$generated" "$out/run"
"$target/bindgen/debug/healthspace-bindgen" "$library" "$generated" kotlin swift
[ -s "$generated/org/healthspace/healthspace.kt" ] && [ -s "$generated/Healthspace.swift" ]
echo 'ok: Kotlin and Swift sources are generated'
"$cargo" run --quiet --locked -p healthspace-examples --bin person -- "$out/run"

# A story's output says what the other languages' stories say.
check() { # name
    grep -q '2\.55 mmol/L' "$out/run/$1.out" && grep -q 'simvastatin' "$out/run/$1.out" &&
        grep -q '\[r:1\]' "$out/run/$1.out" && grep -q 'after the withdrawal: refused' "$out/run/$1.err" ||
        { echo "FAILED: the story in $1 does not say what it should"; cat "$out/run/$1.err"; exit 1; }
    echo "ok: the story in $1"
}

install() { # package...
    [ "${HEALTHSPACE_INSTALL:-}" = 1 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    # The tests beside these install as well: one at a time.
    { flock 9; apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"; } \
        9>"$target/apt.lock" >"$out/apt.log" 2>&1 || echo "could not install $*: see $out/apt.log"
}

jna() {
    local jar
    for jar in "${JNA_JAR:-}" /usr/share/java/jna.jar; do
        [ -f "$jar" ] && echo "$jar" && return
    done
    return 1
}

kotlin() {
    local missing=() compiler=$out/npm/node_modules/kotlin-compiler jar
    jna >/dev/null || missing+=(libjna-java)
    command -v java >/dev/null || missing+=(default-jdk-headless)
    [ -d "$compiler" ] || command -v npm >/dev/null || missing+=(npm)
    [ ${#missing[@]} = 0 ] || install "${missing[@]}"
    jar=$(jna) || { echo 'SKIPPED: no JNA (Debian: libjna-java; or set JNA_JAR); Kotlin was not run'; return; }
    command -v java >/dev/null || { echo 'SKIPPED: no Java; Kotlin was not run'; return; }
    if ! [ -d "$compiler" ]; then
        command -v npm >/dev/null || { echo 'SKIPPED: no npm to fetch the Kotlin compiler; Kotlin was not run'; return; }
        npm install --silent --no-save --ignore-scripts --no-audit --no-fund --prefix "$out/npm" \
            "kotlin-compiler@$kotlin_version" || { echo 'SKIPPED: npm has no Kotlin compiler for us; Kotlin was not run'; return; }
    fi
    bash "$compiler/bin/kotlinc" -nowarn -cp "$jar" -d "$out/run/story.jar" \
        "$generated/org/healthspace/healthspace.kt" examples/kotlin/Story.kt \
        bindings-mobile/tests/Checks.kt bindings-mobile/tests/KeyStoreChecks.kt
    local jvm=(java "-Djna.library.path=$(dirname "$library")" -cp "$out/run/story.jar:$jar:$compiler/lib/kotlin-stdlib.jar")
    "${jvm[@]}" StoryKt "$out/run/kotlin.hs" "$out/run/person.json" "$question" \
        >"$out/run/Kotlin.out" 2>"$out/run/Kotlin.err" || { cat "$out/run/Kotlin.err"; exit 1; }
    check Kotlin
    "${jvm[@]}" ChecksKt "$out/run"
}

swift_syntax() {
    local python=$out/swift-venv/bin/python
    if ! "$python" -c 'import tree_sitter, tree_sitter_swift' 2>/dev/null; then
        python3 -c 'import venv, ensurepip' 2>/dev/null ||
            { echo 'SKIPPED: no venv module of Python; the Swift sources were not parsed'; return; }
        python3 -m venv --clear "$out/swift-venv"
        "$python" -m pip install --quiet --disable-pip-version-check "${tree_sitter[@]}" ||
            { echo 'SKIPPED: no Swift grammar from PyPI; the Swift sources were not parsed'; return; }
    fi
    "$python" bindings-mobile/tests/swift_syntax.py "$generated/Healthspace.swift" examples/swift/Story.swift
}

swift() {
    local swiftc=${SWIFTC:-swiftc}
    command -v "$swiftc" >/dev/null ||
        { echo 'SKIPPED: no Swift compiler; the story in Swift was parsed, not compiled and not run'; return; }
    # -parse-as-library: the story has a @main of its own.
    "$swiftc" -parse-as-library -I "$generated" -Xcc "-fmodule-map-file=$generated/HealthspaceFFI.modulemap" \
        -L "$(dirname "$library")" -lhealthspace_mobile -Xlinker -rpath -Xlinker "$(dirname "$library")" \
        "$generated/Healthspace.swift" examples/swift/Story.swift -o "$out/run/story-swift"
    "$out/run/story-swift" "$out/run/swift.hs" "$out/run/person.json" "$question" \
        >"$out/run/Swift.out" 2>"$out/run/Swift.err" || { cat "$out/run/Swift.err"; exit 1; }
    check Swift
}

kotlin
swift_syntax
swift
