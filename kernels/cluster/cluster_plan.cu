// cluster_plan.cu - what the cluster engine needs of a step and what no weight has a part in: its
// inputs as bf16, its targets, and the products G of its inputs with those of the steps before.
//
//   G[t,d] = -(eta_(t-d) / m) (X_t X_(t-d)^T / divisor^2 + 1)      16 x 16, for d = 1 to LAG
//
// The inputs are bytes, so X X^T is a sum of integers and exact. One block plans a step.
#include "kernels/cluster/cluster_layout.cuh"

constexpr int PLAN_THREADS = ROWS * ROWS;
constexpr int WORDS = (ANNC_CLUSTER_INPUTS + 3) / 4; // of 4 inputs
constexpr int WORD_STRIDE = WORDS | 1;               // rows begin on different banks
constexpr int NO_CLASS = -1;

// The inputs of a minibatch, 4 bytes a word; missing rows are 0.
typedef uint32_t PlanRows[ROWS][WORD_STRIDE];

// Returns bytes 4 i to 4 i + 3 of a row, those beyond its end 0.
__device__ uint32_t word_of(const uint8_t *row, uint32_t inputs, uint32_t i)
{
    if (inputs % 4 == 0)
        return reinterpret_cast<const uint32_t *>(row)[i];
    uint32_t word = 0;
    for (uint32_t k = 0; k < 4 && 4 * i + k < inputs; k++)
        word |= (uint32_t)row[4 * i + k] << 8 * k;
    return word;
}

// Returns the example in row r of a step of this launch.
__device__ size_t example_of(const annc_cluster_launch &job, int step, int r)
{
    const annc_cursor *start = job.start;
    return annc_order_at(&start->order, annc_cursor_position(start, start->step + job.offset + step, r));
}

__device__ void load_rows(const annc_cluster_launch &job, PlanRows rows, int step)
{
    const uint32_t words = (job.inputs + 3) / 4;
    const int r = threadIdx.x / ROWS;
    const uint8_t *row =
        r < (int)job.m ? (const uint8_t *)job.examples.x + example_of(job, step, r) * job.inputs : nullptr;
    for (uint32_t i = threadIdx.x % ROWS; i < words; i += ROWS)
        rows[r][i] = row ? word_of(row, job.inputs, i) : 0;
}

// Writes G[step,lag] for a row of each: slice j / 8, lane 4 (i % 8) + j % 4, register i / 8 + 2 (j / 4 % 2).
__device__ void plan_gram(const annc_cluster_launch &job, const PlanRows now, const PlanRows before, int step, int lag,
                          float *gram)
{
    const int i = threadIdx.x / ROWS, j = threadIdx.x % ROWS;
    float value = 0;
    if (step >= lag && i < (int)job.m && j < (int)job.m) {
        const uint32_t words = (job.inputs + 3) / 4;
        uint32_t sum = 0;
        for (uint32_t k = 0; k < words; k++)
            sum = __dp4a(now[i][k], before[j][k], sum);
        const double divisor = (double)job.examples.divisor;
        const float eta = job.rates ? job.rates[job.start->step + job.offset + step - lag].eta : job.eta;
        value = (float)(-(double)eta / job.m * (sum / (divisor * divisor) + 1));
    }
    float *at = gram + (j / 8) * 128 + (4 * (i % 8) + j % 4) * 4 + i / 8 + 2 * (j / 4 % 2);
    const float high = tf32_high(value);
    at[0] = high;
    at[256] = value - high;
}

__device__ float target_of(const annc_cluster_launch &job, size_t example, uint32_t j)
{
    const annc_examples &examples = job.examples;
    if (j >= job.outputs)
        return 0;
    if (examples.targets)
        return examples.targets[example * job.outputs + j];
    return examples.labels[example] == (job.outputs == 1 ? 1 : (int32_t)j) ? job.values.on : job.values.off;
}

// Writes a row's targets, scale and class.
__device__ void plan_targets(const annc_cluster_launch &job, int step, int r, float *record)
{
    float *row = record + r * TARGET_STRIDE;
    const bool there = r < (int)job.m;
    const size_t example = there ? example_of(job, step, r) : 0;
    for (uint32_t j = 0; j < OUTPUTS; j++)
        row[j] = there ? target_of(job, example, j) : 0.f;
    const uint32_t label = class_of(job.outputs, row, TARGET_MIDDLE);
    row[ROW_SCALE] = !there ? 0.f : job.weights ? job.weights[label] : 1.f;
    row[ROW_CLASS] = __int_as_float(there ? (int)label : NO_CLASS);
}

// Returns a whole number of 8 bits as bf16.
__device__ uint32_t bf16_of(float x)
{
    return __float_as_uint(x) >> 16;
}

// Writes the inputs as bf16, then the divisor, whose weight is the bias, then zeros, by parts.
__device__ void plan_inputs(const annc_cluster_launch &job, const PlanRows rows, uint16_t *out)
{
    constexpr int PAIRS = ROW_STRIDE / 2;
    const uint32_t inputs = job.inputs;
    for (int i = threadIdx.x; i < PARTS * ROWS * PAIRS; i += PLAN_THREADS) {
        const int part = i / (ROWS * PAIRS), r = i / PAIRS % ROWS, c = i % PAIRS * 2;
        uint32_t pair = 0;
        for (int k = 0; k < 2; k++) {
            const uint32_t input = part * PART_INPUTS + c + k;
            uint32_t value = 0;
            if (c + k < PART_INPUTS && input < inputs)
                value = bf16_of((float)(rows[r][input / 4] >> 8 * (input % 4) & 255));
            else if (c + k < PART_INPUTS && input == inputs && r < (int)job.m)
                value = bf16_of(job.examples.divisor);
            pair |= value << 16 * k;
        }
        reinterpret_cast<uint32_t *>(out)[i] = pair;
    }
}

// Registers: at most 64, no spills.
__global__ void __launch_bounds__(PLAN_THREADS, 4) cluster_plan_kernel(const __grid_constant__ annc_cluster_launch job)
{
    __shared__ PlanRows now, before;
    const int step = blockIdx.x;
    float *record = job.records + (size_t)step * RECORD;
    load_rows(job, now, step);
    if (threadIdx.x < ROWS)
        plan_targets(job, step, threadIdx.x, record);
    for (int lag = 1; lag <= LAG; lag++) {
        if (step >= lag)
            load_rows(job, before, step - lag);
        __syncthreads();
        plan_gram(job, now, before, step, lag, record + TARGETS + (lag - 1) * GRAM);
        __syncthreads();
    }
    plan_inputs(job, now, job.rows + (size_t)step * PARTS * ROWS * ROW_STRIDE);
}

extern "C" cudaError_t annc_launch_cluster_plan(cudaStream_t stream, const struct annc_cluster_launch *launch)
{
    ANNC_LAUNCH(cluster_plan_kernel, launch->steps, PLAN_THREADS, 0, stream, *launch);
    return cudaGetLastError();
}
