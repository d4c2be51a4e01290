#include "prep/plan.h"

#include "base/file.h"
#include "chem/composition.h"
#include "prep/parts.h"
#include "prep/resample.h"
#include "prep/resample_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A rank's share of a grid: 256^3 points. */
static const double share_most = 16777216;
/* The reader's buffer, PETSc, HDF5, MPI, volumes on their way into the dataset: what a rank needs
   besides its grids. */
static const double base_memory = 80e6;

int ecd_plan_group(const int64_t n[3], const ecd_preparation_t *preparation, int64_t wanted,
                   int size, double budget) {
  if (wanted > 0) return wanted < size ? (int)wanted : size;
  const double points = (double)n[0] * (double)n[1] * (double)n[2];
  int group = 1;
  while (group < size &&
         (points / group > share_most ||
          ecd_resample_memory(n, preparation->grid, preparation->method, group) > budget))
    ++group;
  return group;
}

/* The next folder up that is there. */
static void existing_folder(const char *path, char folder[ECD_PATH_MAX]) {
  snprintf(folder, ECD_PATH_MAX, "%s", path);
  do {
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
      strcpy(folder, ".");
    else
      slash[slash == folder] = '\0';
  } while (!ecd_file_exists(folder));
}

double ecd_disk_free(const char *path) {
  char folder[ECD_PATH_MAX];
  struct statvfs info;
  existing_folder(path, folder);
  double bytes =
      statvfs(folder, &info) == 0 ? (double)info.f_bavail * (double)info.f_frsize : INFINITY;
  const char *limit = getenv("ECDNET_DISK_LIMIT");
  if (limit != NULL && atof(limit) < bytes) bytes = atof(limit);
  return bytes;
}

static double half_of_memory(const ecd_context_t *ctx) {
  const double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  return 0.5 * bytes / ctx->node_size;
}

static int64_t size_of(const char *path) {
  struct stat info;
  return path != NULL && stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

/* Names and labels of a finished part are those of today. */
static ecd_code_t take_labels(const ecd_source_file_t *file, ecd_sample_t *sample,
                              ecd_error_t *err) {
  sample->bulk = file->bulk;
  sample->shear = file->shear;
  free(sample->id);
  sample->id = strdup(file->id);
  if (file->formula != NULL) {
    free(sample->formula);
    sample->formula = strdup(file->formula);
  }
  return sample->id != NULL && sample->formula != NULL
             ? ECD_OK
             : ecd_fail(err, ECD_FAILED, "out of memory: labels");
}

static ecd_code_t look_at(const ecd_source_file_t *file, const ecd_prep_settings_t *settings,
                          const ecd_preparation_t *preparation, const char *folder,
                          ecd_material_t *material, ecd_plan_item_t *item, ecd_error_t *err) {
  const size_t points = (size_t)(preparation->grid * preparation->grid * preparation->grid);
  ecd_grid_t header;
  ecd_part_key(file, settings, preparation, item->key);
  item->bytes = size_of(file->path) + size_of(file->plus);
  if (folder != NULL && ecd_part_read(folder, item->key, points, material, NULL) &&
      (file->formula == NULL || ecd_formula_fits(file->formula, &material->sample.crystal))) {
    material->ranks = 0;
    item->state = ECD_MATERIAL_DONE;
    return take_labels(file, &material->sample, err);
  }
  ecd_material_clear(material);
  const ecd_code_t code = ecd_source_look(file, settings, preparation, &header, &item->frame, err);
  if (code == ECD_DATA) {
    item->state = ECD_MATERIAL_BAD;
    return ecd_material_bad(material, err->text, err);
  }
  if (code != ECD_OK) return code;
  memcpy(item->n, header.n, sizeof item->n);
  ecd_grid_clear(&header);
  return ECD_OK;
}

static ecd_code_t share_items(const ecd_context_t *ctx, ecd_plan_t *plan, ecd_error_t *err) {
  int *sizes = NULL, *at = NULL;
  ecd_code_t code = ecd_alloc((void **)&sizes, (size_t)ctx->size, sizeof *sizes, "plan", err);
  if (code == ECD_OK) code = ecd_alloc((void **)&at, (size_t)ctx->size, sizeof *at, "plan", err);
  code = ecd_agree(ctx->world, code, err);
  MPI_Datatype type = MPI_DATATYPE_NULL;
  if (code == ECD_OK)
    code = ecd_mpi_code(MPI_Type_contiguous((int)sizeof *plan->item, MPI_BYTE, &type), "plan", err);
  if (code == ECD_OK) code = ecd_mpi_code(MPI_Type_commit(&type), "plan", err);
  for (int r = 0; code == ECD_OK && r < ctx->size; ++r) {
    int64_t first, number;
    ecd_part((int64_t)plan->count, r, ctx->size, &first, &number);
    sizes[r] = (int)number;
    at[r] = (int)first;
  }
  if (code == ECD_OK)
    code =
        ecd_mpi_code(MPI_Allgatherv(MPI_IN_PLACE, 0, type, plan->item, sizes, at, type, ctx->world),
                     "sharing the plan", err);
  if (type != MPI_DATATYPE_NULL) MPI_Type_free(&type);
  free(sizes);
  free(at);
  return code;
}

static ecd_code_t sum_up(const ecd_context_t *ctx, const ecd_prep_settings_t *settings,
                         const ecd_preparation_t *preparation, const ecd_sources_t *sources,
                         ecd_plan_t *plan, ecd_error_t *err) {
  double budget = half_of_memory(ctx);
  ECD_MPI(MPI_Allreduce(MPI_IN_PLACE, &budget, 1, MPI_DOUBLE, MPI_MIN, ctx->world));
  plan->group_most = 1;
  plan->memory = base_memory;
  for (size_t i = 0; i < plan->count; ++i) {
    ecd_plan_item_t *item = &plan->item[i];
    plan->bytes += (double)item->bytes;
    plan->open += item->state == ECD_MATERIAL_OPEN;
    plan->finished += item->state == ECD_MATERIAL_DONE;
    plan->bad += item->state == ECD_MATERIAL_BAD;
    if (item->state != ECD_MATERIAL_OPEN) continue;
    item->group =
        ecd_plan_group(item->n, preparation, settings->ranks_per_volume, ctx->size, budget);
    const double points = (double)item->n[0] * (double)item->n[1] * (double)item->n[2];
    const double memory =
        base_memory + (sources->file[i].plus != NULL ? 4 * points : 0) +
        ecd_resample_memory(item->n, preparation->grid, preparation->method, item->group);
    if (memory > plan->memory) plan->memory = memory;
    if (item->group > plan->group_most) plan->group_most = item->group;
  }
  return ECD_OK;
}

ecd_code_t ecd_plan_make(const ecd_context_t *ctx, const ecd_prep_settings_t *settings,
                         const ecd_preparation_t *preparation, const ecd_sources_t *sources,
                         const char *folder, ecd_material_t *materials, ecd_plan_t *plan,
                         ecd_error_t *err) {
  memset(plan, 0, sizeof *plan);
  plan->count = sources->count;
  ecd_code_t code = ecd_alloc((void **)&plan->item, plan->count, sizeof *plan->item, "plan", err);
  int64_t first, number;
  ecd_part((int64_t)plan->count, ctx->rank, ctx->size, &first, &number);
  for (int64_t i = first; code == ECD_OK && i < first + number; ++i)
    code = look_at(&sources->file[i], settings, preparation, folder, &materials[i], &plan->item[i],
                   err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK) code = share_items(ctx, plan, err);
  if (code == ECD_OK) code = sum_up(ctx, settings, preparation, sources, plan, err);
  return code;
}

void ecd_plan_clear(ecd_plan_t *plan) {
  free(plan->item);
  memset(plan, 0, sizeof *plan);
}
