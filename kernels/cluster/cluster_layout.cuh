// cluster_layout.cuh - sizes of the cluster engine, and what its blocks keep in shared memory.
//
// kernels/README.md has the mathematics. One cluster trains: block 0, the chain, runs the steps one
// after another; 2 x PARTS helper blocks keep the first layer's weights and do its large products.
#ifndef ANNC_KERNELS_CLUSTER_LAYOUT_CUH
#define ANNC_KERNELS_CLUSTER_LAYOUT_CUH

#include "backend/cuda/cluster.h"
#include "kernels/cluster/hopper.cuh"
#include "kernels/device.cuh"

constexpr int ROWS = ANNC_CLUSTER_BATCH;      // examples of a step; rows that are missing count as 0
constexpr int UNITS = ANNC_CLUSTER_HIDDEN;    // of the hidden layer
constexpr int OUTPUTS = ANNC_CLUSTER_OUTPUTS; // 8, and 2 more that share a tile
constexpr int LAG = ANNC_CLUSTER_LAG;         // steps between a delta and its update of W
constexpr int PARTS = ANNC_CLUSTER_PARTS;     // the inputs are split among so many pairs of helpers
constexpr int TILE = 16;                      // inputs of a tile

// A helper's warps, each with some tiles of 16 units x 16 inputs.
constexpr int PRODUCT_WARPS = 9, TILES_PER_WARP = 2, PART_TILES = PRODUCT_WARPS * TILES_PER_WARP;
constexpr int PART_INPUTS = PART_TILES * TILE;
// The bias is the weight of one more input, which is always the divisor of the bytes.
static_assert(PARTS * PART_INPUTS == ANNC_CLUSTER_INPUTS + 1, "the host knows how many inputs fit");

constexpr int HELPERS = 2 * PARTS, BLOCKS = 1 + HELPERS, THREADS = 512;
constexpr int RING = 8;           // slots of the rings between roles
constexpr int ROW_RING = LAG + 4; // slots of a helper's inputs: those of steps t - LAG - 1 to t, and 2 ahead
// Strides that keep a warp's accesses on different banks.
constexpr int ROW_STRIDE = PART_INPUTS + 8, W2_STRIDE = 68, A_STRIDE = 40, DELTA2_STRIDE = 20;

// What the plan says of a step: for each row 10 targets, its scale (0 if the row is missing, else
// the weight of its class) and the bits of its class; then G by lag as fragments of 16 x 8 tiles, 256 floats
// of high parts and 256 of low parts.
constexpr int TARGET_STRIDE = 12, ROW_SCALE = 10, ROW_CLASS = 11, TARGETS = ROWS * TARGET_STRIDE;
constexpr int GRAM = 512, RECORD = TARGETS + LAG * GRAM;
static_assert(RECORD == ANNC_CLUSTER_RECORD && PARTS * ROWS * ROW_STRIDE == ANNC_CLUSTER_ROWS,
              "the host allocates them");

// Slot of a step in a ring, and the parity of its phase there.
template <int SLOTS> ANNC_INLINE int slot_of(int step)
{
    return step % SLOTS;
}
template <int SLOTS> ANNC_INLINE int parity_of(int step)
{
    return step / SLOTS & 1;
}

// Values that the chain's warps exchange within a step; two of them alternate.
struct ChainStep {
    float z2[4][128];       // parts of Z^2 by warp: outputs 0 to 7 of all rows, as a fragment
    float z2_last[4][8][4]; // outputs 8 and 9: [warp][row % 8][output, output, row + 8 ...]
    float z1[4][128];       // Z^1 without the correction by the last step's delta, by 8 units
    float a[ROWS][A_STRIDE];
    float delta2[16][DELTA2_STRIDE]; // [output][row]; outputs 10 to 15 stay 0
};

struct __align__(128) ChainMemory
{
    float z_parts[RING][PARTS][4][128]; // from the helpers: [step][part][8 units][fragment]
    float record[RING][RECORD];
    float delta[RING][4][ROWS][8]; // of the hidden layer: [step][8 units][row][unit]
    ChainStep step[2];
    float W2[16][W2_STRIDE]; // pairs (high, low) by unit; outputs from 10 on stay 0
    float b2[16];
    float rate[ANNC_CLUSTER_STEPS]; // -eta / m of each step
    uint64_t z_full[RING], record_full[RING], delta_ready[RING], z_ready[2][2], W2_ready[2];
};

struct __align__(128) HelperMemory
{
    uint16_t x[ROW_RING][ROWS][ROW_STRIDE]; // inputs in bf16
    float z[RING][PRODUCT_WARPS][2][128];   // parts of Z^1 by warp: [step][warp][8 units][fragment]
    uint32_t delta[RING][3][32][4];         // fragments of -eta / (m divisor) delta in 3 bf16: a0, a2, a1, a3
    uint64_t delta_full[RING], x_full[ROW_RING], z_full[RING];
};

constexpr int DELTA_BYTES = sizeof(uint32_t[3][32][4]), Z_BYTES = sizeof(float[2][128]),
              X_BYTES = sizeof(uint16_t[ROWS][ROW_STRIDE]);
constexpr int SHARED_BYTES = sizeof(ChainMemory) > sizeof(HelperMemory) ? sizeof(ChainMemory) : sizeof(HelperMemory);

#endif
