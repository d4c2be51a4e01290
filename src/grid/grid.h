/* One volumetric data set from a file: a periodic field on a regular grid, with its crystal. All
   local. */
#ifndef ECD_GRID_GRID_H
#define ECD_GRID_GRID_H

#include "base/error.h"
#include "chem/crystal.h"
#include "deck/settings.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
  ecd_crystal_t crystal;
  int64_t n[3]; /* points along a, b, c; no repeated end points */
  float *value; /* (n[0], n[1], n[2]), c fastest; e/A^3 for densities, file's unit for raw */
} ecd_grid_t;

typedef struct {
  ecd_format_t format; /* AUTO: by the file's name, else by its first lines */
  /* density: a CHGCAR's rho x V is divided by V, a cube's and an XSF's e/Bohr^3 converted;
     elf: as is, must lie in [0, 1]; raw: as is */
  ecd_field_t field;
  int64_t block; /* from 1; 0: the first, for elf in a VASP file the mean of two spin channels */
} ecd_grid_options_t;

/* Reads a CHGCAR-family, cube or XSF file, plain or gzip, as a stream; memory is one grid and a
   buffer. Bad input: ECD_DATA, "file:line: expected ..., found ...". On error *grid is zeroed.
   Owned by the caller. */
ecd_code_t ecd_grid_read(const char *path, const ecd_grid_options_t *options, ecd_grid_t *grid,
                         ecd_error_t *err);

/* Header only: crystal and n (value stays NULL). Cheap; used for planning. */
ecd_code_t ecd_grid_read_header(const char *path, const ecd_grid_options_t *options,
                                ecd_grid_t *grid, ecd_error_t *err);

/* Cell and sites alone: of a POSCAR or CONTCAR, or of a file that ecd_grid_read takes. Bad input:
   ECD_DATA; *crystal is zeroed then. Owned by the caller. */
ecd_code_t ecd_structure_read(const char *path, ecd_crystal_t *crystal, ecd_error_t *err);

/* grid += other; cells, sites and grids must agree (ECD_DATA otherwise). */
ecd_code_t ecd_grid_add(ecd_grid_t *grid, const ecd_grid_t *other, ecd_error_t *err);

/* Integral over the cell: sum * volume / points (electrons, for a density). */
double ecd_grid_integral(const ecd_grid_t *grid);

void ecd_grid_clear(ecd_grid_t *grid);

#endif
