from pathlib import Path

import pytest
from benchmarks.accuracy.plan import DECAY, NOTHING, RATE, TRY_SEED, Plan, Run, Setting
from benchmarks.accuracy.rows import Row

SETTING = Setting(1e-3, 0.01)


@pytest.fixture
def make(config, data, tmp_path):
    def job(run=None, overrides=None, **changes):
        plan = Plan(**{**dict(out=tmp_path, data=data, budget=20), **changes})
        row = Row('4: a + b', config, overrides or {})
        return plan.job(plan.prepare(row), run or Run(row.name, SETTING, 3))

    return job


def test_a_run_that_counts_is_tested_and_looks_at_val_ten_times(make, data, config):
    job = make(overrides={'model.head.in_channels': 7})
    assert (job.config, job.tested) == (config, True)
    assert job.overrides[RATE] == 1e-3
    assert job.overrides[DECAY] == 0.01
    assert job.overrides['randomness.seed'] == 3
    assert job.overrides['train_cfg.max_epochs'] == 20
    assert job.overrides['train_cfg.val_interval'] == 2
    assert job.overrides['data_root'] == str(data)
    assert job.overrides['model.head.in_channels'] == 7
    assert job.folder.parent.name == '4_a_b'
    assert job.folder.name.startswith('seed3_')


def test_a_try_has_a_seed_of_its_own_and_looks_at_val_once(make):
    job = make(Run('4: a + b', SETTING))
    assert not job.tested
    assert job.overrides['randomness.seed'] == TRY_SEED
    assert job.overrides['train_cfg.val_interval'] == 20
    assert job.folder.name.startswith('try_')


def test_whatever_decides_about_a_result_is_in_the_name_of_its_folder(
    make, config, data, tmp_path
):
    features = tmp_path / 'features'
    features.mkdir()
    (features / 'index.json').write_text('{}')
    jobs = [
        make(),
        make(Run('4: a + b', SETTING, 4)),
        make(Run('4: a + b', Setting(2e-3, 0.01), 3)),
        make(Run('4: a + b', Setting(1e-3, 0.1), 3)),
        make(budget=10),
        make(amp=True),
        make(features=features),
        make(options={'train_dataloader.batch_size': 2}),
        make(overrides={'model.head.in_channels': 7}),
    ]
    text = Path(config).read_text()
    Path(config).write_text(text.replace('momentum=0.1', 'momentum=0.2'))
    jobs.append(make())
    Path(config).write_text(text)
    lines = (data / 'val.jsonl').read_text().splitlines()
    (data / 'val.jsonl').write_text('\n'.join(lines[1:]))
    jobs.append(make())
    (features / 'index.json').write_text('{"views": 2}')
    jobs.append(make(features=features))
    names = (data / 'classes.json').read_text()
    (data / 'classes.json').write_text('["left", "light"]')  # not the model's
    jobs.append(make())
    (data / 'classes.json').write_text(names)
    vectors = tmp_path / 'vectors.npz'
    for text in ('1', '2'):
        vectors.write_text(text)
        jobs.append(make(overrides={'model.head.init_cfg': {'files': [str(vectors)]}}))
    assert len({job.folder for job in jobs}) == len(jobs)
    (data / 'val.jsonl').write_text('\n'.join(lines))
    assert make().folder == jobs[0].folder


def test_lists_inside_of_wrappers_decide_as_well(make, config, data):
    with open(config, 'a') as file:
        file.write(
            "train_dataloader['dataset'] = dict(type='ConcatDataset', datasets=[\n"
            "    train_dataloader['dataset'],\n"
            "    dict(val_dataloader['dataset'], ann_file='more.jsonl')])\n"
        )
    folders = set()
    for split in ('val', 'test'):
        (data / 'more.jsonl').write_text((data / f'{split}.jsonl').read_text())
        folders.add(make().folder)
    assert len(folders) == 2


def test_what_training_is_told_beside_the_config(make, tmp_path):
    (tmp_path / 'index.json').touch()
    assert make().flags == ()
    job = make(amp=True, features=tmp_path)
    assert job.flags == ('--amp', '--features', str(tmp_path))
    # features are those of a frozen backbone
    last = job.overrides['custom_hooks'][-1]
    assert last == dict(type='FreezeModules', names=['backbone'])
    assert len(job.overrides['custom_hooks']) == 2


def test_on_what_a_part_of_the_trunk_gives_the_config_says_what_trains(
    make, data, tmp_path
):
    (tmp_path / 'index.json').touch()
    part = dict(features=tmp_path, stage='trunk.layer3')
    job = make(**part)
    assert job.flags == ('--features', str(tmp_path))
    assert 'custom_hooks' not in job.overrides
    plans = [
        Plan(tmp_path, data, 1, **kw) for kw in ({}, dict(features=tmp_path), part)
    ]
    found = [plan.shared()['on_features'] for plan in plans]
    assert found == [False, True, 'trunk.layer3']


def test_a_system_without_training_takes_one_epoch_of_pictures(make, config, tmp_path):
    text = Path(config).read_text()
    Path(config).write_text(text.replace('by_epoch=True,', "type='FitLoop',"))
    job = make(Run('4: a + b', NOTHING, 3), features=tmp_path, amp=True)
    assert job.flags == ('--amp',)
    changed = {'train_cfg.max_epochs', 'train_cfg.val_interval', RATE, DECAY}
    assert changed.isdisjoint(job.overrides)
    assert 'custom_hooks' not in job.overrides


def test_options_of_the_command_line_have_the_last_word(make):
    job = make(
        overrides={'model.head.in_channels': 7},
        options={'model.head.in_channels': 9},
    )
    assert job.overrides['model.head.in_channels'] == 9
