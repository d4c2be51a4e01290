/* State of a training run, shared by trainer.c, checkpoint.c and epoch.c. */
#ifndef ECD_TRAIN_TRAINER_PRIVATE_H
#define ECD_TRAIN_TRAINER_PRIVATE_H

#include "nn/net.h"
#include "nn/optimizer.h"
#include "store/model_file.h"
#include "train/exchange.h"
#include "train/input.h"
#include "train/trainer.h"

enum { ECD_PHASE_FORWARD, ECD_PHASE_BACKWARD, ECD_PHASE_EXCHANGE, ECD_PHASES };

typedef struct {
  ecd_context_t *ctx;
  const ecd_settings_t *settings;
  const ecd_backend_t *backend;
  ecd_dataset_t *dataset;
  ecd_volumes_t *volumes;
  ecd_net_t *net;
  ecd_exchange_t *exchange;
  size_t samples;
  const ecd_sample_t **sample; /* [samples], borrowed from dataset */
  const char **id;             /* [samples], borrowed */
  double *target;              /* [samples], GPa, NaN = unknown */
  int8_t *split;               /* [samples] */
  size_t *train, train_count;  /* indices of the training samples */
  ecd_scaling_t scaling;
  double target_mean, target_deviation; /* GPa */
  size_t local_max;                     /* most samples of a batch on this rank */
  /* What a checkpoint carries: */
  float *moment1, *moment2;
  int64_t epoch, step_in_epoch, step;
  double loss_sum, weight_sum; /* of the epoch under way, scaled units */
  double best_loss;
  /* Scratch of a step, [local_max]: */
  const float **input;
  float *prediction, *scaled_target, *gradient;
  size_t *order; /* [train_count] */
  bool finite;   /* all reduced gradients of this step */
  double seconds[ECD_PHASES];
} ecd_trainer_t;

/* One epoch from step_in_epoch on. ECD_STOPPED: a signal came, the state is that after the last whole step. Collective. */
ecd_code_t ecd_epoch_train(ecd_trainer_t *trainer, ecd_error_t *err);

/* Predictions in GPa of all samples of the dataset, on every rank. Collective. */
ecd_code_t ecd_trainer_predict(ecd_trainer_t *trainer, double *predicted, ecd_error_t *err);

/* Writes OUTPUT/name; with_state: a checkpoint. Collective. */
ecd_code_t ecd_trainer_save(ecd_trainer_t *trainer, const char *name, bool with_state,
                            ecd_error_t *err);
/* Restores OUTPUT/checkpoint-last.h5, which must belong to this deck and dataset (ECD_USAGE otherwise). Collective. */
ecd_code_t ecd_trainer_restore(ecd_trainer_t *trainer, const char *path, ecd_error_t *err);

#endif
