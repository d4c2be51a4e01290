/* What prep has to do, before it does it. */
#ifndef ECD_PREP_PLAN_H
#define ECD_PREP_PLAN_H

#include "base/context.h"
#include "deck/settings.h"
#include "prep/material.h"
#include "prep/read.h"

typedef struct {
  char key[65];      /* of the part */
  int state;         /* ecd_material_state_t after looking at headers and finished parts */
  int group;         /* ranks that shall share it */
  int64_t n[3];      /* grid of an open one */
  ecd_frame_t frame; /* its target cell */
  int64_t bytes;     /* size of its files */
} ecd_plan_item_t;

typedef struct {
  size_t count;
  ecd_plan_item_t *item; /* in the order of the files, the same on all ranks */
  size_t open, finished, bad;
  double bytes;   /* of all files */
  double memory;  /* bytes that the most loaded rank will need */
  int group_most; /* ranks of the largest group */
} ecd_plan_t;

/* Collective: headers are read, and finished parts verified, spread over the ranks. folder: of the
   parts; NULL: none. Finished and bad materials are filled in on one rank each. */
ecd_code_t ecd_plan_make(const ecd_context_t *ctx, const ecd_prep_settings_t *settings,
                         const ecd_preparation_t *preparation, const ecd_sources_t *sources,
                         const char *folder, ecd_material_t *materials, ecd_plan_t *plan,
                         ecd_error_t *err);
void ecd_plan_clear(ecd_plan_t *plan);

/* Ranks that shall share a grid of n: wanted, or (0) as few as keep a rank's share below 256^3
   points and its memory below budget bytes; at most size. Local. */
int ecd_plan_group(const int64_t n[3], const ecd_preparation_t *preparation, int64_t wanted,
                   int size, double budget);

/* Free bytes where path's folder lies; ECDNET_DISK_LIMIT (bytes) lowers it: quotas, tests. Local.
   */
double ecd_disk_free(const char *path);

#endif
