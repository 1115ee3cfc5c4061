import json
import math

import numpy as np
import pytest

from mvlr_mm.finite_json import finite


def test_what_is_not_finite_is_null():
    value = {'a': [1.5, math.nan, (math.inf, 'nan')], 'b': np.float32('-inf'), 'c': 3}
    text = json.dumps(finite(value))
    found = json.loads(text, parse_constant=pytest.fail)
    assert found == {'a': [1.5, None, [None, 'nan']], 'b': None, 'c': 3}
