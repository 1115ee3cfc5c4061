"""How the C++ of the scan is built: by setup.py, or at first use.

setup.py runs this file by its path, before the package can be imported.
"""

import hashlib
import os
import platform
import re
import tempfile
from pathlib import Path

import torch

NAME = 'mvlr_mm_scan'
FOLDER = Path(__file__).parent
SOURCES = [FOLDER / 'csrc' / f'{name}.cpp' for name in ('forward', 'backward', 'conv')]
# The library is kept between runs, so it is built for what torch says of this CPU and
# never for more (`-march=native` would break on the older machines of a cluster).
_CPU_FLAGS = {
    'AVX512': ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq', '-mfma'],
    'AVX2': ['-mavx2', '-mfma', '-mf16c'],
}


def cpu() -> str:
    """Return torch's name of the vectors that its own kernels use on this CPU."""
    found = torch.backends.cpu.get_cpu_capability()
    return found if found in _CPU_FLAGS else 'DEFAULT'


def compile_flags() -> list[str]:
    """Return the flags of the compiler, with those that ATen's vectors need."""
    macros = [f'-DCPU_CAPABILITY={cpu()}', f'-DCPU_CAPABILITY_{cpu()}']
    return ['-O3', '-g0', '-fopenmp', *macros, *_CPU_FLAGS.get(cpu(), [])]


def source_hash() -> str:
    """Return a name of what the sources say now."""
    # what an editor leaves beside them is in no wheel
    found = (path for kind in ('cpp', 'h') for path in FOLDER.glob(f'csrc/*.{kind}'))
    content = b''.join(path.read_bytes() for path in sorted(found))
    return hashlib.sha256(content).hexdigest()[:12]


def library_name() -> str:
    """Name of what setup.py builds of these sources for this torch and this CPU."""
    version = re.sub(r'\W', '_', torch.__version__)
    return '_'.join(('_native', version, cpu(), source_hash()))


def cache_directory() -> Path:
    """Return where a library built at first use is kept.

    Another torch, Python, CPU or source has another folder.
    """
    from torch.utils import cpp_extension

    root = os.environ.get('TORCH_EXTENSIONS_DIR')
    root = root or cpp_extension.get_default_build_root()
    versions = torch.__version__, platform.python_version()
    key = '-'.join((NAME, *versions, cpu(), source_hash()))
    return Path(root) / re.sub(r'\W', '_', key)


def build(library: Path) -> None:
    """Compile in a folder apart, load, and put the library in its place in one step.

    Raises:
        Exception: Whatever the compiler, ninja or the loader had to complain about.
    """
    from torch.utils.cpp_extension import load

    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        load(
            NAME,
            [str(source) for source in SOURCES],
            extra_cflags=compile_flags(),
            extra_ldflags=['-fopenmp'],
            build_directory=folder,
            is_python_module=False,
        )
        os.replace(Path(folder) / library.name, library)
