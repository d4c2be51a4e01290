#include "train/metrics.h"

#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "base/version.h"
#include "deck/keys.h"
#include "train/split.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

/* What was not used may also be not predicted. */
static bool counts(size_t i, const double *target, const double *predicted, const int8_t *split,
                   int part) {
  if (part >= ECD_UNUSED && split[i] != part) return false;
  return !isnan(target[i]) && !(split[i] == ECD_UNUSED && isnan(predicted[i]));
}

ecd_metrics_t ecd_metrics_compute(size_t count, const double *target, const double *predicted,
                                  const int8_t *split, int part) {
  ecd_metrics_t m = {0, NAN, NAN, NAN};
  double sum = 0, squares = 0, absolute = 0, spread = 0;
  for (size_t i = 0; i < count; ++i)
    if (counts(i, target, predicted, split, part)) ++m.n, sum += target[i];
  if (m.n == 0) return m;
  const double mean = sum / (double)m.n;
  for (size_t i = 0; i < count; ++i) {
    if (!counts(i, target, predicted, split, part)) continue;
    const double d = predicted[i] - target[i];
    squares += d * d;
    absolute += fabs(d);
    spread += (target[i] - mean) * (target[i] - mean);
  }
  m.rmse = sqrt(squares / (double)m.n);
  m.mae = absolute / (double)m.n;
  if (spread > 0) m.r2 = 1 - squares / spread;
  return m;
}

static ecd_code_t write_predictions(const char *folder, const ecd_sample_t *const *samples,
                                    size_t count, const double *target, const double *predicted,
                                    const double *uncertainty, const int8_t *split,
                                    ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(ecd_path_join(path, folder, "predictions.csv", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  FILE *f = ecd_output_stream(output);
  fprintf(f, "id,formula,split,target,predicted%s\n", uncertainty != NULL ? ",uncertainty" : "");
  for (size_t i = 0; i < count; ++i) {
    ecd_table_write_text(f, samples[i]->id, ',');
    ecd_table_write_text(f, samples[i]->formula, ',');
    ecd_table_write_text(f, ecd_split_name(split[i]), ',');
    ecd_table_write_number(f, target[i], ',');
    ecd_table_write_number(f, predicted[i], uncertainty != NULL ? ',' : '\n');
    if (uncertainty != NULL) ecd_table_write_number(f, uncertainty[i], '\n');
  }
  return ecd_output_commit(&output, err);
}

static void add_metrics(cJSON *json, const char *name, ecd_metrics_t m) {
  cJSON *object = cJSON_AddObjectToObject(json, name);
  cJSON_AddNumberToObject(object, "r2", m.r2); /* cJSON prints NaN as null */
  cJSON_AddNumberToObject(object, "rmse", m.rmse);
  cJSON_AddNumberToObject(object, "mae", m.mae);
  cJSON_AddNumberToObject(object, "n", (double)m.n);
}

static ecd_code_t write_metrics(const char *folder, const char *target_name, size_t count,
                                const double *target, const double *predicted, const int8_t *split,
                                ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(ecd_path_join(path, folder, "metrics.json", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "target", target_name);
  cJSON_AddStringToObject(json, "unit", "GPa");
  cJSON_AddStringToObject(json, "program", ecd_version());
  add_metrics(json, "train", ecd_metrics_compute(count, target, predicted, split, ECD_TRAIN));
  add_metrics(json, "validation",
              ecd_metrics_compute(count, target, predicted, split, ECD_VALIDATION));
  add_metrics(json, "test", ecd_metrics_compute(count, target, predicted, split, ECD_TEST));
  add_metrics(json, "none", ecd_metrics_compute(count, target, predicted, split, ECD_UNUSED));
  add_metrics(json, "all", ecd_metrics_compute(count, target, predicted, split, ECD_UNUSED - 1));
  char *text = cJSON_Print(json);
  fprintf(ecd_output_stream(output), "%s\n", text != NULL ? text : "{}");
  free(text);
  cJSON_Delete(json);
  return ecd_output_commit(&output, err);
}

ecd_code_t ecd_results_write(const ecd_context_t *ctx, const char *folder, const char *target_name,
                             const ecd_sample_t *const *samples, size_t count, const double *target,
                             const double *predicted, const double *uncertainty,
                             const int8_t *split, ecd_error_t *err) {
  ecd_code_t code = ECD_OK;
  if (ctx->rank == 0) {
    code = write_predictions(folder, samples, count, target, predicted, uncertainty, split, err);
    if (code == ECD_OK)
      code = write_metrics(folder, target_name, count, target, predicted, split, err);
  }
  return ecd_agree(ctx->world, code, err);
}

ecd_code_t ecd_results_finish(const ecd_context_t *ctx, const ecd_settings_t *settings,
                              const ecd_sample_t *const *samples, size_t count,
                              const double *target, const double *predicted,
                              const double *uncertainty, const int8_t *split, ecd_error_t *err) {
  ECD_TRY(ecd_results_write(ctx, settings->output, ecd_target_names[settings->data.target], samples,
                            count, target, predicted, uncertainty, split, err));
  const ecd_metrics_t m = ecd_metrics_compute(count, target, predicted, split, ECD_TEST);
  if (m.n > 0)
    ecd_log(ctx, "held out: %zu samples, R2 %.4f, RMSE %.4g GPa, MAE %.4g GPa", m.n, m.r2, m.rmse,
            m.mae);
  return ECD_OK;
}
