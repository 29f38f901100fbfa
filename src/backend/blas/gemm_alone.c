/* gemm_alone.c - gemm.h by the built-in products alone. */
#include "backend/blas/gemm.h"
#include "backend/blas/gemm_builtin.h"

void annc_gemm_nt(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    annc_builtin_nt(m, n, k, alpha, A, B, beta, C);
}

void annc_gemm_nn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    annc_builtin_nn(m, n, k, alpha, A, B, beta, C);
}

void annc_gemm_tn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    annc_builtin_tn(m, n, k, alpha, A, B, beta, C);
}

const char *annc_gemm_name(void)
{
    return "built-in";
}

void annc_gemm_set_threads(int threads)
{
    (void)threads; /* it always uses one thread */
}

void annc_gemm_prepare(int threads)
{
    (void)threads;
}
