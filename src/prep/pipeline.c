#include "prep/pipeline.h"

#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "deck/deck.h"
#include "prep/existing.h"
#include "prep/parts.h"
#include "prep/share.h"
#include "prep/summary.h"
#include "prep/work.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const ecd_context_t *ctx;
  const ecd_settings_t *settings;
  ecd_preparation_t preparation;
  char dataset_path[ECD_PATH_MAX], folder[ECD_PATH_MAX]; /* of the parts */
  ecd_dataset_t *had;                                    /* the dataset that is added to, or NULL */
  ecd_sources_t sources;
  ecd_material_t *materials; /* [sources.count] */
  ecd_plan_t plan;
  ecd_sample_t *samples; /* of the new dataset; contents borrowed */
  size_t *from;          /* [samples] index in materials, or in had */
  size_t count, kept;    /* samples in all, taken over from had */
  int lock;              /* rank 0's, of the folder */
} run_t;

static ecd_code_t make_preparation(const ecd_prep_settings_t *s, ecd_preparation_t *p,
                                   ecd_error_t *err) {
  *p = (ecd_preparation_t){s->grid, s->field, s->cell, s->method, ""};
  if (strlen(s->code) >= sizeof p->code)
    return ecd_fail(err, ECD_USAGE, "prep.code: expected at most %zu characters, found '%s'",
                    sizeof p->code - 1, s->code);
  memcpy(p->code, s->code, strlen(s->code) + 1);
  return ECD_OK;
}

static ecd_code_t make_paths(run_t *run, ecd_error_t *err) {
  ECD_TRY(ecd_dataset_locate(run->settings, run->dataset_path, err));
  const size_t length = strlen(run->dataset_path);
  const bool suffix = length > 3 && strcmp(run->dataset_path + length - 3, ".h5") == 0;
  if (snprintf(run->folder, sizeof run->folder, "%.*s.parts", (int)(suffix ? length - 3 : length),
               run->dataset_path) < ECD_PATH_MAX - 80)
    return ECD_OK;
  return ecd_fail(err, ECD_USAGE, "path too long: %.80s...", run->dataset_path);
}

/* Rank 0 looks into the folders and reads the labels; all get the list. Collective. */
static ecd_code_t find_sources(run_t *run, ecd_error_t *err) {
  const ecd_prep_settings_t *s = &run->settings->prep;
  const char **known = NULL;
  ecd_code_t code = ECD_OK;
  if (run->ctx->rank == 0) {
    code = ecd_sources_find(s->files, s->plus, &run->sources, err);
    if (code == ECD_OK && run->had != NULL && s->append)
      code = ecd_existing_ids(run->had, &known, err);
    const ecd_label_options_t options = {s->labels, s->unlabelled, s->on_error == ECD_ON_ERROR_SKIP,
                                         known, known != NULL ? ecd_dataset_size(run->had) : 0};
    if (code == ECD_OK) code = ecd_sources_label(&run->sources, &options, err);
    free(known);
  }
  ECD_TRY(ecd_agree(run->ctx->world, code, err));
  return ecd_sources_share(run->ctx, &run->sources, err);
}

/* Opens a dataset that is there; one made with other settings is refused. Collective. */
static ecd_code_t open_existing(run_t *run, ecd_error_t *err) {
  int there = run->ctx->rank == 0 && ecd_file_exists(run->dataset_path);
  ECD_MPI(MPI_Bcast(&there, 1, MPI_INT, 0, run->ctx->world));
  if (!there) return ECD_OK;
  const ecd_code_t code = ecd_dataset_open(run->ctx, run->dataset_path, &run->had, err);
  if (code == ECD_DATA)
    return ecd_fail_in(err, "the output is there already, but it is no dataset to go on with "
                            "(remove it, or choose another output)");
  ECD_TRY(code);
  return ecd_existing_settings(run->had, &run->settings->prep, &run->preparation, err);
}

/* Ids that rejected.csv of the last call names. */
static bool rejected_before(const ecd_table_t *table, const char *id) {
  const int column = table != NULL ? ecd_table_column(table, "id") : -1;
  for (size_t row = 0; column >= 0 && row < ecd_table_rows(table); ++row)
    if (strcmp(ecd_table_text(table, row, column), id) == 0) return true;
  return false;
}

/* Without append: all files in the dataset (or rejected before, which skip allows) means done; else
   an error. */
static ecd_code_t judge_fresh(run_t *run, const bool *fresh, size_t count, ecd_error_t *err) {
  char path[ECD_PATH_MAX], list[600] = "";
  ecd_table_t *table = NULL;
  size_t new = 0;
  ECD_TRY(ecd_path_join(path, run->settings->output, "rejected.csv", err));
  if (run->settings->prep.on_error == ECD_ON_ERROR_SKIP) ecd_table_read(path, &table, NULL);
  for (size_t i = 0; i < count; ++i) {
    const char *id = run->sources.file[i].id;
    if (!fresh[i] || rejected_before(table, id)) continue;
    const size_t have = strlen(list);
    ++new;
    if (have < sizeof list - 100) snprintf(list + have, sizeof list - have, " %.60s", id);
  }
  ecd_table_destroy(&table);
  if (new == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "%s is there, but lacks %zu of the %zu materials:%s; add them with --append "
                  "(prep.append: true), or remove it to make it anew",
                  run->dataset_path, new, count, list);
}

/* *done: the dataset holds all there is to do. Collective. */
static ecd_code_t compare_existing(run_t *run, bool *done, ecd_error_t *err) {
  const bool append = run->settings->prep.append;
  const size_t count = run->sources.count;
  bool *fresh;
  *done = false;
  if (run->had == NULL) return ECD_OK;
  ecd_code_t code = ecd_alloc((void **)&fresh, count, sizeof *fresh, "comparison", err);
  code = ecd_agree(run->ctx->world, code, err);
  if (code == ECD_OK)
    code = ecd_existing_compare(run->ctx, run->had, &run->sources, append, fresh, err);
  if (code == ECD_OK && !append) {
    if (run->ctx->rank == 0) code = judge_fresh(run, fresh, count, err);
    code = ecd_agree(run->ctx->world, code, err);
    *done = code == ECD_OK;
  } else if (code == ECD_OK) {
    ecd_sources_keep(&run->sources, fresh);
    *done = run->sources.count == 0;
  }
  free(fresh);
  if (*done) {
    if (run->ctx->rank == 0 && ecd_parts_lock(run->folder, &run->lock, NULL) == ECD_OK)
      ecd_parts_remove(run->folder);
    ecd_log(run->ctx,
            "prep: %s is complete: %zu samples of these files and settings; nothing to do",
            run->dataset_path, ecd_dataset_size(run->had));
  }
  return code;
}

static double volume_bytes(const run_t *run) {
  const double n = (double)run->preparation.grid;
  return 4 * n * n * n;
}

/* Says what will be done and what it takes; ECD_FAILED if the disk is too small. Collective. */
static ecd_code_t announce(run_t *run, ecd_error_t *err) {
  const ecd_plan_t *plan = &run->plan;
  const ecd_context_t *ctx = run->ctx;
  const size_t had = run->had != NULL ? ecd_dataset_size(run->had) : 0;
  const double parts = volume_bytes(run) * (double)plan->open,
               dataset = volume_bytes(run) * (double)(plan->open + plan->finished + had),
               needed = 1.01 * (parts + dataset) + 1e6;
  double available = ctx->rank == 0 ? ecd_disk_free(run->dataset_path) : 0;
  ECD_MPI(MPI_Bcast(&available, 1, MPI_DOUBLE, 0, ctx->world));
  ecd_log(ctx, "prep: %zu files, %.3g MB; %zu volumes of %lld^3 to make on %d rank%s%s",
          plan->count, plan->bytes * 1e-6, plan->open, (long long)run->preparation.grid, ctx->size,
          ctx->size == 1 ? "" : "s", had > 0 ? ", to add to the dataset" : "");
  if (plan->finished > 0)
    ecd_log(ctx, "prep: %zu volumes are there from an earlier call", plan->finished);
  if (plan->group_most > 1)
    ecd_log(ctx, "prep: groups of up to %d ranks share the large grids", plan->group_most);
  ecd_log(ctx,
          "prep: memory: at most %.3g MB a rank; disk: %.3g MB (%.3g MB of it until the dataset is "
          "written), %.3g GB free",
          plan->memory * 1e-6, needed * 1e-6, parts * 1e-6, available * 1e-9);
  if (needed <= available) return ECD_OK;
  return ecd_fail(err, ECD_FAILED,
                  "%s: expected %.4g MB of free disk for %zu volumes, found %.4g MB; nothing was "
                  "read",
                  run->dataset_path, needed * 1e-6, plan->open, available * 1e-6);
}

static ecd_code_t store_part(size_t i, const ecd_material_t *material, const float *volume,
                             void *arg, ecd_error_t *err) {
  const run_t *run = arg;
  const size_t n = (size_t)run->preparation.grid;
  return ecd_part_write(run->folder, run->plan.item[i].key, material, n * n * n, volume, err);
}

/* rejected.csv, by rank 0. Collective. */
static ecd_code_t write_rejects(const run_t *run, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_code_t code = ecd_path_join(path, run->settings->output, "rejected.csv", err);
  if (code == ECD_OK && run->ctx->rank == 0)
    code = ecd_summary_rejects(path, &run->sources, run->materials, err);
  return ecd_agree(run->ctx->world, code, err);
}

static ecd_code_t refuse_bad(const run_t *run, size_t bad, ecd_error_t *err) {
  const size_t files = run->sources.count;
  char kept[ECD_PATH_MAX + 80] = "";
  if (bad < files)
    snprintf(kept, sizeof kept, " (the good ones are kept in %s and not done again)", run->folder);
  return ecd_fail(err, ECD_DATA,
                  "%zu of %zu files are bad, each listed above; no dataset was written. Repair or "
                  "remove them and run again%s, or leave them out with prep.on_error: skip",
                  bad, files, kept);
}

/* Bad files are listed line by line; stop makes them an error. All ranks know all materials.
   Collective. */
static ecd_code_t judge_bad(const run_t *run, ecd_error_t *err) {
  size_t bad = 0;
  const size_t files = run->sources.count;
  for (size_t i = 0; i < files; ++i) {
    if (run->materials[i].state != ECD_MATERIAL_BAD) continue;
    ++bad;
    ecd_log(run->ctx, "prep: bad: %s", run->materials[i].reason);
  }
  if (bad == 0 && run->sources.rejects == 0) return ECD_OK;
  if (run->settings->prep.on_error != ECD_ON_ERROR_SKIP) return refuse_bad(run, bad, err);
  if (bad == files) ECD_TRY(write_rejects(run, err)); /* else with the dataset */
  ecd_warn(run->ctx, "%zu materials are left out; %s/rejected.csv says why",
           bad + run->sources.rejects, run->settings->output);
  return bad < files ? ECD_OK
                     : ecd_fail(err, ECD_DATA,
                                "all %zu files are bad, see above; no dataset was written", files);
}

static ecd_code_t list_samples(run_t *run, ecd_error_t *err) {
  run->kept = run->had != NULL ? ecd_dataset_size(run->had) : 0;
  const size_t most = run->kept + run->sources.count;
  ECD_TRY(ecd_alloc((void **)&run->samples, most, sizeof *run->samples, "samples", err));
  ECD_TRY(ecd_alloc((void **)&run->from, most, sizeof *run->from, "samples", err));
  for (size_t i = 0; i < run->kept; ++i, ++run->count) {
    run->samples[i] = *ecd_dataset_sample(run->had, i);
    run->from[i] = i;
  }
  for (size_t i = 0; i < run->sources.count; ++i) {
    if (run->materials[i].state != ECD_MATERIAL_DONE) continue;
    run->samples[run->count] = run->materials[i].sample;
    run->from[run->count++] = i;
  }
  return ECD_OK;
}

static ecd_code_t fetch(size_t i, float *volume, void *arg, ecd_error_t *err) {
  const run_t *run = arg;
  const size_t n = (size_t)run->preparation.grid, at = run->from[i];
  if (i < run->kept) return ecd_dataset_read_volume(run->had, at, volume, err);
  if (ecd_part_read(run->folder, run->plan.item[at].key, n * n * n, NULL, volume)) return ECD_OK;
  return ecd_fail(err, ECD_FAILED, "the finished volume of %s in %s is damaged or gone; run again",
                  run->samples[i].id, run->folder);
}

static ecd_code_t write_tables(const run_t *run, const char *deck, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  const char *output = run->settings->output;
  ecd_output_t *file;
  ECD_TRY(ecd_path_join(path, output, "rejected.csv", err));
  ECD_TRY(ecd_summary_rejects(path, &run->sources, run->materials, err));
  ECD_TRY(ecd_path_join(path, output, "prep-summary.csv", err));
  ECD_TRY(ecd_summary_write(path, run->had, run->materials, run->sources.count, err));
  ECD_TRY(ecd_path_join(path, output, "deck.yaml", err));
  ECD_TRY(ecd_output_open(path, &file, err));
  fputs(deck, ecd_output_stream(file));
  return ecd_output_commit(&file, err);
}

/* Tables first: once the dataset has its name, nothing is missing. Collective. */
static ecd_code_t write_all(run_t *run, ecd_error_t *err) {
  char *deck = NULL;
  ecd_code_t code = ecd_deck_text(run->settings, &deck, err);
  if (code == ECD_OK) code = list_samples(run, err);
  if (code == ECD_OK && run->ctx->rank == 0) code = write_tables(run, deck, err);
  code = ecd_agree(run->ctx->world, code, err);
  if (code == ECD_OK)
    code = ecd_dataset_write(run->ctx, run->dataset_path, deck, &run->preparation, run->samples,
                             run->count, fetch, run, err);
  if (code == ECD_OK && run->ctx->rank == 0) ecd_parts_remove(run->folder);
  free(deck);
  return code;
}

/* Reads, resamples and keeps all that is open; then all ranks know all materials. Collective. */
static ecd_code_t make_volumes(run_t *run, ecd_error_t *err) {
  const ecd_settings_t *s = run->settings;
  ecd_code_t code = ECD_OK;
  if (run->ctx->rank == 0) code = ecd_make_folder(s->output, err);
  if (run->ctx->rank == 0 && code == ECD_OK) code = ecd_make_folder(run->folder, err);
  if (run->ctx->rank == 0 && code == ECD_OK) code = ecd_parts_lock(run->folder, &run->lock, err);
  code = ecd_agree(run->ctx->world, code, err);
  const ecd_work_t work = {&s->prep, &run->preparation, &run->sources, &run->plan, store_part, run};
  if (code == ECD_OK) code = ecd_work_run(run->ctx, &work, run->materials, err);
  if (code == ECD_OK) code = ecd_materials_share(run->ctx, run->materials, run->sources.count, err);
  return code;
}

static ecd_code_t run_all(run_t *run, ecd_error_t *err) {
  const ecd_context_t *ctx = run->ctx;
  const double start = ecd_now();
  bool done;
  ECD_TRY(make_preparation(&run->settings->prep, &run->preparation, err));
  ECD_TRY(make_paths(run, err));
  ECD_TRY(open_existing(run, err));
  ECD_TRY(find_sources(run, err));
  ECD_TRY(compare_existing(run, &done, err));
  if (done) return ECD_OK;
  ecd_code_t code = ecd_alloc((void **)&run->materials, run->sources.count, sizeof *run->materials,
                              "materials", err);
  ECD_TRY(ecd_agree(ctx->world, code, err));
  ECD_TRY(ecd_plan_make(ctx, &run->settings->prep, &run->preparation, &run->sources, run->folder,
                        run->materials, &run->plan, err));
  ECD_TRY(announce(run, err));
  ECD_TRY(make_volumes(run, err));
  const double made = ecd_now();
  ECD_TRY(judge_bad(run, err));
  ECD_TRY(write_all(run, err));
  ecd_summary_print(ctx, run->materials, run->sources.count, &run->preparation);
  ecd_log(ctx, "prep: %s: %zu samples; %.3g s to read and resample, %.3g s to write",
          run->dataset_path, run->count, made - start, ecd_now() - made);
  return ECD_OK;
}

ecd_code_t ecd_prep_run(const ecd_context_t *ctx, const ecd_settings_t *settings,
                        ecd_error_t *err) {
  run_t *run;
  ECD_TRY(ecd_agree(ctx->world, ecd_alloc((void **)&run, 1, sizeof *run, "prep", err), err));
  run->ctx = ctx;
  run->settings = settings;
  run->lock = -1;
  const ecd_code_t code = run_all(run, err);
  for (size_t i = 0; run->materials != NULL && i < run->sources.count; ++i)
    ecd_material_clear(&run->materials[i]);
  free(run->materials);
  free(run->samples);
  free(run->from);
  ecd_plan_clear(&run->plan);
  ecd_sources_clear(&run->sources);
  ecd_dataset_close(&run->had);
  if (code != ECD_OK) ecd_parts_leave(run->folder, &run->lock);
  ecd_file_unlock(&run->lock);
  free(run);
  return code;
}
