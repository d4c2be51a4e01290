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

/* The head of a VASP file, all of a POSCAR: cell and sites. */
ecd_code_t ecd_vasp_read_crystal(ecd_scan_t *scan, ecd_crystal_t *crystal, ecd_error_t *err);

/* Room for n[0] n[1] n[2] values. */
ecd_code_t ecd_grid_allocate(ecd_grid_t *grid, ecd_error_t *err);

/* A block of full[0] full[1] full[2] >= grid->n values, first axis fastest, times factor into the
   grid (add: onto it). Points beyond grid->n, the repeated ends of an XSF, are dropped. */
ecd_code_t ecd_grid_read_planes(ecd_scan_t *scan, const int64_t full[3], double factor, bool add,
                                ecd_grid_t *grid, ecd_error_t *err);

/* Most sites a file may name. */
enum { ECD_SITES_MAX = 100000 };

#endif
