#!/usr/bin/env bash
# 10^5 mutated archives, a third of them of each schema; about 0.01 s of a core each.
# usage: tests/bench/mutants.sh [COUNT [SEED]]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../cmake/setup.sh"
exec "$build/tests/fuzz" "${1:-100000}" "${2:-$RANDOM}" "$root"/tests/reference/schema?.h5
