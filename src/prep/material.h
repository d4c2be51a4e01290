/* What is known of one material while prep works on it. */
#ifndef ECD_PREP_MATERIAL_H
#define ECD_PREP_MATERIAL_H

#include "store/dataset.h"

#include <stdio.h>

typedef enum {
  ECD_MATERIAL_OPEN, /* not looked at */
  ECD_MATERIAL_DONE, /* sample is filled, the volume made */
  ECD_MATERIAL_BAD   /* reason says why */
} ecd_material_state_t;

typedef struct {
  ecd_material_state_t state;
  char *reason;        /* of a bad one, with file and line */
  ecd_sample_t sample; /* of a finished one */
  int space_group;     /* international number; 0 = not found */
  int ranks;           /* that shared the work; 0 = made by an earlier call */
  int owner;           /* rank that made it; set by ecd_materials_share */
  double seconds;
} ecd_material_t;

void ecd_material_clear(ecd_material_t *material);

/* Binary form, in this machine's byte order. Local. */
void ecd_material_pack(FILE *file, const ecd_material_t *material);
/* False if the file holds none. *material is owned by the caller. Local. */
bool ecd_material_unpack(FILE *file, ecd_material_t *material);

/* Collective: each rank passes what it knows, no material known (not open) on two ranks; after it
   all ranks know all. */
ecd_code_t ecd_materials_share(const ecd_context_t *ctx, ecd_material_t *materials, size_t count,
                               ecd_error_t *err);

/* Makes it a bad one; what it held is freed. Local. */
ecd_code_t ecd_material_bad(ecd_material_t *material, const char *reason, ecd_error_t *err);

#endif
