#include "backend/cpu/cpu_moved.h"
#include "base/allocate.h"
#include "base/status.h"

#include <string.h>

/* Workers transform the images of the next step before the exchange of the present one. A worker
 * that passes an exchange may still read the lists of that step while another writes those of the
 * step after the next. */
enum { STEPS_UNDER_WAY = 3 };

/* Returns the largest number of values in a list, filled up to whole blocks. */
static size_t most_values(const struct annc_fused *fused)
{
    return annc_padded(fused->job->shape->width[0]);
}

/* Returns the lines of a list of so many values, and of those that the kernel may write behind. */
static size_t lines_of(const struct annc_fused *fused)
{
    return annc_padded((most_values(fused) + ANNC_PAD) * (sizeof(uint16_t) + sizeof(float))) / ANNC_LINE + 1;
}

void annc_moved_plan(struct annc_fused *fused)
{
    const struct annc_job *job = fused->job;
    fused->moves = job->training && annc_moves_images(&job->training->augmentation);
    if (!fused->moves)
        return;
    fused->images = (struct annc_images){.augmentation = job->training->augmentation,
                                         .elastic = annc_elastic_of(&job->training->augmentation),
                                         .seed = job->training->seed,
                                         .rows = job->rows,
                                         .columns = job->columns};
    fused->records = (struct annc_records){.factor = 1, .most = most_values(fused)};
}

size_t annc_moved_bytes(const struct annc_fused *fused)
{
    const size_t lists = STEPS_UNDER_WAY * (size_t)fused->job->batch;
    return fused->moves ? lists * (lines_of(fused) * ANNC_LINE + sizeof *fused->moved) : 0;
}

size_t annc_moved_scratch(const struct annc_fused *fused)
{
    return fused->moves ? annc_images_scratch(&fused->images) : 0;
}

annc_status annc_moved_open(struct annc_fused *fused)
{
    annc_status status = ANNC_OK;
    const annc_examples *examples = fused->job->examples;
    const size_t lists = STEPS_UNDER_WAY * (size_t)fused->job->batch;
    fused->images.bytes = examples->type == ANNC_BYTES;
    fused->images.factor = 1.0f / examples->divisor;
    ANNC_TRY(annc_allocate(lists, sizeof *fused->moved, "the engine", (void **)&fused->moved));
    ANNC_TRY(annc_allocate(lists * lines_of(fused), ANNC_LINE, "the engine", (void **)&fused->moved_lines));
    fused->records.lines = fused->moved_lines;
out:
    return status;
}

void annc_moved_close(struct annc_fused *fused)
{
    annc_release(fused->moved);
    annc_release(fused->moved_lines);
}

const struct annc_record *annc_moved_records(const struct annc_fused *fused, uint32_t number)
{
    return fused->moved + (size_t)(number % STEPS_UNDER_WAY) * fused->job->batch;
}

static const uint8_t *image_at(const struct annc_fused *fused, uint32_t position)
{
    const annc_examples *examples = fused->job->examples;
    const size_t bytes = examples->inputs * (fused->images.bytes ? 1 : sizeof(float));
    return (const uint8_t *)examples->x + fused->order[position] * bytes;
}

static void prefetch(const struct annc_fused *fused, const uint8_t *image)
{
    const size_t bytes = fused->job->examples->inputs * (fused->images.bytes ? 1 : sizeof(float));
    for (size_t at = 0; at < bytes; at += ANNC_LINE)
        __builtin_prefetch(image + at, 0, 2);
}

/* Lists the image at a position of the epoch as list number `list`. */
static void move(struct annc_worker *worker, uint32_t position, size_t list)
{
    const struct annc_fused *fused = worker->fused;
    const uint32_t n = fused->job->examples->inputs;
    struct annc_record *record = &fused->moved[list];
    record->line = (uint32_t)(list * lines_of(fused));
    uint16_t *input = (uint16_t *)(fused->moved_lines + (size_t)record->line * ANNC_LINE);
    uint32_t count =
        fused->kernels->move_image(&fused->images, image_at(fused, position), fused->job->cursor->first + position,
                                   worker->canvas, input, worker->pixels);
    record->blocks = (count + ANNC_OCTET - 1) / ANNC_OCTET;
    for (; count < record->blocks * ANNC_OCTET; count++) {
        input[count] = (uint16_t)(n + count % ANNC_OCTET);
        worker->pixels[count] = 0;
    }
    memcpy(input + count, worker->pixels, count * sizeof *worker->pixels);
}

void annc_worker_move(struct annc_worker *worker, uint32_t number)
{
    const struct annc_fused *fused = worker->fused;
    const uint32_t m = fused->m, workers = (uint32_t)fused->workers, i = (uint32_t)worker->index;
    const uint32_t first = annc_cursor_position(fused->job->cursor, number, 0);
    const uint32_t end = (uint32_t)((uint64_t)m * (i + 1) / workers);
    for (uint32_t r = (uint32_t)((uint64_t)m * i / workers); r < end; r++) {
        const uint32_t next = first + (r + 1 < end ? r + 1 : m);
        if (next < fused->job->cursor->order.n)
            prefetch(fused, image_at(fused, next));
        move(worker, first + r, (size_t)(number % STEPS_UNDER_WAY) * fused->job->batch + r);
    }
}

void annc_moved_gather(struct annc_worker *worker, uint32_t number, uint32_t m)
{
    const struct annc_fused *fused = worker->fused;
    const struct annc_record *records = annc_moved_records(fused, number);
    const uint32_t n = worker->layer[1].n_in;
    const size_t stride = worker->layer[1].stride_in;
    for (uint32_t r = 0; r < m; r++) {
        const uint16_t *input = (const uint16_t *)(fused->moved_lines + (size_t)records[r].line * ANNC_LINE);
        const size_t count = (size_t)records[r].blocks * ANNC_OCTET;
        const void *values = input + count;
        const float *value = values;
        float *x = worker->X + r * stride;
        memset(x, 0, n * sizeof *x);
        for (size_t i = 0; i < count; i++)
            if (input[i] < n)
                x[input[i]] = value[i];
    }
}
