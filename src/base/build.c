/* build.c - what the library was built from and with. */
#include "annc.h"
#include "config.h"

#if ANNC_ZLIB_FOUND
#include <zlib.h>
#endif
