"""Hooks."""

from .check_classes import CheckClassNames
from .freeze_modules import FreezeModules
from .resume_schedule import ResumeSchedule

__all__ = ['CheckClassNames', 'FreezeModules', 'ResumeSchedule']
