#include "bench/tables.h"

#include "base/table.h"
#include "base/version.h"
#include "bench/published.h"
#include "deck/keys.h"

#include <math.h>
#include <string.h>

static const char *kind_of(const ecd_bench_t *b, size_t model) {
  return ecd_model_names[b->models.model[model].settings->model.kind];
}

const char *ecd_model_label(const ecd_bench_t *b, size_t model) {
  const bool trained = b->models.model[model].trained != NULL;
  const char *label = trained ? NULL : ecd_published_label(kind_of(b, model));
  for (size_t m = 0; m < b->models.count; ++m)
    if (m != model && strcmp(kind_of(b, m), kind_of(b, model)) == 0) label = NULL;
  return label != NULL ? label : b->models.model[model].name;
}

/* As a table shows them: what differs only behind the last digit is equal. */
static bool better(double r2, double rmse, double than_r2, double than_rmse) {
  const double a = round(r2 * 1000), b = round(than_r2 * 1000);
  return a != b ? a > b : rmse < than_rmse;
}

/* Whether all models of a row are averages of as many repeats. */
static bool same_repeats(const ecd_scores_t *s, size_t row) {
  for (size_t m = 1; m < s->models; ++m)
    if (ecd_scores_get(s, row, m)->repeats != ecd_scores_get(s, row, 0)->repeats) return false;
  return true;
}

size_t ecd_scores_best(const ecd_scores_t *s, size_t row) {
  size_t best = 0;
  for (size_t m = 0; m < s->models; ++m) {
    const ecd_metrics_t *a = &ecd_scores_get(s, row, m)->average,
                        *b = &ecd_scores_get(s, row, best)->average;
    if (a->n == 0 || isnan(a->r2) || !same_repeats(s, row)) return s->models;
    if (better(a->r2, a->rmse, b->r2, b->rmse)) best = m;
  }
  return best;
}

static const ecd_published_t *published(const ecd_bench_t *b, const ecd_row_t *row, size_t model) {
  return ecd_published_find(b->protocol.kind, row->element, row->target, kind_of(b, model));
}

/* The article's best among the models of the table; models where it has fewer than two of them. */
static size_t published_best(const ecd_bench_t *b, const ecd_row_t *row) {
  const ecd_published_t *best = NULL;
  size_t found = b->models.count, count = 0;
  for (size_t m = 0; m < b->models.count; ++m) {
    const ecd_published_t *p = published(b, row, m);
    if (p == NULL) continue;
    ++count;
    if (best != NULL && !better(p->r2, p->rmse, best->r2, best->rmse)) continue;
    best = p;
    found = m;
  }
  return count > 1 ? found : b->models.count;
}

/* ---- One table in Markdown or LaTeX ---- */

typedef struct {
  const ecd_bench_t *bench;
  const ecd_scores_t *scores;
  FILE *file;
  bool tex;
} writer_t;

/* Text with what LaTeX or Markdown take for a mark escaped. */
static void put_text(const writer_t *w, const char *text) {
  for (; *text != '\0'; ++text) {
    if (strchr(w->tex ? "&%$#_{}" : "|*_<\\", *text) != NULL) fputc('\\', w->file);
    fputc(*text, w->file);
  }
}

static void begin_row(const writer_t *w) { fputs(w->tex ? "" : "|", w->file); }

static void put_cell(const writer_t *w, const char *text, bool bold, bool last) {
  if (w->tex)
    fprintf(w->file, bold ? "\\textbf{%s}%s" : "%s%s", text, last ? " \\\\\n" : " & ");
  else
    fprintf(w->file, bold ? " **%s** |%s" : " %s |%s", text, last ? "\n" : "");
}

static void put_label(const writer_t *w, const char *text, bool last) {
  fputs(w->tex ? "" : " ", w->file);
  put_text(w, text);
  fputs(w->tex ? (last ? " \\\\\n" : " & ") : (last ? " |\n" : " |"), w->file);
}

static void begin_table(const writer_t *w, const char *first) {
  const size_t columns = w->bench->models.count;
  if (w->tex) {
    fprintf(w->file, "\\begin{tabular}{lr");
    for (size_t m = 0; m < columns; ++m) fputc('r', w->file);
    fprintf(w->file, "}\n\\toprule\n");
  }
  begin_row(w);
  put_label(w, first, false);
  put_label(w, "n", false);
  for (size_t m = 0; m < columns; ++m) put_label(w, ecd_model_label(w->bench, m), m + 1 == columns);
  if (w->tex) {
    fprintf(w->file, "\\midrule\n");
    return;
  }
  fprintf(w->file, "|---|---:|");
  for (size_t m = 0; m < columns; ++m) fprintf(w->file, "---:|");
  fputc('\n', w->file);
}

static void end_table(const writer_t *w) {
  fputs(w->tex ? "\\bottomrule\n\\end{tabular}\n\n" : "\n", w->file);
}

/* A row's label and its number of materials, where what follows is ours. */
static void name_row(const writer_t *w, const ecd_row_t *row, const char *what, bool ours) {
  char name[80], count[30] = "";
  snprintf(name, sizeof name, "%s%s%s%s", row->element, row->element[0] != '\0' ? " " : "",
           ecd_target_names[row->target], what);
  if (ours) snprintf(count, sizeof count, "%zu", row->tested);
  begin_row(w);
  put_label(w, name, false);
  put_cell(w, count, false, false);
}

static void print_pair(char *text, size_t size, double r2, double rmse) {
  if (isnan(rmse))
    snprintf(text, size, "-");
  else if (isnan(r2))
    snprintf(text, size, "- / %.3f", rmse);
  else
    snprintf(text, size, "%.3f / %.3f", r2, rmse);
}

/* A number of ours, with how many repeats it stands on where some are missing. */
static void mark_repeats(const writer_t *w, const ecd_score_t *score, char *text, size_t size) {
  const int64_t all = w->bench->settings->bench.repeats;
  const size_t used = strlen(text);
  if (score->repeats > 0 && (int64_t)score->repeats < all)
    snprintf(text + used, size - used, " (%zu of %lld)", score->repeats, (long long)all);
}

static bool has_published(const writer_t *w, const ecd_row_t *row) {
  for (size_t m = 0; m < w->bench->models.count; ++m)
    if (published(w->bench, row, m) != NULL) return true;
  return false;
}

static void write_published_row(const writer_t *w, const ecd_row_t *row) {
  const size_t columns = w->bench->models.count, best = published_best(w->bench, row);
  name_row(w, row, ", article", false);
  for (size_t m = 0; m < columns; ++m) {
    const ecd_published_t *p = published(w->bench, row, m);
    char text[80];
    print_pair(text, sizeof text, p != NULL ? p->r2 : NAN, p != NULL ? p->rmse : NAN);
    put_cell(w, text, m == best, m + 1 == columns);
  }
}

/* R2 and RMSE, ours and the article's; how often each model is best. */
static void write_main_table(const writer_t *w) {
  const ecd_scores_t *s = w->scores;
  size_t ours[ECD_TEXTS_MAX] = {0}, article[ECD_TEXTS_MAX] = {0}, rows = 0, article_rows = 0;
  begin_table(w, "R2 / RMSE (GPa)");
  for (size_t r = 0; r < s->rows; ++r) {
    const size_t best = ecd_scores_best(s, r), theirs = published_best(w->bench, &s->row[r]);
    name_row(w, &s->row[r], "", true);
    for (size_t m = 0; m < s->models; ++m) {
      const ecd_score_t *score = ecd_scores_get(s, r, m);
      const ecd_metrics_t *a = &score->average;
      char text[120];
      print_pair(text, sizeof text, a->n > 0 ? a->r2 : NAN, a->n > 0 ? a->rmse : NAN);
      mark_repeats(w, score, text, sizeof text);
      put_cell(w, text, m == best && s->models > 1, m + 1 == s->models);
    }
    if (has_published(w, &s->row[r])) write_published_row(w, &s->row[r]);
    if (best < s->models) ++ours[best], ++rows;
    if (theirs < s->models) ++article[theirs], ++article_rows;
  }
  for (int which = 0; which < 2 && s->models > 1; ++which) {
    char text[80];
    const size_t of = which == 0 ? rows : article_rows;
    if (of == 0) continue;
    snprintf(text, sizeof text, "best of %zu rows%s", of, which == 0 ? "" : ", article");
    begin_row(w);
    put_label(w, text, false);
    put_cell(w, "", false, false);
    for (size_t m = 0; m < s->models; ++m) {
      snprintf(text, sizeof text, "%zu", (which == 0 ? ours : article)[m]);
      put_cell(w, text, false, m + 1 == s->models);
    }
  }
  end_table(w);
}

static void write_mae_table(const writer_t *w) {
  const ecd_scores_t *s = w->scores;
  begin_table(w, "MAE (GPa)");
  for (size_t r = 0; r < s->rows; ++r) {
    double least = INFINITY;
    bool whole = same_repeats(s, r);
    for (size_t m = 0; m < s->models; ++m) {
      const ecd_metrics_t *a = &ecd_scores_get(s, r, m)->average;
      whole = whole && a->n > 0;
      if (a->n > 0 && a->mae < least) least = a->mae;
    }
    name_row(w, &s->row[r], "", true);
    for (size_t m = 0; m < s->models; ++m) {
      const ecd_score_t *score = ecd_scores_get(s, r, m);
      const ecd_metrics_t *a = &score->average;
      char text[120] = "-";
      if (a->n > 0) snprintf(text, sizeof text, "%.3f", a->mae);
      mark_repeats(w, score, text, sizeof text);
      put_cell(w, text, whole && s->models > 1 && a->mae <= least, m + 1 == s->models);
    }
  }
  end_table(w);
}

static void write_spread_table(const writer_t *w) {
  static const char *const names[] = {", R2", ", RMSE (GPa)", ", MAE (GPa)"};
  const ecd_scores_t *s = w->scores;
  begin_table(w, "mean and deviation of the repeats");
  for (size_t r = 0; r < s->rows; ++r)
    for (int k = 0; k < 3; ++k) {
      name_row(w, &s->row[r], names[k], true);
      for (size_t m = 0; m < s->models; ++m) {
        const ecd_score_t *c = ecd_scores_get(s, r, m);
        const double mean = k == 0   ? c->mean.r2
                            : k == 1 ? c->mean.rmse
                                     : c->mean.mae,
                     deviation = k == 0   ? c->deviation.r2
                                 : k == 1 ? c->deviation.rmse
                                          : c->deviation.mae;
        char text[80] = "-";
        if (c->repeats > 1)
          snprintf(text, sizeof text, w->tex ? "$%.3f \\pm %.3f$" : "%.3f +- %.3f", mean,
                   deviation);
        put_cell(w, text, false, m + 1 == s->models);
      }
    }
  end_table(w);
}

/* ---- Files ---- */

static void describe(const ecd_bench_t *b, char *text, size_t size) {
  const ecd_bench_settings_t *s = &b->settings->bench;
  const size_t n = b->protocol.holdouts;
  int used = 0;
  if (b->protocol.kind == ECD_PROTOCOL_KFOLD)
    used = snprintf(text, size,
                    "%zu-fold cross-validation, the held-out predictions of all folds together", n);
  if (b->protocol.kind == ECD_PROTOCOL_LOEO)
    used = snprintf(text, size, "Leave one element out, %zu elements", n);
  if (b->protocol.kind == ECD_PROTOCOL_EXTERNAL) {
    char large[80] = "";
    if (s->max_atoms > 0)
      snprintf(large, sizeof large, ", %zu with more than %lld atoms", b->protocol.external.large,
               (long long)s->max_atoms);
    used = snprintf(text, size,
                    "External validation on %zu materials of %s (dropped: %zu in the training set "
                    "too%s)",
                    b->protocol.external.kept, ecd_dataset_path(b->protocol.external.dataset),
                    b->protocol.external.known, large);
  }
  if (used < 0 || (size_t)used >= size) return;
  snprintf(
      text + used, size - (size_t)used,
      "; %zu materials of %s; predictions averaged over %lld repeat%s; epochs x %g; seed %lld.",
      b->protocol.samples, ecd_dataset_path(b->protocol.dataset), (long long)s->repeats,
      s->repeats == 1 ? "" : "s", s->epochs_scale, (long long)b->settings->seed);
}

/* What the table lacks. */
static void write_gaps(const writer_t *w) {
  const ecd_scores_t *s = w->scores;
  size_t open = 0, failed = 0;
  for (size_t k = 0; k < s->rows * s->models; ++k) {
    failed += s->score[k].failed;
    open += s->score[k].pieces - s->score[k].done - s->score[k].failed;
  }
  if (open + failed > 0)
    fprintf(w->file,
            "%s%zu of %zu trainings are missing, %zu failed: '-' where no repeat is complete, (1 "
            "of 3) where some "
            "are; of models with different numbers of repeats none is called the best.\n%s",
            w->tex ? "% " : "", open + failed, w->bench->count, failed, w->tex ? "" : "\n");
}

/* What the benchmark did not train: a line each. */
static void write_trained(const writer_t *w) {
  for (size_t m = 0; m < w->bench->models.count; ++m) {
    const ecd_bench_model_t *model = &w->bench->models.model[m];
    char text[ECD_PATH_MAX + 400];
    if (model->trained == NULL) continue;
    snprintf(text, sizeof text,
             "%s was trained before, on %zu materials: %s (%s, sha256 %.12s...), as it is.",
             model->name, model->trained->trained, model->trained->path, kind_of(w->bench, m),
             model->trained->sha256);
    if (w->tex) {
      fprintf(w->file, "%% %s\n", text);
      continue;
    }
    put_text(w, text);
    fputs("\n\n", w->file);
  }
}

static void write_text(const ecd_bench_t *b, const ecd_scores_t *s, const char *name, bool tex,
                       FILE *file) {
  const writer_t w = {b, s, file, tex};
  const char *title = b->settings->title[0] != '\0' ? b->settings->title : name;
  char text[4 * ECD_PATH_MAX];
  describe(b, text, sizeof text);
  if (tex) {
    fprintf(file, "%% %s\n%% Needs \\usepackage{booktabs}.\n%% %s\n", title, text);
    write_trained(&w);
    write_gaps(&w);
  } else {
    fprintf(file, "# ");
    put_text(&w, title);
    fprintf(file, "\n\n");
    put_text(&w, text);
    fprintf(file, "\n\n");
    write_trained(&w);
    write_gaps(&w);
  }
  write_main_table(&w);
  write_mae_table(&w);
  if (b->settings->bench.repeats > 1) write_spread_table(&w);
  if (!tex)
    fprintf(file,
            "Article: Zhao et al., J. Phys. Chem. C 2020, 124, 17262, on a dataset of its own "
            "(FCC2170).\n");
}

static void write_metrics(FILE *file, ecd_metrics_t m) {
  ecd_table_write_number(file, m.r2, ',');
  ecd_table_write_number(file, m.rmse, ',');
  ecd_table_write_number(file, m.mae, ',');
}

static void write_csv(const ecd_bench_t *b, const ecd_scores_t *s, FILE *file) {
  fprintf(file, "element,target,model,kind,n,repeats,r2,rmse,mae,r2_mean,rmse_mean,mae_mean,r2_sd,"
                "rmse_sd,mae_sd,r2_fold_mean,rmse_fold_mean,mae_fold_mean,r2_fold_sd,rmse_fold_sd,"
                "mae_fold_sd,best,published_r2,published_rmse\n");
  for (size_t r = 0; r < s->rows; ++r)
    for (size_t m = 0; m < s->models; ++m) {
      static const ecd_metrics_t none = {0, NAN, NAN, NAN};
      const ecd_score_t *c = ecd_scores_get(s, r, m);
      const ecd_published_t *p = published(b, &s->row[r], m);
      fprintf(file, "%s,%s,", s->row[r].element, ecd_target_names[s->row[r].target]);
      ecd_table_write_text(file, b->models.model[m].name, ',');
      fprintf(file, "%s,%zu,%zu,", kind_of(b, m), c->average.n, c->repeats);
      write_metrics(file, c->repeats > 0 ? c->average : none);
      write_metrics(file, c->mean);
      write_metrics(file, c->deviation);
      write_metrics(file, c->fold_mean);
      write_metrics(file, c->fold_deviation);
      fprintf(file, "%d,", s->models > 1 && ecd_scores_best(s, r) == m);
      ecd_table_write_number(file, p != NULL ? p->r2 : NAN, ',');
      ecd_table_write_number(file, p != NULL ? p->rmse : NAN, '\n');
    }
}

ecd_code_t ecd_tables_write(const ecd_bench_t *b, const ecd_scores_t *s, const char *name,
                            ecd_error_t *err) {
  static const char *const endings[] = {"md", "tex", "csv"};
  for (int k = 0; k < 3; ++k) {
    char path[ECD_PATH_MAX], relative[300];
    ecd_output_t *output;
    snprintf(relative, sizeof relative, "tables/%.200s.%s", name, endings[k]);
    ECD_TRY(ecd_path_join(path, b->settings->output, relative, err));
    ECD_TRY(ecd_make_parent_folder(path, err));
    ECD_TRY(ecd_output_open(path, &output, err));
    if (k < 2)
      write_text(b, s, name, k == 1, ecd_output_stream(output));
    else
      write_csv(b, s, ecd_output_stream(output));
    ECD_TRY(ecd_output_commit(&output, err));
  }
  return ECD_OK;
}
