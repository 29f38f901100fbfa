// tensor_products.cuh - warps 4 to 15: the first layer's weights, and everything large.
//
// Each warp has the weights of all units and some tiles of 16 inputs, in fp32 and in the layout of
// the tensor core's accumulator, and nobody else uses its tiles. Those of its rare tiles are in
// shared memory; it leaves these out of a group whose inputs there are 0. In each phase it will
//
//   fetch     begin to copy its inputs of the group after next
//   gram      multiply inputs of the group after with each other and with those of this group
//   update    add k delta^T X of the group before to its weights
//   multiply  compute its part of X W^T of the group after
#ifndef ANNC_KERNELS_TENSOR_TENSOR_PRODUCTS_CUH
#define ANNC_KERNELS_TENSOR_TENSOR_PRODUCTS_CUH

#include "kernels/tensor/tensor_layout.cuh"

constexpr int STRIDE_BYTES = PRODUCT_WARPS * X_BYTES; // from a warp's tile to its next

// Returns where in the first tile of warp w lane `lane` finds its row of a group.
ANNC_INLINE uint32_t row_address(TensorMemory &s, int group, int w, int lane)
{
    return shared_address(s.x[group & (X_SLOTS - 1)][w]) + lane * TILE;
}

// ---------------------------------------------------------------- rare tiles

// Returns whether a warp has two rare tiles.
ANNC_INLINE bool has_second_rare(int w)
{
    return w < RARE_TILES - PRODUCT_WARPS;
}

// Loads and stores W^1 of the rare tile r of a warp.
ANNC_INLINE void load_rare(TileWeights &W, const TensorMemory &s, int w, int r, int lane)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float4 v = s.rare[w + r * PRODUCT_WARPS][i][lane];
        float *to = W[i >> 1][i & 1];
        to[0] = v.x;
        to[1] = v.y;
        to[2] = v.z;
        to[3] = v.w;
    }
}

ANNC_INLINE void store_rare(TensorMemory &s, const TileWeights &W, int w, int r, int lane)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float *v = W[i >> 1][i & 1];
        s.rare[w + r * PRODUCT_WARPS][i][lane] = make_float4(v[0], v[1], v[2], v[3]);
    }
}

// Calls each(r, offset) for the rare tiles of a group's bits; offset: of the tile behind the warp's
// first.
template <class Each> ANNC_INLINE void for_touched(uint32_t bits, Each each)
{
#pragma unroll 1
    for (int r = 0; r < RARE_OF_WARP; r++)
        if (bits >> r & 1)
            each(r, (OWN_TILES + r) * STRIDE_BYTES);
}

// Returns the bits of the group that is multiplied (age 0), or of the one by which W is updated (2).
ANNC_INLINE uint32_t touched_by(const ProductState &P, int age)
{
    return P.touched >> age * RARE_OF_WARP & ((1 << RARE_OF_WARP) - 1);
}

// ---------------------------------------------------------------- inputs

ANNC_INLINE void await_copies()
{
    asm volatile("cp.async.wait_all;" ::: "memory");
}

// Begins to copy a group's inputs: complete after await_copies(). A lane fetches one row of its
// warp's tiles.
ANNC_INLINE void fetch_group(TensorMemory &s, int group, int w, int lane)
{
    const uint32_t number = s.numbers[group % 8][lane], stride = s.inputs.stride;
    const uint32_t end = number != NO_EXAMPLE ? stride : 0;
    const uint8_t *from = s.inputs.rows + (size_t)number * stride + w * TILE; // not read beyond the end
    const uint32_t to = row_address(s, group, w, lane);
#pragma unroll
    for (int q = 0; q < OWN_TILES + RARE_OF_WARP; q++) {
        if (q == OWN_TILES + 1 && !has_second_rare(w)) //@skip
            break;
        const uint32_t bytes = w * TILE + q * PRODUCT_WARPS * TILE < end ? TILE : 0; // the rest becomes 0
        asm volatile("cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(to + q * STRIDE_BYTES),
                     "l"(from + q * PRODUCT_WARPS * TILE), "r"(bytes)
                     : "memory");
    }
}

// The inputs of a step in a tile, as the left operand of a product and, registers 0 and 2 or 1 and 3,
// as the right one. Inputs 4t to 4t + 3, which a lane has, are the product's 2t, 2t + 1, 2t + 8, 2t + 9.
struct InputFragment {
    uint32_t x[4]; // rows g, g + 8 of inputs 4t, 4t + 1; the same of 4t + 2, 4t + 3
};

// Returns bytes 2 i and 2 i + 1 of a word as two fp16.
ANNC_INLINE uint32_t f16_of_bytes(uint32_t word, int i)
{
    return __byte_perm(word, 0, 0x4140 + i * 0x0202);
}

// words: the bytes of rows g and g + 8.
ANNC_INLINE void inputs_of_step(InputFragment &X, const uint32_t *words)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
        X.x[i] = f16_of_bytes(words[i & 1], i >> 1);
}

// ---------------------------------------------------------------- products

// Adds (k delta^1)^T X of a group to the weights of a tile, which starts at `rows`. A word of the
// transposed tile has inputs 2g and 2g + 1 of rows 2t and 2t + 1. Accumulator j has inputs 2n + j,
// so a lane has 4t + j and 4t + 2 + j.
ANNC_INLINE void update_tile(TileWeights &W, uint32_t rows, const uint32_t (*delta)[2 * STEPS][4],
                             const float (*factor)[2])
{
    uint32_t words[2 * STEPS];
    float change[2][2][4];
    load_tiles_transposed(words, rows);
#pragma unroll
    for (int i = 0; i < STEPS; i++) {
        uint32_t x[2][2]; // [accumulator][8 rows]
#pragma unroll
        for (int j = 0; j < 2; j++)
#pragma unroll
            for (int k = 0; k < 2; k++)
                x[j][k] = __byte_perm(words[2 * i + k], 0, 0x4240 + j * 0x0101);
#pragma unroll
        for (int p = 1; p >= 0; p--) // small parts first
#pragma unroll
            for (int j = 0; j < 2; j++)
#pragma unroll
                for (int h = 0; h < 2; h++)
                    if (p == 1 && i == 0)
                        mma_f16_first(change[h][j], delta[h][2 * i + p], x[j][0], x[j][1]);
                    else
                        mma_f16(change[h][j], delta[h][2 * i + p], x[j][0], x[j][1]);
    }
#pragma unroll
    for (int h = 0; h < 2; h++)
#pragma unroll
        for (int j = 0; j < 2; j++)
#pragma unroll
            for (int r = 0; r < 4; r++)
                W[h][j][r] = fmaf(change[h][j][r], factor[h][r >> 1], W[h][j][r]);
}

// W = W + k delta^T X of a group.
ANNC_INLINE void update_group(TensorMemory &s, ProductState &P, int group, int w, int lane)
{
    const uint32_t rows = row_address(s, group, w, lane),
                   deltas = shared_address(&s.delta[group & 1][0][0][lane & 15][8 * (lane >> 4)]);
    uint32_t delta[2][2 * STEPS][4]; // [16 units][part of a step]
    float factor[2][2];
#pragma unroll
    for (int h = 0; h < 2; h++) {
#pragma unroll
        for (int k = 0; k < 2 * STEPS; k++)
            load_tiles(delta[h][k], deltas + (k * UNITS + h * 16) * ROWS * 2);
        const float2 unit = load2(&s.delta_unit[group & 1][2 * h]);
        factor[h][0] = unit.x;
        factor[h][1] = unit.y;
    }
#pragma unroll
    for (int q = 0; q < OWN_TILES; q++)
        update_tile(P.W[q], rows + q * STRIDE_BYTES, delta, factor);
    if (touched_by(P, 2)) //@skip //@rare
        for_touched(touched_by(P, 2), [&](int r, int offset) {
            TileWeights W;
            load_rare(W, s, w, r, lane);
            update_tile(W, rows + offset, delta, factor);
            store_rare(s, W, w, r, lane);
        });
}

// Adds this warp's part of X_i X_j^T, a sum that began with START_OF_GRAM. Such a sum of integers below
// 2^23 is exact in fp32, whatever its order, and its bits are those of the start and the integer; so are
// the sums over the warps, which are cleared to take the BITS_OF_START of each.
ANNC_INLINE void add_gram(TensorMemory &s, int group, int pair, const float (*c)[4], int lane)
{
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int r = 0; r < 4; r++)
            atomicAdd(&s.gram[group % GRAM_SLOTS][pair][half * 128 + r * 32 + lane], __float_as_int(c[half][r]));
}
static_assert((OWN_TILES + RARE_OF_WARP) * TILE * 255 * 255 < 1 << 23, "a warp's part of a sum");

// C = C + X_i X_j^T of a tile.
ANNC_INLINE void multiply_rows(float (*c)[4], const InputFragment &i, const InputFragment &j)
{
    mma_f16(c[0], i.x, j.x[0], j.x[2]);
    mma_f16(c[1], i.x, j.x[1], j.x[3]);
}

// Adds the products of a tile's inputs: of a group's steps with the two of the group before, and of the
// second step with the first.
ANNC_INLINE void multiply_rows_of_tile(float (*pairs)[2][4], uint32_t rows, uint32_t rows_before)
{
    uint32_t words[2 * STEPS], words_before[2 * STEPS];
    InputFragment X[STEPS];
    load_tiles(words, rows);
    load_tiles(words_before, rows_before);
#pragma unroll
    for (int i = 0; i < STEPS; i++)
        inputs_of_step(X[i], words + 2 * i);
    multiply_rows(pairs[NEW_PAIR], X[1], X[0]);
#pragma unroll
    for (int j = 0; j < STEPS; j++) {
        InputFragment before;
        inputs_of_step(before, words_before + 2 * j);
#pragma unroll
        for (int i = 0; i < STEPS; i++)
            multiply_rows(pairs[i * STEPS + j], X[i], before);
    }
}

// Returns whether any byte of a tile is not 0.
ANNC_INLINE bool is_touched(uint32_t rows)
{
    uint32_t words[2 * STEPS];
    load_tiles(words, rows);
    return __any_sync(~0u, words[0] | words[1] | words[2] | words[3]);
}

// Finds which rare tiles a group touches.
ANNC_INLINE void find_touched(ProductState &P, uint32_t rows, int w)
{
    P.touched = P.touched << RARE_OF_WARP | (uint32_t)is_touched(rows + OWN_TILES * STRIDE_BYTES);
    if (has_second_rare(w)) //@skip
        P.touched |= (uint32_t)is_touched(rows + (OWN_TILES + 1) * STRIDE_BYTES) << 1;
}

// This warp's part of X_i X_j^T of a group's pairs.
ANNC_INLINE void multiply_inputs(TensorMemory &s, ProductState &P, int group, int w, int lane)
{
    const uint32_t rows = row_address(s, group, w, lane), rows_before = row_address(s, group - 1, w, lane);
    float pairs[PAIRS][2][4];
#pragma unroll
    for (int i = 0; i < PAIRS * 2 * 4; i++)
        pairs[i / 8][i / 4 % 2][i % 4] = START_OF_GRAM;
    find_touched(P, rows, w);
#pragma unroll
    for (int q = 0; q < OWN_TILES; q++)
        multiply_rows_of_tile(pairs, rows + q * STRIDE_BYTES, rows_before + q * STRIDE_BYTES);
    if (touched_by(P, 0)) //@skip //@rare
        for_touched(touched_by(P, 0),
                    [&](int, int offset) { multiply_rows_of_tile(pairs, rows + offset, rows_before + offset); });
#pragma unroll
    for (int pair = 0; pair < PAIRS; pair++)
        if (pair == NEW_PAIR || group > 0)
            add_gram(s, group, pair, pairs[pair], lane);
}

// Adds X W^T of a group to Z of both steps, for the inputs of a tile, which starts at `rows`.
ANNC_INLINE void multiply_tile(float (&z)[STEPS][CHAIN_WARPS][4], const TileWeights &W, uint32_t rows)
{
    uint32_t words[2 * STEPS];
    InputFragment X[STEPS];
    load_tiles(words, rows);
#pragma unroll
    for (int i = 0; i < STEPS; i++)
        inputs_of_step(X[i], words + 2 * i);
#pragma unroll
    for (int h = 0; h < 2; h++) {
        uint32_t split[2][2][2]; // [part][8 units][inputs 4t, 4t + 1; 4t + 2, 4t + 3]
#pragma unroll
        for (int n = 0; n < 2; n++)
#pragma unroll
            for (int k = 0; k < 2; k++)
                split_f16(W[h][0][2 * n + k], W[h][1][2 * n + k], split[0][n][k], split[1][n][k]);
#pragma unroll
        for (int p = 1; p >= 0; p--) // small parts first
#pragma unroll
            for (int i = 0; i < STEPS; i++)
#pragma unroll
                for (int n = 0; n < 2; n++)
                    mma_f16(z[i][2 * h + n], X[i].x, split[p][n][0], split[p][n][1]);
    }
}

// This warp's part of X W^T of a group, stored once the chain has read the one before.
ANNC_INLINE void multiply_group(TensorMemory &s, const ProductState &P, int group, int w, int lane)
{
    const uint32_t rows = row_address(s, group, w, lane);
    float z[STEPS][CHAIN_WARPS][4] = {}; // [step][8 units]
#pragma unroll
    for (int q = 0; q < OWN_TILES; q++)
        multiply_tile(z, P.W[q], rows + q * STRIDE_BYTES);
    if (touched_by(P, 0)) //@skip //@rare
        for_touched(touched_by(P, 0), [&](int r, int offset) {
            TileWeights W;
            load_rare(W, s, w, r, lane);
            multiply_tile(z, W, rows + offset);
        });
    if (group > 0)
        wait(&s.z_read, (group - 1) & 1); //@wait zread
#pragma unroll
    for (int i = 0; i < STEPS; i++)
#pragma unroll
        for (int n = 0; n < CHAIN_WARPS; n++)
            *reinterpret_cast<float4 *>(&s.z[w][i][n][lane * 4]) =
                make_float4(z[i][n][0], z[i][n][1], z[i][n][2], z[i][n][3]);
}

// ---------------------------------------------------------------- a phase

// What the warp of tiles w, w + PRODUCT_WARPS, ... does while the chain runs group `group`, -1 before
// the first.
ANNC_INLINE void product_phase(TensorMemory &s, ProductState &P, int group, int groups, int w, int lane)
{
    asm volatile("" : "+r"(w), "+r"(lane)); // addresses kept from phase to phase would displace weights
    if (group + 1 < groups) {
        await_copies();
        __syncwarp(); // each lane has its row of group + 1, and needs none of group - 2
        if (group + 2 < groups)
            fetch_group(s, group + 2, w, lane);
        multiply_inputs(s, P, group + 1, w, lane);
    } else {
        P.touched <<= RARE_OF_WARP;
    }
    if (group > 0) {
        wait(&s.deltas_full[(group - 1) & 1], (group - 1) >> 1 & 1); //@wait deltas
        update_group(s, P, group - 1, w, lane);
    }
    if (group + 1 >= groups)
        return;
    multiply_group(s, P, group + 1, w, lane);
    __syncwarp();
    if (lane == 0)
        arrive(&s.z_full); //@signal zfull
}

// ---------------------------------------------------------------- parameters

// Returns the place of a weight in theta, or NULL where the network has none, or none that a step
// changes.
ANNC_INLINE float *place_of(const TensorMemory &s, int tile, int lane, int h, int j, int r)
{
    asm volatile("" : "+r"(tile)); // the addresses of all weights at once would take too many registers
    const int g = lane >> 2, t = lane & 3;
    const uint32_t unit = h * 16 + g + (r >> 1) * 8, place = tile * TILE + 4 * t + 2 * (r & 1) + j;
    return unit < s.net.hidden && (int)place < s.columns
               ? s.net.theta + (size_t)unit * s.net.inputs + s.inputs.columns->number[place]
               : nullptr;
}

#define ANNC_FOR_WEIGHTS(h, j, r)                                                                                      \
    _Pragma("unroll") for (int h = 0; h < 2; h++) _Pragma("unroll") for (int j = 0; j < 2; j++)                        \
        _Pragma("unroll") for (int r = 0; r < 4; r++)

// Loads a tile's weights; returns the bits of the largest, which have the order of the numbers.
ANNC_INLINE uint32_t load_tile(const TensorMemory &s, TileWeights &W, int tile, int lane)
{
    uint32_t largest = 0;
    ANNC_FOR_WEIGHTS (h, j, r) {
        const float *from = place_of(s, tile, lane, h, j, r);
        W[h][j][r] = from ? *from : 0.f;
        largest = max(largest, __float_as_uint(fabsf(W[h][j][r])));
    }
    return largest;
}

ANNC_INLINE void store_tile(const TensorMemory &s, const TileWeights &W, int tile, int lane)
{
    ANNC_FOR_WEIGHTS (h, j, r) {
        float *to = place_of(s, tile, lane, h, j, r);
        if (to)
            *to = W[h][j][r];
    }
}

ANNC_INLINE void scale_tile(TileWeights &W, float scale)
{
    ANNC_FOR_WEIGHTS (h, j, r)
        W[h][j][r] *= scale;
}

#undef ANNC_FOR_WEIGHTS

// Loads the weights, and finds the largest.
ANNC_INLINE void load_weights(TensorMemory &s, ProductState &P, int w, int lane)
{
    uint32_t largest = 0;
    P.touched = 0;
#pragma unroll
    for (int q = 0; q < OWN_TILES; q++)
        largest = max(largest, load_tile(s, P.W[q], w + q * PRODUCT_WARPS, lane));
    for (int r = 0; r <= has_second_rare(w); r++) {
        TileWeights rare;
        largest = max(largest, load_tile(s, rare, w + (OWN_TILES + r) * PRODUCT_WARPS, lane));
        store_rare(s, rare, w, r, lane);
    }
    atomicMax(&s.largest, largest);
}

// Multiplies the weights by `scale`.
ANNC_INLINE void scale_weights(TensorMemory &s, ProductState &P, float scale, int w, int lane)
{
#pragma unroll
    for (int q = 0; q < OWN_TILES; q++)
        scale_tile(P.W[q], scale);
    for (int r = 0; r <= has_second_rare(w); r++) {
        TileWeights rare;
        load_rare(rare, s, w, r, lane);
        scale_tile(rare, scale);
        store_rare(s, rare, w, r, lane);
    }
}

ANNC_INLINE void store_weights(const TensorMemory &s, const ProductState &P, int w, int lane)
{
#pragma unroll
    for (int q = 0; q < OWN_TILES; q++)
        store_tile(s, P.W[q], w + q * PRODUCT_WARPS, lane);
    for (int r = 0; r <= has_second_rare(w); r++) {
        TileWeights rare;
        load_rare(rare, s, w, r, lane);
        store_tile(s, rare, w + (OWN_TILES + r) * PRODUCT_WARPS, lane);
    }
}

#endif
