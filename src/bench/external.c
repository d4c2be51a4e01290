#include "bench/external.h"

#include "base/log.h"
#include "base/table.h"
#include "bench/fingerprint.h"
#include "chem/composition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Atomic fractions. */
static bool fractions(const char *formula, double fraction[ECD_ELEMENT_COUNT]) {
  double sum = 0;
  ecd_error_t why;
  if (formula == NULL || ecd_formula_parse(formula, fraction, &why) != ECD_OK) return false;
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) sum += fraction[Z];
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z) fraction[Z] /= sum;
  return true;
}

static bool same_fractions(const double *a, const double *b) {
  for (int Z = 0; Z < ECD_ELEMENT_COUNT; ++Z)
    if (fabs(a[Z] - b[Z]) > 1e-6) return false;
  return true;
}

bool ecd_formula_same(const char *a, const char *b) {
  double first[ECD_ELEMENT_COUNT], second[ECD_ELEMENT_COUNT];
  return fractions(a, first) && fractions(b, second) && same_fractions(first, second);
}

/* International number, 0: not found. */
static int space_group(const ecd_sample_t *sample, double symprec) {
  double cell[3][3], transform[3][3];
  int number = 0;
  if (ecd_crystal_conventional(&sample->crystal, symprec, cell, transform, &number, NULL) != ECD_OK)
    return 0;
  return number;
}

typedef struct {
  const ecd_dataset_t *dataset;
  size_t count;
  double (*fraction)[ECD_ELEMENT_COUNT]; /* [count] */
  bool *readable;                        /* [count] */
  int *group;                            /* [count], -1: not looked for yet */
} known_t;

static ecd_code_t know(const ecd_dataset_t *dataset, known_t *k, ecd_error_t *err) {
  *k = (known_t){.dataset = dataset, .count = ecd_dataset_size(dataset)};
  ECD_TRY(ecd_alloc((void **)&k->fraction, k->count, sizeof *k->fraction, "formulas", err));
  ECD_TRY(ecd_alloc((void **)&k->readable, k->count, sizeof *k->readable, "formulas", err));
  ECD_TRY(ecd_alloc((void **)&k->group, k->count, sizeof *k->group, "space groups", err));
  for (size_t i = 0; i < k->count; ++i) {
    k->group[i] = -1;
    k->readable[i] = fractions(ecd_dataset_sample(dataset, i)->formula, k->fraction[i]);
  }
  return ECD_OK;
}

static bool is_known(known_t *k, const ecd_sample_t *sample, double symprec, size_t *same) {
  double fraction[ECD_ELEMENT_COUNT];
  int group = -1;
  if (!fractions(sample->formula, fraction)) return false;
  for (size_t i = 0; i < k->count; ++i) {
    if (!k->readable[i] || !same_fractions(fraction, k->fraction[i])) continue;
    if (group < 0) group = space_group(sample, symprec);
    if (k->group[i] < 0) k->group[i] = space_group(ecd_dataset_sample(k->dataset, i), symprec);
    *same = i;
    if (group == 0 || k->group[i] == 0 || group == k->group[i]) return true;
  }
  return false;
}

/* use[] and same[]. Rank 0: symmetries are looked for only where formulas agree. */
static ecd_code_t choose(ecd_external_t *e, int64_t max_atoms, double symprec,
                         const ecd_dataset_t *training, ecd_error_t *err) {
  known_t known;
  const ecd_code_t code = know(training, &known, err);
  for (size_t i = 0; code == ECD_OK && i < e->samples; ++i) {
    const ecd_sample_t *sample = ecd_dataset_sample(e->dataset, i);
    if (max_atoms > 0 && sample->crystal.sites > (size_t)max_atoms)
      e->use[i] = ECD_EXTERNAL_LARGE;
    else if (is_known(&known, sample, symprec, &e->same[i]))
      e->use[i] = ECD_EXTERNAL_KNOWN;
  }
  free(known.fraction);
  free(known.readable);
  free(known.group);
  return code;
}

static ecd_code_t count(ecd_external_t *e, ecd_error_t *err) {
  const char *path = ecd_dataset_path(e->dataset);
  bool *kept;
  ECD_TRY(ecd_alloc((void **)&kept, e->samples, sizeof *kept, "samples", err));
  for (size_t i = 0; i < e->samples; ++i) {
    kept[i] = e->use[i] == ECD_EXTERNAL_KEPT;
    e->kept += kept[i];
    e->known += e->use[i] == ECD_EXTERNAL_KNOWN;
    e->large += e->use[i] == ECD_EXTERNAL_LARGE;
  }
  ecd_fingerprint(e->dataset, kept, e->fingerprint);
  free(kept);
  if (e->kept > 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "bench.external: %s: no material is left: of %zu, %zu are in the training set "
                  "too and %zu have more than bench.max_atoms atoms",
                  path, e->samples, e->known, e->large);
}

static ecd_code_t allocate(ecd_external_t *e, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)&e->use, e->samples, sizeof *e->use, "samples", err));
  return ecd_alloc((void **)&e->same, e->samples, sizeof *e->same, "samples", err);
}

ecd_code_t ecd_external_open(const ecd_context_t *ctx, const char *path, int64_t max_atoms,
                             double symprec, const ecd_dataset_t *training, ecd_external_t *e,
                             ecd_error_t *err) {
  *e = (ecd_external_t){0};
  if (ecd_dataset_open(ctx, path, &e->dataset, err) != ECD_OK)
    return ecd_fail_in(err, "bench.external");
  e->samples = ecd_dataset_size(e->dataset);
  ECD_TRY(ecd_agree(ctx->world, allocate(e, err), err));
  ecd_code_t code = ctx->rank == 0 ? choose(e, max_atoms, symprec, training, err) : ECD_OK;
  ECD_TRY(ecd_agree(ctx->world, code, err));
  ECD_MPI(MPI_Bcast(e->use, (int)e->samples, MPI_SIGNED_CHAR, 0, ctx->world));
  ECD_TRY(ecd_agree(ctx->world, count(e, err), err));
  ecd_log(ctx,
          "external validation: %zu of the %zu materials of %s; dropped: %zu in the training set "
          "too, %zu with more than %lld atoms",
          e->kept, e->samples, path, e->known, e->large, (long long)max_atoms);
  return ECD_OK;
}

void ecd_external_clear(ecd_external_t *e) {
  ecd_dataset_close(&e->dataset);
  free(e->use);
  free(e->same);
  *e = (ecd_external_t){0};
}

static ecd_code_t write_kept(const ecd_external_t *e, const char *path, ecd_error_t *err) {
  ecd_output_t *output;
  ECD_TRY(ecd_output_open(path, &output, err));
  FILE *file = ecd_output_stream(output);
  fprintf(file, "id,formula\n");
  for (size_t i = 0; i < e->samples; ++i) {
    if (e->use[i] != ECD_EXTERNAL_KEPT) continue;
    ecd_table_write_text(file, ecd_dataset_sample(e->dataset, i)->id, ',');
    ecd_table_write_text(file, ecd_dataset_sample(e->dataset, i)->formula, '\n');
  }
  return ecd_output_commit(&output, err);
}

ecd_code_t ecd_external_write(const ecd_external_t *e, const ecd_dataset_t *training,
                              const char *folder, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(write_kept(e, e->ids_path, err));
  ECD_TRY(ecd_path_join(path, folder, "external-dropped.csv", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  FILE *file = ecd_output_stream(output);
  fprintf(file, "id,formula,atoms,reason,same_as\n");
  for (size_t i = 0; i < e->samples; ++i) {
    const ecd_sample_t *sample = ecd_dataset_sample(e->dataset, i);
    const bool known = e->use[i] == ECD_EXTERNAL_KNOWN;
    if (e->use[i] == ECD_EXTERNAL_KEPT) continue;
    ecd_table_write_text(file, sample->id, ',');
    ecd_table_write_text(file, sample->formula, ',');
    fprintf(file, "%zu,%s,", sample->crystal.sites, known ? "in the training set" : "atoms");
    ecd_table_write_text(file, known ? ecd_dataset_sample(training, e->same[i])->id : "", '\n');
  }
  return ecd_output_commit(&output, err);
}
