/* Which files a template names, and their labels. All local. */
#ifndef ECD_PREP_SOURCES_H
#define ECD_PREP_SOURCES_H

#include "base/error.h"

#include <stddef.h>

typedef struct {
  char *id, *path;
  char *plus;         /* NULL: no second file */
  char *formula;      /* from the labels; NULL: none */
  double bulk, shear; /* GPa, NaN = unknown */
} ecd_source_file_t;

/* What is left out before a file is read, and why. */
typedef struct {
  char *id, *path, *reason;
} ecd_reject_t;

typedef struct {
  size_t count;
  ecd_source_file_t *file; /* sorted by id, ids unique */
  size_t rejects;
  ecd_reject_t *reject;
} ecd_sources_t;

/* files: a path with one {id}, which stands for any text without '/', a folder (its files of known
   kinds), or one file, whose id is its name without suffixes. plus: "" or a template with {id}.
   Nothing found, or two files with one id: ECD_DATA. Owned by the caller. */
ecd_code_t ecd_sources_find(const char *files, const char *plus, ecd_sources_t *sources,
                            ecd_error_t *err);
void ecd_sources_clear(ecd_sources_t *sources);
/* Puts more's files behind those of sources; more is then empty, also on error. */
ecd_code_t ecd_sources_join(ecd_sources_t *sources, ecd_sources_t *more, ecd_error_t *err);
/* Drops the files with keep[i] false. */
void ecd_sources_keep(ecd_sources_t *sources, const bool *keep);
/* Frees one file's texts and zeroes it. */
void ecd_source_file_clear(ecd_source_file_t *file);

typedef struct {
  const char *path; /* CSV id,formula,bulk_gpa,shear_gpa (empty = unknown); "": none */
  bool unlabelled;  /* files without a label are fine */
  bool skip;        /* files without a label, labels without a file: rejected, not an error */
  const char *const *known; /* ids that need no file, sorted (those of the dataset appended to) */
  size_t known_count;
} ecd_label_options_t;

/* Joins the labels. Duplicate ids, bad numbers, texts that are no formula, ids without a file,
   files without a label are reported together as ECD_DATA, each with its line. */
ecd_code_t ecd_sources_label(ecd_sources_t *sources, const ecd_label_options_t *options,
                             ecd_error_t *err);

/* SHA-256 of the file; with a second file, of the two digests one after the other. */
ecd_code_t ecd_source_sha256(const ecd_source_file_t *file, char hex[65], ecd_error_t *err);

#endif
