/* The two trained networks that a fusion network stands on. */
#ifndef ECD_TRAIN_PARENTS_H
#define ECD_TRAIN_PARENTS_H

#include "base/context.h"
#include "nn/net.h"
#include "store/model_file.h"
#include "train/input.h"

typedef struct {
  ecd_model_file_t magpie, volume; /* a magpie_cnn, a cnn2d */
} ecd_parents_t;

/* What both must fit. */
typedef struct {
  const ecd_settings_t *settings;
  const ecd_dataset_t *dataset;
  const char *const *id;              /* [samples] */
  const int8_t *split;                /* [samples] */
  const ecd_shared_volumes_t *shared; /* or NULL */
} ecd_offspring_t;

/* Reads the parents that the deck names; trains the others, with the same samples and seed, into
   OUTPUT/parents/KIND (going on where they were with train.resume). Before any is trained: ECD_USAGE
   for one whose network does not fit the dataset's volumes, ECD_DATA for a parent of another network, target or preparation, an ensemble, or one that was trained on a sample held out here or chosen by one (told by id and by the checksum of
   the charge file). ECD_STOPPED
   after a signal. Collective. */
ecd_code_t ecd_parents_get(ecd_context_t *ctx, const ecd_offspring_t *offspring,
                           ecd_parents_t *parents, ecd_error_t *err);
void ecd_parents_clear(ecd_parents_t *parents);

/* Their parameters into net; ECD_DATA if they are not those of its parents. Local. */
ecd_code_t ecd_parents_inherit(const ecd_parents_t *parents, ecd_net_t *net, ecd_error_t *err);

/* Samples by id and by the checksum of their charge files, with the part they had: of the dataset, and besides what
   the parents were trained on or chosen by. Texts are owned. */
typedef struct {
  size_t count;
  char **id, **sha256; /* [count] */
  int8_t *split;       /* [count] */
} ecd_seen_t;
ecd_code_t ecd_parents_seen(const ecd_parents_t *parents, const ecd_offspring_t *offspring,
                            ecd_seen_t *record, ecd_error_t *err);
void ecd_seen_clear(ecd_seen_t *record);

#endif
