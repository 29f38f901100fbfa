/* Every backend and engine against the reference, over one table of cases. The device under test is
 * problem_device()'s. */
#include "backend/backend.h"
#include "base/functions.h"
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"
#include "training/step/propagate.h"

#include <inttypes.h>

static annc_device *device;

/* ---------------------------------------------------------------- the table */

static const char *const SHAPES[] = {"3-2", "5-1", "2-1-1", "4-7-3", "2-3-2-3-2-3", "9-72-4", "33-40-37-5"};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES, BATCH = 6, SHARDS = 3, EXAMPLES = 2 * BATCH + 5 };

/* Calls `run` for all hidden activations x outputs and costs x input types and targets; the shapes
 * take turns. */
static void for_each_case(void (*run)(struct problem *problem))
{
    annc_activation output;
    annc_cost cost;
    size_t cases = 0;
    for (int hidden = 0; hidden < ANNC_ACTIVATION_COUNT; hidden++)
        for (size_t o = 0; problem_output(o, &output, &cost); o++)
            for (int bytes = 0; bytes < 2; bytes++) {
                const size_t s = (cases + cases / SHAPE_COUNT) % SHAPE_COUNT;
                const annc_shape shape = problem_shape(SHAPES[s], (annc_activation)hidden, output, cost);
                struct problem problem;
                if (annc_activation_kind_of((annc_activation)hidden) >= OF_OUTPUTS)
                    continue;
                cases++;
                if (annc_shape_check(&shape) != ANNC_OK)
                    continue; /* softmax of one output */
                if (!problem_make(&problem, &shape, bytes ? ANNC_BYTES : ANNC_FLOATS, bytes, EXAMPLES, ANNC_INIT_XAVIER,
                                  11 + s)) {
                    CHECK(!"the problem could not be made");
                    return;
                }
                snprintf(problem.name, sizeof problem.name, "%s %s %s %s %s", SHAPES[s],
                         annc_activation_name((annc_activation)hidden), annc_activation_name(output),
                         annc_cost_name(cost), bytes ? "bytes" : "floats");
                run(&problem);
                problem_free(&problem);
            }
    printf("%zu cases on %s\n", cases, device->info.kind);
    CHECK(cases > 900);
}

/* ---------------------------------------------------------------- initial bits and order */

/* What parameter i of a layer must be, by each initialiser that draws on the device. */
static float wanted_parameter(annc_init init, uint64_t seed, size_t i, bool bias, double in, double out)
{
    const double normal = annc_normal(seed, ANNC_STREAM_PARAMETERS, i),
                 word = annc_philox(seed, ANNC_STREAM_PARAMETERS, i / 4).word[i % 4],
                 uniform = (2 * word + 1 - 4294967296.0) / 4294967296.0;
    switch (init) {
    case ANNC_INIT_NORMAL:
        return (float)normal;
    case ANNC_INIT_NORMAL_ZERO_BIAS:
        return bias ? 0 : (float)normal;
    case ANNC_INIT_UNIFORM:
        return (float)(sqrt(1 / in) * uniform);
    case ANNC_INIT_XAVIER:
        return bias ? 0 : (float)(sqrt(2 / (in + out)) * normal);
    case ANNC_INIT_XAVIER_UNIFORM:
        return bias ? 0 : (float)(sqrt(6 / (in + out)) * uniform);
    case ANNC_INIT_HE:
        return bias ? 0 : (float)(sqrt(2 / in) * normal);
    case ANNC_INIT_HE_UNIFORM:
        return bias ? 0 : (float)(sqrt(6 / in) * uniform);
    default:
        return bias ? 0 : (float)(sqrt(1 / in) * normal); /* LeCun's */
    }
}

static void initial_bits(void)
{
    static const annc_init inits[] = {
        ANNC_INIT_NORMAL, ANNC_INIT_NORMAL_ZERO_BIAS, ANNC_INIT_UNIFORM, ANNC_INIT_XAVIER, ANNC_INIT_XAVIER_UNIFORM,
        ANNC_INIT_HE,     ANNC_INIT_HE_UNIFORM,       ANNC_INIT_LECUN};
    const annc_shape shape = problem_shape("7-33-5", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_network *network = NULL;
    REQUIRE_OK(annc_network_create(&shape, &network));
    for (size_t n = 0; n < sizeof inits / sizeof *inits; n++)
        for (uint64_t k = 0; k < 3; k++) {
            const uint64_t seed = k * 0x123456789ABCDull;
            REQUIRE_OK(annc_network_initialise(network, device, inits[n], seed));
            for (uint32_t l = 1; l <= shape.layers; l++) {
                const size_t W = annc_shape_weights_at(&shape, l), b = annc_shape_biases_at(&shape, l);
                for (size_t i = W; i < b + shape.width[l]; i++) {
                    const float want = wanted_parameter(inits[n], seed, i, i >= b, shape.width[l - 1], shape.width[l]);
                    CHECK_MSG(memcmp(&network->theta[i], &want, sizeof want) == 0,
                              "%s: parameter %zu is %.9g, not %.9g", annc_init_name(inits[n]), i,
                              (double)network->theta[i], (double)want);
                }
            }
        }
    annc_network_free(network);
}

/* Rows, or columns where there are more rows, are orthonormal; the same on every device. */
static void orthogonal_matrices(void)
{
    const annc_shape shape = problem_shape("7-33-5", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_network *network = NULL;
    REQUIRE_OK(annc_network_create(&shape, &network));
    REQUIRE_OK(annc_network_initialise(network, device, ANNC_INIT_ORTHOGONAL, 5));
    for (uint32_t l = 1; l <= shape.layers; l++) {
        const size_t n = shape.width[l], n_in = shape.width[l - 1], count = n < n_in ? n : n_in;
        const float *W = network->theta + annc_shape_weights_at(&shape, l);
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < count; j++) {
                double sum = 0;
                for (size_t k = 0; k < (n < n_in ? n_in : n); k++)
                    sum += n < n_in ? (double)W[i * n_in + k] * (double)W[j * n_in + k]
                                    : (double)W[k * n_in + i] * (double)W[k * n_in + j];
                CHECK_NEAR(sum, i == j, 1e-6);
            }
    }
    annc_network_free(network);
}

/* The rows that gather makes are the examples that the order names, bytes divided, labels one-hot:
 * those from `row` on of the minibatch, where another device has the rows before. Of several shards
 * the device has the last one. */
static void check_gather(struct problem *problem, uint32_t row, uint32_t shards)
{
    const annc_examples *examples = annc_dataset_examples(problem->data);
    const struct annc_share held = annc_share_of(examples->count, shards, shards - 1);
    const uint32_t rows = annc_share_of(BATCH, shards, shards - 1).count;
    const size_t input = annc_examples_input_bytes(examples);
    annc_examples own = *examples;
    const struct annc_backend *backend = device->backend;
    const uint32_t inputs = examples->inputs, outputs = examples->outputs;
    struct annc_cursor cursor;
    struct annc_pass pass;
    annc_examples staged;
    void *d_cursor = NULL;
    float X[BATCH * 33], Y[BATCH * 5];
    memset(&cursor, 0, sizeof cursor);
    cursor.order = annc_order_shuffled(examples->count, 3, 2);
    cursor.batch = BATCH;
    cursor.next = 1;
    cursor.row = row;
    cursor.order.shards = shards;
    cursor.held = held.first;
    own.count = held.count;
    own.x = (const char *)examples->x + held.first * input;
    own.labels = examples->labels ? examples->labels + held.first : NULL;
    own.targets = examples->targets ? examples->targets + (size_t)held.first * outputs : NULL;
    REQUIRE_OK(annc_examples_stage(device, &own, &staged));
    REQUIRE_OK(annc_pass_open(device, &problem->shape, BATCH, &pass));
    REQUIRE_OK(backend->alloc(device, sizeof cursor, "the cursor", &d_cursor));
    REQUIRE_OK(backend->upload(device, d_cursor, &cursor, sizeof cursor));
    REQUIRE_OK(backend->gather(device, d_cursor, &staged, (struct annc_label_values){0, 1}, NULL, rows, pass.A[0],
                               pass.Y, NULL));
    REQUIRE_OK(backend->download(device, X, pass.A[0], rows * inputs * sizeof(float)));
    REQUIRE_OK(backend->download(device, Y, pass.Y, rows * outputs * sizeof(float)));
    const struct annc_order order = shards > 1 ? annc_order_of_shard(&cursor.order, shards - 1) : cursor.order;
    for (uint32_t r = 0; r < rows; r++) {
        const size_t example = held.first + annc_order_at(&order, rows + (shards > 1 ? 0 : row) + r);
        for (uint32_t j = 0; j < inputs; j++) {
            const size_t i = example * inputs + j;
            const float want = examples->type == ANNC_BYTES ? (float)((const uint8_t *)examples->x)[i] * (1.0f / 255)
                                                            : ((const float *)examples->x)[i];
            CHECK_MSG(X[r * inputs + j] == want, "%s: row %u input %u", problem->name, r, j);
        }
        for (uint32_t j = 0; j < outputs; j++) {
            const float want = examples->targets ? examples->targets[example * outputs + j]
                               : outputs == 1    ? (float)examples->labels[example]
                                                 : (float)(examples->labels[example] == (int32_t)j);
            CHECK_MSG(Y[r * outputs + j] == want, "%s: row %u output %u", problem->name, r, j);
        }
    }
    backend->free(device, d_cursor);
    annc_pass_close(&pass);
    annc_examples_unstage(device, &staged);
}

static void gather(void)
{
    for (size_t s = 0; s < SHAPE_COUNT; s++)
        for (int kind = 0; kind < 4; kind++) {
            const annc_shape shape = problem_shape(SHAPES[s], ANNC_TANH, ANNC_SIGMOID, ANNC_QUADRATIC);
            struct problem problem;
            CHECK(problem_make(&problem, &shape, kind & 1 ? ANNC_BYTES : ANNC_FLOATS, kind & 2, EXAMPLES,
                               ANNC_INIT_XAVIER, s));
            snprintf(problem.name, sizeof problem.name, "%s, kind %d", SHAPES[s], kind);
            check_gather(&problem, 0, 1);
            check_gather(&problem, 2, 1);
            check_gather(&problem, BATCH - BATCH / SHARDS, SHARDS);
            problem_free(&problem);
        }
}

/* Runs an operation on host matrices of `count` floats, in and out. */
static void moved(annc_device *on, annc_augmentation augmentation, uint64_t seed, uint64_t first, const float *image,
                  float *result)
{
    enum { ROWS = 9, COLUMNS = 7, COUNT = 3 * ROWS * COLUMNS };
    const struct annc_backend *backend = on->backend;
    struct annc_cursor cursor;
    void *d_cursor = NULL, *X = NULL, *out = NULL, *bends = NULL;
    memset(&cursor, 0, sizeof cursor);
    cursor.order = annc_order_sequential(3);
    cursor.batch = 3;
    cursor.first = first;
    REQUIRE_OK(backend->alloc(on, sizeof cursor, "the cursor", &d_cursor));
    REQUIRE_OK(backend->alloc(on, COUNT * sizeof(float), "images", &X));
    REQUIRE_OK(backend->alloc(on, COUNT * sizeof(float), "images", &out));
    if (augmentation.elastic > 0)
        REQUIRE_OK(backend->alloc(on, 4 * COUNT * sizeof(float), "displacements", &bends));
    REQUIRE_OK(backend->upload(on, d_cursor, &cursor, sizeof cursor));
    REQUIRE_OK(backend->upload(on, X, image, COUNT * sizeof(float)));
    REQUIRE_OK(backend->augment(on, seed, d_cursor, augmentation, ROWS, COLUMNS, 3, X, bends, out));
    REQUIRE_OK(backend->download(on, result, out, COUNT * sizeof(float)));
    backend->free(on, d_cursor);
    backend->free(on, X);
    backend->free(on, bends);
    backend->free(on, out);
}

/* Images are moved by the same bits as on the CPU, each differently, not at all by nothing, and by
 * no more than was asked for. */
static void augmentation(void)
{
    enum { ROWS = 9, COLUMNS = 7, PIXELS = ROWS * COLUMNS, COUNT = 3 * PIXELS };
    static const annc_augmentation kinds[] = {{.shift = 2.5},  {.rotation = 30},
                                              {.zoom = 0.4},   {.elastic = 8, .elastic_sigma = 1.5},
                                              {.elastic = 34}, {1, 180, 5, 0.5, 0.9}};
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_device *cpu = NULL;
    float image[COUNT] = {0}, got[COUNT], want[COUNT];
    REQUIRE_OK(annc_device_open(&options, &cpu));
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < PIXELS; j++)
            image[i * PIXELS + j] = (float)(j * 37 % 101) / 101;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (uint64_t first = 0; first < 12; first += 3) {
            moved(device, kinds[k], 6, first, image, got);
            moved(cpu, kinds[k], 6, first, image, want);
            CHECK(memcmp(got, want, sizeof got) == 0);
            CHECK(memcmp(got, got + PIXELS, PIXELS * sizeof *got) != 0 && memcmp(got, image, sizeof got) != 0);
        }
    moved(device, (annc_augmentation){.shift = 0}, 6, 0, image, got);
    for (int i = 0; i < COUNT; i++)
        CHECK_NEAR((double)got[i], (double)image[i], 1e-6);
    /* One bright pixel in the middle stays within the shift, and its light is not lost. */
    memset(image, 0, sizeof image);
    for (int i = 0; i < 3; i++)
        image[i * PIXELS + 4 * COLUMNS + 3] = 1;
    moved(device, (annc_augmentation){.shift = 1.5}, 6, 0, image, got);
    for (int i = 0; i < 3; i++) {
        double light = 0;
        for (int r = 0; r < ROWS; r++)
            for (int c = 0; c < COLUMNS; c++) {
                const double pixel = (double)got[i * PIXELS + r * COLUMNS + c];
                light += pixel;
                CHECK(pixel == 0 || (abs(r - 4) <= 2 && abs(c - 3) <= 2));
            }
        CHECK_NEAR(light, 1, 1e-5);
    }
    annc_device_close(cpu);
}

/* Runs BP3 over m rows of n errors, with or after their computation from u_r w_j, twice with equal
 * bits. */
static void check_bias_sums(uint32_t m, uint32_t n, bool with_errors)
{
    const struct annc_backend *backend = device->backend;
    const size_t count = (size_t)m * n, sizes[] = {m, n, n, n, count};
    float *host = malloc((m + n + 2 * n + count) * sizeof *host), *const u = host, *const w = u + m, *const b = w + n,
          *const again = b + n, *const delta = again + n;
    void *memory[5] = {NULL}; /* u, w, weights, biases, errors */
    for (uint32_t i = 0; i < m + n; i++)
        host[i] = (float)(i * 37 % 101) / 101 - 0.25f;
    for (size_t i = 0; i < 5; i++)
        REQUIRE_OK(backend->alloc(device, sizes[i] * sizeof *host, "numbers", &memory[i]));
    REQUIRE_OK(backend->upload(device, memory[0], u, m * sizeof *u));
    REQUIRE_OK(backend->upload(device, memory[1], w, n * sizeof *w));
    REQUIRE_OK(backend->upload(device, memory[2], w, n * sizeof *w));
    for (int run = 0; run < 2; run++) {
        for (uint32_t j = 0; j < n; j++)
            again[j] = 2;
        REQUIRE_OK(backend->upload(device, memory[3], again, n * sizeof *again));
        REQUIRE_OK(backend->initialise(device, 1, 0, count, true, 1, memory[4]));
        REQUIRE_OK(backend->hidden_delta(device, ANNC_IDENTITY, m, n, 1, memory[0], memory[1], memory[4], memory[4],
                                         memory[4], 0.5f, 2, with_errors ? memory[3] : NULL));
        REQUIRE_OK(backend->weight_step(device, m, 1, n, 0.5f, 2, memory[4], memory[0], memory[2],
                                        with_errors ? NULL : memory[3]));
        REQUIRE_OK(backend->download(device, run == 0 ? b : again, memory[3], n * sizeof *b));
    }
    CHECK(memcmp(b, again, n * sizeof *b) == 0);
    REQUIRE_OK(backend->download(device, delta, memory[4], count * sizeof *delta));
    for (uint32_t j = 0; j < n; j++) {
        double sum = 0;
        for (uint32_t r = 0; r < m; r++) {
            CHECK(delta[(size_t)r * n + j] == u[r] * w[j]);
            sum += (double)u[r] * (double)w[j];
        }
        CHECK_MSG(fabs((double)again[j] - (4 + sum / 2)) <= 1e-6 * m, "%u rows, bias %u of %u: %g, not %g", m, j, n,
                  (double)again[j], 4 + sum / 2);
    }
    for (size_t i = 0; i < 5; i++)
        backend->free(device, memory[i]);
    free(host);
}

/* The biases' sums over many rows, which a GPU shares among blocks. */
static void bias_sums(void)
{
    static const struct {
        uint32_t m, n;
    } sizes[] = {{64, 32}, {65, 1}, {300, 37}, {1000, 10}, {130, 700}, {3, 68}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        check_bias_sums(sizes[s].m, sizes[s].n, false);
        check_bias_sums(sizes[s].m, sizes[s].n, true);
    }
}

/* ---------------------------------------------------------------- gradients */

/* The audit itself, for a full and a ragged minibatch and for one example. */
static void check_audit(struct problem *problem)
{
    static const uint32_t batches[] = {BATCH, 5, 1};
    /* Signs of errors cancel, and then nothing but rounding is left; the audit's own tolerance
     * knows. */
    const annc_cost cost = problem->shape.cost;
    const bool cancels = cost == ANNC_MEAN_ABSOLUTE || cost == ANNC_HINGE || cost == ANNC_QUANTILE;
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        const annc_check_options options = {.batch = batches[i], .sample = 4, .seed = 9};
        annc_check_row *rows = NULL;
        size_t count = 0;
        REQUIRE_OK(annc_check(problem->network, problem->data, &device, 1, &options, &rows, &count));
        CHECK(count == problem_audit_rows(problem, device, &options));
        for (size_t r = 0; r < count; r++)
            CHECK_MSG(rows[r].pass && (cancels || rows[r].tolerance <= 5e-3),
                      "%s: batch %u, layer %u %s by %s: worst %g, normwise %g, tolerance %g", problem->name, batches[i],
                      rows[r].layer, rows[r].kind == ANNC_WEIGHT ? "weights" : "biases", rows[r].path, rows[r].worst,
                      rows[r].normwise, rows[r].tolerance);
        annc_check_free(rows);
    }
}

static void gradients(void)
{
    for_each_case(check_audit);
}

/* A step, and the audit, in a precision that the device has: near the step in fp32, and not the
 * same. */
static void check_precision(const struct problem *problem, annc_precision precision, double tolerance)
{
    const size_t parameters = annc_shape_parameters(&problem->shape);
    const annc_training_options fp32 = {.eta = 0.5, .batch = 20, .seed = 3};
    annc_training_options options = fp32;
    const annc_check_options audit = {.batch = 20, .sample = 4, .seed = 9, .precision = precision};
    const float *start = annc_network_parameters(problem->network);
    double *change = malloc(parameters * sizeof *change);
    annc_check_row *rows = NULL;
    size_t count = 0, audited = 0;
    struct problem_result want = {.theta = NULL}, got = {.theta = NULL};
    options.precision = precision;
    REQUIRE_OK(problem_train(device, problem, fp32, ANNC_ENGINE_OPS, 1, &want));
    for (int e = 0; e < 2; e++) {
        REQUIRE_OK(problem_train(device, problem, options, e ? ANNC_ENGINE_RECORDED : ANNC_ENGINE_OPS, 1, &got));
        for (size_t i = 0; i < parameters; i++) {
            change[i] = (double)want.theta[i] - (double)start[i];
            got.theta[i] -= start[i];
        }
        const double error = problem_normwise(got.theta, change, parameters);
        CHECK_MSG(error > tolerance / 200 && error <= tolerance, "%s by %s: the change is off by %g", problem->name,
                  annc_precision_name(precision), error);
        free(got.theta);
    }
    REQUIRE_OK(annc_check(problem->network, problem->data, &device, 1, &audit, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        const bool is_own = strstr(rows[i].path, annc_precision_name(precision)) != NULL;
        CHECK_MSG(rows[i].pass, "%s: off by %g", rows[i].path, rows[i].normwise);
        CHECK(!is_own || (rows[i].tolerance >= tolerance && rows[i].normwise > tolerance / 200));
        audited += is_own;
    }
    CHECK(audited == 2 * problem->shape.layers);
    annc_check_free(rows);
    free(want.theta);
    free(change);
}

/* TF32 and BF16 on a GPU; a CPU refuses them, and so do the engines that compute in fp32. */
static void precisions(void)
{
    static const double tolerance[] = {[ANNC_TF32] = 1.5e-3, [ANNC_BF16] = 1e-2};
    const annc_shape shape = problem_shape("70-40-30-5", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    /* An interpreter of the kernels may know no products in BF16. */
    const annc_precision last = strstr(device->info.name, "interpreter") ? ANNC_TF32 : ANNC_BF16;
    struct problem problem;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 20, ANNC_INIT_XAVIER, 5));
    for (annc_precision precision = ANNC_TF32; precision <= last; precision++) {
        const annc_training_options options = {.eta = 0.5, .batch = 20, .precision = precision};
        if (device->info.compute_capability > 0) {
            check_precision(&problem, precision, tolerance[precision]);
            CHECK(strstr(problem_refusal(device, &shape, &options, ANNC_ENGINE_SPLIT), "fp32"));
            continue;
        }
        struct problem_result result;
        const annc_check_options audit = {.batch = 20, .sample = 4, .precision = precision};
        annc_check_row *rows = NULL;
        size_t count;
        CHECK(problem_train(device, &problem, options, ANNC_ENGINE_OPS, 1, &result) == ANNC_DEVICE &&
              strstr(annc_last_error(), "computes in fp32"));
        free(result.theta);
        CHECK(annc_check(problem.network, problem.data, &device, 1, &audit, &rows, &count) == ANNC_DEVICE &&
              strstr(annc_last_error(), annc_precision_name(precision)));
    }
    problem_free(&problem);
}

/* ---------------------------------------------------------------- steps */

/* Trains `epochs` epochs by the reference in double: theta and the loss of the last epoch. */
static bool reference_epochs(const struct problem *problem, const annc_training_options *options, uint32_t epochs,
                             double *theta, double *loss)
{
    const size_t parameters = annc_shape_parameters(&problem->shape);
    const uint32_t n = annc_dataset_examples(problem->data)->count;
    double *gradient = malloc(parameters * sizeof *gradient), cost;
    bool done = true;
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        *loss = 0;
        for (uint32_t first = 0; first < n; first += options->batch) {
            const uint32_t m = n - first < options->batch ? n - first : options->batch;
            done = done && problem_reference_gradient(problem, theta, options->seed, epoch, first, m, gradient, &cost);
            *loss += cost;
            for (size_t i = 0; i < parameters; i++)
                theta[i] -= options->eta * gradient[i];
        }
    }
    free(gradient);
    return done;
}

/* Trains on the device and puts what came of it into the network; false where the engine does not
 * exist on the device, or where cluster, tensor or split, which take fewer jobs, do not take this
 * one. All others must. */
static bool device_epochs(struct problem *problem, const annc_training_options *options, uint32_t epochs,
                          annc_epoch *last)
{
    annc_trainer *trainer = NULL;
    const bool is_cpu = problem_engine(device) == ANNC_ENGINE_FUSED;
    if (is_cpu ? options->engine > ANNC_ENGINE_OPS && options->engine != ANNC_ENGINE_FUSED
               : options->engine == ANNC_ENGINE_FUSED)
        return false;
    annc_status status = annc_trainer_create(device, problem->network, problem->data, options, &trainer);
    if (status == ANNC_DEVICE && (options->engine == ANNC_ENGINE_CLUSTER || options->engine == ANNC_ENGINE_TENSOR ||
                                  options->engine == ANNC_ENGINE_SPLIT))
        return false;
    for (uint32_t epoch = 0; epoch < epochs && status == ANNC_OK; epoch++)
        status = annc_trainer_epoch(trainer, NULL, NULL, last);
    if (status == ANNC_OK)
        status = annc_trainer_store(trainer);
    CHECK_MSG(status == ANNC_OK, "%s: %s", problem->name, annc_last_error());
    if (status == ANNC_OK && options->engine != ANNC_ENGINE_AUTO)
        CHECK(strncmp(annc_trainer_engine(trainer), annc_engine_name(options->engine),
                      strlen(annc_engine_name(options->engine))) == 0);
    annc_trainer_free(trainer);
    return true;
}

static int skipped_engines;

/* The change of the parameters over some epochs, by every engine, against the reference's, within
 * `tolerance` normwise and the rounding of fp32 parameters. */
static void check_training(struct problem *problem, const annc_training_options *base, uint32_t epochs,
                           double tolerance)
{
    const size_t parameters = annc_shape_parameters(&problem->shape);
    double *theta = malloc(parameters * sizeof *theta), *change = malloc(parameters * sizeof *change), loss = 0,
           size = 0, norm = 0;
    float *start = malloc(parameters * sizeof *start), *got = malloc(parameters * sizeof *got);
    memcpy(start, problem->network->theta, parameters * sizeof *start);
    for (size_t i = 0; i < parameters; i++)
        theta[i] = (double)start[i];
    CHECK(reference_epochs(problem, base, epochs, theta, &loss));
    for (size_t i = 0; i < parameters; i++) {
        change[i] = theta[i] - (double)start[i];
        size += change[i] * change[i];
        norm += theta[i] * theta[i];
    }
    const double rounding = sqrt(norm / size) * epochs / (1 << 24);
    for (int engine = ANNC_ENGINE_OPS; engine < ANNC_ENGINE_COUNT; engine++) {
        annc_training_options options = *base;
        annc_epoch last;
        options.engine = (annc_engine)engine;
        memcpy(problem->network->theta, start, parameters * sizeof *start);
        if (!device_epochs(problem, &options, epochs, &last)) {
            skipped_engines++;
            continue;
        }
        for (size_t i = 0; i < parameters; i++)
            got[i] = problem->network->theta[i] - start[i];
        const double error = problem_normwise(got, change, parameters);
        /* Where the change is small, the examples' gradients nearly cancel, and their remaining
         * rounding depends on the order in which a BLAS library sums them: 6 instead of 1. A fused
         * step adds example after example to the parameters, each time rounding them. */
        const double roundings = options.engine == ANNC_ENGINE_FUSED ? sqrt(base->batch) : 1;
        CHECK_MSG(error <= tolerance + 6 * rounding * roundings, "%s by %s: the change is off by %g (rounding %g)",
                  problem->name, annc_engine_name(options.engine), error, rounding);
        CHECK_MSG(fabs(last.loss - loss) <= 1e-5 * (1 + fabs(loss)), "%s by %s: loss %.9g, not %.9g", problem->name,
                  annc_engine_name(options.engine), last.loss, loss);
    }
    memcpy(problem->network->theta, start, parameters * sizeof *start);
    free(theta);
    free(change);
    free(start);
    free(got);
}

/* One step: all examples in one minibatch. */
static void check_one_step(struct problem *problem)
{
    const annc_training_options options = {.eta = 0.7, .batch = EXAMPLES, .seed = 4};
    check_training(problem, &options, 1, 1e-5);
}

static void one_step(void)
{
    for_each_case(check_one_step);
}

/* An epoch of two full minibatches and a ragged one, and the same again in another order. */
static void check_epochs(struct problem *problem)
{
    const annc_training_options options = {.eta = 0.02, .batch = BATCH, .seed = 4};
    check_training(problem, &options, 2, 2e-5);
}

static void ragged_epochs(void)
{
    for_each_case(check_epochs);
}

/* 100 steps, in blocks that the recorded engine repeats: 97 examples at batch 1, and a few more. */
static void hundred_steps(void)
{
    static const uint32_t counts[] = {100, 137};
    for (size_t i = 0; i < 2; i++) {
        const annc_shape shape = problem_shape("12-9-4", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
        const annc_training_options options = {.eta = 0.5, .batch = 1, .seed = 8};
        struct problem problem;
        CHECK(problem_make(&problem, &shape, ANNC_BYTES, true, counts[i], ANNC_INIT_NORMAL, 21));
        snprintf(problem.name, sizeof problem.name, "%u steps", counts[i]);
        check_training(&problem, &options, 1, 1e-4);
        problem_free(&problem);
    }
    printf("%d engines skipped: not on this device\n", skipped_engines);
}

/* Runs with the same seed and engine end with the same bits; recorded operations, of which there
 * are enough for a block of steps, are the same as others; another seed is not. */
static void check_same_bits(const annc_training_options *base)
{
    const annc_shape shape = problem_shape("20-11-10", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    const size_t parameters = annc_shape_parameters(&shape), bytes = parameters * sizeof(float);
    struct problem problem;
    float *start = malloc(bytes), *first[ANNC_ENGINE_COUNT];
    annc_epoch last;
    for (int engine = 0; engine < ANNC_ENGINE_COUNT; engine++)
        first[engine] = calloc(1, bytes);
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 301, ANNC_INIT_NORMAL, 2));
    snprintf(problem.name, sizeof problem.name, "same bits");
    memcpy(start, problem.network->theta, bytes);
    for (int run = 0; run < 10; run++) {
        annc_training_options options = *base;
        options.batch = 4;
        options.seed = 6 + (run == 9);
        options.engine = run % 3 == 0 ? ANNC_ENGINE_OPS : run % 3 == 1 ? problem_engine(device) : ANNC_ENGINE_AUTO;
        const bool is_own = problem_engine(device) == ANNC_ENGINE_FUSED ? run % 3 != 0 : run % 3 == 2;
        float *const like = first[is_own];
        memcpy(problem.network->theta, start, bytes);
        if (!device_epochs(&problem, &options, 2, &last))
            continue;
        if (run < 3 && like[0] == 0)
            memcpy(like, problem.network->theta, bytes);
        CHECK_MSG((memcmp(like, problem.network->theta, bytes) == 0) == (run < 9), "run %d by %s", run,
                  annc_engine_name(options.engine));
    }
    problem_free(&problem);
    free(start);
    for (int engine = 0; engine < ANNC_ENGINE_COUNT; engine++)
        free(first[engine]);
}

static void same_bits(void)
{
    const annc_training_options descent = {.eta = 0.3};
    annc_training_options adam = annc_training_defaults(ANNC_ADAM);
    adam.objective.dropout = 0.25;
    check_same_bits(&descent);
    check_same_bits(&adam);
}

/* ---------------------------------------------------------------- scores */

/* Evaluation agrees with the reference example by example, whatever the chunks. */
static void check_evaluation(struct problem *problem)
{
    const annc_examples *examples = annc_dataset_examples(problem->data);
    const size_t parameters = annc_shape_parameters(&problem->shape);
    double *theta = malloc(parameters * sizeof *theta), *unused = calloc(parameters, sizeof *unused), loss = 0;
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation;
    int32_t predictions[EXAMPLES];
    uint32_t correct = 0;
    for (size_t i = 0; i < parameters; i++)
        theta[i] = (double)problem->network->theta[i];
    REQUIRE_OK(annc_evaluator_create(device, problem->network, problem->data, &evaluator));
    REQUIRE_OK(annc_evaluator_run(evaluator, NULL, predictions, NULL, &evaluation));
    for (uint32_t i = 0; i < examples->count; i++) {
        double cost;
        REQUIRE_OK(annc_reference_gradient(&problem->shape, theta, problem->data, i, unused, &cost));
        loss += cost / examples->count;
        if (examples->labels)
            correct += predictions[i] == examples->labels[i];
    }
    CHECK(evaluation.count == examples->count);
    CHECK_MSG(fabs(evaluation.loss - loss) <= 2e-6 * (1 + fabs(loss)), "%s: loss %.9g, not %.9g", problem->name,
              evaluation.loss, loss);
    if (examples->labels)
        CHECK_MSG(evaluation.correct == correct, "%s: %u correct, not %u", problem->name, evaluation.correct, correct);
    annc_evaluator_free(evaluator);
    free(theta);
    free(unused);
}

static void evaluation(void)
{
    for_each_case(check_evaluation);
}

/* An identity network of one layer classifies by its largest input; ties go to the lowest index.
 * More examples than one chunk. */
static void predictions(void)
{
    enum { COUNT = 2500, CLASSES = 37 }; /* more than the lanes of a warp */
    const annc_shape shape = problem_shape("37-37", ANNC_SIGMOID, ANNC_IDENTITY, ANNC_QUADRATIC);
    static float x[COUNT * CLASSES];
    static int32_t labels[COUNT], got[COUNT];
    uint32_t correct = 0;
    annc_dataset *data = NULL;
    annc_network *network = NULL;
    annc_evaluator *evaluator = NULL;
    annc_evaluation result;
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < CLASSES; j++)
            x[i * CLASSES + j] = (float)((i * 7 + j * j * 3) % 4);
        labels[i] = i % CLASSES;
    }
    const annc_examples examples = {.count = COUNT,
                                    .inputs = CLASSES,
                                    .outputs = CLASSES,
                                    .type = ANNC_FLOATS,
                                    .divisor = 1,
                                    .x = x,
                                    .labels = labels};
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    REQUIRE_OK(annc_network_create(&shape, &network));
    for (int j = 0; j < CLASSES; j++)
        network->theta[j * CLASSES + j] = 1;
    REQUIRE_OK(annc_evaluator_create(device, network, data, &evaluator));
    REQUIRE_OK(annc_evaluator_run(evaluator, NULL, got, NULL, &result));
    for (int i = 0; i < COUNT; i++) {
        int best = 0;
        for (int j = 1; j < CLASSES; j++)
            if (x[i * CLASSES + j] > x[i * CLASSES + best])
                best = j;
        CHECK_MSG(got[i] == best, "example %d: class %d, not %d", i, got[i], best);
        correct += best == labels[i];
    }
    CHECK(result.correct == correct && result.count == COUNT);
    annc_evaluator_free(evaluator);
    annc_network_free(network);
    annc_dataset_free(data);
}

/* ---------------------------------------------------------------- learning */

static void learns_xor(void)
{
    static const char *const shapes[] = {"2-2-1", "2-3-1"};
    static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    static const int32_t labels[] = {0, 1, 1, 0};
    const annc_examples examples = {
        .count = 4, .inputs = 2, .outputs = 1, .type = ANNC_FLOATS, .divisor = 1, .x = x, .labels = labels};
    struct problem problem = {.name = "XOR"};
    REQUIRE_OK(annc_dataset_create(&examples, &problem.data));
    for (size_t s = 0; s < 2; s++) {
        const annc_training_options options = {.eta = 0.5, .batch = 1, .seed = 3, .engine = ANNC_ENGINE_OPS};
        annc_epoch last = {0};
        problem.shape = problem_shape(shapes[s], ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
        REQUIRE_OK(annc_network_create(&problem.shape, &problem.network));
        REQUIRE_OK(annc_network_initialise(problem.network, device, ANNC_INIT_NORMAL, 8));
        device_epochs(&problem, &options, 500, &last);
        CHECK_MSG(last.correct == 4 && last.loss < 0.1, "%s: %u of 4 right, loss %g", shapes[s], last.correct,
                  last.loss);
        annc_network_free(problem.network);
    }
    annc_dataset_free(problem.data);
}

/* ---------------------------------------------------------------- which device */

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(initial_bits), TEST(orthogonal_matrices), TEST(gather),
                                        TEST(augmentation), TEST(bias_sums),           TEST(gradients),
                                        TEST(one_step),     TEST(ragged_epochs),       TEST(hundred_steps),
                                        TEST(same_bits),    TEST(evaluation),          TEST(predictions),
                                        TEST(precisions),   TEST(learns_xor)};
    device = problem_device();
    if (!device) {
        printf("0 passed, 0 failed, %zu skipped\n", sizeof tests / sizeof *tests);
        return 77;
    }
    printf("on %s: %s\n", device->info.kind, device->info.name);
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
