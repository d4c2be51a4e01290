#include "prep/parts.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define SUFFIX ".part"
#define LOCK   "lock"

/* A part: magic, key, length of what follows up to the volume, the material, the volume, and XXH3 of all
   before, chained. After a SIGKILL the page cache still holds what was written, so parts are not synced
   one by one; a power failure can tear one, which its checksum shows. */
static const char magic[8] = {'e', 'c', 'd', 'p', 'a', 'r', 't', '2'};
typedef struct {
  char magic[8], key[64];
  uint64_t length, points;
} head_t;

static void describe(FILE *file, const char *path) {
  struct stat info;
  if (stat(path, &info) != 0) memset(&info, 0, sizeof info);
  fprintf(file, "%s\n%lld %lld.%09ld\n", path, (long long)info.st_size,
          (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

void ecd_part_key(const ecd_source_file_t *file, const ecd_prep_settings_t *settings,
                  const ecd_preparation_t *p, char key[65]) {
  char *text = NULL;
  size_t length = 0;
  FILE *stream = open_memstream(&text, &length);
  ECD_CHECK(stream != NULL);
  fprintf(stream, "part 1\n%lld %d %d %d\n%d %lld %.17g\n", (long long)p->grid, (int)p->field,
          (int)p->cell, (int)p->method, (int)settings->format, (long long)settings->block,
          settings->symprec);
  describe(stream, file->path);
  if (file->plus != NULL) describe(stream, file->plus);
  fclose(stream);
  ecd_sha256(text, length, key);
  free(text);
}

static void part_path(char path[ECD_PATH_MAX + 80], const char *folder, const char *key) {
  snprintf(path, ECD_PATH_MAX + 80, "%s/%s" SUFFIX, folder, key);
}

static bool put(FILE *file, const void *data, size_t size, uint64_t *sum) {
  *sum = XXH3_64bits_withSeed(data, size, *sum);
  return fwrite(data, 1, size, file) == size;
}

static bool get(FILE *file, void *data, size_t size, uint64_t *sum) {
  if (fread(data, 1, size, file) != size) return false;
  *sum = XXH3_64bits_withSeed(data, size, *sum);
  return true;
}

ecd_code_t ecd_part_write(const char *folder, const char *key, const ecd_material_t *material,
                          size_t points, const float *volume, ecd_error_t *err) {
  char path[ECD_PATH_MAX + 80], temporary[ECD_PATH_MAX + 90], *text = NULL;
  size_t length = 0;
  FILE *memory = open_memstream(&text, &length);
  if (memory == NULL) return ecd_fail(err, ECD_FAILED, "out of memory: writing a volume");
  ecd_material_pack(memory, material);
  fclose(memory);
  head_t head = {.length = length, .points = points};
  memcpy(head.magic, magic, sizeof magic);
  memcpy(head.key, key, sizeof head.key);
  part_path(path, folder, key);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  FILE *file = fopen(temporary, "wb");
  uint64_t sum = 0;
  bool good = file != NULL && put(file, &head, sizeof head, &sum) &&
              put(file, text, length, &sum) && put(file, volume, points * sizeof *volume, &sum);
  good = good && fwrite(&sum, sizeof sum, 1, file) == 1;
  good = file != NULL && fclose(file) == 0 && good;
  free(text);
  if (good && rename(temporary, path) == 0) return ECD_OK;
  const int why = errno;
  unlink(temporary);
  return ecd_fail(err, ECD_FAILED, "cannot write %s: %s", path, strerror(why));
}

/* The material's bytes, owned by the caller; NULL if they are not there. */
static char *get_material(FILE *file, size_t length, uint64_t *sum) {
  char *text = malloc(length + 1);
  if (text != NULL && get(file, text, length, sum)) return text;
  free(text);
  return NULL;
}

static bool read_open(FILE *file, const char *key, size_t points, ecd_material_t *material,
                      float *volume) {
  head_t head;
  uint64_t sum = 0, check;
  if (!get(file, &head, sizeof head, &sum) || memcmp(head.magic, magic, sizeof magic) != 0 ||
      memcmp(head.key, key, sizeof head.key) != 0 || head.points != points ||
      head.length > (1u << 26))
    return false;
  char *text = get_material(file, head.length, &sum);
  bool good = text != NULL && get(file, volume, points * sizeof *volume, &sum) &&
              fread(&check, sizeof check, 1, file) == 1 && check == sum;
  FILE *memory = good && material != NULL ? fmemopen(text, head.length, "rb") : NULL;
  if (material != NULL) good = memory != NULL && ecd_material_unpack(memory, material);
  if (memory != NULL) fclose(memory);
  free(text);
  return good;
}

bool ecd_part_read(const char *folder, const char *key, size_t points, ecd_material_t *material,
                   float *volume) {
  char path[ECD_PATH_MAX + 80];
  part_path(path, folder, key);
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  float *own = volume == NULL ? malloc(points * sizeof *own) : NULL,
        *to = volume != NULL ? volume : own;
  const bool good = to != NULL && read_open(file, key, points, material, to);
  free(own);
  fclose(file);
  return good;
}

static bool is_part(const char *name) {
  const size_t digits = strspn(name, "0123456789abcdef");
  return digits == 64 &&
         (strcmp(name + digits, SUFFIX) == 0 || strcmp(name + digits, SUFFIX ".tmp") == 0);
}

ecd_code_t ecd_parts_lock(const char *folder, int *lock, ecd_error_t *err) {
  char path[ECD_PATH_MAX + 80];
  snprintf(path, sizeof path, "%s/" LOCK, folder);
  return ecd_file_lock(path, "prep", lock, err);
}

void ecd_parts_leave(const char *folder, int *lock) {
  char path[ECD_PATH_MAX + 80];
  if (*lock < 0) return;
  snprintf(path, sizeof path, "%s/" LOCK, folder);
  unlink(path);
  rmdir(folder); /* fails where parts are left */
  ecd_file_unlock(lock);
}

void ecd_parts_remove(const char *folder) {
  DIR *dir = opendir(folder);
  if (dir == NULL) return;
  for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
    if (is_part(entry->d_name) || strcmp(entry->d_name, LOCK) == 0)
      unlinkat(dirfd(dir), entry->d_name, 0);
  closedir(dir);
  rmdir(folder);
}
