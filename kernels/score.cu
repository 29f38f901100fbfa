// score.cu - cost and correct classes of a minibatch: a warp per row, one partial sum per block, and
// the last block to end adds the partial sums in the order of the blocks.
#include "kernels/reductions.cuh"

constexpr unsigned SCORE_WARPS = 8; // a power of two

// One warp per row, up to ANNC_SCORE_PARTS blocks of SCORE_WARPS rows at a time.
static unsigned score_blocks(uint32_t m)
{
    const uint32_t blocks = (m - 1) / SCORE_WARPS + 1;
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

// Returns the class of the row whose entries the lanes of a warp looked at, as class_of does.
__device__ static uint32_t class_of_lanes(uint32_t n, largest_entry entry, float middle)
{
    for (unsigned offset = WARP / 2; offset > 0; offset /= 2) {
        const largest_entry other = {__shfl_xor_sync(0xFFFFFFFFu, entry.value, (int)offset),
                                     __shfl_xor_sync(0xFFFFFFFFu, entry.index, (int)offset)};
        entry = larger(entry, other);
    }
    return n == 1 ? entry.value > middle : entry.index;
}

// Adds what one warp finds in row r.
template <annc_cost COST>
__device__ static void score_row(float tau, uint32_t r, uint32_t n, const float *Z, const float *A, const float *Y,
                                 const float *weights, int32_t *prediction, annc_score_part *part)
{
    const size_t row = (size_t)r * n;
    largest_entry output = {-INFINITY, 0}, target = output;
    double cost = 0;
    for (uint32_t j = threadIdx.x % WARP; j < n; j += WARP) {
        const float a = A[row + j], y = Y[row + j];
        cost += (double)annc_cost_value_f32(COST, tau, Z[row + j], a, y);
        output = larger(output, {a, j});
        target = larger(target, {y, j});
    }
    cost = warp_sum(cost);
    const uint32_t predicted = class_of_lanes(n, output, annc_cost_middle(COST));
    part->cost += weights ? (double)weights[r] * cost : cost;
    part->correct += predicted == class_of_lanes(n, target, TARGET_MIDDLE);
    if (prediction && threadIdx.x % WARP == 0)
        *prediction = (int32_t)predicted;
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
template <annc_cost COST>
__global__ void __launch_bounds__(SCORE_WARPS *WARP)
    score_kernel(float tau, uint32_t m, uint32_t n, const float *Z, const float *A, const float *Y,
                 const float *weights, annc_reductions *reductions, annc_cursor *cursor, annc_score *scores,
                 int32_t *predictions)
{
    __shared__ annc_score_part warps[SCORE_WARPS];
    const uint32_t step = cursor->step, first = annc_cursor_position(cursor, step, 0), warp = threadIdx.x / WARP;

    annc_score_part part = {0, 0};
    for (uint32_t r = blockIdx.x * SCORE_WARPS + warp; r < m; r += gridDim.x * SCORE_WARPS)
        score_row<COST>(tau, r, n, Z, A, Y, weights, predictions ? predictions + first + r : nullptr, &part);
    if (threadIdx.x % WARP == 0)
        warps[warp] = part;
    __syncthreads();
    if (warp == 0) {
        const annc_score_part sum = sum_of_parts(warps, SCORE_WARPS);
        if (threadIdx.x == 0)
            reductions->score[blockIdx.x] = sum;
    }
    if (!is_last_block(&reductions->score_blocks, gridDim.x) || warp > 0)
        return;
    const annc_score_part sum = sum_of_parts(reductions->score, gridDim.x);
    if (threadIdx.x == 0) {
        scores[step].cost = sum.cost;
        scores[step].correct = sum.correct;
        scores[step].examples = m;
        cursor->step = step + 1;
    }
}

extern "C" cudaError_t annc_launch_score(cudaStream_t stream, annc_reductions *reductions, annc_cost cost, float tau,
                                         uint32_t m, uint32_t n, const float *Z, const float *A, const float *Y,
                                         const float *weights, annc_cursor *cursor, annc_score *scores,
                                         int32_t *predictions)
{
    switch (cost) {
#define SCORE(enumerator, ...)                                                                                         \
    case enumerator:                                                                                                   \
        ANNC_LAUNCH(score_kernel<enumerator>, score_blocks(m), SCORE_WARPS *WARP, 0, stream, tau, m, n, Z, A, Y,       \
                    weights, reductions, cursor, scores, predictions);                                                 \
        break;
        ANNC_COSTS(SCORE)
#undef SCORE
    case ANNC_COST_COUNT:
        break;
    }
    return cudaGetLastError();
}
