/* Writing a dataset: rank 0 writes all but the volumes, then all ranks write volumes collectively; the
   file gets its name when it is complete. Layout, schema 1 (N samples, n the grid):
     /volume f32 (N, n, n, n), one chunk a sample, fletcher32
     /lattice, /cell f64 (N, 3, 3), A: the source file's cell, the cell that the volume spans
     /site/first i64 (N + 1), /site/Z i32, /site/frac f64 (sites, 3)
     /id, /formula, /source/path, /source/sha256 fixed-length UTF-8; /source/grid i64 (N, 3)
     /target/bulk, /target/shear f64 (N), GPa, NaN = unknown
     /feature/magpie f64 (N, 145), NaN = no value, and /feature/magpie_names
     /stats/integral_before, integral_after, minimum, maximum f64 (N), negative i64 (N)
     root attributes: schema, schema_version, program, deck, grid, field, cell, method, code */
#include "store/dataset_private.h"

#include "base/file.h"
#include "base/version.h"
#include "store/names.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  const ecd_sample_t *samples;
  size_t count;
} list_t;

static void write_numbers(ecd_h5_t *h5, const char *name, const list_t *list, size_t member) {
  double *values = malloc((list->count + 1) * sizeof *values);
  if (values == NULL) {
    ecd_h5_fail(h5, "out of memory");
    return;
  }
  for (size_t i = 0; i < list->count; ++i)
    memcpy(values + i, (const char *)&list->samples[i] + member, sizeof *values);
  ecd_h5_write(h5, name, H5T_NATIVE_DOUBLE, 1, (const hsize_t[]){list->count}, values);
  free(values);
}

static void write_texts(ecd_h5_t *h5, const char *name, const list_t *list, size_t member) {
  const char **text = calloc(list->count + 1, sizeof *text);
  if (text == NULL) {
    ecd_h5_fail(h5, "out of memory");
    return;
  }
  for (size_t i = 0; i < list->count; ++i) {
    memcpy(&text[i], (const char *)&list->samples[i] + member, sizeof *text);
    if (text[i] == NULL) text[i] = "";
  }
  ecd_h5_write_strings(h5, name, list->count, text);
  free(text);
}

static void write_cells(ecd_h5_t *h5, const list_t *list, double *cells, int64_t *integers) {
  const hsize_t count = list->count;
  for (size_t i = 0; i < list->count; ++i)
    memcpy(cells + 9 * i, list->samples[i].crystal.lattice, 9 * sizeof *cells);
  ecd_h5_write(h5, "/lattice", H5T_NATIVE_DOUBLE, 3, (const hsize_t[]){count, 3, 3}, cells);
  for (size_t i = 0; i < list->count; ++i)
    memcpy(cells + 9 * i, list->samples[i].cell, 9 * sizeof *cells);
  ecd_h5_write(h5, "/cell", H5T_NATIVE_DOUBLE, 3, (const hsize_t[]){count, 3, 3}, cells);
  for (size_t i = 0; i < list->count; ++i)
    memcpy(integers + 3 * i, list->samples[i].source_grid, 3 * sizeof *integers);
  ecd_h5_write(h5, "/source/grid", H5T_NATIVE_INT64, 2, (const hsize_t[]){count, 3}, integers);
  for (size_t i = 0; i < list->count; ++i) integers[i] = list->samples[i].negative;
  ecd_h5_write(h5, "/stats/negative", H5T_NATIVE_INT64, 1, &count, integers);
}

static void write_sites(ecd_h5_t *h5, const list_t *list, int64_t *first) {
  first[0] = 0;
  for (size_t i = 0; i < list->count; ++i)
    first[i + 1] = first[i] + (int64_t)list->samples[i].crystal.sites;
  const size_t sites = (size_t)first[list->count];
  int *Z = malloc((sites + 1) * sizeof *Z);
  double *frac = malloc((3 * sites + 1) * sizeof *frac);
  if (Z == NULL || frac == NULL) ecd_h5_fail(h5, "out of memory");
  for (size_t i = 0; !h5->failed && i < list->count; ++i) {
    const ecd_crystal_t *crystal = &list->samples[i].crystal;
    if (crystal->sites == 0) continue;
    memcpy(Z + first[i], crystal->Z, crystal->sites * sizeof *Z);
    memcpy(frac + 3 * first[i], crystal->frac, 3 * crystal->sites * sizeof *frac);
  }
  ecd_h5_write(h5, "/site/first", H5T_NATIVE_INT64, 1, (const hsize_t[]){list->count + 1}, first);
  ecd_h5_write(h5, "/site/Z", H5T_NATIVE_INT, 1, (const hsize_t[]){sites}, Z);
  ecd_h5_write(h5, "/site/frac", H5T_NATIVE_DOUBLE, 2, (const hsize_t[]){sites, 3}, frac);
  free(Z);
  free(frac);
}

static void create_volume_set(ecd_h5_t *h5, size_t count, int64_t n) {
  if (h5->failed) return;
  const hsize_t edge = (hsize_t)n, dims[4] = {count, edge, edge, edge},
                chunk[4] = {1, edge, edge, edge};
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(4, dims, NULL);
  H5Pset_chunk(layout, 4, chunk);
  H5Pset_fletcher32(layout);
  H5Pset_fill_time(layout, H5D_FILL_TIME_NEVER);
  const hid_t set =
      H5Dcreate2(h5->file, "/volume", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, layout, H5P_DEFAULT);
  if (set < 0) ecd_h5_fail(h5, "/volume");
  H5Dclose(set);
  H5Sclose(space);
  H5Pclose(layout);
}

static ecd_code_t write_all_but_volumes(const char *path, const char *deck,
                                        const ecd_preparation_t *preparation, const list_t *list,
                                        const double *features, ecd_error_t *err) {
  ecd_h5_t h5;
  ECD_TRY(ecd_h5_open(path, true, &h5, err));
  ecd_h5_put_text(&h5, "schema", ECD_DATASET_SCHEMA);
  ecd_h5_put_integer(&h5, "schema_version", ECD_DATASET_VERSION);
  ecd_h5_put_text(&h5, "program", ecd_version());
  ecd_h5_put_text(&h5, "deck", deck);
  ecd_preparation_put(&h5, preparation);
  double *cells = malloc((9 * list->count + 1) * sizeof *cells);
  int64_t *integers = malloc((3 * list->count + 2) * sizeof *integers);
  if (cells == NULL || integers == NULL) ecd_h5_fail(&h5, "out of memory");
  if (!h5.failed) write_cells(&h5, list, cells, integers);
  if (!h5.failed) write_sites(&h5, list, integers);
  free(cells);
  free(integers);
  write_texts(&h5, "/id", list, offsetof(ecd_sample_t, id));
  write_texts(&h5, "/formula", list, offsetof(ecd_sample_t, formula));
  write_texts(&h5, "/source/path", list, offsetof(ecd_sample_t, path));
  write_texts(&h5, "/source/sha256", list, offsetof(ecd_sample_t, sha256));
  write_numbers(&h5, "/target/bulk", list, offsetof(ecd_sample_t, bulk));
  write_numbers(&h5, "/target/shear", list, offsetof(ecd_sample_t, shear));
  write_numbers(&h5, "/stats/integral_before", list, offsetof(ecd_sample_t, integral_before));
  write_numbers(&h5, "/stats/integral_after", list, offsetof(ecd_sample_t, integral_after));
  write_numbers(&h5, "/stats/minimum", list, offsetof(ecd_sample_t, minimum));
  write_numbers(&h5, "/stats/maximum", list, offsetof(ecd_sample_t, maximum));
  ecd_features_write(&h5, list->count, features);
  ecd_h5_put_unit(&h5, "/target/bulk", "GPa");
  ecd_h5_put_unit(&h5, "/target/shear", "GPa");
  ecd_h5_put_unit(&h5, "/lattice", "A");
  ecd_h5_put_unit(&h5, "/cell", "A");
  create_volume_set(&h5, list->count, preparation->grid);
  return ecd_h5_close(&h5, ECD_FAILED, err);
}

/* Bytes of volumes that a rank writes at once: few collective writes, little memory. */
enum { ROUND_BYTES = 1 << 24 };

/* One collective write: number samples from first on, which may be none on a rank. */
static ecd_code_t write_round(const char *path, hid_t set, hid_t transfer, size_t first,
                              size_t number, hsize_t n, const float *volumes, ecd_error_t *err) {
  const hid_t file_space = H5Dget_space(set);
  const hsize_t start[4] = {first, 0, 0, 0}, block[4] = {number > 0 ? number : 1, n, n, n};
  /* Of the same shape as the selection in the file: HDF5 then copies blocks, not elements. */
  const hid_t memory = H5Screate_simple(4, block, NULL);
  if (number > 0) {
    H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, block, NULL);
  } else {
    H5Sselect_none(file_space);
    H5Sselect_none(memory);
  }
  const herr_t result = H5Dwrite(set, H5T_NATIVE_FLOAT, memory, file_space, transfer, volumes);
  H5Sclose(memory);
  H5Sclose(file_space);
  return result >= 0 ? ECD_OK
                     : ecd_fail(err, ECD_FAILED, "%s: cannot write volumes (disk full?)", path);
}

/* Each rank in turn takes `most` samples in a row. Collective. */
static ecd_code_t write_rounds(const ecd_context_t *ctx, const char *path, hid_t set,
                               hid_t transfer, const list_t *list, int64_t n, size_t most,
                               float *volumes, ecd_fetch_fn *fetch, void *arg, ecd_error_t *err) {
  const size_t points = (size_t)(n * n * n), count = list->count;
  ecd_code_t code = ECD_OK;
  for (size_t base = 0; code == ECD_OK && base < count; base += most * (size_t)ctx->size) {
    const size_t first = base + most * (size_t)ctx->rank;
    const size_t number = first >= count ? 0 : count - first < most ? count - first : most;
    for (size_t k = 0; code == ECD_OK && k < number; ++k)
      code = fetch(first + k, volumes + k * points, arg, err);
    code = ecd_agree(ctx->world, code, err);
    if (code == ECD_OK)
      code = write_round(path, set, transfer, first, number, (hsize_t)n, volumes, err);
    code = ecd_agree(ctx->world, code, err);
  }
  return code;
}

static ecd_code_t write_volumes(const ecd_context_t *ctx, const char *path, const list_t *list,
                                int64_t n, ecd_fetch_fn *fetch, void *arg, ecd_error_t *err) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS), transfer = H5Pcreate(H5P_DATASET_XFER);
  H5Pset_fapl_mpio(access, ctx->world, MPI_INFO_NULL);
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18);
  H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  /* The ranks agree on the chunks' places; each then writes its own: they are large and do not touch. */
  H5Pset_dxpl_mpio_collective_opt(transfer, H5FD_MPIO_INDIVIDUAL_IO);
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, access);
  const hid_t set = file >= 0 ? H5Dopen2(file, "/volume", H5P_DEFAULT) : H5I_INVALID_HID;
  ecd_code_t code =
      set >= 0 ? ECD_OK : ecd_fail(err, ECD_FAILED, "%s: cannot open for parallel writing", path);
  const size_t bytes = (size_t)(n * n * n) * sizeof(float), ranks = (size_t)ctx->size;
  const size_t share = (list->count + ranks - 1) / ranks, most = bytes >= ROUND_BYTES ? 1
                                                                 : ROUND_BYTES / bytes < share
                                                                     ? ROUND_BYTES / bytes
                                                                     : share;
  float *volumes = NULL;
  if (code == ECD_OK) code = ecd_alloc((void **)&volumes, most, bytes, "volumes", err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code = write_rounds(ctx, path, set, transfer, list, n, most, volumes, fetch, arg, err);
  free(volumes);
  if (set >= 0) H5Dclose(set);
  if (file >= 0 && H5Fclose(file) < 0 && code == ECD_OK)
    code = ecd_fail(err, ECD_FAILED, "%s: cannot close", path);
  H5Pclose(access);
  H5Pclose(transfer);
  return ecd_agree(ctx->world, code, err);
}

/* XML text with the five reserved characters replaced. */
static void write_xml(FILE *file, const char *text) {
  for (; *text != '\0'; ++text) {
    const char *safe = *text == '&'   ? "&amp;"
                       : *text == '<' ? "&lt;"
                       : *text == '>' ? "&gt;"
                       : *text == '"' ? "&quot;"
                                      : NULL;
    if (safe != NULL)
      fputs(safe, file);
    else
      fputc(*text, file);
  }
}

static ecd_code_t write_xdmf(const char *path, const list_t *list, int64_t edge, ecd_error_t *err) {
  char name[ECD_PATH_MAX];
  const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
  const int stem =
      dot != NULL && (slash == NULL || dot > slash) ? (int)(dot - path) : (int)strlen(path);
  if (snprintf(name, sizeof name, "%.*s.xdmf", stem, path) >= ECD_PATH_MAX) return ECD_OK;
  ecd_output_t *output;
  ECD_TRY(ecd_output_open(name, &output, err));
  FILE *f = ecd_output_stream(output);
  const char *h5 = slash != NULL ? slash + 1 : path;
  const int n = (int)edge;
  fprintf(f, "<?xml version=\"1.0\"?>\n<Xdmf Version=\"3.0\"><Domain><Grid Name=\"ecdnet\" "
             "GridType=\"Tree\">\n");
  for (size_t i = 0; i < list->count; ++i) {
    const ecd_sample_t *s = &list->samples[i];
    fprintf(f, "<Grid Name=\"");
    write_xml(f, s->id);
    fprintf(f, " ");
    write_xml(f, s->formula != NULL ? s->formula : "");
    fprintf(f, "\"><Information Name=\"cell, A, rows\" Value=\"");
    for (int k = 0; k < 9; ++k) fprintf(f, "%s%.9g", k > 0 ? " " : "", s->cell[k / 3][k % 3]);
    /* Voxels of the spanned cell's edge lengths: exact for orthogonal cells. An oblique cell is
       drawn as a box; a curvilinear mesh that shows it would need the coordinates of every point. */
    fprintf(f,
            "\"/><Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"%d %d %d\"/><Geometry "
            "GeometryType=\"ORIGIN_DXDYDZ\">"
            "<DataItem Dimensions=\"3\">0 0 0</DataItem><DataItem Dimensions=\"3\">",
            n, n, n);
    for (int k = 0; k < 3; ++k) fprintf(f, "%.9g ", ecd_vector_length(s->cell[k]) / n);
    fprintf(f,
            "</DataItem></Geometry><Attribute Name=\"value\" Center=\"Node\"><DataItem "
            "ItemType=\"HyperSlab\" Dimensions=\"%d %d %d\">"
            "<DataItem Dimensions=\"3 4\">%zu 0 0 0 1 1 1 1 1 %d %d %d</DataItem><DataItem "
            "Format=\"HDF\" NumberType=\"Float\" "
            "Precision=\"4\" Dimensions=\"%zu %d %d "
            "%d\">%s:/volume</DataItem></DataItem></Attribute></Grid>\n",
            n, n, n, i, n, n, n, list->count, n, n, n, h5);
  }
  fprintf(f, "</Grid></Domain></Xdmf>\n");
  return ecd_output_commit(&output, err);
}

/* Rank 0's part: everything but the volumes, with the features of the formulas. Local. */
static ecd_code_t write_start(const ecd_context_t *ctx, const char *path, const char *deck,
                              const ecd_preparation_t *preparation, const list_t *list,
                              ecd_error_t *err) {
  double *features;
  ECD_TRY(ecd_alloc((void **)&features, list->count * ECD_MAGPIE_ALL, sizeof *features, "features",
                    err));
  ecd_features_compute(list->samples, list->count, features);
  const ecd_code_t code = write_all_but_volumes(path, deck, preparation, list, features, err);
  if (code == ECD_OK) ecd_features_warn(ctx, list->samples, list->count, features);
  free(features);
  return code;
}

ecd_code_t ecd_dataset_write(const ecd_context_t *ctx, const char *path, const char *deck,
                             const ecd_preparation_t *preparation, const ecd_sample_t *samples,
                             size_t count, ecd_fetch_fn *fetch, void *arg, ecd_error_t *err) {
  if (count == 0) return ecd_fail(err, ECD_DATA, "%s: a dataset needs at least one sample", path);
  const list_t list = {samples, count};
  char temporary[ECD_PATH_MAX];
  ecd_code_t code = ECD_OK;
  if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= ECD_PATH_MAX)
    return ecd_fail(err, ECD_USAGE, "path longer than %d bytes: %.80s...", ECD_PATH_MAX - 5, path);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  if (ctx->rank == 0) code = ecd_make_parent_folder(path, err);
  if (ctx->rank == 0 && code == ECD_OK)
    code = write_start(ctx, temporary, deck, preparation, &list, err);
  code = ecd_agree(ctx->world, code, err);
  if (code == ECD_OK)
    code = write_volumes(ctx, temporary, &list, preparation->grid, fetch, arg, err);
  /* Last of all the name: a dataset that is there has its XDMF file. */
  if (ctx->rank == 0 && code == ECD_OK) code = write_xdmf(path, &list, preparation->grid, err);
  if (ctx->rank == 0 && code == ECD_OK) code = ecd_file_publish(temporary, path, err);
  if (ctx->rank == 0 && code != ECD_OK) unlink(temporary);
  return ecd_agree(ctx->world, code, err);
}
