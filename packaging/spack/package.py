# NOT RUN: no Spack on the machine it was written on; compiled by python -m py_compile alone.
# Use: spack repo create REPO; put this file at REPO/packages/phasesweep/package.py; spack repo add.
from spack.package import *


class Phasesweep(CMakePackage):
    """Phase diagrams of feature learning in networks of two and more layers, by MPI."""

    license("GPL-3.0-or-later")

    # there is no public release: `spack develop --path CHECKOUT phasesweep@main`, or add a
    # version() with the url and sha256 of yours
    version("main")

    depends_on("c", type="build")
    depends_on("cmake@3.20:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5+mpi+hl")
    depends_on("scalapack")
    depends_on("blas")
    depends_on("lapack")
    depends_on("gsl")
    depends_on("libyaml")
    depends_on("xxhash")
    depends_on("zlib-api")
    depends_on("random123", type="build")
    depends_on("cmocka", type="test")
    # jobs/demo.sh and the figures
    depends_on("python", type="run")
    depends_on("py-numpy", type="run")
    depends_on("py-scipy", type="run")
    depends_on("py-h5py", type="run")
    depends_on("py-xarray", type="run")
    depends_on("py-h5netcdf", type="run")
    depends_on("py-matplotlib", type="run")

    def cmake_args(self):
        spec = self.spec
        return [
            self.define("BUILD_TESTING", self.run_tests),
            self.define("MPI_C_COMPILER", spec["mpi"].mpicc),
            self.define("HDF5_ROOT", spec["hdf5"].prefix),
            self.define("BLAS_LIBRARIES", spec["blas"].libs.joined(";")),
            self.define("LAPACK_LIBRARIES", (spec["lapack"].libs + spec["blas"].libs).joined(";")),
            self.define("ScaLAPACK_LIBRARIES", spec["scalapack"].libs.joined(";")),
        ]
