/* Finished volumes on disk before the dataset is: what a killed prep does not lose. All local. */
#ifndef ECD_PREP_PARTS_H
#define ECD_PREP_PARTS_H

#include "deck/settings.h"
#include "prep/material.h"
#include "prep/sources.h"

/* SHA-256 of what a volume is made from (paths, sizes and times of change of its files) and how. A
   missing file counts as one of size 0. */
void ecd_part_key(const ecd_source_file_t *file, const ecd_prep_settings_t *settings,
                  const ecd_preparation_t *preparation, char key[65]);

/* folder/KEY.part is written under a temporary name, then renamed: a part is whole or not there. */
ecd_code_t ecd_part_write(const char *folder, const char *key, const ecd_material_t *material,
                          size_t points, const float *volume, ecd_error_t *err);
/* True if the folder holds a whole part (checksum) with this key; fills *material, owned by the
   caller, and volume[points] (either may be NULL). */
bool ecd_part_read(const char *folder, const char *key, size_t points, ecd_material_t *material,
                   float *volume);
/* ecd_file_lock of the folder. */
ecd_code_t ecd_parts_lock(const char *folder, int *lock, ecd_error_t *err);
/* Unlocks, and removes the lock's file, and the folder if it holds no part: after a failure. */
void ecd_parts_leave(const char *folder, int *lock);

/* Removes all parts in the folder, and the folder if nothing else is in it. */
void ecd_parts_remove(const char *folder);

#endif
