// plan_steps.cuh - the plan of a step of the cluster engine, which depends on no weight: its inputs
// as bf16, its targets, the products G of its inputs with those of the steps before, and the hidden
// units that dropout keeps.
//
//   G[t,d] = (k_W X_t X_(t-d)^T / divisor^2 + k_b) / m      16 x 16, for d = 1 to LAG
//
// where k is the share of the mean gradient of step t - d in the weights and in the biases before
// step t, -eta_(t-d) both for plain SGD.
//
// For inputs of bytes X X^T is a sum of integers and exact; for floats it is summed in double. One
// block plans a step.
#ifndef ANNC_KERNELS_CLUSTER_PLAN_STEPS_CUH
#define ANNC_KERNELS_CLUSTER_PLAN_STEPS_CUH

#include "base/philox.h"
#include "kernels/cluster/cluster_layout.cuh"
#include "kernels/cluster/linear_update.cuh"
#include "kernels/two_layers/outputs.cuh"

constexpr int PLAN_THREADS = ROWS * ROWS; // the first threads of a block
#define PLAN_SYNC() asm volatile("bar.sync 1,256;" ::: "memory")
static_assert(PLAN_THREADS == 256, "PLAN_SYNC");

// Floats: the columns that a block holds at once, of the rows of a step and of the LAG before.
constexpr int CHUNK = 64, CHUNK_STRIDE = CHUNK + 1;
typedef float PlanChunk[1 + LAG][ROWS][CHUNK_STRIDE];

constexpr int WORDS = (ANNC_CLUSTER_INPUTS + 3) / 4; // of 4 inputs
constexpr int WORD_STRIDE = WORDS | 1;               // rows begin on different banks

// The inputs of a minibatch, 4 bytes a word; missing rows are 0.
typedef uint32_t PlanRows[ROWS][WORD_STRIDE];

// Returns bytes 4 i to 4 i + 3 of a row, those beyond its end 0.
__device__ inline uint32_t word_of(const uint8_t *row, uint32_t inputs, uint32_t i)
{
    if (inputs % 4 == 0)
        return reinterpret_cast<const uint32_t *>(row)[i];
    uint32_t word = 0;
    for (uint32_t k = 0; k < 4 && 4 * i + k < inputs; k++)
        word |= (uint32_t)row[4 * i + k] << 8 * k;
    return word;
}

// Returns the example in row r of a step of this launch.
__device__ inline size_t example_of(const annc_cluster_launch &job, int step, int r)
{
    const annc_cursor *start = job.start;
    return annc_order_at(&start->order, annc_cursor_position(start, start->step + job.offset + step, r));
}

__device__ inline void load_rows(const annc_cluster_launch &job, PlanRows rows, int step)
{
    const uint32_t words = (job.net.inputs + 3) / 4;
    const int r = threadIdx.x / ROWS;
    const uint8_t *row =
        r < (int)job.m ? (const uint8_t *)job.net.examples.x + example_of(job, step, r) * job.net.inputs : nullptr;
    for (uint32_t i = threadIdx.x % ROWS; i < words; i += ROWS)
        rows[r][i] = row ? word_of(row, job.net.inputs, i) : 0;
}

// Writes G[step,lag] of rows i and j, whose inputs have this product: slice j / 8, lane
// 4 (i % 8) + j / 2 % 4, register i / 8 + 2 (j % 2).
__device__ inline void write_gram(const annc_cluster_launch &job, int step, int lag, int i, int j, double product,
                                  float *gram)
{
    float value = 0;
    if (step >= lag && i < (int)job.m && j < (int)job.m) {
        const double k_W = share_of_gradient(job, true, step - lag, step),
                     k_b = share_of_gradient(job, false, step - lag, step);
        value = (float)((k_W * product + k_b) / job.m);
    }
    float *at = gram + (j / 8) * 128 + (4 * (i % 8) + j / 2 % 4) * 4 + i / 8 + 2 * (j % 2);
    const float high = tf32_high(value);
    at[0] = high;
    at[256] = value - high;
}

// Writes G[step,lag] of bytes.
__device__ inline void plan_gram(const annc_cluster_launch &job, const PlanRows now, const PlanRows before, int step,
                                 int lag, float *gram)
{
    const int i = threadIdx.x / ROWS, j = threadIdx.x % ROWS;
    uint32_t sum = 0;
    if (step >= lag)
        for (uint32_t k = 0; k < (job.net.inputs + 3) / 4; k++)
            sum = __dp4a(now[i][k], before[j][k], sum);
    const double divisor = (double)job.divisor;
    write_gram(job, step, lag, i, j, sum / (divisor * divisor), gram);
}

// Writes a row's targets, scale and class.
__device__ inline void plan_targets(const annc_cluster_launch &job, int step, int r, float *record)
{
    const bool there = r < (int)job.m;
    const size_t example = there ? example_of(job, step, r) : 0;
    if (job.is_headline)
        write_targets<LANE_OUTPUTS<true>>(job.net, there, example, record + r * TARGET_STRIDE<LANE_OUTPUTS<true>>);
    else
        write_targets<LANE_OUTPUTS<false>>(job.net, there, example, record + r * TARGET_STRIDE<LANE_OUTPUTS<false>>);
}

// Writes the hidden units that dropout keeps in each row, a bit for each.
__device__ inline void plan_dropout(const annc_cluster_launch &job, int step, float *record)
{
    const annc_cursor *start = job.start;
    const int r = threadIdx.x / ROWS, member = threadIdx.x % ROWS;
    const uint64_t example = start->first + annc_cursor_position(start, start->step + job.offset + step, r);
    static_assert(2 * ROWS == WARP, "half a warp has a row");
    uint32_t kept = 0;
    for (int half = 0; half < 2; half++) {
        const bool keeps =
            annc_dropout_factor(job.seed, 1, example, half * 16 + member, job.net.hidden, job.dropout_threshold, 1) > 0;
        kept |= (__ballot_sync(~0u, keeps) >> 16 * (r & 1) & 0xFFFF) << 16 * half;
    }
    if (member == 0)
        record[KEPT + r] = __uint_as_float(kept);
}

// Returns a whole number of 8 bits as bf16.
__device__ inline uint32_t bf16_of(float x)
{
    return __float_as_uint(x) >> 16;
}

// Writes the inputs as bf16, then the divisor, whose weight is the bias, then zeros, by parts.
__device__ inline void plan_inputs(const annc_cluster_launch &job, const PlanRows rows, uint16_t *out)
{
    constexpr int PAIRS = ROW_STRIDE<false> / 2;
    const uint32_t inputs = job.net.inputs;
    const int of_part = part_inputs<false>(inputs);
    for (int i = threadIdx.x; i < PARTS * ROWS * PAIRS; i += PLAN_THREADS) {
        const int part = i / (ROWS * PAIRS), r = i / PAIRS % ROWS, c = i % PAIRS * 2;
        uint32_t pair = 0;
        for (int k = 0; k < 2; k++) {
            const uint32_t input = part * of_part + c + k;
            uint32_t value = 0;
            if (c + k < of_part && input < inputs)
                value = bf16_of((float)(rows[r][input / 4] >> 8 * (input % 4) & 255));
            else if (c + k < of_part && input == inputs && r < (int)job.m)
                value = bf16_of(job.divisor);
            pair |= value << 16 * k;
        }
        reinterpret_cast<uint32_t *>(out)[i] = pair;
    }
}

// ---------------------------------------------------------------- floats

// Returns input c of row r of a step: as it is, with noise, dropped; 0 where there is none.
__device__ inline float input_of(const annc_cluster_launch &job, int step, int r, uint32_t c)
{
    const annc_examples &examples = job.net.examples;
    const annc_cursor *start = job.start;
    if (r >= (int)job.m || c >= job.net.inputs)
        return 0;
    const size_t at = example_of(job, step, r) * job.net.inputs + c;
    const uint64_t number = start->first + annc_cursor_position(start, start->step + job.offset + step, r);
    float x = examples.type == ANNC_BYTES ? (float)((const uint8_t *)examples.x)[at] * (1.f / examples.divisor)
                                          : ((const float *)examples.x)[at];
    if (job.input_noise > 0)
        x += job.input_noise * annc_input_noise(job.seed, number, c, job.net.inputs);
    if (job.input_scale > 1)
        x *= annc_dropout_factor(job.seed, 0, number, c, job.net.inputs, job.input_threshold, job.input_scale);
    return x;
}

// Writes G[step,lag] of all lags.
__device__ inline void plan_float_gram(const annc_cluster_launch &job, PlanChunk chunk, int step, float *gram)
{
    const int i = threadIdx.x / ROWS, j = threadIdx.x % ROWS;
    double sum[LAG] = {};
    for (uint32_t first = 0; first < job.net.inputs; first += CHUNK) {
        PLAN_SYNC();
        for (int e = threadIdx.x; e < (1 + LAG) * ROWS * CHUNK; e += PLAN_THREADS) {
            const int lag = e / (ROWS * CHUNK), r = e / CHUNK % ROWS, c = e % CHUNK;
            chunk[lag][r][c] = step >= lag ? input_of(job, step - lag, r, first + c) : 0.f;
        }
        PLAN_SYNC();
        const int columns = job.net.inputs - first < CHUNK ? (int)(job.net.inputs - first) : CHUNK;
        for (int c = 0; c < columns; c++)
#pragma unroll
            for (int lag = 1; lag <= LAG; lag++)
                sum[lag - 1] = fma((double)chunk[0][i][c], (double)chunk[lag][j][c], sum[lag - 1]);
    }
#pragma unroll
    for (int lag = 1; lag <= LAG; lag++)
        write_gram(job, step, lag, i, j, sum[lag - 1], gram + (lag - 1) * GRAM);
}

// Writes the inputs as sums of three bf16, then 1, whose weight is the bias, then zeros, by parts.
__device__ inline void plan_float_inputs(const annc_cluster_launch &job, int step, uint16_t *out)
{
    constexpr int PAIRS = PART_INPUTS<true> / 2, STRIDE = ROW_STRIDE<true> / 2;
    uint32_t *rows = reinterpret_cast<uint32_t *>(out);
    for (int e = threadIdx.x; e < PARTS * ROWS * PAIRS; e += PLAN_THREADS) {
        const int row = e / PAIRS, r = row % ROWS, pair = e % PAIRS;
        float x[2];
#pragma unroll
        for (int k = 0; k < 2; k++) {
            const uint32_t c = row / ROWS * PART_INPUTS<true> + 2 * pair + k;
            x[k] = c == job.net.inputs && r < (int)job.m ? 1.f : input_of(job, step, r, c);
        }
        uint32_t *at = rows + row * STRIDE + pair;
        split_bf16(x[0], x[1], at[0], at[PAIRS], at[2 * PAIRS]);
    }
    constexpr int PAD = STRIDE - 3 * PAIRS;
    for (int e = threadIdx.x; e < PARTS * ROWS * PAD; e += PLAN_THREADS)
        rows[e / PAD * STRIDE + 3 * PAIRS + e % PAD] = 0;
}

// ---------------------------------------------------------------- kernels

// Writes what both kernels plan alike.
__device__ inline void plan_record(const annc_cluster_launch &job, int step, float *record)
{
    for (int i = threadIdx.x; i < TARGETS; i += PLAN_THREADS)
        record[i] = 0; // also what no target takes
    PLAN_SYNC();
    if (threadIdx.x < ROWS)
        plan_targets(job, step, threadIdx.x, record);
    plan_dropout(job, step, record);
}

// Each plans a step with PLAN_THREADS threads; they have these numbers in shared memory.
struct PlanOfBytes {
    PlanRows now, before;

    __device__ void plan(const annc_cluster_launch &job, int step)
    {
        float *record = job.records + (size_t)step * RECORD;
        load_rows(job, now, step);
        plan_record(job, step, record);
        for (int lag = 1; lag <= LAG; lag++) {
            if (step >= lag)
                load_rows(job, before, step - lag);
            PLAN_SYNC();
            plan_gram(job, now, before, step, lag, record + TARGETS + (lag - 1) * GRAM);
            PLAN_SYNC();
        }
        plan_inputs(job, now, job.rows + (size_t)step * PARTS * ROWS * ROW_STRIDE<false>);
    }
};

struct PlanOfFloats {
    PlanChunk chunk;

    __device__ void plan(const annc_cluster_launch &job, int step)
    {
        float *record = job.records + (size_t)step * RECORD;
        plan_record(job, step, record);
        plan_float_gram(job, chunk, step, record + TARGETS);
        plan_float_inputs(job, step, job.rows + (size_t)step * PARTS * ROWS * ROW_STRIDE<true>);
    }
};

// Plans the steps first, first + stride ... of a launch; for threads below PLAN_THREADS.
template <typename Plan>
__device__ inline void plan_steps(Plan &plan, const annc_cluster_launch &job, int first, int stride)
{
    for (int step = first; step < (int)job.steps; step += stride) {
        plan.plan(job, step);
        PLAN_SYNC(); // the next step's inputs take this one's place
    }
}

#endif
