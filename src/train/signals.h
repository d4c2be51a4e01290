/* The batch system's warning: SIGUSR1 and SIGTERM ask for a checkpoint and an end. */
#ifndef ECD_TRAIN_SIGNALS_H
#define ECD_TRAIN_SIGNALS_H

#include <stdbool.h>

/* Both may be nested: what was seen is forgotten, and the handlers change, at the outermost. */
void ecd_signals_watch(void);
void ecd_signals_restore(void);
bool ecd_signals_seen(void);

#endif
