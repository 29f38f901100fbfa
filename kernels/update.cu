// update.cu - from gradients to parameters: sums over ranks, penalties, clipping, optimisers,
// max-norm weights.
#include "kernels/device.cuh"

// Registers: at most 40.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    add_parts_kernel(uint32_t count, bool by_four, uint32_t ranks, uint32_t own, uint32_t stride, const float *parts,
                     float *values)
{
    for_elements(count, by_four, [=](size_t i, auto width) {
        annc_elements<width> sum = load<width>(own == 0 ? values + i : parts + i);
        for (uint32_t r = 1; r < ranks; r++) {
            const annc_elements<width> part = load<width>(r == own ? values + i : parts + (size_t)r * stride + i);
            for (unsigned e = 0; e < width; e++)
                sum.at[e] += part.at[e];
        }
        store(values + i, sum);
    });
}

// Registers: at most 32.
// Traffic: at most 12 bytes per element.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    penalise_kernel(size_t count, bool by_four, float l2, float l1, const float *W, float *G)
{
    for_elements(count, by_four, [=](size_t i, auto width) {
        const annc_elements<width> w = load<width>(W + i);
        annc_elements<width> g = load<width>(G + i);
        for (unsigned e = 0; e < width; e++)
            g.at[e] = annc_penalised(g.at[e], w.at[e], l2, l1);
        store(G + i, g);
    });
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
// Registers: at most 32.
// Traffic: at most 4.5 bytes per element.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    squares_kernel(size_t count, bool by_four, const float *G, double *scratch)
{
    double squares = 0;
    for_elements(count, by_four, [=, &squares](size_t i, auto width) {
        const annc_elements<width> g = load<width>(G + i);
        for (unsigned e = 0; e < width; e++)
            squares += (double)g.at[e] * (double)g.at[e];
    });
    squares = block_sum(squares);
    if (threadIdx.x == 0)
        scratch[blockIdx.x] = squares;
}

// Every block adds the partial sums, in the same order.
// Registers: at most 32.
// Traffic: at most 9 bytes per element.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    clip_kernel(size_t count, bool by_four, double limit, unsigned partial_sums, const double *scratch, float *G)
{
    double squares = 0;
    for (unsigned i = threadIdx.x; i < partial_sums; i += blockDim.x)
        squares += scratch[i];
    squares = block_sum(squares);
    if (squares <= limit * limit)
        return;
    const float factor = (float)(limit / sqrt(squares));
    for_elements(count, by_four, [=](size_t i, auto width) {
        annc_elements<width> g = load<width>(G + i);
        for (unsigned e = 0; e < width; e++)
            g.at[e] *= factor;
        store(G + i, g);
    });
}

// Registers: at most 48.
// Traffic: at most 33 bytes per element, with both states.
__global__ void __launch_bounds__(ELEMENT_BLOCK)
    update_kernel(annc_rule rule, float decay, const annc_cursor *cursor, const annc_rate *rates, size_t count,
                  bool by_four, const float *G, float *theta, float *v_state, float *s_state)
{
    const annc_rate rate = rates[cursor->step];
    const float keep = 1 - rate.eta * decay;
    for_elements(count, by_four, [=](size_t i, auto width) {
        const annc_elements<width> g = load<width>(G + i);
        annc_elements<width> t = load<width>(theta + i), v = {}, s = {};
        if (v_state)
            v = load<width>(v_state + i);
        if (s_state)
            s = load<width>(s_state + i);
        for (unsigned e = 0; e < width; e++) {
            const float change = annc_optimiser_step_f32(rule.optimiser, rate.eta, rule.mu, rule.rho, rule.epsilon,
                                                         rate.c1, rate.c2, g.at[e], &v.at[e], &s.at[e]);
            t.at[e] = keep * t.at[e] - change;
        }
        if (v_state)
            store(v_state + i, v);
        if (s_state)
            store(s_state + i, s);
        store(theta + i, t);
    });
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

extern "C" cudaError_t annc_launch_add_parts(cudaStream_t stream, uint32_t count, uint32_t ranks, uint32_t own,
                                             uint32_t stride, const float *parts, float *values)
{
    const bool by_four = stride % 4 == 0 && are_aligned({parts, values});
    ANNC_LAUNCH(add_parts_kernel, element_blocks(count, by_four), element_threads(count), 0, stream, count, by_four,
                ranks, own, stride, parts, values);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_penalise(cudaStream_t stream, size_t count, double l2, double l1, const float *W,
                                            float *G)
{
    const bool by_four = are_aligned({W, G});
    ANNC_LAUNCH(penalise_kernel, element_blocks(count, by_four), element_threads(count), 0, stream, count, by_four,
                (float)l2, (float)l1, W, G);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_clip(cudaStream_t stream, size_t count, double limit, float *G, double *scratch)
{
    const bool by_four = are_aligned({G});
    const unsigned blocks = element_blocks(count, by_four), threads = reduction_threads(count);
    const unsigned partial_sums = blocks < ANNC_CLIP_SCRATCH ? blocks : (unsigned)ANNC_CLIP_SCRATCH;
    ANNC_LAUNCH(squares_kernel, partial_sums, threads, 0, stream, count, by_four, G, scratch);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess)
        return error;
    ANNC_LAUNCH(clip_kernel, blocks, threads, 0, stream, count, by_four, limit, partial_sums, scratch, G);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_update(cudaStream_t stream, annc_rule rule, double decay, const annc_cursor *cursor,
                                          const annc_rate *rates, size_t count, const float *G, float *theta, float *v,
                                          float *s)
{
    const bool by_four = are_aligned({G, theta, v, s});
    ANNC_LAUNCH(update_kernel, element_blocks(count, by_four), element_threads(count), 0, stream, rule, (float)decay,
                cursor, rates, count, by_four, G, theta, v, s);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_launch_limit_rows(cudaStream_t stream, uint32_t n, uint32_t n_in, double limit, float *W)
{
    ANNC_LAUNCH(limit_rows_kernel, n, reduction_threads(n_in), 0, stream, n_in, limit, W);
    return cudaGetLastError();
}
