/* State of a training run, shared by trainer.c, checkpoint.c and epoch.c. */
#ifndef ECD_TRAIN_TRAINER_PRIVATE_H
#define ECD_TRAIN_TRAINER_PRIVATE_H

#include "base/log.h"
#include "nn/net.h"
#include "nn/optimizer.h"
#include "store/model_file.h"
#include "train/exchange.h"
#include "train/input.h"
#include "train/journal.h"
#include "train/parents.h"
#include "train/trainer.h"

typedef struct {
  ecd_context_t *ctx;
  const ecd_settings_t *settings;
  ecd_settings_t effective; /* fusion: settings with what comes from the parents */
  const ecd_backend_t *backend;
  ecd_dataset_t *dataset;
  const ecd_shared_volumes_t *shared; /* or NULL */
  ecd_inputs_t *inputs;
  ecd_net_t *net;
  ecd_net_needs_t needs;
  uint64_t seed;              /* of this repeat: weights, shuffles, augmentation, dropout */
  MPI_Comm statistics;        /* of batch norms; MPI_COMM_NULL: there are none */
  ecd_code_t statistics_code; /* ECD_OK, or what adding them up failed with: */
  ecd_error_t statistics_err;
  ecd_exchange_t *exchange;
  size_t samples;
  const ecd_sample_t **sample; /* [samples], borrowed from dataset */
  const char **id, **formula;  /* [samples], borrowed */
  double *target;              /* [samples], GPa, NaN = unknown */
  int8_t *split;               /* [samples] */
  ecd_seen_t seen;             /* of a fusion, what model.h5 says of samples */
  char parents_sha256[65];     /* of what a fusion inherits; "": nothing */
  bool *known;                 /* [samples]: what the network needs of the sample is there */
  size_t *train, train_count;  /* indices of the training samples */
  double *predicted;           /* [samples], GPa, NaN = not known */
  ecd_scaling_t scaling;
  double target_mean, target_deviation; /* GPa */
  size_t frozen, trained;               /* parameters: the first of the slab do not train */
  size_t batch_max, local_max;          /* most samples of a batch, and of its part on this rank */
  /* What a checkpoint carries: */
  float *moment1, *moment2;
  int64_t epoch, step_in_epoch, step;
  double loss_sum, weight_sum; /* of the epoch under way, scaled units */
  bool validates;              /* there are validation samples */
  double best_loss;            /* of them, GPa; without: of training, scaled units */
  int64_t best_epoch;          /* epochs done when it was reached */
  float *best;                 /* state of the network then; rank 0, and, where it validates, all */
  bool best_unsaved;
  double began,
      checkpoint_seconds; /* of this process: when it began to train, spent on checkpoints */
  /* Scratch of a step: */
  const float **input;                          /* [local_max] */
  size_t *batch;                                /* [local_max] samples */
  float *prediction, *scaled_target, *gradient; /* [local_max] */
  signed char *suspect;                         /* [batch_max] */
  size_t *order;                                /* [train_count] */
  float share;                                  /* of a sample in the step's mean */
  bool finite;                                  /* all summed gradients of this step */
  double seconds[ECD_PHASES];                   /* since the last line of the journal */
  size_t done; /* training samples since the epoch was begun or resumed */
  ecd_progress_t *progress;
  size_t progress_done;
} ecd_trainer_t;

/* As ecd_train_run; done (or NULL) is called when a training is complete, before what it holds is
   freed. Collective. */
typedef ecd_code_t ecd_trainer_done_fn(const ecd_trainer_t *trainer, void *arg, ecd_error_t *err);
ecd_code_t ecd_trainer_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                           const ecd_shared_volumes_t *shared, ecd_trainer_done_fn *done, void *arg,
                           ecd_error_t *err);

/* Reads the dataset and makes everything above; for a fusion also trains the parents. Collective. */
ecd_code_t ecd_trainer_load(ecd_trainer_t *trainer, ecd_error_t *err);

/* MAE or MSE. */
ecd_loss_t ecd_trainer_loss(const ecd_trainer_t *trainer);

/* One epoch from step_in_epoch on. ECD_STOPPED: a signal came, the state is that after the last
   whole step. Collective. */
ecd_code_t ecd_epoch_train(ecd_trainer_t *trainer, ecd_error_t *err);

/* predicted[] of the held-out and validation samples (unseen_only) or of all, on every rank. ECD_STOPPED: a signal
   came. Collective. */
ecd_code_t ecd_trainer_predict(ecd_trainer_t *trainer, bool unseen_only, ecd_error_t *err);

/* Writes OUTPUT/name with the network's state given (rank 0's counts); with_state: a checkpoint.
   Collective. */
ecd_code_t ecd_trainer_save(ecd_trainer_t *trainer, const char *name, float *state, bool with_state,
                            ecd_error_t *err);
/* Restores a checkpoint, which must belong to this deck and dataset (ECD_USAGE otherwise).
   Collective. */
ecd_code_t ecd_trainer_restore(ecd_trainer_t *trainer, const char *path, ecd_error_t *err);

#endif
