#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct ecd_output {
  FILE *stream;
  char path[ECD_PATH_MAX], temporary[ECD_PATH_MAX];
};

struct ecd_stream {
  int fd;
  gzFile gz; /* NULL for plain files */
  char path[ECD_PATH_MAX];
};

ecd_code_t ecd_path_join(char *path, const char *dir, const char *name, ecd_error_t *err) {
  const bool alone = dir[0] == '\0' || name[0] == '/';
  const int length = alone ? snprintf(path, ECD_PATH_MAX, "%s", name)
                           : snprintf(path, ECD_PATH_MAX, "%s/%s", dir, name);
  if (length < ECD_PATH_MAX) return ECD_OK;
  return ecd_fail(err, ECD_USAGE, "path longer than %d bytes: %.80s...", ECD_PATH_MAX - 1, name);
}

bool ecd_file_exists(const char *path) { return access(path, F_OK) == 0; }

static ecd_code_t make_one(const char *path, ecd_error_t *err) {
  struct stat info;
  if (mkdir(path, 0777) == 0 ||
      (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
    return ECD_OK;
  if (errno == EEXIST) errno = ENOTDIR;
  return ecd_fail(err, ECD_FAILED, "cannot make folder %s: %s", path, strerror(errno));
}

ecd_code_t ecd_make_folder(const char *path, ecd_error_t *err) {
  char part[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(part, "", path, err));
  for (char *slash = strchr(part + 1, '/'); part[0] != '\0' && slash != NULL;
       slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    ECD_TRY(make_one(part, err));
    *slash = '/';
  }
  return part[0] == '\0' ? ECD_OK : make_one(part, err);
}

ecd_code_t ecd_make_parent_folder(const char *path, ecd_error_t *err) {
  char parent[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(parent, "", path, err));
  char *slash = strrchr(parent, '/');
  if (slash == NULL || slash == parent) return ECD_OK;
  *slash = '\0';
  return ecd_make_folder(parent, err);
}

static ecd_code_t sync_path(const char *path, int flags, ecd_error_t *err) {
  const int fd = open(path, flags);
  if (fd < 0) return ecd_fail(err, ECD_FAILED, "cannot open %s: %s", path, strerror(errno));
  /* Some network file systems refuse to sync a folder; the rename itself is then all there is. */
  const bool failed = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP;
  const int why = errno;
  close(fd);
  return failed ? ecd_fail(err, ECD_FAILED, "cannot sync %s: %s", path, strerror(why)) : ECD_OK;
}

ecd_code_t ecd_file_publish(const char *temporary, const char *path, ecd_error_t *err) {
  ECD_TRY(sync_path(temporary, O_RDONLY, err));
  if (rename(temporary, path) != 0)
    return ecd_fail(err, ECD_FAILED, "cannot rename %s to %s: %s", temporary, path,
                    strerror(errno));
  char parent[ECD_PATH_MAX];
  ECD_TRY(ecd_path_join(parent, "", path, err));
  char *slash = strrchr(parent, '/');
  if (slash == NULL) return sync_path(".", O_RDONLY | O_DIRECTORY, err);
  slash[slash == parent] = '\0';
  return sync_path(parent, O_RDONLY | O_DIRECTORY, err);
}

ecd_code_t ecd_file_replace(const char *path, ecd_write_fn *write, const void *arg,
                            ecd_error_t *err) {
  char temporary[ECD_PATH_MAX];
  if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= ECD_PATH_MAX)
    return ecd_fail(err, ECD_USAGE, "path longer than %d bytes: %.80s...", ECD_PATH_MAX - 5, path);
  ecd_code_t code = write(temporary, arg, err);
  if (code == ECD_OK) code = ecd_file_publish(temporary, path, err);
  if (code != ECD_OK) unlink(temporary);
  return code;
}

ecd_code_t ecd_output_open(const char *path, ecd_output_t **output, ecd_error_t *err) {
  *output = NULL;
  ECD_TRY(ecd_make_parent_folder(path, err));
  ecd_output_t *made;
  ECD_TRY(ecd_alloc((void **)&made, 1, sizeof *made, "output file", err));
  const int length = snprintf(made->temporary, sizeof made->temporary, "%s.tmp", path);
  if (length >= ECD_PATH_MAX) {
    free(made);
    return ecd_fail(err, ECD_USAGE, "path longer than %d bytes: %.80s...", ECD_PATH_MAX - 5, path);
  }
  snprintf(made->path, sizeof made->path, "%s", path);
  made->stream = fopen(made->temporary, "wb");
  if (made->stream == NULL) {
    free(made);
    return ecd_fail(err, ECD_FAILED, "cannot write %s.tmp: %s", path, strerror(errno));
  }
  *output = made;
  return ECD_OK;
}

FILE *ecd_output_stream(ecd_output_t *output) { return output->stream; }

ecd_code_t ecd_output_commit(ecd_output_t **output, ecd_error_t *err) {
  ecd_output_t *out = *output;
  const bool wrong = ferror(out->stream) != 0;
  const bool unflushed = fclose(out->stream) != 0;
  out->stream = NULL;
  ecd_code_t code = ECD_OK;
  if (wrong || unflushed)
    code = ecd_fail(err, ECD_FAILED, "cannot write %s: %s", out->temporary, strerror(errno));
  if (code == ECD_OK) code = ecd_file_publish(out->temporary, out->path, err);
  if (code == ECD_OK) out->temporary[0] = '\0';
  ecd_output_abandon(output);
  return code;
}

void ecd_output_abandon(ecd_output_t **output) {
  if (*output == NULL) return;
  if ((*output)->stream != NULL) fclose((*output)->stream);
  if ((*output)->temporary[0] != '\0') unlink((*output)->temporary);
  free(*output);
  *output = NULL;
}

ecd_code_t ecd_file_lock(const char *path, int *lock, bool *taken, ecd_error_t *err) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  *taken = true;
  *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (*lock < 0) return ecd_fail(err, ECD_FAILED, "cannot write %s: %s", path, strerror(errno));
  if (fcntl(*lock, F_SETLK, &whole) == 0 || (errno != EACCES && errno != EAGAIN)) return ECD_OK;
  *taken = false;
  close(*lock);
  *lock = -1;
  return ECD_OK;
}

void ecd_file_unlock(const char *path, int *lock) {
  if (*lock < 0) return;
  unlink(path);
  close(*lock);
  *lock = -1;
}

ecd_code_t ecd_file_read_text(const char *path, char **text, size_t *length, ecd_error_t *err) {
  *text = NULL;
  *length = 0;
  ecd_stream_t *stream = NULL;
  ECD_TRY(ecd_stream_open(path, &stream, err));
  size_t room = 0, got = 1;
  ecd_code_t code = ECD_OK;
  while (code == ECD_OK && got > 0) {
    if (*length + 1 >= room) {
      room = room == 0 ? 65536 : 2 * room;
      char *larger = realloc(*text, room);
      if (larger == NULL) {
        code = ecd_fail(err, ECD_FAILED, "out of memory reading %s", path);
        break;
      }
      *text = larger;
    }
    code = ecd_stream_read(stream, *text + *length, room - *length - 1, &got, err);
    *length += got;
  }
  ecd_stream_close(&stream);
  if (code == ECD_OK) {
    (*text)[*length] = '\0';
  } else {
    free(*text);
    *text = NULL;
  }
  return code;
}

ecd_code_t ecd_stream_open(const char *path, ecd_stream_t **stream, ecd_error_t *err) {
  *stream = NULL;
  struct stat info;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ecd_fail(err, ECD_DATA, "%s: cannot open: %s", path, strerror(errno));
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    close(fd);
    return ecd_fail(err, ECD_DATA, "%s: a directory, where a file was expected", path);
  }
  ecd_stream_t *made;
  const ecd_code_t code = ecd_alloc((void **)&made, 1, sizeof *made, "input stream", err);
  if (code != ECD_OK) {
    close(fd);
    return code;
  }
  made->fd = fd;
  snprintf(made->path, sizeof made->path, "%s", path);
  unsigned char magic[2] = {0, 0};
  const bool gzip = pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
  if (gzip) {
    made->gz = gzdopen(fd, "rb");
    if (made->gz == NULL) {
      close(fd);
      free(made);
      return ecd_fail(err, ECD_FAILED, "%s: cannot start the gzip reader", path);
    }
    gzbuffer(made->gz, 1u << 18);
  }
  *stream = made;
  return ECD_OK;
}

static ecd_code_t read_gzip(ecd_stream_t *stream, void *buffer, size_t size, size_t *got,
                            ecd_error_t *err) {
  const unsigned int ask = size > (1u << 30) ? 1u << 30 : (unsigned int)size;
  const int count = gzread(stream->gz, buffer, ask);
  int why = Z_OK;
  const char *text = gzerror(stream->gz, &why), *named = strstr(text, ">: ");
  if (named != NULL) text = named + 3; /* zlib names the descriptor: "<fd:4>: " */
  /* What came before the break is given first: the reader then knows how far the text goes. */
  if (count < 0 || (count == 0 && why != Z_OK && why != Z_STREAM_END))
    return ecd_fail(err, ECD_DATA, "%s: broken gzip stream: %s", stream->path,
                    why == Z_BUF_ERROR ? "the file ends too early" : text);
  *got = (size_t)count;
  return ECD_OK;
}

ecd_code_t ecd_stream_read(ecd_stream_t *stream, void *buffer, size_t size, size_t *got,
                           ecd_error_t *err) {
  *got = 0;
  if (stream->gz != NULL) return read_gzip(stream, buffer, size, got, err);
  ssize_t count;
  do {
    count = read(stream->fd, buffer, size);
  } while (count < 0 && errno == EINTR);
  if (count < 0)
    return ecd_fail(err, ECD_DATA, "%s: cannot read: %s", stream->path, strerror(errno));
  *got = (size_t)count;
  return ECD_OK;
}

void ecd_stream_close(ecd_stream_t **stream) {
  if (*stream == NULL) return;
  if ((*stream)->gz != NULL)
    gzclose_r((*stream)->gz);
  else
    close((*stream)->fd);
  free(*stream);
  *stream = NULL;
}

static void to_hex(const unsigned char digest[32], char hex[65]) {
  for (int i = 0; i < 32; ++i) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

void ecd_sha256(const void *data, size_t size, char hex[65]) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  ECD_CHECK(EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) == 1);
  to_hex(digest, hex);
}

ecd_code_t ecd_file_sha256(const char *path, char hex[65], ecd_error_t *err) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return ecd_fail(err, ECD_DATA, "%s: cannot open: %s", path, strerror(errno));
  EVP_MD_CTX *state = EVP_MD_CTX_new();
  unsigned char buffer[1 << 16], digest[EVP_MAX_MD_SIZE];
  bool fine = state != NULL && EVP_DigestInit_ex(state, EVP_sha256(), NULL) == 1;
  for (size_t got; fine && (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
    fine = EVP_DigestUpdate(state, buffer, got) == 1;
  fine = fine && !ferror(file) && EVP_DigestFinal_ex(state, digest, NULL) == 1;
  EVP_MD_CTX_free(state);
  fclose(file);
  if (!fine) return ecd_fail(err, ECD_DATA, "%s: cannot read for its checksum", path);
  to_hex(digest, hex);
  return ECD_OK;
}
