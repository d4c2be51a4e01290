#include "prep/read.h"

#include "chem/composition.h"

#include <string.h>

static ecd_code_t check_formula(const ecd_source_file_t *file, const ecd_crystal_t *crystal,
                                ecd_error_t *err) {
  char found[256];
  if (file->formula == NULL || ecd_formula_fits(file->formula, crystal)) return ECD_OK;
  ecd_crystal_formula(crystal, found, sizeof found);
  return ecd_fail(err, ECD_DATA, "%s: expected the labelled formula %s, found a crystal of %s",
                  file->path, file->formula, found);
}

static ecd_code_t find_frame(const ecd_source_file_t *file, const ecd_prep_settings_t *settings,
                             ecd_cell_kind_t kind, const ecd_crystal_t *crystal, ecd_frame_t *frame,
                             ecd_error_t *err) {
  memset(frame, 0, sizeof *frame);
  if (kind == ECD_CELL_CONVENTIONAL) {
    const ecd_code_t code = ecd_crystal_conventional(crystal, settings->symprec, frame->cell,
                                                     frame->transform, &frame->space_group, err);
    return code == ECD_DATA ? ecd_fail_in(err, "%s", file->path) : code;
  }
  memcpy(frame->cell, crystal->lattice, sizeof frame->cell);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) frame->transform[i][k] = i == k;
  return ECD_OK;
}

ecd_code_t ecd_source_look(const ecd_source_file_t *file, const ecd_prep_settings_t *settings,
                           const ecd_preparation_t *preparation, ecd_grid_t *grid,
                           ecd_frame_t *frame, ecd_error_t *err) {
  const ecd_grid_options_t options = {settings->format, preparation->field, settings->block};
  ecd_grid_t second = {.value = NULL};
  ECD_TRY(ecd_grid_read_header(file->path, &options, grid, err));
  ecd_code_t code = check_formula(file, &grid->crystal, err);
  if (code == ECD_OK && file->plus != NULL)
    code = ecd_grid_read_header(file->plus, &options, &second, err);
  if (code == ECD_OK)
    code = find_frame(file, settings, preparation->cell, &grid->crystal, frame, err);
  ecd_grid_clear(&second);
  if (code != ECD_OK) ecd_grid_clear(grid);
  return code;
}

ecd_code_t ecd_source_read(const ecd_source_file_t *file, const ecd_prep_settings_t *settings,
                           const ecd_preparation_t *preparation, ecd_grid_t *grid,
                           ecd_error_t *err) {
  const ecd_grid_options_t options = {settings->format, preparation->field, settings->block};
  ecd_grid_t second = {.value = NULL};
  ECD_TRY(ecd_grid_read(file->path, &options, grid, err));
  if (file->plus == NULL) return ECD_OK;
  ecd_code_t code = ecd_grid_read(file->plus, &options, &second, err);
  if (code == ECD_OK && (code = ecd_grid_add(grid, &second, err)) == ECD_DATA)
    ecd_fail_in(err, "%s and %s", file->path, file->plus);
  ecd_grid_clear(&second);
  if (code != ECD_OK) ecd_grid_clear(grid);
  return code;
}
