#include "store/h5.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static herr_t innermost(unsigned int n, const H5E_error2_t *error, void *text) {
  (void)n;
  snprintf(text, 128, "%s", error->desc != NULL ? error->desc : "");
  return 0;
}

void ecd_h5_fail(ecd_h5_t *h5, const char *what) {
  if (h5->failed) return;
  char reason[128] = "";
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, reason);
  h5->failed = true;
  snprintf(h5->what, sizeof h5->what, "%.110s%s%s", what, reason[0] != '\0' ? ": " : "", reason);
}

ecd_code_t ecd_h5_open(const char *path, bool create, ecd_h5_t *h5, ecd_error_t *err) {
  *h5 = (ecd_h5_t){.file = H5I_INVALID_HID, .path = path};
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  if (create) {
    /* The format of HDF5 1.8: its headers and attributes carry checksums, too. */
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18);
    h5->file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    return h5->file >= 0 ? ECD_OK
                         : ecd_fail(err, ECD_FAILED, "%s: cannot create an HDF5 file", path);
  }
  ecd_stream_t *stream;
  ECD_TRY(ecd_stream_open(path, &stream, err)); /* missing, a directory, no permission */
  ecd_stream_close(&stream);
  h5->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (h5->file >= 0) return ECD_OK;
  const bool foreign = H5Fis_hdf5(path) <= 0;
  return ecd_fail(err, ECD_DATA,
                  foreign ? "%s: not an HDF5 file" : "%s: a damaged or truncated HDF5 file", path);
}

ecd_code_t ecd_h5_close(ecd_h5_t *h5, ecd_code_t code, ecd_error_t *err) {
  if (h5->file >= 0 && H5Fclose(h5->file) < 0) ecd_h5_fail(h5, "closing the file");
  h5->file = H5I_INVALID_HID;
  return h5->failed ? ecd_fail(err, code, "%s: %s", h5->path, h5->what) : ECD_OK;
}

static hid_t checked_layout(int rank, const hsize_t *dims, size_t item) {
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  hsize_t count = 1, chunk[8];
  for (int i = 0; i < rank; ++i) count *= chunk[i] = dims[i];
  if (count == 0) return layout;
  while (count * item > (1u << 24) && chunk[0] > 1) {
    count /= chunk[0];
    chunk[0] = (chunk[0] + 1) / 2;
    count *= chunk[0];
  }
  H5Pset_chunk(layout, rank, chunk);
  H5Pset_fletcher32(layout);
  return layout;
}

void ecd_h5_write(ecd_h5_t *h5, const char *name, hid_t type, int rank, const hsize_t *dims,
                  const void *data) {
  if (h5->failed) return;
  const hid_t link = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(link, 1);
  const hid_t layout = checked_layout(rank, dims, H5Tget_size(type)),
              space = H5Screate_simple(rank, dims, NULL);
  const hid_t set = H5Dcreate2(h5->file, name, type, space, link, layout, H5P_DEFAULT);
  if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    ecd_h5_fail(h5, name);
  if (set >= 0) H5Dclose(set);
  H5Sclose(space);
  H5Pclose(layout);
  H5Pclose(link);
}

size_t ecd_h5_count(ecd_h5_t *h5, const char *name) {
  if (h5->failed) return 0;
  const hid_t set = H5Dopen2(h5->file, name, H5P_DEFAULT);
  if (set < 0) {
    ecd_h5_fail(h5, name);
    return 0;
  }
  const hid_t space = H5Dget_space(set);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  H5Sclose(space);
  H5Dclose(set);
  return count < 0 ? 0 : (size_t)count;
}

void ecd_h5_read(ecd_h5_t *h5, const char *name, hid_t type, size_t count, void *data) {
  const size_t have = ecd_h5_count(h5, name);
  if (h5->failed) return;
  if (have != count) {
    h5->failed = true;
    snprintf(h5->what, sizeof h5->what, "%.80s: expected %zu values, found %zu", name, count, have);
    return;
  }
  const hid_t set = H5Dopen2(h5->file, name, H5P_DEFAULT);
  if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) ecd_h5_fail(h5, name);
  H5Dclose(set);
}

static hid_t string_type(size_t size) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size);
  H5Tset_cset(type, H5T_CSET_UTF8);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

void ecd_h5_write_strings(ecd_h5_t *h5, const char *name, size_t count, const char *const *text) {
  size_t size = 1;
  for (size_t i = 0; i < count; ++i)
    if (strlen(text[i]) > size) size = strlen(text[i]);
  char *all = calloc(count + 1, size);
  if (all == NULL) {
    ecd_h5_fail(h5, "out of memory");
    return;
  }
  for (size_t i = 0; i < count; ++i) memcpy(all + i * size, text[i], strlen(text[i]));
  const hid_t type = string_type(size);
  ecd_h5_write(h5, name, type, 1, (const hsize_t[]){count}, all);
  H5Tclose(type);
  free(all);
}

void ecd_h5_read_strings(ecd_h5_t *h5, const char *name, size_t count, char **text) {
  memset(text, 0, count * sizeof *text);
  if (ecd_h5_count(h5, name) != count) ecd_h5_fail(h5, name);
  if (h5->failed) return;
  const hid_t set = H5Dopen2(h5->file, name, H5P_DEFAULT), stored = H5Dget_type(set);
  const size_t size = H5Tget_size(stored);
  const bool fixed = H5Tget_class(stored) == H5T_STRING && H5Tis_variable_str(stored) == 0;
  char *all = fixed ? calloc(count + 1, size) : NULL;
  const hid_t type = string_type(size);
  if (all == NULL || H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all) < 0)
    ecd_h5_fail(h5, name);
  for (size_t i = 0; !h5->failed && i < count; ++i)
    if ((text[i] = strndup(all + i * size, size)) == NULL) ecd_h5_fail(h5, "out of memory");
  free(all);
  H5Tclose(type);
  H5Tclose(stored);
  H5Dclose(set);
}

static void put_attribute(ecd_h5_t *h5, hid_t object, const char *name, hid_t type,
                          const void *data) {
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite(attribute, type, data) < 0) ecd_h5_fail(h5, name);
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
}

void ecd_h5_put_text(ecd_h5_t *h5, const char *name, const char *text) {
  if (h5->failed) return;
  const hid_t type = string_type(strlen(text) + 1);
  put_attribute(h5, h5->file, name, type, text);
  H5Tclose(type);
}

void ecd_h5_put_unit(ecd_h5_t *h5, const char *dataset, const char *unit) {
  if (h5->failed) return;
  const hid_t set = H5Dopen2(h5->file, dataset, H5P_DEFAULT), type = string_type(strlen(unit) + 1);
  put_attribute(h5, set, "unit", type, unit);
  H5Tclose(type);
  H5Dclose(set);
}

char *ecd_h5_get_text(ecd_h5_t *h5, const char *name) {
  if (h5->failed) return NULL;
  const hid_t attribute = H5Aopen(h5->file, name, H5P_DEFAULT);
  const hid_t type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;
  char *text = NULL;
  if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0) {
    const size_t size = H5Tget_size(type);
    text = calloc(size + 1, 1);
    if (text != NULL && H5Aread(attribute, type, text) < 0) {
      free(text);
      text = NULL;
    }
  }
  if (text == NULL) ecd_h5_fail(h5, name);
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  return text;
}

void ecd_h5_put_number(ecd_h5_t *h5, const char *name, double value) {
  if (!h5->failed) put_attribute(h5, h5->file, name, H5T_NATIVE_DOUBLE, &value);
}

void ecd_h5_put_integer(ecd_h5_t *h5, const char *name, int64_t value) {
  if (!h5->failed) put_attribute(h5, h5->file, name, H5T_NATIVE_INT64, &value);
}

static void get_attribute(ecd_h5_t *h5, const char *name, hid_t type, void *data) {
  if (h5->failed) return;
  const hid_t attribute = H5Aopen(h5->file, name, H5P_DEFAULT);
  if (attribute < 0 || H5Aread(attribute, type, data) < 0) ecd_h5_fail(h5, name);
  if (attribute >= 0) H5Aclose(attribute);
}

double ecd_h5_get_number(ecd_h5_t *h5, const char *name) {
  double value = 0;
  get_attribute(h5, name, H5T_NATIVE_DOUBLE, &value);
  return value;
}

int64_t ecd_h5_get_integer(ecd_h5_t *h5, const char *name) {
  int64_t value = 0;
  get_attribute(h5, name, H5T_NATIVE_INT64, &value);
  return value;
}

ecd_code_t ecd_h5_check_schema(ecd_h5_t *h5, const char *schema, int64_t newest, ecd_error_t *err) {
  char *found = H5Aexists(h5->file, "schema") > 0 ? ecd_h5_get_text(h5, "schema") : NULL;
  const bool same = found != NULL && strcmp(found, schema) == 0;
  ecd_code_t code = ECD_OK;
  if (!same)
    code = ecd_fail(err, ECD_DATA, "%s: expected an HDF5 file of schema %s, found %s", h5->path,
                    schema, found != NULL ? found : "one that ecdnet did not write");
  free(found);
  if (code != ECD_OK) return code;
  const int64_t version = ecd_h5_get_integer(h5, "schema_version");
  if (version > newest)
    return ecd_fail(err, ECD_DATA,
                    "%s: schema version %lld, where this ecdnet knows versions up to %lld",
                    h5->path, (long long)version, (long long)newest);
  return ECD_OK;
}
