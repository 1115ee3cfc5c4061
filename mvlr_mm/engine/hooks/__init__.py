"""Hooks."""

from .check_classes import CheckClassNames
from .check_metric_names import CheckMetricNames
from .freeze_modules import FreezeModules
from .report_average import ReportAverage
from .resume_schedule import ResumeSchedule

__all__ = [
    'CheckClassNames',
    'CheckMetricNames',
    'FreezeModules',
    'ReportAverage',
    'ResumeSchedule',
]
