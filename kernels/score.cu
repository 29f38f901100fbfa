// score.cu - cost and correct classes of a minibatch: up to a warp per row, one partial sum per
// block, and the last block to end adds the partial sums in the order of the blocks.
#include "kernels/reductions.cuh"

constexpr unsigned SCORE_THREADS = 256;

// Returns the lanes that share a row of n outputs: a power of two, at most a warp.
static unsigned row_lanes(uint32_t n)
{
    unsigned lanes = 1;
    while (lanes < n && lanes < WARP)
        lanes *= 2;
    return lanes;
}

// Returns the threads of a block: whole warps, no more than the rows need.
static unsigned score_threads(uint32_t m, unsigned lanes)
{
    return m < SCORE_THREADS / lanes ? (m * lanes - 1) / WARP * WARP + WARP : SCORE_THREADS;
}

static unsigned score_blocks(uint32_t m, unsigned rows)
{
    const uint32_t blocks = (m - 1) / rows + 1;
    return blocks < ANNC_SCORE_PARTS ? blocks : (unsigned)ANNC_SCORE_PARTS;
}

// The largest value so far and its index: the lowest of equal ones.
struct largest_entry {
    float value;
    uint32_t index;
};

__device__ static largest_entry larger(largest_entry one, largest_entry other)
{
    const bool is_other = other.value > one.value || (other.value == one.value && other.index < one.index);
    return is_other ? other : one;
}

// Returns the class of a row of which each of its lanes has the largest entry, as class_of does.
__device__ static uint32_t class_of_lanes(uint32_t n, unsigned lanes, largest_entry entry, float middle)
{
    for (unsigned offset = lanes / 2; offset > 0; offset /= 2) {
        const largest_entry other = {__shfl_xor_sync(0xFFFFFFFFu, entry.value, (int)offset),
                                     __shfl_xor_sync(0xFFFFFFFFu, entry.index, (int)offset)};
        entry = larger(entry, other);
    }
    return n == 1 ? entry.value > middle : entry.index;
}

// Scores row r, which has all lanes of a warp come here, whether or not there are as many rows.
template <annc_cost COST>
__device__ static annc_score_part score_row(float tau, uint32_t m, uint32_t n, uint32_t r, unsigned lanes,
                                            const float *Z, const float *A, const float *Y, const float *weights,
                                            int32_t *predictions)
{
    const uint32_t lane = threadIdx.x % lanes;
    const size_t row = (size_t)r * n;
    largest_entry output = {-INFINITY, 0}, target = output;
    double cost = 0;
    for (uint32_t j = lane; r < m && j < n; j += lanes) {
        const float a = A[row + j], y = Y[row + j];
        cost += (double)annc_cost_value_f32(COST, tau, Z[row + j], a, y);
        output = larger(output, {a, j});
        target = larger(target, {y, j});
    }
    cost = warp_sum(cost, lanes);
    const uint32_t predicted = class_of_lanes(n, lanes, output, annc_cost_middle(COST));
    const bool is_correct = predicted == class_of_lanes(n, lanes, target, TARGET_MIDDLE);
    if (r >= m)
        return {0, 0};
    if (predictions && lane == 0)
        predictions[r] = (int32_t)predicted;
    return {weights ? (double)weights[r] * cost : cost, is_correct};
}

// Returns the sum of the parts to the lanes of a warp.
__device__ static annc_score_part sum_of_parts(const annc_score_part *parts, unsigned count)
{
    annc_score_part sum = {0, 0};
    for (unsigned i = threadIdx.x % WARP; i < count; i += WARP) {
        sum.cost += parts[i].cost;
        sum.correct += parts[i].correct;
    }
    return {warp_sum(sum.cost), warp_sum(sum.correct)};
}

// Registers: at most 32.
// Traffic: at most 12 bytes per element, of costs that do not read Z.
template <annc_cost COST>
__global__ void __launch_bounds__(SCORE_THREADS)
    score_kernel(float tau, uint32_t m, uint32_t n, unsigned lanes, const float *Z, const float *A, const float *Y,
                 const float *weights, annc_reductions *reductions, annc_cursor *cursor, annc_score *scores,
                 int32_t *predictions)
{
    __shared__ annc_score_part parts[SCORE_THREADS];
    const uint32_t step = cursor->step, rows = blockDim.x / lanes, own = threadIdx.x / lanes;
    if (predictions)
        predictions += annc_cursor_position(cursor, step, 0);

    annc_score_part part = {0, 0};
    for (uint32_t first = blockIdx.x * rows; first < m; first += gridDim.x * rows) {
        const annc_score_part row = score_row<COST>(tau, m, n, first + own, lanes, Z, A, Y, weights, predictions);
        part.cost += row.cost;
        part.correct += row.correct;
    }
    if (threadIdx.x % lanes == 0)
        parts[own] = part;
    __syncthreads();
    if (threadIdx.x < WARP) {
        const annc_score_part sum = sum_of_parts(parts, rows);
        if (threadIdx.x == 0)
            reductions->score[blockIdx.x] = sum;
    }
    if (!is_last_block(&reductions->score_blocks, gridDim.x) || threadIdx.x >= WARP)
        return;
    const annc_score_part sum = sum_of_parts(reductions->score, gridDim.x);
    if (threadIdx.x == 0) {
        scores[step].cost = sum.cost;
        scores[step].correct = sum.correct;
        scores[step].examples = m;
        cursor->next = step + 1;
    }
}

extern "C" cudaError_t annc_launch_score(cudaStream_t stream, annc_reductions *reductions, annc_cost cost, float tau,
                                         uint32_t m, uint32_t n, const float *Z, const float *A, const float *Y,
                                         const float *weights, annc_cursor *cursor, annc_score *scores,
                                         int32_t *predictions)
{
    const unsigned lanes = row_lanes(n), threads = score_threads(m, lanes), blocks = score_blocks(m, threads / lanes);
    switch (cost) {
#define SCORE(enumerator, ...)                                                                                         \
    case enumerator:                                                                                                   \
        ANNC_LAUNCH(score_kernel<enumerator>, blocks, threads, 0, stream, tau, m, n, lanes, Z, A, Y, weights,          \
                    reductions, cursor, scores, predictions);                                                          \
        break;
        ANNC_COSTS(SCORE)
#undef SCORE
    case ANNC_COST_COUNT:
        break;
    }
    return cudaGetLastError();
}
