/* What embed.c and embed_files.c share. */
#ifndef ECD_BENCH_EMBED_PRIVATE_H
#define ECD_BENCH_EMBED_PRIVATE_H

#include "bench/embed.h"
#include "bench/pca.h"
#include "bench/points.h"
#include "bench/sets.h"
#include "bench/tsne.h"
#include "store/dataset.h"

/* The map of one input. */
typedef struct {
  const char *name; /* magpie, volume */
  ecd_points_t input;
  ecd_pca_t *pca;
  ecd_points_t scores;    /* (samples, kept) */
  ecd_points_t map;       /* (samples, 2) */
  ecd_tsne_result_t tsne; /* of the best try */
  size_t uneven;          /* ecd_affinity_t */
  double *kl;             /* [tries] */
  double trustworthiness;
  double *input_mixing, *map_mixing; /* [sets] */
  double load_seconds, pca_seconds, affinity_seconds, descent_seconds, quality_seconds;
} ecd_embed_map_t;

typedef struct {
  const ecd_context_t *ctx;
  const ecd_settings_t *settings;
  ecd_dataset_t *dataset;
  size_t samples; /* that are mapped */
  size_t *row;    /* [samples], their numbers in the dataset */
  const ecd_sample_t **sample;
  int8_t *split; /* [samples] */
  ecd_sets_t sets;
  int maps;
  ecd_embed_map_t map[2];
  double seconds;
} ecd_embed_t;

/* All files into OUTPUT/embed. Local, rank 0. */
ecd_code_t ecd_embed_write(const ecd_embed_t *e, const char *folder, ecd_error_t *err);

#endif
