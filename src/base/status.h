/* status.h - the one way that errors travel. */
#ifndef ANNC_BASE_STATUS_H
#define ANNC_BASE_STATUS_H

#include "annc.h"

/* Sets this thread's last error and gives the status back, for `return annc_fail(ANNC_INPUT, "%s: ...", name)`. Text from outside
 * (names, cells) is passed through annc_printable (text.h) first. */
annc_status annc_fail(annc_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Goes to the clean-up label when a call fails; wants `annc_status status = ANNC_OK;` and a label `out`. */
#define ANNC_TRY(expression)                                                                                           \
    do {                                                                                                               \
        status = (expression);                                                                                         \
        if (status != ANNC_OK)                                                                                         \
            goto out;                                                                                                  \
    } while (0)

#endif
