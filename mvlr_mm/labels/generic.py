"""Names of common things, beside which the similarity of any other name is judged."""

GENERIC_NAMES = (
    'sky', 'ground', 'wall', 'floor', 'window', 'door', 'table', 'chair', 'cup', 'book',
    'clock', 'lamp', 'phone', 'computer', 'shirt', 'hat', 'shoe', 'hand', 'face',
    'crowd', 'child', 'house', 'tower', 'bridge', 'street', 'garden', 'forest',
    'mountain', 'river', 'beach', 'snow', 'cloud', 'night', 'sunset', 'fire', 'smoke',
    'rock', 'flower', 'leaf', 'fruit', 'bread', 'meat', 'fish', 'insect', 'bottle',
    'box', 'paper', 'letter', 'sign', 'flag', 'fence', 'rope', 'wheel', 'machine',
    'tool', 'toy', 'picture', 'shadow', 'pattern', 'colour', 'metal', 'wood', 'glass',
    'stone',
)  # fmt: skip
