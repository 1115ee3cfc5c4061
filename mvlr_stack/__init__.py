"""What `mvlr_mm` stands on: versions, their conflicts, and the `mvlr` command.

A package of its own, because `mvlr doctor` has to start where importing
`mvlr_mm`, and with it mmengine and mmpretrain, fails.
"""

from .checks import Problem, find_problems
from .versions import installed_versions

__all__ = ['Problem', 'find_problems', 'installed_versions']
