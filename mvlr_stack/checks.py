"""Conflicts between installed versions, each with the command that mends it.

Every check takes a mapping of package names to versions, as
:func:`mvlr_stack.versions.installed_versions` returns it, and nothing else.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .version_rules import matches, read_version
from .versions import FAMILIES

Versions = Mapping[str, str]

TORCH_PAIR = 'torch==2.10.0 torchvision==0.25.0'
REQUIREMENTS = {
    'onedl': {
        'onedl-mmengine': '>=0.10.12',
        'onedl-mmcv': '>=2.3.6',
        'onedl-mmpretrain': '>=1.3.6',
    },
    'openmmlab': {
        'mmengine': '==0.10.7',
        'mmcv-lite': '>=2.0,<2.3',
        'mmpretrain': '==1.2.0',
    },
}
# The newest transformers that each family's mmpretrain can be imported with.
TRANSFORMERS = {'onedl': '<5', 'openmmlab': '<4.52'}


class Problem(NamedTuple):
    """One conflict: what is wrong, and the command that mends it."""

    text: str
    command: str


def families(versions: Versions) -> list[str]:
    """Return which of ``'onedl'`` and ``'openmmlab'`` have a package installed."""
    return [
        family
        for family, names in FAMILIES.items()
        if any(name in versions for name in names)
    ]


def install_command(family: str) -> str:
    """Return the pip command that brings one family and what it needs."""
    rules = {**REQUIREMENTS[family], 'transformers': TRANSFORMERS[family]}
    if family == 'openmmlab':
        rules['setuptools'] = '<82'
    return 'pip install ' + ' '.join(f'"{name}{rule}"' for name, rule in rules.items())


def check_python(versions: Versions) -> Problem | None:
    """Python 3.10 to 3.12."""
    found = versions['python']
    if matches(found, '>=3.10,<3.13'):
        return None
    return Problem(
        f'Python {found} is not supported; mvlr_mm runs on Python 3.10 to 3.12.',
        'python3.11 -m venv .venv',
    )


def check_torch(versions: Versions) -> Problem | None:
    """Have torch 2.6 or later: before, `weights_only` loading is unsafe."""
    found = versions.get('torch')
    if found is None:
        return Problem('torch is not installed.', f'pip install {TORCH_PAIR}')
    if matches(found, '>=2.6'):
        return None
    return Problem(
        f'torch {found} is too old: before 2.6 a hostile checkpoint can run code '
        'even with weights_only=True.',
        f'pip install {TORCH_PAIR}',
    )


def check_torchvision(versions: Versions) -> Problem | None:
    """Let torchvision 0.(n + 15) go with torch 2.n, both for CPU or both not."""
    if 'torch' not in versions:
        return None  # the check of torch speaks of both
    if 'torchvision' not in versions:
        return Problem('torchvision is not installed.', f'pip install {TORCH_PAIR}')
    torch, vision = (read_version(versions[name]) for name in ('torch', 'torchvision'))
    same_build = (torch.local == 'cpu') == (vision.local == 'cpu')
    major, minor = (*torch.release, 0)[:2]
    wanted = (0, minor + 15)
    if major != 2 or (vision.release[:2] == wanted and same_build):
        return None
    return Problem(
        f'torchvision {versions["torchvision"]} was not built for torch '
        f'{versions["torch"]}: the two come as a pair (0.{wanted[1]} with torch '
        f'{major}.{minor}), from the same index, in one pip call.',
        f'pip uninstall -y torch torchvision && pip install {TORCH_PAIR}',
    )


def check_one_family(versions: Versions) -> Problem | None:
    """Have either family, not both: they write the same files."""
    found = families(versions)
    if not found:
        return Problem(
            'Neither family of the OpenMMLab stack is installed.',
            install_command('onedl'),
        )
    if len(found) == 1:
        return None
    names = [n for family in found for n in FAMILIES[family] if n in versions]
    return Problem(
        'Both families of the OpenMMLab stack are installed and overwrite each '
        f"other's files: {', '.join(names)}.",
        f'pip uninstall -y {" ".join(names)} && {install_command("onedl")}',
    )


def check_family_complete(versions: Versions) -> Problem | None:
    """Have every package of the family, at a version that works."""
    found = families(versions)
    if len(found) != 1:
        return None
    wrong = []
    for name, rule in REQUIREMENTS[found[0]].items():
        # the original family's mmcv comes as mmcv (compiled) or as mmcv-lite
        either = ('mmcv', 'mmcv-lite') if name == 'mmcv-lite' else (name,)
        present = [n for n in either if n in versions]
        if not present:
            wrong.append(f'{name} is missing')
        wrong += [
            f'{n} is {versions[n]}, needed {rule}'
            for n in present
            if not matches(versions[n], rule)
        ]
    if not wrong:
        return None
    text = f'The {found[0]} family is incomplete: {"; ".join(wrong)}.'
    return Problem(text, install_command(found[0]))


def check_transformers(versions: Versions) -> Problem | None:
    """Have a transformers that mmpretrain can be imported with."""
    found, version = families(versions), versions.get('transformers')
    if version is None or len(found) != 1 or matches(version, TRANSFORMERS[found[0]]):
        return None
    return Problem(
        f"transformers {version} is too new for the {found[0]} family's mmpretrain, "
        'which cannot be imported with it.',
        f'pip install "transformers{TRANSFORMERS[found[0]]}"',
    )


def check_setuptools(versions: Versions) -> Problem | None:
    """Have `pkg_resources` for mmengine 0.10: setuptools dropped it in version 82."""
    found = versions.get('setuptools')
    if families(versions) != ['openmmlab'] or (found and matches(found, '<82')):
        return None
    state = f'setuptools {found} has no' if found else 'Without setuptools there is no'
    return Problem(
        f'{state} pkg_resources, which mmengine 0.10 needs to find another '
        "package's configs.",
        'pip install "setuptools<82"',
    )


def check_mmdet(versions: Versions) -> Problem | None:
    """Have mmdet up to 3.3 only beside mmcv before 2.2, as it demands."""
    found = versions.get('mmdet')
    one_family = families(versions) == ['openmmlab']
    if found is None or not one_family or not matches(found, '<=3.3.0'):
        return None
    for name in ('mmcv', 'mmcv-lite'):
        if name in versions and not matches(versions[name], '<2.2.0'):
            return Problem(
                f'mmdet {found} refuses {name} {versions[name]}, and mmpretrain cannot '
                'be imported while both are installed.',
                f'pip install "{name}<2.2"',
            )
    return None


def check_extension(versions: Versions, error: str) -> Problem | None:
    """Have mmcv's operators, if compiled, compiled for the torch that is here.

    Args:
        versions: Installed versions.
        error: Why they do not load, as
            :func:`mvlr_stack.versions.extension_error` says it; '' if they do.
    """
    if not error:
        return None
    name = 'onedl-mmcv' if 'onedl-mmcv' in versions else 'mmcv'
    return Problem(
        f"{name}'s compiled operators do not load beside torch "
        f'{versions.get("torch", "(missing)")}, so they were built for another: '
        f'{error}',
        'pip install --force-reinstall --no-deps --no-cache-dir --no-build-isolation '
        f'--no-binary {name} "{name}=={versions.get(name, "2.1.0")}"',
    )


CHECKS: tuple[Callable[[Versions], Problem | None], ...] = (
    check_python,
    check_torch,
    check_torchvision,
    check_one_family,
    check_family_complete,
    check_transformers,
    check_setuptools,
    check_mmdet,
)


def find_problems(versions: Versions) -> list[Problem]:
    """Run every check that needs versions only."""
    found = [check(versions) for check in CHECKS]
    return [problem for problem in found if problem]
