/* Which files a template, a folder or a name gives, and how labels join them. */
#include "check.h"
#include "base/file.h"
#include "prep/sources.h"

#include <stdlib.h>
#include <unistd.h>

static char root[] = "test_sources.XXXXXX";
static ecd_error_t err;

static void write_file(const char *name, const char *text) {
  char path[ECD_PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", root, name);
  CHECK(ecd_make_parent_folder(path, &err) == ECD_OK);
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  if (file == NULL) return;
  fputs(text, file);
  fclose(file);
}

static ecd_code_t find(const char *files, const char *plus, ecd_sources_t *sources) {
  char path[ECD_PATH_MAX], second[ECD_PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", root, files);
  snprintf(second, sizeof second, "%s/%s", root, plus);
  return ecd_sources_find(path, plus[0] != '\0' ? second : "", sources, &err);
}

static void check_ids(const char *files, size_t count, const char *first, const char *last) {
  ecd_sources_t sources;
  CHECK(find(files, "", &sources) == ECD_OK);
  CHECK(sources.count == count);
  if (sources.count == count) {
    CHECK(strcmp(sources.file[0].id, first) == 0);
    CHECK(strcmp(sources.file[count - 1].id, last) == 0);
  }
  ecd_sources_clear(&sources);
}

static void test_find(void) {
  ecd_sources_t sources;
  write_file("runs/b/CHGCAR", "x");
  write_file("runs/a/CHGCAR", "x");
  write_file("runs/a/deeper/CHGCAR", "x");
  write_file("x[1]/NaN.CHGCAR.gz", "x");
  write_file("x[1]/mp-1.cube", "x");
  write_file("x1/wrong.CHGCAR.gz", "x");
  check_ids("runs/{id}/CHGCAR", 2, "a", "b");
  check_ids("x[1]/{id}.CHGCAR.gz", 1, "NaN", "NaN");
  check_ids("x[1]", 2, "NaN", "mp-1");
  check_ids("x[1]/mp-1.cube", 1, "mp-1", "mp-1");
  CHECK(find("runs/{id}/CHGCAR", "runs/{id}/AECCAR2", &sources) == ECD_OK);
  CHECK_HAS(sources.file[1].plus, "/runs/b/AECCAR2");
  ecd_sources_clear(&sources);
  CHECK(find("runs/{id}/{id}", "", &sources) == ECD_USAGE);
  CHECK_HAS(err.text, "once");
  CHECK(find("runs/{id}/CHGCAR", "runs/AECCAR2", &sources) == ECD_USAGE);
  CHECK_HAS(err.text, "prep.plus");
  CHECK(find("none/{id}", "", &sources) == ECD_DATA);
  CHECK_HAS(err.text, "no charge file matches");
  CHECK(ecd_sources_find("", "", &sources, &err) == ECD_USAGE);
  write_file("two/mp-1.cube", "x");
  write_file("two/mp-1.CHGCAR", "x");
  CHECK(find("two", "", &sources) == ECD_DATA);
  CHECK_HAS(err.text, "two files have the id 'mp-1'");
  ecd_sources_clear(&sources);
}

static ecd_code_t label(const char *text, ecd_label_options_t options, ecd_sources_t *sources) {
  char path[ECD_PATH_MAX];
  write_file("labels.csv", text);
  snprintf(path, sizeof path, "%s/labels.csv", root);
  CHECK(find("runs/{id}/CHGCAR", "", sources) == ECD_OK);
  options.path = path;
  return ecd_sources_label(sources, &options, &err);
}

static void test_label(void) {
  const ecd_label_options_t strict = {0}, loose = {.unlabelled = true}, skip = {.skip = true};
  const char *const known[] = {"old", "older"};
  const ecd_label_options_t append = {.known = known, .known_count = 2};
  ecd_sources_t s;
  CHECK(label("shear_gpa,extra,id,bulk_gpa,formula\n1.5,,b,,NaN\n2,,a,3,\n", strict, &s) == ECD_OK);
  CHECK(s.file[0].formula == NULL && s.file[0].bulk == 3 && s.file[0].shear == 2);
  CHECK(strcmp(s.file[1].formula, "NaN") == 0 && isnan(s.file[1].bulk) && s.file[1].shear == 1.5);
  ecd_sources_clear(&s);
  const char *const header = "id,formula,bulk_gpa,shear_gpa\n";
  char text[200];
  snprintf(text, sizeof text, "%sa,MgO,1,2\na,MgO,1,2\nc,MgO,1,2\n", header);
  CHECK(label(text, strict, &s) == ECD_DATA);
  CHECK_HAS(err.text, "3 problems");
  CHECK_HAS(err.text, "line 3: a is labelled twice, first on line 2");
  CHECK_HAS(err.text, "line 4: c is labelled, but there is no file of it");
  CHECK_HAS(err.text, "b: a file");
  ecd_sources_clear(&s);
  snprintf(text, sizeof text, "%sa,MgO,1,2\nold,MgO,1,2\n", header);
  CHECK(label(text, append, &s) == ECD_DATA); /* b */
  CHECK_HAS(err.text, "1 problem:");
  ecd_sources_clear(&s);
  CHECK(label(text, loose, &s) == ECD_DATA); /* old */
  CHECK_HAS(err.text, "1 problem:");
  ecd_sources_clear(&s);
  CHECK(label(text, skip, &s) == ECD_OK);
  CHECK(s.count == 1 && s.rejects == 2);
  CHECK(strcmp(s.reject[0].id, "old") == 0 && strcmp(s.reject[1].id, "b") == 0);
  ecd_sources_clear(&s);
  CHECK(label("id,formula,bulk,shear_gpa\n", loose, &s) == ECD_DATA);
  CHECK_HAS(err.text, "no 'bulk_gpa'");
  ecd_sources_clear(&s);
}

static void test_sha256(void) {
  char path[ECD_PATH_MAX], once[65], twice[65];
  snprintf(path, sizeof path, "%s/runs/a/CHGCAR", root);
  ecd_source_file_t file = {.path = path};
  CHECK(ecd_source_sha256(&file, once, &err) == ECD_OK);
  CHECK(strncmp(once, "2d711642b726b044", 16) == 0); /* sha256sum of "x" */
  file.plus = path;
  CHECK(ecd_source_sha256(&file, twice, &err) == ECD_OK && strcmp(once, twice) != 0);
}

int main(void) {
  CHECK(mkdtemp(root) != NULL);
  test_find();
  test_label();
  test_sha256();
  char command[200];
  snprintf(command, sizeof command, "rm -rf '%s'", root);
  CHECK(system(command) == 0);
  return check_done();
}
