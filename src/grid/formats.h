/* The readers behind grid.h. Each reads the header into grid; with values, the chosen block too. */
#ifndef ECD_GRID_FORMATS_H
#define ECD_GRID_FORMATS_H

#include "grid/grid.h"
#include "grid/scan.h"

/* 1 Bohr in A (CODATA 2018). */
#define ECD_BOHR 0.529177210903

ecd_code_t ecd_grid_read_vasp(ecd_scan_t *scan, const ecd_grid_options_t *options, bool values,
                              ecd_grid_t *grid, ecd_error_t *err);
ecd_code_t ecd_grid_read_cube(ecd_scan_t *scan, const ecd_grid_options_t *options, bool values,
                              ecd_grid_t *grid, ecd_error_t *err);
ecd_code_t ecd_grid_read_xsf(ecd_scan_t *scan, const ecd_grid_options_t *options, bool values,
                             ecd_grid_t *grid, ecd_error_t *err);

/* Room for n[0] n[1] n[2] values. */
ecd_code_t ecd_grid_allocate(ecd_grid_t *grid, ecd_error_t *err);

/* Most sites a file may name. */
enum { ECD_SITES_MAX = 100000 };

#endif
