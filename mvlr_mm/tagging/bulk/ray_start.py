"""Ray, for this machine alone unless another is named."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import ray
from ray._private import ray_constants


@contextmanager
def running_ray(workers: int, address: str | None) -> Iterator[int]:
    """Connect to Ray, or start it for the programs of this machine.

    What this process has started or connected to before is used as it is.

    Args:
        workers: Models at work.
        address: Of a cluster; None starts Ray, without dashboard and statistics of use.

    Yields:
        How many cores each model may take.

    Raises:
        RuntimeError: Ray would listen to other machines, though none was named.
    """
    cores = max(1, len(os.sched_getaffinity(0)) // workers) if address is None else 1
    if ray.is_initialized():
        yield cores
        return
    os.environ['RAY_USAGE_STATS_ENABLED'] = '0'
    os.environ.setdefault('RAY_BACKEND_LOG_LEVEL', 'fatal')
    for name in ('ray', 'ray.data'):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        if address is not None:
            ray.init(address, log_to_driver=False)
        else:
            _start_here(cores * workers + 2)  # Ray reads, filters and writes, too
        yield cores
    finally:
        ray.shutdown()


def _start_here(cpus: int) -> None:
    # Otherwise Ray takes the address that others see, whatever `ray.init` is told.
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = '0'
    ray_constants.ENABLE_RAY_CLUSTER = False
    ray.init('local', num_cpus=cpus, include_dashboard=False, log_to_driver=False)
    place = ray.util.get_node_ip_address()
    if not place.startswith('127.'):
        raise RuntimeError(
            f'Ray {ray.__version__} listens at {place}, for other machines to see; '
            'start it yourself and name it by --address.'
        )
