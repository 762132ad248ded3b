# setup.sh - sourced by jobs/demo.sh, tests/run.sh and .ci/: packages, environment, build.
# Defines: root (of the sources), build (folder), program, launcher, output_default and the
# function setup.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
program=$build/phasesweep
launcher=mpirun
output_default=$root/demo

packages="procps gcc make cmake pkg-config libopenmpi-dev openmpi-bin libopenblas-pthread-dev
libscalapack-openmpi-dev libhdf5-openmpi-dev libyaml-dev libxxhash-dev libcmocka-dev
librandom123-dev libgsl-dev hdf5-tools netcdf-bin python3-numpy python3-h5py python3-xarray
python3-h5netcdf python3-netcdf4 python3-matplotlib python3-scipy python3-pip python3-venv
python3-setuptools python3-wheel"
# for tests that are skipped without them: tests/run.sh adds them to packages
optional_packages="slurmctld slurmd slurm-client munge python3-plotly chromium"
# what .ci/run needs besides, and .ci/portable
check_packages="git clang-format clang-tidy"
portable_packages="clang mpich libmpich-dev libhdf5-mpich-dev libscalapack-mpich-dev"

missing_packages() {
    local name
    for name in $packages; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || echo "$name"
    done
}

install_packages() {
    command -v dpkg-query >/dev/null || return 0 # not Debian: CMake names what is missing
    local missing as_root=
    missing=$(missing_packages | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "phasesweep: not root; please install: apt-get install $missing" >&2
            exit 4
        fi
        as_root=sudo
    fi
    echo "Installing: $missing"
    $as_root apt-get -qq update
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends $missing >/dev/null
}

. "$root/cmake/environment.sh"

# setup [CMAKE OPTION...]
setup() {
    install_packages
    cmake -S "$root" -B "$build" "$@" >"$root/.build.log" 2>&1 &&
        cmake --build "$build" -j "$cores" >>"$root/.build.log" 2>&1 ||
        { tail -n 30 "$root/.build.log" >&2; exit 4; }
}
