#include "bench/farm.h"

#include "base/counter.h"
#include "base/log.h"
#include "bench/cost.h"
#include "bench/piece_run.h"
#include "bench/scores.h"
#include "bench/state.h"
#include "train/signals.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shared by all groups; then a state and a number of unfinished children for each piece. */
enum { NEXT, FINISHED, STOP, SHARED };

typedef struct {
  const ecd_context_t *ctx;
  ecd_bench_t *bench;
  ecd_context_t *group;
  int groups, mine;
  ecd_counters_t *counters;
  size_t open;         /* pieces */
  size_t *queue;       /* [open], in their order */
  int64_t before;      /* pieces that were finished before this run */
  double busy, looked; /* seconds at work; when STOP was looked at last */
} farm_t;

static size_t state_at(size_t piece) { return SHARED + piece; }
static size_t children_at(const farm_t *f, size_t piece) {
  return SHARED + f->bench->count + piece;
}

/* ---- Groups ---- */

/* Which of groups parts of size ranks a rank is in: the first parts get one more of the rest. */
static int part_of(int rank, int size, int groups) {
  const int small = size / groups, large = size % groups;
  return rank < large * (small + 1) ? rank / (small + 1)
                                    : large + (rank - large * (small + 1)) / small;
}

ecd_code_t ecd_farm_group(const ecd_context_t *ctx, int size, ecd_context_t **group, int *groups,
                          int *mine, ecd_error_t *err) {
  int smallest = ctx->node_size;
  MPI_Comm comm;
  *group = NULL;
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, &smallest, 1, MPI_INT, MPI_MIN, ctx->world));
  if (size <= smallest)
    ECD_MPI(MPI_Comm_split(ctx->node,
                           part_of(ctx->node_rank, ctx->node_size, ctx->node_size / size),
                           ctx->rank, &comm));
  else
    ECD_MPI(MPI_Comm_split(ctx->world, part_of(ctx->rank, ctx->size, ctx->size / size), ctx->rank,
                           &comm));
  const ecd_code_t code = ecd_context_part(ctx, comm, group, err);
  MPI_Comm_free(&comm);
  ECD_TRY(ecd_agree(ctx->world, code, err));
  /* Groups are numbered by their first ranks. */
  const int first = (*group)->rank == 0;
  int number = 0;
  ECD_MPI(MPI_Scan(&first, &number, 1, MPI_INT, MPI_SUM, ctx->world));
  ECD_MPI(MPI_Allreduce(&first, groups, 1, MPI_INT, MPI_SUM, ctx->world));
  *mine = number - 1;
  ECD_MPI(MPI_Bcast(mine, 1, MPI_INT, 0, (*group)->world));
  return ECD_OK;
}

/* ---- Signals ---- */

/* Whether another group was stopped: looked at twice a second by the first rank of a group. */
static bool others_stop(void *arg) {
  farm_t *f = arg;
  int64_t stop = 0;
  if (f->group->rank != 0 || ecd_now() - f->looked < 0.5) return false;
  f->looked = ecd_now();
  return ecd_counters_get(f->counters, STOP, &stop, NULL) == ECD_OK && stop != 0;
}

/* ---- Pieces ---- */

static ecd_code_t prepare(farm_t *f, ecd_error_t *err) {
  ecd_bench_t *b = f->bench;
  ECD_TRY(ecd_alloc((void **)&f->queue, b->count, sizeof *f->queue, "pieces", err));
  for (size_t k = 0; k < b->count; ++k) {
    const size_t i = b->order[k];
    if (b->piece[i].state == ECD_PIECE_OPEN)
      f->queue[f->open++] = i;
    else
      ++f->before;
  }
  return ECD_OK;
}

/* Rank 0, before the others look. */
static ecd_code_t fill_counters(farm_t *f, ecd_error_t *err) {
  const ecd_bench_t *b = f->bench;
  for (size_t i = 0; i < b->count; ++i) {
    int64_t children = 0;
    for (size_t k = 0; k < b->count; ++k)
      children += b->piece[k].state != ECD_PIECE_DONE && ecd_piece_is_child(&b->piece[k], i);
    ECD_TRY(ecd_counters_set(f->counters, state_at(i), (int64_t)b->piece[i].state, err));
    ECD_TRY(ecd_counters_set(f->counters, children_at(f, i), children, err));
  }
  return ECD_OK;
}

/* Waits until the parents are no longer open. *failed: one that failed, or ECD_NO_PIECE. First rank
   of a group. */
static ecd_code_t wait_for_parents(farm_t *f, const ecd_piece_t *piece, size_t *failed,
                                   ecd_error_t *err) {
  *failed = ECD_NO_PIECE;
  for (int k = 0; k < ECD_PARENTS; ++k) {
    int64_t state = ECD_PIECE_OPEN;
    if (piece->parent[k] == ECD_NO_PIECE) continue;
    for (;;) {
      ECD_TRY(ecd_counters_get(f->counters, state_at(piece->parent[k]), &state, err));
      if (state != ECD_PIECE_OPEN) break;
      if (ecd_signals_seen()) return ecd_fail(err, ECD_STOPPED, "stopped by a signal");
      usleep(20000);
    }
    if (state == ECD_PIECE_FAILED) *failed = piece->parent[k];
  }
  return ECD_OK;
}

/* A piece whose parent failed fails too. */
static ecd_code_t fail_with(farm_t *f, size_t piece, size_t parent, ecd_error_t *failure,
                            ecd_error_t *err) {
  ecd_fail(failure, ECD_FAILED, "its parent %s failed", f->bench->piece[parent].name);
  ECD_TRY(ecd_state_begin(f->bench, piece, err));
  return ecd_state_failed(f->bench, piece, failure, err);
}

/* The line about a piece. */
static void report(farm_t *f, size_t piece, const ecd_error_t *failure, double seconds) {
  const ecd_bench_t *b = f->bench;
  const char *name = b->piece[piece].name;
  int64_t done = 0;
  ecd_metrics_t m;
  ecd_error_t why;
  ecd_counters_add(f->counters, FINISHED, 1, &done, NULL);
  const long long number = (long long)(f->before + done + 1), all = (long long)b->count;
  if (failure->code != ECD_OK)
    fprintf(stderr, "[%lld/%lld] %s failed: %.*s\n", number, all, name,
            (int)strcspn(failure->text, "\n"), failure->text);
  else if (ecd_piece_metrics(b, piece, &m, &why) == ECD_OK)
    fprintf(stderr, "[%lld/%lld] %s: %zu held out, R2 %.4f, RMSE %.4g GPa, MAE %.4g GPa, %.3g s\n",
            number, all, name, m.n, m.r2, m.rmse, m.mae, seconds);
  else
    fprintf(stderr, "[%lld/%lld] %s: %s\n", number, all, name, why.text);
}

/* Models that nobody needs any more. */
static ecd_code_t clean(farm_t *f, size_t piece, ecd_error_t *err) {
  const ecd_bench_t *b = f->bench;
  int64_t left = 0;
  if (b->settings->bench.keep_models == ECD_KEEP_ALL) return ECD_OK;
  ECD_TRY(ecd_counters_get(f->counters, children_at(f, piece), &left, err));
  if (left == 0) ecd_state_clean(b, piece, true);
  for (int k = 0; k < ECD_PARENTS; ++k) {
    const size_t parent = b->piece[piece].parent[k];
    if (parent == ECD_NO_PIECE) continue;
    ECD_TRY(ecd_counters_add(f->counters, children_at(f, parent), -1, &left, err));
    if (left == 1) ecd_state_clean(b, parent, true);
  }
  return ECD_OK;
}

static ecd_code_t settle(farm_t *f, size_t piece, const ecd_error_t *failure, double seconds,
                         ecd_error_t *err) {
  const bool done = failure->code == ECD_OK;
  if (done) ECD_TRY(clean(f, piece, err));
  ECD_TRY(ecd_counters_set(f->counters, state_at(piece), done ? ECD_PIECE_DONE : ECD_PIECE_FAILED,
                           err));
  report(f, piece, failure, seconds);
  return ECD_OK;
}

/* One piece. Collective over the group. */
static ecd_code_t work(farm_t *f, size_t piece, ecd_error_t *failure, ecd_error_t *err) {
  const bool first = f->group->rank == 0;
  double seconds = 0;
  size_t failed = ECD_NO_PIECE;
  ecd_code_t code = ECD_OK;
  failure->code = ECD_OK;
  if (first) code = wait_for_parents(f, &f->bench->piece[piece], &failed, err);
  if (first && code == ECD_OK && failed != ECD_NO_PIECE)
    code = fail_with(f, piece, failed, failure, err);
  ECD_TRY(ecd_agree(f->group->world, code, err));
  int go_on = failed == ECD_NO_PIECE;
  ECD_MPI(MPI_Bcast(&go_on, 1, MPI_INT, 0, f->group->world));
  const double start = ecd_now();
  if (go_on) code = ecd_piece_run(f->group, f->bench, piece, failure, &seconds, err);
  f->busy += ecd_now() - start;
  if (code == ECD_OK && first) code = settle(f, piece, failure, seconds, err);
  return ecd_agree(f->group->world, code, err);
}

/* The next piece, or ECD_NO_PIECE. First rank of a group. */
static ecd_code_t take(farm_t *f, size_t *piece, ecd_error_t *err) {
  int64_t place, stop = 0;
  *piece = ECD_NO_PIECE;
  ECD_TRY(ecd_counters_add(f->counters, NEXT, 1, &place, err));
  if (place >= (int64_t)f->open) return ECD_OK;
  ECD_TRY(ecd_counters_get(f->counters, STOP, &stop, err));
  if (stop != 0 || ecd_signals_seen()) return ecd_fail(err, ECD_STOPPED, "stopped by a signal");
  *piece = f->queue[place];
  return ECD_OK;
}

/* Until no piece is left. Collective over the group. */
static ecd_code_t take_turns(farm_t *f, ecd_error_t *failure, ecd_error_t *err) {
  ecd_code_t code = ECD_OK;
  while (code == ECD_OK) {
    size_t piece = ECD_NO_PIECE;
    if (f->group->rank == 0) code = take(f, &piece, err);
    code = ecd_agree(f->group->world, code, err);
    unsigned long number = piece;
    if (code == ECD_OK)
      code = ecd_mpi_code(MPI_Bcast(&number, 1, MPI_UNSIGNED_LONG, 0, f->group->world),
                          "sharing a piece", err);
    if (code != ECD_OK || number == (unsigned long)ECD_NO_PIECE) break;
    code = work(f, number, failure, err);
  }
  /* After a signal, or where a file cannot be written, the others leave too. */
  if (code != ECD_OK && f->group->rank == 0) ecd_counters_set(f->counters, STOP, 1, NULL);
  return code;
}

/* Until all groups have left their last piece: this one may still be told to stop, and tells the
   others. Collective. */
static ecd_code_t wait_for_all(farm_t *f, ecd_error_t *err) {
  MPI_Request request;
  int there = 0;
  bool told = false;
  ECD_MPI(MPI_Ibarrier(f->ctx->world, &request));
  for (;;) {
    ECD_MPI(MPI_Test(&request, &there, MPI_STATUS_IGNORE));
    if (there) return ECD_OK;
    if (!told && ecd_signals_seen()) {
      ECD_TRY(ecd_counters_set(f->counters, STOP, 1, err));
      told = true;
    }
    usleep(2000);
  }
}

/* ---- Data ---- */

/* Where several trainings take volumes, one copy a node serves all groups. *volumes: it, or NULL.
   Collective. */
static ecd_code_t share_volumes(const farm_t *f, ecd_shared_volumes_t *shared,
                                ecd_volumes_t **volumes, ecd_error_t *err) {
  const ecd_bench_t *b = f->bench;
  ecd_dataset_t *dataset = b->protocol.dataset;
  size_t count = 0;
  *volumes = NULL;
  for (size_t k = 0; k < f->open; ++k) {
    const ecd_bench_model_t *m = &b->models.model[b->piece[f->queue[k]].model];
    const ecd_settings_t *s = m->settings;
    if (m->trained != NULL || !ecd_model_needs(&s->model).volume ||
        s->data.memory != ECD_MEMORY_SHARED)
      continue;
    if (count++ == 0) shared->transform = s->data.transform;
  }
  if (count < 2) return ECD_OK;
  ECD_TRY(ecd_shared_volumes_load(f->ctx, dataset, shared->transform, volumes, err));
  shared->path = ecd_dataset_path(dataset);
  shared->volumes = *volumes;
  f->bench->shared = shared;
  return ECD_OK;
}

/* ---- The end ---- */

static ecd_code_t collect_states(farm_t *f, ecd_error_t *err) {
  for (size_t i = 0; i < f->bench->count; ++i) {
    int64_t state = 0;
    if (f->ctx->rank == 0) ECD_TRY(ecd_counters_get(f->counters, state_at(i), &state, err));
    ECD_MPI(MPI_Bcast(&state, 1, MPI_INT64_T, 0, f->ctx->world));
    f->bench->piece[i].state = (ecd_piece_state_t)state;
  }
  return ECD_OK;
}

static ecd_code_t write_times(const farm_t *f, const double *busy, double wall, double efficiency,
                              int64_t pieces, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(path, f->bench->settings->output, "farm.jsonl", err));
  cJSON *json = cJSON_CreateObject();
  cJSON_AddNumberToObject(json, "ranks", f->ctx->size);
  cJSON_AddNumberToObject(json, "threads", f->ctx->threads);
  cJSON_AddNumberToObject(json, "groups", f->groups);
  cJSON_AddNumberToObject(json, "pieces", (double)pieces);
  cJSON_AddNumberToObject(json, "wall_s", wall);
  cJSON_AddItemToObject(json, "busy_s", cJSON_CreateDoubleArray(busy, f->groups));
  cJSON_AddNumberToObject(json, "efficiency", efficiency);
  char *text = cJSON_PrintUnformatted(json);
  FILE *file = fopen(path, "a");
  const bool good = file != NULL && text != NULL && fprintf(file, "%s\n", text) > 0;
  const bool closed = file != NULL && fclose(file) == 0;
  free(text);
  cJSON_Delete(json);
  return good && closed ? ECD_OK : ecd_fail(err, ECD_FAILED, "cannot write %s", path);
}

/* Busy time over wall time, of all ranks. Collective. */
static ecd_code_t measure(const farm_t *f, double wall, ecd_error_t *err) {
  double *busy, total = f->busy;
  ECD_TRY(ecd_agree(f->ctx->world,
                    ecd_alloc((void **)&busy, (size_t)f->groups, sizeof *busy, "times", err), err));
  if (f->group->rank == 0) busy[f->mine] = f->busy;
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, busy, f->groups, MPI_DOUBLE, MPI_SUM, f->ctx->world));
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, &total, 1, MPI_DOUBLE, MPI_SUM, f->ctx->world));
  const double efficiency = total / (wall * f->ctx->size);
  ecd_code_t code = ECD_OK;
  if (f->ctx->rank == 0 && f->open > 0) {
    int64_t pieces = 0;
    ecd_counters_get(f->counters, FINISHED, &pieces, NULL);
    ecd_log(f->ctx, "farm: %lld pieces in %.4g s, %d groups on %d ranks x %d threads, busy %.1f %%",
            (long long)pieces, wall, f->groups, f->ctx->size, f->ctx->threads, 100 * efficiency);
    code = write_times(f, busy, wall, efficiency, pieces, err);
  }
  free(busy);
  return ecd_agree(f->ctx->world, code, err);
}

/* Counters are there. Collective. */
static ecd_code_t run(farm_t *f, ecd_error_t *err) {
  ecd_error_t *failure;
  ecd_code_t code = f->ctx->rank == 0 ? fill_counters(f, err) : ECD_OK;
  if (ecd_alloc((void **)&failure, 1, sizeof *failure, "messages", err) != ECD_OK)
    code = ECD_FAILED;
  code = ecd_agree(f->ctx->world, code, err);
  const double start = ecd_now();
  if (code == ECD_OK) {
    ecd_signals_watch();
    ecd_signals_also(others_stop, f);
    code = take_turns(f, failure, err);
    ecd_error_t *second = failure; /* what ended the work is what counts */
    ecd_code_t end = wait_for_all(f, second);
    if (code == ECD_OK && end != ECD_OK) code = ecd_fail(err, end, "%s", second->text);
    code = ecd_agree(f->ctx->world, code, err);
    ecd_signals_also(NULL, NULL);
    ecd_signals_restore();
    const double wall = ecd_now() - start;
    end = collect_states(f, second);
    if (end == ECD_OK) end = measure(f, wall, second);
    if (code == ECD_OK && end != ECD_OK) code = ecd_fail(err, end, "%s", second->text);
  }
  free(failure);
  return code;
}

/* What a killed run left of pieces that were done. Rank 0. */
static void sweep(const farm_t *f) {
  const ecd_bench_t *b = f->bench;
  for (size_t i = 0; i < b->count; ++i) {
    bool needed = b->settings->bench.keep_models == ECD_KEEP_ALL;
    if (b->piece[i].state != ECD_PIECE_DONE) continue;
    for (size_t k = 0; k < b->count; ++k)
      needed =
          needed || (ecd_piece_is_child(&b->piece[k], i) && b->piece[k].state != ECD_PIECE_DONE);
    ecd_state_clean(b, i, !needed);
  }
}

ecd_code_t ecd_farm_run(const ecd_context_t *ctx, ecd_bench_t *bench, ecd_error_t *err) {
  farm_t f = {.ctx = ctx, .bench = bench};
  ecd_shared_volumes_t shared;
  ecd_volumes_t *volumes = NULL;
  ECD_TRY(ecd_agree(ctx->world, prepare(&f, err), err));
  ecd_code_t code =
      ecd_farm_group(ctx, ecd_cost_ranks(bench, ctx->size), &f.group, &f.groups, &f.mine, err);
  if (code == ECD_OK)
    code = ecd_counters_create(ctx->world, SHARED + 2 * bench->count, &f.counters, err);
  if (code == ECD_OK) {
    ecd_log(ctx, "farm: %zu of %zu pieces to do, %d groups on %d ranks x %d threads", f.open,
            bench->count, f.groups, ctx->size, ctx->threads);
    code = share_volumes(&f, &shared, &volumes, err);
    if (code == ECD_OK) code = run(&f, err);
    if (ctx->rank == 0) sweep(&f);
  }
  bench->shared = NULL;
  ecd_volumes_destroy(&volumes);
  ecd_counters_destroy(&f.counters);
  ecd_context_destroy(&f.group);
  free(f.queue);
  return code;
}
