#include "train/signals.h"

#include <signal.h>
#include <stddef.h>

/* A handler can reach nothing but a global. */
static volatile sig_atomic_t seen;
static struct sigaction old_usr1, old_term;
static int watches;
static bool (*also)(void *);
static void *also_arg;

static void note(int signal) {
  (void)signal;
  seen = 1;
}

void ecd_signals_watch(void) {
  if (watches++ > 0) return;
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  seen = 0;
  sigaction(SIGUSR1, &action, &old_usr1);
  sigaction(SIGTERM, &action, &old_term);
}

void ecd_signals_restore(void) {
  if (--watches > 0) return;
  sigaction(SIGUSR1, &old_usr1, NULL);
  sigaction(SIGTERM, &old_term, NULL);
}

void ecd_signals_also(bool (*asked)(void *arg), void *arg) {
  also = asked;
  also_arg = arg;
}

bool ecd_signals_seen(void) {
  if (seen == 0 && also != NULL && also(also_arg)) seen = 1;
  return seen != 0;
}
