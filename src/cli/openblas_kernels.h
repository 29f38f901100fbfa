/* openblas_kernels.h - OpenBLAS with the kernels that fit the processor. */
#ifndef ANNC_CLI_OPENBLAS_KERNELS_H
#define ANNC_CLI_OPENBLAS_KERNELS_H

#include "annc.h"

/* OpenBLAS chooses its kernels when it is loaded, and takes those of SSE, which are six times slower, on a processor newer than itself. Then the
 * program starts once more with OPENBLAS_CORETYPE set, unless the user has set it. */
void use_fast_kernels(char **argv);

#endif
