#!/usr/bin/env bash
# Install what is missing, build with assertions, and run every test.  Arguments go to ctest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../cmake/setup.sh"
packages="$packages $optional_packages"
build=$root/build/checked
setup -DPHASESWEEP_WERROR=ON -DPHASESWEEP_ASSERTS=ON
cd "$build"
# PROCESSORS of the tests keeps those that start ranks from sharing cores
exec ctest --output-on-failure --no-tests=error --parallel "$cores" "$@"
