#include "status.h"
#include "number.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char last_error[ANNC_ERROR_SIZE];

const char *annc_last_error(void)
{
    return last_error;
}

annc_status annc_fail(annc_status status, const char *format, ...)
{
    char text[ANNC_ERROR_SIZE]; /* apart, since the last error itself may be among the arguments */
    va_list arguments;
    va_start(arguments, format);
    annc_vprint(text, sizeof text, format, arguments);
    va_end(arguments);
    annc_printable(text, last_error, sizeof last_error); /* whatever it quotes */
    return status;
}
