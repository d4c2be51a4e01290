/* model.h5 and checkpoints: which network, preprocessing, scaling and training set, its parameters,
   and, in a checkpoint, the optimiser's state. Schema 1. Written atomically, checksummed. */
#ifndef ECD_STORE_MODEL_FILE_H
#define ECD_STORE_MODEL_FILE_H

#include "base/context.h"
#include "chem/magpie.h"
#include "store/dataset.h"

/* A random forest; what the arrays hold: learn/forest.h. */
typedef struct {
  size_t trees, nodes, width; /* 0 trees: none */
  int64_t *offset;            /* [trees + 1] */
  int32_t *feature;           /* [nodes] */
  int32_t *left, *right;      /* [nodes] */
  double *threshold, *value;  /* [nodes] */
  double *importance;         /* [width] */
} ecd_model_forest_t;

#define ECD_MODEL_SCHEMA "ecdnet-model" /* root attribute "schema" */

typedef struct {
  ecd_model_settings_t model;
  ecd_preparation_t preparation;
  ecd_target_t target;
  ecd_transform_t transform;
  double input_mean, input_deviation; /* after the transform; 0 and 1 if not standardised */
  size_t features;                    /* columns of chem/magpie.h that the model takes */
  double feature_mean[ECD_MAGPIE_ALL], feature_deviation[ECD_MAGPIE_ALL];
  double target_mean, target_deviation; /* GPa; 0 and 1 if not standardised */
  char *deck;                           /* effective deck */
  /* All samples of the dataset, and of a fusion those that its parents have seen besides: */
  size_t samples;
  char **id;               /* [samples] */
  char **sha256;           /* [samples], of the charge files, "" = unknown; NULL: all are */
  int8_t *split;           /* [samples]: 0 train, 1 test, 2 validation, -1 unused */
  char parents_sha256[65]; /* of the parameters that a fusion inherited; "": none */
  /* Named tensors of the network's state in slab order: parameters, running statistics. */
  size_t tensors, parameters;
  char **tensor_name;        /* [tensors] */
  size_t *tensor_offset;     /* [tensors], in floats */
  size_t members;            /* of an ensemble; 1: one network */
  float *parameter;          /* (members, parameters) */
  ecd_model_forest_t forest; /* in the place of tensors, where the model is one */
  /* Training state, checkpoints only (has_state): */
  bool has_state;
  size_t moments;           /* of the parameters that train */
  float *moment1, *moment2; /* [moments] or NULL */
  int64_t epoch, step_in_epoch,
      step;                    /* next epoch; steps of it already done; optimiser steps so far */
  double loss_sum, weight_sum; /* of the epoch under way */
  double best_loss;
  int64_t best_epoch; /* epochs done when it was reached */
} ecd_model_file_t;

/* Collective; written by rank 0 (others pass the same struct, or NULL). */
ecd_code_t ecd_model_file_write(const ecd_context_t *ctx, const char *path,
                                const ecd_model_file_t *model, ecd_error_t *err);
/* Collective; read by rank 0, broadcast; owned by the caller. Checksums, schema verified: ECD_DATA
   with the reason. */
ecd_code_t ecd_model_file_read(const ecd_context_t *ctx, const char *path, ecd_model_file_t *model,
                               ecd_error_t *err);
/* Whether its samples are these, in this order. Local. */
bool ecd_model_file_has_samples(const ecd_model_file_t *model, size_t samples,
                                const char *const *id);
void ecd_model_file_clear(ecd_model_file_t *model);

#endif
