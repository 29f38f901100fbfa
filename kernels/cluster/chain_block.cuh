// chain_block.cuh - block 0 of the cluster: the steps themselves, one after another.
//
//   warps 0 to 3    chain    hidden units 8w to 8w + 7 of all rows: Z^1, A^1, Z^2, delta^2, delta^1,
//                            and their W^2 in registers
//   warps 4 to 7    prepare  Z^1 but for the last delta: the helpers' parts, corrections by older ones
//   warps 8, 9      send     delta^1 of 16 units to the helpers
//   warp 10         bias     b^2
//   warp 11         score    cost and hits, the ring of records
//
// Products are 3xTF32: high high + high low + low high. Fragments: lane = 4 g + t; a tile of 16
// rows x 8 columns has rows g, g + 8 and columns 2t, 2t + 1 in registers 0 to 3. A product over
// examples takes them in the order t, t + 4, t + 8, t + 12, so that one product's result is the
// next one's operand, and nothing is shuffled.
//
// The roles of a step meet at these barriers; a slot is free again where its line says so.
//   z_full         helpers -> prepare  free: prepare expects its next bytes only after the wait,
//                  and a helper sends step t + RING after delta of t + RING - LAG - 1, which
//                  follows that wait.
//   record_full    score -> prepare    free: score refills slot t after named barrier 2 of step t;
//                  before it the chain has read t's targets and G, and prepare the rest.
//   z_ready        prepare -> chain    two in turn: prepare writes z1 of t + 2 after delta_ready of
//                  t, or for LAG 1 after z_full of t + 2, both of which follow the chain's read.
//   delta_ready    chain -> send, prepare   free: the chain writes slot t + RING after z_full of
//                  t + RING, whose helpers had the deltas to t + RING - LAG - 1 > t from send.
//   b2_ready       bias, score -> chain, score   two in turn: both wait for each.
//   named barrier 2  chain -> bias, score   z2 and delta2 of t + 2 are written after b2_ready of
//                  t + 1, which bias and score signal after their reads of t.
#ifndef ANNC_KERNELS_CLUSTER_CHAIN_BLOCK_CUH
#define ANNC_KERNELS_CLUSTER_CHAIN_BLOCK_CUH

#include "kernels/cluster/cluster_layout.cuh"
#include "kernels/cluster/linear_update.cuh"
#include "kernels/two_layers/outputs.cuh"
#include "kernels/two_layers/products.cuh"

// Named barriers: 1 among the chain's 4 warps, 2 from them to bias and score.
#define CHAIN_SYNC()    asm volatile("bar.sync 1,128;" ::: "memory")
#define OUTPUT_ARRIVE() asm volatile("bar.arrive 2,192;" ::: "memory")
#define OUTPUT_SYNC()   asm volatile("bar.sync 2,192;" ::: "memory")

// ---------------------------------------------------------------- loads

ANNC_INLINE void load_gram(GramFragment &G, const float *record, int lane)
{
#pragma unroll
    for (int s = 0; s < 2; s++) {
        const float4 h = load4(record + s * 128 + lane * 4), o = load4(record + 256 + s * 128 + lane * 4);
        const float high[4] = {h.x, h.y, h.z, h.w}, low[4] = {o.x, o.y, o.z, o.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            G.high[s][i] = high[i];
            G.low[s][i] = low[i];
        }
    }
}

// Loads delta of unit g, examples t, t + 4, t + 8, t + 12.
ANNC_INLINE void load_delta(float *d, const float (*delta)[8], int g, int t)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
        d[i] = delta[t + 4 * i][g];
}

template <int N> ANNC_INLINE void load_output_parts(OutputParts<N> &parts, const ChainStep &S, int lane)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
        load_output_part(parts.of[i], S.z2[i], S.z2_last[i], lane);
}

// Loads the biases of the outputs of lane t, each once.
template <int N> ANNC_INLINE void load_output_biases(float (&b)[N / 2], const float *b2, int t)
{
    const float2 low = load2(b2 + 2 * t);
    b[0] = low.x;
    b[1] = low.y;
#pragma unroll
    for (int i = 2; i < N / 2; i++)
        b[i] = b2[output_of<N>(t, 2 + i)]; //@wf1
}

// Stores a warp's part of Z^2.
template <int N> ANNC_INLINE void store_output_part(ChainStep &S, const OutputPart &part, int w, int lane)
{
    *reinterpret_cast<float4 *>(&S.z2[w][lane * 4]) = tile_of(part);
    if constexpr (N == LANE_OUTPUTS_OF_10) {
        const float4 z2_last = last_of(part);
        if ((lane & 3) == 0)
            *reinterpret_cast<float4 *>(&S.z2_last[w][lane]) = z2_last; //@wf1
    } else {
        *reinterpret_cast<float4 *>(&S.z2_last[w][lane * 4]) = last_tile_of(part);
    }
}

// Stores a lane's values of delta^2 for the product with A^1 and for the bias.
template <int N> ANNC_INLINE void store_delta2(float (*to)[DELTA2_STRIDE], const float (&delta2)[N], int g, int t)
{
    *reinterpret_cast<float2 *>(&to[g][2 * t]) = make_float2(delta2[0], delta2[1]);
    *reinterpret_cast<float2 *>(&to[g + 8][2 * t]) = make_float2(delta2[2], delta2[3]);
    if constexpr (N == LANE_OUTPUTS_OF_10) {
        if (t < 2) {
            to[g][8 + t] = delta2[4];
            to[g + 8][8 + t] = delta2[5];
        }
    } else {
        *reinterpret_cast<float2 *>(&to[g][8 + 2 * t]) = make_float2(delta2[4], delta2[5]);
        *reinterpret_cast<float2 *>(&to[g + 8][8 + 2 * t]) = make_float2(delta2[6], delta2[7]);
    }
}

// ---------------------------------------------------------------- chain

struct ChainState {
    float delta[4]; // of the last step
    GramFragment G; // between the last step and the next
    // W^2 of outputs g, g, g + 8, g + 8 and units 2t, 2t + 1, 2t, 2t + 1 of the warp's 8, its state
    // unless PLAIN, and the operands made of it.
    float W2[4], v[4], high[4], low[4];
    bool live[2];   // whether the two units exist; the rest has activations too
    Product change; // (delta^2)^T A^1 of the last step, not yet in W^2
    float rate;     // of that step: -eta / m, unless PLAIN eta
};

// Makes the operands of W^2; those of the way back are read after CHAIN_SYNC.
ANNC_INLINE void split_W2(ChainMemory &s, ChainState &c, int w, int g, int t)
{
#pragma unroll
    for (int q = 0; q < 4; q++) {
        c.high[q] = tf32_high(c.W2[q]);
        c.low[q] = tf32_low(c.W2[q], c.high[q]);
    }
    *reinterpret_cast<float2 *>(&s.W2[w][g][2 * t]) = make_float2(c.W2[0], c.W2[1]);
    *reinterpret_cast<float2 *>(&s.W2[w][g + 8][2 * t]) = make_float2(c.W2[2], c.W2[3]);
}

// Updates W^2 by the last step.
template <bool PLAIN> ANNC_INLINE void update_W2(const annc_cluster_launch &job, ChainState &c)
{
    const float per_m = 1.f / (float)job.m;
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const float sum = c.live[q & 1] ? sum_of(c.change, q) : 0.f;
        if (PLAIN)
            c.W2[q] = fmaf(c.rate, sum, c.W2[q]);
        else
            linear_step(job.rule, true, c.rate, per_m * sum, c.W2[q], c.v[q]);
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

// x = x times the factors of dropout; HEADLINE has none.
template <bool HEADLINE> ANNC_INLINE void drop(float (&x)[4], float4 factors)
{
    if (HEADLINE)
        return;
    x[0] *= factors.x;
    x[1] *= factors.y;
    x[2] *= factors.z;
    x[3] *= factors.w;
}

template <bool HEADLINE, bool PLAIN, int PARITY>
ANNC_INLINE void chain_step(ChainMemory &s, const annc_cluster_launch &job, ChainState &c, int w, int lane, int step)
{
    constexpr int N = LANE_OUTPUTS<HEADLINE>;
    const int g = lane >> 2, t = lane & 3;
    ChainStep &S = s.step[PARITY];
    wait(&s.z_ready[PARITY][w >> 1], step >> 1 & 1); //@wait zready
    const float4 before = load4(&S.z1[w][lane * 4]);
    float z[4] = {before.x, before.y, before.z, before.w};
    if (step > 0) {
        DeltaFragment D;
        Product P;
        split_delta(D, c.delta);
        multiply(P, c.G, D);
        update_W2<PLAIN>(job, c); // until the products are there
        split_W2(s, c, w, g, t);
#pragma unroll
        for (int q = 0; q < 4; q++)
            z[q] += sum_of(P, q);
    }
    float a[4];
    OutputPart part;
    activate_hidden<HEADLINE>(job.net, z, a);
    float4 factors = {};
    if (!HEADLINE)
        factors = dropout_factors(job, s.record[slot_of<RING>(step)], 8 * w + 2 * t, g);
    float in[4] = {a[0], a[1], a[2], a[3]}; // of layer 2
    drop<HEADLINE>(in, factors);
    multiply_by_W2(part, in, c.high, c.low);
    if (step > 0)
        wait(&s.b2_ready[PARITY ^ 1], (step - 1) >> 1 & 1); //@wait b2ready
    float b[N / 2];
    load_output_biases<N>(b, s.b2, t);
    store_output_part<N>(S, part, w, lane);
    CHAIN_SYNC(); //@bar
    OutputParts<N> parts;
    load_output_parts(parts, S, lane);
    *reinterpret_cast<float2 *>(&s.a[w][g][2 * t]) = make_float2(in[0], in[1]);
    *reinterpret_cast<float2 *>(&s.a[w][g + 8][2 * t]) = make_float2(in[2], in[3]);
    float o[N], delta2[N], y[N], scale[2];
    sum_output_parts(o, parts, b);
    begin_output_error<HEADLINE>(o);
    asm volatile("" ::: "memory"); // not earlier: shared memory is idle now
    const float *record = s.record[slot_of<RING>(step)];
    load_targets(y, scale, record, lane);
    float r[N / 2]; // W^2 as the operand of the way back: the outputs of this lane, unit g
#pragma unroll
    for (int i = 0; i < N / 2; i++)
        r[i] = s.W2[w][output_of<N>(t, i < 2 ? i : 2 + i)][g];
    c.rate = s.rate[step];
    load_gram(c.G, s.record[slot_of<RING>(step + 1)] + TARGETS, lane); // prepare has seen that it is there
    output_error<HEADLINE>(job.net, lane, o, y, scale, delta2);
    HiddenSum sum;
    multiply_back(sum, delta2, r, t);
    float(*delta2_of)[DELTA2_STRIDE] = S.delta2[w];
    store_delta2(delta2_of, delta2, g, t);
    OUTPUT_ARRIVE();
    __syncwarp();
    float A[4], low_outputs[4], high_outputs[4]; // of examples t, t + 4, t + 8, t + 12
    load_delta(A, s.a[w], g, t);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        low_outputs[i] = delta2_of[t + 4 * i][g];
        high_outputs[i] = delta2_of[t + 4 * i][8 + g];
    }
    float d[4];
    hidden_error<HEADLINE>(job.net, sum, z, a, d);
    drop<HEADLINE>(d, factors);
    float(*delta)[8] = s.delta[slot_of<RING>(step)][w];
    *reinterpret_cast<float2 *>(&delta[g][2 * t]) = make_float2(d[0], d[1]);
    *reinterpret_cast<float2 *>(&delta[g + 8][2 * t]) = make_float2(d[2], d[3]);
    __syncwarp();
    load_delta(c.delta, delta, g, t);
    if (lane == 0)
        arrive(&s.delta_ready[slot_of<RING>(step)]); //@signal dready

    multiply_errors(c.change, low_outputs, high_outputs, A);
}

// W2, v: of the network and its optimiser; v is NULL without.
template <bool HEADLINE, bool PLAIN>
ANNC_INLINE void chain_warp(ChainMemory &s, const annc_cluster_launch &job, float *W2, float *v, int w, int lane)
{
    const int steps = (int)job.steps, hidden = (int)job.net.hidden, outputs = (int)job.net.outputs;
    const int g = lane >> 2, t = lane & 3, unit = 8 * w + 2 * t;
    ChainState c = {};
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const int j = g + 8 * (q >> 1), n = unit + (q & 1);
        c.live[q & 1] = n < hidden;
        c.W2[q] = j < outputs && n < hidden ? W2[j * hidden + n] : 0.f;
        c.v[q] = v && j < outputs && n < hidden ? v[j * hidden + n] : 0.f;
    }
    split_W2(s, c, w, g, t);
    for (int step = 0; step < steps; step += 2) {
        chain_step<HEADLINE, PLAIN, 0>(s, job, c, w, lane, step);
        if (step + 1 < steps)
            chain_step<HEADLINE, PLAIN, 1>(s, job, c, w, lane, step + 1);
    }
    update_W2<PLAIN>(job, c);
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const int j = g + 8 * (q >> 1), n = unit + (q & 1);
        if (j < outputs && n < hidden)
            W2[j * hidden + n] = c.W2[q];
        if (v && j < outputs && n < hidden)
            v[j * hidden + n] = c.v[q];
    }
}

// ---------------------------------------------------------------- send

// Units 16 half to 16 half + 15: k delta in three bf16, to all helpers of the half, where k is
// -eta / (m divisor) if PLAIN, else 1 / (m divisor).
template <bool PLAIN> ANNC_INLINE void send_warp(ChainMemory &s, const annc_cluster_launch &job, int half, int lane)
{
    const int g = lane >> 2, t = lane & 3, steps = (int)job.steps;
    const HelperRings *helper = reinterpret_cast<const HelperRings *>(&s); // the same offset in every block
    const float per_divisor = 1.f / job.divisor;
    uint32_t barrier[PARTS], to[PARTS];
#pragma unroll
    for (int p = 0; p < PARTS; p++) {
        barrier[p] = address_in_block(shared_address(&helper->delta_full[0]), 1 + 2 * p + half);
        to[p] = address_in_block(shared_address(&helper->delta[0][0][lane][0]), 1 + 2 * p + half);
    }
    for (int step = 0; step < steps; step++) {
        const int slot = slot_of<RING>(step);
        const float k = PLAIN ? s.rate[step] * per_divisor : per_divisor / (float)job.m;
        wait(&s.delta_ready[slot], parity_of<RING>(step)); //@wait dready
        uint32_t f[3][4];                                  // a0, a2, a1, a3
#pragma unroll
        for (int i = 0; i < 2; i++) {
            float d[4];
            load_delta(d, s.delta[slot][2 * half + i], g, t);
#pragma unroll
            for (int j = 0; j < 2; j++)
                split_bf16(d[2 * j] * k, d[2 * j + 1] * k, f[0][2 * i + j], f[1][2 * i + j], f[2][2 * i + j]);
        }
#pragma unroll
        for (int i = 0; i < 3; i++) {
            const float4 v = make_float4(__uint_as_float(f[i][0]), __uint_as_float(f[i][1]), __uint_as_float(f[i][2]),
                                         __uint_as_float(f[i][3]));
#pragma unroll
            for (int p = 0; p < PARTS; p++)
                send(to[p] + slot * DELTA_BYTES + i * (DELTA_BYTES / 3), v, barrier[p] + slot * 8); //@signal dfull
        }
    }
}

// ---------------------------------------------------------------- prepare

// Z^1 of units 16 half to 16 half + 15 of every other step: the helpers' parts, and the corrections
// by the deltas of 2 to LAG steps ago.
ANNC_INLINE void prepare_warp(ChainMemory &s, const annc_cluster_launch &job, int half, int parity, int lane)
{
    const int g = lane >> 2, t = lane & 3, steps = (int)job.steps;
    for (int step = parity; step < steps; step += 2) {
        const int slot = slot_of<RING>(step);
        float z[2][4] = {};
        wait(&s.record_full[slot], parity_of<RING>(step));
        auto correct_by = [&](int lag) {
            GramFragment G;
            load_gram(G, s.record[slot] + TARGETS + (lag - 1) * GRAM, lane);
#pragma unroll
            for (int j = 0; j < 2; j++) {
                float d[4];
                DeltaFragment D;
                Product P;
                load_delta(d, s.delta[slot_of<RING>(step - lag)][2 * half + j], g, t);
                split_delta(D, d);
                multiply(P, G, D);
#pragma unroll
                for (int q = 0; q < 4; q++)
                    z[j][q] += sum_of(P, q);
            }
        };
        // The deltas first: the way of a delta through the helpers is longer.
        if (LAG > 2 && step > 2)
            wait(&s.delta_ready[slot_of<RING>(step - 3)], parity_of<RING>(step - 3)); //@wait dready3
#pragma unroll
        for (int lag = LAG; lag > 2; lag--)
            if (step >= lag)
                correct_by(lag);
        if (LAG > 1 && step > 1) {
            wait(&s.delta_ready[slot_of<RING>(step - 2)], parity_of<RING>(step - 2)); //@wait dready2
            correct_by(2);
        }
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
            arrive(&s.z_ready[parity][half]); //@signal zready
    }
}

// ---------------------------------------------------------------- score

template <bool HEADLINE> ANNC_INLINE void score_warp(ChainMemory &s, const annc_cluster_launch &job, int lane)
{
    constexpr int N = LANE_OUTPUTS<HEADLINE>, STRIDE = TARGET_STRIDE<N>;
    const int steps = (int)job.steps;
    annc_score *scores = job.net.scores + job.start->step + job.offset;
    for (int step = 0; step < steps; step++) {
        const int slot = slot_of<RING>(step);
        const ChainStep &S = s.step[step & 1];
        if (step > 0)
            wait(&s.b2_ready[(step - 1) & 1], (step - 1) >> 1 & 1); //@wait b2ready
        float b[N / 2];                                             // bias writes them after the barrier
        load_output_biases<N>(b, s.b2, lane & 3);
        OUTPUT_SYNC(); //@a2
        if (lane == 0)
            arrive(&s.b2_ready[step & 1]); //@signal b2ready
        OutputParts<N> parts;
        float z[N], a[N], y[N], scale[2];
        load_output_parts(parts, S, lane);
        load_targets(y, scale, s.record[slot], lane);
        const float *row = s.record[slot] + (lane >> 2) * STRIDE + ROW_CLASS<N>;
        const int wanted[2] = {__float_as_int(row[0]), __float_as_int(row[8 * STRIDE])};
        sum_output_parts(z, parts, b);
        const float cost = warp_sum(cost_of_lane<HEADLINE>(job.net, lane, z, a, y, scale)); //@score
        const int correct = hits<HEADLINE>(job.net, lane, a, wanted);
        __syncwarp();
        if (lane == 0) {
            scores[step].cost = (double)cost;
            scores[step].correct = (uint32_t)correct;
            scores[step].examples = job.m;
            if (step + RING < steps) {
                arrive_expecting(&s.record_full[slot], RECORD * (int)sizeof(float));
                copy_in(s.record[slot], job.records + (size_t)(step + RING) * RECORD, RECORD * (int)sizeof(float),
                        &s.record_full[slot]);
            }
        }
    }
}

// ---------------------------------------------------------------- bias

// b^2, and its state v (NULL without), by (delta^2)^T 1.
template <bool PLAIN>
ANNC_INLINE void bias_warp(ChainMemory &s, const annc_cluster_launch &job, float *b2, float *v, int lane)
{
    const int steps = (int)job.steps;
    const bool live = lane < (int)job.net.outputs;
    const float per_m = 1.f / (float)job.m;
    float bias = s.b2[lane & 15], state = v && live ? v[lane] : 0.f;
    for (int step = 0; step < steps; step++) {
        const float k = s.rate[step];
        OUTPUT_SYNC();                                                      //@a2
        const float *d = &s.step[step & 1].delta2[0][lane >> 4][lane & 15]; // even or odd rows
        float sum[4];
#pragma unroll
        for (int r = 0; r < ROWS / 2; r++)
            sum[r & 3] = r < 4 ? d[2 * r * DELTA2_STRIDE] : sum[r & 3] + d[2 * r * DELTA2_STRIDE];
        float total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        total += __shfl_xor_sync(~0u, total, 16);
        if (PLAIN)
            bias = fmaf(k, total, bias); //@bias
        else
            linear_step(job.rule, false, k, per_m * total, bias, state); //@bias
        if (lane < 16)
            s.b2[lane] = bias;
        __syncwarp();
        if (lane == 0)
            arrive(&s.b2_ready[step & 1]); //@signal b2ready
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
        s.record[i / RECORD][i % RECORD] = 0; // the last step reads one record further
    for (int i = thread; i < 2 * 4 * ROWS * DELTA2_STRIDE; i += THREADS)
        s.step[i / (4 * ROWS * DELTA2_STRIDE)].delta2[0][i / DELTA2_STRIDE % (4 * ROWS)][i % DELTA2_STRIDE] = 0;
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
    for (int i = 0; i < 2; i++) {
        barrier_open(&s.z_ready[i][0], 1);
        barrier_open(&s.z_ready[i][1], 1);
        barrier_open(&s.b2_ready[i], 2);
    }
    barriers_are_open();
    for (int i = 0; i < RING; i++) {
        arrive_expecting(&s.z_full[i], HELPERS * Z_BYTES);
        if (i < steps) {
            arrive_expecting(&s.record_full[i], RECORD * (int)sizeof(float));
            copy_in(s.record[i], job.records + (size_t)i * RECORD, RECORD * (int)sizeof(float), &s.record_full[i]);
        }
    }
}

// Each scheduler gets a warp of the chain and one of prepare.
template <bool HEADLINE, bool PLAIN> ANNC_INLINE void chain_block(ChainMemory &s, const annc_cluster_launch &job)
{
    const int w = (int)threadIdx.x >> 5, lane = (int)threadIdx.x & 31, group = w >> 2, member = w & 3;
    const size_t at_W2 = (size_t)job.net.hidden * (job.net.inputs + 1),
                 at_b2 = at_W2 + job.net.outputs * job.net.hidden;
    float *const theta = job.net.theta, *const v = PLAIN ? nullptr : job.net.v;
    open_chain_memory<HEADLINE, PLAIN>(s, job, theta + at_b2);
    __syncthreads();
    cluster_sync();
    if (group == 0)
        chain_warp<HEADLINE, PLAIN>(s, job, theta + at_W2, v ? v + at_W2 : nullptr, member, lane);
    else if (group == 1)
        prepare_warp(s, job, member & 1, member >> 1, lane);
    else if (member < 2)
        send_warp<PLAIN>(s, job, member, lane);
    else if (member == 2)
        bias_warp<PLAIN>(s, job, theta + at_b2, v ? v + at_b2 : nullptr, lane);
    else
        score_warp<HEADLINE>(s, job, lane);
}

#endif
