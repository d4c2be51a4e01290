/* The batch system's warning: SIGUSR1 and SIGTERM ask for a checkpoint and an end. */
#ifndef ECD_TRAIN_SIGNALS_H
#define ECD_TRAIN_SIGNALS_H

#include <stdbool.h>

/* Watches nest: the first one forgets what came before, the last restore puts back the old handlers.
   Local. */
void ecd_signals_watch(void);
void ecd_signals_restore(void);
bool ecd_signals_seen(void);

/* Another source of the wish to stop, asked whenever a run looks for signals; NULL: none. Local. */
void ecd_signals_also(bool (*asked)(void *arg), void *arg);

#endif
