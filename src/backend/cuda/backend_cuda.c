/* backend_cuda.c - an NVIDIA GPU: cuBLAS for the products, our own kernels for the rest, and steps
 * recorded in CUDA graphs.
 *
 * This file and kernels/ form a module of their own (registry.c loads it) and reach the library
 * only through annc_host. All work of a device uses one stream, but for the branches of recorded
 * steps (branches.h) and copies of examples beside the steps. */
#include "backend/backend.h"
#include "backend/cuda/block.h"
#include "backend/cuda/cuda_device.h"
#include "backend/cuda/exchange.h"
#include "backend/cuda/kernels.h"
#include "backend/cuda_estimate.h"
#include "backend/engine.h"
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steps per recorded block: enough to hide its launch, few enough for fast instantiation. */
enum { RECORDED_STEPS = 64 };

/* The workspace of cuBLAS, set once so that it allocates nothing while steps are recorded; the size
 * that it recommends on Hopper. */
enum { CUBLAS_WORKSPACE_BYTES = 32 << 20 };

#ifdef __cplusplus
extern "C"
#endif
    __attribute__((visibility("default"))) annc_backend_module_fn annc_backend_module;

/* ---------------------------------------------------------------- errors */

/* CUDA keeps an error until it is read. Reading it here keeps it from being reported again by the
 * next launch. */
annc_status annc_cuda_failed(const annc_device *device, cudaError_t error, const char *call)
{
    cudaGetLastError();
    return device->host->fail(error == cudaErrorMemoryAllocation ? ANNC_MEMORY : ANNC_DEVICE,
                              "CUDA: %s (%s) in %s, on %s", cudaGetErrorString(error), cudaGetErrorName(error), call,
                              device->info.name);
}

static annc_status cublas_failed(annc_device *device, cublasStatus_t error, const char *call)
{
    cudaGetLastError();
    return device->host->fail(error == CUBLAS_STATUS_ALLOC_FAILED ? ANNC_MEMORY : ANNC_DEVICE,
                              "cuBLAS: %s in %s, on %s", cublasGetStatusString(error), call, device->info.name);
}

/* As CUDA_TRY. */
#define CUBLAS_TRY(call)                                                                                               \
    do {                                                                                                               \
        const cublasStatus_t cublas_error_ = (call);                                                                   \
        if (cublas_error_ != CUBLAS_STATUS_SUCCESS) {                                                                  \
            status = cublas_failed(device, cublas_error_, #call);                                                      \
            goto out;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* ---------------------------------------------------------------- devices */

/* Makes a device the current one of this thread. Each function of the backend calls it first: a
 * thread may use several devices, and a device may come from another thread. cudaSetDevice stays
 * outside recorded steps. */
cudaError_t annc_cuda_enter(const annc_device *device)
{
    const int index = ((const struct annc_cuda_device *)device)->index;
    int current = -1;
    const cudaError_t error = cudaGetDevice(&current);
    return error != cudaSuccess || current == index ? error : cudaSetDevice(index);
}

static int cuda_count(char *why, size_t size)
{
    int count = 0, driver = 0, runtime = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count > 0)
        return count;
    cudaGetLastError(); /* clears the error, reported here */
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    if (driver == 0)
        snprintf(why, size, "no NVIDIA driver was found (%s)", cudaGetErrorString(error));
    else if (error == cudaErrorInsufficientDriver || driver / 1000 < runtime / 1000)
        snprintf(why, size, "the driver is too old: it knows CUDA %d.%d, and this program needs %d.%d", driver / 1000,
                 driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    else
        snprintf(why, size, "%s", error == cudaSuccess ? "the driver finds no device" : cudaGetErrorString(error));
    return 0;
}

static void close_products(struct annc_products *products)
{
    if (products->cublas)
        cublasDestroy(products->cublas);
    if (products->workspace)
        cudaFree(products->workspace);
}

static annc_status open_products(annc_device *device, cudaStream_t stream, struct annc_products *products)
{
    annc_status status = ANNC_OK;
    CUDA_TRY(cudaMalloc(&products->workspace, CUBLAS_WORKSPACE_BYTES));
    CUBLAS_TRY(cublasCreate(&products->cublas));
    CUBLAS_TRY(cublasSetStream(products->cublas, stream));
    CUBLAS_TRY(cublasSetWorkspace(products->cublas, products->workspace, CUBLAS_WORKSPACE_BYTES));
out:
    return status;
}

static void cuda_close(annc_device *device)
{
    struct annc_cuda_device *self = annc_cuda(device);
    annc_cuda_enter(device);
    close_products(&self->products);
    close_products(&self->of_weights);
    annc_branches_close(&self->branches);
    annc_exchange_close(self->exchange);
    if (device->staging)
        cudaFreeHost(device->staging);
    if (self->reductions)
        cudaFree(self->reductions);
    if (self->copies)
        cudaStreamDestroy(self->copies);
    if (self->stream)
        cudaStreamDestroy(self->stream);
    free(self);
}

/* Returns whether CUDA code runs without a GPU: every GPU has an identity, a simulator has none and
 * must not be reported as a GPU. */
static bool is_simulated(const struct cudaDeviceProp *properties)
{
    static const char none[sizeof properties->uuid] = {0};
    return memcmp(&properties->uuid, none, sizeof none) == 0;
}

static annc_status describe(annc_device *device)
{
    annc_status status = ANNC_OK;
    struct cudaDeviceProp properties;
    annc_device_info *info = &device->info;
    size_t free_bytes = 0, total_bytes = 0;
    CUDA_TRY(cudaGetDeviceProperties(&properties, annc_cuda(device)->index));
    CUDA_TRY(cudaMemGetInfo(&free_bytes, &total_bytes));
    snprintf(info->name, sizeof info->name, "%s", properties.name);
    snprintf(info->kind, sizeof info->kind, "%s", is_simulated(&properties) ? "simulated" : "cuda");
    info->compute_capability = 10 * properties.major + properties.minor;
    info->multiprocessors = properties.multiProcessorCount;
    info->memory_free = free_bytes;
    info->memory_bytes = total_bytes;
out:
    return status;
}

/* Sets the reductions to 0, by one of our kernels: a device and a driver may be present without
 * code for them in this build. */
static annc_status clear_reductions(annc_device *device)
{
    annc_status status = ANNC_OK;
    struct annc_cuda_device *self = annc_cuda(device);
    const size_t floats = 2 * sizeof *self->reductions / sizeof(float);
    CUDA_TRY(annc_launch_initialise(self->stream, 0, 0, floats, false, 0, (float *)self->reductions));
    CUDA_TRY(cudaStreamSynchronize(self->stream));
out:
    return status;
}

static annc_status cuda_open(const struct annc_host *host, int index, int threads, annc_device **result)
{
    annc_status status = ANNC_OK;
    struct annc_cuda_device *self = (struct annc_cuda_device *)calloc(1, sizeof *self);
    (void)threads;
    if (!self)
        return host->fail(ANNC_MEMORY, "out of memory: a device needs %zu bytes", sizeof *self);
    annc_device *device = &self->device;
    device->backend = annc_backend_module();
    device->host = host;
    self->index = index;
    snprintf(device->info.name, sizeof device->info.name, "CUDA device %d", index);
    device->kernels = device->info.name;
    cudaGetLastError(); /* left from an earlier device */
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaStreamCreateWithFlags(&self->stream, cudaStreamNonBlocking));
    CUDA_TRY(cudaStreamCreateWithFlags(&self->copies, cudaStreamNonBlocking));
    CUDA_TRY(annc_branches_open(&self->branches, self->stream));
    CUDA_TRY(cudaMalloc((void **)&self->reductions, 2 * sizeof *self->reductions));
    self->of_errors = self->reductions + 1;
    ANNC_TRY(clear_reductions(device));
    ANNC_TRY(open_products(device, self->stream, &self->products));
    ANNC_TRY(open_products(device, self->branches.stream[ANNC_BRANCH_WEIGHTS], &self->of_weights));
    CUDA_TRY(annc_find_block_limits(index, &self->block));
    ANNC_TRY(describe(device)); /* last: free memory is measured after all allocations */
    *result = device;
out:
    if (status != ANNC_OK)
        cuda_close(device);
    return status;
}

static annc_status cuda_open_beside(const annc_device *device, annc_device **beside)
{
    const annc_status status = cuda_open(device->host, ((const struct annc_cuda_device *)device)->index, 0, beside);
    if (status == ANNC_OK)
        (*beside)->process = device->process;
    return status;
}

/* ---------------------------------------------------------------- memory */

static annc_status cuda_free_memory(const annc_device *device, uint64_t *bytes)
{
    annc_status status = ANNC_OK;
    size_t free_bytes = 0, total_bytes = 0;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaMemGetInfo(&free_bytes, &total_bytes));
    *bytes = free_bytes;
out:
    return status;
}

static annc_status cuda_alloc(annc_device *device, size_t bytes, const char *what, void **memory)
{
    size_t free_bytes = 0, total_bytes = 0;
    cudaError_t error = annc_cuda_enter(device);
    *memory = NULL;
    if (error == cudaSuccess)
        error = cudaMalloc(memory, bytes);
    if (error == cudaSuccess)
        return ANNC_OK;
    cudaGetLastError();
    *memory = NULL;
    if (error != cudaErrorMemoryAllocation)
        return annc_cuda_failed(device, error, "cudaMalloc");
    cudaMemGetInfo(&free_bytes, &total_bytes);
    return device->host->fail(ANNC_MEMORY, "out of memory on %s: %s needs %zu bytes; %zu are free of %zu",
                              device->info.name, what, bytes, free_bytes, total_bytes);
}

static void cuda_free(annc_device *device, void *memory)
{
    annc_cuda_enter(device);
    cudaFree(memory); /* waits for work that may still use it */
}

static annc_status cuda_alloc_host(annc_device *device, size_t bytes, const char *what, void **memory)
{
    cudaError_t error = annc_cuda_enter(device);
    *memory = NULL;
    if (error == cudaSuccess)
        error = cudaHostAlloc(memory, bytes, cudaHostAllocDefault);
    if (error == cudaSuccess)
        return ANNC_OK;
    cudaGetLastError();
    *memory = NULL;
    if (error != cudaErrorMemoryAllocation)
        return annc_cuda_failed(device, error, "cudaHostAlloc");
    return device->host->fail(ANNC_MEMORY, "out of memory: %s needs %zu bytes of pinned host memory", what, bytes);
}

static void cuda_free_host(annc_device *device, void *memory)
{
    annc_cuda_enter(device);
    cudaFreeHost(memory);
}

static annc_status cuda_synchronise(annc_device *device)
{
    annc_status status = ANNC_OK;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaStreamSynchronize(annc_cuda(device)->stream));
out:
    return status;
}

static bool cuda_is_idle(annc_device *device)
{
    cudaError_t error = annc_cuda_enter(device);
    if (error == cudaSuccess)
        error = cudaStreamQuery(annc_cuda(device)->stream);
    if (error == cudaErrorNotReady)
        cudaGetLastError(); /* which keeps it, though it is no failure */
    return error != cudaErrorNotReady;
}

static annc_status copy(annc_device *device, void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    annc_status status = ANNC_OK;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaMemcpyAsync(to, from, bytes, kind, annc_cuda(device)->stream));
    CUDA_TRY(cudaStreamSynchronize(annc_cuda(device)->stream));
out:
    return status;
}

static annc_status cuda_upload(annc_device *device, void *memory, const void *host, size_t bytes)
{
    return copy(device, memory, host, bytes, cudaMemcpyHostToDevice);
}

static annc_status cuda_download(annc_device *device, void *host, const void *memory, size_t bytes)
{
    return copy(device, host, memory, bytes, cudaMemcpyDeviceToHost);
}

static annc_status cuda_copy_beside(annc_device *device, void *to, const void *from, size_t bytes)
{
    annc_status status = ANNC_OK;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, annc_cuda(device)->copies));
out:
    return status;
}

static annc_status cuda_await_copies(annc_device *device)
{
    annc_status status = ANNC_OK;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaStreamSynchronize(annc_cuda(device)->copies));
out:
    return status;
}

/* Arrays stay unchanged while they are staged, so that one copy serves all users of a host array:
 * the networks of a sweep. */
static annc_status cuda_stage(annc_device *device, const void *host, size_t bytes, const char *what,
                              const void **memory)
{
    annc_status status = ANNC_OK;
    struct annc_cuda_device *self = annc_cuda(device);
    struct annc_staged *staged = self->staged;
    *memory = NULL;
    while (staged && (staged->host != host || staged->bytes != bytes))
        staged = staged->next;
    if (staged) {
        staged->users++;
        *memory = staged->memory;
        return ANNC_OK;
    }
    staged = (struct annc_staged *)calloc(1, sizeof *staged);
    if (!staged)
        return device->host->fail(ANNC_MEMORY, "out of memory: %s need %zu bytes", what, sizeof *staged);
    ANNC_TRY(cuda_alloc(device, bytes, what, &staged->memory));
    ANNC_TRY(cuda_upload(device, staged->memory, host, bytes));
    staged->host = host;
    staged->bytes = bytes;
    staged->users = 1;
    staged->next = self->staged;
    self->staged = staged;
    *memory = staged->memory;
out:
    if (status != ANNC_OK) {
        if (staged->memory)
            cudaFree(staged->memory);
        free(staged);
    }
    return status;
}

static void cuda_unstage(annc_device *device, const void *memory)
{
    struct annc_staged **link = &annc_cuda(device)->staged, *staged;
    while (*link && (*link)->memory != memory)
        link = &(*link)->next;
    staged = *link;
    if (!staged || --staged->users > 0)
        return;
    *link = staged->next;
    cuda_free(device, staged->memory);
    free(staged);
}

/* ---------------------------------------------------------------- operations */

/* An operation of a single launch. */
#define LAUNCH_TRY(launch)                                                                                             \
    do {                                                                                                               \
        annc_status status = ANNC_OK;                                                                                  \
        CUDA_TRY(annc_cuda_enter(device));                                                                             \
        CUDA_TRY(launch);                                                                                              \
    out:                                                                                                               \
        return status;                                                                                                 \
    } while (0)

/* The same, for an operation on gradients: it comes after those of a recorded step. */
#define GRADIENT_TRY(launch)                                                                                           \
    do {                                                                                                               \
        annc_status status = ANNC_OK;                                                                                  \
        CUDA_TRY(annc_cuda_enter(device));                                                                             \
        CUDA_TRY(annc_branches_join(&annc_cuda(device)->branches));                                                    \
        CUDA_TRY(launch);                                                                                              \
    out:                                                                                                               \
        return status;                                                                                                 \
    } while (0)

static annc_status cuda_initialise(annc_device *device, uint64_t seed, uint64_t first, size_t count, bool uniform,
                                   double scale, float *theta)
{
    LAUNCH_TRY(annc_launch_initialise(annc_cuda(device)->stream, seed, first, count, uniform, scale, theta));
}

static annc_status cuda_gather(annc_device *device, struct annc_cursor *cursor, const annc_examples *examples,
                               struct annc_label_values values, const float *class_weights, uint32_t m, float *X,
                               float *Y, float *weights)
{
    annc_status status = ANNC_OK;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(annc_branches_join(&annc_cuda(device)->branches)); /* of the step before */
    CUDA_TRY(annc_launch_gather(annc_cuda(device)->stream, cursor, examples, values, class_weights, m, X, Y, weights));
out:
    return status;
}

static annc_status cuda_perturb(annc_device *device, uint64_t seed, const struct annc_cursor *cursor, double sigma,
                                uint32_t m, uint32_t n, float *X)
{
    LAUNCH_TRY(annc_launch_perturb(annc_cuda(device)->stream, seed, cursor, sigma, m, n, X));
}

static annc_status cuda_augment(annc_device *device, uint64_t seed, const struct annc_cursor *cursor,
                                annc_augmentation augmentation, uint32_t rows, uint32_t columns, uint32_t m,
                                const float *X, float *bends, float *moved)
{
    LAUNCH_TRY(
        annc_launch_augment(annc_cuda(device)->stream, seed, cursor, augmentation, rows, columns, m, X, bends, moved));
}

static annc_status cuda_dropout(annc_device *device, uint64_t seed, const struct annc_cursor *cursor, uint32_t l,
                                double share, uint32_t m, uint32_t n, const float *A, float *D)
{
    LAUNCH_TRY(annc_launch_dropout(annc_cuda(device)->stream, seed, cursor, l, share, m, n, A, D));
}

static void cuda_use_precision(annc_device *device, annc_precision precision)
{
    annc_cuda(device)->precision = precision;
}

/* Returns the precision in cuBLAS's terms. */
static cublasComputeType_t compute_type(annc_precision precision)
{
    switch (precision) {
    case ANNC_TF32:
        return CUBLAS_COMPUTE_32F_FAST_TF32;
    case ANNC_BF16:
        return CUBLAS_COMPUTE_32F_FAST_16BF;
    default:
        return CUBLAS_COMPUTE_32F;
    }
}

/* Row-major C (m x n) = alpha op(A) op(B) + beta C, in a stream. cuBLAS is column-major and so sees
 * the transposes: C^T = op(B)^T op(A)^T. The leading dimension of a row-major matrix is its row's
 * length. */
static annc_status product(annc_device *device, cudaStream_t stream, bool transpose_A, bool transpose_B, uint32_t m,
                           uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    annc_status status = ANNC_OK;
    const struct annc_cuda_device *self = annc_cuda(device);
    const struct annc_products *products = stream == self->stream ? &self->products : &self->of_weights;
    const int row_A = (int)(transpose_A ? m : k), row_B = (int)(transpose_B ? k : n);
    CUDA_TRY(annc_cuda_enter(device));
    CUBLAS_TRY(cublasGemmEx(products->cublas, transpose_B ? CUBLAS_OP_T : CUBLAS_OP_N,
                            transpose_A ? CUBLAS_OP_T : CUBLAS_OP_N, (int)n, (int)m, (int)k, &alpha, B, CUDA_R_32F,
                            row_B, A, CUDA_R_32F, row_A, &beta, C, CUDA_R_32F, (int)n, compute_type(self->precision),
                            CUBLAS_GEMM_DEFAULT));
out:
    return status;
}

static annc_status cuda_forward(annc_device *device, annc_activation f, uint32_t m, uint32_t n_in, uint32_t n,
                                const float *A_in, const float *W, const float *b, float *Z, float *A)
{
    annc_status status = ANNC_OK;
    const cudaStream_t stream = annc_cuda(device)->stream;
    /* Z = A_in W^T */
    ANNC_TRY(product(device, stream, false, true, m, n, n_in, 1, A_in, W, 0, Z));
    CUDA_TRY(annc_launch_activate(stream, f, m, n, b, Z, A));
out:
    return status;
}

/* cuBLAS chooses a kernel by the size of the product, so all products of this W have `block`
 * rows. */
static annc_status cuda_forward_rows(annc_device *device, annc_activation f, uint32_t m, uint32_t block, uint32_t n_in,
                                     uint32_t n, const float *A_in, const float *W, const float *b, float *Z, float *A)
{
    annc_status status = ANNC_OK;
    const cudaStream_t stream = annc_cuda(device)->stream;
    uint32_t rows = 0;
    /* Z = A_in W^T */
    for (; rows < m; rows += block)
        ANNC_TRY(product(device, stream, false, true, block, n, n_in, 1, A_in + (size_t)rows * n_in, W, 0,
                         Z + (size_t)rows * n));
    CUDA_TRY(annc_launch_activate(stream, f, rows, n, b, Z, A));
out:
    return status;
}

static annc_status cuda_output(annc_device *device, annc_activation f, annc_cost cost, float tau, uint32_t m,
                               uint32_t n_in, uint32_t n, const float *A_in, const float *W, const float *b,
                               const float *Y, const float *weights, float *Z, float *A, float *delta)
{
    annc_status status = ANNC_OK;
    const cudaStream_t stream = annc_cuda(device)->stream;
    /* Z = A_in W^T */
    ANNC_TRY(product(device, stream, false, true, m, n, n_in, 1, A_in, W, 0, Z));
    CUDA_TRY(annc_launch_output(stream, f, cost, tau, m, n, b, Y, weights, Z, A, delta));
out:
    return status;
}

static annc_status cuda_hidden_delta(annc_device *device, annc_activation f, uint32_t m, uint32_t n, uint32_t n_next,
                                     const float *delta_next, const float *W_next, const float *Z, const float *A,
                                     float *delta, float alpha, float beta, float *b)
{
    annc_status status = ANNC_OK;
    struct annc_cuda_device *self = annc_cuda(device);
    /* delta_next W_next */
    ANNC_TRY(product(device, self->stream, false, false, m, n, n_next, 1, delta_next, W_next, 0, delta));
    CUDA_TRY(annc_branches_mark(&self->branches, delta_next));
    CUDA_TRY(annc_launch_times_derivative(self->stream, self->of_errors, f, m, n, Z, A, delta, alpha, beta, b));
out:
    return status;
}

static annc_status cuda_weight_step(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha, float beta,
                                    const float *delta, const float *A_in, float *W, float *b)
{
    annc_status status = ANNC_OK;
    struct annc_cuda_device *self = annc_cuda(device);
    cudaStream_t weights, sums;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(annc_branches_fork(&self->branches, ANNC_BRANCH_WEIGHTS, delta, &weights));
    /* delta^T A_in */
    ANNC_TRY(product(device, weights, true, false, n, n_in, m, alpha, delta, A_in, beta, W));
    if (!b)
        return ANNC_OK;
    CUDA_TRY(annc_branches_fork(&self->branches, ANNC_BRANCH_SUMS, delta, &sums));
    CUDA_TRY(annc_launch_bias_step(sums, self->reductions, m, n, alpha, beta, delta, b));
out:
    return status;
}

static annc_status cuda_penalise(annc_device *device, size_t count, double l2, double l1, const float *W, float *G)
{
    GRADIENT_TRY(annc_launch_penalise(annc_cuda(device)->stream, count, l2, l1, W, G));
}

static annc_status cuda_clip(annc_device *device, size_t count, double limit, float *G, double *scratch)
{
    GRADIENT_TRY(annc_launch_clip(annc_cuda(device)->stream, count, limit, G, scratch));
}

static annc_status cuda_update(annc_device *device, struct annc_rule rule, double decay,
                               const struct annc_cursor *cursor, const struct annc_rate *rates, size_t count,
                               const float *G, float *theta, float *v, float *s)
{
    GRADIENT_TRY(annc_launch_update(annc_cuda(device)->stream, rule, decay, cursor, rates, count, G, theta, v, s));
}

static annc_status cuda_limit_rows(annc_device *device, uint32_t n, uint32_t n_in, double limit, float *W)
{
    LAUNCH_TRY(annc_launch_limit_rows(annc_cuda(device)->stream, n, n_in, limit, W));
}

static annc_status cuda_score(annc_device *device, annc_cost cost, float tau, uint32_t m, uint32_t n, const float *Z,
                              const float *A, const float *Y, const float *weights, struct annc_cursor *cursor,
                              struct annc_score *scores, int32_t *predictions)
{
    annc_status status = ANNC_OK;
    struct annc_cuda_device *self = annc_cuda(device);
    cudaStream_t sums;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(annc_branches_fork(&self->branches, ANNC_BRANCH_SUMS, NULL, &sums));
    CUDA_TRY(annc_launch_score(sums, self->reductions, cost, tau, m, n, Z, A, Y, weights, cursor, scores, predictions));
out:
    return status;
}

/* ---------------------------------------------------------------- the recorded engine */

/* Steps recorded for one job. */
struct recording {
    annc_device *device;
    struct annc_job *job;
    cudaGraphExec_t block;  /* RECORDED_STEPS steps; NULL if no epoch has so many */
    cudaGraphExec_t single; /* one step; NULL before the first */
};

static const char *recorded_refuses(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    return job->training ? NULL : "evaluations are not recorded";
}

static double recorded_seconds(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    return annc_cuda_recorded_seconds(job);
}

/* The driver allocates graphs. */
static size_t recorded_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    (void)device;
    (void)job;
    (void)n;
    return 0;
}

static annc_status recorded_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **engine)
{
    struct recording *recording = (struct recording *)calloc(1, sizeof *recording);
    (void)n; /* most_jobs is 1 */
    if (!recording)
        return device->host->fail(ANNC_MEMORY, "out of memory: a recording needs %zu bytes", sizeof *recording);
    recording->device = device;
    recording->job = jobs[0];
    *engine = recording;
    return ANNC_OK;
}

/* Records `count` steps as one graph. */
static annc_status record(struct recording *recording, int count, cudaGraphExec_t *executable)
{
    annc_status status = ANNC_OK;
    annc_device *device = recording->device;
    cudaGraph_t graph = NULL;
    bool capturing = false;
    CUDA_TRY(cudaStreamBeginCapture(annc_cuda(device)->stream, cudaStreamCaptureModeThreadLocal));
    capturing = true;
    annc_branches_use(&annc_cuda(device)->branches, true);
    for (int i = 0; i < count; i++)
        ANNC_TRY(recording->job->step(recording->job, recording->job->batch));
    CUDA_TRY(annc_branches_join(&annc_cuda(device)->branches));
    capturing = false;
    CUDA_TRY(cudaStreamEndCapture(annc_cuda(device)->stream, &graph));
    CUDA_TRY(cudaGraphInstantiate(executable, graph, 0));
out:
    annc_branches_use(&annc_cuda(device)->branches, false);
    if (capturing) {
        cudaStreamEndCapture(annc_cuda(device)->stream, &graph);
        cudaGetLastError();
    }
    if (graph)
        cudaGraphDestroy(graph);
    return status;
}

/* Computes a product of two zeros in the branch of weights: cuBLAS may prepare a handle at its
 * first product, and a capture is no place for that. */
static annc_status use_branch_once(annc_device *device)
{
    annc_status status = ANNC_OK;
    const float one = 1, zero = 0;
    const struct annc_products *products = &annc_cuda(device)->of_weights;
    const cudaStream_t stream = annc_cuda(device)->branches.stream[ANNC_BRANCH_WEIGHTS];
    float *numbers = (float *)products->workspace;
    CUDA_TRY(annc_launch_initialise(stream, 0, 0, 3, false, 0, numbers));
    CUBLAS_TRY(cublasGemmEx(products->cublas, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, numbers, CUDA_R_32F, 1,
                            numbers + 1, CUDA_R_32F, 1, &zero, numbers + 2, CUDA_R_32F, 1,
                            compute_type(annc_cuda(device)->precision), CUBLAS_GEMM_DEFAULT));
    CUDA_TRY(cudaStreamSynchronize(stream));
out:
    return status;
}

/* Runs the job's first step, since no kernel may be loaded during a capture, then records the
 * graphs that its epochs replay: a single step, and a block of steps if an epoch has enough. Later
 * epochs record nothing. */
static annc_status run_first_step(struct recording *recording)
{
    annc_status status = ANNC_OK;
    const struct annc_job *job = recording->job;
    ANNC_TRY(job->step(job, job->batch));
    ANNC_TRY(use_branch_once(recording->device));
    ANNC_TRY(record(recording, 1, &recording->single));
    if (job->examples->count / job->batch >= RECORDED_STEPS)
        ANNC_TRY(record(recording, RECORDED_STEPS, &recording->block));
out:
    return status;
}

static annc_status recorded_steps(void *engine, uint32_t m, uint32_t count)
{
    annc_status status = ANNC_OK;
    struct recording *recording = (struct recording *)engine;
    annc_device *device = recording->device;
    CUDA_TRY(annc_cuda_enter(device));
    for (; m < recording->job->batch && count > 0; count--) /* the last minibatch of an epoch */
        ANNC_TRY(recording->job->step(recording->job, m));
    if (!recording->single && count > 0) {
        ANNC_TRY(run_first_step(recording));
        count--;
    }
    for (; recording->block && count >= RECORDED_STEPS; count -= RECORDED_STEPS)
        CUDA_TRY(cudaGraphLaunch(recording->block, annc_cuda(device)->stream));
    for (; count > 0; count--)
        CUDA_TRY(cudaGraphLaunch(recording->single, annc_cuda(device)->stream));
out:
    return status;
}

static void forget_recordings(struct recording *recording)
{
    annc_cuda_enter(recording->device);
    cudaStreamSynchronize(annc_cuda(recording->device)->stream);
    if (recording->block)
        cudaGraphExecDestroy(recording->block);
    if (recording->single)
        cudaGraphExecDestroy(recording->single);
    recording->block = recording->single = NULL;
}

/* Recorded steps contain the rate, unless they read it from the epoch's table, and are then
 * recorded again. */
static annc_status recorded_changed(void *engine)
{
    struct recording *recording = (struct recording *)engine;
    if (!recording->job->rates)
        forget_recordings(recording);
    return ANNC_OK;
}

static const char *recorded_describe(const void *engine)
{
    (void)engine;
    return "recorded";
}

static void recorded_close(void *engine)
{
    forget_recordings((struct recording *)engine);
    free(engine);
}

static const struct annc_engine_ops recorded = {
    ANNC_ENGINE_RECORDED,
    "recorded",
    "steps of any network are recorded in a CUDA graph and replayed",
    true,  /* of operations */
    false, /* of bytes */
    1,     /* jobs */
    1,     /* steps of a block */
    NULL,  /* of multiprocessors */
    recorded_refuses,
    recorded_seconds,
    recorded_memory,
    recorded_open,
    recorded_steps,
    recorded_changed,
    recorded_describe,
    recorded_close,
};

static const struct annc_engine_ops *const engines[] = {&annc_cuda_cluster, &annc_cuda_tensor, &annc_cuda_split,
                                                        &annc_cuda_block,   &recorded,         NULL};

static const struct annc_backend backend_cuda = {
    ANNC_BACKEND_CONTRACT,
    ANNC_DEVICE_CUDA,
    "cuda",
    false,
    engines,
    cuda_count,
    cuda_open,
    cuda_close,
    cuda_open_beside,
    cuda_free_memory,
    cuda_alloc,
    cuda_free,
    cuda_stage,
    cuda_unstage,
    cuda_alloc_host,
    cuda_free_host,
    cuda_upload,
    cuda_download,
    cuda_copy_beside,
    cuda_await_copies,
    cuda_synchronise,
    cuda_is_idle,
    cuda_use_precision,
    annc_exchange_connect,
    annc_exchange_begin_sum,
    annc_exchange_end_sums,
    cuda_initialise,
    cuda_gather,
    cuda_perturb,
    cuda_augment,
    cuda_dropout,
    cuda_forward,
    cuda_forward_rows,
    cuda_output,
    cuda_hidden_delta,
    cuda_weight_step,
    cuda_penalise,
    cuda_clip,
    cuda_update,
    cuda_limit_rows,
    cuda_score,
};

const struct annc_backend *annc_backend_module(void)
{
    return &backend_cuda;
}
