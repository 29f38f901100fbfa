// cublas.cpp - cuBLAS's products as plain loops, in the stream's order.
#include "host/host.h"

#include <cublas_v2.h>

#include <cmath>
#include <cstring>

struct annc_host_cublas {
    cudaStream_t stream;
};

cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
    if (annc_host_must_fail())
        return CUBLAS_STATUS_ALLOC_FAILED;
    *handle = new annc_host_cublas{nullptr};
    annc_host_objects++;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle)
{
    delete handle;
    annc_host_objects--;
    return annc_host_is_broken() ? CUBLAS_STATUS_INTERNAL_ERROR : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream)
{
    if (annc_host_must_fail())
        return CUBLAS_STATUS_INTERNAL_ERROR;
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *, size_t)
{
    return annc_host_must_fail() ? CUBLAS_STATUS_INTERNAL_ERROR : CUBLAS_STATUS_SUCCESS;
}

const char *cublasGetStatusString(cublasStatus_t status)
{
    switch (status) {
    case CUBLAS_STATUS_SUCCESS:
        return "success";
    case CUBLAS_STATUS_ALLOC_FAILED:
        return "out of memory";
    case CUBLAS_STATUS_INVALID_VALUE:
        return "invalid value";
    case CUBLAS_STATUS_INTERNAL_ERROR:
        return "internal error";
    }
    return "unknown status";
}

// Returns a factor of a product with so many bits of its mantissa, rounded to nearest even.
static float rounded(float x, cublasComputeType_t compute)
{
    const unsigned dropped = compute == CUBLAS_COMPUTE_32F_FAST_TF32   ? 13
                             : compute == CUBLAS_COMPUTE_32F_FAST_16BF ? 16
                                                                       : 0;
    uint32_t bits;
    if (dropped == 0 || !std::isfinite(x))
        return x;
    std::memcpy(&bits, &x, sizeof bits);
    bits += (1u << (dropped - 1)) - 1 + (bits >> dropped & 1);
    bits &= ~((1u << dropped) - 1);
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_A, cublasOperation_t op_B, int m, int n, int k,
                            const void *alpha, const void *factor_A, cudaDataType, int lda, const void *factor_B,
                            cudaDataType, int ldb, const void *beta, void *result, cudaDataType, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t)
{
    const float *A = static_cast<const float *>(factor_A), *B = static_cast<const float *>(factor_B);
    float *C = static_cast<float *>(result);
    const int rows_A = op_A == CUBLAS_OP_N ? m : k, rows_B = op_B == CUBLAS_OP_N ? k : n;
    if (annc_host_must_fail())
        return CUBLAS_STATUS_INTERNAL_ERROR;
    if (m < 0 || n < 0 || k < 0 || lda < rows_A || ldb < rows_B || ldc < m)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (annc_host_is_foreign(handle->stream))
        return CUBLAS_STATUS_INTERNAL_ERROR;
    const float a = *static_cast<const float *>(alpha), b = *static_cast<const float *>(beta); // of the host
    // cuBLAS chooses a kernel, and with it the order of the sums, by the size of the product.
    const bool is_other_kernel = n < 8 || n > 1024;
    annc_host_submit(handle->stream, [=] {
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++) {
                float sum = 0;
                for (int q = 0; q < k; q++) {
                    const int p = is_other_kernel ? k - 1 - q : q;
                    sum += rounded(op_A == CUBLAS_OP_N ? A[i + (size_t)p * lda] : A[p + (size_t)i * lda], compute) *
                           rounded(op_B == CUBLAS_OP_N ? B[p + (size_t)j * ldb] : B[j + (size_t)p * ldb], compute);
                }
                float &c = C[i + (size_t)j * ldc];
                c = b == 0 ? a * sum : a * sum + b * c; // with beta 0, what C held does not matter
            }
    });
    return CUBLAS_STATUS_SUCCESS;
}
