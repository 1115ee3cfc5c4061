"""What can be seen where: which things a scene holds, and how large they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.random import Generator

# The order is the order of the category ids.
CLASSES = (
    'sun', 'moon', 'star', 'cloud', 'bird', 'airplane', 'kite', 'mountain', 'sea',
    'boat', 'lighthouse', 'umbrella', 'person', 'house', 'tree', 'flower', 'car',
    'street lamp', 'bicycle', 'sheep',
)  # fmt: skip

SETTINGS = {'coast': 0.36, 'town': 0.34, 'meadow': 0.3}
TIMES = {'day': 0.55, 'dusk': 0.15, 'night': 0.3}

# How likely a thing is there at all.
ON_GROUND = {
    'coast': {
        'mountain': 0.15, 'sea': 1.0, 'boat': 0.5, 'lighthouse': 0.4, 'umbrella': 0.35,
        'person': 0.3, 'tree': 0.08, 'street lamp': 0.08, 'bicycle': 0.08,
    },
    'town': {
        'umbrella': 0.15, 'person': 0.3, 'house': 0.4, 'tree': 0.2, 'flower': 0.1,
        'car': 0.45, 'street lamp': 0.4, 'bicycle': 0.35,
    },
    'meadow': {
        'mountain': 0.4, 'umbrella': 0.08, 'person': 0.15, 'house': 0.2, 'tree': 0.35,
        'flower': 0.4, 'car': 0.08, 'bicycle': 0.12, 'sheep': 0.45,
    },
}  # fmt: skip
IN_SKY = {
    'day': {'sun': 0.35, 'cloud': 0.3, 'bird': 0.25, 'airplane': 0.22, 'kite': 0.25},
    'dusk': {'sun': 0.3, 'moon': 0.3, 'star': 0.2, 'cloud': 0.25, 'bird': 0.3},
    'night': {'moon': 0.4, 'star': 0.45, 'cloud': 0.2, 'airplane': 0.2},
}
# Of these pairs only one is ever in the sky.
EXCLUDES = (('sun', 'moon'), ('sun', 'star'))

# Smallest and largest side in parts of the picture's side, and the most of a kind.
# On the ground this is the size in the foreground.
SIZES = {
    'sun': (0.2, 0.3, 1), 'moon': (0.18, 0.28, 1), 'star': (0.13, 0.18, 3),
    'cloud': (0.32, 0.48, 2), 'bird': (0.24, 0.34, 2), 'airplane': (0.34, 0.46, 1),
    'kite': (0.3, 0.42, 1), 'mountain': (0.4, 0.6, 2), 'boat': (0.36, 0.52, 1),
    'lighthouse': (0.5, 0.65, 1), 'umbrella': (0.4, 0.52, 1),
    'person': (0.42, 0.54, 2), 'house': (0.42, 0.56, 1),
    'tree': (0.42, 0.6, 2), 'flower': (0.32, 0.44, 2),
    'car': (0.42, 0.56, 1), 'street lamp': (0.55, 0.68, 1), 'bicycle': (0.42, 0.54, 1),
    'sheep': (0.36, 0.48, 2),
}  # fmt: skip
SKY_THINGS = frozenset(IN_SKY['day']) | frozenset(IN_SKY['night'])
FEWEST = 2  # kinds of things in a scene
FARTHEST = 0.75  # how much of its foreground size a thing keeps at the horizon
SPOTS = 6  # places that are tried for a thing; the freest is taken
EDGE = 0.45  # how near a thing's middle comes to the frame, in its own sides


@dataclass(frozen=True)
class Place:
    """Where one thing stands; lengths are in parts of the picture's side.

    Attributes:
        name: The label.
        x: Middle of the thing.
        foot: Lower edge of the thing; the larger, the nearer.
        side: Width and height of its tile.
        haze: How far the air veils it, 0 (near) to 1.
    """

    name: str
    x: float
    foot: float
    side: float
    haze: float = 0.0


@dataclass(frozen=True)
class Layout:
    """A scene before it is painted.

    Attributes:
        setting: A key of ``SETTINGS``.
        time: A key of ``TIMES``.
        horizon: Height of the horizon, counted from the top.
        shore: Where the sea ends; equals ``horizon`` where there is none.
        places: The things, from the farthest to the nearest.
    """

    setting: str
    time: str
    horizon: float
    shore: float
    places: tuple[Place, ...]


def make_layout(rng: Generator) -> Layout:
    """Draw lots for one scene.

    Boats are only where the sea is, and ``EXCLUDES`` holds in every scene.

    Args:
        rng: Source of randomness.
    """
    setting, time = _pick(SETTINGS, rng), _pick(TIMES, rng)
    names = [n for n, p in IN_SKY[time].items() if rng.uniform() < p]
    on_ground = ON_GROUND[setting]
    names += [n for n, p in on_ground.items() if rng.uniform() < p]
    if len(names) < FEWEST:
        names += rng.choice(sorted(on_ground), FEWEST, replace=False).tolist()
    names = list(dict.fromkeys(names))
    for pair in EXCLUDES:
        if set(pair) <= set(names):
            names.remove(pair[rng.integers(2)])
    horizon = shore = rng.uniform(0.42, 0.6)
    if 'sea' in names:
        shore = horizon + (1 - horizon) * rng.uniform(0.15, 0.75)
    places: list[Place] = []
    for name in names:
        if name == 'sea':
            continue
        for _ in range(rng.integers(1, SIZES[name][2] + 1)):
            spots = [_place(name, horizon, shore, rng) for _ in range(SPOTS)]
            places.append(min(spots, key=lambda spot: _crowding(spot, places)))
    places.sort(key=lambda place: place.foot)
    return Layout(setting, time, horizon, shore, tuple(places))


def _place(name: str, horizon: float, shore: float, rng: Generator) -> Place:
    small, large, _ = SIZES[name]
    side = rng.uniform(small, large)
    x = rng.uniform(EDGE * side, 1 - EDGE * side)
    if name in SKY_THINGS:
        lowest = max(horizon, side)
        foot = rng.uniform(side * 0.9, lowest)
        return Place(name, x, min(foot, horizon), side, rng.uniform(0, 0.2))
    if name == 'mountain':
        return Place(name, x, horizon + 0.02, side, rng.uniform(0, 0.5))
    near, far = (shore, horizon) if name == 'boat' else (1.05, shore)
    depth = rng.uniform(0.1, 1)  # 1 is nearest
    foot = far + depth * (near - far)
    scale = FARTHEST + (1 - FARTHEST) * min((foot - horizon) / (1 - horizon), 1)
    return Place(name, x, foot, side * scale, rng.uniform(0, 0.35) * (1 - scale))


def _crowding(place: Place, others: Sequence[Place]) -> float:
    """Return the area that a place shares with others."""
    return sum(_shared(place, other) for other in others)


def _shared(one: Place, two: Place) -> float:
    reach = (one.side + two.side) / 2
    width = reach - abs(one.x - two.x)
    height = min(one.foot, two.foot) - max(one.foot - one.side, two.foot - two.side)
    return max(width, 0) * max(height, 0)


def _pick(chances: dict[str, float], rng: Generator) -> str:
    return str(rng.choice(list(chances), p=list(chances.values())))
