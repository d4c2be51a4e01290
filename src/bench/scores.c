#include "bench/scores.h"

#include "base/table.h"
#include "train/folder.h"
#include "train/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *id;
  size_t index;
} named_t;

/* The samples that may be held out, and predictions of them. */
typedef struct {
  const ecd_bench_t *bench;
  const ecd_dataset_t *dataset;
  size_t count;
  named_t *sorted;  /* [count], by id */
  double *target;   /* [count], GPa, of the row's modulus; NaN = unknown */
  int8_t *held_out; /* [count]: ECD_TEST where the row holds out, else ECD_UNUSED */
  int64_t *fold;    /* [count], which of the row's parts holds it out */
  double *predicted, *sum, *squares; /* [count] */
  int8_t *part;                      /* [count], scratch */
} pool_t;

static const ecd_sample_t *sample(const pool_t *pool, size_t i) {
  return ecd_dataset_sample(pool->dataset, i);
}

static int by_id(const void *a, const void *b) {
  return strcmp(((const named_t *)a)->id, ((const named_t *)b)->id);
}

static bool find(const pool_t *pool, const char *id, size_t *found) {
  const named_t key = {.id = id};
  const named_t *named = bsearch(&key, pool->sorted, pool->count, sizeof *pool->sorted, by_id);
  if (named != NULL) *found = named->index;
  return named != NULL;
}

static ecd_code_t pool_create(const ecd_bench_t *b, pool_t *p, ecd_error_t *err) {
  *p = (pool_t){.bench = b, .dataset = b->protocol.dataset};
  if (b->protocol.kind == ECD_PROTOCOL_EXTERNAL) p->dataset = b->protocol.external.dataset;
  const size_t n = p->count = ecd_dataset_size(p->dataset);
  const struct {
    void **ptr;
    size_t size;
  } array[] = {{(void **)&p->sorted, sizeof *p->sorted},
               {(void **)&p->target, sizeof *p->target},
               {(void **)&p->held_out, 1},
               {(void **)&p->fold, sizeof *p->fold},
               {(void **)&p->predicted, sizeof(double)},
               {(void **)&p->sum, sizeof(double)},
               {(void **)&p->squares, sizeof(double)},
               {(void **)&p->part, 1}};
  for (size_t i = 0; i < sizeof array / sizeof *array; ++i)
    ECD_TRY(ecd_alloc(array[i].ptr, n, array[i].size, "predictions", err));
  for (size_t i = 0; i < n; ++i) p->sorted[i] = (named_t){sample(p, i)->id, i};
  qsort(p->sorted, n, sizeof *p->sorted, by_id);
  return ECD_OK;
}

static void pool_clear(pool_t *p) {
  void *owned[] = {p->sorted,    p->target, p->held_out, p->fold,
                   p->predicted, p->sum,    p->squares,  p->part};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; ++i) free(owned[i]);
}

/* part[]: ECD_TEST where a holdout holds out. */
static ecd_code_t find_part(pool_t *p, size_t holdout, ecd_target_t target, ecd_error_t *err) {
  const ecd_protocol_t *protocol = &p->bench->protocol;
  if (protocol->kind != ECD_PROTOCOL_EXTERNAL)
    return ecd_protocol_split(protocol, holdout, target, p->part, err);
  for (size_t i = 0; i < p->count; ++i)
    p->part[i] = protocol->external.use[i] == ECD_EXTERNAL_KEPT && !isnan(p->target[i])
                     ? ECD_TEST
                     : ECD_UNUSED;
  return ECD_OK;
}

/* Row's holdouts: all of them, or with elements its own. */
static bool belongs(const ecd_bench_t *b, const ecd_row_t *row, const ecd_piece_t *piece) {
  return piece->target == row->target &&
         (row->element[0] == '\0' ||
          strcmp(b->protocol.holdout[piece->holdout].element, row->element) == 0);
}

static ecd_code_t pool_row(pool_t *p, const ecd_row_t *row, ecd_error_t *err) {
  const ecd_bench_t *b = p->bench;
  for (size_t i = 0; i < p->count; ++i) {
    p->target[i] = ecd_sample_target(sample(p, i), row->target);
    p->held_out[i] = ECD_UNUSED;
    p->fold[i] = -1;
  }
  for (size_t k = 0; k < b->count; ++k) {
    const ecd_piece_t *piece = &b->piece[k];
    if (piece->model != 0 || piece->repeat != 0 || !belongs(b, row, piece)) continue;
    ECD_TRY(find_part(p, piece->holdout, row->target, err));
    for (size_t i = 0; i < p->count; ++i)
      if (p->part[i] == ECD_TEST) {
        p->held_out[i] = ECD_TEST;
        p->fold[i] = (int64_t)piece->holdout;
      }
  }
  return ECD_OK;
}

/* predicted[] of what the piece holds out; the others are left alone. */
static ecd_code_t read_rows(pool_t *p, size_t piece, const char *path, const ecd_table_t *table,
                            ecd_error_t *err) {
  const int id = ecd_table_column(table, "id"), value = ecd_table_column(table, "predicted");
  const int64_t holdout = (int64_t)p->bench->piece[piece].holdout;
  size_t missing = 0, first = 0;
  if (id < 0 || value < 0)
    return ecd_fail(err, ECD_DATA, "%s:1: expected columns id,predicted", path);
  for (size_t i = 0; i < p->count; ++i)
    if (p->fold[i] == holdout) p->predicted[i] = NAN;
  for (size_t row = 0; row < ecd_table_rows(table); ++row) {
    size_t i;
    double number;
    if (!find(p, ecd_table_text(table, row, id), &i) || p->fold[i] != holdout) continue;
    ECD_TRY(ecd_table_number(table, row, value, &number, err));
    p->predicted[i] = number;
  }
  for (size_t i = p->count; i-- > 0;)
    if (p->fold[i] == holdout && isnan(p->predicted[i])) ++missing, first = i;
  if (missing == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "%s: lacks the predictions of %zu materials, first '%s'", path,
                  missing, sample(p, first)->id);
}

static ecd_code_t read_piece(pool_t *p, size_t piece, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_table_t *table;
  ECD_TRY(ecd_piece_path(p->bench, piece, ecd_piece_predictions(p->bench), path, err));
  ECD_TRY(ecd_table_read(path, &table, err));
  const ecd_code_t code = read_rows(p, piece, path, table, err);
  ecd_table_destroy(&table);
  return code;
}

/* ---- Statistics ---- */

enum { R2, RMSE, MAE, METRICS };

typedef struct {
  size_t count;
  double sum[METRICS], squares[METRICS];
} moments_t;

static void add(moments_t *m, ecd_metrics_t value) {
  const double v[METRICS] = {value.r2, value.rmse, value.mae};
  ++m->count;
  for (int k = 0; k < METRICS; ++k) {
    m->sum[k] += v[k];
    m->squares[k] += v[k] * v[k];
  }
}

static void finish(const moments_t *m, ecd_metrics_t *mean, ecd_metrics_t *deviation) {
  const double n = (double)m->count;
  double a[METRICS], d[METRICS];
  for (int k = 0; k < METRICS; ++k) {
    a[k] = n > 0 ? m->sum[k] / n : NAN;
    d[k] = n > 1 ? sqrt(fmax(m->squares[k] - n * a[k] * a[k], 0) / (n - 1)) : NAN;
  }
  *mean = (ecd_metrics_t){m->count, a[R2], a[RMSE], a[MAE]};
  *deviation = (ecd_metrics_t){m->count, d[R2], d[RMSE], d[MAE]};
}

/* One repeat's predictions into predicted[]. *complete: all its pieces are done. */
static ecd_code_t read_repeat(pool_t *p, const ecd_row_t *row, size_t model, size_t repeat,
                              bool *complete, ecd_error_t *err) {
  const ecd_bench_t *b = p->bench;
  *complete = true;
  for (size_t k = 0; k < b->count; ++k) {
    const ecd_piece_t *piece = &b->piece[k];
    if (piece->model == model && piece->repeat == repeat && belongs(b, row, piece))
      *complete = *complete && piece->state == ECD_PIECE_DONE;
  }
  for (size_t k = 0; *complete && k < b->count; ++k) {
    const ecd_piece_t *piece = &b->piece[k];
    if (piece->model == model && piece->repeat == repeat && belongs(b, row, piece))
      ECD_TRY(read_piece(p, k, err));
  }
  return ECD_OK;
}

static void score_folds(pool_t *p, ecd_score_t *score) {
  moments_t folds = {0};
  if (p->bench->protocol.kind == ECD_PROTOCOL_KFOLD && score->repeats > 0)
    for (size_t h = 0; h < p->bench->protocol.holdouts; ++h) {
      for (size_t i = 0; i < p->count; ++i)
        p->part[i] = p->fold[i] == (int64_t)h ? ECD_TEST : ECD_UNUSED;
      add(&folds, ecd_metrics_compute(p->count, p->target, p->predicted, p->part, ECD_TEST));
    }
  finish(&folds, &score->fold_mean, &score->fold_deviation);
}

/* Leaves the averaged predictions in predicted[], their deviations in squares[]. */
static ecd_code_t score_row(pool_t *p, const ecd_row_t *row, size_t model, ecd_score_t *score,
                            ecd_error_t *err) {
  const ecd_bench_t *b = p->bench;
  moments_t repeats = {0};
  *score = (ecd_score_t){0};
  memset(p->sum, 0, p->count * sizeof *p->sum);
  memset(p->squares, 0, p->count * sizeof *p->squares);
  for (size_t k = 0; k < b->count; ++k) {
    const ecd_piece_t *piece = &b->piece[k];
    if (piece->model != model || !belongs(b, row, piece)) continue;
    ++score->pieces;
    score->done += piece->state == ECD_PIECE_DONE;
    score->failed += piece->state == ECD_PIECE_FAILED;
  }
  for (size_t r = 0; r < (size_t)b->settings->bench.repeats; ++r) {
    bool complete;
    ECD_TRY(read_repeat(p, row, model, r, &complete, err));
    if (!complete) continue;
    add(&repeats, ecd_metrics_compute(p->count, p->target, p->predicted, p->held_out, ECD_TEST));
    for (size_t i = 0; i < p->count; ++i) {
      if (p->held_out[i] != ECD_TEST) continue;
      p->sum[i] += p->predicted[i];
      p->squares[i] += p->predicted[i] * p->predicted[i];
    }
  }
  const double n = (double)(score->repeats = repeats.count);
  for (size_t i = 0; i < p->count; ++i) {
    const bool known = p->held_out[i] == ECD_TEST && n > 0;
    p->predicted[i] = known ? p->sum[i] / n : NAN;
    const double spread = p->squares[i] - n * p->predicted[i] * p->predicted[i];
    p->squares[i] = known && n > 1 ? sqrt(fmax(spread, 0) / (n - 1)) : NAN;
  }
  if (n > 0)
    score->average = ecd_metrics_compute(p->count, p->target, p->predicted, p->held_out, ECD_TEST);
  finish(&repeats, &score->mean, &score->deviation);
  score_folds(p, score);
  return ECD_OK;
}

/* ---- Tables ---- */

static ecd_code_t list_rows(const ecd_bench_t *b, ecd_scores_t *s, ecd_error_t *err) {
  const size_t targets = (size_t)b->settings->bench.targets.count;
  const bool elements = b->protocol.kind == ECD_PROTOCOL_LOEO;
  const size_t groups = elements ? b->protocol.holdouts : 1;
  s->models = b->models.count;
  s->rows = groups * targets;
  ECD_TRY(ecd_alloc((void **)&s->row, s->rows, sizeof *s->row, "table", err));
  ECD_TRY(ecd_alloc((void **)&s->score, s->rows * s->models, sizeof *s->score, "table", err));
  for (size_t g = 0; g < groups; ++g)
    for (size_t t = 0; t < targets; ++t) {
      ecd_row_t *row = &s->row[g * targets + t];
      if (elements) memcpy(row->element, b->protocol.holdout[g].element, sizeof row->element);
      row->target = ecd_bench_target(&b->settings->bench, t);
    }
  return ECD_OK;
}

ecd_code_t ecd_scores_create(const ecd_bench_t *b, ecd_scores_t *s, ecd_error_t *err) {
  pool_t pool;
  *s = (ecd_scores_t){0};
  ECD_TRY(list_rows(b, s, err));
  ecd_code_t code = pool_create(b, &pool, err);
  for (size_t r = 0; code == ECD_OK && r < s->rows; ++r) {
    code = pool_row(&pool, &s->row[r], err);
    for (size_t i = 0; code == ECD_OK && i < pool.count; ++i)
      s->row[r].tested += pool.held_out[i] == ECD_TEST;
    for (size_t m = 0; code == ECD_OK && m < s->models; ++m)
      code = score_row(&pool, &s->row[r], m, &s->score[r * s->models + m], err);
  }
  pool_clear(&pool);
  return code;
}

void ecd_scores_clear(ecd_scores_t *s) {
  free(s->row);
  free(s->score);
  *s = (ecd_scores_t){0};
}

const ecd_score_t *ecd_scores_get(const ecd_scores_t *s, size_t row, size_t model) {
  return &s->score[row * s->models + model];
}

/* ---- Files ---- */

/* The samples that the row holds out, to the front of the arrays. */
static size_t pack(pool_t *p, const ecd_sample_t **samples) {
  size_t n = 0;
  for (size_t i = 0; i < p->count; ++i) {
    if (p->held_out[i] != ECD_TEST) continue;
    samples[n] = sample(p, i);
    p->target[n] = p->target[i];
    p->predicted[n] = p->predicted[i];
    p->squares[n] = p->squares[i];
    p->part[n++] = ECD_TEST;
  }
  return n;
}

static ecd_code_t write_row(const ecd_context_t *ctx, pool_t *p, const ecd_row_t *row, size_t model,
                            ecd_error_t *err) {
  const ecd_bench_model_t *m = &p->bench->models.model[model];
  const bool repeats = p->bench->settings->bench.repeats > 1;
  const ecd_sample_t **samples;
  char relative[ECD_PIECE_NAME], folder[ECD_PATH_MAX], dataset[ECD_PATH_MAX];
  ecd_settings_t s = *m->settings;
  snprintf(relative, sizeof relative, "results/%.200s-%s%s%s", m->name,
           ecd_target_names[row->target], row->element[0] != '\0' ? "-" : "", row->element);
  ECD_TRY(ecd_path_join(folder, p->bench->settings->output, relative, err));
  ECD_TRY(ecd_dataset_locate(p->bench->settings, dataset, err));
  s.output = folder;
  s.data.file = dataset;
  s.data.target = row->target;
  if (m->trained != NULL) s.predict.model = m->trained->path;
  ECD_TRY(ecd_make_folder(folder, err));
  ECD_TRY(ecd_folder_write_deck(s.output, &s, err));
  ECD_TRY(ecd_alloc((void **)&samples, p->count, sizeof *samples, "predictions", err));
  const size_t n = pack(p, samples);
  const ecd_context_t alone = {.world = MPI_COMM_SELF, .size = 1, .log = ctx->log};
  const ecd_code_t code =
      ecd_results_write(&alone, folder, ecd_target_names[row->target], samples, n, p->target,
                        p->predicted, repeats ? p->squares : NULL, p->part, err);
  free(samples);
  return code;
}

ecd_code_t ecd_scores_write(const ecd_context_t *ctx, const ecd_bench_t *b, const ecd_scores_t *s,
                            ecd_error_t *err) {
  pool_t pool;
  ecd_code_t code = pool_create(b, &pool, err);
  for (size_t k = 0; code == ECD_OK && k < s->rows * s->models; ++k) {
    const ecd_row_t *row = &s->row[k / s->models];
    ecd_score_t score;
    if (s->score[k].repeats == 0) continue;
    code = pool_row(&pool, row, err);
    if (code == ECD_OK) code = score_row(&pool, row, k % s->models, &score, err);
    if (code == ECD_OK) code = write_row(ctx, &pool, row, k % s->models, err);
  }
  pool_clear(&pool);
  return code;
}

ecd_code_t ecd_piece_metrics(const ecd_bench_t *b, size_t piece, ecd_metrics_t *metrics,
                             ecd_error_t *err) {
  const ecd_piece_t *p = &b->piece[piece];
  ecd_row_t row = {.target = p->target};
  pool_t pool;
  memcpy(row.element, b->protocol.holdout[p->holdout].element, sizeof row.element);
  ecd_code_t code = pool_create(b, &pool, err);
  if (code == ECD_OK) code = pool_row(&pool, &row, err);
  if (code == ECD_OK) code = read_piece(&pool, piece, err);
  if (code == ECD_OK) {
    for (size_t i = 0; i < pool.count; ++i)
      pool.part[i] = pool.fold[i] == (int64_t)p->holdout ? ECD_TEST : ECD_UNUSED;
    *metrics = ecd_metrics_compute(pool.count, pool.target, pool.predicted, pool.part, ECD_TEST);
  }
  pool_clear(&pool);
  return code;
}
