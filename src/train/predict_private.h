/* What predicting from a dataset and from charge files share. */
#ifndef ECD_TRAIN_PREDICT_PRIVATE_H
#define ECD_TRAIN_PREDICT_PRIVATE_H

#include "base/file.h"
#include "deck/keys.h"
#include "nn/net.h"
#include "store/model_file.h"
#include "store/names.h"
#include "train/inference.h"
#include "train/input.h"
#include "train/predict.h"

typedef struct {
  const char *id;
  int8_t split;
} ecd_known_t;

/* A material that maps.materials names. */
typedef struct {
  const char *id;
  bool there, picked; /* among the samples; by predict.split and predict.ids */
} ecd_named_t;

typedef struct {
  ecd_context_t *ctx;
  const ecd_settings_t *settings;
  ecd_predict_what_t what;
  char model_path[ECD_PATH_MAX];
  ecd_model_file_t model;
  ecd_known_t *known; /* [model.samples], by id */
  char **wanted;      /* [wanted_count], sorted: of predict.ids; NULL: all */
  size_t wanted_count;
  ecd_named_t *named; /* [named_count]: of maps.materials */
  size_t named_count; /* 0: all samples */
  char *named_text;   /* holds their ids */
  /* What predicts: a network, or, where state is not NULL, a tabular model. */
  const ecd_tabular_t *tabular;
  void *state;
  double *row; /* (ECD_INFERENCE_BLOCK, features), for a tabular model */
  ecd_net_t *net;
  ecd_net_needs_t needs;
  ecd_scaling_t scaling;
  size_t few; /* graphs that this rank has made with places left (train/graphs.h), of all members */
  size_t points; /* of a volume, where the network needs one */
  float *raw;    /* (n, n, n): the volume that is being prepared */
  float *slot;   /* (ECD_INFERENCE_BLOCK, input size) */
  /* The samples predicted so far: */
  size_t count, room;
  const ecd_sample_t **sample; /* borrowed */
  double *target, *predicted;  /* GPa; target NaN = unknown */
  double *uncertainty;         /* GPa, of a tabular model or an ensemble */
  int8_t *split;
  float *map; /* (count, 3, n, n), where maps are wanted */
} ecd_predictor_t;

/* Whether maps.materials, predict.ids and predict.split (by its part in the model's training) ask for a material that
   is there. Local, the same on all ranks. */
bool ecd_predictor_wants(ecd_predictor_t *predictor, const char *id);

/* Whether the model can predict a sample: it has the features, and its elements the atom vectors, that are needed. One
   that lacks some is told where prep.on_error is skip; else ECD_DATA naming the element. Local, the same on all ranks. */
ecd_code_t ecd_predictor_takes(const ecd_predictor_t *predictor, const ecd_sample_t *sample,
                               const double *feature, bool *takes, ecd_error_t *err);

/* Adds a sample to the results, not yet predicted. Local, the same on all ranks. */
ecd_code_t ecd_predictor_add(ecd_predictor_t *predictor, const ecd_sample_t *sample,
                             ecd_error_t *err);

/* Networks of graphs: room for the samples of the results from first on. Local. */
ecd_code_t ecd_predictor_reserve(ecd_predictor_t *predictor, size_t first, ecd_error_t *err);

/* Scales the volume in raw and the Magpie features, and prepares what the network needs of them, or
   of the crystal, into a slot of the block. A value that is not finite, or no graph: ECD_DATA naming
   the sample. Local. */
ecd_code_t ecd_predictor_prepare(ecd_predictor_t *predictor, const ecd_sample_t *sample,
                                 const double *feature, size_t slot, const float **input,
                                 ecd_error_t *err);

/* The model of the file is tabular's: ready to predict. Local. */
ecd_code_t ecd_predictor_open_tabular(ecd_predictor_t *predictor, ecd_error_t *err);

/* Predicts the next items of the results, of which at are done: as ecd_inference_run, for a network
   an ensemble, or a tabular model. Collective. */
ecd_code_t ecd_predictor_infer(ecd_predictor_t *predictor, size_t at, size_t count,
                               ecd_feed_fn *feed, void *arg, ecd_error_t *err);

/* The error of a run that chose nothing. Local. */
ecd_code_t ecd_predictor_none(const ecd_predictor_t *predictor, const char *where,
                              ecd_error_t *err);
/* Writes the results into folder and logs their metrics. Collective. */
ecd_code_t ecd_predictor_write(const ecd_predictor_t *predictor, const char *folder,
                               ecd_error_t *err);

/* The results as a table on rank 0's standard output. Local. */
void ecd_predictor_print(const ecd_predictor_t *predictor);

/* The formulas that the words are, for a network that takes nothing else: predicted, written,
   printed as a table. Collective. */
ecd_code_t ecd_predict_formulas(ecd_predictor_t *predictor, size_t words, char *const *word,
                                const char *folder, ecd_error_t *err);

/* The charge files that the words name: resampled, predicted, written, printed as a table.
   Collective. */
ecd_code_t ecd_predict_files(ecd_predictor_t *predictor, size_t words, char *const *word,
                             const char *folder, ecd_error_t *err);

#endif
