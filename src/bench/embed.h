/* Maps of the samples of a dataset: what their inputs have in common, and how far the test samples
   are from what a model trains on. */
#ifndef ECD_BENCH_EMBED_H
#define ECD_BENCH_EMBED_H

#include "base/context.h"
#include "deck/settings.h"

/* PCA and t-SNE of the dataset's samples as the deck says (embed, data), with trustworthiness and
   the mixing of each test set; leaves embedding.csv, pca.csv, embed.h5, embed.json and deck.yaml in
   OUTPUT/embed. The map is the same on any number of ranks and threads. A sample without
   features: ECD_DATA as in training; settings that do not fit the number of samples: ECD_USAGE.
   Collective. */
ecd_code_t ecd_embed_run(const ecd_context_t *ctx, const ecd_settings_t *settings,
                         ecd_error_t *err);

#endif
