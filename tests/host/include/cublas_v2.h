// cublas_v2.h - the part of cuBLAS that this project uses, performed by the CPU. See tests/host/README.md.
#ifndef ANNC_TESTS_HOST_INCLUDE_CUBLAS_V2_H
#define ANNC_TESTS_HOST_INCLUDE_CUBLAS_V2_H

#include "cuda_runtime_api.h"

extern "C" {

enum cublasStatus_t {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_INVALID_VALUE = 7,
    CUBLAS_STATUS_INTERNAL_ERROR = 14
};
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cudaDataType { CUDA_R_32F = 0 };
enum cublasComputeType_t {
    CUBLAS_COMPUTE_32F = 68,
    CUBLAS_COMPUTE_32F_FAST_16BF = 75,
    CUBLAS_COMPUTE_32F_FAST_TF32 = 77
};
enum cublasGemmAlgo_t { CUBLAS_GEMM_DEFAULT = -1 };
typedef struct annc_host_cublas *cublasHandle_t;

cublasStatus_t cublasCreate(cublasHandle_t *handle);
cublasStatus_t cublasDestroy(cublasHandle_t handle);
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream);
cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void *workspace, size_t bytes);
const char *cublasGetStatusString(cublasStatus_t status);

// C (m x n) = alpha op(A) op(B) + beta C, column-major, of floats. A and B are rounded to the
// precision of `compute`.
cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_A, cublasOperation_t op_B, int m, int n, int k,
                            const void *alpha, const void *A, cudaDataType type_A, int lda, const void *B,
                            cudaDataType type_B, int ldb, const void *beta, void *C, cudaDataType type_C, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t);
}

#endif
