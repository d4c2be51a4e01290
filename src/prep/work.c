#include "prep/work.h"

#include "base/counter.h"
#include "base/log.h"
#include "prep/resample.h"
#include "prep/resample_private.h"

#include <stdlib.h>
#include <string.h>

/* What rank 0 shows: a bar on a terminal, else a line every tenth of the work (not more
   often than every 2 s), or every 30 s. */
typedef struct {
  const ecd_context_t *ctx;
  ecd_progress_t *bar;
  size_t total;
  double start, last;
  size_t tenth;
} display_t;

static void show(display_t *d, size_t done) {
  ecd_progress_update(d->bar, done);
  if (d->ctx->rank != 0 || d->ctx->terminal) return;
  const double now = ecd_now();
  const size_t tenth = 10 * done / d->total;
  if (now - d->last < (tenth > d->tenth ? 2 : 30)) return;
  d->tenth = tenth;
  d->last = now;
  ecd_log(d->ctx, "prep: %zu of %zu volumes, %.3g/s", done, d->total,
          (double)done / (now - d->start + 1e-9));
}

/* Shared by all ranks: the next place in the phase's order, and volumes done. */
enum { NEXT, DONE, COUNTERS };

typedef struct {
  const ecd_context_t *ctx;
  const ecd_work_t *work;
  ecd_material_t *materials;
  display_t *display;
  ecd_counters_t *counters;
  MPI_Comm group;
  int rank, size; /* in the group */
  float *volume;  /* on the group's first rank */
} crew_t;

static ecd_code_t fill_sample(const ecd_source_file_t *file, ecd_grid_t *grid,
                              const ecd_frame_t *frame, const ecd_resample_report_t *report,
                              ecd_material_t *m, ecd_error_t *err) {
  ecd_sample_t *s = &m->sample;
  char formula[256], sha256[65];
  ECD_TRY(ecd_source_sha256(file, sha256, err));
  ecd_crystal_formula(&grid->crystal, formula, sizeof formula);
  s->id = strdup(file->id);
  s->formula = strdup(file->formula != NULL ? file->formula : formula);
  s->path = strdup(file->path);
  s->sha256 = strdup(sha256);
  if (s->id == NULL || s->formula == NULL || s->path == NULL || s->sha256 == NULL)
    return ecd_fail(err, ECD_FAILED, "out of memory: %s", file->path);
  s->bulk = file->bulk;
  s->shear = file->shear;
  s->crystal = grid->crystal; /* moved */
  memset(&grid->crystal, 0, sizeof grid->crystal);
  memcpy(s->cell, frame->cell, sizeof s->cell);
  memcpy(s->source_grid, grid->n, sizeof s->source_grid);
  s->integral_before = report->integral_before;
  s->integral_after = report->integral_after;
  s->negative = report->negative;
  s->minimum = report->minimum;
  s->maximum = report->maximum;
  m->space_group = frame->space_group;
  return ECD_OK;
}

/* The group's other ranks learn the grid's shape and its lattice. Collective over the group. */
static ecd_code_t share_shape(MPI_Comm group, ecd_grid_t *grid, ecd_error_t *err) {
  ECD_MPI(MPI_Bcast(grid->n, 3, MPI_INT64_T, 0, group));
  ECD_MPI(MPI_Bcast(grid->crystal.lattice, 9, MPI_DOUBLE, 0, group));
  return ECD_OK;
}

/* Reads and resamples material i; collective over the group. A bad file: ECD_DATA on all its ranks.
   */
static ecd_code_t make_volume(crew_t *crew, size_t i, ecd_grid_t *grid,
                              ecd_resample_report_t *report, int *ranks, ecd_error_t *err) {
  const ecd_work_t *work = crew->work;
  const ecd_preparation_t *p = work->preparation;
  ecd_code_t code = ECD_OK;
  if (crew->rank == 0)
    code = ecd_source_read(&work->sources->file[i], work->settings, p, grid, err);
  ECD_TRY(ecd_agree(crew->group, code, err));
  ECD_TRY(share_shape(crew->group, grid, err));
  /* A grid with fewer planes than the group has ranks is not worth spreading. */
  *ranks = grid->n[0] >= crew->size ? crew->size : 1;
  if (*ranks == 1 && crew->rank > 0) return ecd_agree(crew->group, ECD_OK, err);
  code = ecd_resample(*ranks > 1 ? crew->group : MPI_COMM_SELF, grid,
                      work->plan->item[i].frame.transform, p->method, p->grid, crew->volume, report,
                      err);
  return *ranks == 1 && crew->size > 1 ? ecd_agree(crew->group, code, err) : code;
}

static ecd_code_t make_material(crew_t *crew, size_t i, ecd_error_t *err) {
  const ecd_source_file_t *file = &crew->work->sources->file[i];
  ecd_material_t *m = &crew->materials[i];
  ecd_grid_t grid = {.value = NULL};
  ecd_resample_report_t report;
  const double start = ecd_now();
  int ranks;
  ecd_code_t code = make_volume(crew, i, &grid, &report, &ranks, err);
  if (crew->rank == 0 && code == ECD_OK)
    code = fill_sample(file, &grid, &crew->work->plan->item[i].frame, &report, m, err);
  if (crew->rank == 0 && code == ECD_OK) {
    m->state = ECD_MATERIAL_DONE;
    m->ranks = ranks;
    m->seconds = ecd_now() - start;
    code = crew->work->store(i, m, crew->volume, crew->work->arg, err);
  }
  ecd_grid_clear(&grid);
  if (code == ECD_DATA) code = crew->rank == 0 ? ecd_material_bad(m, err->text, err) : ECD_OK;
  if (code == ECD_FAILED && crew->rank == 0 && strstr(err->text, file->path) == NULL)
    ecd_fail_in(err, "%s", file->path);
  return ecd_agree(crew->group, code, err);
}

/* Takes places from the counter until none is left. Collective over the group. */
static ecd_code_t take_turns(crew_t *crew, const size_t *order, size_t count, ecd_error_t *err) {
  for (;;) {
    int64_t place = 0, done = 0;
    ecd_code_t code = ECD_OK;
    if (crew->rank == 0) code = ecd_counters_add(crew->counters, NEXT, 1, &place, err);
    ECD_TRY(ecd_agree(crew->group, code, err));
    ECD_MPI(MPI_Bcast(&place, 1, MPI_INT64_T, 0, crew->group));
    if (place >= (int64_t)count) return ECD_OK;
    code = make_material(crew, order[place], err);
    if (crew->rank == 0) {
      /* After a failure nobody starts another. */
      if (code != ECD_OK) ecd_counters_add(crew->counters, NEXT, (int64_t)count, &place, NULL);
      ecd_counters_add(crew->counters, DONE, 1, &done, NULL);
      show(crew->display, (size_t)done + 1);
    }
    if (code != ECD_OK) return code;
  }
}

/* All open grids of one group size. Collective over all ranks. */
static ecd_code_t run_phase(crew_t *crew, int group, const size_t *order, size_t count,
                            ecd_error_t *err) {
  const ecd_context_t *ctx = crew->ctx;
  const int64_t n = crew->work->preparation->grid;
  const int groups = ctx->size / group;
  int mine = 0;
  for (int64_t first, number; mine < groups; ++mine) {
    ecd_part(ctx->size, mine, groups, &first, &number);
    if (ctx->rank < first + number) break;
  }
  ECD_MPI(MPI_Comm_split(ctx->world, mine, ctx->rank, &crew->group));
  ECD_MPI(MPI_Comm_set_errhandler(crew->group, MPI_ERRORS_RETURN));
  ECD_MPI(MPI_Comm_rank(crew->group, &crew->rank));
  ECD_MPI(MPI_Comm_size(crew->group, &crew->size));
  ecd_code_t code = ECD_OK;
  if (crew->rank == 0)
    code =
        ecd_alloc((void **)&crew->volume, (size_t)(n * n * n), sizeof *crew->volume, "volume", err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK) code = take_turns(crew, order, count, err);
  code = ecd_agree(ctx->world, code, err);
  free(crew->volume);
  crew->volume = NULL;
  MPI_Comm_free(&crew->group);
  if (code != ECD_OK) return code;
  /* The next phase counts from its own start. */
  if (ctx->rank == 0) {
    int64_t before;
    const int64_t back = -(int64_t)count - groups;
    code = ecd_counters_add(crew->counters, NEXT, back, &before, err);
  }
  return ecd_agree(ctx->world, code, err);
}

typedef struct {
  int group;
  double points;
  size_t index;
} place_t;

/* Largest groups first, in them largest grids first; ties by place in the list. */
static int by_size(const void *a, const void *b) {
  const place_t *x = a, *y = b;
  if (x->group != y->group) return x->group > y->group ? -1 : 1;
  if (x->points != y->points) return x->points > y->points ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

static size_t sort_open(const ecd_plan_t *plan, place_t *place, size_t *order) {
  size_t open = 0;
  for (size_t i = 0; i < plan->count; ++i) {
    const ecd_plan_item_t *item = &plan->item[i];
    if (item->state == ECD_MATERIAL_OPEN)
      place[open++] =
          (place_t){item->group, (double)item->n[0] * (double)item->n[1] * (double)item->n[2], i};
  }
  qsort(place, open, sizeof *place, by_size);
  for (size_t k = 0; k < open; ++k) order[k] = place[k].index;
  return open;
}

static ecd_code_t run_phases(crew_t *crew, const place_t *place, const size_t *order, size_t open,
                             ecd_error_t *err) {
  ECD_TRY(ecd_counters_create(crew->ctx->world, COUNTERS, &crew->counters, err));
  ecd_code_t code = ECD_OK;
  for (size_t first = 0, end; code == ECD_OK && first < open; first = end) {
    for (end = first; end < open && place[end].group == place[first].group;) ++end;
    code = run_phase(crew, place[first].group, order + first, end - first, err);
  }
  ecd_counters_destroy(&crew->counters);
  return code;
}

ecd_code_t ecd_work_run(const ecd_context_t *ctx, const ecd_work_t *work, ecd_material_t *materials,
                        ecd_error_t *err) {
  place_t *place = NULL;
  size_t *order = NULL;
  const size_t count = work->plan->count;
  if (work->plan->open == 0) return ECD_OK;
  ecd_code_t code = ecd_alloc((void **)&place, count, sizeof *place, "plan", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&order, count, sizeof *order, "plan", err);
  code = ecd_agree(ctx->world, code, err);
  display_t display = {.ctx = ctx, .total = work->plan->open};
  display.start = display.last = ecd_now();
  display.bar = ecd_progress_create(ctx, "prep", "volumes", work->plan->open);
  crew_t crew = {.ctx = ctx, .work = work, .materials = materials, .display = &display};
  if (code == ECD_OK) {
    const size_t open = sort_open(work->plan, place, order);
    code = run_phases(&crew, place, order, open, err);
  }
  ecd_progress_destroy(&display.bar);
  free(place);
  free(order);
  return code;
}
