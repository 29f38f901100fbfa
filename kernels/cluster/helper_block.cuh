// helper_block.cuh - blocks 1 to 2 PARTS: half of the hidden units and a part of the inputs each.
//
//   product warps   W of 16 units x their tiles in registers: update by delta^T X of LAG + 1 steps
//                   ago, then X W^T of the coming step
//   2 sum warps     add the parts of 8 units over the product warps and send them to the chain
//   1 split warp    delta of 16 units from the chain in three bf16
//   1 load warp     the inputs of coming steps
//   1 score warp    cost and hits of each step, in block SCORER alone
//
// W stays in fp32, in the layout of the tensor core's accumulator, so that delta^T X, whose
// accumulator begins at 0, is added to it without rounding toward zero, and X W^T takes it as an
// operand in three bf16. Bytes are exact in one bf16; floats are the exact sum of three, and the
// products of parts that are below 2^-24 of the result are left out.
//
// The barriers, and where a slot of their rings is free again:
//   sent_full   chain -> split      split expects the next bytes after its wait; the chain sends
//               delta of t + RING after z of t + RING, whose products follow delta_full of t.
//   delta_full  split -> products   split writes slot t + RING after sent_full of t + RING, which
//               the chain sends after z of t + RING - LAG > t of all warps.
//   x_full      load -> products    load refills the slot of t - LAG - 1 after z_full of t, which
//               every product warp signals after it has read both.
//   z_full      products -> sum, load   a product warp writes slot t + RING after delta_full of
//               t + RING - LAG - 1, which the chain sends after the sums of that step arrived.
//               In block SCORER score arrives, too, after it has read step t: so
//   score_full  chain, copies -> score   is free: the chain sends Z^2 of t + RING after the sums of
//               t + RING, and score copies targets of t + RING after its reads of t.
#ifndef ANNC_KERNELS_CLUSTER_HELPER_BLOCK_CUH
#define ANNC_KERNELS_CLUSTER_HELPER_BLOCK_CUH

#include "kernels/cluster/cluster_layout.cuh"
#include "kernels/cluster/linear_update.cuh"
#include "kernels/two_layers/outputs.cuh"

// The weights of a lane: [tile][8 inputs][register], rows g, g + 8 of units, inputs 2t, 2t + 1.
template <int TILES> using HelperWeights = float[TILES][2][4];
// Tiles of inputs as operands.
template <bool FLOATS, int TILES> using HelperTiles = uint32_t[TILES][SPLITS<FLOATS>][4];

// What a product warp keeps in registers.
template <int TILES> struct ProductState {
    HelperWeights<TILES> W, v; // v: the optimiser's state, unless PLAIN
    int bias;                  // the input, relative to this lane's first one, whose weight is the bias
};

#define ANNC_FOR_WEIGHTS(n, j, r)                                                                                      \
    _Pragma("unroll") for (int n = 0; n < TILES; n++) _Pragma("unroll") for (int j = 0; j < 2; j++)                    \
        _Pragma("unroll") for (int r = 0; r < 4; r++)

template <int TILES> ANNC_INLINE bool is_weight(const ProductState<TILES> &P, int n, int j, int r)
{
    return n * TILE + j * 8 + (r & 1) != P.bias;
}

// Updates W, and v, by delta^T X of step `past`, whose inputs are in `columns`.
template <bool PLAIN, bool FLOATS, int TILES>
ANNC_INLINE void update_weights(HelperRings &s, const annc_cluster_launch &job, ProductState<TILES> &P,
                                const HelperTiles<FLOATS, TILES> &columns, int lane, int past)
{
    const int slot = slot_of<RING>(past);
    uint32_t delta[3][4];
    HelperWeights<TILES> change;
    wait(&s.delta_full[slot], parity_of<RING>(past)); //@wait dsplit
#pragma unroll
    for (int p = 0; p < 3; p++) {
        const uint4 v = *reinterpret_cast<const uint4 *>(s.delta[slot][p][lane]);
        delta[p][0] = v.x;
        delta[p][2] = v.y;
        delta[p][1] = v.z;
        delta[p][3] = v.w;
    }
#pragma unroll
    for (int i = 2; i >= 0; i--) // small parts first
#pragma unroll
        for (int x = 0; x < (i < SPLITS<FLOATS> ? i + 1 : SPLITS<FLOATS>); x++)
#pragma unroll
            for (int n = 0; n < TILES; n++)
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    const uint32_t *inputs = columns[n][x] + 2 * j;
                    if (i == 2 && x == 0)
                        mma_bf16_first(change[n][j], delta[i - x], inputs[0], inputs[1]);
                    else
                        mma_bf16(change[n][j], delta[i - x], inputs[0], inputs[1]);
                }
    if (PLAIN) {
        ANNC_FOR_WEIGHTS (n, j, r)
            P.W[n][j][r] += change[n][j][r];
    } else {
        const float eta = s.ahead[past].w;
        ANNC_FOR_WEIGHTS (n, j, r)
            linear_step(job.rule, is_weight(P, n, j, r), eta, change[n][j][r], P.W[n][j][r], P.v[n][j][r]);
    }
}

// U = W as step `step` needs it, but for the changes by the deltas of the LAG steps before.
template <int TILES>
ANNC_INLINE void look_ahead(const HelperRings &s, const ProductState<TILES> &P, HelperWeights<TILES> &U, int step)
{
    const float4 ahead = s.ahead[step];
    ANNC_FOR_WEIGHTS (n, j, r) {
        const bool weight = is_weight(P, n, j, r);
        U[n][j][r] =
            P.W[n][j][r] + fmaf(weight ? ahead.y : ahead.z, P.v[n][j][r], (weight ? ahead.x : 0.f) * P.W[n][j][r]);
    }
}

// z = this warp's part of X W^T, X in `rows`: [8 units][register].
template <bool FLOATS, int TILES>
ANNC_INLINE void multiply_weights(const HelperWeights<TILES> &W, const HelperTiles<FLOATS, TILES> &rows, float (*z)[4])
{
    HelperWeights<TILES> parts;
#pragma unroll
    for (int n = 0; n < TILES; n++) {
        uint32_t split[3][2][2]; // [bf16][8 inputs][8 units]
#pragma unroll
        for (int j = 0; j < 2; j++)
#pragma unroll
            for (int h = 0; h < 2; h++)
                split_bf16(W[n][j][2 * h], W[n][j][2 * h + 1], split[0][j][h], split[1][j][h], split[2][j][h]);
#pragma unroll
        for (int i = 0; i < 3; i++)
#pragma unroll
            for (int x = 0; x < (i < SPLITS<FLOATS> ? i + 1 : SPLITS<FLOATS>); x++)
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    if (i == 0)
                        mma_bf16_first(parts[n][h], rows[n][x], split[i - x][0][h], split[i - x][1][h]);
                    else
                        mma_bf16(parts[n][h], rows[n][x], split[i - x][0][h], split[i - x][1][h]);
                }
    }
#pragma unroll
    for (int h = 0; h < 2; h++)
#pragma unroll
        for (int r = 0; r < 4; r++) {
            z[h][r] = parts[0][h][r];
#pragma unroll
            for (int n = 1; n < TILES; n++)
                z[h][r] += parts[n][h][r];
        }
}

// Updates W by step `past` and multiplies it with the inputs of `step`, or does one of the two.
template <bool PLAIN, bool FLOATS, int TILES, bool UPDATE, bool MULTIPLY>
ANNC_INLINE void product_pass(HelperMemory<FLOATS> &s, const annc_cluster_launch &job, ProductState<TILES> &P, int w,
                              int lane, int step, int past)
{
    const int row = (lane & 7) + ((lane >> 3) & 1) * 8, column = ((lane >> 4) & 1) * 8;
    HelperTiles<FLOATS, TILES> columns, rows;
    if (MULTIPLY)
        wait(&s.x_full[slot_of<ROW_RING>(step)], parity_of<ROW_RING>(step));
#pragma unroll
    for (int n = 0; n < TILES; n++) // the inputs are there before delta is
#pragma unroll
        for (int x = 0; x < SPLITS<FLOATS>; x++) {
            const int at = x * PART_INPUTS<FLOATS> + (w * TILES_PER_WARP<FLOATS> + n) * TILE + column;
            if (UPDATE)
                load_tiles_transposed(columns[n][x], shared_address(&s.x[slot_of<ROW_RING>(past)][row][at]));
            if (MULTIPLY)
                load_tiles(rows[n][x], shared_address(&s.x[slot_of<ROW_RING>(step)][row][at]));
        }
    if (UPDATE)
        update_weights<PLAIN, FLOATS, TILES>(s, job, P, columns, lane, past);
    if (MULTIPLY) {
        float z[2][4];
        if (PLAIN) {
            multiply_weights<FLOATS, TILES>(P.W, rows, z);
        } else {
            HelperWeights<TILES> U;
            look_ahead<TILES>(s, P, U, step);
            multiply_weights<FLOATS, TILES>(U, rows, z);
        }
#pragma unroll
        for (int h = 0; h < 2; h++)
            *reinterpret_cast<float4 *>(&s.z[slot_of<RING>(step)][w][h][lane * 4]) =
                make_float4(z[h][0], z[h][1], z[h][2], z[h][3]);
        __syncwarp();
        if (lane == 0)
            arrive(&s.z_full[slot_of<RING>(step)]); //@signal pfull
    }
}

// Returns the place of a weight in a parameter block: a bias follows all weights; NULL where the
// padded matrix goes beyond the network's.
ANNC_INLINE float *weight_of(const annc_cluster_launch &job, float *block, uint32_t unit, uint32_t input)
{
    if (unit >= job.net.hidden || input > job.net.inputs)
        return nullptr;
    return block + (input < job.net.inputs ? (size_t)unit * job.net.inputs + input
                                           : (size_t)job.net.hidden * job.net.inputs + unit);
}

template <bool PLAIN, bool FLOATS, int TILES>
ANNC_INLINE void product_warp(HelperMemory<FLOATS> &s, const annc_cluster_launch &job, int half, int part, int w,
                              int lane)
{
    const int steps = (int)job.steps, g = lane >> 2, t = lane & 3;
    const int first = part * part_inputs<FLOATS>(job.net.inputs) + w * TILES_PER_WARP<FLOATS> * TILE + 2 * t;
    float *const theta = job.net.theta, *const v = PLAIN ? nullptr : job.net.v;
    auto place = [&](float *block, int n, int j, int r) {
        return weight_of(job, block, half * 16 + g + (r >> 1) * 8, first + n * TILE + j * 8 + (r & 1));
    };
    ProductState<TILES> P;
    P.bias = (int)job.net.inputs - first;
    ANNC_FOR_WEIGHTS (n, j, r) {
        const float *from = place(theta, n, j, r);
        P.W[n][j][r] = from ? *from : 0.f;
        P.v[n][j][r] = from && v ? *place(v, n, j, r) : 0.f;
    }
    int step = 0;
    for (; step < LAG + 1 && step < steps; step++)
        product_pass<PLAIN, FLOATS, TILES, false, true>(s, job, P, w, lane, step, 0);
    for (; step < steps; step++)
        product_pass<PLAIN, FLOATS, TILES, true, true>(s, job, P, w, lane, step, step - LAG - 1);
    for (step = steps > LAG + 1 ? steps : LAG + 1; step < steps + LAG + 1; step++)
        product_pass<PLAIN, FLOATS, TILES, true, false>(s, job, P, w, lane, 0, step - LAG - 1);
    ANNC_FOR_WEIGHTS (n, j, r) {
        float *to = place(theta, n, j, r);
        if (to)
            *to = P.W[n][j][r];
        if (to && v)
            *place(v, n, j, r) = P.v[n][j][r];
    }
}

// Splits k delta of 16 units, as the chain sends it, into three bf16.
ANNC_INLINE void split_warp(HelperRings &s, const annc_cluster_launch &job, int lane)
{
    const int steps = (int)job.steps;
#pragma unroll 1
    for (int step = 0; step < steps; step++) {
        const int slot = slot_of<RING>(step);
        wait_for_cluster(&s.sent_full[slot], parity_of<RING>(step)); //@wait dfull
        if (lane == 0)
            arrive_expecting(&s.sent_full[slot], SENT_BYTES);
        uint32_t parts[3][4]; // a0, a2, a1, a3
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const float4 d = load4(&s.sent[slot][i][lane * 4]);
            split_bf16(d.x, d.y, parts[0][2 * i], parts[1][2 * i], parts[2][2 * i]);
            split_bf16(d.z, d.w, parts[0][2 * i + 1], parts[1][2 * i + 1], parts[2][2 * i + 1]);
        }
#pragma unroll
        for (int p = 0; p < 3; p++)
            *reinterpret_cast<uint4 *>(s.delta[slot][p][lane]) =
                make_uint4(parts[p][0], parts[p][1], parts[p][2], parts[p][3]);
        __syncwarp();
        if (lane == 0)
            arrive(&s.delta_full[slot]); //@signal dsplit
    }
}

// Sums 8 units over the product warps, divides by the divisor of the bytes, sends to the chain.
ANNC_INLINE void sum_warp(HelperRings &s, const annc_cluster_launch &job, int half, int part, int units, int lane)
{
    ChainMemory *chain = reinterpret_cast<ChainMemory *>(&s); // the same offset in every block
    const uint32_t to = address_in_block(shared_address(&chain->z_parts[0][part][2 * half + units][lane * 4]), 0),
                   barrier = address_in_block(shared_address(&chain->z_full[0]), 0);
    const float per_divisor = 1.f / job.divisor;
    const int steps = (int)job.steps;
#pragma unroll 1
    for (int step = 0; step < steps; step++) {
        const int slot = slot_of<RING>(step);
        wait(&s.z_full[slot], parity_of<RING>(step)); //@wait pfull
        float4 z = load4(&s.z[slot][0][units][lane * 4]);
#pragma unroll
        for (int q = 1; q < PRODUCT_WARPS; q++) {
            const float4 v = load4(&s.z[slot][q][units][lane * 4]);
            z.x += v.x;
            z.y += v.y;
            z.z += v.z;
            z.w += v.w;
        }
        z.x *= per_divisor;
        z.y *= per_divisor;
        z.z *= per_divisor;
        z.w *= per_divisor;
        send(to + slot * (uint32_t)sizeof chain->z_parts[0], z, barrier + slot * 8); //@signal zfull
    }
}

template <bool FLOATS>
ANNC_INLINE void load_warp(HelperMemory<FLOATS> &s, const annc_cluster_launch &job, int part, int lane)
{
    const int steps = (int)job.steps;
    auto load = [&](int step) {
        if (step >= steps || lane != 0)
            return;
        uint64_t *full = &s.x_full[slot_of<ROW_RING>(step)];
        arrive_expecting(full, X_BYTES<FLOATS>);
        copy_in(s.x[slot_of<ROW_RING>(step)],
                job.rows + ((size_t)step * PARTS + part) * (X_BYTES<FLOATS> / sizeof *job.rows), X_BYTES<FLOATS>, full);
    };
    for (int step = 0; step < ROW_RING; step++)
        load(step);
    for (int step = 0; step < steps; step++) { // every phase is waited for
        wait(&s.z_full[slot_of<RING>(step)], parity_of<RING>(step));
        if (step > LAG)
            load(step + ROW_RING - LAG - 1);
    }
}

// Cost and hits of each step.
template <bool HEADLINE> ANNC_INLINE void score_warp(HelperRings &s, const annc_cluster_launch &job, int lane)
{
    constexpr int N = LANE_OUTPUTS<HEADLINE>, STRIDE = TARGET_STRIDE<N>;
    const int steps = (int)job.steps;
    annc_score *scores = job.net.scores + job.start->step + job.offset;
    // Lets the chain send Z^2 of a step, whose place is free, and copies the targets.
    auto expect = [&](int step) {
        if (lane != 0 || step >= steps)
            return;
        const int slot = slot_of<RING>(step);
        arrive_expecting(&s.score_full[slot], Z2_BYTES<N> + TARGET_BYTES);
        copy_in(s.targets[slot], job.records + (size_t)step * RECORD, TARGET_BYTES, &s.score_full[slot]);
        arrive(&s.z_full[slot]);
    };
    for (int step = 0; step < RING; step++)
        expect(step);
    for (int step = 0; step < steps; step++) {
        const int slot = slot_of<RING>(step);
        float z[N], a[N], y[N], scale[2];
        wait_for_cluster(&s.score_full[slot], parity_of<RING>(step)); //@wait z2ready
        load_output_part(z, s.z2[slot][0] + lane * 4, s.z2[slot][1] + last_of_lane<N>(lane));
        load_targets(y, scale, targets_of_lane<N>(s.targets[slot], lane));
        const float *row = s.targets[slot] + (lane >> 2) * STRIDE + ROW_CLASS<N>;
        const int wanted[2] = {__float_as_int(row[0]), __float_as_int(row[8 * STRIDE])};
        __syncwarp();
        expect(step + RING);
        const float cost = warp_sum(cost_of_lane<HEADLINE>(job.net, lane, z, a, y, scale)); //@score
        const int correct = hits<HEADLINE>(job.net, lane, a, wanted);
        if (lane == 0) {
            scores[step].cost = (double)cost;
            scores[step].correct = (uint32_t)correct;
            scores[step].examples = job.m;
        }
    }
}

// Fills s.ahead: by linearity, the factors of W and v are what the steps make of 1.
ANNC_INLINE void plan_ahead(HelperRings &s, const annc_cluster_launch &job)
{
    for (int step = (int)threadIdx.x; step < (int)job.steps; step += THREADS) {
        const int base = step < LAG ? 0 : step - LAG;
        const LinearState of_W = {1, 0}, of_v = {0, 1};
        s.ahead[step] = make_float4((float)(after_steps(job, true, of_W, base, step).theta - 1),
                                    (float)after_steps(job, true, of_v, base, step).theta,
                                    (float)after_steps(job, false, of_v, base, step).theta, rate_of(job, step));
    }
}

template <bool HEADLINE, bool PLAIN, bool FLOATS>
ANNC_INLINE void helper_block(HelperMemory<FLOATS> &s, const annc_cluster_launch &job, int rank)
{
    const int half = (rank - 1) & 1, part = (rank - 1) >> 1;
    const int w = (int)threadIdx.x >> 5, lane = (int)threadIdx.x & 31;
    if (threadIdx.x == 0) {
        for (int i = 0; i < RING; i++) {
            barrier_open(&s.sent_full[i], 1);
            barrier_open(&s.delta_full[i], 1);
            barrier_open(&s.z_full[i], PRODUCT_WARPS + (rank == SCORER));
            barrier_open(&s.score_full[i], 1);
        }
        for (int i = 0; i < ROW_RING; i++)
            barrier_open(&s.x_full[i], 1);
        barriers_are_open();
        for (int i = 0; i < RING; i++)
            arrive_expecting(&s.sent_full[i], SENT_BYTES);
    }
    if (!PLAIN)
        plan_ahead(s, job);
    __syncthreads();
    cluster_sync();
    const int tiles = part_inputs<FLOATS>(job.net.inputs) / TILE - w * TILES_PER_WARP<FLOATS>;
    if (w < PRODUCT_WARPS && tiles >= TILES_PER_WARP<FLOATS>)
        product_warp<PLAIN, FLOATS, TILES_PER_WARP<FLOATS>>(s, job, half, part, w, lane); //@product
    else if (w < PRODUCT_WARPS)
        product_warp<PLAIN, FLOATS, 1>(s, job, half, part, w, lane); //@product of one tile
    else if (w < PRODUCT_WARPS + 2)
        sum_warp(s, job, half, part, w - PRODUCT_WARPS, lane);
    else if (w == PRODUCT_WARPS + 3)
        load_warp(s, job, part, lane);
    else if (w == PRODUCT_WARPS + 4)
        split_warp(s, job, lane);
    else if (rank == SCORER)
        score_warp<HEADLINE>(s, job, lane);
}

#undef ANNC_FOR_WEIGHTS

#endif
