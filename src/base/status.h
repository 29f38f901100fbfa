/* status.h - the one way that errors travel: a status, and this thread's last error. */
#ifndef ANNC_BASE_STATUS_H
#define ANNC_BASE_STATUS_H

#include "annc.h"

/* Sets this thread's last error and gives the status back, for `return annc_fail(ANNC_INPUT, "%s: ...", name)`. Text from outside
 * (names, cells) is passed through annc_printable (text.h) first. */
annc_status annc_fail(annc_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum { ANNC_ERROR_SIZE = 2048 }; /* bytes that hold the text of any error */

/* Goes to the clean-up label when a call fails; needs `annc_status status = ANNC_OK;` and a label `out`. */
#define ANNC_TRY(expression)                                                                                           \
    do {                                                                                                               \
        status = (expression);                                                                                         \
        if (status != ANNC_OK)                                                                                         \
            goto out;                                                                                                  \
    } while (0)

/* Returns the status of a call that fails, from a function with nothing to clean up. */
#define ANNC_RETURN_IF_FAILED(expression)                                                                              \
    do {                                                                                                               \
        const annc_status failed_with = (expression);                                                                  \
        if (failed_with != ANNC_OK)                                                                                    \
            return failed_with;                                                                                        \
    } while (0)

#endif
