import json
from pathlib import Path

import pytest
from benchmarks.accuracy.held_out import chosen_names, hold_out
from benchmarks.accuracy.plan import NOTHING, Plan, Run, Setting
from benchmarks.accuracy.rows import Row

from mvlr_mm.config import read_config
from mvlr_mm.datasets import MultiLabelList

ROOT = Path(__file__).parents[4]

NAMES = tuple('abcdefghi')


@pytest.mark.parametrize(('asked', 'number'), [(1 / 3, 3), (0.3, 3), (4, 4), (1, 1)])
def test_a_share_of_the_names_or_a_number(asked, number):
    found = chosen_names(NAMES, asked, 0)
    assert len(found) == number
    assert list(found) == sorted(found)
    assert found == chosen_names(NAMES, asked, 0)
    assert any(found != chosen_names(NAMES, asked, seed) for seed in range(1, 9))


@pytest.mark.parametrize('asked', [0, 0.01, 8, 0.99])
def test_some_names_are_left(asked):
    with pytest.raises(ValueError, match=r'of 9 names; hold out at least one'):
        chosen_names(NAMES, asked, 0)


def test_names_are_whole():
    with pytest.raises(
        ValueError, match=r'--held-out 2\.5 must be a share below 1, or'
    ):
        chosen_names(NAMES, 2.5, 0)


@pytest.fixture
def letters(data):
    """The pictures of `data` under four names, one label unknown."""
    (data / 'classes.json').write_text(json.dumps(NAMES[:4]))
    for split in ('train', 'val', 'test'):
        path = data / f'{split}.jsonl'
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for i, line in enumerate(lines):
            line['labels'] = sorted({i % 4, (i // 4) % 4})
        lines[0]['unknown'] = [2, 3]
        path.write_text('\n'.join(map(json.dumps, lines)))
    return data


@pytest.mark.parametrize(
    ('evaluator', 'message'),
    [
        (
            dict(type='MultiLabelProtocol', thresholds='thresholds.json'),
            "has thresholds='thresholds.json', and names that are not trained",
        ),
        ([dict(type='AveragePrecision')], 'must have a MultiLabelProtocol'),
    ],
)
def test_what_cannot_be_evaluated_is_told_first(
    letters, config, tmp_path, evaluator, message
):
    options = {'data_root': str(letters), 'test_evaluator': evaluator}
    cfg = read_config(config, options)
    with pytest.raises(ValueError, match=message):
        hold_out(cfg, tmp_path / 'labels', 1, 0)


@pytest.fixture
def made(letters, config, tmp_path):
    cfg = read_config(config, {'data_root': str(letters)})
    return hold_out(cfg, tmp_path / 'labels', 1, 0)


def test_the_lists_hold_the_same_pictures_without_the_names(made, letters):
    (hidden,) = made.unseen
    for split in ('train', 'val'):
        before = MultiLabelList(
            f'{split}.jsonl', 'classes.json', str(letters), 'images'
        )
        after = MultiLabelList(
            str(made.folder / f'{split}.jsonl'), str(made.folder / 'seen.json')
        )
        assert after.metainfo['classes'] == made.seen
        assert len(after) == len(before)
        for i in range(len(before)):
            old, new = before.get_data_info(i), after.get_data_info(i)
            assert new['img_path'] == old['img_path']
            names = {NAMES[index] for index in old['gt_label']}
            assert {made.seen[index] for index in new['gt_label']} == names - {hidden}
            states = dict(zip(NAMES[:4], old['gt_score'], strict=True))
            found = dict(zip(made.seen, new['gt_score'], strict=True))
            assert found == {name: states[name] for name in made.seen}
    assert json.loads((made.folder / 'unseen.json').read_text()) == [hidden]


def test_addresses_and_names_that_are_no_utf_8_stay_what_they_are(
    letters, config, tmp_path
):
    path = letters / 'train.jsonl'
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    odd = ['https://pictures.example/a.png', 'caf\udce9.png']
    for line, name in zip(lines, odd, strict=False):
        line['image'] = name
    path.write_text('\n'.join(map(json.dumps, lines)))
    cfg = read_config(config, {'data_root': str(letters)})
    made = hold_out(cfg, tmp_path / 'labels', 1, 0)
    files = (str(made.folder / name) for name in ('train.jsonl', 'seen.json'))
    after = MultiLabelList(*files, check_files=False)
    found = [after.get_data_info(i)['img_path'] for i in range(2)]
    assert found == [odd[0], str(letters / 'images' / odd[1])]


def test_another_choice_lies_elsewhere(made, letters, config, tmp_path):
    cfg = read_config(config, {'data_root': str(letters)})
    other = hold_out(cfg, tmp_path / 'labels', 2, 0)
    assert other.folder != made.folder


def test_a_head_with_a_row_for_each_label_is_refused(made, config, tmp_path, letters):
    plan = Plan(tmp_path, letters, 2, supervision=made)
    with pytest.raises(ValueError, match='--held-out: net has learned a row for each'):
        plan.prepare(Row('net', config))


def test_prompts_of_single_labels_are_refused(made, tmp_path, letters):
    plan = Plan(tmp_path, letters, 2, supervision=made)
    config = ROOT / 'configs/dualcoop/dualcoop-csc_custom_small-clip.py'
    with pytest.raises(ValueError, match='--held-out: csc has learned a row for each'):
        plan.prepare(Row('csc', config))


def test_a_system_without_training_knows_all_names(made, config, tmp_path, letters):
    with open(config, 'a') as file:
        file.write("train_cfg = dict(type='FitLoop', max_epochs=1)\n")
    plan = Plan(tmp_path, letters, 2, supervision=made)
    prepared = plan.prepare(Row('net', config))
    assert prepared.cfg.train_dataloader.dataset.ann_file == 'train.jsonl'
    job = plan.job(prepared, Run('net', NOTHING, 0))
    assert job.unseen == made.unseen
    # which names are held out decides about the result
    plain = Plan(tmp_path, letters, 2)
    other = plain.job(plain.prepare(Row('net', config)), Run('net', NOTHING, 0))
    assert other.folder != job.folder
    assert other.unseen == ()


def test_training_and_val_read_the_lists_and_the_test_all_names(
    made, texts, tmp_path, letters
):
    plan = Plan(tmp_path, letters, 2, supervision=made)
    cfg = plan.prepare(Row('net', texts)).cfg
    assert cfg.train_dataloader.dataset.classes == str(made.folder / 'seen.json')
    assert cfg.val_dataloader.dataset.ann_file == str(made.folder / 'val.jsonl')
    assert cfg.test_dataloader.dataset.classes == 'classes.json'
    assert cfg.test_dataloader.dataset.ann_file == 'test.jsonl'
    assert cfg.model.neck.prompt.classes == str(made.folder / 'seen.json')
    job = plan.job(plan.prepare(Row('n', texts)), Run('n', Setting(1, 1), 0))
    assert job.unseen == made.unseen
