#include "chem/magpie.h"
#include "cmd/cmd.h"
#include "deck/keys.h"
#include "nn/net.h"
#include "store/model_file.h"
#include "store/names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS = 119 };

static void print_target(const ecd_dataset_t *d, const char *name, size_t member) {
  double sum = 0, low = INFINITY, high = -INFINITY;
  size_t known = 0;
  for (size_t i = 0; i < ecd_dataset_size(d); ++i) {
    double v;
    memcpy(&v, (const char *)ecd_dataset_sample(d, i) + member, sizeof v);
    if (isnan(v)) continue;
    ++known;
    sum += v;
    low = fmin(low, v);
    high = fmax(high, v);
  }
  if (known == 0)
    printf("  %-9s unknown\n", name);
  else
    printf("  %-9s %zu known, %.4g to %.4g GPa, mean %.4g\n", name, known, low, high,
           sum / (double)known);
}

static void print_features(const ecd_dataset_t *d) {
  size_t incomplete = 0;
  const char *first = "";
  for (size_t i = 0; i < ecd_dataset_size(d); ++i) {
    const double *feature = ecd_dataset_features(d, i);
    bool complete = true;
    for (size_t c = 0; c < ECD_MAGPIE_ALL; ++c) complete = complete && !isnan(feature[c]);
    if (!complete && incomplete++ == 0) first = ecd_dataset_sample(d, i)->id;
  }
  printf("  features  %d Magpie columns", ECD_MAGPIE_ALL);
  if (incomplete > 0) printf(", not complete for %zu of the samples, first %s", incomplete, first);
  printf("\n");
}

static void print_dataset(const ecd_dataset_t *d) {
  const ecd_preparation_t *p = ecd_dataset_preparation(d);
  const size_t count = ecd_dataset_size(d);
  bool occurs[ELEMENTS] = {false};
  double change = 0;
  const char *worst = "";
  int64_t negative = 0;
  for (size_t i = 0; i < count; ++i) {
    const ecd_sample_t *s = ecd_dataset_sample(d, i);
    for (size_t k = 0; k < s->crystal.sites; ++k)
      if (s->crystal.Z[k] > 0 && s->crystal.Z[k] < ELEMENTS) occurs[s->crystal.Z[k]] = true;
    const double part = fabs(s->integral_after / s->integral_before - 1);
    if (part > change) change = part, worst = s->id;
    negative += s->negative;
  }
  printf("%s: dataset of %zu samples\n", ecd_dataset_path(d), count);
  printf("  volumes   %lld^3 float32, %.3g MB, %s, %s cell, %s, DFT code %s\n", (long long)p->grid,
         (double)(p->grid * p->grid * p->grid) * 4e-6 * (double)count, ecd_field_name(p->field),
         ecd_cell_name(p->cell), ecd_method_name(p->method), p->code);
  print_target(d, "bulk", offsetof(ecd_sample_t, bulk));
  print_target(d, "shear", offsetof(ecd_sample_t, shear));
  printf("  integral  largest change by resampling %.2g %% %s%s\n", 100 * change,
         worst[0] != '\0' ? "in " : "", worst);
  print_features(d);
  printf("  negative  %lld points in all\n  elements ", (long long)negative);
  for (int Z = 1; Z < ELEMENTS; ++Z)
    if (occurs[Z]) printf(" %s", ecd_element_symbol(Z));
  printf("\n");
}

/* The three features that decide most. */
static void print_forest(const ecd_model_file_t *m) {
  const double *importance = m->forest.importance;
  double below = INFINITY;
  printf("  decided   by");
  for (int k = 0; k < 3; ++k) {
    size_t best = m->forest.width;
    for (size_t c = 0; c < m->forest.width; ++c)
      if (importance[c] < below && (best == m->forest.width || importance[c] > importance[best]))
        best = c;
    if (best == m->forest.width || importance[best] == 0) break;
    char name[ECD_MAGPIE_NAME];
    ecd_magpie_name(best, name);
    printf("%s %s %.3f", k > 0 ? "," : "", name, importance[best]);
    below = importance[best];
  }
  printf("\n");
}

static void print_model(const char *path, const ecd_model_file_t *m) {
  static const char *const transforms[] = {"no transform", "log1p", "sqrt"};
  size_t train = 0, test = 0, validation = 0;
  for (size_t i = 0; i < m->samples; ++i) {
    train += m->split[i] == 0;
    test += m->split[i] == 1;
    validation += m->split[i] == 2;
  }
  printf("%s: %s of %s for the %s modulus, ", path, m->has_state ? "checkpoint" : "model",
         ecd_model_names[m->model.kind], ecd_target_names[m->target]);
  if (m->forest.trees > 0)
    printf("%zu trees, %zu nodes\n", m->forest.trees, m->forest.nodes);
  else
    printf("%zu parameters%s\n", m->parameters,
           ecd_model_needs(&m->model).neighbors > 0 ? " and running statistics" : "");
  if (m->members > 1) printf("  ensemble  of %zu networks\n", m->members);
  if (ecd_model_needs(&m->model).volume) {
    printf("  volumes   %lld^3, %s, %s cell, %s, DFT code %s\n", (long long)m->preparation.grid,
           ecd_field_name(m->preparation.field), ecd_cell_name(m->preparation.cell),
           ecd_method_name(m->preparation.method), m->preparation.code);
    printf("  input     %s, mean %.6g, deviation %.6g\n", transforms[m->transform], m->input_mean,
           m->input_deviation);
  }
  if (m->features > 0) printf("  features  %zu Magpie columns of the formula\n", m->features);
  if (m->model.kind == ECD_MODEL_CGCNN)
    printf("  graphs    of the crystal: %lld neighbours within %g A\n",
           (long long)m->model.cgcnn.neighbors, m->model.cgcnn.radius);
  if (m->model.kind == ECD_MODEL_FUSION)
    printf("  parents   magpie_cnn and cnn2d, %s\n",
           m->model.fusion.finetune ? "fine-tuned" : "frozen");
  if (m->model.kind == ECD_MODEL_RF)
    print_forest(m);
  else
    printf("  target    mean %.6g GPa, deviation %.6g GPa\n", m->target_mean, m->target_deviation);
  printf("  samples   %zu for training, ", train);
  if (validation > 0) printf("%zu for validation, ", validation);
  printf("%zu held out\n", test);
  if (m->has_state)
    printf("  state     epoch %lld, %lld steps into it, %lld steps in all\n", (long long)m->epoch,
           (long long)m->step_in_epoch, (long long)m->step);
}

/* Rank 0 looks. Collective. */
static ecd_code_t is_model(const ecd_context_t *ctx, const char *path, bool *model,
                           ecd_error_t *err) {
  ecd_code_t code = ECD_OK;
  int found = 0;
  if (ctx->rank == 0) {
    ecd_h5_t h5;
    code = ecd_h5_open(path, false, &h5, err);
    if (code == ECD_OK && H5Aexists(h5.file, "schema") > 0) {
      char *schema = ecd_h5_get_text(&h5, "schema");
      found = schema != NULL && strcmp(schema, ECD_MODEL_SCHEMA) == 0;
      free(schema);
    }
    if (code == ECD_OK) ecd_h5_close(&h5, ECD_DATA, NULL);
  }
  ECD_TRY(ecd_agree(ctx->world, code, err));
  ECD_MPI(MPI_Bcast(&found, 1, MPI_INT, 0, ctx->world));
  *model = found != 0;
  return ECD_OK;
}

static ecd_code_t summarise(const ecd_context_t *ctx, const char *path, ecd_error_t *err) {
  bool model;
  ECD_TRY(is_model(ctx, path, &model, err));
  if (model) {
    ecd_model_file_t m;
    ECD_TRY(ecd_model_file_read(ctx, path, &m, err));
    if (ctx->rank == 0) print_model(path, &m);
    ecd_model_file_clear(&m);
  } else {
    ecd_dataset_t *dataset;
    ECD_TRY(ecd_dataset_open(ctx, path, &dataset, err));
    if (ctx->rank == 0) print_dataset(dataset);
    ecd_dataset_close(&dataset);
  }
  return ECD_OK;
}

ecd_code_t ecd_cmd_info(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                        ecd_error_t *err) {
  (void)settings;
  if (words->count == 0) return ecd_fail(err, ECD_USAGE, "info: expected a dataset or model file");
  for (int i = 0; i < words->count; ++i) ECD_TRY(summarise(ctx, words->word[i], err));
  return ECD_OK;
}
