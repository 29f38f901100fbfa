#include "backend/cpu/loops/cpu_kernels.h"
#include "base/instruction_sets.h"

#include <stdlib.h>
#include <string.h>

static bool runs_here(const struct annc_cpu_kernels *kernels)
{
#if ANNC_X86_KERNELS
    if (kernels == &annc_cpu_kernels_avx512)
        return annc_has_avx512();
    if (kernels == &annc_cpu_kernels_avx2)
        return annc_has_avx2();
#endif
    (void)kernels;
    return true;
}

const struct annc_cpu_kernels *annc_cpu_kernels_choose(void)
{
    static const struct {
        const char *name;
        const struct annc_cpu_kernels *kernels;
    } all[] = {
#if ANNC_X86_KERNELS
        {"avx512", &annc_cpu_kernels_avx512},
        {"avx2", &annc_cpu_kernels_avx2},
#endif
        {"portable", &annc_cpu_kernels_portable}
    };
    const char *wanted = getenv("ANNC_CPU_KERNELS");
    for (size_t i = 0; i + 1 < sizeof all / sizeof *all; i++)
        if (runs_here(all[i].kernels) && (!wanted || strcmp(wanted, all[i].name) == 0))
            return all[i].kernels;
    return &annc_cpu_kernels_portable;
}
