/* Version and build of this program. All local. */
#ifndef ECD_BASE_VERSION_H
#define ECD_BASE_VERSION_H

#include <stdio.h>

/* "ecdnet 0.1.0" */
const char *ecd_version(void);

#endif
