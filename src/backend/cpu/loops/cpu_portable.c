#include "backend/cpu/loops/cpu_loops.h"

const struct annc_cpu_kernels annc_cpu_kernels_portable = ANNC_KERNELS(PORTABLE_NAME);
