"""One page that shows what a trained model does, and where it errs."""

from .report import write_report
from .tested import Tested, judge_results

__all__ = ['Tested', 'judge_results', 'write_report']
