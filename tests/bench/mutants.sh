#!/usr/bin/env bash
# Many more mutated archives than in the tests; about 0.1 s of a core each.
# usage: tests/bench/mutants.sh [COUNT [SEED]]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../cmake/setup.sh"
exec "$build/tests/fuzz" "${1:-6000}" "${2:-$RANDOM}" "$root"/tests/reference/schema?.h5
