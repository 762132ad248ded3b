#!/usr/bin/env bash
# Install what is missing, build, and run every test.  Arguments go to ctest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../cmake/setup.sh"
packages="$packages $optional_packages"
setup -DPHASESWEEP_WERROR=ON
cd "$build"
exec ctest --output-on-failure --no-tests=error "$@"
