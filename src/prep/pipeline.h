/* Charge files -> dataset. */
#ifndef ECD_PREP_PIPELINE_H
#define ECD_PREP_PIPELINE_H

#include "base/context.h"
#include "deck/settings.h"
#include "prep/sources.h"
#include "store/dataset.h"

/* The prep command's work: finds, reads, resamples, labels, writes. PETSc must be started.
   Collective. */
ecd_code_t ecd_prep_run(const ecd_context_t *ctx, const ecd_settings_t *settings, ecd_error_t *err);

/* The charge files that the words name, word by word: each a path with {id}, a folder or a file;
   ids may repeat between words. settings->plus names second files. The same on all ranks, owned by
   the caller. Collective. */
ecd_code_t ecd_prep_find(const ecd_context_t *ctx, const ecd_prep_settings_t *settings,
                         size_t words, char *const *word, ecd_sources_t *sources, ecd_error_t *err);

/* Resamples the files as want says: samples[sources->count], their contents owned by the caller,
   and volumes (sources->count, n, n, n), on every rank; *made are there, in the order of the
   files. Bad files are ECD_DATA, and the samples then empty; with settings->on_error skip they are
   told and left out. Collective. */
ecd_code_t ecd_prep_volumes(const ecd_context_t *ctx, const ecd_prep_settings_t *settings,
                            const ecd_preparation_t *want, const ecd_sources_t *sources,
                            ecd_sample_t *samples, float *volumes, size_t *made, ecd_error_t *err);

#endif
