/* Reading and resampling the open materials of a plan, by groups of ranks. */
#ifndef ECD_PREP_WORK_H
#define ECD_PREP_WORK_H

#include "prep/plan.h"

/* Takes a finished material and its volume (n^3) on the rank that made it. */
typedef ecd_code_t ecd_store_fn(size_t i, const ecd_material_t *material, const float *volume,
                                void *arg, ecd_error_t *err);

typedef struct {
  const ecd_prep_settings_t *settings;
  const ecd_preparation_t *preparation;
  const ecd_sources_t *sources;
  const ecd_plan_t *plan;
  ecd_store_fn *store;
  void *arg;
} ecd_work_t;

/* Collective. The ranks are grouped, first for the grids that need the largest groups; a group
   takes the largest grid left from a shared counter, its first rank reads, all resample, the first
   one stores. Materials are filled in on the rank that stored them; bad files are BAD materials,
   not errors. What else fails ends the work, agreed. */
ecd_code_t ecd_work_run(const ecd_context_t *ctx, const ecd_work_t *work, ecd_material_t *materials,
                        ecd_error_t *err);

#endif
