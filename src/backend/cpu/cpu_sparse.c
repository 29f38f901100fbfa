#include "backend/cpu/cpu_sparse.h"
#include "base/allocate.h"
#include "base/status.h"

#include <string.h>

enum { MOST_LOOKED_AT = 1000 };

static bool is_zero(const annc_examples *examples, size_t i)
{
    return examples->type == ANNC_BYTES ? ((const uint8_t *)examples->x)[i] == 0 : ((const float *)examples->x)[i] == 0;
}

double annc_sparse_density(const annc_examples *examples)
{
    const size_t n = examples->inputs, step = (examples->count + MOST_LOOKED_AT - 1) / MOST_LOOKED_AT;
    size_t looked_at = 0, not_zero = 0;
    for (size_t i = 0; i < examples->count; i += step) {
        for (size_t j = 0; j < n; j++)
            not_zero += !is_zero(examples, i * n + j);
        looked_at += n;
    }
    return (double)not_zero / (double)looked_at;
}

bool annc_sparse_can_list(uint32_t inputs)
{
    return (size_t)inputs + ANNC_OCTET <= UINT16_MAX;
}

/* ---------------------------------------------------------------- one example */

static uint32_t count_bytes(const uint8_t *x, uint32_t n)
{
    uint32_t count = 0;
    for (uint32_t j = 0; j < n; j++)
        count += x[j] != 0;
    return count;
}

static uint32_t count_floats(const float *x, uint32_t n)
{
    uint32_t count = 0;
    for (uint32_t j = 0; j < n; j++)
        count += x[j] != 0;
    return count;
}

static uint32_t list_floats(const float *x, uint32_t n, uint16_t *input, float *value)
{
    uint32_t count = 0;
    for (uint32_t j = 0; j < n; j++)
        if (x[j] != 0) {
            input[count] = (uint16_t)j;
            value[count++] = x[j];
        }
    return count;
}

/* Lists of one example, with ANNC_PAD extra places each. */
struct scratch {
    uint16_t *input;
    uint8_t *value;
};

static void list_example(const struct annc_cpu_kernels *kernels, const annc_examples *examples, size_t i,
                         uint32_t blocks, const struct scratch *scratch, uint8_t *line)
{
    const uint32_t n = examples->inputs;
    uint16_t *input = (uint16_t *)line;
    void *values = input + (size_t)blocks * ANNC_OCTET;
    uint32_t count;
    if (examples->type == ANNC_BYTES) {
        count = kernels->list_bytes((const uint8_t *)examples->x + i * n, n, scratch->input, scratch->value);
        memcpy(input, scratch->input, count * sizeof *input);
        memcpy(values, scratch->value, count);
    } else {
        count = list_floats((const float *)examples->x + i * n, n, input, values);
    }
    /* The values there are already 0; each spare input has its own row, so that none waits for
     * another. */
    for (; count < blocks * ANNC_OCTET; count++)
        input[count] = (uint16_t)(n + count % ANNC_OCTET);
}

/* ---------------------------------------------------------------- all examples */

/* Computes the position of each example's record; returns the number of lines of all. */
static uint64_t place(const annc_examples *examples, struct annc_sparse *sparse)
{
    const uint32_t n = examples->inputs;
    const bool bytes = examples->type == ANNC_BYTES;
    uint64_t line = 0;
    for (size_t i = 0; i < examples->count; i++) {
        const uint32_t count = bytes ? count_bytes((const uint8_t *)examples->x + i * n, n)
                                     : count_floats((const float *)examples->x + i * n, n);
        const uint32_t blocks = (count + ANNC_OCTET - 1) / ANNC_OCTET;
        const uint64_t length = (uint64_t)blocks * ANNC_OCTET * (sizeof(uint16_t) + (bytes ? 1 : sizeof(float)));
        sparse->record[i] = (struct annc_record){(uint32_t)line, blocks};
        line += (length + ANNC_LINE - 1) / ANNC_LINE;
        if (blocks * (size_t)ANNC_OCTET > sparse->records.most)
            sparse->records.most = blocks * (size_t)ANNC_OCTET;
    }
    return line;
}

annc_status annc_sparse_open(const struct annc_cpu_kernels *kernels, const annc_examples *examples,
                             struct annc_sparse *sparse)
{
    annc_status status = ANNC_OK;
    void *lines = NULL;
    uint64_t count;
    struct scratch scratch = {NULL, NULL};
    memset(sparse, 0, sizeof *sparse);
    ANNC_TRY(annc_allocate(examples->count, sizeof *sparse->record, "the examples' lists", (void **)&sparse->record));
    sparse->records.bytes = examples->type == ANNC_BYTES;
    sparse->records.factor = 1.0f / examples->divisor;
    count = place(examples, sparse);
    if (count > UINT32_MAX)
        ANNC_TRY(annc_fail(ANNC_DEVICE, "the examples have too many nonzero inputs for a sparse list"));
    ANNC_TRY(annc_allocate(count, ANNC_LINE, "the examples' lists", &lines));
    sparse->records.lines = lines;
    ANNC_TRY(annc_allocate((size_t)examples->inputs + ANNC_PAD, sizeof *scratch.input, "the examples' lists",
                           (void **)&scratch.input));
    ANNC_TRY(annc_allocate((size_t)examples->inputs + ANNC_PAD, 1, "the examples' lists", (void **)&scratch.value));
    for (size_t i = 0; i < examples->count; i++)
        list_example(kernels, examples, i, sparse->record[i].blocks, &scratch,
                     (uint8_t *)lines + (size_t)sparse->record[i].line * ANNC_LINE);
out:
    annc_release(scratch.input);
    annc_release(scratch.value);
    if (status != ANNC_OK)
        annc_sparse_close(sparse);
    return status;
}

void annc_sparse_close(struct annc_sparse *sparse)
{
    annc_release((void *)sparse->records.lines);
    annc_release(sparse->record);
    memset(sparse, 0, sizeof *sparse);
}
