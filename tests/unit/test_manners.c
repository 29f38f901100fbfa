/* What a program that uses the library may rely on: nothing is printed, and no state of the process is another afterwards; numbers are the same
 * in every locale; threads do not disturb each other; every failure of memory ends in an error, with everything freed. */
#include "base/text.h"
#include "support/problem.h"
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

extern char **environ;

enum { SIGNALS = 64, ROWS = 60, PATH = 256, EPOCHS = 3 };

static char folder[64] = "/tmp/annc-test-manners-XXXXXX";

static const char *in_folder(const char *name)
{
    static _Thread_local char path[4][PATH];
    static _Thread_local int next;
    char *made = path[next++ % 4];
    snprintf(made, PATH, "%s/%s", folder, name);
    return made;
}

/* ---------------------------------------------------------------- blocks of memory that are refused */

/* Which of the blocks to come is refused: counted down, by the linker's --wrap; 0 for none. */
static long refuse;

static bool is_refused(void)
{
    long left = __atomic_load_n(&refuse, __ATOMIC_RELAXED);
    while (left > 0 &&
           !__atomic_compare_exchange_n(&refuse, &left, left - 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return left == 1; /* of threads that ask at once, one has the last count and none goes below it */
}

int __real_posix_memalign(void **block, size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **block, size_t alignment, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);

int __wrap_posix_memalign(void **block, size_t alignment, size_t bytes)
{
    return is_refused() ? ENOMEM : __real_posix_memalign(block, alignment, bytes);
}

void *__wrap_realloc(void *block, size_t bytes)
{
    return is_refused() ? NULL : __real_realloc(block, bytes);
}

/* ---------------------------------------------------------------- all that the library does */

/* What came of it, byte for byte. */
struct record {
    char *bytes;
    size_t length;
};

static void add(struct record *record, const void *bytes, size_t count)
{
    record->bytes = __real_realloc(record->bytes, record->length + count + 1);
    memcpy(record->bytes + record->length, bytes, count);
    record->length += count;
}

static void add_file(struct record *record, const char *path)
{
    char chunk[4096];
    size_t got;
    FILE *file = fopen(path, "rb");
    CHECK_MSG(file != NULL, "%s", path);
    while (file && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
        add(record, chunk, got);
    if (file)
        fclose(file);
}

static bool same_record(const struct record *a, const struct record *b)
{
    return a->length > 0 && a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* A table with classes by name, and decimals beyond what is exact. */
static void write_table(void)
{
    FILE *file = fopen(in_folder("t.csv"), "w");
    fputs("a,b,c,class\n", file);
    for (int i = 0; i < ROWS; i++)
        fprintf(file, "%d.%d,0.%015d1234567,%de-3,%s\n", i % 3, i % 7, 7919 * i, 13 * i % 17,
                i % 3 == 0   ? "alpha"
                : i % 3 == 1 ? "beta"
                             : "gamma");
    fclose(file);
}

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

#define STEP(expression)                                                                                               \
    do {                                                                                                               \
        status = (expression);                                                                                         \
        if (status != ANNC_OK)                                                                                         \
            goto out;                                                                                                  \
    } while (0)

/* Trains, looks, breaks off and goes on, by one engine. */
static annc_status train(annc_device *device, annc_network *network, const annc_data *data, annc_engine engine,
                         struct record *record)
{
    annc_status status = ANNC_OK;
    annc_training_options options = annc_training_defaults(engine == ANNC_ENGINE_OPS ? ANNC_ADAM : ANNC_SGD);
    annc_trainer *trainer = NULL, *resumed = NULL;
    annc_evaluator *evaluator = NULL;
    annc_network *checkpoint = NULL;
    annc_layer_health health[ANNC_MAX_LAYERS];
    annc_evaluation evaluation;
    annc_epoch epoch;
    options.engine = engine;
    options.schedule = (annc_schedule){.kind = ANNC_COSINE, .epochs = EPOCHS};
    options.objective.dropout = engine == ANNC_ENGINE_OPS ? 0.1 : 0;
    STEP(annc_trainer_create(device, network, data->train, &options, &trainer));
    STEP(annc_evaluator_create(device, network, data->validation, &evaluator));
    STEP(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    STEP(annc_evaluator_run(evaluator, trainer, NULL, NULL, &evaluation));
    STEP(annc_trainer_health(trainer, health));
    STEP(annc_trainer_checkpoint(trainer, &checkpoint));
    STEP(annc_trainer_create(device, network, data->train, &options, &resumed));
    STEP(annc_trainer_resume(resumed, checkpoint));
    for (int i = 1; i < EPOCHS; i++)
        STEP(annc_trainer_epoch(resumed, NULL, NULL, &epoch));
    STEP(annc_trainer_store(resumed));
    add(record, &epoch.loss, sizeof epoch.loss);
    add(record, &evaluation.loss, sizeof evaluation.loss);
out:
    annc_network_free(checkpoint);
    annc_evaluator_free(evaluator);
    annc_trainer_free(resumed);
    annc_trainer_free(trainer);
    return status;
}

static annc_status write_and_read(const annc_network *network, const char *name, struct record *record)
{
    annc_status status = ANNC_OK;
    annc_network *read = NULL, *copy = NULL, *joined = NULL;
    char path[PATH];
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    STEP(annc_model_can_save(path));
    STEP(annc_model_save(network, path));
    add_file(record, path);
    STEP(annc_model_load(path, NULL, &read));
    STEP(annc_network_copy(read, &copy));
    const annc_network *both[] = {read, copy};
    STEP(annc_network_join(both, 2, &joined));
    for (int format = 0; format < ANNC_EXPORT_COUNT; format++) {
        snprintf(path, sizeof path, "%s/%s.%d", folder, name, format);
        STEP(annc_model_export(joined, (annc_export)format, path));
        add_file(record, path);
    }
    snprintf(path, sizeof path, "%s/%s.svg", folder, name);
    static const uint8_t pixels[4 * 2 * 3 * 3] = {200, 100, 50};
    static const char *const captions[] = {"a", "b", "c", "d"};
    STEP(annc_gallery_draw(&(annc_gallery){4, 2, 3, pixels, captions, "four"}, path));
    add_file(record, path);
out:
    annc_network_free(joined);
    annc_network_free(copy);
    annc_network_free(read);
    return status;
}

static annc_status audit_and_sweep(annc_device *device, const annc_network *network, const annc_data *data,
                                   struct record *record)
{
    annc_status status = ANNC_OK;
    const annc_check_options audit = {.batch = 4, .sample = 5, .seed = 1};
    const annc_device_options crew = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    annc_candidate candidates[3];
    annc_check_row *rows = NULL;
    size_t count;
    memset(candidates, 0, sizeof candidates);
    STEP(annc_check(network, data->train, &device, 1, &audit, &rows, &count));
    for (int i = 0; i < 3; i++) {
        candidates[i].options.training = annc_training_defaults(ANNC_SGD);
        candidates[i].options.epochs = 1;
        STEP(annc_network_copy(network, &candidates[i].network));
    }
    STEP(annc_sweep(&crew, NULL, candidates, 3, data->train, data->validation, NULL, NULL, NULL));
    for (int i = 0; i < 3 && status == ANNC_OK; i++) {
        status = candidates[i].status;
        add(record, &annc_run_kept(&candidates[i].result)->validation.loss, sizeof(double));
    }
out:
    for (int i = 0; i < 3; i++)
        annc_network_free(candidates[i].network);
    annc_check_free(rows);
    return status;
}

/* From a table to all that can be made of it. `name` keeps files of threads apart. */
static annc_status whole_way(const char *name, struct record *record)
{
    annc_status status = ANNC_OK;
    const annc_data_options source = {.source = ANNC_SOURCE_PATH,
                                      .path = in_folder("t.csv"),
                                      .outputs = 3,
                                      .need_train = true,
                                      .validation = 0.2,
                                      .seed = 1};
    const annc_shape shape = problem_shape("3-8-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    const annc_device_options chosen = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    annc_data data;
    annc_device *device = NULL;
    annc_network *network = NULL;
    memset(&data, 0, sizeof data);
    STEP(annc_data_load(&source, &data));
    STEP(annc_device_open(&chosen, &device));
    STEP(annc_network_create(&shape, &network));
    STEP(annc_network_initialise(network, device, ANNC_INIT_XAVIER, 1));
    STEP(annc_data_describe(&data, network));
    STEP(train(device, network, &data, ANNC_ENGINE_OPS, record));
    STEP(train(device, network, &data, ANNC_ENGINE_FUSED, record));
    STEP(audit_and_sweep(device, network, &data, record));
    STEP(write_and_read(network, name, record));
out:
    annc_network_free(network);
    annc_device_close(device);
    annc_data_free(&data);
    return status;
}

/* One failure of each kind, and its message. */
static void fail_each_way(struct record *record)
{
    const annc_shape none = {.layers = 0}, shape = problem_shape("5-9-3", ANNC_RELU, ANNC_IDENTITY, ANNC_QUADRATIC);
    const annc_shape huge = problem_shape("4-16000000-16000000-3", ANNC_TANH, ANNC_TANH, ANNC_QUADRATIC);
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1},
                              absent = {.kind = ANNC_DEVICE_CUDA, .index = 99};
    const annc_fetch_options fetch = {.folder = in_folder("mnist"), .connect_seconds = 1};
    annc_training_options training = {.eta = 1e20, .batch = 4};
    struct problem problem;
    annc_network *network = NULL;
    annc_device *device = NULL;
    annc_trainer *trainer = NULL;
    annc_dataset *dataset = NULL;
    annc_epoch epoch;
    char at[PATH];
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, false, 50, ANNC_INIT_NORMAL, 1));
    REQUIRE_OK(annc_device_open(&options, &device));
    CHECK(annc_network_create(&none, &network) == ANNC_USAGE && !network);
    CHECK(annc_network_create(&huge, &network) == ANNC_MEMORY && !network);
    CHECK(annc_model_load("/nowhere", NULL, &network) == ANNC_INPUT && !network);
    CHECK(annc_model_save(problem.network, "/nowhere/m") == ANNC_OUTPUT);
    annc_device *other = NULL;
    CHECK(annc_device_open(&absent, &other) == ANNC_DEVICE && !other);
    CHECK(annc_mnist_fetch(&fetch, at, sizeof at) == ANNC_INPUT);
    training.eta = -0.5;
    CHECK(annc_trainer_create(device, problem.network, problem.data, &training, &trainer) == ANNC_USAGE && !trainer);
    add(record, annc_last_error(), strlen(annc_last_error()));
    training.eta = 1.5e20;
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &training, &trainer));
    CHECK(annc_trainer_epoch(trainer, NULL, NULL, &epoch) == ANNC_DIVERGED);
    add(record, annc_last_error(), strlen(annc_last_error()));
    annc_trainer_free(trainer);
    training.eta = 0.5;
    training.batch = 1;
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &training, &trainer));
    CHECK(annc_trainer_epoch(trainer, stop_at_once, NULL, &epoch) == ANNC_STOPPED);
    annc_examples wrong = *annc_dataset_examples(problem.data);
    static const float infinite[250] = {INFINITY};
    wrong.x = infinite;
    CHECK(annc_dataset_create(&wrong, &dataset) == ANNC_INPUT && !dataset);
    annc_trainer_free(trainer);
    annc_device_close(device);
    problem_free(&problem);
}

/* ---------------------------------------------------------------- nothing is another afterwards */

struct surroundings {
    struct sigaction action[SIGNALS + 1];
    sigset_t mask;
    char locale[1024], folder[1024];
    locale_t thread_locale;
    char **environment;
    size_t variables, descriptors;
    char **variable;
    mode_t umask;
    int rounding;
    fexcept_t traps;
    unsigned mxcsr;
};

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *descriptors = opendir("/proc/self/fd");
    while (descriptors && readdir(descriptors))
        count++;
    if (descriptors)
        closedir(descriptors);
    return count;
}

static void look_around(struct surroundings *seen)
{
    memset(seen, 0, sizeof *seen);
    for (int i = 1; i <= SIGNALS; i++)
        (void)sigaction(i, NULL, &seen->action[i]); /* two of them are the C library's own, and refused */
    pthread_sigmask(SIG_SETMASK, NULL, &seen->mask);
    snprintf(seen->locale, sizeof seen->locale, "%s", setlocale(LC_ALL, NULL));
    seen->thread_locale = uselocale((locale_t)0);
    CHECK(getcwd(seen->folder, sizeof seen->folder) != NULL);
    seen->environment = environ;
    while (environ[seen->variables])
        seen->variables++;
    seen->variable = malloc((seen->variables + 1) * sizeof *seen->variable);
    for (size_t i = 0; i < seen->variables; i++)
        seen->variable[i] = strdup(environ[i]);
    seen->descriptors = open_descriptors();
    seen->umask = umask(0);
    umask(seen->umask);
    seen->rounding = fegetround();
    seen->traps = (fexcept_t)fegetexcept();
#if defined(__x86_64__)
    seen->mxcsr = _mm_getcsr() & ~0x3Fu; /* without the flags that every operation sets: rounding, traps, FTZ and DAZ */
#endif
}

static void compare_surroundings(const struct surroundings *before, const struct surroundings *after)
{
    for (int i = 1; i <= SIGNALS; i++)
        CHECK_MSG(before->action[i].sa_handler == after->action[i].sa_handler &&
                      before->action[i].sa_flags == after->action[i].sa_flags,
                  "signal %d", i);
    for (int i = 1; i <= SIGNALS; i++)
        CHECK_MSG(sigismember(&before->mask, i) == sigismember(&after->mask, i), "signal %d", i);
    CHECK(strcmp(before->locale, after->locale) == 0 && before->thread_locale == after->thread_locale);
    CHECK(strcmp(before->folder, after->folder) == 0);
    CHECK(before->environment == after->environment && before->variables == after->variables);
    for (size_t i = 0; i < before->variables && i < after->variables; i++)
        CHECK_MSG(strcmp(before->variable[i], after->variable[i]) == 0, "%s", after->variable[i]);
    CHECK_MSG(before->descriptors == after->descriptors, "%zu files were open, now %zu", before->descriptors,
              after->descriptors);
    CHECK(before->umask == after->umask);
    CHECK(before->rounding == after->rounding && before->traps == after->traps && before->mxcsr == after->mxcsr);
}

static void forget(struct surroundings *seen)
{
    for (size_t i = 0; i < seen->variables; i++)
        free(seen->variable[i]);
    free(seen->variable);
}

static void leaves_all_as_it_was(void)
{
    struct surroundings before, after;
    struct record first = {NULL, 0}, second = {NULL, 0};
    struct stat printed;
    const int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO),
              file = open(in_folder("printed"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    look_around(&before);
    errno = ERANGE;
    const annc_status status = whole_way("one", &first);
    fail_each_way(&first);
    look_around(&after);
    errno = EINTR;
    const annc_status again = whole_way("one", &second);
    fail_each_way(&second);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    CHECK(fstat(file, &printed) == 0);
    CHECK_MSG(printed.st_size == 0, "%ld bytes are in %s", (long)printed.st_size, in_folder("printed"));
    close(file);
    CHECK_MSG(status == ANNC_OK && again == ANNC_OK, "%s", annc_last_error());
    CHECK(same_record(&first, &second));
    compare_surroundings(&before, &after);
    forget(&before);
    forget(&after);
    free(first.bytes);
    free(second.bytes);
}

/* ---------------------------------------------------------------- locales */

/* Builds a locale of the C library's sources, where they are installed, and takes it on. */
static bool use_locale(const char *name)
{
    char command[PATH * 2];
    snprintf(command, sizeof command, "localedef -i %s -f UTF-8 %s/%s.UTF-8 >/dev/null 2>&1", name, folder, name);
    snprintf(command + PATH, PATH, "%s.UTF-8", name);
    setenv("LOCPATH", folder, 1);
    return system(command) >= 0 && setlocale(LC_ALL, command + PATH);
}

static void same_in_every_locale(void)
{
    static const char *const names[] = {"de_DE", "tr_TR"}; /* 0,5; and I that is not the large letter of i */
    struct record plain = {NULL, 0};
    bool tried = false;
    char half[8];
    REQUIRE_OK(whole_way("locale", &plain));
    fail_each_way(&plain);
    for (int i = 0; i < 2; i++) {
        struct record other = {NULL, 0};
        if (!use_locale(names[i]))
            continue;
        tried = true;
        snprintf(half, sizeof half, "%.1f", 0.5);
        CHECK(strcmp(half, "0,5") == 0);
        const annc_status status = whole_way("locale", &other);
        fail_each_way(&other);
        CHECK(annc_compare_any_case("IMAGES", "images", SIZE_MAX) == 0);
        setlocale(LC_ALL, "C");
        CHECK_MSG(status == ANNC_OK, "%s", annc_last_error());
        CHECK_MSG(same_record(&plain, &other), "%s", names[i]);
        free(other.bytes);
    }
    free(plain.bytes);
    if (!tried)
        SKIP("no locale with a decimal comma can be built here (the package locales has their sources)");
}

/* ---------------------------------------------------------------- threads */

/* A training of its own in a thread of its own; then all that the library does. */
struct alone {
    char name[16];
    const char *widths;
    annc_engine engine;
    int threads;
    uint64_t seed;
    struct record record;
    annc_status status;
};

static annc_status train_alone(struct alone *alone)
{
    annc_status status = ANNC_OK;
    const annc_shape shape = problem_shape(alone->widths, ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = alone->threads};
    annc_training_options training = {.eta = 0.5, .batch = 32, .seed = alone->seed, .engine = alone->engine};
    struct problem problem;
    annc_device *device = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    if (!problem_make(&problem, &shape, ANNC_BYTES, true, 320, ANNC_INIT_XAVIER, alone->seed))
        return ANNC_FAILURE;
    STEP(annc_device_open(&options, &device));
    STEP(annc_trainer_create(device, problem.network, problem.data, &training, &trainer));
    for (int i = 0; i < EPOCHS; i++)
        STEP(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    STEP(annc_trainer_store(trainer));
    add(&alone->record, annc_network_parameters(problem.network), annc_shape_parameters(&shape) * sizeof(float));
    STEP(whole_way(alone->name, &alone->record));
out:
    annc_trainer_free(trainer);
    annc_device_close(device);
    problem_free(&problem);
    return status;
}

static void *run_alone(void *context)
{
    struct alone *alone = context;
    alone->status = train_alone(alone);
    return NULL;
}

/* Side by side, each with threads of its own and another number of them, and with another engine. */
static void side_by_side(void)
{
    enum { COUNT = 4 };
    struct alone first[COUNT] = {{"w", "688-101-10", ANNC_ENGINE_OPS, 1, 1, {NULL, 0}, ANNC_OK},
                                 {"x", "688-101-10", ANNC_ENGINE_OPS, 3, 1, {NULL, 0}, ANNC_OK},
                                 {"y", "50-20-10", ANNC_ENGINE_FUSED, 2, 2, {NULL, 0}, ANNC_OK},
                                 {"z", "50-20-10", ANNC_ENGINE_FUSED, 1, 3, {NULL, 0}, ANNC_OK}};
    struct alone second[COUNT];
    pthread_t thread[COUNT];
    memcpy(second, first, sizeof first);
    for (int i = 0; i < COUNT; i++)
        run_alone(&first[i]);
    for (int i = 0; i < COUNT; i++)
        CHECK(pthread_create(&thread[i], NULL, run_alone, &second[i]) == 0);
    for (int i = 0; i < COUNT; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < COUNT; i++) {
        CHECK(first[i].status == ANNC_OK && second[i].status == ANNC_OK);
        CHECK_MSG(same_record(&first[i].record, &second[i].record), "%s %s, %d threads", first[i].widths,
                  annc_engine_name(first[i].engine), first[i].threads);
        free(first[i].record.bytes);
        free(second[i].record.bytes);
    }
}

__attribute__((weak)) int openblas_get_num_threads(void); /* NULL with another library of products */

/* Two trainers on one device, and two devices of other numbers of threads, taking turns: the bits do
 * not change, nor does OpenBLAS keep the threads of the other device, which change them on some
 * processors only. */
static void taking_turns(void)
{
    enum { COUNT = 3 };
    const annc_shape shape = problem_shape("688-101-10", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_training_options options = {.eta = 0.5, .batch = 16, .seed = 1, .engine = ANNC_ENGINE_OPS};
    const annc_device_options one = {.kind = ANNC_DEVICE_CPU, .threads = 1},
                              three = {.kind = ANNC_DEVICE_CPU, .threads = 3};
    struct problem problem[2][COUNT];
    annc_device *device[2] = {NULL, NULL};
    annc_trainer *trainer[COUNT] = {NULL};
    annc_epoch epoch;
    REQUIRE_OK(annc_device_open(&one, &device[0]));
    REQUIRE_OK(annc_device_open(&three, &device[1]));
    for (int turns = 0; turns < 2; turns++) {
        for (int i = 0; i < COUNT; i++) {
            CHECK(problem_make(&problem[turns][i], &shape, ANNC_BYTES, true, 160, ANNC_INIT_XAVIER, (uint64_t)i + 1));
            REQUIRE_OK(annc_trainer_create(device[i == 2], problem[turns][i].network, problem[turns][i].data, &options,
                                           &trainer[i]));
        }
        for (int i = 0; i < COUNT * EPOCHS; i++) {
            const int which = turns ? i % COUNT : i / EPOCHS;
            REQUIRE_OK(annc_trainer_epoch(trainer[which], NULL, NULL, &epoch));
            CHECK(which == 2 || !openblas_get_num_threads || openblas_get_num_threads() == 1);
        }
        for (int i = 0; i < COUNT; i++) {
            REQUIRE_OK(annc_trainer_store(trainer[i]));
            annc_trainer_free(trainer[i]);
        }
    }
    for (int i = 0; i < COUNT; i++)
        CHECK_MSG(memcmp(annc_network_parameters(problem[0][i].network), annc_network_parameters(problem[1][i].network),
                         annc_shape_parameters(&shape) * sizeof(float)) == 0,
                  "trainer %d", i);
    for (int i = 0; i < 2 * COUNT; i++)
        problem_free(&problem[i / COUNT][i % COUNT]);
    annc_device_close(device[0]);
    annc_device_close(device[1]);
}

static void *fail_otherwise(void *said)
{
    CHECK(annc_last_error()[0] == '\0');
    annc_network *network = NULL;
    CHECK(annc_model_load("/other", NULL, &network) == ANNC_INPUT);
    snprintf(said, PATH, "%s", annc_last_error());
    return NULL;
}

static void errors_of_a_thread(void)
{
    annc_network *network = NULL;
    char other[PATH];
    pthread_t thread;
    CHECK(annc_model_load("/mine", NULL, &network) == ANNC_INPUT);
    CHECK(pthread_create(&thread, NULL, fail_otherwise, other) == 0);
    pthread_join(thread, NULL);
    CHECK(strstr(annc_last_error(), "/mine") && strstr(other, "/other"));
}

/* ---------------------------------------------------------------- memory */

/* The whole way again and again, one block further each time. What is left unfreed, the leak sanitizer finds. */
static void without_memory(void)
{
    struct record nobody = {NULL, 0};
    int failed = 0;
    long left = 0;
    for (long n = 1; left == 0; n++) {
        nobody.length = 0;
        refuse = n;
        const annc_status status = whole_way("memory", &nobody);
        left = refuse;
        refuse = 0;
        failed += status != ANNC_OK;
        CHECK_MSG(left > 0 || status == ANNC_MEMORY || status == ANNC_OK, "block %ld: %d, %s", n, (int)status,
                  annc_last_error());
        CHECK_MSG(left == 0 || status == ANNC_OK, "%s", annc_last_error());
    }
    CHECK_MSG(failed > 100, "%d", failed);
    free(nobody.bytes);
}

static void nothing_is_freed(void)
{
    annc_data data;
    memset(&data, 0, sizeof data);
    annc_data_free(&data);
    annc_network_free(NULL);
    annc_dataset_free(NULL);
    annc_device_close(NULL);
    annc_trainer_free(NULL);
    annc_evaluator_free(NULL);
    annc_check_free(NULL);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(leaves_all_as_it_was), TEST(same_in_every_locale), TEST(side_by_side),
                                        TEST(taking_turns),         TEST(errors_of_a_thread),   TEST(without_memory),
                                        TEST(nothing_is_freed)};
    char command[128];
    if (!mkdtemp(folder))
        return 1;
    setenv("ANNC_MIRRORS", "file:///nowhere/", 1);
    write_table();
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? result : 1;
}
