/* The dataset that is there already: is it what this call would make, or can it be added to? */
#ifndef ECD_PREP_EXISTING_H
#define ECD_PREP_EXISTING_H

#include "deck/settings.h"
#include "prep/sources.h"
#include "store/dataset.h"

/* ECD_DATA naming what differs and the ways out, unless the dataset was prepared as this call
   would. Local. */
ecd_code_t ecd_existing_settings(const ecd_dataset_t *dataset, const ecd_prep_settings_t *settings,
                                 const ecd_preparation_t *preparation, ecd_error_t *err);

/* Ids of the dataset, sorted; owned by the caller, texts borrowed. Local. */
ecd_code_t ecd_existing_ids(const ecd_dataset_t *dataset, const char ***ids, ecd_error_t *err);

/* Compares files and labels (checksums spread over the ranks) with the dataset's samples. ECD_DATA
   lists the files that changed, labels that differ and, unless append, samples without a file.
   fresh[sources->count]: files whose id the dataset does not have. Collective. */
ecd_code_t ecd_existing_compare(const ecd_context_t *ctx, const ecd_dataset_t *dataset,
                                const ecd_sources_t *sources, bool append, bool *fresh,
                                ecd_error_t *err);

#endif
