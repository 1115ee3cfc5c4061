"""Sentences about a scene, as people would write them: never the whole list."""

from collections import Counter
from collections.abc import Sequence

from numpy.random import Generator

OPENINGS = (
    '{}.', 'a photo of {}.', 'this photo contains {}.', 'a picture with {}.',
    'there is {}.', 'an image of {}.',
)  # fmt: skip
ENDINGS = {
    'coast': (' on the coast', ' on the beach'),
    'town': (' in town', ' in a street'),
    'meadow': (' in a meadow', ' in the country'),
    'day': (' by day', ''),
    'dusk': (' at dusk', ''),
    'night': (' at night', ' in the dark'),
}
ONLY_ONE = frozenset({'sun', 'moon', 'sea'})
SAME_PLURAL = frozenset({'sheep'})
FEWEST_NAMED, MOST_NAMED = 2, 6  # of the kinds of things, where there are so many


def write_captions(
    names: Sequence[str], setting: str, time: str, count: int, rng: Generator
) -> list[str]:
    """Return ``count`` captions, each naming a few of the things.

    Args:
        names: Label of each visible thing; a label may come several times.
        setting: A key of ``layout.SETTINGS``.
        time: A key of ``layout.TIMES``.
        count: How many captions.
        rng: Source of randomness.
    """
    return [_caption(Counter(names), setting, time, rng) for _ in range(count)]


def _caption(things: Counter, setting: str, time: str, rng: Generator) -> str:
    labels = sorted(things)
    named = rng.permutation(len(labels))[: rng.integers(FEWEST_NAMED, MOST_NAMED + 1)]
    phrases = [_phrase(labels[i], things[labels[i]], rng) for i in named]
    if not phrases:
        phrases = ['an empty place']
    text = ' and '.join(filter(None, (', '.join(phrases[:-1]), phrases[-1])))
    if rng.uniform() < 0.35:
        text += rng.choice(ENDINGS[setting if rng.uniform() < 0.5 else time])
    return str(rng.choice(OPENINGS)).format(text)


def _phrase(label: str, count: int, rng: Generator) -> str:
    if label in ONLY_ONE:
        return f'the {label}'
    if count > 1 and rng.uniform() < 0.5:
        plural = label if label in SAME_PLURAL else f'{label}s'
        return f'{("two", "some")[count > 2]} {plural}'
    return rng.choice((f'an {label}' if label[0] in 'aeiou' else f'a {label}', label))
