/* R2, RMSE, MAE against values from numpy; the undefined cases; the files. */
#include "base/file.h"
#include "check.h"
#include "train/metrics.h"
#include "train/split.h"

#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 7 };
static const double target[COUNT] = {10, 20, NAN, 40, 55, 61.5, 20},
                    predicted[COUNT] = {12, 18.5, 3, 47, 50, 60, 21};
static const int8_t split[COUNT] = {0, 0, -1, 0, 0, 1, 1};
static ecd_error_t err;

static void check_values(void) {
  ecd_metrics_t m = ecd_metrics_compute(COUNT, target, predicted, split, ECD_TRAIN);
  /* t = [10, 20, 40, 55], p = [12, 18.5, 47, 50]: 1 - ((p - t)**2).sum() / ((t -
     t.mean())**2).sum() */
  CHECK(m.n == 4);
  CHECK_NEAR(m.r2, 1 - 80.25 / 1218.75, 1e-14);
  CHECK_NEAR(m.rmse, sqrt(80.25 / 4), 1e-14);
  CHECK_NEAR(m.mae, 15.5 / 4, 1e-14);
  m = ecd_metrics_compute(COUNT, target, predicted, split, ECD_UNUSED - 1);
  CHECK(m.n == 6);
  CHECK_NEAR(m.mae, 18.0 / 6, 1e-14);
  m = ecd_metrics_compute(COUNT, target, predicted, split, ECD_UNUSED);
  CHECK(m.n == 0 && isnan(m.r2) && isnan(m.rmse) && isnan(m.mae));
  /* A sample that was not used and is not predicted does not count; one that was used does. */
  const double none[2] = {NAN, 12};
  const int8_t unused[2] = {ECD_UNUSED, ECD_UNUSED}, used[2] = {ECD_TEST, ECD_UNUSED};
  m = ecd_metrics_compute(2, target, none, unused, ECD_UNUSED);
  CHECK(m.n == 1 && m.mae == 8);
  m = ecd_metrics_compute(2, target, none, unused, ECD_UNUSED - 1);
  CHECK(m.n == 1 && m.mae == 8);
  m = ecd_metrics_compute(2, target, none, used, ECD_TEST);
  CHECK(m.n == 1 && isnan(m.mae));
  m = ecd_metrics_compute(1, target, predicted, split, ECD_TRAIN);
  CHECK(m.n == 1 && isnan(m.r2) && m.rmse == 2);
}

static void check_files(const ecd_context_t *ctx) {
  char folder[] = "/tmp/ecdnet-metrics-XXXXXX", path[64], *text;
  size_t length;
  CHECK(mkdtemp(folder) != NULL);
  ecd_sample_t sample[COUNT] = {{0}};
  const ecd_sample_t *list[COUNT];
  for (int i = 0; i < COUNT; ++i) {
    sample[i].id = i == 1 ? "a,\"b\"" : "mp-1";
    sample[i].formula = i == 2 ? "NaN" : "Cu";
    list[i] = &sample[i];
  }
  CHECK(ecd_results_write(ctx, folder, "bulk", list, COUNT, target, predicted, NULL, split, &err) ==
        ECD_OK);
  snprintf(path, sizeof path, "%s/predictions.csv", folder);
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK);
  CHECK_HAS(text, "id,formula,split,target,predicted\nmp-1,Cu,train,10,12\n");
  CHECK_HAS(text, "\"a,\"\"b\"\"\",Cu,train,20,18.5\n");
  CHECK_HAS(text, "mp-1,NaN,none,,3\n");
  free(text);
  unlink(path);
  snprintf(path, sizeof path, "%s/metrics.json", folder);
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK);
  CHECK_HAS(text, "\"n\":\t4");
  CHECK_HAS(text, "\"r2\":\tnull");
  free(text);
  unlink(path);
  double uncertainty[COUNT] = {0.5, 1.25, NAN};
  CHECK(ecd_results_write(ctx, folder, "bulk", list, COUNT, target, predicted, uncertainty, split,
                          &err) == ECD_OK);
  snprintf(path, sizeof path, "%s/predictions.csv", folder);
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK);
  CHECK_HAS(text, "id,formula,split,target,predicted,uncertainty\nmp-1,Cu,train,10,12,0.5\n");
  CHECK_HAS(text, "18.5,1.25\nmp-1,NaN,none,,3,\n");
  free(text);
  unlink(path);
  snprintf(path, sizeof path, "%s/metrics.json", folder);
  unlink(path);
  rmdir(folder);
  CHECK(ecd_results_write(ctx, "/proc/none", "bulk", list, COUNT, target, predicted, NULL, split,
                          &err) == ECD_FAILED);
  CHECK_HAS(err.text, "/proc/none");
}

int main(int argc, char **argv) {
  ecd_context_t *ctx;
  MPI_Init(&argc, &argv);
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  check_values();
  check_files(ctx);
  ecd_context_destroy(&ctx);
  MPI_Finalize();
  return check_done();
}
