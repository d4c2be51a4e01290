#include "prep/sources.h"

#include "base/file.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MARK "{id}"
static const size_t mark_length = sizeof MARK - 1;

static int by_id(const void *a, const void *b) {
  return strcmp(((const ecd_source_file_t *)a)->id, ((const ecd_source_file_t *)b)->id);
}

static ecd_code_t no_memory(ecd_error_t *err) {
  return ecd_fail(err, ECD_FAILED, "out of memory: list of files");
}

/* key: template with exactly one {id}. */
static ecd_code_t check_template(const char *key, const char *template, ecd_error_t *err) {
  const char *mark = strstr(template, MARK);
  if (mark != NULL && strstr(mark + 1, MARK) == NULL) return ECD_OK;
  return ecd_fail(err, ECD_USAGE, "%s: expected a path with {id} once, found '%s'", key, template);
}

/* template with {id} replaced by text. */
static ecd_code_t fill_in(const char *template, const char *text, char path[ECD_PATH_MAX],
                          ecd_error_t *err) {
  const char *mark = strstr(template, MARK);
  if (snprintf(path, ECD_PATH_MAX, "%.*s%s%s", (int)(mark - template), template, text,
               mark + mark_length) < ECD_PATH_MAX)
    return ECD_OK;
  return ecd_fail(err, ECD_USAGE, "path longer than %d bytes: %.80s...", ECD_PATH_MAX - 1,
                  template);
}

/* A pattern that matches text alone: glob's special characters get a backslash. */
static ecd_code_t quote(const char *text, char quoted[ECD_PATH_MAX], ecd_error_t *err) {
  size_t to = 0;
  for (; *text != '\0' && to < ECD_PATH_MAX - 3; ++text) {
    if (strchr("*?[]\\", *text) != NULL) quoted[to++] = '\\';
    quoted[to++] = *text;
  }
  quoted[to] = '\0';
  return *text == '\0' ? ECD_OK : ecd_fail(err, ECD_USAGE, "path too long: %.80s...", quoted);
}

/* Name of a file without folder and known suffixes. */
static void bare_name(const char *path, char id[256]) {
  static const char *const suffixes[] = {".gz",      ".cube",    ".cub",     ".xsf",
                                         ".CHGCAR",  ".CHG",     ".ELFCAR",  ".LOCPOT",
                                         ".AECCAR0", ".AECCAR1", ".AECCAR2", ".PARCHG"};
  const char *slash = strrchr(path, '/');
  snprintf(id, 256, "%s", slash != NULL ? slash + 1 : path);
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; ++i) {
    const size_t length = strlen(id), tail = strlen(suffixes[i]);
    if (length > tail && strcasecmp(id + length - tail, suffixes[i]) == 0) id[length - tail] = '\0';
  }
}

/* The list's room doubles, so that many files are no trouble. */
static ecd_code_t add(ecd_sources_t *sources, const char *id, const char *path, ecd_error_t *err) {
  const size_t count = sources->count;
  if ((count & (count - 1)) == 0) {
    ecd_source_file_t *larger =
        realloc(sources->file, (count == 0 ? 1 : 2 * count) * sizeof *larger);
    if (larger == NULL) return no_memory(err);
    sources->file = larger;
  }
  ecd_source_file_t *made = &sources->file[sources->count++];
  *made = (ecd_source_file_t){.id = strdup(id), .path = strdup(path), .bulk = NAN, .shear = NAN};
  return made->id != NULL && made->path != NULL ? ECD_OK : no_memory(err);
}

static ecd_code_t find_template(const char *template, ecd_sources_t *sources, ecd_error_t *err) {
  char quoted[ECD_PATH_MAX], pattern[ECD_PATH_MAX], id[ECD_PATH_MAX];
  ECD_TRY(quote(template, quoted, err));
  ECD_TRY(fill_in(quoted, "*", pattern, err));
  const char *mark = strstr(template, MARK);
  const size_t before = (size_t)(mark - template), after = strlen(mark + mark_length);
  glob_t found;
  const int result = glob(pattern, 0, NULL, &found);
  if (result != 0 && result != GLOB_NOMATCH) return no_memory(err);
  ecd_code_t code = ECD_OK;
  for (size_t i = 0; result == 0 && code == ECD_OK && i < found.gl_pathc; ++i) {
    const char *path = found.gl_pathv[i];
    snprintf(id, sizeof id, "%.*s", (int)(strlen(path) - before - after), path + before);
    if (id[0] != '\0') code = add(sources, id, path, err);
  }
  globfree(&found);
  return code;
}

static ecd_code_t find_folder(const char *folder, ecd_sources_t *sources, ecd_error_t *err) {
  static const char *const kinds[] = {"CHGCAR", "CHG",   "AECCAR[012]", "ELFCAR", "LOCPOT",
                                      "PARCHG", ".cube", ".cub",        ".xsf"};
  char quoted[ECD_PATH_MAX], pattern[ECD_PATH_MAX], id[256];
  ecd_code_t code = quote(folder, quoted, err);
  for (size_t k = 0; code == ECD_OK && k < 2 * sizeof kinds / sizeof *kinds; ++k) {
    if (snprintf(pattern, sizeof pattern, "%s/*%s%s", quoted, kinds[k / 2],
                 k % 2 == 0 ? "" : ".gz") >= ECD_PATH_MAX)
      return ecd_fail(err, ECD_USAGE, "path too long: %.80s...", folder);
    glob_t found;
    const int result = glob(pattern, 0, NULL, &found);
    for (size_t i = 0; result == 0 && code == ECD_OK && i < found.gl_pathc; ++i) {
      bare_name(found.gl_pathv[i], id);
      code = add(sources, id, found.gl_pathv[i], err);
    }
    globfree(&found);
  }
  return code;
}

static ecd_code_t refuse_duplicates(const ecd_sources_t *sources, ecd_error_t *err) {
  for (size_t i = 1; i < sources->count; ++i)
    if (by_id(&sources->file[i - 1], &sources->file[i]) == 0)
      return ecd_fail(err, ECD_DATA,
                      "two files have the id '%s': %s and %s; a path with {id} as prep.files "
                      "chooses one kind",
                      sources->file[i].id, sources->file[i - 1].path, sources->file[i].path);
  return ECD_OK;
}

ecd_code_t ecd_sources_find(const char *files, const char *plus, ecd_sources_t *sources,
                            ecd_error_t *err) {
  memset(sources, 0, sizeof *sources);
  if (files[0] == '\0')
    return ecd_fail(err, ECD_USAGE,
                    "prep.files: expected a path with {id}, a folder or a file; found nothing");
  if (plus[0] != '\0') ECD_TRY(check_template("prep.plus", plus, err));
  struct stat info;
  const bool there = stat(files, &info) == 0;
  char id[256];
  if (strstr(files, MARK) != NULL) {
    ECD_TRY(check_template("prep.files", files, err));
    ECD_TRY(find_template(files, sources, err));
  } else if (there && S_ISDIR(info.st_mode)) {
    ECD_TRY(find_folder(files, sources, err));
  } else if (there) {
    bare_name(files, id);
    ECD_TRY(add(sources, id, files, err));
  }
  if (sources->count == 0)
    return ecd_fail(err, ECD_DATA, "prep.files: no charge file matches '%s'", files);
  qsort(sources->file, sources->count, sizeof *sources->file, by_id);
  ECD_TRY(refuse_duplicates(sources, err));
  for (size_t i = 0; plus[0] != '\0' && i < sources->count; ++i) {
    char path[ECD_PATH_MAX];
    ECD_TRY(fill_in(plus, sources->file[i].id, path, err));
    if ((sources->file[i].plus = strdup(path)) == NULL) return no_memory(err);
  }
  return ECD_OK;
}

void ecd_source_file_clear(ecd_source_file_t *file) {
  free(file->id);
  free(file->path);
  free(file->plus);
  free(file->formula);
  memset(file, 0, sizeof *file);
}

ecd_code_t ecd_sources_join(ecd_sources_t *sources, ecd_sources_t *more, ecd_error_t *err) {
  const size_t count = sources->count + more->count;
  ecd_source_file_t *larger = realloc(sources->file, (count + 1) * sizeof *larger);
  if (larger == NULL) {
    ecd_sources_clear(more);
    return no_memory(err);
  }
  if (more->count > 0) memcpy(larger + sources->count, more->file, more->count * sizeof *larger);
  sources->file = larger;
  sources->count = count;
  more->count = 0; /* its files have moved */
  ecd_sources_clear(more);
  return ECD_OK;
}

void ecd_sources_keep(ecd_sources_t *sources, const bool *keep) {
  size_t kept = 0;
  for (size_t i = 0; i < sources->count; ++i) {
    ecd_source_file_t *file = &sources->file[i];
    if (keep[i]) {
      const ecd_source_file_t moved = *file;
      memset(file, 0, sizeof *file);
      sources->file[kept++] = moved;
    } else {
      ecd_source_file_clear(file);
    }
  }
  sources->count = kept;
}

void ecd_sources_clear(ecd_sources_t *sources) {
  for (size_t i = 0; i < sources->count; ++i) ecd_source_file_clear(&sources->file[i]);
  for (size_t i = 0; i < sources->rejects; ++i) {
    free(sources->reject[i].id);
    free(sources->reject[i].path);
    free(sources->reject[i].reason);
  }
  free(sources->file);
  free(sources->reject);
  memset(sources, 0, sizeof *sources);
}

ecd_code_t ecd_source_sha256(const ecd_source_file_t *file, char hex[65], ecd_error_t *err) {
  ECD_TRY(ecd_file_sha256(file->path, hex, err));
  if (file->plus == NULL) return ECD_OK;
  char both[129];
  memcpy(both, hex, 64);
  ECD_TRY(ecd_file_sha256(file->plus, both + 64, err));
  ecd_sha256(both, 128, hex);
  return ECD_OK;
}
