/* The dataset file (parallel HDF5), schema 1; layout in doc comment of dataset.c and architecture.
   Root attributes: schema, program, deck, field, cell, method, code, grid. */
#ifndef ECD_STORE_DATASET_H
#define ECD_STORE_DATASET_H

#include "base/context.h"
#include "chem/crystal.h"
#include "deck/settings.h"

#include <stddef.h>
#include <stdint.h>

/* How volumes were prepared; equal for all samples of a dataset and carried into models. */
typedef struct {
  int64_t grid;
  ecd_field_t field;
  ecd_cell_kind_t cell;
  ecd_method_t method;
  char code[64];
} ecd_preparation_t;

/* ECD_OK if equal; else ECD_DATA naming the first difference ("cell: conventional in X, as_given in
   Y"). */
ecd_code_t ecd_preparation_match(const ecd_preparation_t *a, const char *a_name,
                                 const ecd_preparation_t *b, const char *b_name, ecd_error_t *err);

/* What a deck would say of it; settings->code is borrowed from it. */
void ecd_preparation_to_deck(const ecd_preparation_t *preparation, ecd_prep_settings_t *settings);

/* One material without its volume. Strings owned. */
typedef struct {
  char *id, *formula, *path, *sha256;
  double bulk, shear;    /* GPa, NaN = unknown */
  ecd_crystal_t crystal; /* as in the source file */
  double cell[3][3];     /* A, the cell that the volume spans */
  int64_t source_grid[3];
  double integral_before, integral_after;
  int64_t negative;
  double minimum, maximum;
} ecd_sample_t;
/* Its modulus, GPa, NaN = unknown. */
static inline double ecd_sample_target(const ecd_sample_t *sample, ecd_target_t target) {
  return target == ECD_TARGET_BULK ? sample->bulk : sample->shear;
}
void ecd_sample_clear(ecd_sample_t *sample);

typedef struct ecd_dataset ecd_dataset_t;

/* The deck's dataset into path[ECD_PATH_MAX]: data.file, or dataset.h5 in the output folder. Local. */
ecd_code_t ecd_dataset_locate(const ecd_settings_t *settings, char *path, ecd_error_t *err);

/* Collective: reads everything but the volumes, verified (schema, shapes). ECD_DATA with the reason
   for a foreign, corrupt or newer file. */
ecd_code_t ecd_dataset_open(const ecd_context_t *ctx, const char *path, ecd_dataset_t **dataset,
                            ecd_error_t *err);
void ecd_dataset_close(ecd_dataset_t **dataset); /* collective */

size_t ecd_dataset_size(const ecd_dataset_t *dataset);
const ecd_sample_t *ecd_dataset_sample(const ecd_dataset_t *dataset, size_t i); /* borrowed */
/* Magpie features of sample i, [ECD_MAGPIE_ALL] (chem/magpie.h); NaN where its formula is none or the
   table of the elements has no value: ecd_magpie_complete says which. Borrowed. */
const double *ecd_dataset_features(const ecd_dataset_t *dataset, size_t i);
/* Checksums of the charge files, "" = unknown, into a new list[samples] of borrowed texts. Local. */
ecd_code_t ecd_dataset_checksums(const ecd_dataset_t *dataset, char ***list, ecd_error_t *err);
const ecd_preparation_t *ecd_dataset_preparation(const ecd_dataset_t *dataset); /* borrowed */
const char *ecd_dataset_path(const ecd_dataset_t *dataset);
const char *
ecd_dataset_deck(const ecd_dataset_t *dataset); /* text of the deck it was made with, borrowed */

/* Local (independent read of one chunk, checksum verified): volume i into out[n*n*n]. */
ecd_code_t ecd_dataset_read_volume(ecd_dataset_t *dataset, size_t i, float *out, ecd_error_t *err);

/* One copy of all samples a node, or one a rank. */
typedef struct ecd_volumes ecd_volumes_t;
/* Called once for each sample on the rank that loads it: raw (n^3), NULL if it is not read -> out[stride] floats (may be in
   place of a transform, a standardisation, a gather). Must be a pure function of i and raw. */
typedef void ecd_prepare_fn(size_t i, const float *raw, float *out, void *arg);
/* Collective: read: volumes are read; else prepare gets none. Each node's ranks read disjoint samples in parallel (independent reads of whole
   chunks) and prepare them into a shared window (MPI-3). If the shared memory does not fit, a
   warning names size and limit, and each rank keeps a private copy. A corrupt chunk met by one
   rank: the same ECD_DATA on all, with the sample's id. */
ecd_code_t ecd_volumes_load(const ecd_context_t *ctx, ecd_dataset_t *dataset, ecd_memory_t memory,
                            size_t stride, bool read, ecd_prepare_fn *prepare, void *arg,
                            ecd_volumes_t **volumes, ecd_error_t *err);
const float *ecd_volumes_get(const ecd_volumes_t *volumes, size_t i); /* borrowed, stride floats */
void ecd_volumes_destroy(ecd_volumes_t **volumes);                    /* collective */

/* Collective: writes a complete dataset under a temporary name (collective hyperslab writes, one
   chunk a sample, fletcher32), publishes it, and an XDMF file beside it. samples[count] are the
   same on all ranks; their Magpie features are computed from the formulas, and a warning names those
   that are not complete. fetch(i, ...) is called on exactly one rank for each i (which one is
   the writer's choice) to get volume i. deck: effective deck's text. */
typedef ecd_code_t ecd_fetch_fn(size_t i, float *volume, void *arg, ecd_error_t *err);
ecd_code_t ecd_dataset_write(const ecd_context_t *ctx, const char *path, const char *deck,
                             const ecd_preparation_t *preparation, const ecd_sample_t *samples,
                             size_t count, ecd_fetch_fn *fetch, void *arg, ecd_error_t *err);

#endif
