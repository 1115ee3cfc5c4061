import logging
import subprocess
import sys
import warnings

import pytest

from mvlr_stack.quiet import LINES, RECORDS, WARNINGS, quiet_import, quiet_logger


def test_importing_the_package_says_nothing():
    done = subprocess.run(
        [sys.executable, '-c', 'import mvlr_mm'], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_other_lines_and_warnings_stay(capsys):
    with warnings.catch_warnings(record=True) as said, quiet_import():
        print('before', LINES[0], 'after', sep='\n')
        warnings.warn(f'{WARNINGS[0]} from somewhere', stacklevel=1)
        warnings.warn('another', stacklevel=1)
    assert [str(warning.message) for warning in said] == ['another']
    assert capsys.readouterr().out == 'before\nafter\n'


def test_what_was_said_before_an_error_stays(capsys):
    def fail():
        with quiet_import():
            print('before')
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    assert capsys.readouterr().out == 'before\n'


def test_records_that_tell_something_stay(caplog):
    logger = logging.getLogger('a logger of this test')
    quiet_logger(logger)
    for text in (*RECORDS, 'loss: 1'):
        logger.warning('%s ...', text)
    assert [record.getMessage() for record in caplog.records] == ['loss: 1 ...']
