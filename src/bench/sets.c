#include "bench/sets.h"

#include "chem/composition.h"
#include "train/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  size_t samples;
  const int8_t *split;                   /* [samples] */
  bool (*contains)[ECD_ELEMENT_COUNT];   /* [samples], by Z */
  size_t occurs[ECD_ELEMENT_COUNT];      /* samples with the element that are not unused */
  size_t used;                           /* samples that are not */
  int chosen[ECD_ELEMENT_COUNT], number; /* elements, in order */
} search_t;

static ecd_code_t find_elements(const ecd_sample_t *sample, bool contains[ECD_ELEMENT_COUNT],
                                ecd_error_t *err) {
  double count[ECD_ELEMENT_COUNT];
  if (sample->formula != NULL && ecd_formula_parse(sample->formula, count, NULL) == ECD_OK) {
    for (int Z = 1; Z < ECD_ELEMENT_COUNT; ++Z) contains[Z] = count[Z] > 0;
    return ECD_OK;
  }
  for (size_t k = 0; k < sample->crystal.sites; ++k) contains[sample->crystal.Z[k]] = true;
  if (sample->crystal.sites > 0 && !contains[0]) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "embed.element: the elements of sample %s are not known: its formula is '%s'",
                  sample->id, sample->formula != NULL ? sample->formula : "");
}

static ecd_code_t choose_named(const char *list, search_t *s, ecd_error_t *err) {
  static const char *const between = ", \t";
  for (const char *at = list + strspn(list, between); *at != '\0'; at += strspn(at, between)) {
    const size_t length = strcspn(at, between);
    char word[16];
    snprintf(word, sizeof word, "%.*s", length < 15 ? (int)length : 15, at);
    const int Z = ecd_element_number(word);
    if (Z == 0)
      return ecd_fail(err, ECD_USAGE,
                      "embed.element: expected symbols of elements, such as F, Cl, or 'all'; found "
                      "'%s'",
                      word);
    if (s->occurs[Z] == 0)
      return ecd_fail(err, ECD_DATA, "embed.element: none of the %zu samples contains %s", s->used,
                      word);
    bool twice = false;
    for (int e = 0; e < s->number; ++e) twice = twice || s->chosen[e] == Z;
    if (!twice) s->chosen[s->number++] = Z;
    at += length;
  }
  return s->number > 0 ? ECD_OK
                       : ecd_fail(err, ECD_USAGE,
                                  "embed.element: expected symbols of elements; found '%s'", list);
}

/* The most frequent first. */
static ecd_code_t choose_frequent(size_t least, search_t *s, ecd_error_t *err) {
  size_t most = 0;
  for (int Z = 1; Z < ECD_ELEMENT_COUNT; ++Z) {
    if (s->occurs[Z] > most) most = s->occurs[Z];
    if (s->occurs[Z] == 0 || s->occurs[Z] < least || s->occurs[Z] == s->used) continue;
    int at = s->number++;
    for (; at > 0 && s->occurs[s->chosen[at - 1]] < s->occurs[Z]; --at)
      s->chosen[at] = s->chosen[at - 1];
    s->chosen[at] = Z;
  }
  if (s->number > 0) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "embed.element_least: no element occurs in %zu samples or more (and not in all): "
                  "the most frequent one is in %zu of %zu",
                  least, most, s->used);
}

static ecd_code_t make_element_set(const search_t *s, int Z, ecd_set_t *set, ecd_error_t *err) {
  snprintf(set->name, sizeof set->name, "%s", ecd_element_symbol(Z));
  for (size_t i = 0; i < s->samples; ++i)
    set->split[i] = s->split[i] == ECD_UNUSED ? ECD_UNUSED
                    : s->contains[i][Z]       ? ECD_TEST
                                              : ECD_TRAIN;
  if (s->occurs[Z] < s->used) return ECD_OK;
  return ecd_fail(err, ECD_DATA,
                  "embed.element: all %zu samples contain %s: none is left to train on", s->used,
                  set->name);
}

static ecd_code_t allocate(size_t count, size_t samples, ecd_sets_t *sets, ecd_error_t *err) {
  ECD_TRY(ecd_alloc((void **)&sets->set, count, sizeof *sets->set, "sets", err));
  sets->count = count;
  for (size_t k = 0; k < count; ++k)
    ECD_TRY(
        ecd_alloc((void **)&sets->set[k].split, samples, sizeof *sets->set[k].split, "sets", err));
  return ECD_OK;
}

static ecd_code_t make_elements(const char *element, size_t least,
                                const ecd_sample_t *const *sample, search_t *s, ecd_sets_t *sets,
                                ecd_error_t *err) {
  for (size_t i = 0; i < s->samples; ++i) {
    ECD_TRY(find_elements(sample[i], s->contains[i], err));
    if (s->split[i] == ECD_UNUSED) continue;
    ++s->used;
    for (int Z = 1; Z < ECD_ELEMENT_COUNT; ++Z) s->occurs[Z] += s->contains[i][Z];
  }
  ECD_TRY(strcmp(element, "all") == 0 ? choose_frequent(least, s, err)
                                      : choose_named(element, s, err));
  ECD_TRY(allocate((size_t)s->number, s->samples, sets, err));
  for (int e = 0; e < s->number; ++e)
    ECD_TRY(make_element_set(s, s->chosen[e], &sets->set[e], err));
  return ECD_OK;
}

static ecd_code_t make_split(const int8_t *split, size_t samples, ecd_sets_t *sets,
                             ecd_error_t *err) {
  ECD_TRY(allocate(1, samples, sets, err));
  snprintf(sets->set->name, sizeof sets->set->name, "split");
  memcpy(sets->set->split, split, samples);
  return ECD_OK;
}

ecd_code_t ecd_sets_make(const char *element, size_t least, const ecd_sample_t *const *sample,
                         const int8_t *split, size_t samples, ecd_sets_t *sets, ecd_error_t *err) {
  search_t s = {.samples = samples, .split = split};
  *sets = (ecd_sets_t){0};
  ecd_code_t code =
      ecd_alloc((void **)&s.contains, samples, sizeof *s.contains, "elements of samples", err);
  if (code == ECD_OK)
    code = element[0] == '\0' ? make_split(split, samples, sets, err)
                              : make_elements(element, least, sample, &s, sets, err);
  free(s.contains);
  for (size_t k = 0; code == ECD_OK && k < sets->count; ++k)
    for (size_t i = 0; i < samples; ++i) {
      sets->set[k].train += sets->set[k].split[i] == ECD_TRAIN;
      sets->set[k].test += sets->set[k].split[i] == ECD_TEST;
    }
  if (code != ECD_OK) ecd_sets_clear(sets);
  return code;
}

void ecd_sets_clear(ecd_sets_t *sets) {
  for (size_t k = 0; k < sets->count; ++k) free(sets->set[k].split);
  free(sets->set);
  *sets = (ecd_sets_t){0};
}
