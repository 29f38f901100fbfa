// score.cu - cost and correct classes of a minibatch, summed in a fixed order by one block, which
// then moves the cursor to the next step.
#include "kernels/device.cuh"

constexpr unsigned MOST_SCORE_THREADS = 256;

// One thread per row, up to a full block: a power of two, whole warps.
static unsigned score_threads(uint32_t m)
{
    unsigned threads = WARP;
    while (threads < m && threads < MOST_SCORE_THREADS)
        threads *= 2;
    return threads;
}

// Registers: at most 32.
__global__ void __launch_bounds__(MOST_SCORE_THREADS)
    score_kernel(annc_cost cost, float tau, uint32_t m, uint32_t n, const float *Z, const float *A, const float *Y,
                 const float *weights, annc_cursor *cursor, annc_score *scores, int32_t *predictions)
{
    __shared__ double costs[MOST_SCORE_THREADS];
    __shared__ uint32_t hits[MOST_SCORE_THREADS];
    const uint32_t step = cursor->step, first = annc_cursor_position(cursor, step, 0), thread = threadIdx.x;

    double cost_sum = 0;
    uint32_t correct = 0;
    for (uint32_t r = thread; r < m; r += blockDim.x) {
        const size_t row = (size_t)r * n;
        const uint32_t wanted = class_of(n, Y + row, TARGET_MIDDLE);
        const uint32_t predicted = class_of(n, A + row, annc_cost_middle(cost));
        double row_cost = 0;
        for (uint32_t j = 0; j < n; j++)
            row_cost += (double)annc_cost_value_f32(cost, tau, Z[row + j], A[row + j], Y[row + j]);
        cost_sum += weights ? (double)weights[r] * row_cost : row_cost;
        correct += predicted == wanted;
        if (predictions)
            predictions[first + r] = (int32_t)predicted;
    }
    costs[thread] = cost_sum;
    hits[thread] = correct;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (thread < half) {
            costs[thread] += costs[thread + half];
            hits[thread] += hits[thread + half];
        }
        __syncthreads();
    }
    if (thread == 0) {
        scores[step].cost = costs[0];
        scores[step].correct = hits[0];
        scores[step].examples = m;
        cursor->step = step + 1;
    }
}

extern "C" cudaError_t annc_launch_score(cudaStream_t stream, annc_cost cost, float tau, uint32_t m, uint32_t n,
                                         const float *Z, const float *A, const float *Y, const float *weights,
                                         annc_cursor *cursor, annc_score *scores, int32_t *predictions)
{
    ANNC_LAUNCH(score_kernel, 1, score_threads(m), 0, stream, cost, tau, m, n, Z, A, Y, weights, cursor, scores,
                predictions);
    return cudaGetLastError();
}
