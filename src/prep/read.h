/* One material's files -> its grid and the cell that its volume will span. All local. */
#ifndef ECD_PREP_READ_H
#define ECD_PREP_READ_H

#include "grid/grid.h"
#include "prep/sources.h"
#include "store/dataset.h"

typedef struct {
  double cell[3][3];      /* A, rows; what the volume spans */
  double transform[3][3]; /* cell = transform * lattice of the file */
  int space_group;        /* international number; 0 = not looked for (as_given) */
} ecd_frame_t;

/* Reads the headers and finds the cell: grid without values, frame. A label's formula that is not
   the file's composition, a cell that cannot be brought into the wanted form: ECD_DATA, as all bad
   files. */
ecd_code_t ecd_source_look(const ecd_source_file_t *file, const ecd_prep_settings_t *settings,
                           const ecd_preparation_t *preparation, ecd_grid_t *grid,
                           ecd_frame_t *frame, ecd_error_t *err);

/* Reads the grid and adds the second file. */
ecd_code_t ecd_source_read(const ecd_source_file_t *file, const ecd_prep_settings_t *settings,
                           const ecd_preparation_t *preparation, ecd_grid_t *grid,
                           ecd_error_t *err);

#endif
