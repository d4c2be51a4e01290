/* The second dataset of an external validation, without what training has seen. */
#ifndef ECD_BENCH_EXTERNAL_H
#define ECD_BENCH_EXTERNAL_H

#include "base/file.h"
#include "store/dataset.h"

typedef enum {
  ECD_EXTERNAL_KEPT,
  ECD_EXTERNAL_KNOWN, /* formula and space group of a material of the training set */
  ECD_EXTERNAL_LARGE  /* more atoms than the limit */
} ecd_external_use_t;

typedef struct {
  ecd_dataset_t *dataset; /* NULL: none */
  size_t samples, kept, known, large;
  signed char *use;     /* [samples], ecd_external_use_t */
  size_t *same;         /* [samples]: where known, the index of the material in training */
  char fingerprint[65]; /* of the kept materials and targets */
  char ids_path[ECD_PATH_MAX];
} ecd_external_t;

/* Whether two formulas are one composition up to a factor. False where one cannot be read.
   Local. */
bool ecd_formula_same(const char *a, const char *b);

/* Opens path and drops materials with more than max_atoms atoms in the cell of their file (0: none)
   and those whose formula and space group (spglib, symprec in A) training has; a space group that
   cannot be found is that of any. ECD_DATA if none is left. Collective. */
ecd_code_t ecd_external_open(const ecd_context_t *ctx, const char *path, int64_t max_atoms,
                             double symprec, const ecd_dataset_t *training,
                             ecd_external_t *external, ecd_error_t *err);
void ecd_external_clear(ecd_external_t *external); /* collective */

/* external.csv (id,formula of what is kept) and external-dropped.csv (id,formula,reason) in folder.
   Rank 0. */
ecd_code_t ecd_external_write(const ecd_external_t *external, const ecd_dataset_t *training,
                              const char *folder, ecd_error_t *err);

#endif
