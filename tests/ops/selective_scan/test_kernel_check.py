import torch

from mvlr_mm.ops import selective_scan_ref
from mvlr_mm.ops.selective_scan.kernel_check import check_kernel, find_difference


def test_a_right_kernel_passes_in_inference_mode_too():
    with torch.inference_mode():
        assert check_kernel('the scan', selective_scan_ref, 'cpu') is None


def test_defaults_of_torch_change_nothing():
    seen = []

    def scan(u, *others, **options):
        seen.append((u.dtype, u.device.type))
        return selective_scan_ref(u, *others, **options)

    torch.set_default_dtype(torch.float64)
    try:
        with torch.device('meta'):
            assert check_kernel('the scan', scan, 'cpu') is None
    finally:
        torch.set_default_dtype(torch.float32)
    assert seen == [(torch.float32, 'cpu')]


def test_a_wrong_kernel_is_named_with_its_difference():
    ones = torch.ones(3)
    problem = find_difference('the scan', lambda: ones, lambda: ones + 2)
    assert 'the scan differs from the reference by 2' in problem


def test_no_number_is_a_difference():
    nan = torch.full((3,), float('nan'))
    assert 'nan' in find_difference('the scan', lambda: nan, lambda: nan)


def test_autocast_around_a_first_use_changes_nothing():
    # as in a training step: products would be rounded, those of the reference alone
    x = torch.full((3, 3), 10 / 3)
    with torch.autocast('cpu', torch.bfloat16):
        problem = find_difference('it', lambda: 3 * x * x, lambda: x @ x)
        assert (x @ x).dtype == torch.bfloat16
    assert problem is None


def test_a_kernel_that_fails_is_quoted():
    def fail():
        raise OSError('no such GPU')

    problem = find_difference('the scan', fail, lambda: torch.ones(3))
    assert problem == 'OSError: no such GPU'
