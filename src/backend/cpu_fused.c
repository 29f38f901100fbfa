/* cpu_fused.c - whole steps of small networks on the CPU.
 *
 * The operations of a step pass over matrices that are large in all but small networks; in those, handing over from one to the next costs more
 * than the arithmetic. Here a step stays in the caches: W is kept input-major (W[k] is what input k adds to each unit), so that an input that is
 * 0 is skipped, forward and in the update, and the layers above also output-major for BP2. Inputs are listed once, example by example
 * (cpu_sparse.h), where enough of them are 0; otherwise they are gathered as they are.
 *
 * theta, the documented block, is read when a call begins and written when it ends. */
#include "cpu_fused.h"
#include "allocate.h"
#include "cpu_rows.h"
#include "cpu_sparse.h"
#include "functions.h"
#include "status.h"

#include <string.h>

/* A network is small where a layer's weights stay in the second cache. */
static const size_t MOST_WEIGHTS = 1 << 18;
/* Listing pays up to this share of inputs that are not 0. */
static const double DENSE = 0.6;

/* Layer l, and its part of a minibatch; matrices are padded (cpu_kernels.h). */
struct layer {
    uint32_t n, n_in;
    size_t stride, stride_in; /* n and n_in padded */
    annc_activation f;
    float *W;     /* n_in x stride, and ANNC_OCTET spare rows */
    float *V;     /* n x stride_in: the same, the other way; NULL for the first layer */
    float *b;     /* stride */
    float *Z, *A; /* m x stride */
    float *delta;
};

struct fused {
    const struct annc_cpu_kernels *kernels;
    const struct annc_job *job;
    uint32_t layers;
    struct layer layer[ANNC_MAX_LAYERS + 1]; /* from 1 on */
    bool lists;                              /* of inputs, rather than X */
    struct annc_sparse sparse;
    float *values;    /* of a minibatch's lists, m x step, or one example's */
    float *X;         /* m x padded inputs */
    float *Y;         /* m x stride of the last layer */
    uint32_t *wanted; /* the class of each row */
    double *costs;    /* of each output, summed over a minibatch */
    void *memory;
    /* The epoch's examples in their order, and their lists. */
    struct annc_order known;
    uint32_t *order;
    struct annc_record *these;
};

/* ---------------------------------------------------------------- what is taken */

bool annc_fused_takes(const annc_shape *shape)
{
    for (uint32_t l = 1; l <= shape->layers; l++)
        if (((size_t)shape->width[l - 1] + ANNC_OCTET) * annc_padded(shape->width[l]) > MOST_WEIGHTS)
            return false;
    return true;
}

/* ---------------------------------------------------------------- memory */

/* Takes the next `count` floats of a block; with base NULL only counts. */
static float *take(float *base, size_t *used, size_t count)
{
    float *taken = base ? base + *used : NULL;
    *used += annc_padded(count);
    return taken;
}

/* Lays out all matrices in one block; gives its floats. */
static size_t lay_out(struct fused *fused, uint32_t m, float *base)
{
    const annc_shape *shape = fused->job->shape;
    size_t used = 0;
    for (uint32_t l = 1; l <= fused->layers; l++) {
        struct layer *layer = &fused->layer[l];
        layer->n = shape->width[l];
        layer->n_in = shape->width[l - 1];
        layer->stride = annc_padded(layer->n);
        layer->stride_in = annc_padded(layer->n_in);
        layer->f = shape->activation[l - 1];
        layer->W = take(base, &used, (layer->n_in + ANNC_OCTET) * layer->stride);
        layer->V = l > 1 ? take(base, &used, layer->n * layer->stride_in) : NULL;
        layer->b = take(base, &used, layer->stride);
        layer->Z = take(base, &used, m * layer->stride);
        layer->A = take(base, &used, m * layer->stride);
        layer->delta = take(base, &used, m * layer->stride);
    }
    fused->Y = take(base, &used, m * fused->layer[fused->layers].stride);
    fused->values = take(base, &used, m * fused->sparse.records.step + fused->sparse.records.most);
    fused->X = fused->lists ? NULL : take(base, &used, m * fused->layer[1].stride_in);
    return used;
}

static void close_fused(struct fused *fused)
{
    if (!fused)
        return;
    annc_sparse_close(&fused->sparse);
    annc_release(fused->memory);
    annc_release(fused->costs);
    annc_release(fused->wanted);
    annc_release(fused->order);
    annc_release(fused->these);
    annc_release(fused);
}

static annc_status open_fused(const struct annc_cpu_kernels *kernels, const struct annc_job *job, struct fused **result)
{
    annc_status status = ANNC_OK;
    struct fused *fused = NULL;
    const annc_examples *examples = job->examples;
    const size_t units = annc_padded(job->shape->width[1]) / ANNC_PAD, n = examples->count;
    ANNC_TRY(annc_allocate(1, sizeof *fused, "the engine", (void **)&fused));
    fused->kernels = kernels;
    fused->job = job;
    fused->layers = job->shape->layers;
    fused->lists = annc_sparse_can_list(job->shape->width[0], units) && annc_sparse_density(examples) <= DENSE;
    if (fused->lists)
        ANNC_TRY(annc_sparse_open(examples, units, &fused->sparse));
    /* Without an update nobody comes back for the values: one example's give way to the next one's. */
    fused->sparse.records.step = job->kind == ANNC_JOB_FORWARD ? 0 : fused->sparse.records.most;
    ANNC_TRY(annc_allocate(lay_out(fused, job->batch, NULL), sizeof(float), "the engine", &fused->memory));
    lay_out(fused, job->batch, fused->memory);
    ANNC_TRY(
        annc_allocate(fused->layer[fused->layers].stride, sizeof *fused->costs, "the engine", (void **)&fused->costs));
    ANNC_TRY(annc_allocate(job->batch, sizeof *fused->wanted, "the engine", (void **)&fused->wanted));
    for (size_t r = 0; r < job->batch; r++)
        for (uint32_t j = 0; j < fused->layer[fused->layers].n; j++)
            fused->Y[r * fused->layer[fused->layers].stride + j] = job->values.off;
    ANNC_TRY(annc_allocate(n, sizeof *fused->order, "the order", (void **)&fused->order));
    if (fused->lists)
        ANNC_TRY(annc_allocate(n, sizeof *fused->these, "the order", (void **)&fused->these));
    *result = fused;
    fused = NULL;
out:
    close_fused(fused);
    return status;
}

/* ---------------------------------------------------------------- parameters */

static void read_theta(struct fused *fused, const float *theta)
{
    const annc_shape *shape = fused->job->shape;
    for (uint32_t l = 1; l <= fused->layers; l++) {
        struct layer *layer = &fused->layer[l];
        const float *W = theta + annc_shape_weights_at(shape, l), *b = theta + annc_shape_biases_at(shape, l);
        for (size_t j = 0; j < layer->n; j++)
            for (size_t k = 0; k < layer->n_in; k++)
                layer->W[k * layer->stride + j] = W[j * layer->n_in + k];
        for (size_t j = 0; layer->V && j < layer->n; j++)
            memcpy(layer->V + j * layer->stride_in, W + j * layer->n_in, layer->n_in * sizeof *W);
        memcpy(layer->b, b, layer->n * sizeof *b);
    }
}

static void write_theta(const struct fused *fused, float *theta)
{
    const annc_shape *shape = fused->job->shape;
    for (uint32_t l = 1; l <= fused->layers; l++) {
        const struct layer *layer = &fused->layer[l];
        float *W = theta + annc_shape_weights_at(shape, l);
        for (size_t j = 0; j < layer->n; j++)
            for (size_t k = 0; k < layer->n_in; k++)
                W[j * layer->n_in + k] = layer->W[k * layer->stride + j];
        memcpy(theta + annc_shape_biases_at(shape, l), layer->b, layer->n * sizeof *theta);
    }
}

/* ---------------------------------------------------------------- a minibatch */

/* The examples in the order of the cursor, unless they are so already. */
static void find_order(struct fused *fused, const struct annc_order *order)
{
    if (memcmp(&fused->known, order, sizeof *order) == 0)
        return;
    fused->known = *order;
    fused->kernels->order(order, 0, order->n, fused->order);
    for (uint32_t i = 0; fused->lists && i < order->n; i++)
        fused->these[i] = fused->sparse.record[fused->order[i]];
}

static void zero_pads(uint32_t m, size_t n, size_t stride, float *rows)
{
    for (uint32_t r = 0; r < m && n < stride; r++)
        memset(rows + r * stride + n, 0, (stride - n) * sizeof *rows);
}

static void gather(struct fused *fused, const uint32_t *these, uint32_t m)
{
    const annc_examples *examples = fused->job->examples;
    const size_t n = examples->inputs, stride = fused->layer[1].stride_in;
    for (uint32_t r = 0; r < m; r++) {
        float *x = fused->X + r * stride;
        if (examples->type == ANNC_BYTES)
            fused->kernels->bytes_to_floats(n, 1.0f / examples->divisor, (const uint8_t *)examples->x + these[r] * n,
                                            x);
        else
            memcpy(x, (const float *)examples->x + these[r] * n, n * sizeof *x);
    }
}

/* Z = bias + A_in W. */
static void affine(struct fused *fused, uint32_t l, uint32_t position, uint32_t m)
{
    const struct layer *layer = &fused->layer[l];
    const uint32_t n = fused->job->examples->count, after = position + m;
    if (l == 1 && fused->lists) {
        const struct annc_record *next = fused->these + (n - after >= m ? after : 0);
        fused->kernels->sparse_forward(&fused->sparse.records, fused->these + position, next, m, layer->stride, 0,
                                       layer->stride, layer->W, layer->b, layer->Z, fused->values);
        return;
    }
    fused->kernels->multiply(&(struct annc_product){.M = m,
                                                    .N = (uint32_t)layer->stride,
                                                    .K = layer->n_in,
                                                    .A = l == 1 ? fused->X : fused->layer[l - 1].A,
                                                    .a_row = layer->stride_in,
                                                    .a_step = 1,
                                                    .B = layer->W,
                                                    .ldb = layer->stride,
                                                    .C = layer->Z,
                                                    .ldc = layer->stride,
                                                    .start = ANNC_START_BIAS,
                                                    .bias = layer->b});
}

static void forward(struct fused *fused, uint32_t position, uint32_t m)
{
    if (!fused->lists)
        gather(fused, fused->order + position, m);
    for (uint32_t l = 1; l <= fused->layers; l++) {
        struct layer *layer = &fused->layer[l];
        affine(fused, l, position, m);
        if (annc_activation_kind_of(layer->f) == ROWWISE)
            annc_cpu_normalise_rows(m, layer->n, layer->stride, layer->Z);
        fused->kernels->activate(layer->f, m * layer->stride, layer->Z, layer->A);
        if (l < fused->layers) /* beyond the last layer nothing is made of them */
            zero_pads(m, layer->n, layer->stride, layer->A);
    }
}

/* BP1, times alpha. */
static void output_delta(struct fused *fused, uint32_t m, float alpha)
{
    const struct layer *layer = &fused->layer[fused->layers];
    const annc_cost cost = fused->job->shape->cost;
    const size_t stride = layer->stride, count = m * stride;
    const float *weights = fused->job->weights;
    fused->kernels->cost_derivative(cost, count, layer->Z, layer->A, fused->Y, layer->delta);
    if (annc_cost_partner(cost) == ANY_OUTPUT && annc_activation_kind_of(layer->f) == ROWWISE)
        annc_cpu_times_jacobian(m, layer->n, stride, layer->A, layer->delta);
    else if (annc_cost_partner(cost) == ANY_OUTPUT)
        fused->kernels->times_derivative(layer->f, count, layer->Z, layer->A, layer->delta);
    for (uint32_t r = 0; r < m && weights; r++)
        fused->kernels->scale(1, layer->n, stride, alpha * weights[fused->wanted[r]], layer->delta + r * stride);
    if (!weights)
        fused->kernels->scale(m, layer->n, stride, alpha, layer->delta);
}

/* BP2: delta of the layer below l. */
static void hidden_delta(struct fused *fused, uint32_t l, uint32_t m)
{
    const struct layer *layer = &fused->layer[l], *below = &fused->layer[l - 1];
    fused->kernels->multiply(&(struct annc_product){.M = m,
                                                    .N = (uint32_t)below->stride,
                                                    .K = layer->n,
                                                    .A = layer->delta,
                                                    .a_row = layer->stride,
                                                    .a_step = 1,
                                                    .B = layer->V,
                                                    .ldb = layer->stride_in,
                                                    .C = below->delta,
                                                    .ldc = below->stride,
                                                    .start = ANNC_START_ZERO});
    fused->kernels->times_derivative(below->f, m * below->stride, below->Z, below->A, below->delta);
}

/* BP3 and BP4, delta being scaled already. */
static void step(struct fused *fused, uint32_t l, uint32_t position, uint32_t m)
{
    struct layer *layer = &fused->layer[l];
    const float *A_in = l == 1 ? fused->X : fused->layer[l - 1].A;
    fused->kernels->add_rows(m, layer->stride, layer->stride, layer->delta, layer->b);
    if (l == 1 && fused->lists) {
        fused->kernels->sparse_update(&fused->sparse.records, fused->these + position, m, layer->stride, 0,
                                      layer->stride, layer->delta, fused->values, layer->W);
        return;
    }
    fused->kernels->multiply(&(struct annc_product){.M = layer->n_in,
                                                    .N = (uint32_t)layer->stride,
                                                    .K = m,
                                                    .A = A_in,
                                                    .a_row = 1,
                                                    .a_step = layer->stride_in,
                                                    .B = layer->delta,
                                                    .ldb = layer->stride,
                                                    .C = layer->W,
                                                    .ldc = layer->stride,
                                                    .start = ANNC_START_THERE});
    if (l > 1)
        fused->kernels->multiply(&(struct annc_product){.M = layer->n,
                                                        .N = (uint32_t)layer->stride_in,
                                                        .K = m,
                                                        .A = layer->delta,
                                                        .a_row = 1,
                                                        .a_step = layer->stride,
                                                        .B = A_in,
                                                        .ldb = layer->stride_in,
                                                        .C = layer->V,
                                                        .ldc = layer->stride_in,
                                                        .start = ANNC_START_THERE});
}

static void backward(struct fused *fused, uint32_t position, uint32_t m, double eta)
{
    output_delta(fused, m, (float)(-eta / m));
    for (uint32_t l = fused->layers; l >= 1; l--) {
        if (l > 1)
            hidden_delta(fused, l, m);
        step(fused, l, position, m);
    }
}

static void score(struct fused *fused, uint32_t position, uint32_t m, struct annc_score *score)
{
    const struct layer *layer = &fused->layer[fused->layers];
    const struct annc_job *job = fused->job;
    const float middle = annc_cost_middle(job->shape->cost);
    const struct annc_outputs outputs = {.cost = job->shape->cost,
                                         .m = m,
                                         .n = layer->n,
                                         .stride = layer->stride,
                                         .Z = layer->Z,
                                         .A = layer->A,
                                         .Y = fused->Y,
                                         .wanted = fused->wanted,
                                         .weights = job->weights,
                                         .costs = fused->costs};
    score->cost = fused->kernels->sum_costs(&outputs);
    score->examples = m;
    score->correct = layer->n > 1 ? fused->kernels->count_correct(&outputs) : 0;
    for (uint32_t r = 0; r < m && layer->n == 1; r++)
        score->correct += (layer->A[r * layer->stride] > middle) == fused->wanted[r];
    for (uint32_t r = 0; r < m && job->predictions; r++)
        job->predictions[position + r] = (int32_t)annc_cpu_class_of(layer->n, layer->A + r * layer->stride, middle);
}

/* Y and the classes wanted. Where there are labels, only the ones of the minibatch before are taken back. */
static void take_targets(struct fused *fused, const uint32_t *these, uint32_t m)
{
    const struct annc_job *job = fused->job;
    const annc_examples *examples = job->examples;
    const size_t n = examples->outputs, stride = fused->layer[fused->layers].stride;
    const struct annc_label_values values = job->values;
    for (uint32_t r = 0; r < m; r++) {
        float *y = fused->Y + r * stride;
        if (examples->targets) {
            memcpy(y, examples->targets + these[r] * n, n * sizeof *y);
            fused->wanted[r] = annc_cpu_class_wanted((uint32_t)n, y);
            continue;
        }
        const uint32_t label = (uint32_t)examples->labels[these[r]];
        if (n > 1)
            y[fused->wanted[r]] = values.off;
        y[n > 1 ? label : 0] = n > 1 || label ? values.on : values.off;
        fused->wanted[r] = label;
    }
}

static void run_step(struct fused *fused, uint32_t m)
{
    const struct annc_job *job = fused->job;
    struct annc_cursor *cursor = job->cursor;
    const uint32_t position = cursor->step * cursor->batch;
    take_targets(fused, fused->order + position, m);
    forward(fused, position, m);
    if (job->kind == ANNC_JOB_DESCENT)
        backward(fused, position, m, job->rates ? (double)job->rates[cursor->step].eta : job->eta);
    score(fused, position, m, &job->scores[cursor->step]);
    cursor->step++;
}

annc_status annc_fused_steps(const struct annc_cpu_kernels *kernels, struct annc_job *job, uint32_t m, uint32_t count,
                             bool *taken)
{
    annc_status status = ANNC_OK;
    struct fused *fused = job->recording;
    *taken = job->kind != ANNC_JOB_OTHER && annc_fused_takes(job->shape);
    if (!*taken)
        return ANNC_OK;
    if (!fused) {
        ANNC_TRY(open_fused(kernels, job, &fused));
        job->recording = fused;
        job->engine = fused->lists ? "fused, sparse" : "fused, dense";
    }
    if (count == 0)
        return ANNC_OK;
    find_order(fused, &job->cursor->order);
    read_theta(fused, job->theta);
    for (uint32_t i = 0; i < count; i++)
        run_step(fused, m);
    if (job->kind == ANNC_JOB_DESCENT)
        write_theta(fused, job->theta);
out:
    return status;
}

void annc_fused_release(struct annc_job *job)
{
    close_fused(job->recording);
    job->recording = NULL;
}
