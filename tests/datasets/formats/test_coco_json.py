import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvlr_mm.datasets.formats import coco_json
from mvlr_mm.datasets.formats.coco_json import read_coco_json

POLYGON = [[1.5, 2, -3e-4, 7.25], [0.0, 1]]
RUNS = dict(counts=[272, 2, 4, 4], size=[240, 320])
CONTENT = dict(
    info=dict(description='a "quoted" {text} with "segmentation": [1, 2]'),
    images=[dict(id=1, file_name='a["bbox": [3]].jpg', coco_url='http://x')],
    annotations=[
        dict(segmentation=POLYGON, area=7.5, iscrowd=0, image_id=1, category_id=2),
        dict(
            iscrowd=1, image_id=1, category_id=3, bbox=[1, 2, 3, 4], segmentation=RUNS
        ),
        dict(category_id=2, image_id=1, keypoints=[], segmentation=[]),
    ],
    categories=[
        dict(id=2, name='cat', keypoints=['nose', 'eye']),
        dict(id=3, name='x'),
    ],
)
EXPECTED = dict(
    images=[dict(id=1, file_name='a["bbox": [3]].jpg')],
    annotations=[
        dict(iscrowd=0, image_id=1, category_id=2),
        dict(iscrowd=1, image_id=1, category_id=3),
        dict(category_id=2, image_id=1),
    ],
    categories=[dict(id=2, name='cat'), dict(id=3, name='x')],
)


@pytest.mark.parametrize('layout', [{}, dict(indent=2), dict(separators=(',', ':'))])
@pytest.mark.parametrize('block', [1, 7, 64, 1 << 20])
def test_keeps_what_labels_need_wherever_the_blocks_end(
    tmp_path, monkeypatch, layout, block
):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(CONTENT, **layout))
    monkeypatch.setattr(
        coco_json._without_numbers, '__defaults__', (block,), raising=True
    )
    assert read_coco_json(str(path)) == EXPECTED


def test_names_may_be_in_any_script_and_follow_a_byte_order_mark(tmp_path):
    path = tmp_path / 'a.json'
    content = dict(images=[dict(id=1, file_name='Straße/写真.jpg')])
    path.write_text(json.dumps(content, ensure_ascii=False), encoding='utf-8-sig')
    assert read_coco_json(str(path)) == content


@pytest.mark.parametrize('share', [0.3, 0.6, 0.999])
def test_a_file_that_was_cut_off(tmp_path, share):
    text = json.dumps(CONTENT)
    (tmp_path / 'a.json').write_text(text[: int(share * len(text))])
    with pytest.raises(ValueError, match=r'a\.json is not valid json, or was cut off'):
        read_coco_json(str(tmp_path / 'a.json'))


def test_another_encoding(tmp_path):
    (tmp_path / 'a.json').write_bytes('{"images": "é"}'.encode('latin-1'))
    with pytest.raises(ValueError, match=r'is not UTF-8: byte 12 is 0xe9; save'):
        read_coco_json(str(tmp_path / 'a.json'))


@pytest.mark.parametrize(
    'array', [[[1, 2], 'x'], [[1], {'id': 3}], [[1, [2]], [3], 'x": y'], ['x', [1]]]
)
def test_arrays_that_hold_more_than_numbers(tmp_path, array):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(dict(images=[dict(bbox=array, id=1)], id=2)))
    assert read_coco_json(str(path)) == dict(images=[dict(id=1)], id=2)


KEYS = st.sampled_from(
    ['segmentation', 'counts', 'bbox', 'id', 'name', 'x"y', 'images']
)
VALUES = st.recursive(
    st.integers() | st.floats(allow_nan=False) | st.text('"\\\\[]{},:1 b', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=VALUES, indent=st.sampled_from([None, 1]), block=st.integers(1, 40))
def test_equals_the_whole_json_whatever_stands_there(tmp_path, value, indent, block):
    path = tmp_path / 'a.json'
    text = json.dumps(value, indent=indent)
    path.write_text(text)
    shortened = b''.join(coco_json._without_numbers(str(path), block)).decode()
    expected = json.loads(text, object_pairs_hook=coco_json._needed)
    assert json.loads(shortened, object_pairs_hook=coco_json._needed) == expected
