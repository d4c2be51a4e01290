"""Writes reference.txt: trees and forests of scikit-learn (1.2.1) for tests/learn/test_reference.

    /usr/bin/python3 tests/data/forest/make.py > tests/data/forest/reference.txt

All features and targets are multiples of 1/1024, exact in float32, to which scikit-learn rounds
features. It breaks ties between features at random: each tree below was checked to be the same for 20
random states. That is why leaves are of 3 samples or more where there are several features (every
feature cuts two samples equally well).
Format: train count, test count, width; rows of features and target; number of trees; for each: width
(the first columns), max_depth, min_leaf, min_split, nodes, predictions of the test rows, importances;
number of forests; for each: features_per_split, min_leaf, mean and standard deviation of R2 of the test
rows over 50 seeds of 50 trees, mean importances.
"""
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

TRAIN, TEST = 150, 80


def samples():
    random = np.random.default_rng(20)
    x = random.normal(size=(TRAIN + TEST, 7))
    x[:, 1] = np.exp(x[:, 1])
    x[:, 4] = random.integers(0, 6, TRAIN + TEST)
    x[:, 5] = 0.5
    x = np.round(1024 * x) / 1024
    y = 10 * np.sin(x[:, 0]) + 5 * x[:, 1] * (x[:, 4] > 2) + 3 * abs(x[:, 2])
    y += random.normal(size=len(x))
    return x, np.round(1024 * y) / 1024


def show(values):
    print(' '.join(repr(float(value)) for value in values))


def tree(x, y, width, depth, leaf, split):
    options = {'max_depth': depth or None, 'min_samples_leaf': leaf, 'min_samples_split': split}
    models = [DecisionTreeRegressor(**options, random_state=state).fit(x[:TRAIN, :width], y[:TRAIN])
              for state in range(20)]
    predicted = [model.predict(x[TRAIN:, :width]) for model in models]
    assert all(np.allclose(p, predicted[0], rtol=1e-12) for p in predicted), 'a tie'
    assert all(np.allclose(m.feature_importances_, models[0].feature_importances_) for m in models), 'a tie'
    print(width, depth, leaf, split, models[0].tree_.node_count)
    show(predicted[0])
    show(models[0].feature_importances_)


def forest(x, y, features, leaf):
    r2, importance = [], []
    for state in range(50):
        model = RandomForestRegressor(50, max_features=features or 1.0, min_samples_leaf=leaf,
                                      random_state=state)
        model.fit(x[:TRAIN], y[:TRAIN])
        r2.append(model.score(x[TRAIN:], y[TRAIN:]))
        importance.append(model.feature_importances_)
    print(features, leaf)
    show([np.mean(r2), np.std(r2)])
    show(np.mean(importance, axis=0))


def main():
    x, y = samples()
    print(TRAIN, TEST, x.shape[1])
    for row, target in zip(x, y):
        show([*row, target])
    trees = [(7, 0, 5, 2), (7, 4, 3, 2), (7, 0, 3, 30), (1, 0, 1, 2)]
    print(len(trees))
    for case in trees:
        tree(x, y, *case)
    forests = [(0, 1), (2, 1), (0, 4)]
    print(len(forests))
    for case in forests:
        forest(x, y, *case)


if __name__ == '__main__':
    main()
