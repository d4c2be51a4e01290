/* Charge files -> dataset. */
#ifndef ECD_PREP_PIPELINE_H
#define ECD_PREP_PIPELINE_H

#include "base/context.h"
#include "deck/settings.h"
#include "store/dataset.h"

/* The prep command's work: finds, reads, resamples, labels, writes. PETSc must be started.
   Collective. */
ecd_code_t ecd_prep_run(const ecd_context_t *ctx, const ecd_settings_t *settings, ecd_error_t *err);

/* Resamples all files of settings->files as want says: samples[count] and volumes (count, n, n, n),
   owned by the caller, on every rank. Bad files are ECD_DATA. Collective. */
ecd_code_t ecd_prep_volumes(const ecd_context_t *ctx, const ecd_prep_settings_t *settings,
                            const ecd_preparation_t *want, ecd_sample_t **samples, float **volumes,
                            size_t *count, ecd_error_t *err);

#endif
