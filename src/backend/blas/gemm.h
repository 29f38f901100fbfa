/* gemm.h - matrix products on the CPU: from a CBLAS library (gemm_cblas.c), or built in
 * (gemm_alone.c).
 *
 * Matrices are row-major without padding. With beta 0, C may hold any values, NaN included. */
#ifndef ANNC_BACKEND_BLAS_GEMM_H
#define ANNC_BACKEND_BLAS_GEMM_H

#include <stdint.h>

/* C = alpha A B^T + beta C.  A: m x k, B: n x k, C: m x n.   Z = A W^T */
void annc_gemm_nt(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                  float *C);
/* C = alpha A B + beta C.    A: m x k, B: k x n, C: m x n.   Delta W */
void annc_gemm_nn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                  float *C);
/* C = alpha A^T B + beta C.  A: k x m, B: k x n, C: m x n.   Delta^T A */
void annc_gemm_tn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta,
                  float *C);

/* Returns "OpenBLAS 0.3.21 (SkylakeX)", "BLIS 0.9.0", "MKL 2024.0", "CBLAS (libblas.so)" or
 * "built-in": valid until the next call on this thread. */
const char *annc_gemm_name(void);
/* Asks for the memory that later products with so many threads need. OpenBLAS retries an allocation
 * that is refused for ever, so where there is none, the whole process uses the built-in products
 * from here on. */
void annc_gemm_prepare(int threads);
/* Sets the number of threads of this thread's later products; their bits depend on it. A library
 * without such a function keeps the number from its environment. */
void annc_gemm_set_threads(int threads);

#endif
