/* Files: paths, atomic writing (temporary name, sync, rename), plain or gzip streams, SHA-256. All local. */
#ifndef ECD_BASE_FILE_H
#define ECD_BASE_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { ECD_PATH_MAX = 4096 };

/* dir "/" name into path[ECD_PATH_MAX]; name alone if dir is empty or name is absolute. */
ecd_code_t ecd_path_join(char *path, const char *dir, const char *name, ecd_error_t *err);

bool ecd_file_exists(const char *path);

/* Makes the folder and its parents; fine if they are there. */
ecd_code_t ecd_make_folder(const char *path, ecd_error_t *err);

/* Makes the folder a file will be written in. */
ecd_code_t ecd_make_parent_folder(const char *path, ecd_error_t *err);

/* fsyncs temporary, renames it to path, fsyncs the folder: path holds the old or the new file, never less. */
ecd_code_t ecd_file_publish(const char *temporary, const char *path, ecd_error_t *err);

/* path with what write (path, arg) puts into a temporary file, which is published, or removed after a
   failure. */
typedef ecd_code_t ecd_write_fn(const char *path, const void *arg, ecd_error_t *err);
ecd_code_t ecd_file_replace(const char *path, ecd_write_fn *write, const void *arg,
                            ecd_error_t *err);

/* A text or binary file that appears under its name only when it is complete. */
typedef struct ecd_output ecd_output_t;
ecd_code_t ecd_output_open(const char *path, ecd_output_t **output, ecd_error_t *err);
FILE *ecd_output_stream(ecd_output_t *output); /* borrowed */
/* Flushes, syncs, renames; frees and NULLs also on error (the temporary is then removed). */
ecd_code_t ecd_output_commit(ecd_output_t **output, ecd_error_t *err);
/* Removes the temporary; frees and NULLs. NULL is fine. */
void ecd_output_abandon(ecd_output_t **output);

/* A lock file that one process holds at a time, made if missing; a process that ends gives its locks
   back. *taken is false where another holds it. A file system without locks: taken. */
ecd_code_t ecd_file_lock(const char *path, int *lock, bool *taken, ecd_error_t *err);
/* Removes the file and gives the lock back; lock < 0: nothing to do. */
void ecd_file_unlock(const char *path, int *lock);

/* Whole text file, NUL-terminated, owned by the caller. */
ecd_code_t ecd_file_read_text(const char *path, char **text, size_t *length, ecd_error_t *err);

/* A plain or gzip file (told apart by its first two bytes), read as a stream. */
typedef struct ecd_stream ecd_stream_t;
/* A directory, a missing or unreadable file: ECD_DATA with the reason. */
ecd_code_t ecd_stream_open(const char *path, ecd_stream_t **stream, ecd_error_t *err);
/* Up to size bytes into buffer; *got = 0 at the end. A broken or truncated gzip stream: ECD_DATA. */
ecd_code_t ecd_stream_read(ecd_stream_t *stream, void *buffer, size_t size, size_t *got,
                           ecd_error_t *err);
void ecd_stream_close(ecd_stream_t **stream);

/* SHA-256 of a file's bytes as 64 hex digits and a NUL. */
ecd_code_t ecd_file_sha256(const char *path, char hex[65], ecd_error_t *err);

/* SHA-256 of size bytes in memory. */
void ecd_sha256(const void *data, size_t size, char hex[65]);

#endif
