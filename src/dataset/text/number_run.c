/* number_run.c - chooses how runs of numbers are read. */
#include "dataset/text/number_run.h"
#include "base/config.h"
#include "base/instruction_sets.h"

#include <stdlib.h>
#include <string.h>

const struct annc_number_runs *annc_number_runs_choose(void)
{
#if ANNC_X86_KERNELS
    const char *wanted = getenv("ANNC_CPU_KERNELS");
    if (annc_has_avx2() && !(wanted && strcmp(wanted, "portable") == 0))
        return &annc_number_runs_avx2;
#endif
    return NULL;
}
