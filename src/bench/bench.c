#include "bench/bench.h"

#include "base/log.h"
#include "base/table.h"
#include "bench/cost.h"
#include "bench/farm.h"
#include "bench/pieces.h"
#include "bench/scores.h"
#include "bench/state.h"
#include "bench/tables.h"
#include "train/folder.h"

#include <math.h>
#include <string.h>

static void print_seconds(double seconds, char *text, size_t size) {
  if (seconds < 120)
    snprintf(text, size, "%.3g s", seconds);
  else if (seconds < 7200)
    snprintf(text, size, "%.3g min", seconds / 60);
  else
    snprintf(text, size, "%.3g h", seconds / 3600);
}

static void count_states(const ecd_bench_t *b, size_t count[3]) {
  memset(count, 0, 3 * sizeof *count);
  for (size_t i = 0; i < b->count; ++i) ++count[b->piece[i].state];
}

/* ---- Dry run ---- */

static void print_plan(const ecd_context_t *ctx, const ecd_bench_t *b, int groups) {
  double total = 0;
  char one[40], all[40];
  printf("%-40s %7s %7s  %s\n", "piece, in the order of the work", "train", "test",
         "estimated time");
  for (size_t k = 0; k < b->count; ++k) {
    const ecd_piece_t *p = &b->piece[b->order[k]];
    const bool open = p->state == ECD_PIECE_OPEN;
    print_seconds(p->cost, one, sizeof one);
    printf("%-40s %7zu %7zu  %s\n", p->name, p->train, p->test,
           open                           ? one
           : p->state == ECD_PIECE_FAILED ? "failed"
                                          : "done");
    if (open) total += p->cost;
  }
  print_seconds(total, one, sizeof one);
  print_seconds(ecd_cost_span(b, (size_t)groups, 1), all, sizeof all);
  printf("%zu pieces: %s of training, about %s on %d ranks in %d groups, reading not included\n",
         b->count, one, all, ctx->size, groups);
}

static ecd_code_t dry_run(const ecd_context_t *ctx, ecd_bench_t *b, ecd_error_t *err) {
  ecd_context_t *group;
  int groups, mine;
  ecd_code_t code = ecd_farm_group(ctx, ecd_cost_ranks(b, ctx->size), &group, &groups, &mine, err);
  if (code == ECD_OK) code = ecd_cost_measure(ctx, group, b, err);
  ecd_context_destroy(&group);
  if (code == ECD_OK && ctx->rank == 0) print_plan(ctx, b, groups);
  return code;
}

/* ---- Status ---- */

static void print_piece(const ecd_bench_t *b, size_t i) {
  const ecd_piece_t *p = &b->piece[i];
  const ecd_piece_record_t r = ecd_state_read(b, i);
  ecd_metrics_t m;
  ecd_error_t why;
  printf("%-40s ", p->name);
  if (p->state == ECD_PIECE_FAILED)
    printf("failed: %.*s\n", (int)strcspn(r.message, "\n"), r.message);
  else if (p->state == ECD_PIECE_OPEN && r.epochs > 0)
    printf("begun, %lld of %lld epochs\n", (long long)r.epochs,
           (long long)b->models.model[p->model].settings->train.epochs);
  else if (p->state == ECD_PIECE_OPEN)
    printf("open\n");
  else if (ecd_piece_metrics(b, i, &m, &why) != ECD_OK)
    printf("done, but %s\n", why.text);
  else
    printf("done: R2 %.4f, RMSE %.4g GPa, MAE %.4g GPa, %.3g s on %d ranks\n", m.r2, m.rmse, m.mae,
           r.seconds, r.ranks);
}

/* The rest at the speed of what is done: what open pieces cost more than finished ones. */
static void print_rest(const ecd_bench_t *b) {
  double spent = 0, cost = 0, left = 0;
  char text[40];
  for (size_t i = 0; i < b->count; ++i) {
    const ecd_piece_record_t r = ecd_state_read(b, i);
    if (b->piece[i].state == ECD_PIECE_OPEN) left += b->piece[i].cost;
    if (b->piece[i].state != ECD_PIECE_DONE || isnan(r.seconds)) continue;
    spent += r.seconds;
    cost += b->piece[i].cost;
  }
  if (left == 0 || cost == 0) return;
  print_seconds(left * spent / cost, text, sizeof text);
  printf("about %s of training are left, by the speed so far\n", text);
}

static void print_status(const ecd_bench_t *b) {
  size_t count[3];
  for (size_t i = 0; i < b->count; ++i) print_piece(b, i);
  count_states(b, count);
  printf("%zu pieces: %zu done, %zu failed, %zu to do\n", b->count, count[ECD_PIECE_DONE],
         count[ECD_PIECE_FAILED], count[ECD_PIECE_OPEN]);
  print_rest(b);
}

/* ---- Tables ---- */

static void write_piece_row(FILE *file, const ecd_bench_t *b, size_t i) {
  static const char *const states[] = {"open", "done", "failed"};
  const ecd_piece_t *p = &b->piece[i];
  const ecd_piece_record_t r = ecd_state_read(b, i);
  ecd_metrics_t m = {0, NAN, NAN, NAN};
  if (p->state == ECD_PIECE_DONE && ecd_piece_metrics(b, i, &m, NULL) != ECD_OK)
    m = (ecd_metrics_t){0, NAN, NAN, NAN};
  ecd_table_write_text(file, p->name, ',');
  ecd_table_write_text(file, b->models.model[p->model].name, ',');
  fprintf(file, "%s,%s,%zu,%s,%zu,%zu,", ecd_target_names[p->target],
          b->protocol.holdout[p->holdout].name, p->repeat, states[p->state], p->train, p->test);
  ecd_table_write_number(file, m.r2, ',');
  ecd_table_write_number(file, m.rmse, ',');
  ecd_table_write_number(file, m.mae, ',');
  ecd_table_write_number(file, r.seconds, ',');
  fprintf(file, "%d,", r.ranks);
  ecd_table_write_text(file, r.message, '\n');
}

static ecd_code_t write_pieces(const ecd_bench_t *b, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(ecd_path_join(path, b->settings->output, "pieces.csv", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  fprintf(ecd_output_stream(output), "piece,model,target,held_out,repeat,state,train,test,r2,rmse,"
                                     "mae,seconds,ranks,message\n");
  for (size_t i = 0; i < b->count; ++i) write_piece_row(ecd_output_stream(output), b, i);
  return ecd_output_commit(&output, err);
}

/* Rank 0. */
static ecd_code_t write_all(const ecd_context_t *ctx, const ecd_bench_t *b, const char *name,
                            ecd_error_t *err) {
  ecd_scores_t scores;
  ecd_code_t code = ecd_scores_create(b, &scores, err);
  if (code == ECD_OK) code = ecd_tables_write(b, &scores, name, err);
  if (code == ECD_OK) code = ecd_scores_write(ctx, b, &scores, err);
  if (code == ECD_OK) code = write_pieces(b, err);
  ecd_scores_clear(&scores);
  if (code == ECD_OK)
    ecd_log(ctx, "tables: %s/tables/%s.md, .tex and .csv", b->settings->output, name);
  return code;
}

static ecd_code_t tables(const ecd_context_t *ctx, const ecd_bench_t *b, const ecd_layers_t *layers,
                         ecd_error_t *err) {
  char name[200] = "bench";
  if (layers->deck[0] != '\0') ecd_deck_stem(layers->deck, name, sizeof name);
  return ecd_agree(ctx->world, ctx->rank == 0 ? write_all(ctx, b, name, err) : ECD_OK, err);
}

/* ---- The benchmark ---- */

static ecd_code_t list_failures(const ecd_bench_t *b, ecd_error_t *err) {
  size_t failed = 0;
  char text[4096] = "";
  for (size_t i = 0; i < b->count; ++i) {
    if (b->piece[i].state != ECD_PIECE_FAILED) continue;
    const ecd_piece_record_t r = ecd_state_read(b, i);
    const size_t have = strlen(text);
    ++failed;
    if (sizeof text - have > 600)
      snprintf(text + have, sizeof text - have, "\n  %s: %.*s", b->piece[i].name,
               (int)(strcspn(r.message, "\n") < 500 ? strcspn(r.message, "\n") : 500), r.message);
  }
  if (failed == 0) return ECD_OK;
  return ecd_fail(err, ECD_FAILED, "%zu of %zu pieces failed; --retry runs them again:%s", failed,
                  b->count, text);
}

/* A word as a shell takes it. */
static void put_word(FILE *file, const char *word) {
  static const char plain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@";
  if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
    fputs(word, file);
    return;
  }
  fputc('\'', file);
  for (; *word != '\0'; ++word) fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, file);
  fputc('\'', file);
}

/* OUTPUT/command.txt: how the work was called, as deck.yaml names no decks of models. */
static ecd_code_t write_command(const ecd_bench_t *b, const ecd_layers_t *layers,
                                ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(ecd_path_join(path, b->settings->output, "command.txt", err));
  ECD_TRY(ecd_output_open(path, &output, err));
  FILE *file = ecd_output_stream(output);
  fputs("ecdnet bench", file);
  if (layers->deck[0] != '\0') {
    fputc(' ', file);
    put_word(file, layers->deck);
  }
  for (int i = 0; i < layers->overrides; ++i) {
    fputs(" -o ", file);
    put_word(file, layers->override[i]);
  }
  fputc('\n', file);
  return ecd_output_commit(&output, err);
}

/* Rank 0, before the work. */
static ecd_code_t write_plan(const ecd_bench_t *b, const ecd_layers_t *layers, ecd_error_t *err) {
  size_t count[3];
  count_states(b, count);
  ECD_TRY(ecd_protocol_write(&b->protocol, b->settings->output, err));
  if (count[ECD_PIECE_OPEN] > 0) ECD_TRY(write_command(b, layers, err));
  return ecd_folder_write_deck(b->settings->output, b->settings, err);
}

/* The folder is this run's. */
static ecd_code_t work(const ecd_context_t *ctx, ecd_bench_t *b, const ecd_layers_t *layers,
                       ecd_error_t *err) {
  ECD_TRY(ecd_state_scan(ctx, b, b->settings->bench.retry, err));
  ECD_TRY(ecd_agree(ctx->world, ctx->rank == 0 ? write_plan(b, layers, err) : ECD_OK, err));
  const ecd_code_t code = ecd_farm_run(ctx, b, err);
  if (code == ECD_STOPPED) {
    size_t count[3];
    count_states(b, count);
    ecd_log(ctx, "stopped by a signal: %zu of %zu pieces are done; run the same again to go on",
            count[ECD_PIECE_DONE], b->count);
    return code;
  }
  ECD_TRY(code);
  ECD_TRY(tables(ctx, b, layers, err));
  return ecd_agree(ctx->world, ctx->rank == 0 ? list_failures(b, err) : ECD_OK, err);
}

static ecd_code_t work_alone(const ecd_context_t *ctx, ecd_bench_t *b, const ecd_layers_t *layers,
                             ecd_error_t *err) {
  int lock;
  ecd_code_t code = ecd_folder_take(ctx, b->settings->output, &lock, err);
  if (code == ECD_OK) code = work(ctx, b, layers, err);
  ecd_folder_leave(b->settings->output, &lock);
  return code;
}

static ecd_code_t run(const ecd_context_t *ctx, ecd_bench_t *b, const ecd_settings_t *settings,
                      const ecd_layers_t *layers, ecd_bench_mode_t mode, ecd_error_t *err) {
  ECD_TRY(ecd_bench_create(ctx, settings, layers, b, err));
  if (mode == ECD_BENCH_RUN) return work_alone(ctx, b, layers, err);
  ECD_TRY(ecd_state_scan(ctx, b, settings->bench.retry, err));
  switch (mode) {
  case ECD_BENCH_RUN:
    break;
  case ECD_BENCH_DRY_RUN:
    return dry_run(ctx, b, err);
  case ECD_BENCH_STATUS:
    if (ctx->rank == 0) print_status(b);
    return ECD_OK;
  case ECD_BENCH_TABLES:
    return tables(ctx, b, layers, err);
  }
  return ECD_OK;
}

ecd_code_t ecd_bench_run(const ecd_context_t *ctx, ecd_settings_t *settings,
                         const ecd_layers_t *layers, ecd_bench_mode_t mode, ecd_error_t *err) {
  ecd_bench_t bench = {0};
  ecd_bench_scale(layers, &settings->bench);
  const ecd_code_t code = run(ctx, &bench, settings, layers, mode, err);
  ecd_bench_clear(&bench);
  return code;
}
