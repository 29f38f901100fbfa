/* openblas_kernels.c - selects the OpenBLAS kernels for the processor. */
#include "cli/openblas_kernels.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? "Haswell" : NULL;
}

void use_fast_kernels(char **argv)
{
    static const char VARIABLE[] = "OPENBLAS_CORETYPE";
    const char *kernels = kernels_for_processor();
    if (getenv(VARIABLE) || !kernels || !is_fallback(annc_build_info().blas))
        return;
    if (setenv(VARIABLE, kernels, 0) == 0)
        execv("/proc/self/exe", argv); /* on failure continue with the slow kernels */
}

#else

void use_fast_kernels(char **argv)
{
    (void)argv;
}

#endif
