"""pyproject.toml describes the package; this builds its kernels where torch is there.

`pip install --no-build-isolation .` lets the build see the torch that is installed.
In pip's isolation there is none: the package is pure Python then, and the kernels are
built at first use. MVLR_BUILD_NATIVE=0 leaves them to that, too.
"""

import os
import runpy
from pathlib import Path
from typing import Any

from setuptools import setup

ROOT = Path(__file__).resolve().parent
SCAN = ROOT / 'mvlr_mm' / 'ops' / 'selective_scan'


def native_options() -> dict[str, Any]:
    """Return what `setup` needs to build the kernels; nothing without torch."""
    if os.environ.get('MVLR_BUILD_NATIVE') == '0':
        return {}
    try:
        from torch.utils.cpp_extension import BuildExtension, CppExtension
    except (ImportError, OSError):
        return {}

    class OptionalBuild(BuildExtension):
        """Build the kernels, or go on without them."""

        def run(self) -> None:
            """Build, or say why not."""
            try:
                super().run()
            except Exception as error:  # no compiler, other headers, no space
                print(f'The kernels are left to their first use: {error}')
                self.extensions = []

    scan = runpy.run_path(str(SCAN / 'native_build.py'))
    kernels = CppExtension(
        f'mvlr_mm.ops.selective_scan.{scan["library_name"]()}',
        [str(source.relative_to(ROOT)) for source in scan['SOURCES']],
        extra_compile_args=scan['compile_flags'](),
        extra_link_args=['-fopenmp'],
    )
    build = OptionalBuild.with_options(no_python_abi_suffix=True)
    return {'ext_modules': [kernels], 'cmdclass': {'build_ext': build}}


if __name__ == '__main__':
    setup(**native_options())
