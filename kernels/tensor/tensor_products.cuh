// tensor_products.cuh - warps 4 to 14: the first layer's weights, and everything large.
//
// Each warp has some blocks of 16 units x 16 inputs of W^1 in registers, in fp32 and in the layout
// of the tensor core's accumulator. In each phase all of them
//
//   update    add k delta^T X of the group before to their weights
//   convert   turn the bytes of the group after into bf16, and fetch those of the next
//   gram      multiply inputs of the group after with each other and with those of this group
//   multiply  compute their part of X W^T of the group after
//
// A tile of 16 inputs whose bytes are all 0 in a group is left out of the products of the group.
#ifndef ANNC_KERNELS_TENSOR_TENSOR_PRODUCTS_CUH
#define ANNC_KERNELS_TENSOR_TENSOR_PRODUCTS_CUH

#include "kernels/tensor/tensor_layout.cuh"

// Named barriers: 2 from the chain's warps: z has been read; 3 among the product warps.
#define Z_READ_SYNC()   asm volatile("bar.sync 2,480;" ::: "memory")
#define PRODUCTS_SYNC() asm volatile("bar.sync 3,352;" ::: "memory")

// Of a lane: [block][8 inputs][register].
typedef float Weights[MOST_BLOCKS][2][4];

// Blocks of units 0 to 15 and 16 to 31 alternate: block b has half b % 2 of the units and tile b /
// 2 of the inputs. A warp has blocks w, w + PRODUCT_WARPS, ..., and as that is odd, its own
// alternate too: those of even n have one half of the units and tiles a constant apart, those of
// odd n the other.
ANNC_INLINE int block_of_warp(int w, int n)
{
    return n * PRODUCT_WARPS + w;
}
static_assert(PRODUCT_WARPS % 2 == 1, "a warp's blocks alternate");

// Returns where in the tiles of a group lane `lane` finds its row of the 4 tiles of 8 x 8 of a
// load.
ANNC_INLINE uint32_t tile_address(TensorMemory &s, int group, int tile, int lane)
{
    return shared_address(s.x[group & 1][tile]) + place_in_tile(lane & 15, lane >> 4);
}
constexpr int STEP_BYTES = ROWS * TILE * 2;                     // from a step's rows in a tile to the next step's
constexpr int STRIDE_BYTES = PRODUCT_WARPS * X_BYTES;           // from a warp's block to its next but one
constexpr int TILES_PER_WARP = (TILES - 1) / PRODUCT_WARPS + 1; // for inputs: tiles w, w + PRODUCT_WARPS, ...

// ---------------------------------------------------------------- inputs

ANNC_INLINE void await_copies()
{
    asm volatile("cp.async.wait_all;" ::: "memory");
}

// Begins to copy a group's bytes: complete after await_copies(). A lane fetches and converts one
// row of its warp's tiles.
ANNC_INLINE void fetch_group(TensorMemory &s, int group, int w, int lane)
{
    const uint32_t number = s.numbers[group % 4][lane], inputs = s.net.inputs;
    const uint8_t *from = (const uint8_t *)s.net.examples.x + (size_t)number * inputs;
    const int tiles = s.tiles;
    unsigned char *to = s.raw[w] + lane * TILE;
    for (int tile = w; tile < tiles; tile += PRODUCT_WARPS, to += PRODUCT_WARPS * RAW_BYTES)
        if (number == NO_EXAMPLE)
            *reinterpret_cast<uint4 *>(to) = make_uint4(0, 0, 0, 0);
        else if (inputs % TILE == 0)
            asm volatile("cp.async.cg.shared.global [%0],[%1],16;" ::"r"(shared_address(to)), "l"(from + tile * TILE)
                         : "memory");
        else // rows that do not begin at multiples of 16 bytes
            for (uint32_t i = 0; i < TILE; i++)
                to[i] = tile * TILE + i < inputs ? from[tile * TILE + i] : 0;
}

// 2^23: the last bits of a float from there to 2^24 count ones.
constexpr float ONES = 8388608.f;
constexpr uint32_t BITS_OF_ONES = 0x4B000000u;

// Returns a whole number below 2^23.
ANNC_INLINE int whole_number_of(float x)
{
    return (int)(__float_as_uint(x + ONES) - BITS_OF_ONES);
}

// Returns bytes 2 i and 2 i + 1 of a word as two bf16.
ANNC_INLINE uint32_t bf16_of_bytes(uint32_t word, int i)
{
    const float first = __uint_as_float(__byte_perm(word, BITS_OF_ONES, 0x7440 + 2 * i)) - ONES,
                second = __uint_as_float(__byte_perm(word, BITS_OF_ONES, 0x7441 + 2 * i)) - ONES;
    return __byte_perm(__float_as_uint(first), __float_as_uint(second), 0x7632);
}

// Turns the bytes of a group, which have been fetched, into bf16.
ANNC_INLINE void convert_group(TensorMemory &s, int group, int w, int lane)
{
    uint4 raw[TILES_PER_WARP];
    unsigned long long used = 0;
    await_copies();
#pragma unroll
    for (int q = 0; q < TILES_PER_WARP; q++) {
        const int tile = w + q * PRODUCT_WARPS;
        raw[q] = tile < s.tiles ? *reinterpret_cast<const uint4 *>(s.raw[tile] + lane * TILE) : make_uint4(0, 0, 0, 0);
    }
#pragma unroll
    for (int q = 0; q < TILES_PER_WARP; q++) {
        const uint32_t words[4] = {raw[q].x, raw[q].y, raw[q].z, raw[q].w};
        unsigned char *to = s.x[group & 1][w] + q * STRIDE_BYTES;
        if (!__any_sync(~0u, (words[0] | words[1] | words[2] | words[3]) != 0))
            continue;
        used |= 1ull << q * PRODUCT_WARPS;
#pragma unroll
        for (int half = 0; half < 2; half++)
            *reinterpret_cast<uint4 *>(to + place_in_tile(lane, half)) =
                make_uint4(bf16_of_bytes(words[2 * half], 0), bf16_of_bytes(words[2 * half], 1),
                           bf16_of_bytes(words[2 * half + 1], 0), bf16_of_bytes(words[2 * half + 1], 1));
    }
    if (lane == 0)
        atomicOr(&s.used[group % 4], used << w);
}

// Returns which tiles have other bytes than 0 in a group, from tile `first` on.
ANNC_INLINE unsigned long long used_tiles(const TensorMemory &s, int group, int first)
{
    return s.used[group % 4] >> first;
}

// Returns whether a tile is used: the one of a warp's block n, or of its inputs, which are a
// constant apart.
ANNC_INLINE bool is_used(unsigned long long used, int place)
{
    return used >> place * PRODUCT_WARPS & 1;
}

// ---------------------------------------------------------------- products

// W = W + k delta^T X of a group.
ANNC_INLINE void update_group(TensorMemory &s, Weights &W, int group, int w, int lane)
{
#pragma unroll
    for (int first = 0; first < 2; first++) {
        const int block = block_of_warp(w, first);
        const unsigned long long used = used_tiles(s, group, block / 2);
        const uint32_t rows = tile_address(s, group, block / 2, lane);
        uint32_t delta[STEPS][2][4]; // [step][part]
#pragma unroll
        for (int i = 0; i < STEPS; i++)
#pragma unroll
            for (int p = 0; p < 2; p++)
                load_tiles(delta[i][p],
                           shared_address(&s.delta[group & 1][i][p][block % 2 * 16 + (lane & 15)][8 * (lane >> 4)]));
#pragma unroll
        for (int n = first; n < MOST_BLOCKS; n += 2)
            if (is_used(used, n / 2)) {
                float change[STEPS][2][4]; // [step][8 inputs]
                uint32_t x[STEPS][4];
#pragma unroll
                for (int i = 0; i < STEPS; i++)
                    load_tiles_transposed(x[i], rows + n / 2 * STRIDE_BYTES + i * STEP_BYTES);
#pragma unroll
                for (int i = 0; i < STEPS; i++)
#pragma unroll
                    for (int j = 0; j < 2; j++)
                        mma_bf16_first(change[i][j], delta[i][1], x[i][2 * j], x[i][2 * j + 1]);
#pragma unroll
                for (int i = 0; i < STEPS; i++)
#pragma unroll
                    for (int j = 0; j < 2; j++)
                        mma_bf16(change[i][j], delta[i][0], x[i][2 * j], x[i][2 * j + 1]);
#pragma unroll
                for (int j = 0; j < 2; j++)
#pragma unroll
                    for (int q = 0; q < 4; q++)
                        W[n][j][q] += change[0][j][q] + change[1][j][q];
            }
    }
}

// Adds this warp's part of X_i X_j^T. Sums of integers below 2^23 are exact in fp32, whatever their
// order, and so are the sums over the warps.
ANNC_INLINE void add_gram(TensorMemory &s, int group, int pair, const float (*c)[4], int lane)
{
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int r = 0; r < 4; r++)
            atomicAdd(&s.gram[group % 3][pair][half * 128 + r * 32 + lane], whole_number_of(c[half][r]));
}
static_assert(TILES_PER_WARP * TILE * 255 * 255 < 1 << 23, "a warp's part of a sum");

// C = C + X_i X_j^T of a tile, by the fragments of their rows.
ANNC_INLINE void multiply_rows(float (*c)[4], const uint32_t *i, const uint32_t *j)
{
    mma_bf16(c[0], i, j[0], j[2]);
    mma_bf16(c[1], i, j[1], j[3]);
}

// The products of the inputs of step I of a group with those of the group before, over this warp's
// tiles, and for the first step those of the second with it.
template <int I> ANNC_INLINE void multiply_inputs(TensorMemory &s, int group, int w, int lane)
{
    const unsigned long long used = used_tiles(s, group, w), used_before = group > 0 ? used_tiles(s, group - 1, w) : 0;
    const uint32_t rows = tile_address(s, group, w, lane), rows_before = tile_address(s, group - 1, w, lane);
    float old[STEPS][2][4] = {}, next[2][4] = {};
#pragma unroll
    for (int q = 0; q < TILES_PER_WARP; q++) {
        uint32_t x[4], other[STEPS][4];
        if (!is_used(used, q))
            continue;
        load_tiles(x, rows + q * STRIDE_BYTES + I * STEP_BYTES);
        if (I == 0) {
            load_tiles(other[0], rows + q * STRIDE_BYTES + STEP_BYTES);
            multiply_rows(next, other[0], x);
        }
        if (!is_used(used_before, q))
            continue;
#pragma unroll
        for (int j = 0; j < STEPS; j++)
            load_tiles(other[j], rows_before + q * STRIDE_BYTES + j * STEP_BYTES);
#pragma unroll
        for (int j = 0; j < STEPS; j++)
            multiply_rows(old[j], x, other[j]);
    }
    if (group > 0)
#pragma unroll
        for (int j = 0; j < STEPS; j++)
            add_gram(s, group, I * STEPS + j, old[j], lane);
    if (I == 0)
        add_gram(s, group, NEW_PAIR, next, lane);
}

// This warp's part of X W^T of a group.
ANNC_INLINE void multiply_group(TensorMemory &s, const Weights &W, int group, int w, int lane)
{
#pragma unroll
    for (int first = 0; first < 2; first++) {
        const int block = block_of_warp(w, first);
        const unsigned long long used = used_tiles(s, group, block / 2);
        const uint32_t rows = tile_address(s, group, block / 2, lane);
        float z[STEPS][2][4] = {}; // [step][8 units]
#pragma unroll
        for (int n = first; n < MOST_BLOCKS; n += 2)
            if (is_used(used, n / 2)) {
                uint32_t x[STEPS][4], split[3][2][2]; // [bf16][8 inputs][8 units]
#pragma unroll
                for (int i = 0; i < STEPS; i++)
                    load_tiles(x[i], rows + n / 2 * STRIDE_BYTES + i * STEP_BYTES);
#pragma unroll
                for (int j = 0; j < 2; j++)
#pragma unroll
                    for (int h = 0; h < 2; h++)
                        split_bf16(W[n][j][2 * h], W[n][j][2 * h + 1], split[0][j][h], split[1][j][h], split[2][j][h]);
#pragma unroll
                for (int p = 2; p >= 0; p--) // small parts first
#pragma unroll
                    for (int i = 0; i < STEPS; i++)
#pragma unroll
                        for (int h = 0; h < 2; h++)
                            mma_bf16(z[i][h], x[i], split[p][0][h], split[p][1][h]);
            }
#pragma unroll
        for (int i = 0; i < STEPS; i++)
#pragma unroll
            for (int h = 0; h < 2; h++)
                *reinterpret_cast<float4 *>(&s.z[w][i][block % 2 * 2 + h][lane * 4]) =
                    make_float4(z[i][h][0], z[i][h][1], z[i][h][2], z[i][h][3]);
    }
}

// ---------------------------------------------------------------- a phase

// What a product warp does while the chain runs group `group`, -1 before the first.
ANNC_INLINE void product_phase(TensorMemory &s, Weights &W, int group)
{
    int thread; // read anew: kept from phase to phase, its parts would take the place of weights
    asm volatile("mov.u32 %0,%%tid.x;" : "=r"(thread));
    const int w = thread / 32 - CHAIN_WARPS, lane = thread % 32;
    if (group > 0)
        update_group(s, W, group - 1, w, lane);
    if (group + 1 >= groups_of(s))
        return;
    PRODUCTS_SYNC(); // the inputs of the group before are not needed any more
    convert_group(s, group + 1, w, lane);
    if (group + 2 < groups_of(s))
        fetch_group(s, group + 2, w, lane);
    PRODUCTS_SYNC();
    multiply_inputs<0>(s, group + 1, w, lane);
    multiply_inputs<1>(s, group + 1, w, lane);
    if (group >= 0)
        Z_READ_SYNC();
    multiply_group(s, W, group + 1, w, lane);
}

// ---------------------------------------------------------------- parameters

// Returns the place of a weight in theta, or NULL where the padded matrix goes beyond the
// network's.
ANNC_INLINE float *place_of(const TensorMemory &s, int w, int lane, int n, int j, int q)
{
    asm volatile("" : "+r"(w)); // the addresses of all weights at once would take too many registers
    const int block = block_of_warp(w, n), g = lane >> 2, t = lane & 3;
    const uint32_t unit = block % 2 * 16 + g + (q >> 1) * 8, input = block / 2 * TILE + j * 8 + 2 * t + (q & 1);
    return unit < s.net.hidden && input < s.net.inputs ? s.net.theta + (size_t)unit * s.net.inputs + input : nullptr;
}

#define ANNC_FOR_WEIGHTS(n, j, q)                                                                                      \
    _Pragma("unroll") for (int n = 0; n < MOST_BLOCKS; n++) _Pragma("unroll") for (int j = 0; j < 2; j++)              \
        _Pragma("unroll") for (int q = 0; q < 4; q++)

ANNC_INLINE void load_weights(const TensorMemory &s, Weights &W, int w, int lane)
{
    ANNC_FOR_WEIGHTS (n, j, q) {
        const float *from = place_of(s, w, lane, n, j, q);
        W[n][j][q] = from ? *from : 0.f;
    }
}

ANNC_INLINE void store_weights(const TensorMemory &s, const Weights &W, int w, int lane)
{
    ANNC_FOR_WEIGHTS (n, j, q) {
        float *to = place_of(s, w, lane, n, j, q);
        if (to)
            *to = W[n][j][q];
    }
}

#undef ANNC_FOR_WEIGHTS

#endif
