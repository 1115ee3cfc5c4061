"""COCO as multi-label data."""

import os.path as osp

from mmpretrain.datasets import MultiLabelDataset
from mmpretrain.registry import DATASETS

from .files import parse_json, read_text, require_keys, require_pictures


@DATASETS.register_module()
class COCOMultiLabel(MultiLabelDataset):
    """The labels of a picture are the categories of its boxes, crowds included.

    Reads `COCO <https://cocodataset.org>`_'s ``instances_{train,val}{2014,2017}.json``
    and any file of that form. The order of the labels is that of the category ids, and
    the class names are the file's.

    Args:
        ann_file: The json file, relative to ``data_root``.
        data_root: Folder of everything.
        data_prefix: Folder of the pictures, relative to ``data_root``.
        drop_unlabelled: Leave out pictures without boxes. Papers differ: the ML-GCN and
            ASL lines leave them out, Q2L, SSGRL and MVLR keep them.
        check_files: Look whether every picture exists; for a local disk.
        **kwargs: As for :class:`mmpretrain.datasets.MultiLabelDataset`: ``pipeline``,
            ``indices`` and so on.

    Raises:
        FileNotFoundError: The json file or a picture is missing.
        ValueError: The json file is cut off, lacks a key, or contradicts itself.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: str | dict = '',
        drop_unlabelled: bool = False,
        check_files: bool = True,
        **kwargs,
    ) -> None:
        self.drop_unlabelled = drop_unlabelled
        self.check_files = check_files
        super().__init__(
            ann_file=ann_file, data_root=data_root, data_prefix=data_prefix, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` and ``gt_label`` of every picture, in file order."""
        content = parse_json(read_text(self.ann_file), self.ann_file)
        require_keys(content, ('images', 'annotations', 'categories'), self.ann_file)
        index = self._read_categories(content['categories'])
        labels = self._read_labels(content, index)
        data_list = []
        for image in content['images']:
            found = labels[image['id']]
            if found or not self.drop_unlabelled:
                path = osp.join(self.img_prefix, image['file_name'])
                data_list.append(dict(img_path=path, gt_label=sorted(found)))
        if not data_list:
            raise ValueError(f'{self.ann_file} lists no picture to use.')
        if self.check_files:
            require_pictures([data['img_path'] for data in data_list], self.ann_file)
        return data_list

    def _read_categories(self, categories: list[dict]) -> dict[int, int]:
        """Set the class names; return the label index of every category id."""
        for i, category in enumerate(categories):
            require_keys(category, ('id', 'name'), f'{self.ann_file}: categories[{i}]')
        ordered = sorted(categories, key=lambda category: category['id'])
        classes = tuple(category['name'] for category in ordered)
        given = self._metainfo.get('classes')
        if given is not None and tuple(given) != classes:
            raise ValueError(
                f'classes {list(given)[:3]}... ({len(given)}) are not the categories '
                f'of {self.ann_file}, {list(classes)[:3]}... ({len(classes)}), in the '
                'order of their ids; leave classes and metainfo out.'
            )
        self._metainfo['classes'] = classes
        return {category['id']: i for i, category in enumerate(ordered)}

    def _read_labels(self, content: dict, index: dict[int, int]) -> dict[int, set[int]]:
        """Return the label indices of every picture, by its id."""
        labels: dict[int, set[int]] = {}
        for i, image in enumerate(content['images']):
            where = f'{self.ann_file}: images[{i}]'
            require_keys(image, ('id', 'file_name'), where)
            if image['id'] in labels:
                raise ValueError(f'{where} has id {image["id"]}, as one before it.')
            labels[image['id']] = set()
        for i, box in enumerate(content['annotations']):
            try:
                labels[box['image_id']].add(index[box['category_id']])
            except (KeyError, TypeError):
                where = f'{self.ann_file}: annotations[{i}]'
                self._explain(box, where, dict(image_id=labels, category_id=index))
                raise
        return labels

    @staticmethod
    def _explain(box: dict, where: str, known: dict[str, dict]) -> None:
        """Raise the error that says what is wrong with an annotation."""
        require_keys(box, tuple(known), where)
        for key, ids in known.items():
            if box[key] not in ids:
                part = key.removesuffix('_id')
                raise ValueError(
                    f'{where} has {key} {box[key]}, which no {part} of the file has; '
                    f'mend the annotation or add the {part}.'
                )
