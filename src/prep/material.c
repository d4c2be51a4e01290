#include "prep/material.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

void ecd_material_clear(ecd_material_t *material) {
  free(material->reason);
  ecd_sample_clear(&material->sample);
  memset(material, 0, sizeof *material);
}

ecd_code_t ecd_material_bad(ecd_material_t *material, const char *reason, ecd_error_t *err) {
  ecd_material_clear(material);
  material->state = ECD_MATERIAL_BAD;
  material->reason = strdup(reason);
  return material->reason != NULL ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: a message");
}

/* The members that are plain numbers. */
typedef struct {
  double bulk, shear, lattice[3][3], cell[3][3], integral_before, integral_after, minimum, maximum,
      seconds;
  int64_t source_grid[3], negative, sites;
  int state, space_group, ranks, owner;
} numbers_t;

static void put_text(FILE *file, const char *text) {
  const uint64_t length = text != NULL ? strlen(text) : 0;
  fwrite(&length, sizeof length, 1, file);
  if (length > 0) fwrite(text, 1, length, file);
}

static bool get_text(FILE *file, char **text) {
  uint64_t length;
  if (fread(&length, sizeof length, 1, file) != 1 || length > (1u << 20)) return false;
  *text = calloc(length + 1, 1);
  return *text != NULL && fread(*text, 1, length, file) == length;
}

void ecd_material_pack(FILE *file, const ecd_material_t *m) {
  const ecd_sample_t *s = &m->sample;
  numbers_t numbers;
  memset(&numbers, 0, sizeof numbers);
  numbers.bulk = s->bulk, numbers.shear = s->shear;
  memcpy(numbers.lattice, s->crystal.lattice, sizeof numbers.lattice);
  memcpy(numbers.cell, s->cell, sizeof numbers.cell);
  numbers.integral_before = s->integral_before, numbers.integral_after = s->integral_after;
  numbers.minimum = s->minimum, numbers.maximum = s->maximum, numbers.seconds = m->seconds;
  memcpy(numbers.source_grid, s->source_grid, sizeof numbers.source_grid);
  numbers.negative = s->negative, numbers.sites = (int64_t)s->crystal.sites;
  numbers.state = (int)m->state, numbers.space_group = m->space_group;
  numbers.ranks = m->ranks, numbers.owner = m->owner;
  fwrite(&numbers, sizeof numbers, 1, file);
  if (s->crystal.sites > 0) {
    fwrite(s->crystal.Z, sizeof *s->crystal.Z, s->crystal.sites, file);
    fwrite(s->crystal.frac, sizeof *s->crystal.frac, s->crystal.sites, file);
  }
  put_text(file, m->reason);
  put_text(file, s->id);
  put_text(file, s->formula);
  put_text(file, s->path);
  put_text(file, s->sha256);
}

static bool unpack_rest(FILE *file, const numbers_t *numbers, ecd_material_t *m) {
  ecd_sample_t *s = &m->sample;
  const size_t sites = (size_t)numbers->sites;
  if (numbers->sites < 0 || ecd_crystal_allocate(&s->crystal, sites, NULL) != ECD_OK) return false;
  memcpy(s->crystal.lattice, numbers->lattice, sizeof numbers->lattice);
  if (sites > 0 && (fread(s->crystal.Z, sizeof *s->crystal.Z, sites, file) != sites ||
                    fread(s->crystal.frac, sizeof *s->crystal.frac, sites, file) != sites))
    return false;
  return get_text(file, &m->reason) && get_text(file, &s->id) && get_text(file, &s->formula) &&
         get_text(file, &s->path) && get_text(file, &s->sha256);
}

bool ecd_material_unpack(FILE *file, ecd_material_t *m) {
  numbers_t numbers;
  memset(m, 0, sizeof *m);
  if (fread(&numbers, sizeof numbers, 1, file) != 1) return false;
  ecd_sample_t *s = &m->sample;
  s->bulk = numbers.bulk, s->shear = numbers.shear;
  memcpy(s->cell, numbers.cell, sizeof s->cell);
  s->integral_before = numbers.integral_before, s->integral_after = numbers.integral_after;
  s->minimum = numbers.minimum, s->maximum = numbers.maximum, m->seconds = numbers.seconds;
  memcpy(s->source_grid, numbers.source_grid, sizeof s->source_grid);
  s->negative = numbers.negative;
  m->state = (ecd_material_state_t)numbers.state, m->space_group = numbers.space_group;
  m->ranks = numbers.ranks, m->owner = numbers.owner;
  if (unpack_rest(file, &numbers, m)) return true;
  ecd_material_clear(m);
  return false;
}

/* This rank's materials as (index, material) pairs in memory that the caller owns. */
static ecd_code_t pack_known(const ecd_context_t *ctx, ecd_material_t *materials, size_t count,
                             char **bytes, int *size, ecd_error_t *err) {
  size_t length = 0;
  FILE *file = open_memstream(bytes, &length);
  if (file == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: sharing results");
  for (size_t i = 0; i < count; ++i) {
    if (materials[i].state == ECD_MATERIAL_OPEN) continue;
    const uint64_t index = i;
    materials[i].owner = ctx->rank;
    fwrite(&index, sizeof index, 1, file);
    ecd_material_pack(file, &materials[i]);
  }
  const bool failed = ferror(file) != 0;
  if (fclose(file) != 0 || failed || length > INT_MAX)
    return ecd_fail(err, ECD_FAILED, "out of memory: sharing results");
  *size = (int)length;
  return ECD_OK;
}

static ecd_code_t unpack_all(ecd_material_t *materials, size_t count, char *bytes, size_t size,
                             ecd_error_t *err) {
  FILE *file = size > 0 ? fmemopen(bytes, size, "rb") : NULL;
  if (file == NULL && size > 0) return ecd_fail(err, ECD_FAILED, "out of memory: sharing results");
  uint64_t index;
  bool good = true;
  while (good && file != NULL && fread(&index, sizeof index, 1, file) == 1) {
    ecd_material_t material;
    ECD_CHECK(index < count);
    good = ecd_material_unpack(file, &material);
    if (!good) break;
    ecd_material_clear(&materials[index]);
    materials[index] = material;
  }
  if (file != NULL) fclose(file);
  return good ? ECD_OK : ecd_fail(err, ECD_FAILED, "out of memory: sharing results");
}

static ecd_code_t gather(const ecd_context_t *ctx, const char *mine, int size, int *sizes, int *at,
                         char **all, size_t *total, ecd_error_t *err) {
  ECD_MPI(MPI_Allgather(&size, 1, MPI_INT, sizes, 1, MPI_INT, ctx->world));
  *total = 0;
  for (int r = 0; r < ctx->size; ++r) {
    at[r] = (int)*total;
    *total += (size_t)sizes[r];
    if (*total > INT_MAX) return ecd_fail(err, ECD_FAILED, "too many results to share");
  }
  ecd_code_t code = ecd_alloc((void **)all, *total + 1, 1, "sharing results", err);
  ECD_TRY(ecd_agree(ctx->world, code, err));
  ECD_MPI(MPI_Allgatherv(mine, size, MPI_CHAR, *all, sizes, at, MPI_CHAR, ctx->world));
  return ECD_OK;
}

ecd_code_t ecd_materials_share(const ecd_context_t *ctx, ecd_material_t *materials, size_t count,
                               ecd_error_t *err) {
  char *mine = NULL, *all = NULL;
  int size = 0, *sizes = NULL;
  size_t total = 0;
  ecd_code_t code =
      ecd_alloc((void **)&sizes, 2 * (size_t)ctx->size, sizeof *sizes, "sharing results", err);
  if (code == ECD_OK) code = pack_known(ctx, materials, count, &mine, &size, err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK) code = gather(ctx, mine, size, sizes, sizes + ctx->size, &all, &total, err);
  if (code == ECD_OK) code = unpack_all(materials, count, all, total, err);
  free(mine);
  free(all);
  free(sizes);
  return ecd_agree(ctx->world, code, err);
}
