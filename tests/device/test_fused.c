/* The engine that runs whole steps of small networks on the CPU: against the reference and the operations, over random shapes, densities and
 * minibatches. ANNC_CPU_KERNELS says by which instruction set. */
#include "backend/augmentation.h"
#include "backend/backend.h"
#include "backend/cpu/cpu_fused.h"
#include "backend/cpu/cpu_sparse.h"
#include "backend/cpu/loops/cpu_kernels.h"
#include "base/allocate.h"
#include "base/functions.h"
#include "base/philox.h"
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"

static annc_device *device, *crew; /* one thread; three */

/* Whole numbers in [0, n), one after another. */
static uint64_t drawn;
static uint32_t draw(uint32_t n)
{
    return problem_draw(77, &drawn, n);
}

/* ---------------------------------------------------------------- problems */

static annc_shape random_shape(void)
{
    static const uint32_t widths[] = {1,  2,  3,  5,  8,  15, 16, 17,  24,  31,  32,
                                      33, 40, 48, 63, 64, 80, 96, 112, 128, 130, 144};
    annc_shape shape = {.layers = 1 + draw(4)};
    annc_activation output;
    annc_cost cost;
    uint32_t pairs = 0;
    while (problem_output(pairs, &output, &cost))
        pairs++;
    problem_output(draw(pairs), &output, &cost);
    shape.width[0] = draw(4) == 0 ? 700 + draw(200) : 1 + draw(100);
    for (uint32_t l = 1; l <= shape.layers; l++) {
        shape.width[l] = widths[draw(sizeof widths / sizeof *widths)];
        do
            shape.activation[l - 1] = (annc_activation)draw(ANNC_ACTIVATION_COUNT);
        while (annc_activation_kind_of(shape.activation[l - 1]) != SMOOTH);
    }
    if (output == ANNC_SOFTMAX || shape.width[shape.layers] > 20)
        shape.width[shape.layers] = 2 + draw(18);
    shape.activation[shape.layers - 1] = output;
    shape.cost = cost;
    shape.quantile = 0.25;
    return shape;
}

/* Leaves each input what it is with a probability of share / 8, and 0 otherwise; one example is 0 altogether. */
static bool thin_out(struct problem *problem, uint32_t share)
{
    annc_examples examples = *annc_dataset_examples(problem->data);
    const size_t count = (size_t)examples.count * examples.inputs,
                 size = examples.type == ANNC_BYTES ? 1 : sizeof(float);
    char *x = malloc(count * size);
    annc_dataset *thinned = NULL;
    memcpy(x, examples.x, count * size);
    for (size_t i = 0; i < count; i++)
        if (draw(8) >= share || i / examples.inputs == 2)
            memset(x + i * size, 0, size);
    examples.x = x;
    const bool made = annc_dataset_create(&examples, &thinned) == ANNC_OK;
    free(x);
    if (made) {
        annc_dataset_free(problem->data);
        problem->data = thinned;
    }
    return made;
}

/* ---------------------------------------------------------------- against the reference */

static bool train_on(annc_device *on, struct problem *problem, const annc_training_options *options, annc_epoch *report,
                     const char *engine)
{
    annc_trainer *trainer = NULL;
    annc_status status = annc_trainer_create(on, problem->network, problem->data, options, &trainer);
    if (status == ANNC_OK)
        status = annc_trainer_epoch(trainer, NULL, NULL, report);
    if (status == ANNC_OK)
        status = annc_trainer_store(trainer);
    CHECK_MSG(status == ANNC_OK, "%s: %s", problem->name, annc_last_error());
    if (status == ANNC_OK)
        CHECK_MSG(strcmp(annc_trainer_engine(trainer), engine) == 0, "%s: %s", problem->name,
                  annc_trainer_engine(trainer));
    annc_trainer_free(trainer);
    return status == ANNC_OK;
}

static bool train(struct problem *problem, const annc_training_options *options, annc_epoch *report, const char *engine)
{
    return train_on(device, problem, options, report, engine);
}

/* Options with some of what an update may have. */
static annc_training_options options_of(annc_optimiser optimiser, uint32_t batch)
{
    annc_training_options options = annc_training_defaults(optimiser);
    options.eta = optimiser == ANNC_SGD ? 0.05 : 0.001;
    options.epsilon = 1e-2; /* where gradients are nothing but rounding, the adaptive ones would make steps of it */
    options.batch = batch;
    options.seed = 9;
    options.decay = optimiser != ANNC_SGD && draw(2) ? 0.5 : 0;
    options.objective.l2 = optimiser != ANNC_SGD && draw(3) == 0 ? 0.02 : 0;
    options.objective.l1 = optimiser != ANNC_SGD && draw(3) == 0 ? 0.01 : 0;
    options.schedule = (annc_schedule){.kind = draw(2) ? ANNC_COSINE : ANNC_CONSTANT, .epochs = 2};
    options.clip = draw(3) == 0 ? 0.1 : 0;
    options.max_norm = draw(3) == 0 ? 0.9 : 0;
    options.objective.dropout = draw(3) == 0 ? 0.3 : 0;
    options.objective.input_dropout = draw(4) == 0 ? 0.2 : 0;
    options.objective.input_noise = draw(4) == 0 ? 0.1 : 0;
    return options;
}

/* An epoch of one minibatch is the gradient. */
static void check_gradient(struct problem *problem, const char *engine)
{
    const uint32_t n = annc_dataset_examples(problem->data)->count;
    const annc_training_options options = {.eta = 0.5, .batch = n, .seed = 5, .engine = ANNC_ENGINE_FUSED};
    const size_t parameters = annc_shape_parameters(&problem->shape), bytes = parameters * sizeof(float);
    double *theta = malloc(parameters * sizeof *theta), *gradient = malloc(parameters * sizeof *gradient), cost = 0;
    float *start = malloc(bytes), *change = malloc(bytes);
    double size = 0, norm = 0;
    annc_epoch report;
    memcpy(start, problem->network->theta, bytes);
    for (size_t i = 0; i < parameters; i++)
        theta[i] = (double)start[i];
    CHECK(problem_reference_gradient(problem, theta, options.seed, 0, 0, n, gradient, &cost));
    if (train(problem, &options, &report, engine)) {
        for (size_t i = 0; i < parameters; i++) {
            change[i] = problem->network->theta[i] - start[i];
            gradient[i] *= -options.eta;
            size += gradient[i] * gradient[i];
            norm += theta[i] * theta[i];
        }
        /* Each example is added to W by itself, so that W is rounded n times. */
        const double rounding = sqrt(norm / size) * sqrt(n) / (1 << 24);
        const double error = problem_normwise(change, gradient, parameters);
        CHECK_MSG(error <= 1e-5 + 2 * rounding, "%s by %s: the gradient is off by %g", problem->name, engine, error);
        CHECK_MSG(fabs(report.loss - cost) <= 1e-5 * (1 + fabs(cost)), "%s: loss %.9g, not %.9g", problem->name,
                  report.loss, cost);
    }
    memcpy(problem->network->theta, start, bytes);
    free(theta);
    free(gradient);
    free(start);
    free(change);
}

/* An epoch of many minibatches, the last one ragged, as the operations have it; and the same bits again, by three threads. */
static void check_epoch(struct problem *problem, annc_training_options options, const char *engine)
{
    const size_t parameters = annc_shape_parameters(&problem->shape), bytes = parameters * sizeof(float);
    const uint32_t n = annc_dataset_examples(problem->data)->count;
    float *start = malloc(bytes), *first = malloc(bytes), *got = malloc(bytes);
    double *want = malloc(parameters * sizeof *want), size = 0, norm = 0;
    annc_epoch fused, again, operations;
    if (options.objective.input_dropout > 0 || options.objective.input_noise > 0)
        engine = "fused, dense"; /* noise leaves no zeros */
    memcpy(start, problem->network->theta, bytes);
    const bool trained = train(problem, &options, &fused, engine);
    memcpy(first, problem->network->theta, bytes);
    memcpy(problem->network->theta, start, bytes);
    if (trained && train_on(crew, problem, &options, &again, engine))
        CHECK_MSG(memcmp(first, problem->network->theta, bytes) == 0 && again.loss == fused.loss &&
                      again.correct == fused.correct,
                  "%s: other bits", problem->name);
    memcpy(problem->network->theta, start, bytes);
    options.engine = ANNC_ENGINE_OPS;
    if (trained && train(problem, &options, &operations, "ops")) {
        for (size_t i = 0; i < parameters; i++) {
            got[i] = first[i] - start[i];
            want[i] = (double)problem->network->theta[i] - (double)start[i];
            size += want[i] * want[i];
            norm += (double)start[i] * (double)start[i];
        }
        const double error = problem_normwise(got, want, parameters), rounding = sqrt(norm / size) * n / (1 << 24);
        /* Adaptive rules divide rounding by epsilon where gradients are small. */
        const double tolerance = options.optimiser == ANNC_SGD ? 2e-5 : 1e-3;
        CHECK_MSG(error <= tolerance + 4 * rounding, "%s by %s, %s, batch %u: the change is off by %g", problem->name,
                  engine, annc_optimiser_name(options.optimiser), options.batch, error);
        CHECK_MSG(fabs(fused.loss - operations.loss) <= 1e-5 * (1 + fabs(operations.loss)), "%s: loss %.9g, not %.9g",
                  problem->name, fused.loss, operations.loss);
        CHECK_MSG(fused.examples == operations.examples && fused.correct + 1 >= operations.correct &&
                      fused.correct <= operations.correct + 1,
                  "%s: %u of %u right, not %u", problem->name, fused.correct, fused.examples, operations.correct);
    }
    memcpy(problem->network->theta, start, bytes);
    free(start);
    free(first);
    free(got);
    free(want);
}

/* Evaluation by whole steps, chunks and a ragged last one, as with the operations, which run where outputs are wanted. */
static void check_evaluation(annc_device *on, struct problem *problem)
{
    const annc_examples *examples = annc_dataset_examples(problem->data);
    int32_t *predictions = calloc(examples->count, sizeof *predictions),
            *others = calloc(examples->count, sizeof *others);
    float *outputs = calloc((size_t)examples->count * examples->outputs, sizeof *outputs);
    annc_evaluator *evaluator = NULL;
    annc_evaluation fused, operations;
    CHECK(annc_evaluator_create(on, problem->network, problem->data, &evaluator) == ANNC_OK &&
          annc_evaluator_run(evaluator, NULL, predictions, NULL, &fused) == ANNC_OK &&
          annc_evaluator_run(evaluator, NULL, others, outputs, &operations) == ANNC_OK);
    uint32_t differ = 0;
    for (uint32_t i = 0; i < examples->count; i++)
        differ += predictions[i] != others[i];
    CHECK_MSG(differ <= 1, "%s: %u predictions differ", problem->name, differ);
    CHECK_MSG(fabs(fused.loss - operations.loss) <= 1e-5 * (1 + fabs(operations.loss)), "%s: loss %.9g, not %.9g",
              problem->name, fused.loss, operations.loss);
    annc_evaluator_free(evaluator);
    free(predictions);
    free(others);
    free(outputs);
}

static void random_problems(void)
{
    enum { PROBLEMS = 240 };
    int by[2] = {0, 0};
    for (int i = 0; i < PROBLEMS; i++) {
        const annc_shape shape = random_shape();
        const annc_input_type type = draw(2) ? ANNC_BYTES : ANNC_FLOATS;
        const uint32_t share = draw(9), count = 3 + draw(40);
        const bool labels = draw(2) && shape.cost != ANNC_MEAN_ABSOLUTE && shape.cost != ANNC_HUBER;
        struct problem problem;
        if (!problem_make(&problem, &shape, type, labels, count, ANNC_INIT_XAVIER, 100 + (uint64_t)i)) {
            CHECK(false);
            continue;
        }
        CHECK(thin_out(&problem, share));
        const bool lists = annc_sparse_density(annc_dataset_examples(problem.data)) <= 0.5;
        const char *engine = lists ? "fused, sparse" : "fused, dense";
        by[lists]++;
        snprintf(problem.name, sizeof problem.name,
                 "problem %d: %u-%u, %u layers, cost %s, %s, share %u of 8, %u examples", i, shape.width[0],
                 shape.width[1], shape.layers, annc_cost_name(shape.cost), type == ANNC_BYTES ? "bytes" : "floats",
                 share, count);
        check_gradient(&problem, engine);
        if (shape.cost != ANNC_MEAN_ABSOLUTE && shape.cost != ANNC_QUANTILE)
            check_epoch(&problem,
                        options_of(i % 2 ? ANNC_SGD : (annc_optimiser)draw(ANNC_OPTIMISER_COUNT), 1 + draw(count)),
                        engine);
        check_evaluation(i % 2 ? device : crew, &problem);
        problem_free(&problem);
    }
    printf("%d problems by dense inputs, %d by lists, on %s\n", by[0], by[1], annc_cpu_kernels_choose()->name);
    CHECK(by[0] >= PROBLEMS / 8 && by[1] >= PROBLEMS / 8);
}

/* Layers above the first that are wide enough to be shared by three threads, some of them unevenly. */
static void wide_layers(void)
{
    static const char *const widths[] = {"50-160-144-130-7", "300-48-700-80-33", "20-256-256-3", "64-400-40-400-10"};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const annc_shape shape = problem_shape(widths[i], ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
        struct problem problem;
        CHECK(problem_make(&problem, &shape, i % 2 ? ANNC_BYTES : ANNC_FLOATS, true, 300, ANNC_INIT_XAVIER, 7) &&
              thin_out(&problem, i < 2 ? 2 : 8));
        snprintf(problem.name, sizeof problem.name, "%s", widths[i]);
        check_gradient(&problem, i < 2 ? "fused, sparse" : "fused, dense");
        for (int rule = 0; rule < 2; rule++)
            check_epoch(&problem, options_of(rule ? ANNC_ADAMW : ANNC_SGD, 64),
                        i < 2 ? "fused, sparse" : "fused, dense");
        problem_free(&problem);
    }
}

/* Minibatches of several blocks of rows on one thread, the last one ragged: the bits are those of three threads, which take whole
 * minibatches. */
static void large_minibatches(void)
{
    static const float weights[] = {0.5f, 2, 1, 3, 0.25f};
    const annc_shape shape = problem_shape("40-256-70-5", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    const annc_objective objectives[] = {
        {0}, {.class_weights = weights}, {.dropout = 0.3, .input_noise = 0.1}, {.input_dropout = 0.2}};
    struct problem problem;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 700, ANNC_INIT_XAVIER, 3));
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++) {
        annc_training_options options = options_of(i % 2 ? ANNC_ADAM : ANNC_MOMENTUM, 250);
        snprintf(problem.name, sizeof problem.name, "blocks of rows, case %zu", i);
        options.objective = objectives[i];
        check_epoch(&problem, options, "fused, dense");
        check_evaluation(device, &problem);
    }
    problem_free(&problem);
}

static annc_augmentation random_augmentation(void)
{
    const annc_augmentation kinds[] = {
        {.shift = 2.5}, {.rotation = 30}, {.zoom = 0.3}, {.elastic = 34}, {1, 180, 5, 1.5, 0.5}};
    return kinds[draw(sizeof kinds / sizeof *kinds)];
}

/* Images are moved as by the operations, on one thread and on three, by lists and into dense inputs. */
static void moving_images(void)
{
    static const struct {
        const char *widths;
        uint32_t rows;
    } cases[] = {{"63-33-10", 9}, {"196-48-40-10", 14}, {"120-10", 4}, {"784-150-20-10", 28}};
    for (size_t i = 0; i < 4 * sizeof cases / sizeof *cases; i++) {
        const annc_shape shape =
            problem_shape(cases[i / 4].widths, ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
        const bool sparse = i % 2;
        struct problem problem;
        CHECK(problem_make(&problem, &shape, i & 2 ? ANNC_BYTES : ANNC_FLOATS, true, 50, ANNC_INIT_XAVIER, i) &&
              thin_out(&problem, sparse ? 2 : 8));
        problem_make_images(&problem, cases[i / 4].rows);
        snprintf(problem.name, sizeof problem.name, "moved images, case %zu", i);
        for (int rule = 0; rule < 2; rule++) {
            annc_training_options options = options_of(rule ? ANNC_ADAM : ANNC_SGD, 1 + draw(20));
            options.augmentation = random_augmentation();
            check_epoch(&problem, options, sparse ? "fused, sparse" : "fused, dense");
        }
        problem_free(&problem);
    }
}

/* More examples than fit into a chunk. */
static void large_evaluation(void)
{
    const annc_shape shape = problem_shape("40-33-10", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    struct problem problem;
    CHECK(problem_make(&problem, &shape, ANNC_BYTES, true, 7001, ANNC_INIT_NORMAL, 6) && thin_out(&problem, 2));
    snprintf(problem.name, sizeof problem.name, "7001 examples");
    check_evaluation(device, &problem);
    check_evaluation(crew, &problem);
    problem_free(&problem);
}

/* ---------------------------------------------------------------- parts */

/* Lists hold the inputs that are not 0, in their order, and nothing else. */
static void lists_are_inputs(void)
{
    const annc_shape shape = problem_shape("37-5", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    for (int type = 0; type < 2; type++) {
        struct problem problem;
        struct annc_sparse sparse;
        CHECK(problem_make(&problem, &shape, type ? ANNC_BYTES : ANNC_FLOATS, true, 50, ANNC_INIT_NORMAL, 3) &&
              thin_out(&problem, 3));
        const annc_examples *examples = annc_dataset_examples(problem.data);
        REQUIRE_OK(annc_sparse_open(annc_cpu_kernels_choose(), examples, &sparse));
        for (uint32_t i = 0; i < examples->count; i++) {
            const uint8_t *line = sparse.records.lines + (size_t)sparse.record[i].line * ANNC_LINE;
            const uint32_t room = sparse.record[i].blocks * ANNC_OCTET;
            const uint16_t *input = (const uint16_t *)line;
            uint32_t at = 0;
            for (uint32_t j = 0; j < 37; j++) {
                const double x = type ? ((const uint8_t *)examples->x)[i * 37 + j]
                                      : (double)((const float *)examples->x)[i * 37 + j];
                if (x == 0)
                    continue;
                const double listed =
                    type ? ((const uint8_t *)(input + room))[at] : (double)((const float *)(input + room))[at];
                CHECK(at < room && input[at] == j && listed == x);
                at++;
            }
            CHECK(room - at < ANNC_OCTET);
            for (; at < room; at++)
                CHECK(input[at] >= 37 && input[at] < 37 + ANNC_OCTET &&
                      (type ? ((const uint8_t *)(input + room))[at] : (double)((const float *)(input + room))[at]) ==
                          0);
        }
        annc_sparse_close(&sparse);
        problem_free(&problem);
    }
}

/* Every element of a transposed matrix is where it belongs, and nothing beside it is written. */
static void transposed(void)
{
    enum { MOST = 50, ROW = MOST + 3 };
    float from[MOST * ROW], to[MOST * ROW];
    for (int i = 0; i < MOST * ROW; i++)
        from[i] = (float)i;
    for (uint32_t i = 0; i < 300; i++) {
        const size_t rows = 1 + draw(MOST), columns = 1 + draw(MOST);
        uint32_t wrong = 0;
        for (int k = 0; k < MOST * ROW; k++)
            to[k] = -1;
        annc_cpu_kernels_choose()->transpose(rows, columns, from, ROW, to, ROW);
        for (size_t c = 0; c < MOST; c++)
            for (size_t r = 0; r < ROW; r++)
                wrong += to[c * ROW + r] != (c < columns && r < rows ? from[r * ROW + c] : -1);
        CHECK_MSG(wrong == 0, "%zu x %zu: %u", rows, columns, wrong);
    }
}

/* Returns memory for floats, aligned as matrices are. */
static float *aligned(size_t count)
{
    return aligned_alloc(ANNC_LINE, (count * sizeof(float) + ANNC_LINE - 1) / ANNC_LINE * ANNC_LINE);
}

/* Where element (row, column) of a matrix is whose columns lie in planes of ANNC_PAD. */
static size_t place(size_t row, size_t column, size_t stride, size_t plane)
{
    return row * stride + column / ANNC_PAD * plane + column % ANNC_PAD;
}

/* Products of all shapes, pieces and copies: near the sums in double, and with the bits that each row has alone; nothing beside C is
 * written. */
static void products(void)
{
    enum { M = 250, N = 9 * ANNC_PAD, K = 600, SIZE = K * (M + N) };
    float *const a = aligned(SIZE), *const b = aligned(SIZE), *const c = aligned(SIZE), *const alone = aligned(SIZE),
                 *const scratch = aligned(ANNC_PRODUCT_SCRATCH);
    for (size_t i = 0; i < SIZE; i++) {
        a[i] = (float)draw(2001) / 1000 - 1;
        b[i] = (float)draw(2001) / 1000 - 1;
    }
    for (int i = 0; i < 150; i++) {
        const uint32_t m = 1 + draw(M), n = (1 + draw(N / ANNC_PAD - 1)) * ANNC_PAD, k = 1 + draw(K);
        const bool transposed = draw(2), planes_of_B = draw(2), planes_of_C = draw(2);
        struct annc_product p = {m,
                                 n,
                                 k,
                                 {a, transposed ? 1 : k + draw(5), transposed ? m + draw(5) : 1},
                                 {b, n + ANNC_PAD, ANNC_PAD},
                                 {c, n + ANNC_PAD, ANNC_PAD},
                                 (enum annc_start)draw(3),
                                 b + 7 * ANNC_PAD,
                                 scratch};
        uint32_t wrong = 0, other = 0, beside = 0;
        if (planes_of_B)
            p.B.row = ANNC_PAD, p.B.plane = k * ANNC_PAD;
        if (planes_of_C)
            p.C.row = ANNC_PAD, p.C.plane = (m + 1) * ANNC_PAD;
        for (size_t j = 0; j < SIZE; j++)
            c[j] = alone[j] = (float)(j % 5);
        annc_cpu_kernels_choose()->multiply(&p);
        for (uint32_t r = 0; r < m; r++) {
            struct annc_product one = p;
            one.M = 1;
            one.A.at += r * p.A.row;
            one.C.at = alone + r * p.C.row;
            annc_cpu_kernels_choose()->multiply(&one);
            for (uint32_t j = 0; j < n; j++) {
                const size_t at = place(r, j, p.C.row, p.C.plane);
                double sum = p.start == ANNC_START_ZERO ? 0 : p.start == ANNC_START_BIAS ? (double)p.bias[j] : at % 5;
                for (uint32_t t = 0; t < k && j % 7 == r % 7; t++)
                    sum += (double)a[r * p.A.row + t * p.A.step] * (double)b[place(t, j, p.B.row, p.B.plane)];
                wrong += j % 7 == r % 7 && !(fabs(sum - (double)c[at]) < 1e-4);
            }
        }
        for (size_t j = 0; j < SIZE; j++) {
            other += c[j] != alone[j];
            beside += j > place(m, n, p.C.row, p.C.plane) && c[j] != (float)(j % 5);
        }
        CHECK_MSG(wrong + other + beside == 0, "%u x %u, %u terms%s: %u wrong, %u other than alone, %u beside C", m, n,
                  k, transposed ? ", transposed" : "", wrong, other, beside);
    }
    free(a);
    free(b);
    free(c);
    free(alone);
    free(scratch);
}

/* The order of many at once is the order of each. */
static void orders(void)
{
    static const uint32_t sizes[] = {1, 2, 255, 256, 257, 1000, 60000, 65536};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const uint32_t n = sizes[s];
        uint32_t *examples = malloc(n * sizeof *examples), wrong = 0;
        for (uint32_t epoch = 0; epoch < 3; epoch++) {
            const struct annc_order order = epoch < 2 ? annc_order_shuffled(n, 11, epoch) : annc_order_sequential(n);
            annc_cpu_kernels_choose()->order(&order, 0, n, examples);
            for (uint32_t i = 0; i < n; i++)
                wrong += examples[i] != annc_order_at(&order, i);
        }
        CHECK_MSG(wrong == 0, "%u of %u", wrong, n);
        free(examples);
    }
}

/* Of equal outputs the lowest wins, on whatever side of a vector they are. */
static void ties(void)
{
    enum { STRIDE = 48, N = 40 };
    _Alignas(64) float A[STRIDE] = {0};
    uint32_t wrong = 0;
    for (uint32_t first = 0; first < N; first++)
        for (uint32_t second = first + 1; second < N; second++) {
            memset(A, 0, sizeof A);
            A[first] = A[second] = 2;
            A[N] = 5; /* no output any more */
            for (uint32_t wanted = 0; wanted < N; wanted++) {
                const struct annc_outputs outputs = {.m = 1, .n = N, .stride = STRIDE, .A = A, .wanted = &wanted};
                wrong += annc_cpu_kernels_choose()->count_correct(&outputs) != (wanted == first);
            }
        }
    CHECK_MSG(wrong == 0, "%u", wrong);
}

/* The elementwise kernels are the formulas, to rounding. */
static void elements(void)
{
    enum { COUNT = 4096 };
    static const double CLOSE = 1e-6, LARGE = 1e30; /* beyond that exp is saturated in float */
    const struct annc_cpu_kernels *kernels = annc_cpu_kernels_choose();
    _Alignas(64) float Z[COUNT], A[COUNT], delta[COUNT];
    for (int i = 0; i < COUNT; i++)
        Z[i] = ((float)draw(1 << 20) / (1 << 19) - 1) * (i % 4 == 0 ? 100 : 5);
    for (int f = 0; f < ANNC_ACTIVATION_COUNT; f++) {
        uint32_t wrong = 0;
        kernels->activate((annc_activation)f, COUNT, Z, A);
        for (int i = 0; i < COUNT; i++)
            delta[i] = (float)i / COUNT - 0.5f;
        kernels->times_derivative((annc_activation)f, COUNT, Z, A, delta);
        for (int i = 0; i < COUNT; i++) {
            const double z = (double)Z[i], a = annc_activation_value_f64((annc_activation)f, z);
            const double d = ((double)i / COUNT - 0.5) * annc_activation_derivative_f64((annc_activation)f, z, a);
            if (fabs(a) < LARGE)
                wrong += !(fabs((double)A[i] - a) <= CLOSE * (1 + fabs(a)) &&
                           fabs((double)delta[i] - d) <= CLOSE * (1 + fabs(d)));
        }
        CHECK_MSG(wrong == 0, "%s: %u of %d", annc_activation_name((annc_activation)f), wrong, COUNT);
    }
}

/* The dropout factors of many units at once are those of each, and none is written beside them. */
static void dropout_of_many(void)
{
    enum { M = 5, STRIDE = 64, N = 45 };
    static const uint32_t parts[][2] = {{0, 16}, {16, 32}, {0, 48}, {32, 16}}; /* first unit, units */
    const float scale = annc_dropout_scale(0.3);
    const struct annc_dropout dropout = {
        .seed = 12345678901, .l = 2, .n = N, .threshold = annc_dropout_threshold(0.3), .scale = scale};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        _Alignas(64) float F[M * STRIDE];
        uint32_t wrong = 0, dropped = 0;
        for (int i = 0; i < M * STRIDE; i++)
            F[i] = -1;
        annc_cpu_kernels_choose()->dropout_factors(&dropout, 999999999999, M, parts[p][0], parts[p][1], F, STRIDE);
        for (uint32_t r = 0; r < M; r++)
            for (uint32_t j = 0; j < STRIDE; j++) {
                const uint32_t unit = parts[p][0] + j;
                const float want = j >= parts[p][1] ? -1
                                                    : annc_dropout_factor(dropout.seed, 2, 999999999999 + r, unit, N,
                                                                          dropout.threshold, scale);
                wrong += F[r * STRIDE + j] != want;
                dropped += want == 0;
            }
        CHECK_MSG(wrong == 0 && dropped > 0, "part %zu: %u wrong, %u dropped", p, wrong, dropped);
    }
}

/* The noise of many inputs at once is that of each, and none is added beside them. */
static void noise_of_many(void)
{
    enum { M = 3, STRIDE = 208, MOST = 200 };
    static const uint32_t widths[] = {1, 3, 4, 63, 64, 65, 128, 131, MOST};
    const float sigma = 0.25f;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        const uint32_t n = widths[w];
        float X[M * STRIDE];
        uint32_t wrong = 0;
        for (int i = 0; i < M * STRIDE; i++)
            X[i] = (float)(i % 9) / 9;
        annc_cpu_kernels_choose()->add_noise(12345678901, 999999999999, sigma, M, n, X, STRIDE);
        for (uint32_t r = 0; r < M; r++)
            for (uint32_t j = 0; j < STRIDE; j++) {
                const float x = (float)((r * STRIDE + j) % 9) / 9;
                wrong += X[r * STRIDE + j] !=
                         (j < n ? x + sigma * annc_input_noise(12345678901, 999999999999 + r, j, n) : x);
            }
        CHECK_MSG(wrong == 0, "%u inputs: %u", n, wrong);
    }
}

/* Updates of any length, at any address, are the rule in double to rounding: of vectors, of the rest, of rows with and without marks. */
static void updates(void)
{
    enum { ROWS = 7, COUNT = ROWS * ANNC_PAD, MOST = COUNT - 3 };
    static const uint8_t marks[ROWS] = {1, 0, 1, 1, 0, 0, 1};
    static const double CLOSE = 2e-6;
    const struct annc_cpu_kernels *kernels = annc_cpu_kernels_choose();
    for (int rule = 0; rule < ANNC_OPTIMISER_COUNT; rule++)
        for (int by_rows = 0; by_rows < 2; by_rows++) {
            const annc_training_options options = annc_training_defaults((annc_optimiser)rule);
            const struct annc_update update = {.rule = {(annc_optimiser)rule, 0.9f, 0.99f, 1e-8f},
                                               .rate = {0.125f, 0.25f, 3},
                                               .decay = by_rows ? 0.5f : 0,
                                               .scale = 0.5f};
            const int states = annc_optimiser_states(options.optimiser);
            _Alignas(64) float block[4][COUNT + ANNC_PAD], before[4][COUNT + ANNC_PAD];
            const size_t shift = by_rows ? 0 : 3; /* rows are aligned */
            uint32_t wrong = 0;
            for (size_t a = 0; a < 4; a++)
                for (size_t i = 0; i < COUNT + ANNC_PAD; i++)
                    block[a][i] = (a == 3 ? 1.0f : 0.0f) + (float)draw(1000) / 1000 - (a == 3 ? 0.0f : 0.5f);
            for (size_t i = 0; by_rows && i < COUNT; i++)
                block[0][i] = marks[i / ANNC_PAD] ? block[0][i] : 0;
            memcpy(before, block, sizeof block);
            float *const G = block[0] + shift, *const theta = block[1] + shift,
                         *const v = states & FIRST ? block[2] + shift : NULL,
                         *const s = states & SECOND ? block[3] + shift : NULL;
            if (by_rows)
                kernels->update_rows(&update, ROWS, marks, G, theta, v, s);
            else
                kernels->update(&update, MOST, G, theta, v, s);
            for (size_t i = 0; i < COUNT + ANNC_PAD - shift; i++) {
                const size_t at = i + shift;
                double first = (double)before[2][at], second = (double)before[3][at], want = (double)before[1][at];
                const bool is_one = i < (by_rows ? COUNT : MOST);
                if (is_one)
                    want =
                        (1 - 0.125 * (double)update.decay) * want -
                        annc_optimiser_step_f64((annc_optimiser)rule, 0.125, (double)0.9f, (double)0.99f, (double)1e-8f,
                                                0.25, 3, 0.5 * (double)before[0][at], &first, &second);
                wrong += fabs((double)block[1][at] - want) > CLOSE ||
                         (v && fabs((double)block[2][at] - first) > CLOSE) ||
                         (s && fabs((double)block[3][at] - second) > CLOSE);
                wrong += is_one && by_rows ? block[0][at] != 0 : block[0][at] != before[0][at];
            }
            CHECK_MSG(wrong == 0, "%s%s: %u", annc_optimiser_name((annc_optimiser)rule), by_rows ? " by rows" : "",
                      wrong);
        }
}

/* Draws an image: of floats below 0 as well, of one pixel in `thin`, of a few pixels alone, or of none. */
static void draw_image(const struct annc_images *images, uint32_t thin, float *image, uint8_t *bytes)
{
    const uint32_t count = images->rows * images->columns;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t drawn_value = thin > 0 && draw(thin) == 0 ? draw(256) : 0;
        bytes[i] = (uint8_t)drawn_value;
        image[i] =
            images->bytes ? (float)drawn_value * images->factor : (float)drawn_value - 100.0f * (drawn_value > 0);
    }
}

/* Moved images have the bits of the definition, pixel by pixel, however far they are moved; lists hold what is not 0. */
static void moved_pixels(void)
{
    enum { SIDE = 70, PIXELS = SIDE * SIDE, CASES = 420 };
    static const annc_augmentation kinds[] = {
        {.shift = 2}, {.rotation = 10},       {.elastic = 34},      {3, 15, 8, 2, 0.1},   {.rotation = 180},
        {.zoom = .9}, {40, 90, 900, 32, 0.5}, {1e9, 0, 1e10, 1, 0}, {0, 5, 1e38, 0.5, 0}, {1e300, 1, 0, 0, 0},
        {.shift = 0}, {.elastic = 1e300},     {9, 45, 0, 0, 0.999}, {0, 0, 5, 0.7, 0}};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    const struct annc_cpu_kernels *kernels = annc_cpu_kernels_choose();
    static float bend[4 * PIXELS];
    float *scratch = NULL, value[PIXELS + ANNC_PAD], image[PIXELS];
    uint16_t input[PIXELS + ANNC_PAD];
    uint8_t bytes[PIXELS];
    uint32_t listed = 0;
    for (uint32_t i = 0; i < CASES; i++) {
        const annc_augmentation *kind = &kinds[i % KINDS];
        const struct annc_images images = {.augmentation = *kind,
                                           .elastic = annc_elastic_of(kind),
                                           .seed = 12345678901,
                                           .rows = 1 + draw(SIDE),
                                           .columns = 2 + draw(SIDE - 1),
                                           .bytes = draw(2),
                                           .factor = 1.0f / 255};
        const uint64_t example = 999999999999 + i;
        const uint32_t thin[] = {1, 4, 50, 2000, 0};
        struct annc_warp warp;
        uint32_t at = 0, wrong = 0;
        draw_image(&images, thin[draw(5)], image, bytes);
        REQUIRE_OK(annc_allocate(annc_images_scratch(&images), sizeof(float), "pixels", (void **)&scratch));
        const uint32_t count =
            kernels->move_image(&images, images.bytes ? (void *)bytes : image, example, scratch, input, value);
        annc_warp_draw(images.seed, example, images.augmentation, &warp);
        if (kind->elastic > 0)
            annc_elastic_bend(&images.elastic, images.seed, example, images.rows, images.columns, bend);
        for (uint32_t j = 0; j < images.rows * images.columns; j++) {
            const float want =
                annc_warp_sample(&warp, image, kind->elastic > 0 ? bend : NULL, (int)images.rows, (int)images.columns,
                                 (int)(j / images.columns), (int)(j % images.columns));
            const bool is_listed = at < count && input[at] == j;
            wrong += is_listed != (want != 0) || (is_listed && memcmp(&value[at], &want, sizeof want) != 0);
            at += is_listed;
        }
        CHECK_MSG(wrong == 0 && at == count, "%u x %u, kind %u: %u pixels", images.rows, images.columns, i % KINDS,
                  wrong);
        listed += count;
        annc_release(scratch);
    }
    CHECK(listed > 1000);
}

/* x / (c sqrt(s) + e) over the whole range of s, 0 and subnormal numbers included: never NaN, and as in double. */
static void roots(void)
{
    enum { COUNT = 16 * 300 };
    const struct annc_update update = {.rule = {ANNC_ADAGRAD, 0, 0, 1e-8f}, .rate = {1, 0, 0}, .scale = 1};
    _Alignas(64) float G[COUNT], theta[COUNT], s[COUNT];
    uint32_t wrong = 0;
    for (int i = 0; i < COUNT; i++) {
        G[i] = ldexpf(1 + (float)(i % 16) / 16, i / 16 % 60 - 59);
        s[i] = i % 5 == 0 ? 0 : ldexpf(1 + (float)(i % 7) / 7, i / 16 % 277 - 149);
        theta[i] = 0;
    }
    annc_cpu_kernels_choose()->update(&update, COUNT, G, theta, NULL, s);
    for (int i = 0; i < COUNT; i++) {
        const double want = (double)G[i] / (sqrt((double)s[i]) + (double)1e-8f);
        wrong += !(fabs((double)theta[i] + want) <= 6e-7 * want + 1e-37);
    }
    CHECK_MSG(wrong == 0, "%u of %d", wrong, COUNT);
}

/* Every option adds to the estimated time of a step, in proportion to what it works on. */
static void estimates(void)
{
    const annc_shape shape = problem_shape("784-32-10", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_training_options plain = annc_training_defaults(ANNC_SGD);
    plain.batch = 16;
    const annc_training_options momentum = annc_training_defaults(ANNC_MOMENTUM),
                                adam = annc_training_defaults(ANNC_ADAM);
    annc_training_options all[] = {plain, plain, plain, plain, plain, plain, plain, plain};
    struct annc_job job = {.shape = &shape, .batch = 16, .training = &plain};
    const double least = annc_fused_seconds(&job);
    all[0].objective.dropout = 0.2;
    all[1].clip = 1;
    all[2].max_norm = 3;
    all[3].objective.l2 = 0.1;
    all[4].objective.input_dropout = 0.2;
    all[5].objective.input_noise = 0.1;
    all[6].augmentation.elastic = 1;
    all[7].decay = 0.1;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        job.training = &all[i];
        const double seconds = annc_fused_seconds(&job);
        CHECK_MSG(seconds > least && seconds < 8 * least, "option %zu: %g, plain %g", i, seconds, least);
    }
    job.training = &momentum;
    const double one_state = annc_fused_seconds(&job);
    job.training = &adam;
    CHECK(one_state > least && annc_fused_seconds(&job) > one_state);
    job.training = NULL;
    CHECK(annc_fused_seconds(&job) < least);
}

/* What the engine cannot do is refused. */
static void refusals(void)
{
    const annc_shape shape = problem_shape("64-9-4", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC),
                     large = problem_shape("2000-1000-4", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    struct annc_job job = {.shape = &shape, .batch = 8, .training = &options};
    CHECK(annc_fused_refuses(&job) == NULL);
    job.streams = true;
    CHECK(strcmp(annc_fused_refuses(&job), "the examples do not fit in memory at once") == 0);
    job.streams = false;
    job.shape = &large;
    CHECK(strcmp(annc_fused_refuses(&job), "the network is too large for the caches") == 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(random_problems),
                                        TEST(wide_layers),
                                        TEST(large_minibatches),
                                        TEST(large_evaluation),
                                        TEST(lists_are_inputs),
                                        TEST(products),
                                        TEST(orders),
                                        TEST(transposed),
                                        TEST(ties),
                                        TEST(elements),
                                        TEST(dropout_of_many),
                                        TEST(noise_of_many),
                                        TEST(moving_images),
                                        TEST(moved_pixels),
                                        TEST(updates),
                                        TEST(roots),
                                        TEST(refusals),
                                        TEST(estimates)};
    const annc_device_options one = {.kind = ANNC_DEVICE_CPU, .threads = 1},
                              three = {.kind = ANNC_DEVICE_CPU, .threads = 3};
    if (annc_device_open(&one, &device) != ANNC_OK || annc_device_open(&three, &crew) != ANNC_OK)
        return 1;
    const int code = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    annc_device_close(crew);
    return code;
}
