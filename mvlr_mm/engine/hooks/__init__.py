"""Hooks."""

from .check_classes import CheckClassNames
from .check_metric_names import CheckMetricNames
from .check_weights import CheckWeights
from .freeze_modules import FreezeModules
from .leave_out_text_tower import LeaveOutTextTower
from .report_average import ReportAverage
from .resume_schedule import ResumeSchedule

__all__ = [
    'CheckClassNames',
    'CheckMetricNames',
    'CheckWeights',
    'FreezeModules',
    'LeaveOutTextTower',
    'ReportAverage',
    'ResumeSchedule',
]
