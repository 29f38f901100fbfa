/* model_file.c - error messages for a safetensors file. */
#include "network/files/model_file.h"
#include "base/status.h"
#include "base/text.h"

#include <stdio.h>

annc_status annc_model_malformed(const struct annc_model_file *file, const char *what)
{
    char shown[SHOWN];
    return annc_fail(ANNC_INPUT, "%s: %s", annc_printable(file->path, shown, sizeof shown), what);
}

annc_status annc_model_malformed_tensor(const struct annc_model_file *file, const struct annc_tensor *tensor,
                                        const char *what)
{
    char text[3 * NAME_BYTES + 128], shown[2 * NAME_BYTES];
    snprintf(text, sizeof text, "tensor '%s' %s", annc_printable(tensor->name, shown, sizeof shown), what);
    return annc_model_malformed(file, text);
}
