/* Files: atomic output, streams, checksums (FIPS 180-2 example), errors. */
#include "base/file.h"
#include "check.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static ecd_error_t err;

static void check_output(const char *folder) {
  char path[ECD_PATH_MAX], temporary[ECD_PATH_MAX + 8];
  CHECK(ecd_path_join(path, folder, "a/b/out.txt", &err) == ECD_OK);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  ecd_output_t *output;
  CHECK(ecd_output_open(path, &output, &err) == ECD_OK);
  fputs("hello\n", ecd_output_stream(output));
  CHECK(!ecd_file_exists(path));
  CHECK(ecd_output_commit(&output, &err) == ECD_OK && output == NULL);
  CHECK(ecd_file_exists(path) && !ecd_file_exists(temporary));
  CHECK(ecd_output_open(path, &output, &err) == ECD_OK);
  fputs("half", ecd_output_stream(output));
  ecd_output_abandon(&output);
  char *text;
  size_t length;
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK);
  CHECK(length == 6 && strcmp(text, "hello\n") == 0);
  free(text);
  CHECK(ecd_output_open("/proc/nowhere/x", &output, &err) == ECD_FAILED);
}

static void check_gzip(const char *folder) {
  char path[ECD_PATH_MAX];
  ecd_path_join(path, folder, "x.gz", &err);
  gzFile gz = gzopen(path, "wb");
  for (int i = 0; i < 50000; ++i) gzprintf(gz, "%d\n", i * 7919 % 10007);
  gzclose(gz);
  char *text;
  size_t length;
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK && length > 100000);
  free(text);
  CHECK(truncate(path, 9000) == 0);
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_DATA && text == NULL);
  CHECK_HAS(err.text, "ends too early");
}

int main(void) {
  char folder[] = "/tmp/ecdnet-file-XXXXXX";
  if (mkdtemp(folder) == NULL) return 1;
  check_output(folder);
  check_gzip(folder);
  char hex[65], path[ECD_PATH_MAX];
  ecd_sha256("abc", 3, hex);
  CHECK(strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
  ecd_path_join(path, folder, "a/b/out.txt", &err);
  CHECK(ecd_file_sha256(path, hex, &err) == ECD_OK);
  CHECK(strcmp(hex, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03") == 0);
  ecd_stream_t *stream;
  CHECK(ecd_stream_open(folder, &stream, &err) == ECD_DATA);
  CHECK_HAS(err.text, "a directory");
  CHECK(ecd_stream_open("/nowhere/file", &stream, &err) == ECD_DATA);
  CHECK_HAS(err.text, "No such file");
  CHECK(ecd_fail_in(&err, "deck %d", 3) == ECD_DATA);
  CHECK(strncmp(err.text, "deck 3: /nowhere/file: ", 23) == 0);
  char command[ECD_PATH_MAX + 16];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  CHECK(system(command) == 0);
  return check_done();
}
