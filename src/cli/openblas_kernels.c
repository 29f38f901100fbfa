/* openblas_kernels.c - selects the OpenBLAS kernels for the processor. */
#include "cli/openblas_kernels.h"
#include "base/instruction_sets.h"
#include "cli/terminal/early.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* In the environment of a process that OpenBLAS could not start threads in. */
static const char ONE_THREAD[] = "ANNC_ONE_THREAD";

#if defined(__x86_64__)

/* Returns whether OpenBLAS uses its SSE kernels because it is older than the processor. */
static bool is_fallback(const char *blas)
{
    static const char *const FALLBACKS[] = {"(Prescott)", "(Core2)", "(Barcelona)"};
    for (size_t i = 0; i < sizeof FALLBACKS / sizeof *FALLBACKS; i++)
        if (strstr(blas, FALLBACKS[i]))
            return true;
    return false;
}

static const char *kernels_for_processor(void)
{
    return annc_has_avx512() ? "SkylakeX" : annc_has_avx2() ? "Haswell" : NULL;
}

/* Gives the process its name back, which is "exe" after it has started itself anew: ps, pgrep and
 * top show it. */
static void keep_name(const char *program)
{
    char name[16] = "";
    const char *slash = program ? strrchr(program, '/') : NULL;
    if (program && prctl(PR_GET_NAME, name) == 0 && strcmp(name, "exe") == 0)
        prctl(PR_SET_NAME, slash ? slash + 1 : program);
}

void use_fast_kernels(char **argv)
{
    static const char VARIABLE[] = "OPENBLAS_CORETYPE";
    const char *kernels = kernels_for_processor();
    keep_name(argv[0]);
    bool anew = false;
    if (threads_were_refused() && !getenv(ONE_THREAD)) {
        setenv("OPENBLAS_NUM_THREADS", "1", 1);
        anew = setenv(ONE_THREAD, "1", 0) == 0;
    }
    if (!getenv(VARIABLE) && kernels && is_fallback(annc_build_info().blas))
        anew = setenv(VARIABLE, kernels, 0) == 0 || anew;
    if (anew)
        execv("/proc/self/exe", argv); /* on failure continue with the slow kernels */
}

#else

void use_fast_kernels(char **argv)
{
    if (threads_were_refused() && !getenv(ONE_THREAD) && setenv("OPENBLAS_NUM_THREADS", "1", 1) == 0 &&
        setenv(ONE_THREAD, "1", 0) == 0)
        execv("/proc/self/exe", argv);
}

#endif
