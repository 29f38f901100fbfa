// helper_block.cuh - blocks 1 to 2 PARTS: half of the hidden units and a part of the inputs each.
//
//   product warps   W of 16 units x their tiles in registers: W += delta^T X of LAG + 1 steps ago,
//                   then X W^T of the coming step
//   2 sum warps     add the parts of 8 units over the product warps and send them to the chain
//   1 load warp     the inputs of coming steps
//
// W stays in fp32, in the layout of the tensor core's accumulator, so that delta^T X, whose
// accumulator begins at 0, is added to it without rounding toward zero, and X W^T takes it as an
// operand in three bf16. Inputs are bytes and exact in bf16.
//
// The barriers, and where a slot of their rings is free again:
//   delta_full  chain -> products   product warp 0 expects the next bytes after its wait; the chain
//               sends delta of t + RING after z of t + RING - LAG > t of all warps.
//   x_full      load -> products    load refills the slot of t - LAG - 1 after z_full of t, which
//               every product warp signals after it has read both.
//   z_full      products -> sum, load   a product warp writes slot t + RING after delta_full of
//               t + RING - LAG - 1, which the chain sends after the sums of that step arrived.
#ifndef ANNC_KERNELS_CLUSTER_HELPER_BLOCK_CUH
#define ANNC_KERNELS_CLUSTER_HELPER_BLOCK_CUH

#include "kernels/cluster/cluster_layout.cuh"

// The weights of a lane: [tile][8 inputs][register], rows g, g + 8 of units.
typedef float HelperWeights[TILES_PER_WARP][2][4];

// W = W + delta^T X for step `past`, whose inputs are in `columns`.
ANNC_INLINE void update_weights(HelperMemory &s, HelperWeights W, const uint32_t (*columns)[4], int w, int lane,
                                int past)
{
    const int slot = slot_of<RING>(past);
    uint32_t delta[3][4];
    float change[TILES_PER_WARP][2][4];
    wait_for_cluster(&s.delta_full[slot], parity_of<RING>(past)); //@wait dfull
    if (w == 0 && lane == 0)
        arrive_expecting(&s.delta_full[slot], DELTA_BYTES);
#pragma unroll
    for (int p = 0; p < 3; p++) {
        const uint4 v = *reinterpret_cast<const uint4 *>(s.delta[slot][p][lane]);
        delta[p][0] = v.x;
        delta[p][2] = v.y;
        delta[p][1] = v.z;
        delta[p][3] = v.w;
    }
#pragma unroll
    for (int p = 2; p >= 0; p--) // small parts first
#pragma unroll
        for (int n = 0; n < TILES_PER_WARP; n++)
#pragma unroll
            for (int j = 0; j < 2; j++) {
                if (p == 2)
                    mma_bf16_first(change[n][j], delta[p], columns[n][2 * j], columns[n][2 * j + 1]);
                else
                    mma_bf16(change[n][j], delta[p], columns[n][2 * j], columns[n][2 * j + 1]);
            }
#pragma unroll
    for (int n = 0; n < TILES_PER_WARP; n++)
#pragma unroll
        for (int j = 0; j < 2; j++)
#pragma unroll
            for (int r = 0; r < 4; r++)
                W[n][j][r] += change[n][j][r];
}

// z = this warp's part of X W^T, X in `rows`: [8 units][register].
ANNC_INLINE void multiply_weights(const HelperWeights W, const uint32_t (*rows)[4], float (*z)[4])
{
    float parts[TILES_PER_WARP][2][4];
#pragma unroll
    for (int n = 0; n < TILES_PER_WARP; n++) {
        uint32_t split[3][2][2]; // [bf16][8 inputs][8 units]
#pragma unroll
        for (int j = 0; j < 2; j++)
#pragma unroll
            for (int h = 0; h < 2; h++)
                split_bf16(W[n][j][2 * h], W[n][j][2 * h + 1], split[0][j][h], split[1][j][h], split[2][j][h]);
#pragma unroll
        for (int p = 0; p < 3; p++)
#pragma unroll
            for (int h = 0; h < 2; h++) {
                if (p == 0)
                    mma_bf16_first(parts[n][h], rows[n], split[p][0][h], split[p][1][h]);
                else
                    mma_bf16(parts[n][h], rows[n], split[p][0][h], split[p][1][h]);
            }
    }
#pragma unroll
    for (int h = 0; h < 2; h++)
#pragma unroll
        for (int r = 0; r < 4; r++) {
            z[h][r] = parts[0][h][r];
#pragma unroll
            for (int n = 1; n < TILES_PER_WARP; n++)
                z[h][r] += parts[n][h][r];
        }
}

// Updates W by step `past` and multiplies it with the inputs of `step`, or does one of the two.
template <bool UPDATE, bool MULTIPLY>
ANNC_INLINE void product_pass(HelperMemory &s, HelperWeights W, int w, int lane, int step, int past)
{
    // Rows as the left operand; columns transposed, examples in the order t, t + 4, t + 8, t + 12.
    const int row = (lane & 7) + ((lane >> 3) & 1) * 8, i = lane & 7,
              row_transposed = (i >> 1) + 4 * (i & 1) + ((lane >> 3) & 1) * 8, column = ((lane >> 4) & 1) * 8;
    uint32_t columns[TILES_PER_WARP][4], rows[TILES_PER_WARP][4];
    if (MULTIPLY)
        wait(&s.x_full[slot_of<ROW_RING>(step)], parity_of<ROW_RING>(step));
#pragma unroll
    for (int n = 0; n < TILES_PER_WARP; n++) { // the inputs are there before delta is
        const int at = (w * TILES_PER_WARP + n) * TILE + column;
        if (UPDATE)
            load_tiles_transposed(columns[n], shared_address(&s.x[slot_of<ROW_RING>(past)][row_transposed][at]));
        if (MULTIPLY)
            load_tiles(rows[n], shared_address(&s.x[slot_of<ROW_RING>(step)][row][at]));
    }
    if (UPDATE)
        update_weights(s, W, columns, w, lane, past);
    if (MULTIPLY) {
        float z[2][4];
        multiply_weights(W, rows, z);
#pragma unroll
        for (int h = 0; h < 2; h++)
            *reinterpret_cast<float4 *>(&s.z[slot_of<RING>(step)][w][h][lane * 4]) =
                make_float4(z[h][0], z[h][1], z[h][2], z[h][3]);
        __syncwarp();
        if (lane == 0)
            arrive(&s.z_full[slot_of<RING>(step)]); //@signal pfull
    }
}

// Returns the place of a weight in theta: a bias follows all weights; NULL where the padded matrix
// goes beyond the network's.
ANNC_INLINE float *weight_of(const annc_cluster_launch &job, uint32_t unit, uint32_t input)
{
    if (unit >= job.hidden || input > job.inputs)
        return nullptr;
    return input < job.inputs ? job.theta + (size_t)unit * job.inputs + input
                              : job.theta + (size_t)job.hidden * job.inputs + unit;
}

ANNC_INLINE void product_warp(HelperMemory &s, const annc_cluster_launch &job, int half, int part, int w, int lane)
{
    const int steps = (int)job.steps, g = lane >> 2, t = lane & 3;
    auto place = [&](int n, int j, int r) {
        return weight_of(job, half * 16 + g + (r >> 1) * 8,
                         part * PART_INPUTS + (w * TILES_PER_WARP + n) * TILE + j * 8 + 2 * t + (r & 1));
    };
    HelperWeights W;
#pragma unroll
    for (int n = 0; n < TILES_PER_WARP; n++)
#pragma unroll
        for (int j = 0; j < 2; j++)
#pragma unroll
            for (int r = 0; r < 4; r++) {
                const float *from = place(n, j, r);
                W[n][j][r] = from ? *from : 0.f;
            }
    int step = 0;
    for (; step < LAG + 1 && step < steps; step++)
        product_pass<false, true>(s, W, w, lane, step, 0);
    for (; step < steps; step++)
        product_pass<true, true>(s, W, w, lane, step, step - LAG - 1);
    for (step = steps > LAG + 1 ? steps : LAG + 1; step < steps + LAG + 1; step++)
        product_pass<true, false>(s, W, w, lane, 0, step - LAG - 1);
#pragma unroll
    for (int n = 0; n < TILES_PER_WARP; n++)
#pragma unroll
        for (int j = 0; j < 2; j++)
#pragma unroll
            for (int r = 0; r < 4; r++) {
                float *to = place(n, j, r);
                if (to)
                    *to = W[n][j][r];
            }
}

// Sums 8 units over the product warps, divides by the divisor of the bytes, sends to the chain.
ANNC_INLINE void sum_warp(HelperMemory &s, const annc_cluster_launch &job, int half, int part, int units, int lane)
{
    ChainMemory *chain = reinterpret_cast<ChainMemory *>(&s); // the same offset in every block
    const uint32_t to = address_in_block(shared_address(&chain->z_parts[0][part][2 * half + units][lane * 4]), 0),
                   barrier = address_in_block(shared_address(&chain->z_full[0]), 0);
    const float per_divisor = 1.f / job.examples.divisor;
    const int steps = (int)job.steps;
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

ANNC_INLINE void load_warp(HelperMemory &s, const annc_cluster_launch &job, int part, int lane)
{
    const int steps = (int)job.steps;
    auto load = [&](int step) {
        if (step >= steps || lane != 0)
            return;
        uint64_t *full = &s.x_full[slot_of<ROW_RING>(step)];
        arrive_expecting(full, X_BYTES);
        copy_in(s.x[slot_of<ROW_RING>(step)], job.rows + ((size_t)step * PARTS + part) * (X_BYTES / sizeof *job.rows),
                X_BYTES, full);
    };
    for (int step = 0; step < ROW_RING; step++)
        load(step);
    for (int step = 0; step < steps; step++) { // every phase is waited for
        wait(&s.z_full[slot_of<RING>(step)], parity_of<RING>(step));
        if (step > LAG)
            load(step + ROW_RING - LAG - 1);
    }
}

ANNC_INLINE void helper_block(HelperMemory &s, const annc_cluster_launch &job, int half, int part)
{
    const int w = (int)threadIdx.x >> 5, lane = (int)threadIdx.x & 31;
    if (threadIdx.x == 0) {
        for (int i = 0; i < RING; i++) {
            barrier_open(&s.delta_full[i], 1);
            barrier_open(&s.z_full[i], PRODUCT_WARPS);
        }
        for (int i = 0; i < ROW_RING; i++)
            barrier_open(&s.x_full[i], 1);
        barriers_are_open();
        for (int i = 0; i < RING; i++)
            arrive_expecting(&s.delta_full[i], DELTA_BYTES);
    }
    __syncthreads();
    cluster_sync();
    if (w < PRODUCT_WARPS)
        product_warp(s, job, half, part, w, lane);
    else if (w < PRODUCT_WARPS + 2)
        sum_warp(s, job, half, part, w - PRODUCT_WARPS, lane);
    else if (w == PRODUCT_WARPS + 2)
        load_warp(s, job, part, lane);
}

#endif
