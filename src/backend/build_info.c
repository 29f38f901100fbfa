/* build_info.c - versions of the library, its compiler and its dependencies. */
#include "annc.h"
#include "backend/blas/gemm.h"
#include "base/config.h"

annc_build annc_build_info(void)
{
    const annc_build build = {
        .version = ANNC_VERSION,
        .commit = ANNC_COMMIT,
        .compiler = ANNC_COMPILER,
        .blas = annc_gemm_name(),
        .zlib = ANNC_ZLIB_FOUND ? ANNC_ZLIB_VERSION : "none",
        .png = ANNC_PNG_FOUND ? ANNC_PNG_VERSION : "none",
        .cuda = ANNC_CUDA_FOUND ? ANNC_CUDA_VERSION : "none",
    };
    return build;
}
