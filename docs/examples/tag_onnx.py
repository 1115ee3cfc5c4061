"""Tag pictures with an exported model: python tag_onnx.py model.onnx a.jpg b.png ...

Needs numpy, Pillow and onnxruntime, and nothing else.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1])
about = session.get_modelmeta().custom_metadata_map
labels, thresholds, how = (
    json.loads(about[key]) for key in ('labels', 'thresholds', 'preprocessing')
)
height, width = how['size']
kind = how['interpolation'].upper().replace('AREA', 'BOX')  # OpenCV's name of it
resample = Image.Resampling[kind]
for path in sys.argv[2:]:
    picture = ImageOps.exif_transpose(Image.open(path)).convert('RGB')
    pixels = np.asarray(picture.resize((width, height), resample), np.float32)
    pixels = pixels if how['channels'] == 'RGB' else pixels[..., ::-1]
    pixels = (pixels - np.float32(how['mean'])) / np.float32(how['std'])
    images = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
    (scores,) = session.run(['scores'], {'images': images})[0]
    tags = scores >= np.array(0.5 if thresholds is None else thresholds, float)
    found = [i for i in np.argsort(-scores) if tags[i]]  # null is nan: never a tag
    print(path, ', '.join(f'{labels[i]} {scores[i]:.3f}' for i in found), sep='\t')
