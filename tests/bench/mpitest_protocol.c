/* What a benchmark holds out and in which order it works: folds, elements, an external dataset
   without what is known, groups of ranks; the same on any number of ranks. */
#include "bench/cost.h"
#include "bench/farm.h"
#include "bench/published.h"
#include "check.h"
#include "deck/deck.h"

#include <stdlib.h>
#include <unistd.h>

enum { GRID = 20, TRAINING = 14, EXTERNAL = 8 };
static ecd_context_t *ctx;
static ecd_error_t err;
static char folder[64], training[96], external[96];

static ecd_code_t fetch(size_t i, float *volume, void *arg, ecd_error_t *error) {
  (void)arg, (void)error;
  for (int k = 0; k < GRID * GRID * GRID; ++k) volume[k] = (float)(i + 1);
  return ECD_OK;
}

/* Rocksalt ('R', primitive, 2 atoms), the same in its cubic cell ('C', 8 atoms), or caesium chloride
   ('B'). */
static void make_crystal(char kind, ecd_crystal_t *c) {
  static const double face[4][3] = {{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}};
  const double a = kind == 'B' ? 3.4 : 5.6;
  const size_t cells = kind == 'C' ? 4 : 1;
  CHECK(ecd_crystal_allocate(c, 2 * cells, &err) == ECD_OK);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k)
      c->lattice[i][k] = kind == 'R' ? (i == k ? 0 : a / 2) : (i == k ? a : 0);
  for (size_t s = 0; s < 2 * cells; ++s) {
    c->Z[s] = s % 2 == 0 ? 11 : 17;
    for (int k = 0; k < 3; ++k) c->frac[s][k] = face[s / 2][k] + (s % 2 == 0 ? 0 : 0.5);
  }
}

typedef struct {
  const char *id, *formula;
  char crystal;
  bool shear;
} material_t;

static void write_dataset(const char *path, const material_t *m, size_t count) {
  const ecd_preparation_t p = {.grid = GRID, .code = "test"};
  ecd_sample_t *samples = calloc(count, sizeof *samples);
  for (size_t i = 0; i < count; ++i) {
    ecd_sample_t *s = &samples[i];
    make_crystal(m[i].crystal, &s->crystal);
    memcpy(s->cell, s->crystal.lattice, sizeof s->cell);
    s->id = strdup(m[i].id);
    s->formula = strdup(m[i].formula);
    s->path = strdup("p");
    s->sha256 = strdup("00");
    s->bulk = 100 + (double)i;
    s->shear = m[i].shear ? 50 : NAN;
  }
  CHECK(ecd_dataset_write(ctx, path, "deck", &p, samples, count, fetch, NULL, &err) == ECD_OK);
  for (size_t i = 0; i < count; ++i) ecd_sample_clear(&samples[i]);
  free(samples);
}

static void write_datasets(void) {
  static const material_t train[TRAINING] = {
      {"t00", "NaCl", 'R', true}, {"t01", "KCl", 'R', true}, {"t02", "KF", 'R', true},
      {"t03", "NaF", 'R', true},  {"t04", "MgO", 'R', true}, {"t05", "CaO", 'R', true},
      {"t06", "SrO", 'R', false}, {"t07", "BaO", 'R', true}, {"t08", "LiF", 'R', true},
      {"t09", "LiCl", 'R', true}, {"t10", "MgS", 'R', true}, {"t11", "CaS", 'R', true},
      {"t12", "SrS", 'R', true},  {"t13", "CsCl", 'B', true}};
  static const material_t other[EXTERNAL] = {
      {"e0", "NaCl", 'B', true},   /* another structure */
      {"e1", "Na2Cl2", 'C', true}, /* known, in a larger cell and another spelling */
      {"t02", "NaBr", 'R', true},  /* an id that training has, for another material */
      {"e3", "MgO", 'C', true},    /* known */
      {"e4", "CsCl", 'R', true},   /* another structure */
      {"e5", "NaI", 'C', false},   /* large */
      {"e6", "LiI", 'R', false},   /* without a target, kept */
      {"e7", "Li0.5I0.5", 'R', true}};
  write_dataset(training, train, TRAINING);
  write_dataset(external, other, EXTERNAL);
}

static ecd_settings_t *settings(const char *first, const char *second) {
  ecd_settings_t *s;
  char assignment[256];
  CHECK(ecd_settings_create(&s, &err) == ECD_OK);
  snprintf(assignment, sizeof assignment, "data.file=%s", training);
  CHECK(ecd_deck_override(assignment, s, &err) == ECD_OK);
  snprintf(assignment, sizeof assignment, "output=%s", folder);
  CHECK(ecd_deck_override(assignment, s, &err) == ECD_OK);
  if (first != NULL) CHECK(ecd_deck_override(first, s, &err) == ECD_OK);
  if (second != NULL) CHECK(ecd_deck_override(second, s, &err) == ECD_OK);
  return s;
}

static void check_folds(void) {
  ecd_settings_t *s = settings("bench.folds=4", NULL);
  ecd_protocol_t p;
  CHECK(ecd_protocol_create(ctx, s, &p, &err) == ECD_OK && p.holdouts == 4);
  int times[TRAINING] = {0};
  for (size_t h = 0; h < p.holdouts; ++h) {
    int8_t bulk[TRAINING], shear[TRAINING];
    size_t held_out = 0;
    CHECK(ecd_protocol_split(&p, h, ECD_TARGET_BULK, bulk, &err) == ECD_OK);
    CHECK(ecd_protocol_split(&p, h, ECD_TARGET_SHEAR, shear, &err) == ECD_OK);
    for (int i = 0; i < TRAINING; ++i) {
      times[i] += bulk[i] == 1;
      held_out += bulk[i] == 1;
      /* One modulus less known moves nobody into another fold. */
      CHECK(i == 6 ? shear[i] == -1 : shear[i] == bulk[i]);
    }
    CHECK(held_out == 3 || held_out == 4);
  }
  for (int i = 0; i < TRAINING; ++i) CHECK(times[i] == 1);
  /* Numbers that no rank count changes. */
  static const int64_t fold[TRAINING] = {1, 3, 2, 3, 3, 2, 2, 0, 0, 1, 3, 1, 1, 0};
  for (int i = 0; i < TRAINING; ++i) CHECK(p.fold[i] == fold[i]);
  /* Written once; other folds do not overwrite them. */
  if (ctx->rank == 0) {
    CHECK(ecd_protocol_write(&p, folder, &err) == ECD_OK);
    CHECK(ecd_protocol_write(&p, folder, &err) == ECD_OK);
    p.fold[0] = (p.fold[0] + 1) % 4;
    CHECK(ecd_protocol_write(&p, folder, &err) == ECD_USAGE);
    CHECK_HAS(err.text, "holds other folds");
  }
  ecd_protocol_clear(&p);
  ecd_settings_destroy(&s);
}

static void check_elements(void) {
  ecd_settings_t *s = settings("bench.protocol=loeo", "bench.min_materials=4");
  ecd_protocol_t p;
  int8_t split[TRAINING];
  CHECK(ecd_protocol_create(ctx, s, &p, &err) == ECD_OK);
  /* 4 with O, 4 with Cl; S has 3. */
  CHECK(p.holdouts == 2);
  CHECK(strcmp(p.holdout[0].name, "O") == 0 && strcmp(p.holdout[1].name, "Cl") == 0);
  CHECK(ecd_protocol_split(&p, 0, ECD_TARGET_SHEAR, split, &err) == ECD_OK);
  for (int i = 0; i < TRAINING; ++i)
    CHECK(split[i] == (i == 6 ? -1 : i == 4 || i == 5 || i == 7 ? 1 : 0));
  ecd_protocol_clear(&p);
  ecd_settings_destroy(&s);
}

static void check_external(void) {
  char assignment[128];
  ecd_protocol_t p;
  int8_t split[TRAINING];
  snprintf(assignment, sizeof assignment, "bench.external=%s", external);
  ecd_settings_t *s = settings("bench.protocol=external", assignment);
  CHECK(ecd_deck_override("bench.max_atoms=7", s, &err) == ECD_OK);
  CHECK(ecd_protocol_create(ctx, s, &p, &err) == ECD_OK);
  static const signed char small[EXTERNAL] = {
      ECD_EXTERNAL_KEPT, ECD_EXTERNAL_LARGE, ECD_EXTERNAL_KEPT, ECD_EXTERNAL_LARGE,
      ECD_EXTERNAL_KEPT, ECD_EXTERNAL_LARGE, ECD_EXTERNAL_KEPT, ECD_EXTERNAL_KEPT};
  CHECK(memcmp(p.external.use, small, EXTERNAL) == 0);
  CHECK(p.external.kept == 5 && p.external.large == 3 && p.external.known == 0);
  ecd_protocol_clear(&p);
  CHECK(ecd_deck_override("bench.max_atoms=8", s, &err) == ECD_OK);
  CHECK(ecd_protocol_create(ctx, s, &p, &err) == ECD_OK && p.holdouts == 1);
  static const signed char use[EXTERNAL] = {
      ECD_EXTERNAL_KEPT, ECD_EXTERNAL_KNOWN, ECD_EXTERNAL_KEPT, ECD_EXTERNAL_KNOWN,
      ECD_EXTERNAL_KEPT, ECD_EXTERNAL_KEPT,  ECD_EXTERNAL_KEPT, ECD_EXTERNAL_KEPT};
  CHECK(memcmp(p.external.use, use, EXTERNAL) == 0 && p.external.known == 2);
  if (ctx->rank == 0) CHECK(p.external.same[1] == 0 && p.external.same[3] == 4);
  CHECK(ecd_protocol_split(&p, 0, ECD_TARGET_BULK, split, &err) == ECD_OK);
  for (int i = 0; i < TRAINING; ++i) CHECK(split[i] == 0); /* all train */
  ecd_protocol_clear(&p);
  ecd_settings_destroy(&s);
  CHECK(ecd_formula_same("Mg2Si", "Mg4Si2") && !ecd_formula_same("Mg2Si", "MgSi"));
  CHECK(!ecd_formula_same("", ""));
}

/* Parents come before their children, the longest first. */
static void check_order(void) {
  ecd_settings_t *s = settings("bench.models=rf,fusion,cnn2d,magpie_cnn", "bench.repeats=2");
  const char *const override[] = {"model.cnn2d.conv1_kernel=2", "model.cnn2d.squeeze=3",
                                  "model.cnn2d.dense=[8,4]"};
  const ecd_layers_t layers = {"", 3, override};
  ecd_bench_t b;
  CHECK(ecd_bench_create(ctx, s, &layers, &b, &err) == ECD_OK);
  CHECK(b.count == 4 * 2 * 5 * 2);
  size_t *place = calloc(b.count, sizeof *place), fusions = 0;
  for (size_t k = 0; k < b.count; ++k) place[b.order[k]] = k;
  for (size_t i = 0; i < b.count; ++i) {
    const ecd_piece_t *p = &b.piece[i];
    CHECK(p->train + p->test == (p->target == ECD_TARGET_SHEAR ? TRAINING - 1 : TRAINING));
    for (int k = 0; k < ECD_PARENTS; ++k) {
      if (p->parent[k] == ECD_NO_PIECE) continue;
      const ecd_piece_t *parent = &b.piece[p->parent[k]];
      CHECK(place[p->parent[k]] < place[i] && parent->model == (k == 0 ? 3 : 2));
      CHECK(parent->holdout == p->holdout && parent->repeat == p->repeat &&
            parent->target == p->target && ecd_piece_is_child(p, p->parent[k]));
      ++fusions;
    }
  }
  CHECK(fusions == 2 * b.count / 4);
  for (size_t k = 1; k < 3 * b.count / 4; ++k)
    CHECK(b.piece[b.order[k]].cost <= b.piece[b.order[k - 1]].cost);
  CHECK(ecd_cost_span(&b, 1, 1) > 1.9 * ecd_cost_span(&b, 2, 1));
  CHECK(ecd_cost_ranks(&b, 1) == 1 && ecd_cost_ranks(&b, 4) == 1);
  CHECK(ecd_cost_ranks(&b, 4096) > 1); /* more ranks than pieces */
  /* Repeats have other seeds, and share the folds. */
  ecd_piece_deck_t *deck = calloc(2, sizeof *deck);
  CHECK(ecd_piece_settings(&b, 0, &deck[0], &err) == ECD_OK);
  CHECK(ecd_piece_settings(&b, 1, &deck[1], &err) == ECD_OK);
  CHECK(deck[0].settings.seed == 1 && deck[1].settings.seed == 1); /* one split */
  CHECK(deck[0].settings.train.repeat == 0 && deck[1].settings.train.repeat == 1);
  CHECK(deck[0].settings.data.split == ECD_SPLIT_FOLD && deck[1].settings.data.fold == 0);
  free(deck);
  free(place);
  ecd_bench_clear(&b);
  ecd_settings_destroy(&s);
}

static void check_groups(void) {
  for (int size = 1; size <= 4; ++size) {
    ecd_context_t *group;
    int groups, mine, sum;
    const int want = size < ctx->size ? size : ctx->size;
    CHECK(ecd_farm_group(ctx, want, &group, &groups, &mine, &err) == ECD_OK);
    CHECK(groups == ctx->size / want && mine >= 0 && mine < groups);
    CHECK(group->size >= want && group->size < 2 * want);
    const int first = group->rank == 0 ? group->size : 0;
    MPI_Allreduce(&first, &sum, 1, MPI_INT, MPI_SUM, ctx->world);
    CHECK(sum == ctx->size);
    ecd_context_destroy(&group);
  }
}

static void check_published(void) {
  const ecd_published_t *p = ecd_published_find(ECD_PROTOCOL_LOEO, "Br", ECD_TARGET_SHEAR, "cnn2d");
  CHECK(ecd_published_count == 121);
  CHECK(p != NULL && p->r2 == 0.824 && p->rmse == 1.579 && strcmp(p->label, "2D-CNN+ECD") == 0);
  CHECK(ecd_published_find(ECD_PROTOCOL_LOEO, "Br", ECD_TARGET_SHEAR, "fusion") == NULL);
  CHECK(strcmp(ecd_published_label("cgcnn"), "CGCNN") == 0);
  CHECK(ecd_published_label("none") == NULL);
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  CHECK(ecd_context_create(&ctx, &err) == ECD_OK);
  snprintf(folder, sizeof folder, "/tmp/ecdnet-protocol-XXXXXX");
  if (ctx->rank == 0) CHECK(mkdtemp(folder) != NULL);
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, ctx->world);
  snprintf(training, sizeof training, "%s/training.h5", folder);
  snprintf(external, sizeof external, "%s/external.h5", folder);
  write_datasets();
  check_folds();
  check_elements();
  check_external();
  check_order();
  check_groups();
  check_published();
  MPI_Barrier(ctx->world);
  if (ctx->rank == 0) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK(system(command) == 0);
  }
  ecd_context_destroy(&ctx);
  const int failed = check_done();
  MPI_Finalize();
  return failed;
}
