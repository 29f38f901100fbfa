// chain_block.cuh - block 0 of the cluster: the steps themselves, one after another.
//
//   warps 0 to 3    chain    hidden units 8w to 8w + 7 of all rows: Z^1, A^1, Z^2, delta^2, delta^1
//   warps 4 to 7    output   W^2 of 8 hidden units each
//   warps 8 to 11   prepare  Z^1 but for the last delta: the helpers' parts, corrections by older ones
//   warps 12, 13    send     delta^1 of 16 units to the helpers
//   warp 14         bias     b^2
//   warp 15         score    cost and hits, the ring of records
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
//   W2_ready       output, bias, score -> chain, score   two in turn: both wait for each.
//   named barrier 2  chain -> output, bias, score   z2, a and delta2 of t + 2 are written after
//                  W2_ready of t + 1, which output, bias and score signal after their reads of t.
#ifndef ANNC_KERNELS_CLUSTER_CHAIN_BLOCK_CUH
#define ANNC_KERNELS_CLUSTER_CHAIN_BLOCK_CUH

#include "kernels/cluster/cluster_functions.cuh"
#include "kernels/cluster/cluster_layout.cuh"

// Named barriers: 1 among the chain's 4 warps, 2 from them to output, bias and score.
#define CHAIN_SYNC()    asm volatile("bar.sync 1,128;" ::: "memory")
#define OUTPUT_ARRIVE() asm volatile("bar.arrive 2,320;" ::: "memory")
#define OUTPUT_SYNC()   asm volatile("bar.sync 2,320;" ::: "memory")

// ---------------------------------------------------------------- products over examples

struct GramFragment {
    float high[2][4], low[2][4]; // [8 examples][register]
};

struct DeltaFragment {
    float high[4], low[4];
};

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

ANNC_INLINE void split_delta(DeltaFragment &D, const float *d)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        D.high[i] = tf32_high(d[i]);
        D.low[i] = tf32_low(d[i], D.high[i]);
    }
}

// Loads delta of unit g, examples t, t + 4, t + 8, t + 12.
ANNC_INLINE void load_delta(float *d, const float (*delta)[8], int g, int t)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
        d[i] = delta[t + 4 * i][g];
}

// z = z + G delta.
ANNC_INLINE void add_correction(float *z, const GramFragment &G, const DeltaFragment &D)
{
    float hh[4], lh[4], hl[4];
    mma_tf32_first(hh, G.high[0], D.high[0], D.high[1]);
    mma_tf32_first(lh, G.low[0], D.high[0], D.high[1]);
    mma_tf32_first(hl, G.high[0], D.low[0], D.low[1]);
    mma_tf32(hh, G.high[1], D.high[2], D.high[3]);
    mma_tf32(lh, G.low[1], D.high[2], D.high[3]);
    mma_tf32(hl, G.high[1], D.low[2], D.low[3]);
#pragma unroll
    for (int q = 0; q < 4; q++)
        z[q] += hh[q] + (lh[q] + hl[q]);
}

// ---------------------------------------------------------------- the output layer

// Parts of Z^2 of the outputs of this lane (cluster_functions.cuh), by warp of the chain.
struct OutputParts {
    float4 tile[4];
    float2 last[4];
};

ANNC_INLINE void load_output_parts(OutputParts &parts, const ChainStep &S, int lane)
{
#pragma unroll
    for (int i = 0; i < 4; i++) {
        parts.tile[i] = load4(&S.z2[i][lane * 4]);
        parts.last[i] = load2(&S.z2_last[i][lane >> 2][2 * (lane & 1)]); //@wf1
    }
}

ANNC_INLINE void sum_output_parts(float *z, const OutputParts &parts, float2 b, float b_last)
{
    const float4 *v = parts.tile;
    const float2 *u = parts.last;
    z[0] = ((v[0].x + v[1].x) + (v[2].x + v[3].x)) + b.x;
    z[1] = ((v[0].y + v[1].y) + (v[2].y + v[3].y)) + b.y;
    z[2] = ((v[0].z + v[1].z) + (v[2].z + v[3].z)) + b.x;
    z[3] = ((v[0].w + v[1].w) + (v[2].w + v[3].w)) + b.y;
    z[4] = ((u[0].x + u[1].x) + (u[2].x + u[3].x)) + b_last;
    z[5] = ((u[0].y + u[1].y) + (u[2].y + u[3].y)) + b_last;
}

// Loads the targets of this lane's outputs and the scales of its rows g and g + 8.
ANNC_INLINE void load_targets(float *y, float *scale, const float *record, int lane)
{
    const float *low = record + (lane >> 2) * TARGET_STRIDE, *high = low + 8 * TARGET_STRIDE;
    const float2 y0 = load2(low + 2 * (lane & 3)), y1 = load2(high + 2 * (lane & 3));
    y[0] = y0.x;
    y[1] = y0.y;
    y[2] = y1.x;
    y[3] = y1.y;
    y[4] = low[8 + (lane & 1)];
    y[5] = high[8 + (lane & 1)];
    scale[0] = low[ROW_SCALE];
    scale[1] = high[ROW_SCALE];
}

ANNC_INLINE float pick(int w, float a, float b, float c, float d)
{
    return w & 2 ? (w & 1 ? d : c) : (w & 1 ? b : a);
}

// ---------------------------------------------------------------- chain

struct ChainState {
    float delta[4]; // of the last step
    GramFragment G; // between the last step and the next
};

template <bool HEADLINE, int PARITY>
ANNC_INLINE void chain_step(ChainMemory &s, const annc_cluster_launch &job, ChainState &c, int w, int lane, int step)
{
    const int g = lane >> 2, t = lane & 3, last = t & 1;
    ChainStep &S = s.step[PARITY];
    wait(&s.z_ready[PARITY][w >> 1], step >> 1 & 1); //@wait zready while the last delta is being read back
    const float4 before = load4(&S.z1[w][lane * 4]);
    float z[4] = {before.x, before.y, before.z, before.w};
    if (step > 0) {
        DeltaFragment D;
        split_delta(D, c.delta);
        add_correction(z, c.G, D);
    }
    float e[4], a[4];
    if (HEADLINE) {
#pragma unroll
        for (int q = 0; q < 4; q++)
            e[q] = exp_of_minus(z[q]);
    } else {
        activate(job.hidden_activation, z, a);
    }
    if (step > 0)
        wait(&s.W2_ready[PARITY ^ 1], (step - 1) >> 1 & 1); //@wait w2ready
    // W^2 as the second operand, high and low: units 2t, 2t + 1 and output g or 8 + g on the way
    // forward; outputs 2t, 2t + 1 or 8 + last and unit g on the way back.
    const float4 f0 = load4(&s.W2[g][16 * w + 4 * t]), f1 = load4(&s.W2[8 + g][16 * w + 4 * t]);
    const float2 r0 = load2(&s.W2[2 * t][16 * w + 2 * g]), r1 = load2(&s.W2[2 * t + 1][16 * w + 2 * g]),
                 r2 = load2(&s.W2[8 + last][16 * w + 2 * g]);
    const float2 b = load2(&s.b2[2 * t]);
    const float b_last = s.b2[8 + last]; //@wf1
    if (HEADLINE) {
#pragma unroll
        for (int q = 0; q < 4; q++)
            a[q] = reciprocal(1.f + e[q]);
    }
    const float ah[4] = {tf32_high(a[0]), tf32_high(a[2]), tf32_high(a[1]), tf32_high(a[3])};
    const float al[4] = {tf32_low(a[0], ah[0]), tf32_low(a[2], ah[1]), tf32_low(a[1], ah[2]), tf32_low(a[3], ah[3])};
    float p0[4], q0[4], p1[4], q1[4];
    mma_tf32_first(q0, ah, f0.y, f0.w);
    mma_tf32_first(q1, ah, f1.y, f1.w);
    mma_tf32_first(p0, ah, f0.x, f0.z);
    mma_tf32_first(p1, ah, f1.x, f1.z);
    mma_tf32(q0, al, f0.x, f0.z);
    mma_tf32(q1, al, f1.x, f1.z);
    *reinterpret_cast<float4 *>(&S.z2[w][lane * 4]) =
        make_float4(p0[0] + q0[0], p0[1] + q0[1], p0[2] + q0[2], p0[3] + q0[3]);
    const float4 z2_last = make_float4(p1[0] + q1[0], p1[2] + q1[2], p1[1] + q1[1], p1[3] + q1[3]);
    if (t == 0)
        *reinterpret_cast<float4 *>(S.z2_last[w][g]) = z2_last; //@wf1
    CHAIN_SYNC();                                               //@bar
    OutputParts parts;
    load_output_parts(parts, S, lane);
    *reinterpret_cast<float2 *>(&S.a[g][8 * w + 2 * t]) = make_float2(a[0], a[1]);
    *reinterpret_cast<float2 *>(&S.a[g + 8][8 * w + 2 * t]) = make_float2(a[2], a[3]);
    float o[6], delta2[6], y[6], scale[2];
    sum_output_parts(o, parts, b, b_last);
    if (HEADLINE) {
#pragma unroll
        for (int q = 0; q < 6; q++)
            o[q] = exp_of_minus(o[q]);
    }
    asm volatile("" ::: "memory"); // not earlier: shared memory is idle now
    const float *record = s.record[slot_of<RING>(step)];
    load_targets(y, scale, record, lane);
    load_gram(c.G, s.record[slot_of<RING>(step + 1)] + TARGETS, lane); // prepare has seen that it is there
    if (HEADLINE) {
#pragma unroll
        for (int q = 0; q < 6; q++) {
            o[q] = reciprocal(1.f + o[q]);
            const float scaled = o[q] * scale[q < 4 ? q >> 1 : q & 1];
            delta2[q] = (o[q] - y[q]) * fmaf(-scaled, o[q], scaled);
        }
    } else {
        float f[6];
        activate_outputs(job, lane, o, f);
        output_delta(job, lane, o, f, y, scale, delta2);
    }
    const float dh[4] = {tf32_high(delta2[0]), tf32_high(delta2[2]), tf32_high(delta2[1]), tf32_high(delta2[3])};
    const float dl[4] = {tf32_low(delta2[0], dh[0]), tf32_low(delta2[2], dh[1]), tf32_low(delta2[1], dh[2]),
                         tf32_low(delta2[3], dh[3])};
    const float h4 = tf32_high(delta2[4]), h5 = tf32_high(delta2[5]);
    // Outputs 8 and 9: a slice of 8 holds high, high, low, low | high, high, 0, 0 of delta against
    // high, high, high, high | low, low, 0, 0 of W^2.
    const float d_last[4] = {t < 2 ? h4 : tf32_low(delta2[4], h4), t < 2 ? h5 : tf32_low(delta2[5], h5),
                             t < 2 ? h4 : 0.f, t < 2 ? h5 : 0.f};
    float e0[4], e1[4];
    mma_tf32_first(e0, dh, r0.y, r1.y);
    mma_tf32_first(e1, d_last, r2.x, t < 2 ? r2.y : 0.f);
    mma_tf32(e0, dl, r0.x, r1.x);
    mma_tf32(e1, dh, r0.x, r1.x);
    // Each warp writes a quarter of delta^2.
    S.delta2[2 * t + (w & 1)][g + 8 * (w >> 1)] = pick(w, delta2[0], delta2[1], delta2[2], delta2[3]);
    if (w < 2 && t < 2)
        S.delta2[8 + t][g + 8 * w] = w ? delta2[5] : delta2[4];
    OUTPUT_ARRIVE();
    float d[4];
#pragma unroll
    for (int q = 0; q < 4; q++)
        d[q] = e0[q] + e1[q];
    if (HEADLINE) {
#pragma unroll
        for (int q = 0; q < 4; q++)
            d[q] *= fmaf(-a[q], a[q], a[q]);
    } else {
        multiply_by_derivative(job.hidden_activation, z, a, d);
    }
    float(*delta)[8] = s.delta[slot_of<RING>(step)][w];
    *reinterpret_cast<float2 *>(&delta[g][2 * t]) = make_float2(d[0], d[1]);
    *reinterpret_cast<float2 *>(&delta[g + 8][2 * t]) = make_float2(d[2], d[3]);
    __syncwarp();
    load_delta(c.delta, delta, g, t);
    if (lane == 0)
        arrive(&s.delta_ready[slot_of<RING>(step)]); //@signal dready
}

template <bool HEADLINE> ANNC_INLINE void chain_warp(ChainMemory &s, const annc_cluster_launch &job, int w, int lane)
{
    const int steps = (int)job.steps;
    ChainState c = {};
    for (int step = 0; step < steps; step += 2) {
        chain_step<HEADLINE, 0>(s, job, c, w, lane, step);
        if (step + 1 < steps)
            chain_step<HEADLINE, 1>(s, job, c, w, lane, step + 1);
    }
}

// ---------------------------------------------------------------- send

// Units 16 half to 16 half + 15: -eta / (m divisor) delta in three bf16, to all helpers of the half.
ANNC_INLINE void send_warp(ChainMemory &s, const annc_cluster_launch &job, int half, int lane)
{
    const int g = lane >> 2, t = lane & 3, steps = (int)job.steps;
    const HelperMemory *helper = reinterpret_cast<const HelperMemory *>(&s); // the same offset in every block
    const float per_divisor = 1.f / job.examples.divisor;
    uint32_t barrier[PARTS], to[PARTS];
#pragma unroll
    for (int p = 0; p < PARTS; p++) {
        barrier[p] = address_in_block(shared_address(&helper->delta_full[0]), 1 + 2 * p + half);
        to[p] = address_in_block(shared_address(&helper->delta[0][0][lane][0]), 1 + 2 * p + half);
    }
    for (int step = 0; step < steps; step++) {
        const int slot = slot_of<RING>(step);
        const float k = s.rate[step] * per_divisor;
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
        GramFragment G[LAG > 1 ? LAG - 1 : 1];
#pragma unroll
        for (int i = 2; i <= LAG; i++)
            load_gram(G[i - 2], s.record[slot] + TARGETS + (i - 1) * GRAM, lane);
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
        auto correct_by = [&](int lag) {
            DeltaFragment D[2];
#pragma unroll
            for (int j = 0; j < 2; j++) {
                float d[4];
                load_delta(d, s.delta[slot_of<RING>(step - lag)][2 * half + j], g, t);
                split_delta(D[j], d);
            }
#pragma unroll
            for (int j = 0; j < 2; j++)
                add_correction(z[j], G[lag - 2], D[j]);
        };
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

// ---------------------------------------------------------------- output

// W^2 of hidden units 8w to 8w + 7: W^2 = W^2 - (eta / m) (delta^2)^T A^1.
ANNC_INLINE void output_warp(ChainMemory &s, const annc_cluster_launch &job, float *W2, int w, int lane)
{
    const int g = lane >> 2, t = lane & 3, steps = (int)job.steps;
    const int unit = 8 * w + 2 * t, hidden = (int)job.hidden, outputs = (int)job.outputs;
    const bool live[2] = {unit < hidden, unit + 1 < hidden}; // the rest has activations too
    float master[4];
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const float *pair = &s.W2[g + 8 * (q >> 1)][2 * (unit + (q & 1))];
        master[q] = pair[0] + pair[1];
    }
    for (int step = 0; step < steps; step++) {
        const ChainStep &S = s.step[step & 1];
        const float k = s.rate[step];
        OUTPUT_SYNC(); //@a2
        float high[2][4], low[2][4], a[4], hh[4], lh[4], hl[4];
        DeltaFragment A;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            a[i] = S.a[t + 4 * i][8 * w + g];
            const float x = S.delta2[g][t + 4 * i], y = S.delta2[g + 8][t + 4 * i];
            float *h = &high[i >> 1][2 * (i & 1)], *l = &low[i >> 1][2 * (i & 1)];
            h[0] = tf32_high(x);
            l[0] = tf32_low(x, h[0]);
            h[1] = tf32_high(y);
            l[1] = tf32_low(y, h[1]);
        }
        split_delta(A, a);
        mma_tf32_first(hh, high[0], A.high[0], A.high[1]);
        mma_tf32_first(lh, low[0], A.high[0], A.high[1]);
        mma_tf32_first(hl, high[0], A.low[0], A.low[1]);
        mma_tf32(hh, high[1], A.high[2], A.high[3]);
        mma_tf32(lh, low[1], A.high[2], A.high[3]);
        mma_tf32(hl, high[1], A.low[2], A.low[3]);
#pragma unroll
        for (int q = 0; q < 4; q++)
            master[q] = fmaf(live[q & 1] ? k : 0.f, hh[q] + (lh[q] + hl[q]), master[q]); //@upkeep
        const float h[4] = {tf32_high(master[0]), tf32_high(master[1]), tf32_high(master[2]), tf32_high(master[3])};
        *reinterpret_cast<float4 *>(&s.W2[g][16 * w + 4 * t]) =
            make_float4(h[0], master[0] - h[0], h[1], master[1] - h[1]);
        *reinterpret_cast<float4 *>(&s.W2[g + 8][16 * w + 4 * t]) =
            make_float4(h[2], master[2] - h[2], h[3], master[3] - h[3]);
        __syncwarp();
        if (lane == 0)
            arrive(&s.W2_ready[step & 1]); //@signal w2ready
    }
#pragma unroll
    for (int q = 0; q < 4; q++) {
        const int j = g + 8 * (q >> 1);
        if (j < outputs && live[q & 1])
            W2[j * hidden + unit + (q & 1)] = master[q];
    }
}

// ---------------------------------------------------------------- score

// Returns this lane's share of the step's cost, of Z^2 as the chain has it.
template <bool HEADLINE>
ANNC_INLINE float cost_of_lane(const annc_cluster_launch &job, int lane, float *z, float *a, const float *y,
                               const float *scale)
{
    if (!HEADLINE) {
        activate_outputs(job, lane, *reinterpret_cast<float(*)[6]>(z), *reinterpret_cast<float(*)[6]>(a));
        return output_cost(job, lane, z, a, y, scale);
    }
    float cost[2] = {0, 0};
#pragma unroll
    for (int q = 0; q < 6; q++) {
        a[q] = reciprocal(1.f + exp_of_minus(z[q]));
        const float e = a[q] - y[q];
        if (q < 4 || (lane & 3) < 2)
            cost[q < 4 ? q >> 1 : q & 1] = fmaf(e, e, cost[q < 4 ? q >> 1 : q & 1]);
    }
    return 0.5f * (scale[0] * cost[0] + scale[1] * cost[1]);
}

template <bool HEADLINE> ANNC_INLINE void score_warp(ChainMemory &s, const annc_cluster_launch &job, int lane)
{
    const int t = lane & 3, last = t & 1, steps = (int)job.steps;
    annc_score *scores = job.scores + job.start->step + job.offset;
    for (int step = 0; step < steps; step++) {
        const int slot = slot_of<RING>(step);
        const ChainStep &S = s.step[step & 1];
        if (step > 0)
            wait(&s.W2_ready[(step - 1) & 1], (step - 1) >> 1 & 1); //@wait w2ready
        const float2 b = load2(&s.b2[2 * t]);                       // bias writes them after the barrier
        const float b_last = s.b2[8 + last];
        OUTPUT_SYNC(); //@a2
        if (lane == 0)
            arrive(&s.W2_ready[step & 1]); //@signal w2ready
        OutputParts parts;
        float z[6], a[6], y[6], scale[2];
        load_output_parts(parts, S, lane);
        load_targets(y, scale, s.record[slot], lane);
        const float *row = s.record[slot] + (lane >> 2) * TARGET_STRIDE + ROW_CLASS;
        const int wanted[2] = {__float_as_int(row[0]), __float_as_int(row[8 * TARGET_STRIDE])};
        sum_output_parts(z, parts, b, b_last);
        const float cost = warp_sum(cost_of_lane<HEADLINE>(job, lane, z, a, y, scale)); //@score
        const int correct = hits<HEADLINE>(job, lane, a, wanted);
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

// b^2 = b^2 - (eta / m) (delta^2)^T 1.
ANNC_INLINE void bias_warp(ChainMemory &s, const annc_cluster_launch &job, float *b2, int lane)
{
    const int steps = (int)job.steps;
    float bias = s.b2[lane & 15];
    for (int step = 0; step < steps; step++) {
        const float k = s.rate[step];
        OUTPUT_SYNC(); //@a2
        const float *d = s.step[step & 1].delta2[lane & 15];
        float4 sum = load4(d);
#pragma unroll
        for (int r = 4; r < ROWS; r += 4) {
            const float4 v = load4(d + r);
            sum.x += v.x;
            sum.y += v.y;
            sum.z += v.z;
            sum.w += v.w;
        }
        bias = fmaf(k, (sum.x + sum.y) + (sum.z + sum.w), bias); //@bias
        if (lane < 16)
            s.b2[lane] = bias;
        __syncwarp();
        if (lane == 0)
            arrive(&s.W2_ready[step & 1]); //@signal w2ready
    }
    if (lane < (int)job.outputs)
        b2[lane] = bias;
}

// ---------------------------------------------------------------- the block

ANNC_INLINE void open_chain_memory(ChainMemory &s, const annc_cluster_launch &job, const float *W2, const float *b2,
                                   bool headline)
{
    const int outputs = (int)job.outputs, hidden = (int)job.hidden, steps = (int)job.steps, thread = (int)threadIdx.x;
    const uint32_t first = job.start->step + job.offset;
    for (int i = thread; i < 16 * W2_STRIDE; i += THREADS) {
        const int j = i / W2_STRIDE, n = i % W2_STRIDE / 2;
        const float w = j < outputs && n < hidden ? W2[j * hidden + n] : 0.f, high = tf32_high(w);
        s.W2[j][i % W2_STRIDE] = i & 1 ? w - high : high;
    }
    for (int i = thread; i < RING * RECORD; i += THREADS)
        s.record[i / RECORD][i % RECORD] = 0; // the last step reads one record further
    for (int i = thread; i < 2 * 6 * DELTA2_STRIDE; i += THREADS)
        s.step[i / (6 * DELTA2_STRIDE)].delta2[OUTPUTS + i / DELTA2_STRIDE % 6][i % DELTA2_STRIDE] = 0;
    for (int i = thread; i < steps; i += THREADS)
        s.rate[i] = -(job.rates ? job.rates[first + i].eta : job.eta) / (float)job.m;
    // Outputs that do not exist: a sigmoid of such a bias is 0, and so is its delta.
    if (thread < 16)
        s.b2[thread] = thread < outputs ? b2[thread] : headline ? -1e30f : 0.f;
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
        barrier_open(&s.W2_ready[i], 6);
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

// Each scheduler gets a warp of the chain, of output and of prepare.
template <bool HEADLINE> ANNC_INLINE void chain_block(ChainMemory &s, const annc_cluster_launch &job)
{
    const int w = (int)threadIdx.x >> 5, lane = (int)threadIdx.x & 31, group = w >> 2, member = w & 3;
    float *W2 = job.theta + (size_t)job.hidden * (job.inputs + 1), *b2 = W2 + job.outputs * job.hidden;
    open_chain_memory(s, job, W2, b2, HEADLINE);
    __syncthreads();
    cluster_sync();
    if (group == 0)
        chain_warp<HEADLINE>(s, job, member, lane);
    else if (group == 1)
        output_warp(s, job, W2, member, lane);
    else if (group == 2)
        prepare_warp(s, job, member & 1, member >> 1, lane);
    else if (member < 2)
        send_warp(s, job, member, lane);
    else if (member == 2)
        bias_warp(s, job, b2, lane);
    else
        score_warp<HEADLINE>(s, job, lane);
}

#endif
