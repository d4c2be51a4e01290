#include "cmd/cmd.h"
#include "deck/keys.h"
#include "train/timing.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_rates(cJSON *json, double batch, double seconds, double nominal, double executed) {
  cJSON_AddNumberToObject(json, "samples_per_s", batch / seconds);
  cJSON_AddNumberToObject(json, "step_ms", 1e3 * seconds);
  cJSON_AddNumberToObject(json, "gflop_nominal_per_sample", 1e-9 * nominal);
  cJSON_AddNumberToObject(json, "gflop_executed_per_sample", 1e-9 * executed);
  cJSON_AddNumberToObject(json, "gflops_nominal", 1e-9 * nominal * batch / seconds);
  cJSON_AddNumberToObject(json, "gflops_executed", 1e-9 * executed * batch / seconds);
}

static void print(const ecd_context_t *ctx, const ecd_settings_t *s, const ecd_timing_t *t) {
  const double batch = (double)s->train.batch;
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "model", ecd_model_names[s->model.kind]);
  if (s->model.kind == ECD_MODEL_CNN3D)
    cJSON_AddStringToObject(json, "pool", s->model.cnn3d.pool == ECD_POOL_SAME ? "same" : "valid");
  cJSON_AddStringToObject(json, "backend", t->backend);
  cJSON_AddStringToObject(json, "optimizer",
                          s->train.optimizer == ECD_OPTIMIZER_SGD ? "sgd" : "adam");
  cJSON_AddNumberToObject(json, "ranks", ctx->size);
  cJSON_AddNumberToObject(json, "threads", ctx->threads);
  cJSON_AddNumberToObject(json, "batch", batch);
  cJSON_AddNumberToObject(json, "steps", (double)s->time.steps);
  cJSON_AddNumberToObject(json, "parameters", (double)t->parameters);
  cJSON *train = cJSON_AddObjectToObject(json, "train");
  add_rates(train, batch, t->step, t->flops.train_nominal, t->flops.train_executed);
  cJSON *seconds = cJSON_AddObjectToObject(train, "seconds");
  cJSON_AddNumberToObject(seconds, "forward", t->forward);
  cJSON_AddNumberToObject(seconds, "backward", t->backward);
  cJSON_AddNumberToObject(seconds, "reduce", t->reduce);
  cJSON_AddNumberToObject(seconds, "update", t->update);
  add_rates(cJSON_AddObjectToObject(json, "infer"), batch, t->infer, t->flops.infer_nominal,
            t->flops.infer_executed);
  char *text = cJSON_Print(json);
  printf("%s\n", text != NULL ? text : "{}");
  free(text);
  cJSON_Delete(json);
}

ecd_code_t ecd_cmd_time(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                        ecd_error_t *err) {
  if (words->count > 1)
    return ecd_fail(err, ECD_USAGE, "time: expected one network, found '%s' too", words->word[1]);
  if (words->count == 1) {
    int kind = 0;
    while (ecd_model_names[kind] != NULL && strcmp(words->word[0], ecd_model_names[kind]) != 0)
      ++kind;
    if (ecd_model_names[kind] == NULL)
      return ecd_fail(err, ECD_USAGE,
                      "time: expected a network (a value of model.kind, as cnn2d), found '%s'",
                      words->word[0]);
    settings->model.kind = (ecd_model_kind_t)kind;
  }
  if (settings->model.kind == ECD_MODEL_RF)
    return ecd_fail(err, ECD_USAGE,
                    "time: expected a network, found 'rf', which takes no steps: ecdnet train says "
                    "how long its training took");
  ecd_timing_t timing;
  ECD_TRY(ecd_timing_measure(ctx, settings, settings->prep.grid, &timing, err));
  if (ctx->rank == 0) print(ctx, settings, &timing);
  return ECD_OK;
}
