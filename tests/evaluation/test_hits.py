import numpy as np

from mvlr_mm.evaluation.hits import hits_of_label


def test_every_hit_counts_what_scores_at_least_as_high():
    scores = np.array([0.5, 0.9, 0.5, 0.1, 0.5])
    positive = np.array([True, False, True, True, False])
    hits, correct, predicted = hits_of_label(scores, positive)
    assert hits.tolist() == [0.5, 0.5, 0.1]
    assert correct.tolist() == [2, 2, 3]
    assert predicted.tolist() == [4, 4, 5]
