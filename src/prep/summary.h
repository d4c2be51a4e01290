/* What prep tells when it is done. Local; called on rank 0. */
#ifndef ECD_PREP_SUMMARY_H
#define ECD_PREP_SUMMARY_H

#include "base/context.h"
#include "prep/material.h"
#include "prep/sources.h"

/* rejected.csv: id,path,line,reason. Nothing rejected: an old one is removed. */
ecd_code_t ecd_summary_rejects(const char *path, const ecd_sources_t *sources,
                               const ecd_material_t *materials, ecd_error_t *err);

/* prep-summary.csv: one row for each sample of the dataset, those of `had` (already in it) first.
   */
ecd_code_t ecd_summary_write(const char *path, const ecd_dataset_t *had,
                             const ecd_material_t *materials, size_t count, ecd_error_t *err);

/* Totals as a few lines. */
void ecd_summary_print(const ecd_context_t *ctx, const ecd_material_t *materials, size_t count,
                       const ecd_preparation_t *preparation);

#endif
