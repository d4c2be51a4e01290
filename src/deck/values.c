#include "deck/values.h"

#include "base/table.h"
#include "deck/deck.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *place(const ecd_key_t *key, ecd_settings_t *settings) {
  return (char *)settings + key->offset;
}

static size_t choice_count(const ecd_key_t *key) {
  size_t count = 0;
  while (key->choices[count] != NULL) ++count;
  return count;
}

static void describe_choices(const ecd_key_t *key, char *text, size_t size) {
  for (size_t i = 0; key->choices != NULL && key->choices[i] != NULL; ++i) {
    const size_t have = strlen(text);
    snprintf(text + have, size - have, "%s %s", i > 0 ? "," : "", key->choices[i]);
  }
}

void ecd_key_describe(const ecd_key_t *key, char *text, size_t size) {
  switch (key->type) {
  case ECD_KEY_STRING:
    snprintf(text, size, "a text");
    break;
  case ECD_KEY_INTEGER:
    snprintf(text, size, "an integer from %.15g to %.15g", key->minimum, key->maximum);
    break;
  case ECD_KEY_NUMBER:
    snprintf(text, size, "a number from %.15g to %.15g", key->minimum, key->maximum);
    break;
  case ECD_KEY_FLAG:
    snprintf(text, size, "true or false");
    break;
  case ECD_KEY_INTEGERS:
    snprintf(text, size, "a list of at most %d integers from %.15g to %.15g", ECD_DENSE_MAX,
             key->minimum, key->maximum);
    break;
  case ECD_KEY_TEXTS:
    snprintf(text, size, "a list of at most %d texts%s", ECD_TEXTS_MAX,
             key->choices != NULL ? ", each one of" : "");
    describe_choices(key, text, size);
    break;
  case ECD_KEY_CHOICE:
    snprintf(text, size, "one of");
    describe_choices(key, text, size);
  }
}

static ecd_code_t refuse(const ecd_key_t *key, const char *text, ecd_error_t *err) {
  char expected[256], hint[80] = "";
  ecd_key_describe(key, expected, sizeof expected);
  if (key->choices != NULL) {
    const char *near = ecd_nearest(text, key->choices, choice_count(key));
    if (near != NULL) snprintf(hint, sizeof hint, "; did you mean '%s'?", near);
  }
  return ecd_fail(err, ECD_USAGE, "%s: expected %s, found '%s'%s", key->name, expected, text, hint);
}

static bool parse_integer(const ecd_key_t *key, const char *text, int64_t *value) {
  char *end;
  errno = 0;
  *value = strtoll(text, &end, 10);
  return end != text && *end == '\0' && errno == 0 && (double)*value >= key->minimum &&
         (double)*value <= key->maximum;
}

static bool parse_flag(const char *text, bool *value) {
  *value = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "on") == 0;
  return *value || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ||
         strcmp(text, "off") == 0;
}

/* Bytes of the first character and its code point; 0 at the end and where the text is not UTF-8. */
static size_t utf8_length(const char *text, uint32_t *point) {
  static const uint32_t least[5] = {0, 1, 0x80, 0x800, 0x10000};
  const unsigned char first = (unsigned char)text[0];
  const size_t length = first == 0     ? 0
                        : first < 0x80 ? 1
                        : first < 0xc0 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf8 ? 4
                                       : 0;
  *point = length > 1 ? first & (0x7fu >> length) : first;
  for (size_t i = 1; i < length; ++i) {
    if (((unsigned char)text[i] & 0xc0) != 0x80) return 0;
    *point = *point << 6 | ((unsigned char)text[i] & 0x3f);
  }
  const bool valid = *point >= least[length] && *point <= 0x10ffff && (*point >> 11) != 0x1b;
  return valid ? length : 0;
}

static bool is_utf8(const char *text) {
  uint32_t point;
  for (size_t length; (length = utf8_length(text, &point)) > 0;) text += length;
  return *text == '\0';
}

ecd_code_t ecd_key_set(const ecd_key_t *key, const char *text, ecd_settings_t *settings,
                       ecd_error_t *err) {
  void *at = place(key, settings);
  bool good = false;
  switch (key->type) {
  case ECD_KEY_STRING: {
    if (!is_utf8(text)) return ecd_fail(err, ECD_USAGE, "%s: expected UTF-8 text", key->name);
    char *copy = strdup(text);
    if (copy == NULL) return ecd_fail(err, ECD_FAILED, "out of memory");
    free(*(char **)at);
    *(char **)at = copy;
    return ECD_OK;
  }
  case ECD_KEY_INTEGER: {
    int64_t value;
    good = parse_integer(key, text, &value);
    if (good) *(int64_t *)at = value;
    break;
  }
  case ECD_KEY_NUMBER: {
    char *end;
    const double value = strtod(text, &end);
    good = end != text && *end == '\0' && value >= key->minimum && value <= key->maximum;
    if (good) *(double *)at = value;
    break;
  }
  case ECD_KEY_FLAG: {
    bool value;
    good = parse_flag(text, &value);
    if (good) *(bool *)at = value;
    break;
  }
  case ECD_KEY_CHOICE:
    for (size_t i = 0; key->choices[i] != NULL; ++i)
      if (strcmp(text, key->choices[i]) == 0) {
        *(int *)at = (int)i;
        good = true;
      }
    break;
  case ECD_KEY_TEXTS: /* a list of one */
    return ecd_key_set_list(key, &text, text[0] != '\0', settings, err);
  case ECD_KEY_INTEGERS:
    break;
  }
  return good ? ECD_OK : refuse(key, text, err);
}

void ecd_text_list_clear(ecd_text_list_t *list) {
  for (int i = 0; i < list->count; ++i) free(list->item[i]);
  list->count = 0;
}

static ecd_code_t set_texts(const ecd_key_t *key, const char *const *text, size_t count,
                            ecd_text_list_t *list, ecd_error_t *err) {
  if (count > ECD_TEXTS_MAX) return refuse(key, "a longer list", err);
  for (size_t i = 0; i < count; ++i) {
    bool good = key->choices == NULL && text[i][0] != '\0';
    for (size_t c = 0; key->choices != NULL && key->choices[c] != NULL; ++c)
      good = good || strcmp(text[i], key->choices[c]) == 0;
    if (!good) return refuse(key, text[i], err);
    if (!is_utf8(text[i])) return ecd_fail(err, ECD_USAGE, "%s: expected UTF-8 text", key->name);
    for (size_t j = 0; j < i; ++j)
      if (strcmp(text[i], text[j]) == 0)
        return ecd_fail(err, ECD_USAGE, "%s: '%s' is given twice", key->name, text[i]);
  }
  ecd_text_list_clear(list);
  for (size_t i = 0; i < count; ++i) {
    if ((list->item[i] = strdup(text[i])) == NULL)
      return ecd_fail(err, ECD_FAILED, "out of memory");
    ++list->count;
  }
  return ECD_OK;
}

ecd_code_t ecd_key_set_list(const ecd_key_t *key, const char *const *text, size_t count,
                            ecd_settings_t *settings, ecd_error_t *err) {
  if (key->type == ECD_KEY_TEXTS) return set_texts(key, text, count, place(key, settings), err);
  if (key->type != ECD_KEY_INTEGERS) return refuse(key, "a list", err);
  if (count > ECD_DENSE_MAX) return refuse(key, "a longer list", err);
  ecd_int_list_t list = {.count = (int)count};
  for (size_t i = 0; i < count; ++i)
    if (!parse_integer(key, text[i], &list.item[i])) return refuse(key, text[i], err);
  *(ecd_int_list_t *)place(key, settings) = list;
  return ECD_OK;
}

/* Double-quoted YAML: safe for any text. Escaped is what YAML does not print or takes for the end
   of a line. */
static void write_quoted(const char *text, FILE *file) {
  fputc('"', file);
  uint32_t point;
  for (size_t length; (length = utf8_length(text, &point)) > 0; text += length) {
    if (point == '"' || point == '\\')
      fprintf(file, "\\%c", (int)point);
    else if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
             point == 0x2029 || point == 0xfeff || (point >= 0xfffe && point <= 0xffff))
      fprintf(file, "\\u%04x", (unsigned int)point);
    else
      fwrite(text, 1, length, file);
  }
  fputc('"', file);
}

void ecd_key_write(const ecd_key_t *key, const ecd_settings_t *settings, FILE *file) {
  const void *at = (const char *)settings + key->offset;
  switch (key->type) {
  case ECD_KEY_STRING:
    write_quoted(*(char *const *)at, file);
    break;
  case ECD_KEY_INTEGER:
    fprintf(file, "%lld", (long long)*(const int64_t *)at);
    break;
  case ECD_KEY_NUMBER:
    ecd_write_exact(file, *(const double *)at);
    break;
  case ECD_KEY_FLAG:
    fputs(*(const bool *)at ? "true" : "false", file);
    break;
  case ECD_KEY_CHOICE:
    fputs(key->choices[*(const int *)at], file);
    break;
  case ECD_KEY_INTEGERS: {
    const ecd_int_list_t *list = at;
    fputc('[', file);
    for (int i = 0; i < list->count; ++i)
      fprintf(file, "%s%lld", i > 0 ? ", " : "", (long long)list->item[i]);
    fputc(']', file);
    break;
  }
  case ECD_KEY_TEXTS: {
    const ecd_text_list_t *list = at;
    fputc('[', file);
    for (int i = 0; i < list->count; ++i) {
      fputs(i > 0 ? ", " : "", file);
      write_quoted(list->item[i], file);
    }
    fputc(']', file);
  }
  }
}
