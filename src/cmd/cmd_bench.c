#include "bench/bench.h"
#include "cmd/cmd.h"

ecd_code_t ecd_cmd_bench(ecd_context_t *ctx, ecd_settings_t *settings, const ecd_words_t *words,
                         ecd_error_t *err) {
  const ecd_layers_t layers = {words->deck, words->overrides, words->override};
  if (words->count > 0)
    return ecd_fail(err, ECD_USAGE, "bench: expected a deck (.yaml) and options, found '%s'",
                    words->word[0]);
  if (words->dry_run + words->status + words->tables > 1)
    return ecd_fail(err, ECD_USAGE, "bench: expected one of --dry-run, --status, --tables");
  const ecd_bench_mode_t mode = words->dry_run  ? ECD_BENCH_DRY_RUN
                                : words->status ? ECD_BENCH_STATUS
                                : words->tables ? ECD_BENCH_TABLES
                                                : ECD_BENCH_RUN;
  return ecd_bench_run(ctx, settings, &layers, mode, err);
}
