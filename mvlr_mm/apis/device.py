"""Where to compute."""

import torch


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """Return a device that is there.

    Args:
        device: Its name, such as ``cpu`` or ``cuda:1``; None is a GPU where there is
            one.

    Raises:
        ValueError: There is no such device, or it cannot be used.
    """
    if device is None:
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (AssertionError, RuntimeError) as error:  # of torch without, with CUDA
        there = ['cpu', *(f'cuda:{i}' for i in range(torch.cuda.device_count()))]
        # torch goes on for a screen
        reason = str(error).strip().splitlines()[0].partition('. ')[0].rstrip('.')
        raise ValueError(
            f'device ({device}) cannot be used: {reason}. Here are: {", ".join(there)}.'
        ) from error
    return found
