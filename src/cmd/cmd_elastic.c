#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "elastic/labels.h"
#include "elastic/strains.h"
#include "grid/grid.h"
#include "train/folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The materials of a call that came out, and what is wrong with the rest. */
typedef struct {
  const ecd_context_t *ctx;
  const ecd_elastic_settings_t *settings;
  const char *folder; /* OUTPUT/elastic */
  ecd_labels_t *labels;
  size_t count, bad;
  char problems[ECD_ERROR_TEXT - 500];
} batch_t;

static void note_problem(batch_t *batch, const char *text) {
  const size_t have = strlen(batch->problems), room = sizeof batch->problems - have;
  ++batch->bad;
  if (room > 1000)
    snprintf(batch->problems + have, room, "\n%.900s", text); /* else counted alone */
}

static ecd_code_t json_path(const batch_t *batch, const char *id, char path[ECD_PATH_MAX],
                            ecd_error_t *err) {
  char name[ECD_ELASTIC_ID + 8];
  snprintf(name, sizeof name, "%s.json", id);
  return ecd_path_join(path, batch->folder, name, err);
}

static ecd_code_t write_json(const batch_t *batch, const ecd_elastic_input_t *input,
                             const ecd_elastic_t *result, ecd_error_t *err) {
  char path[ECD_PATH_MAX];
  ecd_output_t *output;
  ECD_TRY(json_path(batch, input->id, path, err));
  ECD_TRY(ecd_output_open(path, &output, err));
  const ecd_code_t code =
      ecd_elastic_write_json(ecd_output_stream(output), input, result, batch->settings, err);
  if (code == ECD_OK) return ecd_output_commit(&output, err);
  ecd_output_abandon(&output);
  return code;
}

/* What a reader of the numbers must know. */
static void warn(const batch_t *batch, const ecd_elastic_input_t *input,
                 const ecd_elastic_t *result) {
  static const double large = 0.05; /* of the bulk modulus */
  const double(*stress)[3] = result->fit.reference_stress;
  double most = 0;
  for (int i = 0; i < 9; ++i) most = fmax(most, fabs((&stress[0][0])[i]));
  if (most > large * fabs(result->moduli.bulk.voigt))
    ecd_warn(batch->ctx,
             "%s: the undeformed cell has a stress of %.3g GPa; the constants are those of the "
             "stressed crystal, or, if it is a Pulay stress, wrong by about as much",
             input->path, most);
  if (result->fit.energy_residual > ECD_ELASTIC_ENERGIES)
    ecd_warn(batch->ctx,
             "%s: the energies differ by %.2g %% from those of the stiffness: are the stresses in "
             "another unit (90 %%: kbar taken for GPa), sign or order than stress_format says?",
             input->path, 100 * result->fit.energy_residual);
}

static ecd_code_t analyse(batch_t *batch, const ecd_elastic_input_t *input, ecd_elastic_t *result,
                          ecd_error_t *err) {
  const ecd_code_t code = ecd_elastic_analyse(input, batch->settings, result, err);
  if (code == ECD_OK || result->quality == ECD_QUALITY_UNDER_DETERMINED)
    ecd_labels_add(batch->labels, input, result, batch->settings);
  ECD_TRY(code);
  if (batch->count++ > 0) putchar('\n');
  ecd_elastic_print(stdout, input, result);
  warn(batch, input, result);
  return write_json(batch, input, result, err);
}

/* Two files of one material would overwrite each other. What an earlier call has written of a material
   that gives no stiffness now goes. */
static ecd_code_t take_material(batch_t *batch, const ecd_elastic_input_t *input, ecd_code_t read,
                                ecd_elastic_t *result, ecd_error_t *err) {
  char json[ECD_PATH_MAX];
  if (input->id[0] == '\0') return read; /* the file does not tell it */
  if (ecd_labels_has(batch->labels, input->id))
    return read != ECD_OK ? read
                          : ecd_fail(err, ECD_DATA, "%s: id '%s' is that of an earlier file, too",
                                     input->path, input->id);
  ECD_TRY(ecd_labels_take(batch->labels, input->id, read == ECD_OK ? err : NULL));
  const ecd_code_t code = read == ECD_OK ? analyse(batch, input, result, err) : read;
  if (code == ECD_DATA && json_path(batch, input->id, json, NULL) == ECD_OK) unlink(json);
  return code;
}

/* A file that is bad is noted, and the others go on. */
static ecd_code_t take_file(batch_t *batch, const char *path, ecd_elastic_t *result,
                            ecd_error_t *err) {
  ecd_elastic_input_t input;
  const ecd_code_t read = ecd_elastic_input_read(path, &input, err);
  const ecd_code_t code =
      read == ECD_OK || read == ECD_DATA ? take_material(batch, &input, read, result, err) : read;
  ecd_elastic_input_clear(&input);
  if (code != ECD_DATA) return code;
  note_problem(batch, err->text);
  return ECD_OK;
}

static ecd_code_t take_files(batch_t *batch, const ecd_words_t *words, ecd_error_t *err) {
  ecd_elastic_t *result;
  size_t kept = 0;
  ECD_TRY(ecd_alloc((void **)&result, 1, sizeof *result, "results", err));
  ecd_code_t code = ECD_OK;
  for (int i = 0; i < words->count && code == ECD_OK; ++i)
    code = take_file(batch, words->word[i], result, err);
  free(result);
  ECD_TRY(code);
  ECD_TRY(ecd_labels_commit(batch->labels, &kept, err));
  if (kept > 0)
    ecd_log(batch->ctx, "labels.csv: %zu rows of earlier calls for other materials stay", kept);
  return ECD_OK;
}

static ecd_code_t run_files(const ecd_context_t *ctx, const ecd_settings_t *settings,
                            const ecd_words_t *words, ecd_error_t *err) {
  char folder[ECD_PATH_MAX], path[ECD_PATH_MAX];
  batch_t *batch;
  ECD_TRY(ecd_path_join(folder, settings->output, "elastic", err));
  ECD_TRY(ecd_path_join(path, settings->output, "labels.csv", err));
  ECD_TRY(ecd_make_folder(folder, err));
  ECD_TRY(ecd_alloc((void **)&batch, 1, sizeof *batch, "results", err));
  batch->ctx = ctx;
  batch->settings = &settings->elastic;
  batch->folder = folder;
  ecd_code_t code = ecd_labels_open(path, &batch->labels, err);
  if (code == ECD_OK) code = take_files(batch, words, err);
  if (code == ECD_OK && batch->bad > 0)
    code = ecd_fail(err, ECD_DATA, "elastic: %zu of %d files gave no stiffness:%s", batch->bad,
                    words->count, batch->problems);
  ecd_labels_destroy(&batch->labels);
  free(batch);
  return code;
}

/* Two calls into one folder would lose each other's rows. */
static ecd_code_t run_alone(const ecd_context_t *ctx, const ecd_settings_t *settings,
                            const ecd_words_t *words, ecd_error_t *err) {
  int lock;
  ECD_TRY(ecd_folder_take(ctx, settings->output, &lock, err));
  const ecd_code_t code =
      ecd_agree(ctx->world, ctx->rank == 0 ? run_files(ctx, settings, words, err) : ECD_OK, err);
  ecd_folder_leave(settings->output, &lock);
  return code;
}

static ecd_code_t run_strains(const ecd_elastic_settings_t *settings, const char *path,
                              ecd_error_t *err) {
  ecd_crystal_t crystal;
  ecd_point_group_t group;
  ecd_planned_t *planned;
  ECD_TRY(ecd_structure_read(path, &crystal, err));
  ecd_code_t code = ecd_point_group_find(&crystal, settings->symprec, &group, err);
  if (code != ECD_OK)
    ecd_fail_in(err, "%s", path);
  else
    code = ecd_alloc((void **)&planned, ECD_PLANNED_MAX, sizeof *planned, "strains", err);
  if (code == ECD_OK) {
    const size_t count = ecd_strains_plan(&crystal, &group, settings, planned);
    code = ecd_strains_write(stdout, path, &crystal, &group, count, planned,
                             settings->strains_format == ECD_STRAINS_CSV, err);
    free(planned);
  }
  ecd_crystal_clear(&crystal);
  return code;
}

ecd_code_t ecd_cmd_elastic(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                           ecd_error_t *err) {
  const bool strains = words->strains[0] != '\0';
  if (strains == (words->count > 0))
    return ecd_fail(err, ECD_USAGE,
                    "elastic: expected either input files or --strains STRUCTURE, found %s",
                    strains ? "both" : "neither");
  ecd_code_t code = ecd_context_set_threads(ctx, 1, err); /* LAPACK's threads: for 6 x 6, a loss */
  ECD_TRY(ecd_agree(ctx->world, code, err));
  if (!strains) return run_alone(ctx, settings, words, err);
  if (ctx->rank == 0) code = run_strains(&settings->elastic, words->strains, err);
  return ecd_agree(ctx->world, code, err);
}
