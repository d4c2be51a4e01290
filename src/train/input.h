/* From a dataset to what a network eats. Inputs are prepared once, when the dataset is loaded, or,
   where volumes are moved or shared between trainings, from the volumes whenever they are asked for.
   */
#ifndef ECD_TRAIN_INPUT_H
#define ECD_TRAIN_INPUT_H

#include "train/scaling.h"

#include "nn/net.h"

/* Whether the first columns of a row are all numbers. Local. */
bool ecd_features_known(const double *feature, size_t columns);

/* Whether the dataset knows what a network (or other model) needs of sample i; if not, why
   (ECD_DATA). Local. */
bool ecd_input_known(const ecd_dataset_t *dataset, size_t i, const ecd_net_needs_t *needs,
                     ecd_error_t *why);

/* ECD_DATA if that is unknown of samples that train or are held out: id and reason of each. Local. */
ecd_code_t ecd_input_check(const ecd_dataset_t *dataset, const int8_t *split,
                           const ecd_net_needs_t *needs, ecd_error_t *err);

/* One sample, of which net's needs are given: volume and graph as they are, features unscaled.
   Local. */
void ecd_input_prepare(const ecd_net_t *net, const ecd_scaling_t *scaling, const float *volume,
                       const double *feature, const ecd_graph_t *graph, float *prepared);

/* Transformed volumes of a dataset that several trainings use. Borrowed. */
typedef struct {
  const char *path; /* of the dataset */
  ecd_transform_t transform;
  const ecd_volumes_t *volumes; /* (n, n, n) each */
} ecd_shared_volumes_t;

/* The one that fits, or NULL; shared may be NULL. */
const ecd_volumes_t *ecd_shared_volumes_find(const ecd_shared_volumes_t *shared,
                                             const ecd_dataset_t *dataset,
                                             ecd_transform_t transform);

/* One copy of all transformed volumes a node. ECD_STOPPED after a signal. Collective. */
ecd_code_t ecd_shared_volumes_load(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                                   ecd_transform_t transform, ecd_volumes_t **volumes,
                                   ecd_error_t *err);

typedef struct {
  ecd_memory_t memory;
  ecd_augment_t augment;
  uint64_t seed; /* of augmentation */
  size_t slots;  /* most inputs that are asked for at a time */
  bool *known; /* [samples], borrowed: the others are left out; made false of an unused sample whose
                  crystal has no graph, or whose volume is not finite */
  const int8_t *split;          /* [samples], borrowed */
  const ecd_volumes_t *volumes; /* shared, transformed, or NULL: they are read */
} ecd_input_options_t;

typedef struct ecd_inputs ecd_inputs_t;

/* For net, whose parameters are set; dataset, net and shared volumes must outlive the inputs. A
   warning counts crystals with too few neighbours. ECD_DATA for a crystal without a graph that
   trains or is held out, or a held-out volume that is not finite, ECD_STOPPED after a signal.
   Collective. */
ecd_code_t ecd_inputs_load(const ecd_context_t *ctx, ecd_dataset_t *dataset,
                           const ecd_scaling_t *scaling, const ecd_net_t *net,
                           const ecd_input_options_t *options, ecd_inputs_t **inputs,
                           ecd_error_t *err);
void ecd_inputs_destroy(ecd_inputs_t **inputs); /* collective */

/* input[count]: prepared inputs of the samples; they stay until the next call. epoch: of the
   augmentation; below 0: as they are. Local. */
void ecd_inputs_get(ecd_inputs_t *inputs, size_t count, const size_t *sample, int64_t epoch,
                    const float **input);

#endif
