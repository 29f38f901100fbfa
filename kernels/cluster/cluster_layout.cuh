// cluster_layout.cuh - sizes of the cluster engine, and what its blocks keep in shared memory.
//
// kernels/README.md has the mathematics. One cluster trains: block 0, the chain, runs the steps one
// after another; 2 x PARTS helper blocks keep the first layer's weights and do its large products.
#ifndef ANNC_KERNELS_CLUSTER_LAYOUT_CUH
#define ANNC_KERNELS_CLUSTER_LAYOUT_CUH

#include "backend/cuda/cluster.h"
#include "kernels/device.cuh"
#include "kernels/hopper.cuh"
#include "kernels/two_layers/outputs.cuh"
#include "kernels/two_layers/products.cuh"

constexpr int ROWS = ANNC_TWO_LAYERS_BATCH;   // examples of a step; rows that are missing count as 0
constexpr int UNITS = ANNC_TWO_LAYERS_HIDDEN; // of the hidden layer
// Outputs of a lane (lane_functions.cuh): the headline's kernels have up to 10, the others up to 16.
template <bool HEADLINE> constexpr int LANE_OUTPUTS = HEADLINE ? LANE_OUTPUTS_OF_10 : LANE_OUTPUTS_OF_16;
static_assert(ANNC_CLUSTER_OUTPUTS == MOST_OUTPUTS<LANE_OUTPUTS_OF_16>, "the host knows how many fit");
constexpr int LAG = ANNC_CLUSTER_LAG;     // steps between a delta and its update of W
constexpr int PARTS = ANNC_CLUSTER_PARTS; // the inputs are split among so many pairs of helpers
constexpr int TILE = 16;                  // inputs of a tile

// A helper's warps, each with some tiles of 16 units x 16 inputs. Inputs are bytes, exact in one
// bf16, or (FLOATS) floats, exact in the sum of three: then a part has half the inputs.
constexpr int PRODUCT_WARPS = 9;
template <bool FLOATS> constexpr int TILES_PER_WARP = FLOATS ? 1 : 2;
template <bool FLOATS> constexpr int SPLITS = FLOATS ? 3 : 1;
template <bool FLOATS> constexpr int PART_INPUTS = PRODUCT_WARPS *TILES_PER_WARP<FLOATS> *TILE; // at most
// The bias is the weight of one more input, which is always the divisor of the bytes, or 1.
static_assert(PARTS * PART_INPUTS<false> == ANNC_CLUSTER_INPUTS + 1 &&
                  PARTS * PART_INPUTS<true> == ANNC_CLUSTER_FLOATS + 1,
              "the host knows how many inputs fit");

// Returns the inputs of a part. A scheduler has three of a helper's 9 product warps, the others two:
// so the last warp has a tile less where the others hold the rest.
template <bool FLOATS> ANNC_INLINE int part_inputs(uint32_t inputs)
{
    constexpr int ALL = PART_INPUTS<FLOATS>, FEWER = ALL - TILE;
    return !FLOATS && inputs < PARTS * FEWER ? FEWER : ALL;
}

constexpr int HELPERS = 2 * PARTS, BLOCKS = ANNC_CLUSTER_BLOCKS, THREADS = 448;
static_assert(BLOCKS == 1 + HELPERS, "the chain and its helpers");
constexpr int SCORER = 1;         // the block of the helper that has the cost and the hits
constexpr int RING = 8;           // slots of the rings between roles
constexpr int ROW_RING = LAG + 4; // slots of a helper's inputs: those of steps t - LAG - 1 to t, and 2 ahead
// Strides that keep a warp's accesses on different banks.
template <bool FLOATS> constexpr int ROW_STRIDE = SPLITS<FLOATS> *PART_INPUTS<FLOATS> + 8; // by split
constexpr int W2_STRIDE = 12;

// What the plan says of a step: targets (outputs.cuh), then G by lag as fragments of 16 x 8 tiles,
// 256 floats of high parts and 256 of low parts, then a word per row with a bit for each hidden
// unit that dropout keeps.
constexpr int TARGETS = ROWS * TARGET_STRIDE<LANE_OUTPUTS_OF_16>; // room for either
constexpr int GRAM = 512, KEPT = TARGETS + LAG * GRAM, RECORD = KEPT + ROWS;
static_assert(UNITS == 32, "a word has a bit per unit");
static_assert(RECORD == ANNC_CLUSTER_RECORD && PARTS * ROWS * ROW_STRIDE<false> == ANNC_CLUSTER_ROWS &&
                  PARTS * ROWS * ROW_STRIDE<true> == ANNC_CLUSTER_FLOAT_ROWS,
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
    float z2[4][128];                    // parts of Z^2 by warp: outputs 0 to 7 of all rows, as a fragment
    float z2_last[4][128];               // outputs 8 and more by warp, as load_output_part takes them
    float z1[4][128];                    // Z^1 without the correction by the last step's delta, by 8 units
    float delta2[4][16][EXAMPLE_STRIDE]; // [warp][output][row], the same in each; 0 where there is no output
};

struct __align__(128) ChainMemory
{
    float z_parts[RING][PARTS][4][128]; // from the helpers: [step][part][8 units][fragment]
    float record[RING][RECORD];
    float delta[RING][4][128]; // of the hidden layer: [step][8 units], a lane's 4 (load_examples)
    ChainStep step[2];
    float a[4][8][EXAMPLE_STRIDE];     // of the hidden layer: [8 units][unit][row]
    float slope[4][8][EXAMPLE_STRIDE]; // unless HEADLINE: f' times the factors of dropout
    float W2[4][16][W2_STRIDE];        // [8 units][output][unit]
    float b2[16];
    float rate[ANNC_CLUSTER_STEPS]; // of each step: -eta / m for plain SGD, else eta
    uint64_t z_full[RING], record_full[RING], delta_ready[RING], z_ready[2];
};

struct __align__(128) HelperRings
{
    float z[RING][PRODUCT_WARPS][2][128]; // parts of Z^1 by warp: [step][warp][8 units][fragment]
    float sent[RING][2][128];             // k delta from the chain: [step][8 units], a lane's 4 (load_examples)
    uint32_t delta[RING][3][32][4];       // the same in 3 bf16, as a fragment of 16 units: a0, a2, a1, a3
    // Unless plain SGD: W before a step, without the changes by the deltas of the LAG steps before it,
    // is W_base + x W_base + y v_base, and b is b_base + z v_base; w is eta.
    float4 ahead[ANNC_CLUSTER_STEPS];
    // In the block that scores: Z^2 of the 4 first values of each lane and of the others, targets.
    float z2[RING][2][128], targets[RING][TARGETS];
    uint64_t sent_full[RING], delta_full[RING], x_full[ROW_RING], z_full[RING], score_full[RING];
};

template <bool FLOATS> struct __align__(128) HelperMemory : HelperRings
{
    uint16_t x[ROW_RING][ROWS][ROW_STRIDE<FLOATS>]; // inputs in bf16
};

constexpr int SENT_BYTES = sizeof(float[2][128]), Z_BYTES = sizeof(float[2][128]), Z2_STRIDE = sizeof(float[2][128]),
              TARGET_BYTES = sizeof(float[TARGETS]);
template <int N> constexpr int Z2_BYTES = sizeof(float[N][WARP]); // N: outputs of a lane
template <bool FLOATS> constexpr int X_BYTES = sizeof(uint16_t[ROWS][ROW_STRIDE<FLOATS>]);
template <bool FLOATS>
constexpr int SHARED_BYTES = sizeof(ChainMemory) > sizeof(HelperMemory<FLOATS>) ? sizeof(ChainMemory)
                                                                                : sizeof(HelperMemory<FLOATS>);

#endif
