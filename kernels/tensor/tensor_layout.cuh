// tensor_layout.cuh - sizes of the tensor engine, and what a block keeps in shared memory.
//
// kernels/README.md has the mathematics. A block of 16 warps trains one network, two steps at a
// time: while 4 chain warps run the steps of a group, 12 product warps update W^1 by the group
// before and multiply it with the inputs of the group after.
//
// When a slot is free again, q being a group:
//   z          z_read of q - 1, before a product warp stores q's
//   gram       of q + 3: the chain clears q - 1's slot in q, before it arrives at deltas_full of q; a
//              product warp adds to it after it has waited for that
//   delta      of q + 1: the chain starts q + 1 when z_full says that all have used those of q - 1
//   numbers    of q + 5: written after q; a product warp reads those of q + 5 after deltas_full of q + 1
//   x          of q + 4: the warp whose tiles they are fetches them when it has updated W^1 by q
// z_full and z_read cannot be two phases ahead of a warp that waits, since each needs its arrival at
// the other. deltas_full could be one ahead: hence two of them in turns.
#ifndef ANNC_KERNELS_TENSOR_TENSOR_LAYOUT_CUH
#define ANNC_KERNELS_TENSOR_TENSOR_LAYOUT_CUH

#include "backend/cuda/tensor.h"
#include "kernels/device.cuh"
#include "kernels/two_layers/mma.cuh"
#include "kernels/two_layers/outputs.cuh"
#include "kernels/two_layers/products.cuh"

constexpr int ROWS = ANNC_TWO_LAYERS_BATCH;   // examples of a step; rows that are missing count as 0
constexpr int UNITS = ANNC_TWO_LAYERS_HIDDEN; // of the hidden layer
constexpr int LANE_OUTPUTS = LANE_OUTPUTS_OF_10;
constexpr int STEPS = 2;                 // of a group
constexpr int GROUP_ROWS = STEPS * ROWS; // one per lane
constexpr int TILE = 16;                 // inputs of a tile
constexpr int TILES = ANNC_TENSOR_INPUTS / TILE, X_BYTES = GROUP_ROWS * TILE;
constexpr int CHAIN_WARPS = UNITS / 8, PRODUCT_WARPS = 12;
constexpr int THREADS = 32 * (CHAIN_WARPS + PRODUCT_WARPS);
// The tiles of a product warp are w, w + PRODUCT_WARPS, ... It leaves out those after the third, the
// rare ones, of a group in which they have no input but 0. The first warp has two of them.
constexpr int OWN_TILES = 3, FIRST_RARE = OWN_TILES * PRODUCT_WARPS, RARE_TILES = TILES - FIRST_RARE;
constexpr int RARE_OF_WARP = 2;
constexpr int X_SLOTS = 4; // groups whose inputs are there
static_assert(GROUP_ROWS == WARP, "a lane has a row of a group");
static_assert(RARE_TILES <= RARE_OF_WARP * PRODUCT_WARPS, "every input has a place");

// Products of the inputs of a step and of an earlier one, X_i X_j^T: those of both steps with the
// two of the group before, and of the second step with the first.
constexpr int PAIRS = 5, NEW_PAIR = 4, GRAM = ROWS * ROWS, GRAM_SLOTS = 4;

// Strides that keep a warp's accesses on different banks.
constexpr int W2_STRIDE = 12;

// What a chain warp exchanges among its lanes.
struct __align__(16) ChainWarp
{
    float delta[8][EXAMPLE_STRIDE];   // k delta^1: [unit][example]
    float a[8][EXAMPLE_STRIDE];       // A^1: [unit][example]
    float delta2[16][EXAMPLE_STRIDE]; // [output][example], outputs 10 to 15 stay 0
    float W2[16][W2_STRIDE];          // [output][unit]
};

// A lane's share of W^1 of a tile, times scale_of(): [16 units][8 inputs][register].
typedef float TileWeights[2][2][4];

// A lane's share of W^1 of a warp's tiles, less the rare ones.
struct ProductState {
    TileWeights W[OWN_TILES];
    // Bits of the rare tiles in which a group has inputs that are not 0: the lowest RARE_OF_WARP of the
    // group that is multiplied, the next of the one before it, and so on.
    uint32_t touched;
};

struct __align__(128) TensorMemory
{
    float z[PRODUCT_WARPS][STEPS][CHAIN_WARPS][128]; // parts of Z^1 times the divisor: fragments of 8 units
    int gram[GRAM_SLOTS][PAIRS][GRAM];               // by group; fragments: [8 columns][register][lane]
    uint16_t delta[2][STEPS][2][UNITS][ROWS];        // k delta^1 in 2 fp16, by group: [step][part][unit][row]
    float __align__(16) delta_unit[2][CHAIN_WARPS];  // by group: of a sum of products with them, in units of W
    float z2[2][CHAIN_WARPS][128];                   // parts of Z^2, two steps alternate
    float z2_last[2][CHAIN_WARPS][WARP];             // outputs 8 and 9 by lane
    float outputs[2][STEPS][LANE_OUTPUTS][WARP];     // Z^2 by lane, by group
    float targets[3][GROUP_ROWS][TARGET_STRIDE<LANE_OUTPUTS>]; // by group
    uint32_t numbers[8][GROUP_ROWS];          // of the examples, by group; rows that are missing have NO_EXAMPLE
    unsigned char x[X_SLOTS][TILES][X_BYTES]; // inputs, by group: [tile][row][input]
    uint64_t z_full;                          // barriers: z and gram of a group are complete,
    uint64_t z_read;                          // the chain has read z of a group,
    uint64_t deltas_full[2];                  // and it has run a group, even and odd ones
    float4 rare[RARE_TILES][4][WARP];         // TileWeights by lane
    ChainWarp chain[CHAIN_WARPS];
    annc_two_layers net;
    annc_tensor_inputs inputs;
    annc_cursor cursor;
    float rates[3][STEPS]; // -eta / m of the steps, by group
    int columns;           // that are not 0 in all examples
    int steps;             // of the launch
    float per_divisor;     // 1 / the divisor of the inputs
    uint32_t largest;      // bits of the largest weight of W^1 at the start, 8 at least
};
static_assert(sizeof(TensorMemory) <= 227 * 1024, "tensor_engine.c and kernels/README.md say so");
constexpr uint32_t NO_EXAMPLE = 0xFFFFFFFFu;

// The tensor core takes a byte as the fp16 number of the same bits, a subnormal one: 2^-24 times the
// byte. So sums of products of an input have the unit 2^-24, and of two inputs 2^-48.
constexpr float ONE_OF_INPUTS = 16777216.f;
// 2^-25: the last bits of a float from there to 2^-24 count units of 2^-48.
constexpr float START_OF_GRAM = 1 / (2 * ONE_OF_INPUTS);
constexpr uint32_t BITS_OF_START = 0x33000000u;

// Returns the power of 2 that multiplies W^1 in registers: it can grow 127 times, and up to 2047, before
// fp16 has no such numbers.
constexpr float SMALL_WEIGHT = 8;
ANNC_INLINE float scale_of(const TensorMemory &s)
{
    return power_of_2(8 - exponent_of(s.largest));
}

// Returns the examples of a step of the launch, 0 beyond its end.
ANNC_INLINE int rows_of(const TensorMemory &s, int step)
{
    if (step >= s.steps)
        return 0;
    const uint32_t left = s.net.examples.count - annc_cursor_position(&s.cursor, s.cursor.step + step, 0);
    return left < s.cursor.batch ? (int)left : (int)s.cursor.batch;
}

// Returns -eta / m of a step of the launch, 0 beyond its end.
ANNC_INLINE float rate_of(const TensorMemory &s, int step)
{
    const int m = rows_of(s, step);
    return m == 0 ? 0.f : -(s.net.rates ? s.net.rates[s.cursor.step + step].eta : s.net.eta) / (float)m;
}

#endif
