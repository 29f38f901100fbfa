// test_cluster_plan.cu - G, the rows and the targets of the cluster engine's plan, against integers of the host.
#include <cuda_runtime.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/order.h"
#include "kernels/cluster/cluster_layout.cuh"

static int failures;

static void check_call(cudaError_t error, const char *call)
{
    if (error == cudaSuccess)
        return;
    const char *required = getenv("ANNC_REQUIRE_GPU");
    const bool skip = error == cudaErrorNoDevice || error == cudaErrorInsufficientDriver;
    printf("%s: %s\n", call, cudaGetErrorString(error));
    exit(skip && !(required && strcmp(required, "1") == 0) ? 77 : 1);
}
#define CHECK_CALL(call) check_call(call, #call)

static void check(bool good, const char *what, int step, int i, int j)
{
    if (!good && failures++ < 20)
        printf("inputs, step, row, column: %s at %d, %d, %d\n", what, step, i, j);
}

// Copies an array to the device.
template <typename Element> static Element *upload(const Element *host, size_t count)
{
    Element *device;
    CHECK_CALL(cudaMalloc(&device, count * sizeof *host));
    CHECK_CALL(cudaMemcpy(device, host, count * sizeof *host, cudaMemcpyHostToDevice));
    return device;
}

// The element (i, j) of G in the order of fragments: lane 4 (i % 8) + j / 2 % 4 of the slice j / 8.
static double gram_at(const float *gram, int i, int j)
{
    const float *at = gram + (j / 8) * 128 + (4 * (i % 8) + j / 2 % 4) * 4 + i / 8 + 2 * (j % 2);
    return (double)at[0] + (double)at[256];
}

static float float_of_bf16(uint16_t value)
{
    const uint32_t bits = (uint32_t)value << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// Returns what a mean gradient of 1 at the first of `steps` steps makes of a parameter that is 0.
static double after_impulse(const annc_cluster_rule &rule, bool is_weight, double eta, int steps)
{
    double theta = 0, v = 0;
    for (int step = 0; step < steps; step++) {
        const double g = step == 0, old = theta;
        theta -= eta * ((is_weight ? rule.of_theta * theta : 0) + rule.of_v * v + rule.of_gradient * g);
        v = rule.mu * v + (is_weight ? rule.l2 * old : 0) + g;
    }
    return theta;
}

// eta = m and divisor 1, so that G of plain SGD is -(sum of products + 1), an integer below 2^24; G of
// another rule has about 21 bits.
static void check_plan(const annc_cluster_rule &rule, double tolerance, uint32_t inputs, uint32_t m, uint32_t steps,
                       uint32_t offset)
{
    const uint32_t count = (offset + steps + 2) * m;
    uint8_t *x = (uint8_t *)malloc(count * inputs);
    int32_t *labels = (int32_t *)malloc(count * sizeof *labels);
    uint16_t *rows = (uint16_t *)malloc(steps * ANNC_CLUSTER_ROWS * sizeof *rows);
    float *records = (float *)malloc(steps * RECORD * sizeof *records);
    for (uint32_t i = 0; i < count * inputs; i++)
        x[i] = (uint8_t)((i * 2654435761u >> 13) % 140);
    for (uint32_t i = 0; i < count; i++)
        labels[i] = (int32_t)(i % 7);
    annc_cursor cursor = {};
    cursor.order = annc_order_shuffled(count, 5, 1);
    cursor.batch = m;
    cursor.step = 1;

    annc_cluster_launch job = {};
    job.net.inputs = inputs;
    job.net.hidden = 4;
    job.net.outputs = 7;
    job.m = m;
    job.steps = steps;
    job.offset = offset;
    job.net.eta = (float)m;
    job.rule = rule;
    job.net.values.off = 0.25f;
    job.net.values.on = 0.75f;
    job.net.examples.divisor = job.divisor = 1;
    job.net.examples.type = ANNC_BYTES;
    job.net.examples.inputs = inputs;
    uint8_t *d_x = upload(x, count * inputs);
    int32_t *d_labels = upload(labels, count);
    annc_cursor *d_cursor = upload(&cursor, 1);
    job.net.examples.x = d_x;
    job.net.examples.labels = d_labels;
    job.start = d_cursor;
    CHECK_CALL(cudaMalloc(&job.rows, steps * ANNC_CLUSTER_ROWS * sizeof *rows));
    CHECK_CALL(cudaMalloc(&job.records, steps * RECORD * sizeof *records));
    CHECK_CALL(annc_launch_cluster_plan(0, &job));
    CHECK_CALL(cudaMemcpy(rows, job.rows, steps * ANNC_CLUSTER_ROWS * sizeof *rows, cudaMemcpyDeviceToHost));
    CHECK_CALL(cudaMemcpy(records, job.records, steps * RECORD * sizeof *records, cudaMemcpyDeviceToHost));

    for (int step = 0; step < (int)steps; step++) {
        const float *record = records + (size_t)step * RECORD;
        const uint16_t *row = rows + (size_t)step * ANNC_CLUSTER_ROWS;
        auto example = [&](int s, int r) { return annc_order_at(&cursor.order, (cursor.step + offset + s) * m + r); };
        for (int i = 0; i < ROWS; i++) {
            const bool there = i < (int)m;
            for (int lag = 1; lag <= LAG; lag++)
                for (int j = 0; j < ROWS; j++) {
                    double sum = 0;
                    if (there && j < (int)m && step >= lag) {
                        for (uint32_t k = 0; k < inputs; k++)
                            sum += (double)x[(size_t)example(step, i) * inputs + k] *
                                   x[(size_t)example(step - lag, j) * inputs + k];
                        sum = (after_impulse(rule, true, m, lag) * sum + after_impulse(rule, false, m, lag)) / m;
                    }
                    const double error = gram_at(record + TARGETS + (lag - 1) * GRAM, i, j) - sum;
                    check(fabs(error) <= tolerance * fabs(sum), "G", step, i, j);
                }
            for (int c = 0; c < PARTS * ROW_STRIDE<false>; c++) {
                const int part = c / ROW_STRIDE<false>, column = c % ROW_STRIDE<false>;
                const int of_part = inputs < 3 * 272 ? 272 : 288; // the last warp has one tile of 16 or two
                const uint32_t input = part * of_part + column;
                const bool real = there && column < of_part && input <= inputs;
                const float want = !real ? 0.f : input == inputs ? 1.f : x[(size_t)example(step, i) * inputs + input];
                check(float_of_bf16(row[(part * ROWS + i) * ROW_STRIDE<false> + column]) == want, "X", step, i, c);
            }
            const float *targets = record + i * TARGET_STRIDE<LANE_OUTPUTS<false>>;
            const int label = there ? labels[example(step, i)] : -1;
            for (int j = 0; j < ANNC_CLUSTER_OUTPUTS; j++)
                check(targets[j] == (!there || j >= 7 ? 0.f : j == label ? 0.75f : 0.25f), "Y", step, i, j);
            int32_t planned;
            memcpy(&planned, &targets[ROW_CLASS<LANE_OUTPUTS<false>>], sizeof planned);
            check(targets[ROW_SCALE<LANE_OUTPUTS<false>>] == (float)there && planned == label, "class", step, i, label);
        }
    }
    for (void *memory : {(void *)d_x, (void *)d_labels, (void *)d_cursor, (void *)job.rows, (void *)job.records})
        CHECK_CALL(cudaFree(memory));
    free(x);
    free(labels);
    free(rows);
    free(records);
}

// Floats: G within rounding of a sum in double, and each input the exact sum of its three parts.
static void check_floats(uint32_t inputs, uint32_t m, uint32_t steps)
{
    const uint32_t count = steps * m;
    float *x = (float *)malloc(count * inputs * sizeof *x);
    int32_t *labels = (int32_t *)calloc(count, sizeof *labels);
    uint16_t *rows = (uint16_t *)malloc(steps * ANNC_CLUSTER_FLOAT_ROWS * sizeof *rows);
    float *records = (float *)malloc(steps * RECORD * sizeof *records);
    for (uint32_t i = 0; i < count * inputs; i++)
        x[i] = (float)((int)((i * 2654435761u) >> 8) - (1 << 23)) / 8192.f;
    annc_cursor cursor = {};
    cursor.order = annc_order_shuffled(count, 5, 1);
    cursor.batch = m;
    annc_cluster_launch job = {};
    job.net.inputs = job.net.examples.inputs = inputs;
    job.net.hidden = 4;
    job.net.outputs = 7;
    job.m = m;
    job.steps = steps;
    job.net.eta = (float)m;
    job.rule.of_gradient = 1;
    job.has_floats = true;
    job.divisor = 1;
    job.net.examples.type = ANNC_FLOATS;
    float *d_x = upload(x, count * inputs);
    int32_t *d_labels = upload(labels, count);
    annc_cursor *d_cursor = upload(&cursor, 1);
    job.net.examples.x = d_x;
    job.net.examples.labels = d_labels;
    job.start = d_cursor;
    CHECK_CALL(cudaMalloc(&job.rows, steps * ANNC_CLUSTER_FLOAT_ROWS * sizeof *rows));
    CHECK_CALL(cudaMalloc(&job.records, steps * RECORD * sizeof *records));
    CHECK_CALL(annc_launch_cluster_plan(0, &job));
    CHECK_CALL(cudaMemcpy(rows, job.rows, steps * ANNC_CLUSTER_FLOAT_ROWS * sizeof *rows, cudaMemcpyDeviceToHost));
    CHECK_CALL(cudaMemcpy(records, job.records, steps * RECORD * sizeof *records, cudaMemcpyDeviceToHost));
    for (int step = 0; step < (int)steps; step++) {
        auto input = [&](int s, int r, uint32_t c) {
            return x[(size_t)annc_order_at(&cursor.order, s * m + r) * inputs + c];
        };
        for (int lag = 1; lag <= LAG; lag++)
            for (int i = 0; i < ROWS; i++)
                for (int j = 0; j < ROWS; j++) {
                    double sum = 0, size = 0;
                    const bool there = i < (int)m && j < (int)m && step >= lag;
                    for (uint32_t c = 0; there && c < inputs; c++) {
                        const double product = (double)input(step, i, c) * input(step - lag, j, c);
                        sum += product;
                        size += fabs(product);
                    }
                    const double want = there ? -(sum + 1) : 0;
                    const double got = gram_at(records + (size_t)step * RECORD + TARGETS + (lag - 1) * GRAM, i, j);
                    check(fabs(got - want) <= 1e-7 * fabs(want) + 1e-14 * size, "G of floats", step, i, j);
                }
        for (uint32_t c = 0; c < PARTS * PART_INPUTS<true>; c++)
            for (int r = 0; r < ROWS; r++) {
                const uint16_t *at = rows + (size_t)step * ANNC_CLUSTER_FLOAT_ROWS +
                                     (c / PART_INPUTS<true> * ROWS + r) * ROW_STRIDE<true> + c % PART_INPUTS<true>;
                const float got = float_of_bf16(at[0]) +
                                  (float_of_bf16(at[PART_INPUTS<true>]) + float_of_bf16(at[2 * PART_INPUTS<true>]));
                const bool there = r < (int)m;
                check(got == (!there || c > inputs ? 0.f
                              : c == inputs        ? 1.f
                                                   : input(step, r, c)),
                      "X of floats", step, r, (int)c);
            }
    }
    for (void *memory : {(void *)d_x, (void *)d_labels, (void *)d_cursor, (void *)job.rows, (void *)job.records})
        CHECK_CALL(cudaFree(memory));
    free(x);
    free(labels);
    free(rows);
    free(records);
}

int main()
{
    static const uint32_t inputs[] = {1, 4, 17, 271, 272, 287, 784, 815, 816, 863};
    for (uint32_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        const annc_cluster_rule plain = {0, 0, 0, 0, 1}, nesterov = {0.5f, 0.25f, 0.01f, 0.25f, 1.5f};
        check_plan(plain, 0, inputs[i], i % 3 ? 16 : 5, 4, i % 2 * 3);
        check_plan(nesterov, 1e-6, inputs[i], i % 3 ? 16 : 5, 4, i % 2 * 3);
    }
    check_floats(1, 16, 4);
    check_floats(143, 16, 2);
    check_floats(431, 5, 4);
    printf("%d passed, %d failed\n", failures == 0, failures != 0);
    return failures ? 1 : 0;
}
