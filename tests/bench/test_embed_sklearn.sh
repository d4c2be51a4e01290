#!/bin/sh
# ecdnet embed beside scikit-learn on the same inputs: trustworthiness at k = 12 within 0.02, KL divergence at most 5 %
# above the mean of three seeds (which differ by their rounding: t-SNE makes another map of each).
"$PYTHON" -c 'import sklearn' 2>/dev/null ||
  { echo "skipped: $PYTHON lacks scikit-learn (Debian: python3-sklearn)"; exit 77; }
. "$top_srcdir/tests/bench/embed_common.sh"
ranks 2 embed -o data.file=d.h5 -o data.transform=none -o embed.pool=2 -o output=.
expect 0 "a map"
"$PYTHON" - <<'PY' || fail "too far from scikit-learn"
import json
import warnings

import h5py
import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

warnings.simplefilter("ignore")
about = json.load(open("embed/embed.json", encoding="utf-8"))
good = True
for name in ("magpie", "volume"):
    with h5py.File("embed/embed.h5") as f:
        x, y = f[f"/{name}/input"][...], f[f"/{name}/map"][...]
        variance = f[f"/{name}/variance"][...]
    pca = PCA(svd_solver="full").fit(x)
    assert abs(variance - pca.explained_variance_[:len(variance)]).max() < 1e-10 * variance[0]
    assert abs(trustworthiness(x, y, n_neighbors=12) - about[name]["trustworthiness"]) < 1e-3
    kl, trust = [], []
    for seed in range(3):
        t = TSNE(method="exact", init="pca", perplexity=30, early_exaggeration=12, learning_rate="auto", n_iter=1000,
                 random_state=seed)
        z = t.fit_transform(x)
        kl.append(t.kl_divergence_)
        trust.append(trustworthiness(x, z, n_neighbors=12))
    fine = about[name]["kl"] < 1.05 * np.mean(kl) and abs(about[name]["trustworthiness"] - np.mean(trust)) < 0.02
    good &= fine
    print(f"{name}: KL {about[name]['kl']:.4f}, trustworthiness {about[name]['trustworthiness']:.4f}; scikit-learn "
          f"{np.round(kl, 4)}, {np.round(trust, 4)}{'' if fine else ': too far'}")
raise SystemExit(not good)
PY
[ "$failed" -eq 0 ]
