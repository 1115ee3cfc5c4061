"""A head that has learned something for each label of a list."""

from collections.abc import Mapping, Sequence

from mmpretrain.structures import DataSample
from torch import Tensor

from ...labels.names import read_label_names
from ...structures import VLFeatures, as_features
from ..layers.named_rows import NamedRows
from .multi_label_head import MultiLabelHead


class NamedLabelsHead(NamedRows, MultiLabelHead):
    """What a head shares that reads the patches and has rows for its own labels.

    The labels are those of ``classes``. Where only their number is given, they are
    those of the prompt stage that the head meets first, or of its checkpoint. Behind a
    prompt stage they must be that stage's.

    Args:
        classes: The C label names, or what
            :func:`mvlr_mm.labels.names.read_label_names` makes them from: ``coco``, or
            the path of a json list or a text file.
        num_classes: C, where the names are not known; one of the two is needed.
        loss: Config of the loss on (logits, targets); ``LogitAsymmetricLoss`` if None.
        thr: Score from which a label counts as predicted; or one for each label, by
            name or in a file of `mvlr thresholds`.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Attributes:
        classes: The label names, a tuple of str; None where they are not known yet.
        num_labels: C.

    Raises:
        FileNotFoundError: ``classes`` is a path that leads nowhere.
        ValueError: Neither ``classes`` nor ``num_classes`` is given, they disagree, or
            a name breaks the rules; in ``loss`` and ``predict``, and for the logits
            of a :class:`VLClassifier`, the labels of the prompt stage are others.
    """

    reads = ('visual',)

    def __init__(
        self,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss or dict(type='LogitAsymmetricLoss'), thr, topk, init_cfg)
        if classes is not None:
            self.classes = read_label_names(classes)
        self.num_labels = self._count(num_classes)

    def _count(self, given: int | None) -> int:
        """Return C, from the names or as given."""
        name = type(self).__name__
        count = given if self.classes is None else len(self.classes)
        if count is None or count < 1:
            raise ValueError(
                f'{name} has classes=None and num_classes={given}; give classes, the '
                "label names or a file of them, such as 'coco'; or their number, at "
                'least 1.'
            )
        if given not in (None, count):
            raise ValueError(
                f'{name}: num_classes is {given}, but classes has {count} names; leave '
                'num_classes out.'
            )
        return count

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss``; see :class:`MultiLabelHead`."""
        return super().loss(self._meet(feats), data_samples, **kwargs)

    def predict(
        self, feats: VLFeatures, data_samples: list[DataSample] | None = None
    ) -> list[DataSample]:
        """See :class:`MultiLabelHead`; thresholds go by the names of the labels."""
        return super().predict(self._meet(feats), data_samples)

    def check_names(self, names: Sequence[str] | None) -> None:
        """Compare the labels of a prompt stage with those of this head.

        Args:
            names: Of the stage; None where there is none.

        Raises:
            ValueError: They are others, or in another order.
        """
        if None not in (names, self.classes) and names != self.classes:
            raise ValueError(
                f'{type(self).__name__} has learned a row for each of '
                f'{len(self.classes)} labels ({self.classes[0]!r}, ...), and now gets '
                f'{len(names)} ({names[0]!r}, ...), others or in another '
                'order; it recognises the labels that it was trained on, in their '
                'order.'
            )

    def _meet(self, feats: VLFeatures) -> VLFeatures:
        """Take the names of a prompt stage, or give it those of this head."""
        feats = as_features(feats, type(self).__name__)
        if self.classes is None:
            self.classes = feats.names
        if feats.names is None:
            return feats._replace(names=self.classes)
        self.check_names(feats.names)
        return feats
