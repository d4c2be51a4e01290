/* Volumes straight into memory, for predictions from charge files. */
#include "prep/pipeline.h"

#include "base/log.h"
#include "prep/share.h"
#include "prep/work.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  size_t points;
  float *volumes; /* (count, n, n, n) */
} memory_t;

static ecd_code_t keep(size_t i, const ecd_material_t *material, const float *volume, void *arg,
                       ecd_error_t *err) {
  (void)material, (void)err;
  const memory_t *memory = arg;
  memcpy(memory->volumes + i * memory->points, volume, memory->points * sizeof *volume);
  return ECD_OK;
}

static ecd_code_t refuse_bad(const ecd_material_t *materials, size_t count, ecd_error_t *err) {
  char text[ECD_ERROR_TEXT - 200] = "";
  size_t bad = 0;
  for (size_t i = 0; i < count; ++i) {
    if (materials[i].state != ECD_MATERIAL_BAD) continue;
    const size_t have = strlen(text);
    ++bad;
    if (have + strlen(materials[i].reason) + 4 < sizeof text)
      snprintf(text + have, sizeof text - have, "\n  %s", materials[i].reason);
  }
  if (bad == 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA, "%zu of %zu files are bad:%s", bad, count, text);
}

static void tell_bad(const ecd_context_t *ctx, const ecd_material_t *materials, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (materials[i].state == ECD_MATERIAL_BAD) ecd_warn(ctx, "left out: %s", materials[i].reason);
}

/* The good ones, behind each other, on all ranks. */
static ecd_code_t spread(const ecd_context_t *ctx, ecd_material_t *materials, size_t count,
                         const memory_t *memory, ecd_sample_t *samples, size_t *made,
                         ecd_error_t *err) {
  for (size_t i = 0; i < count; ++i) {
    if (materials[i].state == ECD_MATERIAL_BAD) continue;
    float *volume = memory->volumes + *made * memory->points;
    if (*made < i)
      memcpy(volume, memory->volumes + i * memory->points, memory->points * sizeof *volume);
    ECD_MPI(MPI_Bcast(volume, (int)memory->points, MPI_FLOAT, materials[i].owner, ctx->world));
    samples[(*made)++] = materials[i].sample; /* moved */
    memset(&materials[i].sample, 0, sizeof materials[i].sample);
  }
  return ECD_OK;
}

static ecd_code_t make(const ecd_context_t *ctx, const ecd_work_t *work, ecd_material_t *materials,
                       memory_t *memory, ecd_sample_t *samples, size_t *made, ecd_error_t *err) {
  const size_t count = work->sources->count;
  ECD_TRY(ecd_work_run(ctx, work, materials, err));
  ECD_TRY(ecd_materials_share(ctx, materials, count, err));
  if (work->settings->on_error == ECD_ON_ERROR_SKIP)
    tell_bad(ctx, materials, count);
  else
    ECD_TRY(refuse_bad(materials, count, err));
  return spread(ctx, materials, count, memory, samples, made, err);
}

static ecd_code_t find_all(const ecd_prep_settings_t *settings, size_t words, char *const *word,
                           ecd_sources_t *sources, ecd_error_t *err) {
  for (size_t w = 0; w < words; ++w) {
    ecd_sources_t more;
    const ecd_code_t code = ecd_sources_find(word[w], settings->plus, &more, err);
    if (code != ECD_OK) {
      ecd_sources_clear(&more);
      return code;
    }
    ECD_TRY(ecd_sources_join(sources, &more, err));
  }
  return ECD_OK;
}

ecd_code_t ecd_prep_find(const ecd_context_t *ctx, const ecd_prep_settings_t *settings,
                         size_t words, char *const *word, ecd_sources_t *sources,
                         ecd_error_t *err) {
  memset(sources, 0, sizeof *sources);
  ecd_code_t code = ECD_OK;
  if (ctx->rank == 0) code = find_all(settings, words, word, sources, err);
  ECD_TRY(ecd_agree(ctx->world, code, err));
  return ecd_sources_share(ctx, sources, err);
}

ecd_code_t ecd_prep_volumes(const ecd_context_t *ctx, const ecd_prep_settings_t *settings,
                            const ecd_preparation_t *want, const ecd_sources_t *sources,
                            ecd_sample_t *samples, float *volumes, size_t *made, ecd_error_t *err) {
  ecd_material_t *materials = NULL;
  ecd_plan_t plan = {0};
  const size_t n = (size_t)want->grid, count = sources->count;
  memory_t memory = {n * n * n, volumes};
  *made = 0;
  if (count > 0) memset(samples, 0, count * sizeof *samples);
  ecd_code_t code = ecd_alloc((void **)&materials, count, sizeof *materials, "materials", err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code = ecd_plan_make(ctx, settings, want, sources, NULL, materials, &plan, err);
  const ecd_work_t work = {settings, want, sources, &plan, keep, &memory};
  if (code == ECD_OK) code = make(ctx, &work, materials, &memory, samples, made, err);
  for (size_t i = 0; materials != NULL && i < count; ++i) ecd_material_clear(&materials[i]);
  free(materials);
  ecd_plan_clear(&plan);
  return code;
}
