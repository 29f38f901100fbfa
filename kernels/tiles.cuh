// tiles.cuh - matrices in tiles of columns and rows, a thread on the same columns in all of its
// rows: it loads their biases once, and adds its errors for BP3.
#ifndef ANNC_KERNELS_TILES_CUH
#define ANNC_KERNELS_TILES_CUH

#include "kernels/reductions.cuh"

// A block has a tile: a warp wide, one or four columns per lane; its warps take the rows in turn.
constexpr unsigned TILE_WARPS = 8;
constexpr uint32_t TILE_ROWS = 16;               // or more, so that biases and sums are a small part of the traffic
constexpr uint32_t LEAST_BY_FOUR = 2 * WARP + 1; // columns; fewer leave more lanes idle by four than one by one
static_assert(ANNC_BIAS_COLUMNS == 4 * WARP, "a slot has the sums of a tile's columns");
static_assert(sizeof(annc_reductions) % sizeof(float4) == 0, "the sums of an array of reductions are aligned");

// Returns whether lanes take four columns of an m x n matrix at once; `are_aligned` says whether
// the first row of each matrix is.
static inline bool by_four_columns(uint32_t n, bool are_aligned)
{
    return are_aligned && n % 4 == 0 && n >= LEAST_BY_FOUR;
}

// Returns the tiles of an m x n matrix: columns by rows, at most as many rows of tiles as leave a
// slot of the bias sums for each tile.
static inline dim3 tiles_of(uint32_t m, uint32_t n, bool by_four)
{
    const uint32_t columns = (n - 1) / (by_four ? 4 * WARP : WARP) + 1;
    const uint32_t wanted = (m - 1) / TILE_ROWS + 1, most = ANNC_BIAS_PARTS / columns;
    return dim3(columns, wanted < most ? wanted : most > 1 ? most : 1);
}

// Returns the threads of a tile: no more warps than rows.
static inline dim3 tile_threads(uint32_t m)
{
    return dim3(WARP, m < TILE_WARPS ? m : TILE_WARPS);
}

// Returns this thread's first column of WIDTH.
template <unsigned WIDTH> __device__ inline uint32_t tile_column()
{
    return WIDTH * (blockIdx.x * WARP + threadIdx.x);
}

// Calls body(i) for the first element of each of this thread's rows.
template <unsigned WIDTH, typename Body> __device__ inline void for_tile_rows(uint32_t m, uint32_t n, Body body)
{
    const uint32_t rows = (m - 1) / gridDim.y + 1, first = blockIdx.y * rows, after = MIN(first + rows, m);
    if (tile_column<WIDTH>() < n)
#pragma unroll 4
        for (uint32_t r = first + threadIdx.y; r < after; r += blockDim.y)
            body((size_t)r * n + tile_column<WIDTH>());
}

template <unsigned WIDTH> __device__ inline void add(annc_elements<WIDTH> &sum, const annc_elements<WIDTH> &value)
{
    for (unsigned e = 0; e < WIDTH; e++)
        sum.at[e] += value.at[e];
}

// Returns the sum of what the warps of a block have, in their order.
template <unsigned WIDTH> __device__ inline annc_elements<WIDTH> sum_of_warps(const annc_elements<WIDTH> &value)
{
    __shared__ annc_elements<WIDTH> of[TILE_WARPS][WARP];
    __syncthreads(); // ends the sum before
    of[threadIdx.y][threadIdx.x] = value;
    __syncthreads();
    annc_elements<WIDTH> sum = of[0][threadIdx.x];
    for (unsigned i = 1; i < blockDim.y; i++)
        add(sum, of[i][threadIdx.x]);
    return sum;
}

// BP3: b = beta b + alpha times the column sums, of which each thread has those over its rows. The
// warps' sums are added in order, and so are the tiles', by the last block of these columns.
template <unsigned WIDTH>
__device__ inline void step_biases(uint32_t n, float alpha, float beta, annc_elements<WIDTH> sum,
                                   annc_reductions *reductions, float *b)
{
    const uint32_t tiles = gridDim.y, column = tile_column<WIDTH>();
    sum = sum_of_warps(sum);
    if (tiles > 1) {
        float(*const own)[ANNC_BIAS_COLUMNS] = reductions->bias + blockIdx.x * tiles;
        if (threadIdx.y == 0)
            store(&own[blockIdx.y][WIDTH * threadIdx.x], sum);
        if (!is_last_block(&reductions->bias_blocks[blockIdx.x], tiles))
            return;
        sum = {};
        for (uint32_t i = threadIdx.y; i < tiles; i += blockDim.y)
            add(sum, load<WIDTH>(&own[i][WIDTH * threadIdx.x]));
        sum = sum_of_warps(sum);
    }
    if (threadIdx.y == 0 && column < n)
        for (unsigned e = 0; e < WIDTH; e++)
            b[column + e] = (beta == 0 ? 0 : beta * b[column + e]) + alpha * sum.at[e];
}

#endif
