import pytest

from mvlr_mm.cli.tag import ENGINES
from mvlr_mm.datasets.checking.splits import SPLITS
from mvlr_mm.evaluation.average_precision import AP_MODES
from mvlr_mm.evaluation.f1 import FAMILIES
from mvlr_mm.evaluation.means import EMPTY
from mvlr_mm.evaluation.protocols import MORE, PROTOCOLS, UNKNOWN
from mvlr_mm.evaluation.thresholds import SEARCHES
from mvlr_mm.tagging import SIDECARS
from mvlr_mm.tagging.bulk.manifest import MANIFEST
from mvlr_mm.tagging.result_files import FORMATS
from mvlr_stack.command import parse
from mvlr_stack.words import browse, infer, tag, thresholds
from mvlr_stack.words import eval as evaluation


@pytest.mark.parametrize(
    ('named', 'meant'),
    [
        (evaluation.PROTOCOLS, PROTOCOLS),
        (evaluation.AP_MODES, AP_MODES),
        (evaluation.EMPTY, EMPTY),
        (evaluation.FAMILIES, FAMILIES),
        (evaluation.UNKNOWN, UNKNOWN),
        (evaluation.MORE, MORE),
        (thresholds.SEARCHES, SEARCHES),
        (browse.SPLITS, SPLITS),
        (infer.FILES, FORMATS),
        (infer.SIDECARS, SIDECARS),
        (tag.ENGINES, ENGINES),
        (tag.MANIFEST, MANIFEST),
    ],
)
def test_choices_are_what_the_package_knows(named, meant):
    assert named == (meant if isinstance(meant, str) else tuple(meant))


@pytest.mark.parametrize(
    ('words', 'file'),
    [
        ('eval x.npz --csv {}', 'x.csv'),
        ('eval x.npz --json {}', 'x.json'),
        ('thresholds x.npz --out {}', 'x.json'),
        ('report x --out {}', 'x.html'),
        ('verify x.py --json {}', 'x.json'),
        ('browse x.py --out {}', 'sheet.png'),
        ('browse x.py --out {}', 'together.png'),
        ('pack run --out {}', 'pack.png'),
        ('test x.py x.pth --out {}', 'x.npz'),
        ('test x.py x.pth --out-item metrics --out {}', 'x.json'),
        ('test x.py x.pth --show-dir {}', 'a.jpg'),
        ('infer x.jpg --out {}', 'x.jsonl'),
        ('infer x.jpg --show-dir {}', 'a.jpg'),
        ('infer x.jpg --heatmaps {}', 'a.jpg'),
        ('tag x --out {}', 'a.jpg'),
    ],
)
def test_an_output_that_exists_stops_a_word_at_once(words, file, tmp_path, capsys):
    output = tmp_path if file.endswith(('.png', '.jpg')) else tmp_path / file
    argv = words.format(output).split()
    parse(argv)
    (tmp_path / file).touch()
    with pytest.raises(SystemExit, match='2'):
        parse(argv)
    assert 'add --overwrite to replace it.' in capsys.readouterr().err
    parse([*argv, '--overwrite'])
