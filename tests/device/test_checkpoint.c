/* A training that is broken, kept in a file, read and gone on with ends with the bits of one that was not, wherever it was broken. */
#include "support/problem.h"
#include "support/test.h"

#include <unistd.h>

enum { EPOCHS = 4 };

static annc_device *device;

/* What a training came to. */
struct course {
    annc_epoch report[EPOCHS];
    float *theta;
};

struct asked {
    int until; /* the question that is answered by yes, from 1; 0: none */
    int count;
};

static bool stop_then(void *context)
{
    struct asked *asked = context;
    return ++asked->count == asked->until;
}

/* A loss that rises and falls, so that a plateau comes and goes. */
static double told(const annc_epoch *report)
{
    return report->epoch % 2 ? 1 : report->loss;
}

static void finish(annc_trainer *trainer, annc_network *network, struct course *course)
{
    const size_t bytes = annc_shape_parameters(annc_network_shape(network)) * sizeof(float);
    REQUIRE_OK(annc_trainer_store(trainer));
    course->theta = malloc(bytes);
    memcpy(course->theta, annc_network_parameters(network), bytes);
}

/* Trains from the problem's own parameters, breaking off at each `until`th question (0: never): everything is then freed, and goes on from a
 * file. */
static void train(const struct problem *problem, const annc_training_options *options, int until, struct course *course)
{
    char path[64];
    annc_network *network = NULL, *checkpoint = NULL;
    annc_trainer *trainer = NULL;
    struct asked asked = {until, 0};
    int breaks = 0;
    snprintf(path, sizeof path, "checkpoint.%ld.tmp", (long)getpid());
    REQUIRE_OK(annc_network_copy(problem->network, &network));
    REQUIRE_OK(annc_trainer_create(device, network, problem->data, options, &trainer));
    for (int epoch = 0; epoch < EPOCHS;) {
        const annc_status status = annc_trainer_epoch(trainer, stop_then, &asked, &course->report[epoch]);
        if (status == ANNC_OK) {
            annc_trainer_report(trainer, told(&course->report[epoch]));
            epoch++;
        } else if (status != ANNC_STOPPED) {
            REQUIRE_OK(status);
        }
        if (until == 0 || asked.count < until)
            continue;
        REQUIRE_OK(annc_trainer_checkpoint(trainer, &checkpoint));
        REQUIRE_OK(annc_model_save(checkpoint, path));
        annc_trainer_free(trainer);
        annc_network_free(network);
        annc_network_free(checkpoint);
        REQUIRE_OK(annc_model_load(path, NULL, &checkpoint));
        REQUIRE_OK(annc_network_create(&problem->shape, &network));
        REQUIRE_OK(annc_trainer_create(device, network, problem->data, options, &trainer));
        REQUIRE_OK(annc_trainer_resume(trainer, checkpoint));
        annc_network_free(checkpoint);
        asked.count = 0;
        breaks++;
    }
    CHECK(until == 0 || breaks > 0);
    if (getenv("ANNC_HOST_MEMORY_MB") && annc_dataset_examples(problem->data)->count > 2000)
        CHECK(annc_trainer_window(trainer) < annc_dataset_examples(problem->data)->count);
    finish(trainer, network, course);
    annc_trainer_free(trainer);
    annc_network_free(network);
    unlink(path);
}

static bool same_reports(const struct course *a, const struct course *b)
{
    for (int i = 0; i < EPOCHS; i++) {
        const annc_epoch *x = &a->report[i], *y = &b->report[i];
        if (x->epoch != y->epoch || x->steps != y->steps || x->examples != y->examples || x->correct != y->correct ||
            memcmp(&x->loss, &y->loss, sizeof x->loss) != 0 || memcmp(&x->rate, &y->rate, sizeof x->rate) != 0)
            return false;
    }
    return true;
}

static void compare(const char *name, const annc_shape *shape, const annc_training_options *options, uint32_t count)
{
    struct problem problem;
    struct course whole = {.theta = NULL};
    REQUIRE_OK(problem_make(&problem, shape, ANNC_FLOATS, true, count, ANNC_INIT_AUTO, 3) ? ANNC_OK : ANNC_FAILURE);
    if (options->augmentation.shift > 0)
        problem_make_images(&problem, 2);
    train(&problem, options, 0, &whole);
    for (int until = 4; until <= 8 && whole.theta; until += 2) {
        struct course broken = {.theta = NULL};
        train(&problem, options, until, &broken);
        CHECK_MSG(broken.theta && memcmp(broken.theta, whole.theta, annc_shape_parameters(shape) * sizeof(float)) == 0,
                  "%s, broken at every question %d", name, until);
        CHECK_MSG(same_reports(&whole, &broken), "%s, broken at every question %d", name, until);
        free(broken.theta);
    }
    free(whole.theta);
    problem_free(&problem);
}

/* Every optimiser, every schedule (on the CPU each with each), and all that is drawn in training. */
static void same_bits(void)
{
    const annc_shape shape = problem_shape("6-9-7-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    const bool is_fast = strcmp(annc_device_describe(device)->kind, "cpu") == 0;
    for (int optimiser = 0; optimiser < ANNC_OPTIMISER_COUNT; optimiser++) {
        char name[128];
        annc_training_options options = annc_training_defaults((annc_optimiser)optimiser);
        options.eta = options.eta < 0.1 ? options.eta : 0.1;
        options.batch = 3;
        options.seed = 5;
        if (is_fast || optimiser < 2)
            compare(annc_optimiser_name((annc_optimiser)optimiser), &shape, &options, 500);
        for (int kind = 0; kind < ANNC_SCHEDULE_COUNT; kind++) {
            if (!is_fast && kind != optimiser % ANNC_SCHEDULE_COUNT)
                continue;
            options.schedule = (annc_schedule){.kind = (annc_schedule_kind)kind, .period = 1, .epochs = EPOCHS};
            options.schedule.warmup = kind % 2;
            options.objective = (annc_objective){.l2 = 1e-3, .dropout = 0.25, .input_dropout = 0.1, .input_noise = 0.1};
            options.clip = kind % 3 ? 0 : 1;
            options.augmentation.shift = kind % 2 ? 0.5 : 0;
            snprintf(name, sizeof name, "%s, %s", annc_optimiser_name((annc_optimiser)optimiser),
                     annc_schedule_name((annc_schedule_kind)kind));
            compare(name, &shape, &options, 400);
        }
    }
}

/* Examples that do not fit, where the device's memory is made small. */
static void same_bits_in_windows(void)
{
    /* Two hidden layers: an engine that trains a window a call would leave no place to stop at. */
    const annc_shape shape = problem_shape("100-5-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_training_options options = annc_training_defaults(ANNC_MOMENTUM);
    options.batch = 10;
    options.objective.dropout = 0.1;
    compare("windows", &shape, &options, 3003);
}

/* ---------------------------------------------------------------- another rate */

/* Two epochs, the second at another rate: set in the trainer, or given to one that resumes where the first epoch ended. */
static void two_rates(const struct problem *problem, annc_training_options options, bool resumes, annc_network *network)
{
    annc_trainer *trainer = NULL;
    annc_network *checkpoint = NULL;
    annc_epoch report;
    REQUIRE_OK(annc_trainer_create(device, network, problem->data, &options, &trainer));
    REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
    if (resumes) {
        REQUIRE_OK(annc_trainer_checkpoint(trainer, &checkpoint));
        annc_trainer_free(trainer);
        options.eta /= 8;
        REQUIRE_OK(annc_trainer_create(device, network, problem->data, &options, &trainer));
        REQUIRE_OK(annc_trainer_resume(trainer, checkpoint));
    } else {
        CHECK(annc_trainer_set_rate(trainer, 0) == ANNC_USAGE && annc_trainer_set_rate(trainer, NAN) == ANNC_USAGE);
        REQUIRE_OK(annc_trainer_set_rate(trainer, options.eta / 8));
        options.eta /= 8;
    }
    REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
    CHECK_NEAR(report.rate, options.eta, 1e-8);
    REQUIRE_OK(annc_trainer_store(trainer));
    annc_network_free(checkpoint);
    annc_trainer_free(trainer);
}

/* Steps in place, steps with states and steps one after another, long enough to be recorded in blocks. */
static void sets_the_rate(void)
{
    static const annc_optimiser optimisers[] = {ANNC_SGD, ANNC_MOMENTUM, ANNC_SGD};
    static const annc_engine engines[] = {ANNC_ENGINE_AUTO, ANNC_ENGINE_AUTO, ANNC_ENGINE_OPS};
    const annc_shape shape = problem_shape("6-5-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const size_t bytes = annc_shape_parameters(&shape) * sizeof(float);
    struct problem problem;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 400, ANNC_INIT_AUTO, 3));
    for (int i = 0; i < 3; i++) {
        annc_training_options options = annc_training_defaults(optimisers[i]);
        annc_network *set = NULL, *resumed = NULL;
        options.engine = engines[i];
        options.batch = 2;
        REQUIRE_OK(annc_network_copy(problem.network, &set));
        REQUIRE_OK(annc_network_copy(problem.network, &resumed));
        two_rates(&problem, options, false, set);
        two_rates(&problem, options, true, resumed);
        CHECK_MSG(memcmp(annc_network_parameters(set), annc_network_parameters(resumed), bytes) == 0, "case %d", i);
        annc_network_free(set);
        annc_network_free(resumed);
    }
    problem_free(&problem);
}

/* ---------------------------------------------------------------- what is refused */

static void refuses(annc_trainer *trainer, annc_network *checkpoint, const char *state, const char *message)
{
    REQUIRE_OK(annc_network_set_metadata(checkpoint, "annc.state", state));
    CHECK(annc_trainer_resume(trainer, checkpoint) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), message), "%s", annc_last_error());
}

/* The state with another value in the place of a field's. */
static void refuses_value(annc_trainer *trainer, annc_network *checkpoint, const char *state, const char *field,
                          const char *value, const char *message)
{
    char changed[600], name[32];
    snprintf(name, sizeof name, "%s ", field);
    const char *at = strstr(state, name);
    CHECK_MSG(at, "%s is no field of %s", field, state);
    if (!at)
        return;
    at += strlen(name);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - state), state, value, at + strcspn(at, " "));
    refuses(trainer, checkpoint, changed, message);
}

/* A checkpoint without a block that its optimiser needs. */
static void refuses_without(annc_trainer *trainer, annc_network *checkpoint, const char *name)
{
    float kept[64];
    const size_t bytes = annc_shape_parameters(annc_network_shape(checkpoint)) * sizeof *kept;
    CHECK(bytes <= sizeof kept);
    memcpy(kept, annc_network_block(checkpoint, name), bytes);
    REQUIRE_OK(annc_network_set_block(checkpoint, name, NULL));
    CHECK(annc_trainer_resume(trainer, checkpoint) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "optimiser's state"), "%s", annc_last_error());
    REQUIRE_OK(annc_network_set_block(checkpoint, name, kept));
}

static void refuses_another(const struct problem *problem, const annc_training_options *options,
                            annc_network *checkpoint, const char *message)
{
    annc_trainer *stranger = NULL;
    REQUIRE_OK(annc_trainer_create(device, problem->network, problem->data, options, &stranger));
    CHECK(annc_trainer_resume(stranger, checkpoint) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), message), "%s", annc_last_error());
    annc_trainer_free(stranger);
}

/* Networks of other shapes, each in another way, and other optimisers. */
static void strangers(void)
{
    const annc_shape shape = problem_shape("5-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC),
                     others[] = {problem_shape("5-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC),
                                 problem_shape("5-6-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC),
                                 problem_shape("5-4-3", ANNC_TANH, ANNC_SIGMOID, ANNC_QUADRATIC),
                                 problem_shape("5-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_CROSS_ENTROPY)};
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    struct problem problem, other;
    annc_trainer *trainer = NULL;
    annc_network *checkpoint = NULL;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 50, ANNC_INIT_AUTO, 1));
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    REQUIRE_OK(annc_trainer_checkpoint(trainer, &checkpoint));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK(problem_make(&other, &others[i], ANNC_FLOATS, true, 50, ANNC_INIT_AUTO, 1));
        refuses_another(&other, &options, checkpoint, "another shape");
        problem_free(&other);
    }
    options.batch++;
    refuses_another(&problem, &options, checkpoint, "another minibatch");
    options = annc_training_defaults(ANNC_MOMENTUM);
    options.batch = annc_training_defaults(ANNC_ADAM).batch;
    refuses_another(&problem, &options, checkpoint, "optimiser");
    annc_network_free(checkpoint);
    annc_trainer_free(trainer);
    problem_free(&problem);
}

/* Input noise and elastic distortion of older versions were others: a training that has any is not resumed, others are.
 * `cut` begins what the older state lacks. */
static void resume_older(annc_training_options options, const char *cut, const char *refusal)
{
    const annc_shape shape = problem_shape("6-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_network *checkpoint = NULL;
    char state[512];
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 50, ANNC_INIT_AUTO, 1));
    problem_make_images(&problem, 2);
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    REQUIRE_OK(annc_trainer_checkpoint(trainer, &checkpoint));
    REQUIRE_OK(annc_trainer_resume(trainer, checkpoint));
    snprintf(state, sizeof state, "%s", annc_network_metadata(checkpoint, "annc.state"));
    char *lacks = strstr(state, cut);
    CHECK(lacks);
    if (lacks)
        snprintf(lacks, sizeof state - (size_t)(lacks - state), " end");
    REQUIRE_OK(annc_network_set_metadata(checkpoint, "annc.state", state));
    CHECK(annc_trainer_resume(trainer, checkpoint) == (refusal ? ANNC_INPUT : ANNC_OK));
    CHECK_MSG(!refusal || strstr(annc_last_error(), refusal), "%s", annc_last_error());
    annc_network_free(checkpoint);
    annc_trainer_free(trainer);
    problem_free(&problem);
}

static void older_definitions(void)
{
    static const char noise[] = "draws input noise by definition 1, and this one draws it by definition 2",
                      elastic[] = "distorts images by definition 1, and this one distorts them by definition 2";
    annc_training_options plain = annc_training_defaults(ANNC_SGD), noisy = plain, bent = plain;
    noisy.objective.input_noise = 0.1;
    bent.augmentation.elastic = 8;
    resume_older(plain, " noise ", NULL);
    resume_older(noisy, " noise ", noise);
    resume_older(noisy, " elastic ", NULL);
    resume_older(bent, " noise ", elastic);
    resume_older(bent, " elastic ", elastic);
}

static void refusals(void)
{
    static const char *const values[][2] = {{"epoch", "4294967295"},
                                            {"epoch", "0"},
                                            {"epoch", "x"},
                                            {"epoch", "-1"},
                                            {"epoch", "99999999999999999999"},
                                            {"epoch", "18446744073709551616"},
                                            {"steps", "1000000"},
                                            {"examples", "51"},
                                            {"correct", "51"},
                                            {"waited", "4294967296"},
                                            {"schedule", "4294967296"},
                                            {"plateau", "-0x1p-9"},
                                            {"plateau", "0x1.8p+0"},
                                            {"plateau", "inf"},
                                            {"loss", "12345678901234567890123456789012345678901234567890"}};
    static const char *const rests[] = {"x", " 7", " count 1"};
    const annc_shape shape = problem_shape("5-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    struct problem problem, other;
    annc_trainer *trainer = NULL, *stranger = NULL;
    annc_network *checkpoint = NULL;
    annc_epoch report;
    char state[512];
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 50, ANNC_INIT_AUTO, 1));
    CHECK(problem_make(&other, &shape, ANNC_FLOATS, true, 50, ANNC_INIT_AUTO, 2));
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
    REQUIRE_OK(annc_trainer_checkpoint(trainer, &checkpoint));
    REQUIRE_OK(annc_trainer_resume(trainer, checkpoint));
    snprintf(state, sizeof state, "%s", annc_network_metadata(checkpoint, "annc.state"));

    REQUIRE_OK(annc_trainer_create(device, other.network, other.data, &options, &stranger));
    CHECK(annc_trainer_resume(stranger, checkpoint) == ANNC_INPUT);
    CHECK(strstr(annc_last_error(), "other training data"));
    annc_trainer_free(stranger);
    options.seed = 9;
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &stranger));
    CHECK(annc_trainer_resume(stranger, checkpoint) == ANNC_INPUT);
    CHECK(strstr(annc_last_error(), "another minibatch, seed or optimiser"));
    annc_trainer_free(stranger);

    refuses(trainer, checkpoint, NULL, "not a checkpoint");
    for (size_t length = 0; length < strlen(state); length++) {
        char part[512];
        memcpy(part, state, length);
        part[length] = '\0';
        refuses(trainer, checkpoint, part, "is malformed");
    }
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        char longer[600];
        snprintf(longer, sizeof longer, "%s%s", state, rests[i]);
        refuses(trainer, checkpoint, longer, "is malformed");
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        refuses_value(trainer, checkpoint, state, values[i][0], values[i][1], "is malformed");
    refuses_value(trainer, checkpoint, state, "count", "51", "(51 examples then, 50 now)");
    REQUIRE_OK(annc_network_set_metadata(checkpoint, "annc.state", state));
    refuses_without(trainer, checkpoint, "first");
    refuses_without(trainer, checkpoint, "second");
    REQUIRE_OK(annc_trainer_resume(trainer, checkpoint));
    annc_network_free(checkpoint);
    annc_trainer_free(trainer);
    problem_free(&problem);
    problem_free(&other);
}

/* Blocks beside the parameters: kept, replaced, removed, refused. */
static void blocks(void)
{
    const annc_shape shape = problem_shape("2-1", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    static const float one[] = {1, 2, 3}, two[] = {4, 5, 6};
    static const char *const names[] = {"a", "b", "c", "d"};
    annc_network *network = NULL;
    REQUIRE_OK(annc_network_create(&shape, &network));
    CHECK(annc_network_block(network, "a") == NULL);
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++)
        REQUIRE_OK(annc_network_set_block(network, names[i], one));
    CHECK(annc_network_set_block(network, "e", one) == ANNC_USAGE);
    REQUIRE_OK(annc_network_set_block(network, "b", two));
    CHECK(memcmp(annc_network_block(network, "b"), two, sizeof two) == 0);
    CHECK(memcmp(annc_network_block(network, "a"), one, sizeof one) == 0);
    REQUIRE_OK(annc_network_set_block(network, "b", NULL));
    CHECK(annc_network_block(network, "b") == NULL);
    REQUIRE_OK(annc_network_set_block(network, "e", two));
    CHECK(annc_network_set_block(network, "", one) == ANNC_USAGE);
    CHECK(annc_network_set_block(network, "A", one) == ANNC_USAGE);
    CHECK(annc_network_set_block(network, "abcdefghijklmnop", one) == ANNC_USAGE);
    annc_network_free(network);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(same_bits), TEST(same_bits_in_windows), TEST(sets_the_rate),
                                        TEST(refusals),  TEST(older_definitions),    TEST(strangers),
                                        TEST(blocks)};
    device = problem_device();
    if (!device)
        return 77;
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
