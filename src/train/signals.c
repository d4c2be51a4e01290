#include "train/signals.h"

#include <signal.h>
#include <stddef.h>

/* A handler can reach nothing but a global. */
static volatile sig_atomic_t seen;
static int watchers;
static struct sigaction old_usr1, old_term;

static void note(int signal) {
  (void)signal;
  seen = 1;
}

void ecd_signals_watch(void) {
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  if (watchers++ > 0) return;
  sigemptyset(&action.sa_mask);
  seen = 0;
  sigaction(SIGUSR1, &action, &old_usr1);
  sigaction(SIGTERM, &action, &old_term);
}

void ecd_signals_restore(void) {
  if (--watchers > 0) return;
  sigaction(SIGUSR1, &old_usr1, NULL);
  sigaction(SIGTERM, &old_term, NULL);
}

bool ecd_signals_seen(void) { return seen != 0; }
