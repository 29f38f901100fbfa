// block_update.cuh - from deltas to parameters: gradients, penalties, clipping, optimisers, max-norm weights.
#ifndef ANNC_KERNELS_BLOCK_BLOCK_UPDATE_CUH
#define ANNC_KERNELS_BLOCK_BLOCK_UPDATE_CUH

#include "kernels/block/block_layers.cuh"

struct Rate {
    annc_rate rate;
    float mean;  // 1 / m
    float plain; // -eta / m
    float clip;  // factor of the gradient
};

// Returns the gradient of a parameter from its sum over the minibatch. Biases have no penalty.
__device__ inline float gradient_of(const Block &block, const Rate &rate, float sum, float w, bool is_weight)
{
    const annc_block_network &network = block.network;
    const float g = rate.mean * sum;
    return is_weight && (network.l2 != 0 || network.l1 != 0) ? annc_penalised(g, w, network.l2, network.l1) : g;
}

// Updates parameter i of the parameter block by the rule.
__device__ inline float updated(const Block &block, const Rate &rate, float sum, const float *at, bool is_weight,
                                size_t i)
{
    const annc_block_network &network = block.network;
    const float w = *at, g = gradient_of(block, rate, sum, w, is_weight) * rate.clip;
    const size_t state = block.plan.states ? (size_t)(at - block.parameters) : i;
    float v = block.v ? block.v[state] : 0, s = block.s ? block.s[state] : 0;
    const float change =
        annc_optimiser_step_f32(network.rule.optimiser, rate.rate.eta, network.rule.mu, network.rule.rho,
                                network.rule.epsilon, rate.rate.c1, rate.rate.c2, g, &v, &s);
    if (block.v)
        block.v[state] = v;
    if (block.s)
        block.s[state] = s;
    return (is_weight ? 1 - rate.rate.eta * network.decay : 1) * w - change;
}

// BP3: the sum over the minibatch of a unit's delta.
__device__ inline float bias_sum(const Block &block, const annc_block_layer &layer, uint32_t u)
{
    float sum = 0;
    for (uint32_t r = 0; r < block.m; r++)
        sum += block.memory[layer.delta + r * layer.stride + u];
    return sum;
}

// BP3 and BP4 for all layers. Gives visit each group of up to four weights and each bias: the sums over
// the minibatch, where the parameters are, their index in the parameter block; a parameter always on
// the same thread. The last warp has the biases, since it also scores.
template <typename Visit> __device__ inline void for_gradient(const Block &block, Visit visit)
{
    uint32_t first = 0; // so that the layers' tiles go to the warps in turn
    for (uint32_t l = 1; l <= block.plan.layers; l++) {
        const annc_block_layer &in = block.plan.layer[l - 1], &out = block.plan.layer[l];
        const uint32_t inputs = inputs_of(block, l);
        const uint32_t across = tiles(inputs, STEP_INPUTS), count = tiles(out.n, STEP_UNITS) * across;
        for (uint32_t tile = (block.warp + STEP_WARPS - first % STEP_WARPS) % STEP_WARPS;
             block.warp < STEP_WARPS && tile < count; tile += STEP_WARPS) {
            const uint32_t unit = tile / across * STEP_UNITS + block.lane / 8 * LANE_TILE,
                           input = tile % across * STEP_INPUTS + block.lane % 8 * LANE_TILE;
            float sum[LANE_TILE][LANE_TILE];
            gradient_tile(block.m, block.memory + out.delta, out.stride, block.memory + in.input, in.stride, unit,
                          input, sum);
#pragma unroll
            for (uint32_t i = 0; i < LANE_TILE; i++)
                if (unit + i < out.n && input < inputs)
                    visit.weights(sum[i], block.parameters + out.W + (size_t)(unit + i) * in.stride + input,
                                  least(inputs - input, LANE_TILE), weight_index(block, l, unit + i, input));
        }
        for (uint32_t u = block.lane; block.warp == STEP_WARPS && u < out.n; u += WARP)
            visit.bias(bias_sum(block, out, u), block.parameters + out.b + u, out.theta_b + u);
        first += count;
    }
}

// W = W - (eta / m) delta^T A.
struct PlainStep {
    const Rate &rate;
    __device__ void weights(const float (&sum)[LANE_TILE], float *w, uint32_t, size_t) const
    {
        float4 old = load4(w); // beyond the last input both are 0
        old.x = fmaf(rate.plain, sum[0], old.x);
        old.y = fmaf(rate.plain, sum[1], old.y);
        old.z = fmaf(rate.plain, sum[2], old.z);
        old.w = fmaf(rate.plain, sum[3], old.w);
        *reinterpret_cast<float4 *>(w) = old;
    }
    __device__ void bias(float sum, float *b, size_t) const { *b = fmaf(rate.plain, sum, *b); }
};

struct RuleStep {
    const Block &block;
    const Rate &rate;
    __device__ void weights(const float (&sum)[LANE_TILE], float *w, uint32_t count, size_t i) const
    {
#pragma unroll
        for (uint32_t c = 0; c < LANE_TILE; c++)
            if (c < count)
                w[c] = updated(block, rate, sum[c], w + c, true, i + c);
    }
    __device__ void bias(float sum, float *b, size_t i) const
    {
        *b = updated(block, rate, sum, b, false, i);
    }
};

// Adds up the squares of the gradient: of the block's own weights, and in the first block of the
// parameters that all blocks have.
struct Squares {
    const Block &block;
    const Rate &rate;
    double &squares;
    __device__ void add(float sum, float w, bool is_weight) const
    {
        const double g = (double)gradient_of(block, rate, sum, w, is_weight);
        squares += g * g;
    }
    __device__ void weights(const float (&sum)[LANE_TILE], float *w, uint32_t count, size_t i) const
    {
        const bool is_own = i < block.plan.layer[1].theta_b;
#pragma unroll
        for (uint32_t c = 0; c < LANE_TILE; c++)
            if (c < count && (is_own || block.rank == 0))
                add(sum[c], w[c], true);
    }
    __device__ void bias(float sum, float *b, size_t) const
    {
        if (block.rank == 0)
            add(sum, *b, false);
    }
};

// Returns the factor that makes the gradient no longer than the limit: computes it once for its
// norm; for_gradient computes it again for the step.
__device__ static float clip_factor(const Block &block, const Rate &rate)
{
    double squares = 0;
    for_gradient(block, Squares{block, rate, squares});
    squares = warp_sum(squares);
    if (block.lane == 0)
        block.sums[block.warp] = squares;
    __syncthreads();
    squares = 0;
    for (uint32_t w = 0; w < WARPS; w++)
        squares += block.sums[w];
    if (is_divided(block)) {
        double *own = block.sums + WARPS;
        if (threadIdx.x == 0)
            *own = squares;
        meet(block.meeting, block.plan.blocks);
        squares = 0;
        for (uint32_t rank = 0; rank < block.plan.blocks; rank++)
            squares += *in_block(own, rank);
    }
    const double limit = block.network.clip;
    return squares <= limit * limit ? 1 : (float)(limit / sqrt(squares));
}

// Returns the sum of squares of the block's weights of a unit.
__device__ static double row_squares(const Block &block, uint32_t l, uint32_t u)
{
    const float *row = block.parameters + block.plan.layer[l].W + (size_t)u * block.plan.layer[l - 1].stride;
    double squares = 0;
    for (uint32_t k = block.lane; k < inputs_of(block, l); k += WARP)
        squares += (double)row[k] * (double)row[k];
    return warp_sum(squares);
}

// The sums of squares of each unit of the first layer, of the block's weights.
__device__ inline double *squares_of_units(const Block &block)
{
    return reinterpret_cast<double *>(block.memory + block.plan.squares);
}

// Gives the other blocks the sums of squares of the first layer.
__device__ static void share_squares(const Block &block)
{
    for (uint32_t u = block.warp; u < block.plan.layer[1].n; u += WARPS) {
        const double squares = row_squares(block, 1, u);
        if (block.lane == 0)
            squares_of_units(block)[u] = squares;
    }
    meet(block.meeting, block.plan.blocks);
}

// Scales the weights of each unit down to the limit of their norm, a warp per unit.
__device__ static void limit_rows(const Block &block)
{
    const double limit = block.network.max_norm;
    if (is_divided(block))
        share_squares(block);
    for (uint32_t l = 1; l <= block.plan.layers; l++)
        for (uint32_t u = block.warp; u < block.plan.layer[l].n; u += WARPS) {
            float *row = block.parameters + block.plan.layer[l].W + (size_t)u * block.plan.layer[l - 1].stride;
            double squares = 0;
            if (l == 1 && is_divided(block))
                for (uint32_t rank = 0; rank < block.plan.blocks; rank++)
                    squares += in_block(squares_of_units(block), rank)[u];
            else
                squares = row_squares(block, l, u);
            if (squares > limit * limit) {
                const float factor = (float)(limit / sqrt(squares));
                for (uint32_t k = block.lane; k < inputs_of(block, l); k += WARP)
                    row[k] *= factor;
            }
        }
}

__device__ static void update(const Block &block, uint32_t step)
{
    const annc_block_network &network = block.network;
    Rate rate = {network.rates ? network.rates[step] : annc_rate{network.eta, 0, 0}, 1.0f / (float)block.m, 0, 1};
    rate.plain = -rate.rate.eta / (float)block.m;
    if (block.warp == STEP_WARPS && block.rank == 0)
        score(block, step);
    if (network.plain) {
        for_gradient(block, PlainStep{rate});
        return;
    }
    if (network.clip > 0)
        rate.clip = clip_factor(block, rate);
    for_gradient(block, RuleStep{block, rate});
    if (network.max_norm > 0) {
        __syncthreads();
        limit_rows(block);
    }
}

#endif
