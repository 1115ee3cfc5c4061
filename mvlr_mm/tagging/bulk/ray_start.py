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
        address: Of a cluster; None starts Ray, without a dashboard. Statistics of use
            are never sent.

    Yields:
        How many cores each model may take.

    Raises:
        OSError: Ray would listen to other machines, though none was named.
    """
    cores = max(1, len(os.sched_getaffinity(0)) // workers) if address is None else 1
    if ray.is_initialized():
        yield cores
        return
    os.environ['RAY_USAGE_STATS_ENABLED'] = '0'
    os.environ.setdefault('RAY_BACKEND_LOG_LEVEL', 'fatal')
    logging.getLogger('ray.data').setLevel(logging.ERROR)
    quiet = dict(logging_level=logging.ERROR, log_to_driver=False)
    if address is not None:
        with ray.init(address, **quiet):
            yield cores
        return
    # beside the models Ray reads, filters and writes
    cpus = cores * workers + 2
    with (
        _no_cluster(),
        ray.init('local', num_cpus=cpus, include_dashboard=False, **quiet),
    ):
        place = ray.util.get_node_ip_address()
        if not place.startswith('127.'):
            raise OSError(
                f'Ray {ray.__version__} listens at {place}, for other machines to see; '
                'start it yourself and name it by --address.'
            )
        yield cores


@contextmanager
def _no_cluster() -> Iterator[None]:
    """Let Ray listen at 127.0.0.1.

    By itself it takes the address that others see, whatever `ray.init` is told.
    """
    name = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
    said = os.environ.get(name)
    os.environ[name] = '0'  # for the processes that Ray starts
    enabled = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = enabled
        os.environ.pop(name)
        if said is not None:
            os.environ[name] = said
