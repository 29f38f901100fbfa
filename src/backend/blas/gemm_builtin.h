/* gemm_builtin.h - the products of gemm.h, built in: for builds without a BLAS library, and where
 * memory is too short for one. */
#ifndef ANNC_BACKEND_BLAS_GEMM_BUILTIN_H
#define ANNC_BACKEND_BLAS_GEMM_BUILTIN_H

#include <stdint.h>

void annc_builtin_nt(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                     float *C);
void annc_builtin_nn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                     float *C);
void annc_builtin_tn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                     float *C);

#endif
