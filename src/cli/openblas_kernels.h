/* openblas_kernels.h - selects the OpenBLAS kernels for the processor. */
#ifndef ANNC_CLI_OPENBLAS_KERNELS_H
#define ANNC_CLI_OPENBLAS_KERNELS_H

#include "annc.h"

/* OpenBLAS chooses its kernels when it is loaded. On a processor newer than itself it chooses those
 * of SSE, which are six times slower. In that case this function restarts the program with
 * OPENBLAS_CORETYPE set, unless the user has set it. */
void use_fast_kernels(char **argv);

#endif
