/* backend_cpu.c - the CPU backend: matrix products of gemm.h, and elementwise loops generated from
 * the tables of annc_functions.h. */
#include "backend/augmentation.h"
#include "backend/backend.h"
#include "backend/blas/gemm.h"
#include "backend/blas/gemm_builtin.h"
#include "backend/cpu/cpu_fused.h"
#include "backend/cpu/cpu_rows.h"
#include "backend/cpu/cpu_staged.h"
#include "backend/cpu/norms.h"
#include "base/allocate.h"
#include "base/functions.h"
#include "base/processors.h"
#include "base/start_threads.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>

struct cpu_device {
    struct annc_device device;
    const struct annc_cpu_kernels *kernels;
    struct annc_pool *pool;
    struct annc_staged *staged;
    bool choose_threads; /* by each product's size, up to info.threads */
    /* It runs whole steps: an idle BLAS thread that spins would take a core from them. */
    bool runs_steps;
};

/* Multiply-adds above which threads share a product; below, the hand-over costs more than it
 * saves. */
static const double THREADED_PRODUCT = 4e6;

static struct cpu_device *cpu(annc_device *device)
{
    return (struct cpu_device *)device;
}

static void set_threads(annc_device *device, double multiply_adds)
{
    const bool one = cpu(device)->runs_steps || (cpu(device)->choose_threads && multiply_adds < THREADED_PRODUCT);
    annc_gemm_set_threads(one ? 1 : device->info.threads);
}

/* ---------------------------------------------------------------- devices and memory */

static int cpu_count(char *why, size_t size)
{
    if (size > 0)
        why[0] = '\0';
    return 1;
}

/* Writes the processor's name as the system reports it. */
static void processor_name(char *name, size_t size)
{
    snprintf(name, size, "CPU");
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        const char *value = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (value) {
            snprintf(name, size, "%s", value + 2);
            name[strcspn(name, "\n")] = '\0';
            break;
        }
    }
    if (file)
        fclose(file);
}

static annc_status cpu_open(const struct annc_host *host, int index, int threads, annc_device **device)
{
    annc_status status = ANNC_OK;
    struct cpu_device *new_device = NULL;
    char processor[128];
    (void)index;
    ANNC_TRY(annc_allocate(1, sizeof *new_device, "a device", (void **)&new_device));
    annc_device_info *info = &new_device->device.info;
    new_device->device.backend = &annc_backend_cpu;
    new_device->device.host = host;
    new_device->kernels = annc_cpu_kernels_choose();
    new_device->choose_threads = threads == 0;
    info->threads = threads > 0 ? threads : annc_usable_processors();
    snprintf(info->kind, sizeof info->kind, "cpu");
    processor_name(processor, sizeof processor);
    annc_machine_memory(&info->memory_bytes, &info->memory_free);
    if (threads == 0 && !annc_can_start_threads(info->threads - 1))
        info->threads = 1;
    if (info->threads > 1)
        ANNC_TRY(annc_pool_open(info->threads, &new_device->pool));
    annc_gemm_prepare(info->threads);
    snprintf(info->name, sizeof info->name, "%s (%s), %s", processor, new_device->kernels->name, annc_gemm_name());
    new_device->device.kernels = info->name + strlen(processor) + 1;
    *device = &new_device->device;
    new_device = NULL;
out:
    annc_release(new_device);
    return status;
}

static void cpu_close(annc_device *device)
{
    annc_pool_close(cpu(device)->pool);
    annc_release(device);
}

static annc_status cpu_free_memory(const annc_device *device, uint64_t *bytes)
{
    uint64_t total;
    (void)device;
    annc_machine_memory(&total, bytes);
    return ANNC_OK;
}

static annc_status cpu_alloc(annc_device *device, size_t bytes, const char *what, void **memory)
{
    (void)device;
    return annc_allocate(bytes, 1, what, memory);
}

static void cpu_free(annc_device *device, void *memory)
{
    (void)device;
    annc_release(memory);
}

static annc_status cpu_stage(annc_device *device, const void *host, size_t bytes, const char *what, const void **memory)
{
    (void)bytes;
    (void)what;
    *memory = host;
    return annc_staged_add(&cpu(device)->staged, host);
}

static void cpu_unstage(annc_device *device, const void *memory)
{
    annc_staged_remove(&cpu(device)->staged, memory);
}

static annc_status cpu_upload(annc_device *device, void *memory, const void *host, size_t bytes)
{
    (void)device;
    memcpy(memory, host, bytes);
    return ANNC_OK;
}

static annc_status cpu_download(annc_device *device, void *host, const void *memory, size_t bytes)
{
    (void)device;
    memcpy(host, memory, bytes);
    return ANNC_OK;
}

static annc_status cpu_synchronise(annc_device *device)
{
    (void)device;
    return ANNC_OK;
}

/* ---------------------------------------------------------------- operations */

static annc_status cpu_initialise(annc_device *device, uint64_t seed, uint64_t first, size_t count, bool uniform,
                                  double scale, float *theta)
{
    (void)device;
    for (size_t i = 0; i < count; i++) {
        const double number = scale == 0 ? 0
                              : uniform  ? annc_uniform(seed, ANNC_STREAM_PARAMETERS, first + i)
                                         : annc_normal(seed, ANNC_STREAM_PARAMETERS, first + i);
        theta[i] = (float)(scale * number);
    }
    return ANNC_OK;
}

static void gather_inputs(annc_device *device, const annc_examples *examples, size_t example, float *x)
{
    const size_t inputs = examples->inputs;
    if (examples->type == ANNC_BYTES)
        cpu(device)->kernels->bytes_to_floats(inputs, 1.0f / examples->divisor,
                                              (const uint8_t *)examples->x + example * inputs, x);
    else
        memcpy(x, (const float *)examples->x + example * inputs, inputs * sizeof *x);
}

static void gather_targets(const annc_examples *examples, struct annc_label_values values, size_t example, float *y)
{
    const size_t outputs = examples->outputs;
    if (examples->targets) {
        memcpy(y, examples->targets + example * outputs, outputs * sizeof *y);
    } else if (outputs == 1) {
        y[0] = examples->labels[example] ? values.on : values.off;
    } else {
        for (size_t j = 0; j < outputs; j++)
            y[j] = values.off;
        y[examples->labels[example]] = values.on;
    }
}

static annc_status cpu_gather(annc_device *device, struct annc_cursor *cursor, const annc_examples *examples,
                              struct annc_label_values values, const float *class_weights, uint32_t m, float *X,
                              float *Y, float *weights)
{
    cursor->step = cursor->next;
    for (uint32_t r = 0; r < m; r++) {
        const uint32_t example = annc_cursor_held(cursor, cursor->step, r);
        gather_inputs(device, examples, example, X + (size_t)r * examples->inputs);
        gather_targets(examples, values, example, Y + (size_t)r * examples->outputs);
        if (weights)
            weights[r] = annc_cpu_weight_of(examples, class_weights, example);
    }
    return ANNC_OK;
}

static annc_status cpu_perturb(annc_device *device, uint64_t seed, const struct annc_cursor *cursor, double sigma,
                               uint32_t m, uint32_t n, float *X)
{
    cpu(device)->kernels->add_noise(seed, annc_cursor_example(cursor, 0), (float)sigma, m, n, X, n);
    return ANNC_OK;
}

static annc_status cpu_augment(annc_device *device, uint64_t seed, const struct annc_cursor *cursor,
                               annc_augmentation augmentation, uint32_t rows, uint32_t columns, uint32_t m,
                               const float *X, float *bends, float *moved)
{
    (void)device;
    const struct annc_elastic elastic = annc_elastic_of(&augmentation);
    for (uint32_t i = 0; i < m; i++) {
        const uint64_t example = annc_cursor_example(cursor, i);
        const float *image = X + (size_t)i * rows * columns;
        float *result = moved + (size_t)i * rows * columns;
        struct annc_warp warp;
        annc_warp_draw(seed, example, augmentation, &warp);
        if (bends)
            annc_elastic_bend(&elastic, seed, example, rows, columns, bends);
        for (uint32_t r = 0; r < rows; r++)
            for (uint32_t c = 0; c < columns; c++)
                result[r * columns + c] =
                    annc_warp_sample(&warp, image, bends, (int)rows, (int)columns, (int)r, (int)c);
    }
    return ANNC_OK;
}

static annc_status cpu_dropout(annc_device *device, uint64_t seed, const struct annc_cursor *cursor, uint32_t l,
                               double share, uint32_t m, uint32_t n, const float *A, float *D)
{
    const uint32_t threshold = annc_dropout_threshold(share);
    const float scale = annc_dropout_scale(share);
    (void)device;
    for (uint32_t r = 0; r < m; r++)
        for (uint32_t j = 0; j < n; j++)
            D[(size_t)r * n + j] = A[(size_t)r * n + j] *
                                   annc_dropout_factor(seed, l, annc_cursor_example(cursor, r), j, n, threshold, scale);
    return ANNC_OK;
}

static annc_status cpu_forward(annc_device *device, annc_activation f, uint32_t m, uint32_t n_in, uint32_t n,
                               const float *A_in, const float *W, const float *b, float *Z, float *A)
{
    for (uint32_t r = 0; r < m; r++)
        memcpy(Z + (size_t)r * n, b, n * sizeof *b);
    set_threads(device, (double)m * n * n_in);
    annc_gemm_nt(m, n, n_in, 1, A_in, W, 1, Z);
    if (annc_activation_kind_of(f) == ROWWISE)
        cpu(device)->kernels->normalise_rows(m, n, n, Z, A);
    cpu(device)->kernels->activate(f, (size_t)m * n, Z, A);
    return ANNC_OK;
}

/* A product of rows that threads share. */
struct rows_job {
    const struct annc_cpu_kernels *kernels;
    annc_activation f;
    uint32_t m, n_in, n;
    int parts;
    const float *A_in, *W, *b;
    float *Z, *A;
};

/* Computes the rows of part i. The built-in product sums every element in one order; a BLAS library
 * may choose the order by the size of the product, the threads and the row's place in it. */
static void forward_part(void *context, int i)
{
    const struct rows_job *job = context;
    const size_t n_in = job->n_in, n = job->n;
    const size_t first = (size_t)job->m * (size_t)i / (size_t)job->parts;
    const size_t after = (size_t)job->m * ((size_t)i + 1) / (size_t)job->parts;
    const uint32_t m = (uint32_t)(after - first);
    float *Z = job->Z + first * n;
    for (uint32_t r = 0; r < m; r++)
        memcpy(Z + r * n, job->b, n * sizeof *job->b);
    annc_builtin_nt(m, job->n, job->n_in, 1, job->A_in + first * n_in, job->W, 1, Z);
    if (annc_activation_kind_of(job->f) == ROWWISE)
        job->kernels->normalise_rows(m, job->n, n, Z, job->A + first * n);
    job->kernels->activate(job->f, m * n, Z, job->A + first * n);
}

static annc_status cpu_forward_rows(annc_device *device, annc_activation f, uint32_t m, uint32_t block, uint32_t n_in,
                                    uint32_t n, const float *A_in, const float *W, const float *b, float *Z, float *A)
{
    const uint32_t threads = (double)m * n * n_in < THREADED_PRODUCT ? 1 : (uint32_t)device->info.threads;
    struct rows_job job = {.kernels = cpu(device)->kernels,
                           .f = f,
                           .m = m,
                           .n_in = n_in,
                           .n = n,
                           .parts = (int)(threads < m ? threads : m),
                           .A_in = A_in,
                           .W = W,
                           .b = b,
                           .Z = Z,
                           .A = A};
    (void)block;
    annc_pool_run(cpu(device)->pool, job.parts, forward_part, &job);
    return ANNC_OK;
}

/* BP1. */
static void output_delta(annc_device *device, annc_activation f, annc_cost cost, float tau, uint32_t m, uint32_t n,
                         const float *Z, const float *A, const float *Y, float *delta)
{
    const size_t count = (size_t)m * n;
    cpu(device)->kernels->cost_derivative(cost, tau, count, Z, A, Y, delta);
    if (annc_cost_partner(cost) != ANY_OUTPUT)
        return;
    if (annc_activation_kind_of(f) == ROWWISE)
        annc_cpu_times_jacobian(m, n, n, A, delta);
    else
        cpu(device)->kernels->times_derivative(f, count, Z, A, delta);
}

static annc_status cpu_output(annc_device *device, annc_activation f, annc_cost cost, float tau, uint32_t m,
                              uint32_t n_in, uint32_t n, const float *A_in, const float *W, const float *b,
                              const float *Y, const float *weights, float *Z, float *A, float *delta)
{
    cpu_forward(device, f, m, n_in, n, A_in, W, b, Z, A);
    output_delta(device, f, cost, tau, m, n, Z, A, Y, delta);
    for (uint32_t r = 0; weights && r < m; r++)
        for (uint32_t j = 0; j < n; j++)
            delta[(size_t)r * n + j] *= weights[r];
    return ANNC_OK;
}

/* b = beta b + alpha (sum of the rows of delta), in strips of columns, each summed before it is
 * added to b. */
static void bias_step(uint32_t m, uint32_t n, float alpha, float beta, const float *delta, float *b)
{
    enum { STRIP = 64 };
    for (uint32_t first = 0; first < n; first += STRIP) {
        const uint32_t width = n - first < STRIP ? n - first : STRIP;
        float sum[STRIP] = {0};
        for (uint32_t r = 0; r < m; r++)
            for (uint32_t j = 0; j < width; j++)
                sum[j] += delta[(size_t)r * n + first + j];
        for (uint32_t j = 0; j < width; j++)
            b[first + j] = (beta == 0 ? 0 : beta * b[first + j]) + alpha * sum[j];
    }
}

static annc_status cpu_hidden_delta(annc_device *device, annc_activation f, uint32_t m, uint32_t n, uint32_t n_next,
                                    const float *delta_next, const float *W_next, const float *Z, const float *A,
                                    float *delta, float alpha, float beta, float *b)
{
    set_threads(device, (double)m * n * n_next);
    annc_gemm_nn(m, n, n_next, 1, delta_next, W_next, 0, delta);
    cpu(device)->kernels->times_derivative(f, (size_t)m * n, Z, A, delta);
    if (b)
        bias_step(m, n, alpha, beta, delta, b);
    return ANNC_OK;
}

static annc_status cpu_weight_step(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha, float beta,
                                   const float *delta, const float *A_in, float *W, float *b)
{
    set_threads(device, (double)m * n * n_in);
    annc_gemm_tn(n, n_in, m, alpha, delta, A_in, beta, W);
    if (b)
        bias_step(m, n, alpha, beta, delta, b);
    return ANNC_OK;
}

static annc_status cpu_score(annc_device *device, annc_cost cost, float tau, uint32_t m, uint32_t n, const float *Z,
                             const float *A, const float *Y, const float *weights, struct annc_cursor *cursor,
                             struct annc_score *scores, int32_t *predictions)
{
    (void)device;
    struct annc_score score = {0, 0, m};
    for (uint32_t r = 0; r < m; r++) {
        const size_t row = (size_t)r * n;
        const uint32_t wanted = annc_cpu_class_wanted(n, Y + row);
        const uint32_t predicted = annc_cpu_class_of(n, A + row, annc_cost_middle(cost));
        double row_cost = 0;
        for (uint32_t j = 0; j < n; j++)
            row_cost += (double)annc_cost_value_f32(cost, tau, Z[row + j], A[row + j], Y[row + j]);
        score.cost += weights ? (double)weights[r] * row_cost : row_cost;
        score.correct += predicted == wanted;
        if (predictions)
            predictions[annc_cursor_position(cursor, cursor->step, r)] = (int32_t)predicted;
    }
    scores[cursor->step] = score;
    cursor->next = cursor->step + 1;
    return ANNC_OK;
}

static annc_status cpu_penalise(annc_device *device, size_t count, double l2, double l1, const float *W, float *G)
{
    cpu(device)->kernels->penalise(count, l2, l1, W, G);
    return ANNC_OK;
}

static annc_status cpu_update(annc_device *device, struct annc_rule rule, double decay,
                              const struct annc_cursor *cursor, const struct annc_rate *rates, size_t count,
                              const float *G, float *theta, float *v, float *s)
{
    const struct annc_update update = {rule, rates[cursor->step], (float)decay, 1};
    cpu(device)->kernels->update(&update, count, G, theta, v, s);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- the engine for whole steps */

static const char *fused_refuses(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    return annc_fused_refuses(job);
}

static double fused_seconds(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    return annc_fused_seconds(job);
}

static size_t fused_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    (void)device;
    return n * annc_fused_memory(job);
}

static annc_status fused_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **engine)
{
    struct cpu_device *own = cpu(device);
    (void)n; /* most_jobs is 1 */
    own->runs_steps = true;
    return annc_fused_open(own->kernels, own->staged, own->pool, device->info.threads, own->choose_threads, jobs[0],
                           engine);
}

/* Every step reads its rate from the job. */
static annc_status fused_changed(void *engine)
{
    (void)engine;
    return ANNC_OK;
}

static const struct annc_engine_ops fused = {
    .kind = ANNC_ENGINE_FUSED,
    .name = "fused",
    .about = "whole steps in one call, for networks that fit the caches",
    .most_jobs = 1,
    .block = 1,
    .refuses = fused_refuses,
    .seconds = fused_seconds,
    .memory = fused_memory,
    .open = fused_open,
    .steps = annc_fused_steps,
    .changed = fused_changed,
    .describe = annc_fused_describe,
    .close = annc_fused_close,
};

static const struct annc_engine_ops *const engines[] = {&fused, NULL};

const struct annc_backend annc_backend_cpu = {
    .contract = ANNC_BACKEND_CONTRACT,
    .kind = ANNC_DEVICE_CPU,
    .name = "cpu",
    .host_memory = true,
    .engines = engines,
    .count = cpu_count,
    .open = cpu_open,
    .close = cpu_close,
    .free_memory = cpu_free_memory,
    .alloc = cpu_alloc,
    .free = cpu_free,
    .stage = cpu_stage,
    .unstage = cpu_unstage,
    .upload = cpu_upload,
    .download = cpu_download,
    .synchronise = cpu_synchronise,
    .initialise = cpu_initialise,
    .gather = cpu_gather,
    .perturb = cpu_perturb,
    .augment = cpu_augment,
    .dropout = cpu_dropout,
    .forward = cpu_forward,
    .forward_rows = cpu_forward_rows,
    .output = cpu_output,
    .hidden_delta = cpu_hidden_delta,
    .weight_step = cpu_weight_step,
    .penalise = cpu_penalise,
    .clip = annc_cpu_clip,
    .update = cpu_update,
    .limit_rows = annc_cpu_limit_rows,
    .score = cpu_score,
};
