"""`mvlr doctor`: what is installed, what is in conflict, what mends it."""

import argparse
import importlib

from .checks import Problem, check_extension, families, find_problems, install_command
from .versions import extension_error, installed_versions


def import_error(versions: dict[str, str]) -> Problem | None:
    """Import everything once, for the conflicts that no version number shows."""
    try:
        importlib.import_module('mvlr_mm')
    except Exception as error:
        return Problem(
            f'mvlr_mm cannot be imported: {type(error).__name__}: {error}',
            install_command(families(versions)[0]),
        )
    return None


def print_backends() -> None:
    """Print which implementations of the selective scan work here."""
    scan = importlib.import_module('mvlr_mm.ops.selective_scan')
    print('Selective scan:')
    for name, reason in scan.available_backends().items():
        print(f'  {name:<16} {"works" if reason is None else f"no: {reason}"}')


def run(args: argparse.Namespace) -> int:
    """Print the report.

    Returns:
        0 if nothing is wrong, else 1.
    """
    versions = installed_versions()
    print('Installed:')
    for name, version in versions.items():
        print(f'  {name:<16} {version}')
    print(f'Family: {" and ".join(families(versions)) or "none"}')

    problems = find_problems(versions)
    extension = check_extension(versions, extension_error())
    if extension:
        problems.append(extension)
    if not problems:
        broken = import_error(versions)
        problems += [broken] if broken else []
    if not problems:
        print_backends()
        print('No conflict found.')
        return 0
    for number, problem in enumerate(problems, start=1):
        print(f'\nProblem {number}: {problem.text}\n  Mend it: {problem.command}')
    return 1
