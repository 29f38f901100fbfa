// update.cu - from gradients to parameters: penalties, clipping, optimisers, max-norm weights.
#include "kernels/device.cuh"

// Registers: at most 16.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    penalise_kernel(size_t count, float l2, float l1, const float *W, float *G)
{
    ANNC_FOR_ELEMENTS (i, count)
        G[i] = annc_penalised(G[i], W[i], l2, l1);
}

// Returns the sum over a block, in a fixed order, to every thread. The block size is a power of two
// of at most ELEMENT_BLOCK.
__device__ static double block_sum(double value)
{
    __shared__ double partial[ELEMENT_BLOCK];
    partial[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half)
            partial[threadIdx.x] += partial[threadIdx.x + half];
        __syncthreads();
    }
    return partial[0];
}

// Sums the squares of G, one partial sum per block.
// Registers: at most 24.
__global__ void __launch_bounds__(ELEMENT_BLOCK) squares_kernel(size_t count, const float *G, double *scratch)
{
    double squares = 0;
    ANNC_FOR_ELEMENTS (i, count)
        squares += (double)G[i] * (double)G[i];
    squares = block_sum(squares);
    if (threadIdx.x == 0)
        scratch[blockIdx.x] = squares;
}

// Registers: at most 32.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    clip_kernel(size_t count, double limit, unsigned partial_sums, const double *scratch, float *G)
{
    double squares = 0;
    for (unsigned i = 0; i < partial_sums; i++)
        squares += scratch[i];
    if (squares <= limit * limit)
        return;
    const float factor = (float)(limit / sqrt(squares));
    ANNC_FOR_ELEMENTS (i, count)
        G[i] *= factor;
}

// Registers: at most 32.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    update_kernel(annc_rule rule, float decay, const annc_cursor *cursor, const annc_rate *rates, size_t count,
                  const float *G, float *theta, float *v_state, float *s_state)
{
    const annc_rate rate = rates[cursor->step];
    const float keep = 1 - rate.eta * decay;
    ANNC_FOR_ELEMENTS (i, count) {
        float v = v_state ? v_state[i] : 0, s = s_state ? s_state[i] : 0;
        const float change = annc_optimiser_step_f32(rule.optimiser, rate.eta, rule.mu, rule.rho, rule.epsilon, rate.c1,
                                                     rate.c2, G[i], &v, &s);
        if (v_state)
            v_state[i] = v;
        if (s_state)
            s_state[i] = s;
        theta[i] = keep * theta[i] - change;
    }
}

// One block per row.
// Registers: at most 32.
__global__ void __launch_bounds__(ELEMENT_BLOCK) limit_rows_kernel(uint32_t n_in, double limit, float *W)
{
    float *row = W + (size_t)blockIdx.x * n_in;
    double squares = 0;
    for (uint32_t k = threadIdx.x; k < n_in; k += blockDim.x)
        squares += (double)row[k] * (double)row[k];
    squares = block_sum(squares);
    if (squares <= limit * limit)
        return;
    const float factor = (float)(limit / sqrt(squares));
    for (uint32_t k = threadIdx.x; k < n_in; k += blockDim.x)
        row[k] *= factor;
}

// Returns a block size: the smallest power of two of whole warps that covers the elements, at most
// ELEMENT_BLOCK.
static unsigned reduction_threads(size_t count)
{
    unsigned threads = WARP;
    while (threads < count && threads < ELEMENT_BLOCK)
        threads *= 2;
    return threads;
}

extern "C" cudaError_t annc_launch_penalise(cudaStream_t stream, size_t count, double l2, double l1, const float *W,
                                            float *G)
{
    ANNC_LAUNCH(penalise_kernel, element_blocks(count), element_threads(count), 0, stream, count, (float)l2, (float)l1,
                W, G);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_clip(cudaStream_t stream, size_t count, double limit, float *G, double *scratch)
{
    const unsigned blocks = element_blocks(count);
    const unsigned partial_sums = blocks < ANNC_CLIP_SCRATCH ? blocks : (unsigned)ANNC_CLIP_SCRATCH;
    ANNC_LAUNCH(squares_kernel, partial_sums, reduction_threads(count), 0, stream, count, G, scratch);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess)
        return error;
    ANNC_LAUNCH(clip_kernel, blocks, element_threads(count), 0, stream, count, limit, partial_sums, scratch, G);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_update(cudaStream_t stream, annc_rule rule, double decay, const annc_cursor *cursor,
                                          const annc_rate *rates, size_t count, const float *G, float *theta, float *v,
                                          float *s)
{
    ANNC_LAUNCH(update_kernel, element_blocks(count), element_threads(count), 0, stream, rule, (float)decay, cursor,
                rates, count, G, theta, v, s);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_limit_rows(cudaStream_t stream, uint32_t n, uint32_t n_in, double limit, float *W)
{
    ANNC_LAUNCH(limit_rows_kernel, n, reduction_threads(n_in), 0, stream, n_in, limit, W);
    return cudaGetLastError();
}
