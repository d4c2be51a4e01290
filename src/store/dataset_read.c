#include "store/dataset_private.h"

#include "base/file.h"
#include "store/names.h"

#include <stdlib.h>
#include <string.h>

struct ecd_dataset {
  char path[ECD_PATH_MAX];
  ecd_preparation_t preparation;
  ecd_sample_t *samples;
  size_t count;
  double *features; /* (count, ECD_MAGPIE_ALL) */
  char *deck;
  hid_t file, volume; /* opened by all ranks for parallel reading */
};

void ecd_sample_clear(ecd_sample_t *sample) {
  free(sample->id);
  free(sample->formula);
  free(sample->path);
  free(sample->sha256);
  ecd_crystal_clear(&sample->crystal);
  memset(sample, 0, sizeof *sample);
}

static void read_texts(ecd_h5_t *h5, const char *name, ecd_dataset_t *d, size_t member) {
  char **text = calloc(d->count + 1, sizeof *text);
  if (text == NULL) {
    ecd_h5_fail(h5, "out of memory");
    return;
  }
  ecd_h5_read_strings(h5, name, d->count, text);
  for (size_t i = 0; i < d->count; ++i)
    memcpy((char *)&d->samples[i] + member, &text[i], sizeof *text);
  free(text);
}

static void read_numbers(ecd_h5_t *h5, const char *name, ecd_dataset_t *d, size_t member) {
  double *value = calloc(d->count + 1, sizeof *value);
  if (value == NULL) {
    ecd_h5_fail(h5, "out of memory");
    return;
  }
  ecd_h5_read(h5, name, H5T_NATIVE_DOUBLE, d->count, value);
  for (size_t i = 0; i < d->count; ++i)
    memcpy((char *)&d->samples[i] + member, &value[i], sizeof *value);
  free(value);
}

static void read_sites(ecd_h5_t *h5, ecd_dataset_t *d) {
  const size_t sites = ecd_h5_count(h5, "/site/Z");
  int64_t *first = calloc(d->count + 2, sizeof *first);
  int *Z = calloc(sites + 1, sizeof *Z);
  double *frac = calloc(3 * sites + 1, sizeof *frac);
  if (first == NULL || Z == NULL || frac == NULL) ecd_h5_fail(h5, "out of memory");
  ecd_h5_read(h5, "/site/first", H5T_NATIVE_INT64, d->count + 1, first);
  ecd_h5_read(h5, "/site/Z", H5T_NATIVE_INT, sites, Z);
  ecd_h5_read(h5, "/site/frac", H5T_NATIVE_DOUBLE, 3 * sites, frac);
  for (size_t i = 0; !h5->failed && i < d->count; ++i) {
    if (first[i] < 0 || first[i + 1] < first[i] || first[i + 1] > (int64_t)sites) {
      ecd_h5_fail(h5, "/site/first: not a list of offsets");
      break;
    }
    ecd_crystal_t *crystal = &d->samples[i].crystal;
    const size_t count = (size_t)(first[i + 1] - first[i]);
    if (ecd_crystal_allocate(crystal, count, NULL) != ECD_OK) ecd_h5_fail(h5, "out of memory");
    if (h5->failed || count == 0) continue;
    memcpy(crystal->Z, Z + first[i], count * sizeof *Z);
    memcpy(crystal->frac, frac + 3 * first[i], 3 * count * sizeof *frac);
  }
  free(first);
  free(Z);
  free(frac);
}

static void read_cells(ecd_h5_t *h5, ecd_dataset_t *d) {
  double *cell = calloc(9 * d->count + 1, sizeof *cell);
  int64_t *integer = calloc(3 * d->count + 1, sizeof *integer);
  if (cell == NULL || integer == NULL) ecd_h5_fail(h5, "out of memory");
  ecd_h5_read(h5, "/lattice", H5T_NATIVE_DOUBLE, 9 * d->count, cell);
  for (size_t i = 0; !h5->failed && i < d->count; ++i)
    memcpy(d->samples[i].crystal.lattice, cell + 9 * i, 9 * sizeof *cell);
  ecd_h5_read(h5, "/cell", H5T_NATIVE_DOUBLE, 9 * d->count, cell);
  for (size_t i = 0; !h5->failed && i < d->count; ++i)
    memcpy(d->samples[i].cell, cell + 9 * i, 9 * sizeof *cell);
  ecd_h5_read(h5, "/source/grid", H5T_NATIVE_INT64, 3 * d->count, integer);
  for (size_t i = 0; !h5->failed && i < d->count; ++i)
    memcpy(d->samples[i].source_grid, integer + 3 * i, 3 * sizeof *integer);
  ecd_h5_read(h5, "/stats/negative", H5T_NATIVE_INT64, d->count, integer);
  for (size_t i = 0; !h5->failed && i < d->count; ++i) d->samples[i].negative = integer[i];
  free(cell);
  free(integer);
}

/* /volume is (samples, n, n, n) of 4-byte floats with a checksum. */
static void check_volume_set(ecd_h5_t *h5, const ecd_dataset_t *d) {
  if (h5->failed) return;
  const hid_t set = H5Dopen2(h5->file, "/volume", H5P_DEFAULT);
  if (set < 0) {
    ecd_h5_fail(h5, "/volume");
    return;
  }
  const hid_t space = H5Dget_space(set), type = H5Dget_type(set), layout = H5Dget_create_plist(set);
  const hsize_t n = (hsize_t)d->preparation.grid;
  hsize_t dims[4] = {0};
  const bool shaped = H5Sget_simple_extent_ndims(space) == 4 &&
                      H5Sget_simple_extent_dims(space, dims, NULL) == 4 && dims[0] == d->count &&
                      dims[1] == n && dims[2] == n && dims[3] == n && d->preparation.grid > 0;
  unsigned int flags = 0;
  if (!shaped)
    ecd_h5_fail(h5, "/volume: expected the shape (samples, grid, grid, grid)");
  else if (H5Tget_class(type) != H5T_FLOAT || H5Tget_size(type) != sizeof(float))
    ecd_h5_fail(h5, "/volume: expected 4-byte floats");
  else if (H5Pget_filter_by_id2(layout, H5Z_FILTER_FLETCHER32, &flags, NULL, NULL, 0, NULL, NULL) <
           0)
    ecd_h5_fail(h5, "/volume: expected chunks with checksums (fletcher32)");
  H5Pclose(layout);
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(set);
}

static ecd_code_t read_all_but_volumes(ecd_dataset_t *d, ecd_error_t *err) {
  ecd_h5_t h5;
  ECD_TRY(ecd_h5_open(d->path, false, &h5, err));
  const ecd_code_t code = ecd_h5_check_schema(&h5, ECD_DATASET_SCHEMA, ECD_DATASET_VERSION, err);
  if (code != ECD_OK) {
    ecd_h5_close(&h5, ECD_DATA, NULL);
    return code;
  }
  ecd_preparation_get(&h5, &d->preparation);
  d->deck = ecd_h5_get_text(&h5, "deck");
  d->count = ecd_h5_count(&h5, "/id");
  check_volume_set(&h5, d);
  d->samples = calloc(d->count + 1, sizeof *d->samples);
  d->features = calloc(d->count * ECD_MAGPIE_ALL + 1, sizeof *d->features);
  if (d->samples == NULL || d->features == NULL) ecd_h5_fail(&h5, "out of memory");
  if (!h5.failed) {
    read_sites(&h5, d);
    read_cells(&h5, d);
    read_texts(&h5, "/id", d, offsetof(ecd_sample_t, id));
    read_texts(&h5, "/formula", d, offsetof(ecd_sample_t, formula));
    read_texts(&h5, "/source/path", d, offsetof(ecd_sample_t, path));
    read_texts(&h5, "/source/sha256", d, offsetof(ecd_sample_t, sha256));
    read_numbers(&h5, "/target/bulk", d, offsetof(ecd_sample_t, bulk));
    read_numbers(&h5, "/target/shear", d, offsetof(ecd_sample_t, shear));
    read_numbers(&h5, "/stats/integral_before", d, offsetof(ecd_sample_t, integral_before));
    read_numbers(&h5, "/stats/integral_after", d, offsetof(ecd_sample_t, integral_after));
    read_numbers(&h5, "/stats/minimum", d, offsetof(ecd_sample_t, minimum));
    read_numbers(&h5, "/stats/maximum", d, offsetof(ecd_sample_t, maximum));
    ecd_features_read(&h5, d->samples, d->count, d->features);
  }
  return ecd_h5_close(&h5, ECD_DATA, err);
}

static ecd_code_t open_volumes(const ecd_context_t *ctx, ecd_dataset_t *d, ecd_error_t *err) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_mpio(access, ctx->world, MPI_INFO_NULL);
  d->file = H5Fopen(d->path, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  d->volume = d->file >= 0 ? H5Dopen2(d->file, "/volume", H5P_DEFAULT) : H5I_INVALID_HID;
  return d->volume >= 0 ? ECD_OK
                        : ecd_fail(err, ECD_DATA, "%s: cannot open for parallel reading", d->path);
}

ecd_code_t ecd_dataset_locate(const ecd_settings_t *settings, char *path, ecd_error_t *err) {
  const char *file = settings->data.file;
  return file[0] != '\0' ? ecd_path_join(path, "", file, err)
                         : ecd_path_join(path, settings->output, "dataset.h5", err);
}

ecd_code_t ecd_dataset_open(const ecd_context_t *ctx, const char *path, ecd_dataset_t **dataset,
                            ecd_error_t *err) {
  *dataset = NULL;
  ecd_dataset_t *d;
  ECD_TRY(ecd_alloc((void **)&d, 1, sizeof *d, "dataset", err));
  d->file = d->volume = H5I_INVALID_HID;
  snprintf(d->path, sizeof d->path, "%s", path);
  ecd_code_t code = ecd_agree(ctx->world, read_all_but_volumes(d, err), err);
  if (code == ECD_OK) code = ecd_agree(ctx->world, open_volumes(ctx, d, err), err);
  if (code == ECD_OK)
    *dataset = d;
  else
    ecd_dataset_close(&d);
  return code;
}

void ecd_dataset_close(ecd_dataset_t **dataset) {
  ecd_dataset_t *d = *dataset;
  if (d == NULL) return;
  if (d->volume >= 0) H5Dclose(d->volume);
  if (d->file >= 0) H5Fclose(d->file);
  for (size_t i = 0; d->samples != NULL && i < d->count; ++i) ecd_sample_clear(&d->samples[i]);
  free(d->samples);
  free(d->features);
  free(d->deck);
  free(d);
  *dataset = NULL;
}

size_t ecd_dataset_size(const ecd_dataset_t *dataset) { return dataset->count; }
const ecd_sample_t *ecd_dataset_sample(const ecd_dataset_t *dataset, size_t i) {
  return &dataset->samples[i];
}
const double *ecd_dataset_features(const ecd_dataset_t *dataset, size_t i) {
  return dataset->features + i * ECD_MAGPIE_ALL;
}

ecd_code_t ecd_dataset_checksums(const ecd_dataset_t *d, char ***list, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)list, d->count, sizeof **list, "checksums", err));
  for (size_t i = 0; i < d->count; ++i)
    (*list)[i] = d->samples[i].sha256 != NULL ? d->samples[i].sha256 : (char *)"";
  return ECD_OK;
}

const ecd_preparation_t *ecd_dataset_preparation(const ecd_dataset_t *dataset) {
  return &dataset->preparation;
}
const char *ecd_dataset_path(const ecd_dataset_t *dataset) { return dataset->path; }

const char *ecd_dataset_deck(const ecd_dataset_t *dataset) { return dataset->deck; }

ecd_code_t ecd_dataset_read_volume(ecd_dataset_t *d, size_t i, float *out, ecd_error_t *err) {
  const hsize_t n = (hsize_t)d->preparation.grid, start[4] = {i, 0, 0, 0}, block[4] = {1, n, n, n};
  /* Of the same shape as the selection in the file: HDF5 then copies blocks, not elements. */
  const hid_t space = H5Dget_space(d->volume), memory = H5Screate_simple(4, block, NULL);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, block, NULL);
  const herr_t result = H5Dread(d->volume, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, out);
  H5Sclose(memory);
  H5Sclose(space);
  if (result >= 0) return ECD_OK;
  return ecd_fail(
      err, ECD_DATA,
      "%s: the volume of sample '%s' (index %zu) is corrupt: its checksum does not hold", d->path,
      d->samples[i].id, i);
}
