/* gemm_openblas.c - the matrix products of gemm.h by OpenBLAS. */
#include "gemm.h"

#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* OpenBLAS has one number of threads, the process's. Products that want the one that there is share the lock; another, and the product that
 * wanted it, have it alone. */
static pthread_rwlock_t number_of_threads = PTHREAD_RWLOCK_INITIALIZER;
static _Thread_local int wanted_threads = 1;

static void begin_product(void)
{
    pthread_rwlock_rdlock(&number_of_threads);
    if (openblas_get_num_threads() == wanted_threads)
        return;
    pthread_rwlock_unlock(&number_of_threads);
    pthread_rwlock_wrlock(&number_of_threads);
    openblas_set_num_threads(wanted_threads);
}

static void product(CBLAS_TRANSPOSE transpose_A, CBLAS_TRANSPOSE transpose_B, uint32_t m, uint32_t n, uint32_t k,
                    float alpha, const float *A, const float *B, float beta, float *C)
{
    /* The leading dimension of a row-major matrix is its row's length. */
    const blasint row_A = (blasint)(transpose_A == CblasTrans ? m : k),
                  row_B = (blasint)(transpose_B == CblasTrans ? k : n);
    begin_product();
    cblas_sgemm(CblasRowMajor, transpose_A, transpose_B, (blasint)m, (blasint)n, (blasint)k, alpha, A, row_A, B, row_B,
                beta, C, (blasint)n);
    pthread_rwlock_unlock(&number_of_threads);
}

void annc_gemm_nt(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    product(CblasNoTrans, CblasTrans, m, n, k, alpha, A, B, beta, C);
}

void annc_gemm_nn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    product(CblasNoTrans, CblasNoTrans, m, n, k, alpha, A, B, beta, C);
}

void annc_gemm_tn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    product(CblasTrans, CblasNoTrans, m, n, k, alpha, A, B, beta, C);
}

const char *annc_gemm_name(void)
{
    static _Thread_local char name[320];
    char config[256];
    snprintf(config, sizeof config, "%s", openblas_get_config()); /* "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..." */
    char *version_end = strchr(config, ' ') ? strchr(strchr(config, ' ') + 1, ' ') : NULL;
    if (version_end)
        *version_end = '\0';
    snprintf(name, sizeof name, "%s (%s)", config, openblas_get_corename());
    return name;
}

void annc_gemm_set_threads(int threads)
{
    wanted_threads = threads;
}
