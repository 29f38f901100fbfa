// block_products.cuh - the matrix products of the block engine, by tiles of one warp.
//
// Rows begin at multiples of 4 floats, an odd number of them apart (block_engine.c), so that the
// wide loads of eight lanes from eight rows use different banks. Each sum has a fixed order.
#ifndef ANNC_KERNELS_BLOCK_BLOCK_PRODUCTS_CUH
#define ANNC_KERNELS_BLOCK_BLOCK_PRODUCTS_CUH

#include "kernels/block/block.cuh"

constexpr int LANE_TILE = 4;                          // a lane has 4 x 4 numbers of a tile
constexpr uint32_t TILE_ROWS = 16, TILE_UNITS = 32;   // of Z
constexpr uint32_t STEP_UNITS = 16, STEP_INPUTS = 32; // of delta^T A
constexpr uint32_t TILE_NUMBERS = TILE_ROWS * TILE_UNITS;

__device__ inline float4 load4(const float *p)
{
    return *reinterpret_cast<const float4 *>(p);
}

// A tile of A_in W^T: rows row + lane / 8 + 4 i and units unit + lane % 8 + 8 j, summed over the
// inputs of groups [from, to) of four. Rows and units beyond the last repeat it, and do not count.
__device__ inline void forward_tile(uint32_t m, uint32_t n, const float *A_in, const float *W, uint32_t stride,
                                    uint32_t row, uint32_t unit, uint32_t from, uint32_t to,
                                    float (&sum)[LANE_TILE][LANE_TILE])
{
    const uint32_t lane = threadIdx.x % WARP;
    const float *a[LANE_TILE], *w[LANE_TILE];
#pragma unroll
    for (int i = 0; i < LANE_TILE; i++) {
        a[i] = A_in + least(row + lane / 8 + 4 * i, m - 1) * stride + 4 * from;
        w[i] = W + least(unit + lane % 8 + 8 * i, n - 1) * stride + 4 * from;
#pragma unroll
        for (int j = 0; j < LANE_TILE; j++)
            sum[i][j] = 0;
    }
#pragma unroll 2
    for (uint32_t group = 0; group < to - from; group++) {
        float4 x[LANE_TILE], y[LANE_TILE];
#pragma unroll
        for (int i = 0; i < LANE_TILE; i++) {
            x[i] = load4(a[i] + 4 * group);
            y[i] = load4(w[i] + 4 * group);
        }
#pragma unroll
        for (int i = 0; i < LANE_TILE; i++)
#pragma unroll
            for (int j = 0; j < LANE_TILE; j++) {
                sum[i][j] = fmaf(x[i].x, y[j].x, sum[i][j]);
                sum[i][j] = fmaf(x[i].y, y[j].y, sum[i][j]);
                sum[i][j] = fmaf(x[i].z, y[j].z, sum[i][j]);
                sum[i][j] = fmaf(x[i].w, y[j].w, sum[i][j]);
            }
    }
}

// A tile of delta^T A_in: units unit ... unit + 3 and inputs input ... input + 3, summed over m rows.
__device__ inline void gradient_tile(uint32_t m, const float *delta, uint32_t delta_stride, const float *A_in,
                                     uint32_t stride, uint32_t unit, uint32_t input, float (&sum)[LANE_TILE][LANE_TILE])
{
#pragma unroll
    for (int i = 0; i < LANE_TILE; i++)
#pragma unroll
        for (int j = 0; j < LANE_TILE; j++)
            sum[i][j] = 0;
    delta += least(unit, delta_stride - 4);
    A_in += least(input, stride - 4);
#pragma unroll 4
    for (uint32_t r = 0; r < m; r++) {
        const float4 d = load4(delta + r * delta_stride), x = load4(A_in + r * stride);
        const float units[LANE_TILE] = {d.x, d.y, d.z, d.w}, inputs[LANE_TILE] = {x.x, x.y, x.z, x.w};
#pragma unroll
        for (int i = 0; i < LANE_TILE; i++)
#pragma unroll
            for (int j = 0; j < LANE_TILE; j++)
                sum[i][j] = fmaf(units[i], inputs[j], sum[i][j]);
    }
}

// Four numbers of delta W: row r, inputs input ... input + 3, summed over n units.
__device__ inline float4 backward_group(uint32_t n, const float *delta_row, const float *W, uint32_t stride,
                                        uint32_t input)
{
    float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll 4
    for (uint32_t u = 0; u < n; u++) {
        const float d = delta_row[u];
        const float4 w = load4(W + u * stride + input);
        sum.x = fmaf(d, w.x, sum.x);
        sum.y = fmaf(d, w.y, sum.y);
        sum.z = fmaf(d, w.z, sum.z);
        sum.w = fmaf(d, w.w, sum.w);
    }
    return sum;
}

#endif
