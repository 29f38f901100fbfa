// tensor_service.cuh - what chain warps do when their steps have run: find the next examples and their
// targets, score the steps before.
#ifndef ANNC_KERNELS_TENSOR_TENSOR_SERVICE_CUH
#define ANNC_KERNELS_TENSOR_TENSOR_SERVICE_CUH

#include "kernels/tensor/tensor_layout.cuh"

// Writes the numbers of a group's examples.
ANNC_INLINE void find_examples(TensorMemory &s, int group, int lane)
{
    const int step = group * STEPS + lane / ROWS, r = lane % ROWS;
    const bool there = r < rows_of(s, step);
    s.numbers[group % 8][lane] =
        there ? annc_order_at(&s.cursor.order, annc_cursor_position(&s.cursor, s.cursor.step + step, r)) : NO_EXAMPLE;
}

ANNC_INLINE void find_targets(TensorMemory &s, int group, int lane)
{
    const uint32_t number = s.numbers[group % 8][lane];
    write_targets<LANE_OUTPUTS>(s.net, number != NO_EXAMPLE, number, s.targets[group % 3][lane]);
    if (lane < STEPS)
        s.rates[group % 3][lane] = rate_of(s, group * STEPS + lane);
}

// Cost and hits of a step of a group that the chain has run.
template <bool HEADLINE> ANNC_INLINE void score(TensorMemory &s, int group, int i, int lane)
{
    const int step = group * STEPS + i;
    constexpr int STRIDE = TARGET_STRIDE<LANE_OUTPUTS>;
    float z[LANE_OUTPUTS], a[LANE_OUTPUTS], y[LANE_OUTPUTS], scale[2];
    const float *targets = s.targets[group % 3][i * ROWS],
                *row = targets + (lane >> 2) * STRIDE + ROW_CLASS<LANE_OUTPUTS>;
    const int wanted[2] = {__float_as_int(row[0]), __float_as_int(row[8 * STRIDE])};
#pragma unroll
    for (int q = 0; q < LANE_OUTPUTS; q++)
        z[q] = s.outputs[group & 1][i][q][lane];
    load_targets(y, scale, targets_of_lane<LANE_OUTPUTS>(targets, lane));
    const float cost = warp_sum(cost_of_lane<HEADLINE>(s.net, lane, z, a, y, scale));
    const int correct = hits<HEADLINE>(s.net, lane, a, wanted);
    if (lane == 0 && step < s.steps) {
        annc_score *to = s.net.scores + s.cursor.step + step;
        to->cost = (double)cost;
        to->correct = (uint32_t)correct;
        to->examples = (uint32_t)rows_of(s, step);
    }
}

// What warps 0 and 1 do besides in the phase of group `group`, -1 before the first.
template <bool HEADLINE> ANNC_INLINE void service_phase(TensorMemory &s, int group, int groups, int w, int lane)
{
    asm volatile("" : "+r"(lane));
    if (w == 1) { //@skip
        if (group + 1 < groups)
            find_targets(s, group + 1, lane);
        if (group + 5 < groups)
            find_examples(s, group + 5, lane);
    }
    if (w == 0 && group > 0) { //@skip
        for (int i = 0; i < STEPS; i++)
            score<HEADLINE>(s, group - 1, i, lane);
    }
}

#endif
