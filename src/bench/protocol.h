/* What a benchmark holds out, in turn: folds, the materials of an element, or nothing of the
   dataset but all of a second one. */
#ifndef ECD_BENCH_PROTOCOL_H
#define ECD_BENCH_PROTOCOL_H

#include "base/file.h"
#include "bench/external.h"
#include "deck/keys.h"
#include "store/dataset.h"

enum { ECD_TARGETS = 2, ECD_HOLDOUT_NAME = 32 };

typedef struct {
  char name[ECD_HOLDOUT_NAME]; /* fold3, a symbol, all */
  int64_t fold;
  char element[4];
} ecd_holdout_t;

typedef struct {
  ecd_protocol_kind_t kind;
  /* Of the dataset, which stays open: */
  ecd_dataset_t *dataset;
  size_t samples;
  const char **id, **formula;  /* [samples], borrowed from dataset */
  double *target[ECD_TARGETS]; /* [samples], GPa, NaN = unknown */
  char fingerprint[65];        /* of materials, targets and how volumes were prepared */
  size_t holdouts;
  ecd_holdout_t *holdout; /* [holdouts] */
  int64_t *fold;          /* [samples], -1: in none; for kfold */
  char folds_path[ECD_PATH_MAX];
  ecd_external_t external; /* for external */
} ecd_protocol_t;

/* Opens the dataset(s) and chooses. The folds: bench.folds_file, or a function of seed and ids,
   the same for all models and targets. The elements: bench.elements, or those of
   bench.min_materials materials or more, most frequent first. ECD_USAGE, ECD_DATA with the reason.
   Collective. */
ecd_code_t ecd_protocol_create(const ecd_context_t *ctx, const ecd_settings_t *settings,
                               ecd_protocol_t *protocol, ecd_error_t *err);
void ecd_protocol_clear(ecd_protocol_t *protocol); /* collective */

/* The settings of data.* with which a training holds out holdout; strings borrowed from the
   protocol. Local. */
void ecd_protocol_apply(const ecd_protocol_t *protocol, size_t holdout, ecd_data_settings_t *data);

/* The split that this makes, [samples]. ECD_DATA: nothing to train on. Local. */
ecd_code_t ecd_protocol_split(const ecd_protocol_t *protocol, size_t holdout, ecd_target_t target,
                              int8_t *split, ecd_error_t *err);

/* Writes OUTPUT/folds.csv, external.csv and external-dropped.csv, as far as the protocol has them.
   ECD_USAGE where other folds are there. Rank 0. */
ecd_code_t ecd_protocol_write(const ecd_protocol_t *protocol, const char *output, ecd_error_t *err);

#endif
