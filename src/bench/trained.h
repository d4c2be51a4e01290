/* A model that `ecdnet train` left and that takes part in a benchmark as it is: it only predicts. */
#ifndef ECD_BENCH_TRAINED_H
#define ECD_BENCH_TRAINED_H

#include "bench/protocol.h"

typedef struct {
  char path[ECD_PATH_MAX];
  char sha256[65]; /* of the file */
  ecd_target_t target;
  ecd_preparation_t preparation;
  size_t members;       /* of an ensemble; 1: one network, or a forest */
  size_t trained, seen; /* samples that it was trained on; these, and those that chose its epoch: */
  char **id;            /* [seen], sorted, owned */
} ecd_trained_t;

/* Reads a model file; settings get the deck of its training. ECD_DATA for a checkpoint, and as
   ecd_model_file_read. Collective. */
ecd_code_t ecd_trained_read(const ecd_context_t *ctx, const char *path, ecd_trained_t **trained,
                            ecd_settings_t *settings, ecd_error_t *err);
void ecd_trained_destroy(ecd_trained_t **trained); /* local; NULL is fine */

/* Whether it may predict the external materials of the protocol. ECD_DATA: the dataset lacks a
   sample that it has seen, one that it has seen is to be predicted, or it takes volumes that were
   prepared otherwise. Local. */
ecd_code_t ecd_trained_check(const ecd_trained_t *trained, bool volumes,
                             const ecd_protocol_t *protocol, ecd_error_t *err);

/* ECD_FAILED if the file is no longer the one that was read. Local, for one rank. */
ecd_code_t ecd_trained_unchanged(const ecd_trained_t *trained, ecd_error_t *err);

#endif
