// tensor_products.cuh - warps 4 to 15, and a chain warp for the last tile: the first layer's
// weights, and everything large.
//
// Each warp has the weights of all units and some tiles of 16 inputs in registers, in fp32 and in
// the layout of the tensor core's accumulator, and nobody else uses its tiles. In each phase it will
//
//   update    add k delta^T X of the group before to its weights
//   convert   turn its bytes of the group after into fp16, and fetch those of the next
//   gram      multiply inputs of the group after with each other and with those of this group
//   multiply  compute its part of X W^T of the group after
#ifndef ANNC_KERNELS_TENSOR_TENSOR_PRODUCTS_CUH
#define ANNC_KERNELS_TENSOR_TENSOR_PRODUCTS_CUH

#include "kernels/tensor/tensor_layout.cuh"

constexpr int STEP_BYTES = ROWS * TILE * 2;           // from a step's rows in a tile to the next step's
constexpr int STRIDE_BYTES = PRODUCT_WARPS * X_BYTES; // from a warp's tile to its next

// Returns where in the first tile of warp w lane `lane` finds its row of the 4 tiles of 8 x 8 of a
// load.
ANNC_INLINE uint32_t tile_address(TensorMemory &s, int group, int w, int lane)
{
    return shared_address(s.x[group & 1][w]) + place_in_tile(lane & 15, lane >> 4);
}

// The same for the right operand of a product: 8 rows after 8 rows, so that its registers are
// neighbours.
ANNC_INLINE uint32_t right_address(TensorMemory &s, int group, int w, int lane)
{
    return shared_address(s.x[group & 1][w]) + place_in_tile((lane & 7) + (lane >> 4) * 8, lane >> 3 & 1);
}

// ---------------------------------------------------------------- inputs

ANNC_INLINE void await_copies()
{
    asm volatile("cp.async.wait_all;" ::: "memory");
}

// Begins to copy a group's bytes: complete after await_copies(). A lane fetches and converts one
// row of its warp's tiles.
template <int TILES_HERE> ANNC_INLINE void fetch_group(TensorMemory &s, int group, int w, int lane)
{
    const uint32_t number = s.numbers[group % 8][lane], inputs = s.net.inputs;
    const uint8_t *from = (const uint8_t *)s.net.examples.x + (size_t)number * inputs;
    unsigned char *to = s.raw[w] + lane * TILE;
    if (number != NO_EXAMPLE && inputs % TILE == 0) { //@skip
        const int tiles = s.tiles;
#pragma unroll
        for (int q = 0; q < TILES_HERE; q++) {
            const int tile = w + q * PRODUCT_WARPS, bytes = tile < tiles ? TILE : 0; // the rest becomes 0
            asm volatile(
                "cp.async.cg.shared.global [%0],[%1],16,%2;" ::"r"(shared_address(to + q * PRODUCT_WARPS * RAW_BYTES)),
                "l"(from + (tile < tiles ? tile * TILE : 0)), "r"(bytes)
                : "memory");
        }
        return;
    }
    // Rows that do not begin at multiples of 16 bytes.
#pragma unroll 1
    for (int q = 0; q < TILES_HERE; q++)
#pragma unroll 8
        for (uint32_t i = 0; i < TILE; i++) {
            const uint32_t input = (w + q * PRODUCT_WARPS) * TILE + i;
            to[q * PRODUCT_WARPS * RAW_BYTES + i] = number != NO_EXAMPLE && input < inputs ? from[input] : 0;
        }
}

// Returns bytes 2 i and 2 i + 1 of a word as two fp16: the last bits of one from 2^10 to 2^11 count
// ones.
ANNC_INLINE uint32_t f16_of_bytes(uint32_t word, int i)
{
    constexpr uint32_t POWERS = 0x64006400u; // 2^10 twice
    uint32_t pair = __byte_perm(word, POWERS, 0x7170 + i * 0x0202);
    asm("sub.rn.f16x2 %0,%0,%1;" : "+r"(pair) : "r"(POWERS));
    return pair;
}

// Turns the bytes of a group, which this lane has fetched, into fp16.
template <int TILES_HERE> ANNC_INLINE void convert_group(TensorMemory &s, int group, int w, int lane)
{
    await_copies();
    __syncwarp(); // the inputs of the group before last are not needed any more
#pragma unroll
    for (int q = 0; q < TILES_HERE; q++) {
        const uint4 raw = *reinterpret_cast<const uint4 *>(s.raw[w + q * PRODUCT_WARPS] + lane * TILE);
        const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
        unsigned char *to = s.x[group & 1][w] + q * STRIDE_BYTES;
#pragma unroll
        for (int half = 0; half < 2; half++)
            *reinterpret_cast<uint4 *>(to + place_in_tile(lane, half)) =
                make_uint4(f16_of_bytes(words[2 * half], 0), f16_of_bytes(words[2 * half], 1),
                           f16_of_bytes(words[2 * half + 1], 0), f16_of_bytes(words[2 * half + 1], 1));
    }
    __syncwarp();
}

// ---------------------------------------------------------------- products

// W = W + k delta^T X of a group.
template <int TILES_HERE>
ANNC_INLINE void update_group(TensorMemory &s, ProductState<TILES_HERE> &P, int group, int w, int lane)
{
    const uint32_t rows = tile_address(s, group, w, lane),
                   deltas = shared_address(&s.delta[group & 1][0][0][lane & 15][8 * (lane >> 4)]);
    const int tiles = s.tiles;
#pragma unroll
    for (int h = 0; h < 2; h++) {
        uint32_t delta[2 * STEPS][4]; // [part of a step]
#pragma unroll
        for (int k = 0; k < 2 * STEPS; k++)
            load_tiles(delta[k], deltas + (k * UNITS + h * 16) * ROWS * 2);
        const float2 unit = load2(&s.delta_unit[group & 1][2 * h]);
        const float factor[2] = {unit.x * P.scale, unit.y * P.scale};
#pragma unroll
        for (int q = 0; q < TILES_HERE; q++) {
            uint32_t x[STEPS][4];
            // A branch, lest the loads of all tiles at once take the place of weights.
            if (q > 0 && w + q * PRODUCT_WARPS >= tiles)
                break;
            float change[2][4]; // [8 inputs]
#pragma unroll
            for (int i = 0; i < STEPS; i++)
                load_tiles_transposed(x[i], rows + q * STRIDE_BYTES + i * STEP_BYTES);
#pragma unroll
            for (int j = 0; j < 2; j++)
                mma_f16_first(change[j], delta[2 * STEPS - 1], x[STEPS - 1][2 * j], x[STEPS - 1][2 * j + 1]);
#pragma unroll
            for (int p = 1; p >= 0; p--) // small parts first
#pragma unroll
                for (int i = 0; i < STEPS - p; i++)
#pragma unroll
                    for (int j = 0; j < 2; j++)
                        mma_f16(change[j], delta[2 * i + p], x[i][2 * j], x[i][2 * j + 1]);
#pragma unroll
            for (int j = 0; j < 2; j++)
#pragma unroll
                for (int r = 0; r < 4; r++)
                    P.W[q][h][j][r] = fmaf(change[j][r], factor[r >> 1], P.W[q][h][j][r]);
        }
    }
}

// Adds this warp's part of X_i X_j^T. Sums of integers below 2^23 are exact in fp32, whatever their
// order, and so are the sums over the warps, which are cleared to take the BITS_OF_ONES of each.
ANNC_INLINE void add_gram(TensorMemory &s, int group, int pair, const float (*c)[4], int lane)
{
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int r = 0; r < 4; r++)
            atomicAdd(&s.gram[group % 3][pair][half * 128 + r * 32 + lane], __float_as_int(c[half][r] + ONES));
}
static_assert(OWN_TILES * TILE * 255 * 255 < 1 << 23, "a warp's part of a sum");

// C = C + X_i X_j^T of a tile, by the fragments of their rows.
ANNC_INLINE void multiply_rows(float (*c)[4], const uint32_t *i, const uint32_t *j)
{
    mma_f16(c[0], i, j[0], j[1]);
    mma_f16(c[1], i, j[2], j[3]);
}

// The products of the inputs of a group's steps with those of step J of the group before, over this
// warp's tiles, and for the first of them those of the second step with the first.
template <int J, int TILES_HERE> ANNC_INLINE void multiply_inputs(TensorMemory &s, int group, int w, int lane)
{
    const uint32_t rows = tile_address(s, group, w, lane), first_rows = right_address(s, group, w, lane),
                   rows_before = right_address(s, group - 1, w, lane);
    float with_old[STEPS][2][4] = {}, with_new[2][4] = {};
#pragma unroll
    for (int q = 0; q < TILES_HERE; q++) {
        uint32_t x[STEPS][4], old[4], first[4];
#pragma unroll
        for (int i = 0; i < STEPS; i++)
            load_tiles(x[i], rows + q * STRIDE_BYTES + i * STEP_BYTES);
        load_tiles(old, rows_before + q * STRIDE_BYTES + J * STEP_BYTES);
        if (J == 0) {
            load_tiles(first, first_rows + q * STRIDE_BYTES);
            multiply_rows(with_new, x[1], first);
        }
#pragma unroll
        for (int i = 0; i < STEPS; i++)
            multiply_rows(with_old[i], x[i], old);
    }
    if (group > 0)
#pragma unroll
        for (int i = 0; i < STEPS; i++)
            add_gram(s, group, i * STEPS + J, with_old[i], lane);
    if (J == 0)
        add_gram(s, group, NEW_PAIR, with_new, lane);
}

// This warp's part of X W^T of a group, stored once the chain has read the one before.
template <int TILES_HERE>
ANNC_INLINE void multiply_group(TensorMemory &s, const ProductState<TILES_HERE> &P, int group, int w, int lane)
{
    const uint32_t rows = tile_address(s, group, w, lane);
    const float unit = inverse_of_power(P.scale);
    const int part = TILES_HERE == OWN_TILES ? w : PRODUCT_WARPS;
#pragma unroll
    for (int h = 0; h < 2; h++) {
        float z[STEPS][2][4] = {}; // [step][8 units]
#pragma unroll
        for (int q = 0; q < TILES_HERE; q++) {
            uint32_t x[STEPS][4], split[2][2][2]; // [part][8 units][8 inputs]
#pragma unroll
            for (int i = 0; i < STEPS; i++)
                load_tiles(x[i], rows + q * STRIDE_BYTES + i * STEP_BYTES);
#pragma unroll
            for (int n = 0; n < 2; n++)
#pragma unroll
                for (int j = 0; j < 2; j++)
                    split_f16(P.W[q][h][j][2 * n], P.W[q][h][j][2 * n + 1], split[0][n][j], split[1][n][j]);
#pragma unroll
            for (int p = 1; p >= 0; p--) // small parts first
#pragma unroll
                for (int i = 0; i < STEPS; i++)
#pragma unroll
                    for (int n = 0; n < 2; n++)
                        mma_f16(z[i][n], x[i], split[p][n][0], split[p][n][1]);
        }
        if (group > 0 && h == 0)
            wait(&s.z_read, (group - 1) & 1); //@wait zread
#pragma unroll
        for (int i = 0; i < STEPS; i++)
#pragma unroll
            for (int n = 0; n < 2; n++)
                *reinterpret_cast<float4 *>(&s.z[part][i][2 * h + n][lane * 4]) =
                    make_float4(z[i][n][0] * unit, z[i][n][1] * unit, z[i][n][2] * unit, z[i][n][3] * unit);
    }
}

// ---------------------------------------------------------------- a phase

// What the warp of tiles w, w + PRODUCT_WARPS, ... does while the chain runs group `group`, -1 before
// the first.
template <int TILES_HERE>
ANNC_INLINE void product_phase(TensorMemory &s, ProductState<TILES_HERE> &P, int group, int w, int lane)
{
    asm volatile("" : "+r"(w), "+r"(lane)); // kept from phase to phase, addresses would take the place of weights
    if (group > 0) {
        wait(&s.deltas_full[(group - 1) & 1], (group - 1) >> 1 & 1); //@wait deltas
        update_group(s, P, group - 1, w, lane);
    }
    if (group + 1 >= groups_of(s))
        return;
    convert_group<TILES_HERE>(s, group + 1, w, lane);
    if (group + 2 < groups_of(s))
        fetch_group<TILES_HERE>(s, group + 2, w, lane);
    multiply_inputs<0, TILES_HERE>(s, group + 1, w, lane);
    multiply_inputs<1, TILES_HERE>(s, group + 1, w, lane);
    multiply_group(s, P, group + 1, w, lane);
    __syncwarp();
    if (lane == 0)
        arrive(&s.z_full); //@signal zfull
}

// ---------------------------------------------------------------- parameters

// Returns the place of a weight in theta, or NULL where the padded matrix goes beyond the
// network's.
ANNC_INLINE float *place_of(const TensorMemory &s, int tile, int lane, int h, int j, int r)
{
    asm volatile("" : "+r"(tile)); // the addresses of all weights at once would take too many registers
    const int g = lane >> 2, t = lane & 3;
    const uint32_t unit = h * 16 + g + (r >> 1) * 8, input = tile * TILE + j * 8 + 2 * t + (r & 1);
    return unit < s.net.hidden && input < s.net.inputs ? s.net.theta + (size_t)unit * s.net.inputs + input : nullptr;
}

#define ANNC_FOR_WEIGHTS(q, h, j, r)                                                                                   \
    _Pragma("unroll") for (int q = 0; q < TILES_HERE; q++) _Pragma("unroll") for (int h = 0; h < 2; h++)               \
        _Pragma("unroll") for (int j = 0; j < 2; j++) _Pragma("unroll") for (int r = 0; r < 4; r++)

// Loads the weights, and sets their scale so that they can grow 127 times, and up to 2047, before
// fp16 has no such numbers.
template <int TILES_HERE>
ANNC_INLINE void load_weights(const TensorMemory &s, ProductState<TILES_HERE> &P, int w, int lane)
{
    constexpr float SMALL = 8;
    uint32_t largest = __float_as_uint(SMALL); // as bits, which have the order of the numbers
    ANNC_FOR_WEIGHTS (q, h, j, r) {
        const float *from = place_of(s, w + q * PRODUCT_WARPS, lane, h, j, r);
        P.W[q][h][j][r] = from ? *from : 0.f;
        largest = max(largest, __float_as_uint(fabsf(P.W[q][h][j][r])));
    }
    P.scale = power_of_2(8 - exponent_of(__reduce_max_sync(~0u, largest)));
    ANNC_FOR_WEIGHTS (q, h, j, r)
        P.W[q][h][j][r] *= P.scale;
}

template <int TILES_HERE>
ANNC_INLINE void store_weights(const TensorMemory &s, const ProductState<TILES_HERE> &P, int w, int lane)
{
    const float unit = inverse_of_power(P.scale);
    ANNC_FOR_WEIGHTS (q, h, j, r) {
        float *to = place_of(s, w + q * PRODUCT_WARPS, lane, h, j, r);
        if (to)
            *to = P.W[q][h][j][r] * unit;
    }
}

#undef ANNC_FOR_WEIGHTS

#endif
