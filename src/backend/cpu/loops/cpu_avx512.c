#include "backend/cpu/loops/cpu_loops.h"

const struct annc_cpu_kernels annc_cpu_kernels_avx512 = ANNC_KERNELS("AVX-512");
