import numpy as np
import pytest

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')

from mvlr_mm.export.check import onnx_scorer  # noqa: E402
from mvlr_mm.export.int8 import quantize, quantized_nodes  # noqa: E402

TOWER = ': ScoreModel/classifier: VLClassifier/classifier.backbone: CLIPBackbone'
NECK = ': ScoreModel/classifier: VLClassifier/classifier.neck: NeckSequence'


@pytest.fixture
def graph(tmp_path):
    """Two convolutions and a map in the tower, a map behind it."""
    rng = np.random.default_rng(0)
    weights = dict(w1=(4, 3, 3, 3), w2=(5, 4, 3, 3), w3=(5, 6), w4=(6, 2), shape=None)
    tensors = []
    for name, shape in weights.items():
        value = np.array([0, -1, 5]) if shape is None else rng.normal(size=shape) / 5
        value = value.astype(np.int64 if shape is None else np.float32)
        tensors.append(onnx.numpy_helper.from_array(value, name))
    kinds = (
        ('Conv', ['images', 'w1'], 'a', TOWER),
        ('Relu', ['a'], 'b', TOWER),
        ('Conv', ['b', 'w2'], 'c', TOWER),
        ('Transpose', ['c'], 'd', TOWER),
        ('Reshape', ['d', 'shape'], 'e', TOWER),
        ('MatMul', ['e', 'w3'], 'f', TOWER),
        ('MatMul', ['f', 'w4'], 'g', NECK),
        ('ReduceMean', ['g'], 'h', NECK),
        ('Sigmoid', ['h'], 'scores', NECK),
    )
    options = dict(
        Transpose=dict(perm=[0, 2, 3, 1]), ReduceMean=dict(axes=[1], keepdims=0)
    )
    nodes = []
    for kind, inputs, output, scope in kinds:
        node = onnx.helper.make_node(
            kind, inputs, [output], name=f'{kind}_{output}', **options.get(kind, {})
        )
        node.metadata_props.add(key='namespace', value=scope)
        nodes.append(node)
    kind = onnx.TensorProto.FLOAT
    made = onnx.helper.make_graph(
        nodes,
        'test',
        [onnx.helper.make_tensor_value_info('images', kind, ['b', 3, 8, 8])],
        [onnx.helper.make_tensor_value_info('scores', kind, ['b', 2])],
        tensors,
    )
    model = onnx.helper.make_model(
        made, opset_imports=[onnx.helper.make_opsetid('', 17)], ir_version=9
    )
    onnx.helper.set_model_props(model, {'labels': '["a", "b"]'})
    path = tmp_path / 'float.onnx'
    onnx.save(model, str(path))
    return path


def pictures():
    rng = np.random.default_rng(1)
    return [rng.normal(size=(2, 3, 8, 8)).astype(np.float32) for _ in range(3)]


def test_all_of_the_tower_but_its_first_convolution(graph):
    names = quantized_nodes(onnx.load(graph).graph)
    assert names == ['Conv_c', 'MatMul_f']


def test_scores_in_8_bits_are_near_and_not_the_same(graph, tmp_path):
    path = tmp_path / 'int8.onnx'
    assert quantize(graph, path, pictures()) == 2
    model = onnx.load(path)
    props = {entry.key: entry.value for entry in model.metadata_props}
    assert props['labels'] == '["a", "b"]'
    bits = {t.name: t for t in model.graph.initializer}
    small = [t for t in bits.values() if t.data_type == onnx.TensorProto.INT8]
    assert {tuple(t.dims) for t in small if len(t.dims) > 1} == {(5, 4, 3, 3), (5, 6)}
    scales = [
        t for name, t in bits.items() if name.startswith('w2') and 'scale' in name
    ]
    assert [tuple(t.dims) for t in scales] == [(5,)]  # one for each output channel
    (images, *_) = pictures()
    whole, small = (onnx_scorer(file, 1)(images) for file in (graph, path))
    assert 0 < np.abs(whole - small).max() < 0.05


def test_nothing_to_calibrate_on_or_to_make_small(graph, tmp_path):
    path = tmp_path / 'int8.onnx'
    with pytest.raises(ValueError, match='picture'):
        quantize(graph, path, [])
    model = onnx.load(graph)
    for node in model.graph.node:
        del node.metadata_props[:]
    onnx.save(model, str(graph))
    with pytest.raises(ValueError, match='image tower'):
        quantize(graph, path, pictures())
    assert not path.exists()
