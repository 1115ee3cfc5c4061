import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    jaccard_score,
    precision_score,
    recall_score,
)
from sklearn.metrics import hamming_loss as sklearn_hamming_loss

from mvlr_mm.evaluation.counts import decide, label_counts
from mvlr_mm.evaluation.instances import (
    hamming_loss,
    instance_metrics,
    label_accuracy,
    mean_accuracy,
    subset_accuracy,
)


def over(a, b):
    return a / b if b else 0


def test_numbers_equal_plain_loops(case):
    scores, targets = case
    images, labels = scores.shape
    rows, wrong, known, right = [], 0, 0, 0
    for i in range(images):
        entries = [j for j in range(labels) if targets[i, j] >= 0]
        truth = {j for j in entries if targets[i, j]}
        says = {j for j in entries if scores[i, j] >= 0.5}
        both = len(truth & says)
        rows.append([over(both, len(x)) for x in (truth | says, says, truth)])
        wrong += len(truth ^ says)
        known += len(entries)
        right += truth == says
    accuracy, precision, recall = (
        100 * sum(x) / images for x in zip(*rows, strict=True)
    )
    decisions = decide(scores, targets)
    assert instance_metrics(decisions) == pytest.approx(
        {
            'instance-accuracy': accuracy,
            'instance-precision': precision,
            'instance-recall': recall,
            'instance-F1': over(2 * precision * recall, precision + recall),
        },
        rel=1e-12,
    )
    assert hamming_loss(decisions) == pytest.approx(100 * over(wrong, known))
    assert subset_accuracy(decisions) == pytest.approx(100 * right / images)

    of_labels = []
    for j in range(labels):
        halves = []
        for value in (1, 0):
            these = [i for i in range(images) if targets[i, j] == value]
            hit = sum((scores[i, j] >= 0.5) == value for i in these)
            halves.append(over(hit, len(these)))
        of_labels.append(sum(halves) / 2)
    counts = label_counts(scores, targets)
    assert label_accuracy(counts) == pytest.approx(of_labels, rel=1e-12)
    of_labels = [of_labels[j] for j in range(labels) if (targets[:, j] >= 0).any()]
    expected = 100 * sum(of_labels) / len(of_labels)
    assert mean_accuracy(counts) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize('kind', ['random', 'tied', 'constant'])
def test_numbers_equal_scikit_learn(cases, kind):
    scores, targets = cases(kind)
    predicted = scores >= 0.5
    decisions = decide(scores, targets)
    found = instance_metrics(decisions)
    options = dict(average='samples', zero_division=0)
    for key, score in (
        ('accuracy', jaccard_score),
        ('precision', precision_score),
        ('recall', recall_score),
    ):
        expected = 100 * score(targets, predicted, **options)
        assert found[f'instance-{key}'] == pytest.approx(expected)
    expected = 100 * sklearn_hamming_loss(targets, predicted)
    assert hamming_loss(decisions) == pytest.approx(expected)
    expected = 100 * accuracy_score(targets, predicted)
    assert subset_accuracy(decisions) == pytest.approx(expected)
    balanced = [
        balanced_accuracy_score(t, p)
        for t, p in zip(targets.T, predicted.T, strict=True)
    ]
    found = label_accuracy(label_counts(scores, targets))
    assert found == pytest.approx(balanced)
