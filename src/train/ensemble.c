#include "train/ensemble.h"

#include "base/file.h"
#include "base/log.h"
#include "deck/deck.h"
#include "train/folder.h"
#include "train/metrics.h"
#include "train/signals.h"
#include "train/trainer_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  ecd_context_t *ctx;
  const ecd_settings_t *settings;
  const ecd_shared_volumes_t *shared;
  char dataset[ECD_PATH_MAX];
  size_t members, member; /* member: the one under way, from 0 */
  double *predicted;      /* (members, samples), GPa */
  int lock;               /* of the output folder */
  ecd_model_file_t model; /* of the first member, then of all */
} ensemble_t;

void ecd_ensemble_average(size_t members, size_t count, const double *value, double *mean,
                          double *deviation) {
  for (size_t i = 0; i < count; ++i) {
    double sum = 0, squares = 0;
    for (size_t k = 0; k < members; ++k) sum += value[k * count + i];
    mean[i] = sum / (double)members;
    for (size_t k = 0; k < members; ++k) {
      const double d = value[k * count + i] - mean[i];
      squares += d * d;
    }
    deviation[i] = members > 1 ? sqrt(squares / (double)(members - 1)) : NAN;
  }
}

static ecd_code_t folder_of(const ensemble_t *e, size_t member, char *path, ecd_error_t *err) {
  char relative[40];
  snprintf(relative, sizeof relative, "members/%zu", member + 1);
  return ecd_path_join(path, e->settings->output, relative, err);
}

static ecd_code_t write_results(const ensemble_t *e, const ecd_trainer_t *t, ecd_error_t *err) {
  double *mean, *deviation = NULL;
  ecd_code_t code = ecd_alloc((void **)&mean, t->samples, sizeof *mean, "predictions", err);
  if (code == ECD_OK)
    code = ecd_alloc((void **)&deviation, t->samples, sizeof *deviation, "predictions", err);
  code = ecd_agree(e->ctx->world, code, err);
  if (code == ECD_OK) {
    ecd_ensemble_average(e->members, t->samples, e->predicted, mean, deviation);
    ecd_log(e->ctx, "the mean of %zu networks:", e->members);
    code = ecd_results_finish(e->ctx, e->settings, t->sample, t->samples, t->target, mean,
                              deviation, t->split, err);
  }
  free(mean);
  free(deviation);
  return code;
}

/* An ecd_trainer_done_fn: keeps the member's predictions; the last one's run still has what is needed
   to write them all. */
static ecd_code_t take_predictions(const ecd_trainer_t *t, void *arg, ecd_error_t *err) {
  ensemble_t *e = arg;
  ecd_code_t code = ECD_OK;
  if (e->predicted == NULL)
    code = ecd_alloc((void **)&e->predicted, e->members * t->samples, sizeof *e->predicted,
                     "predictions", err);
  ECD_TRY(ecd_agree(e->ctx->world, code, err));
  memcpy(e->predicted + e->member * t->samples, t->predicted, t->samples * sizeof *t->predicted);
  return e->member + 1 == e->members ? write_results(e, t, err) : ECD_OK;
}

static ecd_code_t train_member(ensemble_t *e, ecd_error_t *err) {
  ecd_settings_t s = *e->settings;
  char folder[ECD_PATH_MAX];
  ECD_TRY(folder_of(e, e->member, folder, err));
  s.output = folder;
  s.data.file = e->dataset;
  s.train.repeat = s.train.repeat * s.train.ensemble + (int64_t)e->member;
  s.train.ensemble = 1;
  ecd_log(e->ctx, "network %zu of %zu, in %s", e->member + 1, e->members, folder);
  return ecd_trainer_run(e->ctx, &s, e->shared, take_predictions, e, err);
}

/* Adds the next member's network to those at hand. */
static ecd_code_t gather(ensemble_t *e, size_t member, float *all, ecd_error_t *err) {
  char folder[ECD_PATH_MAX], path[ECD_PATH_MAX];
  ecd_model_file_t m;
  ECD_TRY(folder_of(e, member, folder, err));
  ECD_TRY(ecd_path_join(path, folder, "model.h5", err));
  ECD_TRY(ecd_model_file_read(e->ctx, path, &m, err));
  ecd_code_t code = ECD_OK;
  if (m.parameters != e->model.parameters)
    code =
        ecd_fail(err, ECD_DATA, "%s: expected the %zu parameters of the other members, found %zu",
                 path, e->model.parameters, m.parameters);
  else if (all != NULL)
    memcpy(all + member * m.parameters, m.parameter, m.parameters * sizeof *all);
  ecd_model_file_clear(&m);
  return code;
}

/* The first member's file with the networks of all. */
static ecd_code_t write_model(ensemble_t *e, ecd_error_t *err) {
  char folder[ECD_PATH_MAX], path[ECD_PATH_MAX], *deck = NULL;
  float *all = NULL;
  ecd_model_file_t *m = &e->model;
  ECD_TRY(folder_of(e, 0, folder, err));
  ECD_TRY(ecd_path_join(path, folder, "model.h5", err));
  ECD_TRY(ecd_model_file_read(e->ctx, path, m, err));
  ECD_TRY(ecd_path_join(path, e->settings->output, "model.h5", err));
  ecd_settings_t effective = *e->settings;
  effective.model = m->model;
  effective.data.transform = m->transform;
  ecd_code_t code = ecd_deck_text(&effective, &deck, err);
  if (code == ECD_OK && e->ctx->rank == 0)
    code = ecd_alloc((void **)&all, e->members * m->parameters, sizeof *all, "networks", err);
  code = ecd_agree(e->ctx->world, code, err);
  for (size_t k = 0; code == ECD_OK && k < e->members; ++k) code = gather(e, k, all, err);
  if (code == ECD_OK) {
    float *one = m->parameter;
    char *its = m->deck;
    m->members = e->members;
    m->parameter = all;
    m->deck = deck;
    code = ecd_model_file_write(e->ctx, path, m, err);
    m->parameter = one;
    m->deck = its;
  }
  free(all);
  free(deck);
  return code;
}

static ecd_code_t begin(ensemble_t *e, ecd_error_t *err) {
  const ecd_settings_t *s = e->settings;
  ECD_TRY(ecd_folder_take(e->ctx, s->output, &e->lock, err));
  ECD_TRY(ecd_dataset_locate(s, e->dataset, err));
  ecd_code_t code = ECD_OK;
  if (e->ctx->rank == 0) {
    if (!s->train.resume) ecd_folder_set_aside(e->ctx, s->output);
    code = ecd_folder_write_deck(s->output, s, err);
  }
  return ecd_agree(e->ctx->world, code, err);
}

ecd_code_t ecd_ensemble_run(ecd_context_t *ctx, const ecd_settings_t *settings,
                            const ecd_shared_volumes_t *shared, ecd_error_t *err) {
  if (settings->train.ensemble == 1) return ecd_train_run(ctx, settings, shared, err);
  ensemble_t e = {.ctx = ctx,
                  .settings = settings,
                  .shared = shared,
                  .lock = -1,
                  .members = (size_t)settings->train.ensemble};
  ecd_signals_watch(); /* also between two members */
  ecd_code_t code = begin(&e, err);
  for (; code == ECD_OK && e.member < e.members; ++e.member) code = train_member(&e, err);
  if (code == ECD_OK) code = write_model(&e, err);
  ecd_signals_restore();
  ecd_model_file_clear(&e.model);
  free(e.predicted);
  ecd_folder_leave(settings->output, &e.lock);
  return code;
}
