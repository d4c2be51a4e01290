/* The models that a benchmark compares, each with its settings. */
#ifndef ECD_BENCH_MODELS_H
#define ECD_BENCH_MODELS_H

#include "bench/trained.h"

#include <stddef.h>

/* Where settings come from: a model's deck, over it the benchmark's deck, over it the command
   line. */
typedef struct {
  const char *deck; /* path; "": none */
  int overrides;
  const char *const *override; /* [overrides], key=value */
} ecd_layers_t;

enum { ECD_PARENTS = 2 }; /* of a fusion: magpie, volume */

typedef struct {
  /* Of the deck's file without its ending, or of the kind; of a trained model likewise, or, where
     that is model.h5, of its folder. Owned. */
  char *name;
  ecd_settings_t *settings; /* owned */
  ecd_trained_t *trained;   /* owned; NULL: the benchmark trains it */
  char parent_sha256[ECD_PARENTS]
                    [65]; /* of a fusion's model.fusion.magpie and .volume; "": not given */
} ecd_bench_model_t;

typedef struct {
  size_t count;
  ecd_bench_model_t *model; /* [count], owned */
} ecd_bench_models_t;

/* File name of a deck without folder and ending, into name[size]. Local. */
void ecd_deck_stem(const char *path, char *name, size_t size);

/* bench.models: a deck or a trained model is looked for in the working folder, then beside
   layers->deck; a deck's model.kind stays its own, of a trained model all of model and train.
   Epochs are scaled by bench->epochs_scale. ECD_USAGE: a deck that is not there or bad, an unknown
   kind, a name that two have, a trained model of a modulus that is not asked for or with a protocol
   other than external; ECD_DATA: a bad model file, or a given parent that cannot be read.
   Collective. */
ecd_code_t ecd_bench_models_load(const ecd_context_t *ctx, const ecd_bench_settings_t *bench,
                                 const ecd_layers_t *layers, ecd_bench_models_t *models,
                                 ecd_error_t *err);
void ecd_bench_models_clear(ecd_bench_models_t *models);

#endif
