// chain_block.cuh - block 0 of the cluster: the steps themselves, one after another.
//
//   warps 0 to 3    chain    hidden units 8w to 8w + 7 of all rows: Z^1, A^1, Z^2, delta^2, delta^1,
//                            and their W^2 in registers; delta^1 to the helpers
//   4 warps         prepare  Z^1 but for the last delta: the helpers' parts, corrections by older ones
//   a warp          bias     b^2; Z^2 to the helper that scores; the ring of records
//
// Products are 3xTF32: high high + high low + low high. Fragments: lane = 4 g + t; a tile of 16
// rows x 8 columns has rows g, g + 8 and columns 2t, 2t + 1 in registers 0 to 3. A product over
// examples takes them in the order 2t, 2t + 1, 2t + 8, 2t + 9. The product that gives delta^1 is
// transposed, units x examples: so each product's result is the next one's operand, and nothing is
// shuffled from step to step. Only f' of it and the product for W^2 need A^1 and delta^2 transposed,
// through shared memory, while the chain waits for something else.
//
// The chain's instructions issue in order, and one that waits holds up all that follow. So what a step
// needs from elsewhere is asked for where a product is on its way: targets and G before CHAIN_SYNC,
// Z^1 of the next step during the product that gives delta^1.
//
// The roles of a step meet at these barriers; a slot is free again where its line says so.
//   z_full         helpers -> prepare  free: prepare expects its next bytes only after the wait,
//                  and a helper sends step t + RING after delta of t + RING - LAG - 1, which
//                  follows that wait.
//   record_full    bias -> prepare     free: bias refills slot t after named barrier 2 of step t;
//                  before it the chain has read t's targets and G, and prepare the rest.
//   z_ready        prepare -> chain    two in turn: prepare writes z1 of t + 2 after delta_ready of
//                  t, or for LAG 1 after z_full of t + 2, both of which follow the chain's read.
//   delta_ready    chain -> prepare    free: the chain writes slot t + RING after z_ready of t + LAG,
//                  before which prepare has read t.
//   named barrier 1  among the chain's 4 warps, and from bias, which has b2 of t there: b2 of t + 1
//                  is written after named barrier 2 of t, before which the chain has read that of t.
//   named barrier 2  chain -> bias     z2 and delta2 of t + 2 are written after named barrier 1 of
//                  t + 1, at which bias arrives after its reads of t.
#ifndef ANNC_KERNELS_CLUSTER_CHAIN_BLOCK_CUH
#define ANNC_KERNELS_CLUSTER_CHAIN_BLOCK_CUH

#include "kernels/cluster/cluster_layout.cuh"
#include "kernels/cluster/linear_update.cuh"
#include "kernels/two_layers/outputs.cuh"
#include "kernels/two_layers/products.cuh"

// Named barriers: 1 among the chain's 4 warps and from bias to them, 2 from them to bias.
#define BIAS_ARRIVE()   asm volatile("bar.arrive 1,160;" ::: "memory")
#define CHAIN_SYNC()    asm volatile("bar.sync 1,160;" ::: "memory")
#define OUTPUT_ARRIVE() asm volatile("bar.arrive 2,160;" ::: "memory")
#define OUTPUT_SYNC()   asm volatile("bar.sync 2,160;" ::: "memory")

// ---------------------------------------------------------------- loads

// at: this lane's part of a G in a record.
ANNC_INLINE void load_gram(GramFragment &G, const float *at)
{
#pragma unroll
    for (int s = 0; s < 2; s++) {
        const float4 h = load4(at + s * 128), o = load4(at + 256 + s * 128);
        const float high[4] = {h.x, h.y, h.z, h.w}, low[4] = {o.x, o.y, o.z, o.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            G.high[s][i] = high[i];
            G.low[s][i] = low[i];
        }
    }
}

// Loads delta of unit g, examples 2t, 2t + 1, 2t + 8, 2t + 9.
ANNC_INLINE void load_delta(float *d, const float *delta, int lane)
{
    const float4 v = load4(delta + lane * 4);
    d[0] = v.x;
    d[1] = v.y;
    d[2] = v.z;
    d[3] = v.w;
}

// Loads the biases of a lane's distinct outputs, the third of which has its bias at `last`.
template <int N>
ANNC_INLINE void load_output_biases(float (&b)[DISTINCT_OUTPUTS<N>], const float *first, const float *last)
{
    const float2 low = load2(first);
    b[0] = low.x;
    b[1] = low.y;
#pragma unroll
    for (int i = 2; i < DISTINCT_OUTPUTS<N>; i++)
        b[i] = last[i - 2]; //@wf1
}

// ---------------------------------------------------------------- chain

// Where a lane of the chain reads and writes; in step 0 where two steps alternate.
struct ChainPlaces {
    float *tiles[3], *lasts;         // Z^2 of the warps w ^ 1, w ^ 2, w ^ 3, and of all warps
    float *own_tile, *own_last, *z1; // of this warp
    float *a_to, *a_from;            // as store_transposed and load_examples take them
    float *delta2_to, *delta2_last_to, *delta2_from;
    float *W2_to, *W2_from, *W2_last_from;
    float *b2, *b2_last;
    TargetPlaces targets; // these and G in slot 0
    float *gram, *delta;
    uint32_t sent[PARTS]; // delta of the warp's units in helpers; in slot 0
    int sent_full;        // from there to the barrier of slot 0
};

template <int N> ANNC_INLINE void find_places(ChainPlaces &at, ChainMemory &s, int w, int lane)
{
    const int g = lane >> 2, t = lane & 3;
    constexpr bool few = N == LANE_OUTPUTS_OF_10; // else the others are 8 further
    ChainStep &S = s.step[0];
#pragma unroll
    for (int i = 1; i < 4; i++)
        at.tiles[i - 1] = kept(&S.z2[w ^ i][lane * 4]);
    at.lasts = kept(&S.z2_last[0][last_of_lane<N>(lane)]);
    at.own_tile = kept(&S.z2[w][lane * 4]);
    at.own_last = kept(&S.z2_last[w][last_of_lane<N>(lane)]);
    at.z1 = kept(&S.z1[w][lane * 4]);
    at.a_to = kept(&s.a[w][2 * t][g]);
    at.a_from = kept(&s.a[w][g][2 * t]);
    at.delta2_to = kept(&S.delta2[w][2 * t][g]);
    at.delta2_last_to =
        few ? kept(&S.delta2[w][output_of<N>(t, 4)][g + 8 * half_of<N>(t, 4)]) : at.delta2_to + 8 * EXAMPLE_STRIDE;
    at.delta2_from = kept(&S.delta2[w][g][2 * t]);
    at.W2_to = kept(&s.W2[w][g][2 * t]);
    at.W2_from = kept(&s.W2[w][2 * t][g]);
    at.W2_last_from = few ? kept(&s.W2[w][output_of<N>(t, 4)][g]) : at.W2_from + 8 * W2_STRIDE;
    at.b2 = kept(&s.b2[2 * t]);
    at.b2_last = few ? kept(&s.b2[output_of<N>(t, 4)]) : at.b2 + 8;
    const TargetPlaces targets = targets_of_lane<N>(s.record[0], lane);
    at.targets.first = kept(targets.first);
    at.targets.last = few ? kept(targets.last) : at.targets.first + 8;
    at.targets.scale = kept(targets.scale);
    at.gram = kept(&s.record[0][TARGETS + lane * 4]);
    at.delta = kept(&s.delta[0][w][lane * 4]);
    const HelperRings *rings = reinterpret_cast<const HelperRings *>(&s); // the same offset in every block
    const uint32_t sent = shared_address(&rings->sent[0][w & 1][lane * 4]);
    at.sent_full = kept((int)(shared_address(&rings->sent_full[0]) - sent));
#pragma unroll
    for (int p = 0; p < PARTS; p++)
        at.sent[p] = address_in_block(sent, 1 + 2 * p + w / 2);
}

// Floats from a place in step 0 to that in step PARITY, and from W^2 by units to the slopes.
template <int PARITY> constexpr int TO_STEP = PARITY *(int)(sizeof(ChainStep) / sizeof(float));
constexpr int TO_SLOPES = 4 * 8 * EXAMPLE_STRIDE;

// Stores a warp's part of Z^2.
template <int N> ANNC_INLINE void store_output_part(float *tile, float *last, const OutputPart &part, int t)
{
    *reinterpret_cast<float4 *>(tile) = tile_of(part);
    const float4 z2_last = last_tile_of(part);
    if constexpr (N != LANE_OUTPUTS_OF_10)
        *reinterpret_cast<float4 *>(last) = z2_last;
    else if (t == 0)
        *reinterpret_cast<float4 *>(last) = z2_last; //@wf1
}

// Stores a lane's values of delta^2 for the product with A^1 and for the bias.
template <int N> ANNC_INLINE void store_delta2(float *to, float *last_to, const float (&delta2)[N])
{
    store_transposed(to, delta2);
    if constexpr (N == LANE_OUTPUTS_OF_10)
        *last_to = delta2[4];
    else
        store_transposed(last_to, delta2 + 4);
}

struct ChainState {
    ChainPlaces at;
    float z[4];   // Z^1 of this step, but for the last step's delta: rows g, g, g + 8, g + 8
    Product last; // what the last step's delta adds to Z^1 of this step
    // W^2 of outputs g, g, g + 8, g + 8 and units 2t, 2t + 1, 2t, 2t + 1 of the warp's 8, its state
    // unless PLAIN, and the operands made of it.
    float W2[4], v[4], high[4], low[4];
    float live[2]; // 1 where the two units exist, else 0: the rest has activations too
    // Of the last step, for the change of W^2: delta^2 of outputs g and g + 8 and A^1 of unit g, of the
    // examples of delta; -eta / m, unless PLAIN eta.
    float low_outputs[4], high_outputs[4], A[4], rate;
    float per_divisor; // 1 / divisor, unless PLAIN 1 / (m divisor)
};

// Makes the operands of W^2; those of the way back are read after CHAIN_SYNC.
ANNC_INLINE void split_W2(ChainState &c)
{
#pragma unroll
    for (int q = 0; q < 4; q++) {
        c.high[q] = tf32_high(c.W2[q]);
        c.low[q] = tf32_low(c.W2[q], c.high[q]);
    }
    *reinterpret_cast<float2 *>(c.at.W2_to) = make_float2(c.W2[0], c.W2[1]);
    *reinterpret_cast<float2 *>(c.at.W2_to + 8 * W2_STRIDE) = make_float2(c.W2[2], c.W2[3]);
}

// Updates W^2 by the last step.
template <bool PLAIN> ANNC_INLINE void update_W2(const annc_cluster_launch &job, ChainState &c, const Product &change)
{
    const float per_m = 1.f / (float)job.m;
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const float sum = sum_of(change, q), live = c.live[q & 1];
        if (PLAIN)
            c.W2[q] = fmaf(c.rate * live, sum, c.W2[q]);
        else
            linear_step(job.rule, true, c.rate, per_m * live * sum, c.W2[q], c.v[q]);
    }
}

// Returns the factors of dropout for a lane's values: rows g, g, g + 8, g + 8 of the units `unit`
// and `unit` + 1.
ANNC_INLINE float4 dropout_factors(const annc_cluster_launch &job, const float *record, int unit, int g)
{
    const uint32_t low = __float_as_uint(record[KEPT + g]) >> unit,
                   high = __float_as_uint(record[KEPT + g + 8]) >> unit;
    const float k = job.dropout_scale;
    return make_float4(low & 1 ? k : 0.f, low & 2 ? k : 0.f, high & 1 ? k : 0.f, high & 2 ? k : 0.f);
}

// x = x times the factors of dropout.
ANNC_INLINE void drop(float (&x)[4], float4 factors)
{
    x[0] *= factors.x;
    x[1] *= factors.y;
    x[2] *= factors.z;
    x[3] *= factors.w;
}

// Waits for Z^1 of a step as prepare has it.
template <int PARITY> ANNC_INLINE void wait_for_z(ChainMemory &s, ChainState &c, int step)
{
    wait(&s.z_ready[PARITY], step >> 1 & 1); //@wait zready
    const float4 z = load4(c.at.z1 + TO_STEP<PARITY>);
    c.z[0] = z.x;
    c.z[1] = z.y;
    c.z[2] = z.z;
    c.z[3] = z.w;
}

template <bool HEADLINE, bool PLAIN, int PARITY>
ANNC_INLINE void chain_step(ChainMemory &s, const annc_cluster_launch &job, ChainState &c, int w, int lane, int step)
{
    constexpr int N = LANE_OUTPUTS<HEADLINE>;
    const int g = lane >> 2, t = lane & 3;
    constexpr int here = TO_STEP<PARITY>;
    add_product(c.z, c.last);
    float a[4];
    activate_hidden<HEADLINE>(job.net, c.z, a);
    Product change; // before step 0 all factors are 0
    multiply_errors(change, c.low_outputs, c.high_outputs, c.A);
    if (PLAIN || step > 0) // momentum moves W^2 without a gradient, too
        update_W2<PLAIN>(job, c, change);
    split_W2(c);
    // The targets, and G between this step and the next; prepare has seen that they are there.
    float y[N], scale[2];
    load_targets(y, scale, c.at.targets, slot_of<RING>(step) * RECORD);
    GramFragment G;
    if (HEADLINE) // other functions need the registers
        load_gram(G, c.at.gram + slot_of<RING>(step + 1) * RECORD);
    c.rate = s.rate[step];
    __syncwarp();
    float in[4] = {a[0], a[1], a[2], a[3]}; // of layer 2
    if (!HEADLINE) {
        const float4 factors = dropout_factors(job, s.record[slot_of<RING>(step)], 8 * w + 2 * t, g);
        float slope[4] = {1, 1, 1, 1};
        drop(in, factors);
        multiply_by_derivative(job.net.hidden_activation, c.z, a, slope);
        drop(slope, factors);
        store_transposed(c.at.a_to + TO_SLOPES, slope);
    }
    OutputPart part;
    multiply_by_W2(part, in, c.high, c.low);
    store_transposed(c.at.a_to, in);
    float r[DISTINCT_OUTPUTS<N>]; // W^2 as the operand of the way back: the outputs of this lane, unit g
#pragma unroll
    for (int i = 0; i < DISTINCT_OUTPUTS<N>; i++)
        r[i] = i < 2 ? c.at.W2_from[i * W2_STRIDE] : c.at.W2_last_from[(i - 2) * W2_STRIDE];
    store_output_part<N>(c.at.own_tile + here, c.at.own_last + here, part, t);
    CHAIN_SYNC(); //@bar
    float b[DISTINCT_OUTPUTS<N>];
    load_output_biases<N>(b, c.at.b2, c.at.b2_last);
    // Every warp has the same bits: it adds (w, w ^ 1) to (w ^ 2, w ^ 3), and a + b = b + a.
    OutputParts<N> parts;
    set_output_tile(parts.of[0], tile_of(part));
#pragma unroll
    for (int i = 1; i < 4; i++)
        set_output_tile(parts.of[i], load4(c.at.tiles[i - 1] + here));
#pragma unroll
    for (int i = 0; i < 4; i++)
        load_output_last(parts.of[i], c.at.lasts + here + i * 128);
    float o[N], delta2[N];
    sum_output_parts(o, parts, b);
    begin_output_error<HEADLINE>(o);
    output_error<HEADLINE>(job.net, lane, o, y, scale, delta2);
    if (!HEADLINE)
        load_gram(G, c.at.gram + slot_of<RING>(step + 1) * RECORD);
    UnitSum sum;
    multiply_back_by_unit(sum, delta2, r, t);
    store_delta2(c.at.delta2_to + here, c.at.delta2_last_to + here, delta2);
    OUTPUT_ARRIVE();
    __syncwarp();
    load_examples(c.A, c.at.a_from);
    load_examples(c.low_outputs, c.at.delta2_from + here);
    load_examples(c.high_outputs, c.at.delta2_from + here + 8 * EXAMPLE_STRIDE);
    wait_for_z<PARITY ^ 1>(s, c, step + 1); // while the tensor core is at work
    float slope[4], delta[4];               // unit g, examples 2t, 2t + 1, 2t + 8, 2t + 9
    if (HEADLINE) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            slope[i] = fmaf(-c.A[i], c.A[i], c.A[i]);
    } else {
        load_examples(slope, c.at.a_from + TO_SLOPES);
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
        delta[i] = sum_times(sum, i, slope[i]);
    DeltaFragment D;
    split_delta(D, delta);
    multiply(c.last, G, D); // the chain goes on with it; who else wants delta has more time
    const int slot = slot_of<RING>(step);
    *reinterpret_cast<float4 *>(c.at.delta + slot * 4 * 128) = make_float4(delta[0], delta[1], delta[2], delta[3]);
    __syncwarp();
    if (lane == 0)
        arrive(&s.delta_ready[slot]); //@signal dready
    const float k = PLAIN ? c.rate * c.per_divisor : c.per_divisor;
    const float4 to_send = make_float4(k * delta[0], k * delta[1], k * delta[2], k * delta[3]);
    const int full = c.at.sent_full + slot * 8;
#pragma unroll
    for (int p = 0; p < PARTS; p++)
        send(c.at.sent[p] + slot * SENT_BYTES, to_send, c.at.sent[p] + full); //@signal dfull
}

// W2, v: of the network and its optimiser; v is NULL without.
template <bool HEADLINE, bool PLAIN>
ANNC_INLINE void chain_warp(ChainMemory &s, const annc_cluster_launch &job, float *W2, float *v, int w, int lane)
{
    lane = kept(lane);
    const int steps = (int)job.steps, hidden = (int)job.net.hidden, outputs = (int)job.net.outputs;
    const int g = lane >> 2, t = lane & 3, unit = 8 * w + 2 * t;
    ChainState c = {};
    find_places<LANE_OUTPUTS<HEADLINE>>(c.at, s, w, lane);
    c.per_divisor = kept(PLAIN ? 1.f / job.divisor : 1.f / job.divisor / (float)job.m);
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const int j = g + 8 * (q >> 1), n = unit + (q & 1);
        c.live[q & 1] = kept(n < hidden ? 1.f : 0.f);
        c.W2[q] = j < outputs && n < hidden ? W2[j * hidden + n] : 0.f;
        c.v[q] = v && j < outputs && n < hidden ? v[j * hidden + n] : 0.f;
    }
    wait_for_z<0>(s, c, 0);
#pragma unroll 1
    for (int step = 0; step + 1 < steps; step += 2) { // no branch between: the end of a step runs beside the next one
        chain_step<HEADLINE, PLAIN, 0>(s, job, c, w, lane, step);
        chain_step<HEADLINE, PLAIN, 1>(s, job, c, w, lane, step + 1);
    }
    if (steps & 1)
        chain_step<HEADLINE, PLAIN, 0>(s, job, c, w, lane, steps - 1);
    Product change;
    multiply_errors(change, c.low_outputs, c.high_outputs, c.A);
    update_W2<PLAIN>(job, c, change);
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const int j = g + 8 * (q >> 1), n = unit + (q & 1);
        if (j < outputs && n < hidden)
            W2[j * hidden + n] = c.W2[q];
        if (v && j < outputs && n < hidden)
            v[j * hidden + n] = c.v[q];
    }
}

// ---------------------------------------------------------------- prepare

// Z^1 of units 16 half to 16 half + 15 of every other step: the helpers' parts, and the corrections
// by the deltas of 2 to LAG steps ago.
ANNC_INLINE void prepare_warp(ChainMemory &s, const annc_cluster_launch &job, int half, int parity, int lane)
{
    const int steps = (int)job.steps;
    for (int step = parity; step < steps; step += 2) {
        const int slot = slot_of<RING>(step);
        wait(&s.record_full[slot], parity_of<RING>(step));
        Product sum[2];
        // The deltas first: the way of a delta through the helpers is longer. G comes before each.
#pragma unroll
        for (int lag = LAG; lag > 1; lag--) {
            const int past = slot_of<RING>(step - lag);
            if (step >= lag) {
                GramFragment G;
                load_gram(G, s.record[slot] + TARGETS + (lag - 1) * GRAM + lane * 4);
                if (lag == 2)
                    wait(&s.delta_ready[past], parity_of<RING>(step - lag)); //@wait dready2
                else
                    wait(&s.delta_ready[past], parity_of<RING>(step - lag)); //@wait dready3
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    float d[4];
                    DeltaFragment D;
                    load_delta(d, s.delta[past][2 * half + j], lane);
                    split_delta(D, d);
                    if (lag == LAG)
                        multiply(sum[j], G, D);
                    else
                        multiply_more(sum[j], G, D);
                }
            } else if (lag == LAG) {
                sum[0] = sum[1] = {};
            }
        }
        if (LAG == 1)
            sum[0] = sum[1] = {};
        float z[2][4];
#pragma unroll
        for (int j = 0; j < 2; j++)
#pragma unroll
            for (int q = 0; q < 4; q++)
                z[j][q] = sum_of(sum[j], q);
        wait_for_cluster(&s.z_full[slot], parity_of<RING>(step)); //@wait zfull
        if (half == 0 && lane == 0)
            arrive_expecting(&s.z_full[slot], HELPERS * Z_BYTES);
#pragma unroll
        for (int p = 0; p < PARTS; p++)
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const float4 v = load4(&s.z_parts[slot][p][2 * half + i][lane * 4]);
                z[i][0] += v.x;
                z[i][1] += v.y;
                z[i][2] += v.z;
                z[i][3] += v.w;
            }
#pragma unroll
        for (int j = 0; j < 2; j++)
            *reinterpret_cast<float4 *>(&s.step[parity].z1[2 * half + j][lane * 4]) =
                make_float4(z[j][0], z[j][1], z[j][2], z[j][3]);
        if (step + 1 < steps) // the chain reads the next record's G before the next z_ready
            wait(&s.record_full[slot_of<RING>(step + 1)], parity_of<RING>(step + 1));
        __syncwarp();
        if (lane == 0)
            arrive(&s.z_ready[parity]); //@signal zready
    }
    if ((steps & 1) == parity) { // the chain waits once more than there are steps
        if (steps > 1)           // and has waited for the step before this one
            wait(&s.delta_ready[slot_of<RING>(steps - 2)], parity_of<RING>(steps - 2));
        if (lane == 0)
            arrive(&s.z_ready[parity]);
    }
}

// ---------------------------------------------------------------- bias

// Sends Z^2 of a step to the warp that scores it: this lane's first 4 values, and the others.
template <int N>
ANNC_INLINE void send_outputs(const ChainStep &S, const float (&b)[DISTINCT_OUTPUTS<N>], uint32_t to, uint32_t last_to,
                              uint32_t barrier, int lane)
{
    OutputParts<N> parts;
    float z[N];
#pragma unroll
    for (int i = 0; i < 4; i++)
        load_output_part(parts.of[i], S.z2[i] + lane * 4, S.z2_last[i] + last_of_lane<N>(lane));
    sum_output_parts(z, parts, b);
    send(to, make_float4(z[0], z[1], z[2], z[3]), barrier);
    if constexpr (N == LANE_OUTPUTS_OF_10)
        send(last_to, z[4], barrier); //@signal z2ready
    else
        send(last_to, make_float4(z[4], z[5], z[6], z[7]), barrier); //@signal z2ready
}

// b^2, and its state v (NULL without), by (delta^2)^T 1.
template <bool HEADLINE, bool PLAIN>
ANNC_INLINE void bias_warp(ChainMemory &s, const annc_cluster_launch &job, float *b2, float *v, int lane)
{
    constexpr int N = LANE_OUTPUTS<HEADLINE>;
    const int steps = (int)job.steps;
    const bool live = lane < (int)job.net.outputs;
    const float per_m = 1.f / (float)job.m;
    const HelperRings *scorer = reinterpret_cast<const HelperRings *>(&s); // the same offset in every block
    const uint32_t to = address_in_block(shared_address(&scorer->z2[0][0][lane * 4]), SCORER),
                   last_to = address_in_block(shared_address(&scorer->z2[0][1][last_of_lane<N>(lane)]), SCORER),
                   barrier = address_in_block(shared_address(&scorer->score_full[0]), SCORER);
    const float *first_bias = &s.b2[2 * (lane & 3)], *last_bias = &s.b2[output_of<N>(lane & 3, 4)];
    float bias = s.b2[lane & 15], state = v && live ? v[lane] : 0.f;
#pragma unroll 1
    for (int step = 0; step < steps; step++) {
        const int slot = slot_of<RING>(step);
        const ChainStep &S = s.step[step & 1];
        const float k = s.rate[step];
        float b[DISTINCT_OUTPUTS<N>]; // of this step
        load_output_biases<N>(b, first_bias, last_bias);
        BIAS_ARRIVE();
        OUTPUT_SYNC();                                             //@a2
        const float *d = &S.delta2[0][lane & 15][(lane >> 4) * 8]; // rows 0 to 7 or 8 to 15
        const float4 x = load4(d), y = load4(d + 4);
        float total = ((x.x + y.x) + (x.y + y.y)) + ((x.z + y.z) + (x.w + y.w));
        total += __shfl_xor_sync(~0u, total, 16);
        if (PLAIN)
            bias = fmaf(k, total, bias); //@bias
        else
            linear_step(job.rule, false, k, per_m * total, bias, state); //@bias
        if (lane < 16)
            s.b2[lane] = bias;
        __syncwarp();
        send_outputs<N>(S, b, to + slot * Z2_STRIDE, last_to + slot * Z2_STRIDE, barrier + slot * 8, lane);
        if (lane == 0 && step + RING < steps) {
            arrive_expecting(&s.record_full[slot], RECORD * (int)sizeof(float));
            copy_in(s.record[slot], job.records + (size_t)(step + RING) * RECORD, RECORD * (int)sizeof(float),
                    &s.record_full[slot]);
        }
    }
    if (live)
        b2[lane] = bias;
    if (v && live)
        v[lane] = state;
}

// ---------------------------------------------------------------- the block

template <bool HEADLINE, bool PLAIN>
ANNC_INLINE void open_chain_memory(ChainMemory &s, const annc_cluster_launch &job, const float *b2)
{
    const int outputs = (int)job.net.outputs, steps = (int)job.steps, thread = (int)threadIdx.x;
    for (int i = thread; i < RING * RECORD; i += THREADS)
        s.record[i / RECORD][i % RECORD] = 0; // the last step reads one record further, and one z1
    for (int i = thread; i < (int)(sizeof s.step / sizeof(float)); i += THREADS)
        reinterpret_cast<float *>(s.step)[i] = 0;
    for (int i = thread; i < steps; i += THREADS)
        s.rate[i] = PLAIN ? -rate_of(job, i) / (float)job.m : rate_of(job, i);
    // Outputs that do not exist: a sigmoid of such a bias is 0, and so is its delta.
    if (thread < 16)
        s.b2[thread] = thread < outputs ? b2[thread] : HEADLINE ? -1e30f : 0.f;
    fence_before_copies();
    __syncthreads();
    if (thread != 0)
        return;
    for (int i = 0; i < RING; i++) {
        barrier_open(&s.z_full[i], 1);
        barrier_open(&s.record_full[i], 1);
        barrier_open(&s.delta_ready[i], 4);
    }
    for (int i = 0; i < 2; i++)
        barrier_open(&s.z_ready[i], 2);
    barriers_are_open();
    for (int i = 0; i < RING; i++) {
        arrive_expecting(&s.z_full[i], HELPERS * Z_BYTES);
        if (i < steps) {
            arrive_expecting(&s.record_full[i], RECORD * (int)sizeof(float));
            copy_in(s.record[i], job.records + (size_t)i * RECORD, RECORD * (int)sizeof(float), &s.record_full[i]);
        }
    }
}

// Each of the four schedulers gets every fourth warp: one of the chain, which it should rarely keep
// waiting, and others that have as few instructions as possible, 100 to 210 a step.
template <bool HEADLINE, bool PLAIN> ANNC_INLINE void chain_block(ChainMemory &s, const annc_cluster_launch &job)
{
    const int w = (int)threadIdx.x >> 5, lane = (int)threadIdx.x & 31;
    const size_t at_W2 = (size_t)job.net.hidden * (job.net.inputs + 1),
                 at_b2 = at_W2 + job.net.outputs * job.net.hidden;
    float *const theta = job.net.theta, *const v = PLAIN ? nullptr : job.net.v;
    open_chain_memory<HEADLINE, PLAIN>(s, job, theta + at_b2);
    __syncthreads();
    cluster_sync();
    if (w < 4)
        chain_warp<HEADLINE, PLAIN>(s, job, theta + at_W2, v ? v + at_W2 : nullptr, w, lane);
    else if (w < 8)
        prepare_warp(s, job, w & 1, w / 2 - 2, lane);
    else if (w == 8)
        bias_warp<HEADLINE, PLAIN>(s, job, theta + at_b2, v ? v + at_b2 : nullptr, lane);
}

#endif
