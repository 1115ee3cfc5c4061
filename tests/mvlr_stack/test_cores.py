import math
import os

import pytest

from mvlr_stack.cores import cores, idle_cores, quota


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Write what the kernel says of a machine with four processors."""
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: {0, 1, 2, 3})

    def write(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def siblings(*groups):
        for group in groups:
            for processor in group.split('-'):
                folder = f'sys/devices/system/cpu/cpu{processor}/topology'
                write(f'{folder}/thread_siblings_list', f'{group}\n')

    def stat(*idle_and_busy):
        lines = ['cpu  1 1 1 1 1 1 1 1 1 1']
        for i, (idle, busy) in enumerate(idle_and_busy):
            lines.append(f'cpu{i} {busy} 0 0 {idle} 0 0 0 0 99 99')
        write('proc/stat', '\n'.join([*lines, 'intr 1 2 3', '']))

    return tmp_path, write, siblings, stat


def test_siblings_are_one_core(machine):
    root, _, siblings, _ = machine
    assert cores(root) == [{0}, {1}, {2}, {3}]
    siblings('0-2', '1-3')
    assert cores(root) == [{0, 2}, {1, 3}]


def test_only_what_this_process_may_use(machine, monkeypatch):
    root, _, siblings, _ = machine
    siblings('0-2', '1-3')
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: {1, 2})
    assert cores(root) == [{1}, {2}]


def test_the_idle_share_of_each_core_counts(machine):
    root, _, _, stat = machine
    stat((100, 100), (100, 100), (100, 100), (100, 100))

    def sleep(seconds):
        assert seconds == 0.5
        stat((120, 100), (115, 105), (100, 120), (110, 110))

    assert idle_cores(0.5, root, sleep) == pytest.approx(1 + 0.75 + 0 + 0.5)


def test_a_core_is_as_idle_as_its_busiest_processor(machine):
    root, _, siblings, stat = machine
    siblings('0-2', '1-3')
    stat(*[(0, 0)] * 4)
    idle = idle_cores(0, root, lambda _: stat((20, 0), (20, 0), (0, 20), (5, 15)))
    assert idle == pytest.approx(0 + 0.25)


def test_what_the_kernel_does_not_say_counts_as_idle(machine):
    root, _, _, stat = machine
    assert idle_cores(0, root, lambda _: None) == 4
    stat((1, 1), (1, 1))  # no tick goes by, and two processors are missing
    assert idle_cores(0, root, lambda _: None) == 4


def test_a_quota_of_version_2_holds_for_groups_within(machine):
    root, write, *_ = machine
    assert quota(root) == math.inf
    write('proc/self/cgroup', '0::/pod/box\n')
    write('sys/fs/cgroup/pod/box/cpu.max', 'max 100000\n')
    assert quota(root) == math.inf
    write('sys/fs/cgroup/pod/cpu.max', '250000 100000\n')
    assert quota(root) == 2.5
    write('sys/fs/cgroup/cpu.max', '150000 100000\n')  # as a container sees its own
    assert quota(root) == 1.5


def test_a_quota_of_version_1(machine):
    root, write, *_ = machine
    write('proc/self/cgroup', '4:memory:/other\n3:cpu,cpuacct:/pod\n')
    write('sys/fs/cgroup/cpu/pod/cpu.cfs_quota_us', '-1\n')
    write('sys/fs/cgroup/cpu/pod/cpu.cfs_period_us', '100000\n')
    assert quota(root) == math.inf
    write('sys/fs/cgroup/cpu/pod/cpu.cfs_quota_us', '300000\n')
    assert quota(root) == 3


def test_this_machine_answers():
    assert 0 <= idle_cores(0.01) <= len(cores()) <= len(os.sched_getaffinity(0))
    assert quota() > 0
