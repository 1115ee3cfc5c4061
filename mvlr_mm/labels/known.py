"""The label names of public data sets, each in the order of its label index.

``*_CLASSES`` are names that a prompt can hold ("dining table"); where a data set's own
files write another one ("diningtable"), ``READABLE`` leads from that to this.
"""

from collections.abc import Iterable

# Order of the category ids in COCO's `instances_*.json`.
COCO_CLASSES = (
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck',
    'boat', 'traffic light', 'fire hydrant', 'stop sign', 'parking meter', 'bench',
    'bird', 'cat', 'dog', 'horse', 'sheep', 'cow', 'elephant', 'bear', 'zebra',
    'giraffe', 'backpack', 'umbrella', 'handbag', 'tie', 'suitcase', 'frisbee', 'skis',
    'snowboard', 'sports ball', 'kite', 'baseball bat', 'baseball glove', 'skateboard',
    'surfboard', 'tennis racket', 'bottle', 'wine glass', 'cup', 'fork', 'knife',
    'spoon', 'bowl', 'banana', 'apple', 'sandwich', 'orange', 'broccoli', 'carrot',
    'hot dog', 'pizza', 'donut', 'cake', 'chair', 'couch', 'potted plant', 'bed',
    'dining table', 'toilet', 'tv', 'laptop', 'mouse', 'remote', 'keyboard',
    'cell phone', 'microwave', 'oven', 'toaster', 'sink', 'refrigerator', 'book',
    'clock', 'vase', 'scissors', 'teddy bear', 'hair drier', 'toothbrush',
)  # fmt: skip


# Order of the 20 classes in VOC's development kit.
VOC_NAMES = (
    'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair',
    'cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep',
    'sofa', 'train', 'tvmonitor',
)  # fmt: skip

# Order of `Concepts81.txt` of NUS-WIDE.
NUSWIDE_CLASSES = (
    'airport', 'animal', 'beach', 'bear', 'birds', 'boats', 'book', 'bridge',
    'buildings', 'cars', 'castle', 'cat', 'cityscape', 'clouds', 'computer', 'coral',
    'cow', 'dancing', 'dog', 'earthquake', 'elk', 'fire', 'fish', 'flags', 'flowers',
    'food', 'fox', 'frost', 'garden', 'glacier', 'grass', 'harbor', 'horses', 'house',
    'lake', 'leaf', 'map', 'military', 'moon', 'mountain', 'nighttime', 'ocean',
    'person', 'plane', 'plants', 'police', 'protest', 'railroad', 'rainbow',
    'reflection', 'road', 'rocks', 'running', 'sand', 'sign', 'sky', 'snow', 'soccer',
    'sports', 'statue', 'street', 'sun', 'sunset', 'surf', 'swimmers', 'tattoo',
    'temple', 'tiger', 'tower', 'town', 'toy', 'train', 'tree', 'valley', 'vehicle',
    'water', 'waterfall', 'wedding', 'whales', 'window', 'zebra',
)  # fmt: skip

# Order of `attributes` in PA-100K's `annotation.mat`.
PA100K_NAMES = (
    'Female', 'AgeOver60', 'Age18-60', 'AgeLess18', 'Front', 'Side', 'Back', 'Hat',
    'Glasses', 'HandBag', 'ShoulderBag', 'Backpack', 'HoldObjectsInFront',
    'ShortSleeve', 'LongSleeve', 'UpperStride', 'UpperLogo', 'UpperPlaid',
    'UpperSplice', 'LowerStripe', 'LowerPattern', 'LongCoat', 'Trousers', 'Shorts',
    'Skirt&Dress', 'boots',
)  # fmt: skip

READABLE = {
    'diningtable': 'dining table',
    'pottedplant': 'potted plant',
    'tvmonitor': 'tv monitor',
    'Female': 'woman',
    'AgeOver60': 'person over 60',
    'Age18-60': 'person between 18 and 60',
    'AgeLess18': 'person under 18',
    'Front': 'person from the front',
    'Side': 'person from the side',
    'Back': 'person from the back',
    'Hat': 'hat',
    'Glasses': 'glasses',
    'HandBag': 'handbag',
    'ShoulderBag': 'shoulder bag',
    'Backpack': 'backpack',
    'HoldObjectsInFront': 'objects held in front',
    'ShortSleeve': 'short sleeves',
    'LongSleeve': 'long sleeves',
    'UpperStride': 'striped top',
    'UpperLogo': 'top with a logo',
    'UpperPlaid': 'plaid top',
    'UpperSplice': 'top of several colors',
    'LowerStripe': 'striped trousers or skirt',
    'LowerPattern': 'patterned trousers or skirt',
    'LongCoat': 'long coat',
    'Trousers': 'trousers',
    'Shorts': 'shorts',
    'Skirt&Dress': 'skirt or dress',
}


def readable(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as a prompt can hold them; those without another form stay."""
    return tuple(READABLE.get(name, name) for name in names)


VOC_CLASSES = readable(VOC_NAMES)
PA100K_CLASSES = readable(PA100K_NAMES)

# What a config may write in the place of a list of names.
KNOWN_LABELS = {
    'coco': COCO_CLASSES,
    'coco-by-name': tuple(sorted(COCO_CLASSES)),  # COCOMultiLabel(class_order='name')
    'nuswide': NUSWIDE_CLASSES,
    'pa100k': PA100K_CLASSES,
    'voc': VOC_CLASSES,
}
