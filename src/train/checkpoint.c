#include "train/trainer_private.h"

#include "base/file.h"
#include "train/folder.h"
#include "deck/deck.h"

#include <stdlib.h>
#include <string.h>

/* final: model.h5, which names what a fusion's parents have seen, too. */
static ecd_code_t describe(ecd_trainer_t *t, float *state, bool with_state, bool final,
                           ecd_model_file_t *m, ecd_error_t *err) {
  const ecd_settings_t *s = t->settings;
  *m = (ecd_model_file_t){.model = s->model,
                          .preparation = *ecd_dataset_preparation(t->dataset),
                          .target = s->data.target,
                          .transform = s->data.transform,
                          .input_mean = t->scaling.mean,
                          .input_deviation = t->scaling.deviation,
                          .features = t->scaling.features,
                          .target_mean = t->target_mean,
                          .target_deviation = t->target_deviation,
                          .samples = t->samples,
                          .id = (char **)t->id,
                          .split = t->split,
                          .tensors = ecd_net_state_tensor_count(t->net),
                          .members = 1,
                          .parameters = ecd_net_state_count(t->net),
                          .parameter = state,
                          .has_state = with_state,
                          .moments = with_state ? t->trained : 0,
                          .moment1 = with_state ? t->moment1 : NULL,
                          .moment2 = with_state ? t->moment2 : NULL,
                          .epoch = t->epoch,
                          .step_in_epoch = t->step_in_epoch,
                          .step = t->step,
                          .loss_sum = t->loss_sum,
                          .weight_sum = t->weight_sum,
                          .best_loss = t->best_loss,
                          .best_epoch = t->best_epoch};
  memcpy(m->feature_mean, t->scaling.feature_mean, sizeof m->feature_mean);
  memcpy(m->feature_deviation, t->scaling.feature_deviation, sizeof m->feature_deviation);
  memcpy(m->parents_sha256, t->parents_sha256, sizeof m->parents_sha256);
  if (final && t->seen.count > 0) {
    m->samples = t->seen.count;
    m->id = t->seen.id;
    m->sha256 = t->seen.sha256;
    m->split = t->seen.split;
  } else {
    ECD_TRY(ecd_dataset_checksums(t->dataset, &m->sha256, err));
  }
  ECD_TRY(ecd_alloc((void **)&m->tensor_name, m->tensors, sizeof *m->tensor_name, "model", err));
  ECD_TRY(
      ecd_alloc((void **)&m->tensor_offset, m->tensors, sizeof *m->tensor_offset, "model", err));
  for (size_t i = 0; i < m->tensors; ++i) {
    m->tensor_name[i] = (char *)ecd_net_tensor(t->net, i)->name;
    m->tensor_offset[i] = ecd_net_tensor(t->net, i)->offset;
  }
  return ecd_deck_text(s, &m->deck, err);
}

ecd_code_t ecd_trainer_save(ecd_trainer_t *t, const char *name, float *state, bool with_state,
                            ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_model_file_t m;
  ECD_TRY(ecd_path_join(path, t->settings->output, name, err));
  ecd_code_t code = ecd_agree(
      t->ctx->world, describe(t, state, with_state, strcmp(name, "model.h5") == 0, &m, err), err);
  if (code == ECD_OK) code = ecd_model_file_write(t->ctx, path, &m, err);
  free(m.tensor_name);
  free(m.tensor_offset);
  free(m.deck);
  if (m.sha256 != t->seen.sha256) free(m.sha256);
  return code;
}

/* What decides the next steps and differs between the checkpoint and this run; NULL: nothing. The
   deck may differ in the rest: epochs, output, threads. */
static const char *difference(const ecd_trainer_t *t, const ecd_model_file_t *m,
                              const ecd_settings_t *old) {
  const ecd_data_settings_t *data = &t->settings->data;
  const ecd_train_settings_t *a = &old->train, *b = &t->settings->train;
  if (m->parameters != ecd_net_state_count(t->net) ||
      memcmp(&m->model, &t->settings->model, sizeof m->model) != 0)
    return "the network (model.*)";
  if (m->target != data->target) return "data.target";
  if (m->transform != data->transform) return "data.transform";
  if (!ecd_model_file_has_samples(m, t->samples, t->id)) return "the samples of the dataset";
  if (ecd_preparation_match(&m->preparation, "", ecd_dataset_preparation(t->dataset), "", NULL) !=
      ECD_OK)
    return "how the volumes were prepared (grid, cell, method, field, DFT code)";
  if (memcmp(m->split, t->split, m->samples * sizeof *m->split) != 0)
    return "the split into training and held-out samples";
  if (m->target_mean != t->target_mean || m->target_deviation != t->target_deviation)
    return "the targets or their standardisation";
  if (m->input_mean != t->scaling.mean || m->input_deviation != t->scaling.deviation)
    return "the volumes or their standardisation";
  const size_t columns = t->scaling.features * sizeof *m->feature_mean;
  if (m->features != t->scaling.features ||
      memcmp(m->feature_mean, t->scaling.feature_mean, columns) != 0 ||
      memcmp(m->feature_deviation, t->scaling.feature_deviation, columns) != 0)
    return "the features or their standardisation";
  if (memcmp(m->parameter, ecd_net_parameters(t->net), t->frozen * sizeof *m->parameter) != 0 ||
      (m->parents_sha256[0] != '\0' && strcmp(m->parents_sha256, t->parents_sha256) != 0))
    return "a parent (model.fusion.magpie, model.fusion.volume)";
  if (old->seed != t->settings->seed) return "seed";
  if (a->batch != b->batch) return "train.batch";
  if (a->optimizer != b->optimizer || (m->moment1 != NULL) != (t->moment1 != NULL) ||
      (m->moment2 != NULL) != (t->moment2 != NULL) ||
      (m->moment1 != NULL && m->moments != t->trained))
    return "train.optimizer";
  if (a->lr != b->lr || a->lr_factor != b->lr_factor || a->lr_every != b->lr_every ||
      a->lr_end != b->lr_end || a->lr_warmup != b->lr_warmup || a->schedule != b->schedule)
    return "the learning rate (train.schedule, lr, lr_factor, lr_every, lr_end, lr_warmup)";
  if (b->schedule == ECD_SCHEDULE_COSINE && a->epochs != b->epochs)
    return "train.epochs, by which schedule: cosine goes";
  if (a->beta1 != b->beta1 || a->beta2 != b->beta2 || a->epsilon != b->epsilon ||
      a->momentum != b->momentum || a->weight_decay != b->weight_decay)
    return "the optimiser's constants";
  if (a->loss != b->loss) return "train.loss";
  if (a->dropout != b->dropout) return "train.dropout";
  if (a->augment != b->augment) return "train.augment";
  if (a->repeat != b->repeat) return "train.repeat";
  return NULL;
}

static ecd_code_t check_same_run(const ecd_trainer_t *t, const char *path,
                                 const ecd_model_file_t *m, ecd_error_t *err) {
  if (!m->has_state)
    return ecd_fail(err, ECD_DATA, "%s: a model without training state, not a checkpoint", path);
  ecd_settings_t *old;
  ECD_TRY(ecd_settings_create(&old, err));
  ecd_code_t code = ecd_deck_parse(m->deck, strlen(m->deck), path, old, err);
  const char *what = code == ECD_OK ? difference(t, m, old) : NULL;
  ecd_settings_destroy(&old);
  if (what != NULL)
    code = ecd_fail(err, ECD_USAGE,
                    "%s: the checkpoint of another run: %s differs; expected the deck that the run "
                    "began with (its epochs may change), or another output folder",
                    path, what);
  return code;
}

/* It is at least as new as the checkpoint: what is newer is found again. */
static ecd_code_t restore_best(ecd_trainer_t *t, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_model_file_t m;
  ECD_TRY(ecd_path_join(path, t->settings->output, ECD_CHECKPOINT_BEST, err));
  ECD_TRY(ecd_model_file_read(t->ctx, path, &m, err));
  const size_t count = ecd_net_state_count(t->net);
  const ecd_code_t code = m.parameters == count && ecd_model_file_has_samples(&m, t->samples, t->id)
                              ? ECD_OK
                              : ecd_fail(err, ECD_DATA, "%s: not the best model of this run", path);
  if (code == ECD_OK) memcpy(t->best, m.parameter, count * sizeof *t->best);
  ecd_model_file_clear(&m);
  return code;
}

ecd_code_t ecd_trainer_restore(ecd_trainer_t *t, const char *path, ecd_error_t *err) {
  ecd_model_file_t m;
  ECD_TRY(ecd_model_file_read(t->ctx, path, &m, err));
  const ecd_code_t code = check_same_run(t, path, &m, err);
  if (code == ECD_OK) {
    const size_t bytes = m.moments * sizeof *m.moment1;
    memcpy(ecd_net_parameters(t->net), m.parameter, m.parameters * sizeof *m.parameter);
    if (m.moment1 != NULL) memcpy(t->moment1, m.moment1, bytes);
    if (m.moment2 != NULL) memcpy(t->moment2, m.moment2, bytes);
    t->epoch = m.epoch;
    t->step_in_epoch = m.step_in_epoch;
    t->step = m.step;
    t->loss_sum = m.loss_sum;
    t->weight_sum = m.weight_sum;
    t->best_loss = m.best_loss;
    t->best_epoch = m.best_epoch;
  }
  ecd_model_file_clear(&m);
  return code == ECD_OK && t->validates && t->best_epoch > 0 ? restore_best(t, err) : code;
}
