#include "base/version.h"

const char *ecd_version(void) { return PACKAGE_STRING; }
