#include "prep/summary.h"

#include "base/file.h"
#include "base/log.h"
#include "base/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "PATH:LINE: what" -> line; 0 if the message names none. */
static long line_of(const char *reason, const char *path) {
  const size_t length = strlen(path);
  const char *at = strstr(reason, path);
  return at != NULL && at[length] == ':' ? strtol(at + length + 1, NULL, 10) : 0;
}

static void reject_row(FILE *file, const char *id, const char *path, const char *plus,
                       const char *reason) {
  long line = path[0] != '\0' ? line_of(reason, path) : 0;
  if (line == 0 && plus != NULL && (line = line_of(reason, plus)) > 0) path = plus;
  ecd_table_write_text(file, id, ',');
  ecd_table_write_text(file, path, ',');
  ecd_table_write_number(file, line > 0 ? (double)line : NAN, ',');
  ecd_table_write_text(file, reason, '\n');
}

ecd_code_t ecd_summary_rejects(const char *path, const ecd_sources_t *sources,
                               const ecd_material_t *materials, ecd_error_t *err) {
  size_t rejects = sources->rejects;
  for (size_t i = 0; i < sources->count; ++i) rejects += materials[i].state == ECD_MATERIAL_BAD;
  if (rejects == 0) {
    unlink(path);
    return ECD_OK;
  }
  ecd_output_t *output;
  ECD_TRY(ecd_output_open(path, &output, err));
  FILE *file = ecd_output_stream(output);
  fprintf(file, "id,path,line,reason\n");
  for (size_t i = 0; i < sources->rejects; ++i)
    reject_row(file, sources->reject[i].id, sources->reject[i].path, NULL,
               sources->reject[i].reason);
  for (size_t i = 0; i < sources->count; ++i)
    if (materials[i].state == ECD_MATERIAL_BAD)
      reject_row(file, sources->file[i].id, sources->file[i].path, sources->file[i].plus,
                 materials[i].reason);
  return ecd_output_commit(&output, err);
}

static double change(const ecd_sample_t *s) {
  return s->integral_before != 0 ? 100 * (s->integral_after / s->integral_before - 1) : NAN;
}

/* made: NULL for a sample that an earlier call put into the dataset. */
static void sample_row(FILE *file, const ecd_sample_t *s, const ecd_material_t *made) {
  const bool known = made != NULL;
  ecd_table_write_text(file, s->id, ',');
  ecd_table_write_text(file, s->formula, ',');
  fprintf(file, "%lldx%lldx%lld,", (long long)s->source_grid[0], (long long)s->source_grid[1],
          (long long)s->source_grid[2]);
  ecd_table_write_number(file, known && made->space_group > 0 ? (double)made->space_group : NAN,
                         ',');
  ecd_table_write_number(file, known && made->ranks > 0 ? (double)made->ranks : NAN, ',');
  ecd_table_write_number(file, s->integral_before, ',');
  ecd_table_write_number(file, s->integral_after, ',');
  ecd_table_write_number(file, change(s), ',');
  fprintf(file, "%lld,", (long long)s->negative);
  ecd_table_write_number(file, s->minimum, ',');
  ecd_table_write_number(file, s->maximum, ',');
  ecd_table_write_number(file, known ? round(1e6 * made->seconds) * 1e-6 : NAN, '\n');
}

ecd_code_t ecd_summary_write(const char *path, const ecd_dataset_t *had,
                             const ecd_material_t *materials, size_t count, ecd_error_t *err) {
  ecd_output_t *output;
  ECD_TRY(ecd_output_open(path, &output, err));
  FILE *file = ecd_output_stream(output);
  fprintf(file, "id,formula,source_grid,space_group,ranks,integral_before,integral_after,"
                "integral_change_percent,negative_points,minimum,maximum,seconds\n");
  for (size_t i = 0; had != NULL && i < ecd_dataset_size(had); ++i)
    sample_row(file, ecd_dataset_sample(had, i), NULL);
  for (size_t i = 0; i < count; ++i)
    if (materials[i].state == ECD_MATERIAL_DONE)
      sample_row(file, &materials[i].sample, &materials[i]);
  return ecd_output_commit(&output, err);
}

void ecd_summary_print(const ecd_context_t *ctx, const ecd_material_t *materials, size_t count,
                       const ecd_preparation_t *preparation) {
  size_t made = 0, with_negative = 0;
  double largest = 0, points = 0;
  const char *worst = "";
  int64_t negative = 0;
  for (size_t i = 0; i < count; ++i) {
    const ecd_sample_t *s = &materials[i].sample;
    if (materials[i].state != ECD_MATERIAL_DONE) continue;
    ++made;
    negative += s->negative;
    with_negative += s->negative > 0;
    if (fabs(change(s)) > largest) largest = fabs(change(s)), worst = s->id;
  }
  points = (double)made * (double)(preparation->grid * preparation->grid * preparation->grid);
  ecd_log(ctx, "prep: largest change of an integral by resampling: %.2g %%%s%s", largest,
          worst[0] != '\0' ? ", in " : "", worst);
  if (negative > 0)
    ecd_log(ctx,
            "prep: %lld negative points (%.2g %%) in %zu of %zu volumes, kept; training takes them "
            "as 0",
            (long long)negative, 100 * (double)negative / points, with_negative, made);
}
