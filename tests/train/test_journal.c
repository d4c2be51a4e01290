/* train.jsonl: lines, and what is kept when a run goes on. */
#include "base/file.h"
#include "check.h"
#include "train/journal.h"

#include <stdlib.h>
#include <unistd.h>

int main(void) {
  ecd_error_t err = {0};
  char folder[] = "/tmp/ecdnet-journal-XXXXXX", path[64], *text;
  size_t length;
  CHECK(mkdtemp(folder) != NULL);
  snprintf(path, sizeof path, "%s/train.jsonl", folder);
  CHECK(ecd_journal_cut(path, 3, &err) == ECD_OK && ecd_file_exists(path));
  for (int e = 1; e <= 4; ++e) {
    const ecd_record_t r = {.epoch = e,
                            .loss = 0.1,
                            .train_loss = 1.0 / 3,
                            .test_loss = NAN,
                            .lr = 5e-4,
                            .ranks = 3,
                            .threads = 2};
    CHECK(ecd_journal_add(path, &r, &err) == ECD_OK);
  }
  FILE *file = fopen(path, "a");
  fputs("{\"epoch\":5,\"tra", file); /* killed while writing */
  fclose(file);
  CHECK(ecd_journal_cut(path, 9, &err) == ECD_OK);
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK);
  CHECK_HAS(text, "{\"epoch\":1,");
  CHECK_HAS(text, "\"test_loss\":null");
  CHECK_HAS(text, "\"ranks\":3,\"threads\":2,");
  const char *loss = strstr(text, "\"train_loss\":");
  CHECK(loss != NULL && atof(loss + 13) == 1.0 / 3); /* not a bit is lost */
  CHECK(strstr(text, "\"epoch\":4") != NULL && strstr(text, "\"epoch\":5") == NULL);
  free(text);
  CHECK(ecd_journal_cut(path, 2, &err) == ECD_OK);
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK);
  CHECK(strstr(text, "\"epoch\":2") != NULL && strstr(text, "\"epoch\":3") == NULL);
  CHECK(length > 0 && text[length - 1] == '\n');
  free(text);
  CHECK(ecd_journal_cut(path, 0, &err) == ECD_OK);
  CHECK(ecd_file_read_text(path, &text, &length, &err) == ECD_OK && length == 0);
  free(text);
  unlink(path);
  rmdir(folder);
  const ecd_record_t r = {.epoch = 1};
  CHECK(ecd_journal_add("/nowhere/train.jsonl", &r, &err) == ECD_FAILED);
  CHECK_HAS(err.text, "cannot write /nowhere/train.jsonl: No such file");
  return check_done();
}
