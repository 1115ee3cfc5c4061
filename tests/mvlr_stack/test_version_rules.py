import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from mvlr_stack import checks
from mvlr_stack.version_rules import matches, read_version

VERSIONS = [
    '0.10.6',
    '0.10.7',
    '0.10.7.post1',
    '0.10.8',
    '2',
    '2.0',
    '2.0.0',
    '2.1.0',
    '2.2.0rc1',
    '2.2.0',
    '2.2.1',
    '2.3.0a1',
    '2.3.0',
    '2.3.6',
    '2.5.1+cu121',
    '2.6.0a0+git123',
    '2.6.0rc2',
    '2.6.0',
    '2.6.0+cpu',
    '2.6.1',
    '2.10.0',
    '3.3.0',
    '3.3.0+x',
    '3.9.18',
    '3.10.0',
    '3.12.9',
    '3.13.0a1',
    '3.13.0',
    '4.51.3',
    '4.52.0.dev0',
    '4.52.0',
    '4.57.6',
    '5.0.0rc1',
    '5.0.0',
    '81.0.0',
    '82.0.0.dev20250101',
    '82.0.0',
    '82.0.1',
    'v1.2',
    '1.2.0.post3',
    '2024.1',
]
RULES = [
    '>=3.10,<3.13', '>=2.6', '>=2.0,<2.3', '==0.10.7', '==1.2.0', '<82', '<5', '<4.52',
    '<=3.3.0', '<2.2.0', '>2.0', '>2.6', '>=0.10.12', '>=1.3.6',
]  # fmt: skip


@pytest.mark.parametrize('rule', RULES)
def test_rules_are_those_of_pip(rule):
    for version in VERSIONS:
        expected = SpecifierSet(rule).contains(Version(version), prereleases=True)
        assert matches(version, rule) == expected, version


def test_the_rules_in_use_are_among_those_tried():
    used = {rule for rules in checks.REQUIREMENTS.values() for rule in rules.values()}
    used |= set(checks.TRANSFORMERS.values())
    assert {part for rule in used for part in rule.split(',')} <= {
        *(part for rule in RULES for part in rule.split(',')),
        '>=2.3.6',
    }


def test_order_is_that_of_pip():
    ordered = sorted(VERSIONS, key=lambda text: read_version(text)[:2])
    assert [read_version(text)[:2] for text in ordered] == [
        read_version(text)[:2] for text in sorted(VERSIONS, key=Version)
    ]


def test_parts():
    assert read_version('2.10.0+CPU') == ((2, 10), 0, 'cpu')
    with pytest.raises(ValueError, match="'main' is no version"):
        read_version('main')
