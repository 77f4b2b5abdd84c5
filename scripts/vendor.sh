#!/usr/bin/env bash
# The libraries that the explorer's pages and tests use, anew from npm, by package and version.
# Needs npm. Run by hand when a version here is changed; what it fetches is committed.
set -euo pipefail
cd "$(dirname "$0")/.."
site=src/belbiotech/explorer/static/vendor
tests=tests/explorer/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fetch PACKAGE VERSION FILE TARGET LICENCE
fetch() {
    npm pack --silent --pack-destination "$work" "$1@$2" > "$work/name"
    rm -rf "$work/package"
    tar -xzf "$work/$(cat "$work/name")" -C "$work"
    install -D -m 644 "$work/package/$3" "$4"
    install -D -m 644 "$work/package/LICENSE" "$5"
    echo "$1 $2: $4"
}

fetch d3 7.9.2 dist/d3.min.js "$site/d3.min.js" "$site/d3.LICENSE"
fetch @observablehq/plot 0.6.17 dist/plot.umd.min.js "$site/plot.umd.min.js" "$site/plot.LICENSE"
fetch axe-core 4.14.1 axe.min.js "$tests/axe.min.js" "$tests/LICENSE"
(cd "$site" && sha256sum ./*.js > SHA256SUMS)
(cd "$tests" && sha256sum ./*.js > SHA256SUMS)
