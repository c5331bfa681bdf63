#!/usr/bin/env bash
# make test-page: the page's sources, its bundle, and its pages in the system's Chromium.
# make test-page-engines (run.sh engines): the same pages in Firefox and WebKit.
# Without node, npm or Chromium it says so and skips; where CI=true that is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skip() {
  echo "page: skipped, $1"
  [ "${CI:-}" != true ] || { echo "page: where CI=true that is a failure"; exit 1; }
  exit 0
}
for program in node npm; do
  command -v "$program" >/dev/null || skip "there is no $program (Debian: apt install nodejs npm)"
done
node -e 'const [major, minor] = process.versions.node.split("."); process.exit(+(100 * major + +minor < 1818))' ||
  skip "node $(node --version) is older than 18.18"

# what package-lock.json names, unless it is there
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error

if [ -z "${TWINHOP_PAGES:-}" ]; then
  TWINHOP_PAGES=$(mktemp -d)
  trap 'rm -rf "$TWINHOP_PAGES"' EXIT
fi
export TWINHOP_PAGES

if [ "${1:-}" = engines ]; then
  node page-tests/kit/pages.mjs
  node page-tests/engines/engines.mjs
  exit
fi

export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$CHROMIUM" ] || skip "there is no chromium (Debian: apt install chromium)"
npm run --silent check
npm run --silent test
npm run --silent build:check
node page-tests/kit/pages.mjs
"$CHROMIUM" --version
status=0
node --test --test-reporter=spec --test-concurrency="${WORKERS:-2}" page-tests/*.test.mjs | tee "$TWINHOP_PAGES/log" || status=$?
echo "page: $(sed -nE 's/^ℹ (tests|pass|fail|skipped) ([0-9]+)$/\2 \1/p' "$TWINHOP_PAGES/log" | paste -sd, | sed 's/,/, /g')"
exit "$status"
