"""Which versions are installed, read without importing any of them."""

import glob
import importlib.util
import platform
import subprocess
import sys
from importlib import metadata

FAMILIES = {
    'onedl': ('onedl-mmengine', 'onedl-mmcv', 'onedl-mmpretrain', 'onedl-mmdetection'),
    'openmmlab': ('mmengine', 'mmcv', 'mmcv-lite', 'mmpretrain', 'mmdet'),
}
OTHERS = (
    'mvlr_mm',
    'torch',
    'torchvision',
    'numpy',
    'open_clip_torch',
    'transformers',
    'scipy',
    'setuptools',
    'mamba-ssm',
    'causal-conv1d',
)
# torch first: the extension links against torch's libraries.
LOAD_EXTENSION = """
import sys, torch
from importlib.util import module_from_spec, spec_from_file_location
module_from_spec(spec_from_file_location('mmcv._ext', sys.argv[1]))
"""


def installed_versions() -> dict[str, str]:
    """Return the version of Python and of each package here that matters.

    Returns:
        Names as on PyPI, and ``'python'``; a package that is not installed has no
        entry.
    """
    versions = {'python': platform.python_version()}
    for name in (*OTHERS, *FAMILIES['onedl'], *FAMILIES['openmmlab']):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def extension_error() -> str:
    """Return why mmcv's compiled operators do not load, or '' if they do.

    Most installations of mmcv have none; nothing but mmdet needs them. They are
    loaded in a process of their own, since a wrong one can take Python down.
    """
    spec = importlib.util.find_spec('mmcv')
    folders = spec.submodule_search_locations if spec else None
    files = glob.glob(f'{folders[0]}/_ext*.so') if folders else []
    if not files:
        return ''
    done = subprocess.run(
        [sys.executable, '-c', LOAD_EXTENSION, files[0]],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return ''
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f'exit status {done.returncode}'
