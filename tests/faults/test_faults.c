/* Memory and threads that are refused, at every single call of a training and of all around it: an error that says so, nothing lost, and the
 * same work afterwards comes to the same bits. */
#include "base/config.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "dataset/array_files/idx_table.h"
#include "dataset/tables/csv.h"
#include "dataset/text/records.h"
#include "faults/faults.h"
#include "formats/zip_write.h"
#include "support/problem.h"
#include "support/test.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

/* ---------------------------------------------------------------- what work comes to */

/* FNV-1a (Fowler, Noll and Vo). */
static void digest(uint64_t *sum, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *sum = (*sum ^ ((const unsigned char *)bytes)[i]) * 0x100000001B3u;
}

static void digest_network(uint64_t *sum, const annc_network *network)
{
    digest(sum, annc_network_parameters_const(network),
           annc_shape_parameters(annc_network_shape(network)) * sizeof(float));
}

static void digest_dataset(uint64_t *sum, const annc_dataset *data)
{
    const uint64_t fingerprint = data ? annc_dataset_fingerprint(data) : 0;
    digest(sum, &fingerprint, sizeof fingerprint);
}

/* ---------------------------------------------------------------- every call fails */

/* Some work, the same each time, of which nothing stays but the sum of what it came to. */
typedef annc_status work_fn(const void *what, uint64_t *sum);

static bool is_refusal(annc_status status)
{
    return status == ANNC_MEMORY &&
           (strstr(annc_last_error(), "out of memory") || strstr(annc_last_error(), "the system gives no more than"));
}

/* What a work may have written. */
static bool is_whole_or_absent(const char *path)
{
    annc_network *network = NULL;
    const bool whole = access(path, F_OK) != 0 || annc_model_load(path, NULL, &network) == ANNC_OK;
    annc_network_free(network);
    unlink(path);
    return whole;
}

static void one_fault(const char *name, work_fn *work, const void *what, long k, bool on, uint64_t want, int *harmless)
{
    const long blocks = faults_blocks();
    uint64_t sum = 0;
    annc_fail(ANNC_OK, "%s", "");
    faults_begin(k, on);
    const annc_status status = work(what, &sum);
    faults_end();
    if (status == ANNC_OK && !on) {
        ++*harmless;
        CHECK_MSG(sum == want, "%s, call %ld: it went on to something else", name, k);
    } else {
        CHECK_MSG(is_refusal(status), "%s, call %ld%s: status %d: %s", name, k, on ? " and on" : "", (int)status,
                  annc_last_error());
    }
    CHECK_MSG(faults_blocks() == blocks, "%s, call %ld%s: %ld blocks stay", name, k, on ? " and on" : "",
              faults_blocks() - blocks);
    CHECK_MSG(is_whole_or_absent("model"), "%s, call %ld: %s", name, k, annc_last_error());
    sum = 0;
    CHECK_MSG(k % 8 || (work(what, &sum) == ANNC_OK && sum == want), "%s, after call %ld: %s", name, k,
              annc_last_error());
}

/* Each call of a work fails, alone and with all that follow. `harmless`: so many can, and the work goes on. */
static void every_call(const char *name, work_fn *work, const void *what, int harmless)
{
    uint64_t want = 0;
    int went_on = 0;
    REQUIRE_OK(work(what, &want)); /* what the library keeps from then on is kept now */
    want = 0;
    faults_begin(0, false);
    REQUIRE_OK(work(what, &want));
    const long calls = faults_end();
    for (int on = 0; on < 2; on++)
        for (long k = 1; k <= calls; k++)
            one_fault(name, work, what, k, on, want, &went_on);
    glob_t left;
    CHECK_MSG(glob("*.tmp", 0, NULL, &left) == GLOB_NOMATCH, "%s leaves a temporary file", name);
    globfree(&left);
    CHECK_MSG(went_on == harmless, "%s went on after %d of %ld", name, went_on, calls);
    printf("%s: %ld calls\n", name, calls);
}

/* ---------------------------------------------------------------- files */

static void write_file(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(name, "wb");
    CHECK(file && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

/* A table of three kinds, with a column of numbers to learn instead, and gaps. */
static void write_table(const char *name, int rows)
{
    static const char *const kinds[] = {"rose", "\"fern, wild\"", "moss"};
    FILE *file = fopen(name, "w");
    CHECK(file != NULL);
    fprintf(file, "length,width,height,kind\n");
    for (int i = 0; file && i < rows; i++) {
        fprintf(file, i % 7 ? "%d.5,%d," : "%d.5,,", i % 3 + i % 5, 7 * i % 11);
        fprintf(file, "%d,%s\n", 100 + i % 3 * 30 + i % 4, kinds[i % 3]);
    }
    if (file)
        fclose(file);
}

enum { IMAGES = 500, SIDE = 12 }; /* so many that a packed file of them is larger than a buffer */

static void write_images(const char *images, const char *labels)
{
    static const unsigned char none[16 + IMAGES * SIDE * SIDE];
    unsigned char file[sizeof none] = "\0\0\x08\x03\0\0\x01\xf4\0\0\0\x0c\0\0\0\x0c";
    unsigned char values[8 + IMAGES] = "\0\0\x08\x01\0\0\x01\xf4";
    for (int i = 0; i < IMAGES; i++) {
        values[8 + i] = (unsigned char)(i % 3);
        for (int p = 0; p < SIDE; p++)
            file[16 + (i * SIDE + p) * SIDE + 2 + 3 * (i % 3)] = (unsigned char)(255 - i % 99);
    }
    write_file(images, file, sizeof file);
    write_file(labels, values, sizeof values);
}

/* Inputs and labels, or the labels alone. */
static void write_archive(const char *name, bool with_inputs)
{
    enum { ROWS = 40 };
    struct annc_safe_file file;
    struct annc_zip_writer writer;
    float x[ROWS * 4], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        y[i] = (float)(i % 3);
        for (int j = 0; j < 4; j++)
            x[4 * i + j] = (float)((i % 3 + j) % 3) + (float)(i % 5) / 8;
    }
    REQUIRE_OK(annc_safe_open(name, &file));
    annc_zip_write_begin(&file, &writer);
    if (with_inputs)
        REQUIRE_OK(annc_zip_write_floats(&writer, "x_train", ROWS, 4, x));
    REQUIRE_OK(annc_zip_write_floats(&writer, "y_train", ROWS, 0, y));
    REQUIRE_OK(annc_zip_write_end(&writer, true));
    REQUIRE_OK(annc_safe_commit(&file));
}

/* 6 x 6 pixels, a stroke on what is transparent. */
static void write_picture(const char *name)
{
    static const unsigned char png[] =
        "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000\006\000\000\000\006\010"
        "\006\000\000\000\340\314\357\110\000\000\000\022\111\104\101\124\170\332\143\140\040\002\374\207\142"
        "\132\112\240\000\000\112\150\007\371\305\040\324\235\000\000\000\000\111\105\116\104\256\102\140\202";
    write_file(name, png, sizeof png - 1);
}

/* A layer of four inputs and three outputs as Keras has it. */
static void write_kernel(const char *name)
{
    struct annc_safe_file file;
    struct annc_zip_writer writer;
    const float kernel[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, bias[3] = {1, 2, 3};
    REQUIRE_OK(annc_safe_open(name, &file));
    annc_zip_write_begin(&file, &writer);
    REQUIRE_OK(annc_zip_write_floats(&writer, "d/kernel", 4, 3, kernel));
    REQUIRE_OK(annc_zip_write_floats(&writer, "d/bias", 3, 0, bias));
    REQUIRE_OK(annc_zip_write_end(&writer, true));
    REQUIRE_OK(annc_safe_commit(&file));
}

static bool begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/annc-test-faults-XXXXXX");
    if (!mkdtemp(folder) || chdir(folder) != 0 || mkdir("bars", 0700) != 0)
        return false;
    write_table("table.csv", 60);
    write_table("other.csv", 24);
    write_archive("arrays.npz", true);
    write_archive("labels.npz", false);
    write_picture("transparent.png");
    write_kernel("kernel.npz");
    write_file("latin.csv", "a;kind\n1;\xe4\n2;\xf6\n3;\xe4\n4;\xf6\n", 23);
    write_images("bars/train-images-idx3-ubyte", "bars/train-labels-idx1-ubyte");
    write_images("bars/t10k-images-idx3-ubyte", "bars/t10k-labels-idx1-ubyte");
    return system("cp -r bars packed && gzip packed/*") == 0;
}

/* ---------------------------------------------------------------- data */

/* The first images of a data set, of at most 28 x 28 pixels, in a file. */
static annc_status draw(const annc_dataset *dataset, uint32_t count, const char *path)
{
    static uint8_t grey[784], pixels[6 * 784 * 3];
    annc_gallery gallery = {.count = count, .pixels = pixels, .title = "images"};
    annc_dataset_image_size(dataset, &gallery.rows, &gallery.columns);
    const size_t size = (size_t)gallery.rows * gallery.columns;
    for (uint32_t i = 0; i < count; i++) {
        annc_dataset_image(dataset, i, grey);
        for (size_t p = 0; p < 3 * size; p++)
            pixels[3 * size * i + p] = grey[p / 3];
    }
    return annc_gallery_draw(&gallery, path);
}

static annc_data_options table_options(const char *path)
{
    return (annc_data_options){
        .source = ANNC_SOURCE_PATH, .path = path, .need_train = true, .text.missing = ANNC_MISSING_MEAN, .seed = 3};
}

static annc_status load(const void *what, uint64_t *sum)
{
    annc_status status = ANNC_OK;
    annc_data data = {.train = NULL};
    annc_network *network = NULL;
    annc_shape shape = problem_shape("1-1", ANNC_TANH, ANNC_IDENTITY, ANNC_QUADRATIC);
    ANNC_TRY(annc_data_load(what, &data));
    digest_dataset(sum, data.train);
    digest_dataset(sum, data.validation);
    digest_dataset(sum, data.test);
    digest(sum, data.notes, strlen(data.notes));
    const annc_dataset *any = data.train ? data.train : data.test;
    shape.width[0] = annc_dataset_examples(any)->inputs;
    shape.width[1] = annc_dataset_examples(any)->outputs;
    ANNC_TRY(annc_network_create(&shape, &network));
    ANNC_TRY(annc_data_describe(&data, network));
    for (const char **t = (const char *[]){"annc.classes", "annc.categories", "annc.input_shift", "annc.inputs", NULL};
         *t; t++)
        if (annc_network_metadata(network, *t))
            digest(sum, annc_network_metadata(network, *t), strlen(annc_network_metadata(network, *t)));
out:
    annc_network_free(network);
    annc_data_free(&data);
    return status;
}

/* A text whose halves two threads read. */
static annc_status read_halves(const void *what, uint64_t *sum)
{
    const struct annc_intake intake = {.beginning = SIZE_MAX, .step = 1 << 16, .threads = 2, .part = 1};
    const annc_text_options text = {.label = "kind", .missing = ANNC_MISSING_DROP};
    annc_status status = ANNC_OK;
    struct annc_stream *stream = NULL;
    struct annc_table table = {.x = NULL};
    char notes[2048] = "";
    ANNC_TRY(annc_stream_open(what, &stream));
    ANNC_TRY(annc_csv_read(stream, &text, &intake, NULL, true, &table, notes, sizeof notes));
    digest(sum, table.x, (size_t)table.rows * table.inputs * sizeof(float));
    digest(sum, table.labels.index, table.rows * sizeof *table.labels.index);
    digest(sum, table.lines, table.rows * sizeof *table.lines);
    digest(sum, notes, strlen(notes));
out:
    annc_table_free(&table);
    annc_stream_close(stream);
    return status;
}

static void data_of_halves(void)
{
    enum { HARMLESS = 3 }; /* two blocks and a thread of the pool; then one thread reads all */
    FILE *file = fopen("halves.csv", "w");
    CHECK(file && fputs("size,colour,kind\n", file) >= 0);
    for (int row = 0; row < 60; row++)
        CHECK(fprintf(file, "%s,%s,%s\n", row % 9 ? "2.5" : "", row % 2 ? "red" : "blue", row > 30 ? "b" : "a") > 0);
    CHECK(fclose(file) == 0);
    every_call("halves of a table", read_halves, "halves.csv", HARMLESS);
}

static void data_of_tables(void)
{
    annc_data_options options = table_options("table.csv");
    options.validation = 0.2;
    every_call("a table", load, &options, 0);
    options.shards = 2;
    every_call("a shard of a table", load, &options, 0);
    options.shards = 0;
    options.validation = 0;
    options.folds = 3;
    options.fold = 1;
    options.text.missing = ANNC_MISSING_DROP;
    every_call("a fold", load, &options, 0);
    options = table_options("table.csv");
    options.text.target = "width,height";
    options.text.missing = ANNC_MISSING_DROP;
    options.text.drop = "kind";
    options.test_path = options.validation_path = "other.csv";
    options.need_test = true;
    every_call("targets, with a test set", load, &options, 0);
    options.text.drop = NULL;
    options.validation_path = NULL;
    options.validation = 0.5;
    options.text.categorical = "kind";
    every_call("a column of words, with a test set", load, &options, 0);
    options = table_options("table.csv");
    options.text.weight = "width";
    options.text.missing = ANNC_MISSING_DROP;
    options.validation = 0.5;
    every_call("weights", load, &options, 0);
    options = table_options("table.csv");
    options.text.label_separator = ',';
    options.validation = 0.5;
    every_call("several labels in a cell", load, &options, 0);
    options =
        (annc_data_options){.source = ANNC_SOURCE_PATH, .path = "arrays.npz", .need_train = true, .validation = 0.25};
    every_call("an archive", load, &options, 0);
    options.labels_path = "labels.npz";
    every_call("an archive, its labels in another", load, &options, 0);
    options.labels_path = NULL;
    options.text.target = "y"; /* numbers */
    every_call("an archive of numbers", load, &options, 0);
    options.text.target = NULL;
    options.text.weight = "y_train";
    every_call("an archive with weights", load, &options, 0);
    options = table_options("table.csv");
    options.need_train = false;
    options.need_test = true;
    every_call("a test set alone", load, &options, 0);
    options = table_options("latin.csv");
    options.text.separator = ';';
    every_call("a table in Latin-1", load, &options, 0);
    options.shards = 2;
    every_call("a shard of a table in Latin-1", load, &options, 0);
}

/* Images that stay in their file, and are looked at here and there. */
static annc_status load_mapped(const void *what, uint64_t *sum)
{
    annc_status status = ANNC_OK;
    struct annc_stream *stream = NULL;
    struct annc_table table = {.x = NULL};
    char notes[256] = "";
    ANNC_TRY(annc_stream_open(what, &stream));
    ANNC_TRY(annc_idx_table(stream, "", false, false, &table, notes, sizeof notes));
    const size_t last = (size_t)table.rows * table.inputs - 1;
    for (size_t i = 0; i <= last; i += last)
        digest(sum, (const uint8_t *)table.x + i, 1);
    digest(sum, &table.mapping.length, sizeof table.mapping.length);
out:
    annc_table_free(&table);
    annc_stream_close(stream);
    return status;
}

/* A file of a header and a hole, twice as large as the memory that there is. */
static void data_of_a_huge_file(void)
{
    enum { INPUTS = 1 << 20 };
    unsigned char header[13] = {0, 0, 8, 2, 0, 0, 0, 0, 0, INPUTS >> 16, 0, 0, 9};
    uint64_t total, available;
    annc_machine_memory(&total, &available);
    const uint32_t rows = (uint32_t)(2 * available / INPUTS);
    for (int i = 0; i < 4; i++)
        header[4 + i] = (unsigned char)(rows >> (24 - 8 * i));
    write_file("huge", header, sizeof header);
    CHECK(truncate("huge", 12 + (off_t)rows * INPUTS) == 0);
    every_call("a file larger than memory", load_mapped, "huge", 0);
}

static void data_of_images(void)
{
    annc_data_options options = {
        .source = ANNC_SOURCE_PATH, .path = "bars", .outputs = 3, .need_train = true, .need_test = true};
    every_call("images", load, &options, 0);
    options.transpose = true;
    options.scale = ANNC_SCALE_STANDARDISE;
    options.validation = 0.2;
    every_call("images, turned", load, &options, 0);
    options = (annc_data_options){.source = ANNC_SOURCE_PATH, .path = "packed", .outputs = 3, .need_train = true};
    /* Where a whole file cannot be unpacked at once for want of memory, it is unpacked piece by piece: a mapping, a block and libdeflate. */
    if (ANNC_ZLIB_FOUND)
        every_call("packed images", load, &options, ANNC_LIBDEFLATE_FOUND ? 2 * 3 : 0);
}

/* ---------------------------------------------------------------- training */

/* A training: what it is on and how it goes. */
struct training {
    annc_data_options data;
    annc_shape shape;
    annc_training_options options;
    int threads;
};

static struct training training_of(annc_engine engine, annc_optimiser optimiser, int threads)
{
    struct training training = {.data = table_options("table.csv"), .threads = threads};
    training.shape = problem_shape("3-9-7-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    training.data.validation = 0.2;
    training.options = annc_training_defaults(optimiser);
    training.options.batch = 7;
    training.options.seed = 5;
    training.options.engine = engine;
    training.options.schedule = (annc_schedule){.kind = ANNC_COSINE, .warmup = 1, .epochs = 3};
    return training;
}

/* What a training needs before it begins. */
struct ground {
    annc_data data;
    annc_device *device;
    annc_network *network;
    annc_trainer *trainer;
    annc_evaluator *evaluator;
};

static annc_status prepare(const struct training *training, struct ground *ground)
{
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = training->threads};
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_data_load(&training->data, &ground->data));
    ANNC_TRY(annc_device_open(&cpu, &ground->device));
    ANNC_TRY(annc_network_create(&training->shape, &ground->network));
    ANNC_TRY(annc_network_initialise(ground->network, ground->device, ANNC_INIT_ORTHOGONAL, 2));
    ANNC_TRY(
        annc_trainer_create(ground->device, ground->network, ground->data.train, &training->options, &ground->trainer));
    ANNC_TRY(annc_evaluator_create(ground->device, ground->network, ground->data.validation, &ground->evaluator));
out:
    return status;
}

static void leave(struct ground *ground)
{
    annc_evaluator_free(ground->evaluator);
    annc_trainer_free(ground->trainer);
    annc_network_free(ground->network);
    annc_device_close(ground->device);
    annc_data_free(&ground->data);
}

static annc_status train(const void *what, uint64_t *sum)
{
    const struct training *training = what;
    annc_status status = ANNC_OK;
    struct ground ground = {.device = NULL};
    annc_layer_health health[ANNC_MAX_LAYERS];
    annc_epoch report;
    annc_evaluation evaluation;
    ANNC_TRY(prepare(training, &ground));
    for (int epoch = 0; epoch < 2; epoch++) {
        ANNC_TRY(annc_trainer_epoch(ground.trainer, NULL, NULL, &report));
        ANNC_TRY(annc_evaluator_run(ground.evaluator, ground.trainer, NULL, NULL, &evaluation));
        digest(sum, &report.loss, sizeof report.loss);
        digest(sum, &evaluation.loss, sizeof evaluation.loss);
    }
    ANNC_TRY(annc_trainer_health(ground.trainer, health));
    digest(sum, &health[0].saturated, sizeof health[0].saturated);
    ANNC_TRY(annc_trainer_store(ground.trainer));
    digest_network(sum, ground.network);
out:
    leave(&ground);
    return status;
}

static void trainings(void)
{
    struct training training = training_of(ANNC_ENGINE_FUSED, ANNC_ADAM, 1);
    every_call("fused, Adam", train, &training, 0);
    training = training_of(ANNC_ENGINE_FUSED, ANNC_MOMENTUM, 3);
    every_call("fused, momentum, three threads", train, &training, 0);
    training = training_of(ANNC_ENGINE_OPS, ANNC_RMSPROP, 2);
    training.options.objective =
        (annc_objective){.l2 = 1e-3, .dropout = 0.25, .input_noise = 0.1, .class_weights = (float[]){1, 2, 1}};
    training.options.clip = 1;
    every_call("operations, RMSprop, dropout, clipping", train, &training, 0);
    training = training_of(ANNC_ENGINE_AUTO, ANNC_SGD, 2);
    training.shape.width[0] = SIDE * SIDE;
    training.data.path = "bars";
    training.data.outputs = 3;
    every_call("images, listed", train, &training, 0);
    training.options.augmentation = (annc_augmentation){.shift = 1, .rotation = 10, .elastic = 34};
    every_call("images, moved", train, &training, 0);
}

static annc_status resume(const void *what, uint64_t *sum)
{
    annc_status status = ANNC_OK;
    struct ground ground = {.device = NULL};
    annc_network *checkpoint = NULL;
    annc_epoch report;
    ANNC_TRY(prepare(what, &ground));
    ANNC_TRY(annc_trainer_epoch(ground.trainer, NULL, NULL, &report));
    ANNC_TRY(annc_trainer_checkpoint(ground.trainer, &checkpoint));
    ANNC_TRY(annc_network_set_block(checkpoint, "best", annc_network_parameters_const(ground.network)));
    ANNC_TRY(annc_model_save(checkpoint, "model"));
    leave(&ground);
    ground = (struct ground){.device = NULL};
    annc_network_free(checkpoint);
    checkpoint = NULL;
    ANNC_TRY(annc_model_load("model", NULL, &checkpoint));
    ANNC_TRY(prepare(what, &ground));
    ANNC_TRY(annc_trainer_resume(ground.trainer, checkpoint));
    ANNC_TRY(annc_trainer_epoch(ground.trainer, NULL, NULL, &report));
    ANNC_TRY(annc_trainer_store(ground.trainer));
    digest(sum, &report.loss, sizeof report.loss);
    digest_network(sum, ground.network);
out:
    annc_network_free(checkpoint);
    leave(&ground);
    return status;
}

/* Runs `epochs` epochs in all with checkpoints, the first ones before `resume`. */
static annc_status run_epochs(const struct training *training, struct ground *ground, uint32_t epochs,
                              const annc_network *resume, annc_run_state *state)
{
    annc_status status = ANNC_OK;
    annc_run *run = NULL;
    annc_run_options options = {
        .training = training->options, .epochs = epochs, .checkpoint = "model", .health = true, .resume = resume};
    ANNC_TRY(prepare(training, ground));
    options.validation = ground->data.validation;
    ANNC_TRY(annc_run_create(ground->device, ground->network, ground->data.train, &options, &run));
    ANNC_TRY(annc_run_train(run));
    *state = *annc_run_progress(run);
out:
    annc_run_free(run);
    return status;
}

static annc_status resume_run(const void *what, uint64_t *sum)
{
    annc_status status = ANNC_OK;
    struct ground ground = {.device = NULL};
    annc_network *checkpoint = NULL;
    annc_run_state state;
    ANNC_TRY(run_epochs(what, &ground, 1, NULL, &state));
    leave(&ground);
    ground = (struct ground){.device = NULL};
    ANNC_TRY(annc_model_load("model", NULL, &checkpoint));
    ANNC_TRY(run_epochs(what, &ground, 2, checkpoint, &state));
    digest(sum, &state.last.validation.loss, sizeof state.last.validation.loss);
    digest_network(sum, ground.network);
out:
    annc_network_free(checkpoint);
    leave(&ground);
    return status;
}

static void resumed(void)
{
    const struct training training = training_of(ANNC_ENGINE_AUTO, ANNC_ADAM, 2);
    every_call("a checkpoint", resume, &training, 0);
    every_call("a run with checkpoints", resume_run, &training, 0);
}

/* ---------------------------------------------------------------- measures */

static annc_status measure(const void *what, uint64_t *sum)
{
    static const int32_t predictions[] = {0, 1, 1};
    static const float outputs[] = {0.25f, 0.5f, 0.75f};
    const annc_dataset *dataset = what;
    annc_status status = ANNC_OK;
    annc_confusion *confusion = NULL;
    float weights[2];
    double auc;
    ANNC_TRY(annc_class_weights_balanced(dataset, weights));
    ANNC_TRY(annc_auc_measure(dataset, outputs, &auc));
    ANNC_TRY(annc_confusion_create(dataset, predictions, &confusion));
    digest(sum, weights, sizeof weights);
    digest(sum, &auc, sizeof auc);
    digest(sum, confusion->cell, confusion->cells * sizeof *confusion->cell);
out:
    annc_confusion_free(confusion);
    return status;
}

static void measures(void)
{
    static const float x[3] = {1, 2, 3};
    static const int32_t labels[3] = {0, 1, 0};
    const annc_examples examples = {
        .count = 3, .inputs = 1, .outputs = 1, .type = ANNC_FLOATS, .divisor = 1, .x = x, .labels = labels};
    annc_dataset *dataset = NULL;
    REQUIRE_OK(annc_dataset_create(&examples, &dataset));
    every_call("measures", measure, dataset, 0);
    annc_dataset_free(dataset);
}

/* ---------------------------------------------------------------- many networks, models, the audit */

/* Networks of one shape, drawn from seeds 1, 2, ... on the CPU. */
static annc_status make_networks(const annc_shape *shape, annc_network **networks, uint32_t count)
{
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_device *device = NULL;
    annc_status status = annc_device_open(&cpu, &device);
    for (uint32_t i = 0; i < count && status == ANNC_OK; i++) {
        status = annc_network_create(shape, &networks[i]);
        if (status == ANNC_OK)
            status = annc_network_initialise(networks[i], device, ANNC_INIT_AUTO, i + 1);
    }
    annc_device_close(device);
    return status;
}

enum { CANDIDATES = 3 };

/* A candidate's refusal is the sweep's here. */
static annc_status sweep(const void *what, uint64_t *sum)
{
    const struct training *training = what;
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = training->threads};
    annc_status status = ANNC_OK;
    annc_network *networks[CANDIDATES] = {NULL}, *joined = NULL;
    annc_candidate candidates[CANDIDATES] = {{.network = NULL}};
    annc_data data = {.train = NULL};
    ANNC_TRY(annc_data_load(&training->data, &data));
    ANNC_TRY(make_networks(&training->shape, networks, CANDIDATES));
    for (int i = 0; i < CANDIDATES; i++)
        candidates[i] =
            (annc_candidate){.network = networks[i], .options = {.training = training->options, .epochs = 2}};
    ANNC_TRY(annc_sweep(&cpu, NULL, candidates, CANDIDATES, data.train, data.validation, NULL, NULL, NULL));
    for (int i = 0; i < CANDIDATES; i++) {
        if (candidates[i].status != ANNC_OK)
            ANNC_TRY(annc_fail(candidates[i].status, "%s", candidates[i].reason));
        digest(sum, &annc_run_kept(&candidates[i].result)->validation.loss, sizeof(double));
    }
    ANNC_TRY(annc_network_join((const annc_network *const *)networks, CANDIDATES, &joined));
    digest_network(sum, joined);
out:
    annc_network_free(joined);
    for (int i = 0; i < CANDIDATES; i++)
        annc_network_free(networks[i]);
    annc_data_free(&data);
    return status;
}

static void sweeps(void)
{
    struct training training = training_of(ANNC_ENGINE_AUTO, ANNC_ADAM, 2);
    every_call("a sweep", sweep, &training, 0);
}

/* The folds of a cross-validation, as the data of each are at hand. */
struct folding {
    const struct training *training;
    annc_data data[CANDIDATES];
};

static annc_status begin_fold(void *context, uint32_t fold, annc_candidate *candidate)
{
    struct folding *folding = context;
    annc_data_options source = folding->training->data;
    annc_data *data = &folding->data[fold];
    source.validation = 0;
    source.folds = CANDIDATES;
    source.fold = fold;
    ANNC_RETURN_IF_FAILED(annc_data_load(&source, data));
    ANNC_RETURN_IF_FAILED(make_networks(&folding->training->shape, &candidate->network, 1));
    candidate->train = data->train;
    candidate->options =
        (annc_run_options){.training = folding->training->options, .epochs = 2, .validation = data->validation};
    return ANNC_OK;
}

static void end_fold(void *context, uint32_t fold, annc_candidate *candidate)
{
    annc_network_free(candidate->network);
    annc_data_free(&((struct folding *)context)->data[fold]);
}

static annc_status cross_validate(const void *what, uint64_t *sum)
{
    struct folding folding = {.training = what};
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = folding.training->threads};
    const annc_folds_options options = {.folds = CANDIDATES, .begin = begin_fold, .end = end_fold, .context = &folding};
    annc_status status = ANNC_OK;
    annc_device *device = NULL;
    annc_folds folds;
    ANNC_TRY(annc_device_open(&cpu, &device));
    ANNC_TRY(annc_cross_validate(device, &options, &folds));
    digest(sum, &folds.loss.sum, sizeof folds.loss.sum);
out:
    annc_device_close(device);
    return status;
}

static void cross_validations(void)
{
    struct training training = training_of(ANNC_ENGINE_AUTO, ANNC_ADAM, 2);
    every_call("folds together", cross_validate, &training, 0);
    training.threads = 1;
    every_call("folds one by one", cross_validate, &training, 0);
}

/* Saves, loads, predicts with, and exports a model. */
static annc_status model(const void *what, uint64_t *sum)
{
    const struct training *training = what;
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    annc_data_options images = {.source = ANNC_SOURCE_PATH, .unlabelled = true, .need_test = true};
    annc_status status = ANNC_OK;
    annc_network *network = NULL, *loaded = NULL, *foreign = NULL;
    annc_data data = {.train = NULL}, seen = {.train = NULL};
    annc_device *device = NULL;
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation;
    int32_t classes[IMAGES];
    float outputs[IMAGES * 3], row[SIDE * SIDE] = {255, 0, 128};
    ANNC_TRY(annc_data_load(&training->data, &data));
    ANNC_TRY(make_networks(&training->shape, &network, 1));
    ANNC_TRY(annc_data_describe(&data, network));
    ANNC_TRY(annc_network_set_metadata(network, "annc.config", "lr = 1\nbatch = 7\n"));
    ANNC_TRY(annc_model_can_save("model"));
    ANNC_TRY(annc_model_save(network, "model"));
    ANNC_TRY(annc_model_load("model", NULL, &loaded));
    for (int format = 0; format < ANNC_EXPORT_COUNT; format++)
        ANNC_TRY(annc_model_export(loaded, (annc_export)format, annc_export_name((annc_export)format)));
    ANNC_TRY(annc_model_load("npz", &training->shape, &foreign));
    digest_network(sum, foreign);
    ANNC_TRY(draw(data.train, 6, "grid.svg"));
    if (ANNC_PNG_FOUND)
        ANNC_TRY(draw(data.train, 1, "one.png"));
    images.path = ANNC_PNG_FOUND ? "one.png" : "bars/t10k-images-idx3-ubyte";
    images.model = loaded;
    ANNC_TRY(annc_data_load(&images, &seen));
    ANNC_TRY(annc_device_open(&cpu, &device));
    ANNC_TRY(annc_evaluator_create(device, loaded, seen.test, &evaluator));
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, classes, outputs, &evaluation));
    digest(sum, outputs, 3 * sizeof *outputs);
    ANNC_TRY(annc_network_predict(loaded, NULL, 1, row, classes, outputs));
    digest(sum, outputs, 3 * sizeof *outputs);
out:
    annc_evaluator_free(evaluator);
    annc_device_close(device);
    annc_data_free(&data);
    annc_data_free(&seen);
    annc_network_free(network);
    annc_network_free(loaded);
    annc_network_free(foreign);
    return status;
}

/* What is learnt of a table goes into a model, and out of it to read another one. */
static annc_status table_of_model(const void *what, uint64_t *sum)
{
    annc_data_options options = *(const annc_data_options *)what;
    annc_status status = ANNC_OK;
    annc_network *network = NULL;
    annc_data learnt = {.train = NULL}, read = {.train = NULL};
    annc_shape shape = problem_shape("1-2", ANNC_TANH, ANNC_IDENTITY, ANNC_QUADRATIC);
    ANNC_TRY(annc_data_load(&options, &learnt));
    shape.width[0] = annc_dataset_examples(learnt.train)->inputs;
    shape.width[1] = annc_dataset_examples(learnt.train)->outputs;
    ANNC_TRY(annc_network_create(&shape, &network));
    ANNC_TRY(annc_data_describe(&learnt, network));
    ANNC_TRY(annc_model_export(network, ANNC_EXPORT_C, "c"));
    options.path = "other.csv";
    options.model = network;
    options.need_train = false;
    options.need_test = true;
    ANNC_TRY(annc_data_load(&options, &read));
    digest_dataset(sum, read.test);
out:
    annc_data_free(&learnt);
    annc_data_free(&read);
    annc_network_free(network);
    return status;
}

/* A model of someone else's, and what it is to predict. */
static annc_status foreign(const void *what, uint64_t *sum)
{
    const annc_shape shape = problem_shape("4-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY),
                     images = problem_shape("64-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_data_options options = {
        .source = ANNC_SOURCE_PATH, .path = what, .outputs = 3, .unlabelled = true, .need_test = true};
    annc_status status = ANNC_OK;
    annc_network *network = NULL, *bare = NULL;
    annc_data data = {.train = NULL};
    ANNC_TRY(annc_model_load("kernel.npz", &shape, &network));
    digest_network(sum, network);
    ANNC_TRY(annc_network_create(&images, &bare));
    options.model = bare;
    ANNC_TRY(annc_data_load(&options, &data));
    digest_dataset(sum, data.test);
out:
    annc_data_free(&data);
    annc_network_free(network);
    annc_network_free(bare);
    return status;
}

/* Arrays of the caller's. */
static annc_status arrays(const void *what, uint64_t *sum)
{
    const annc_examples *examples = what;
    annc_dataset *dataset = NULL;
    const annc_status status = annc_dataset_create(examples, &dataset);
    if (status == ANNC_OK)
        digest_dataset(sum, dataset);
    annc_dataset_free(dataset);
    return status;
}

static void models_of_others(void)
{
    static const float x[6] = {1, 2, 3, 4, 5, 6}, y[3] = {1, 2, 3};
    static const int32_t labels[3] = {0, 1, 0};
    annc_examples examples = {
        .count = 3, .inputs = 2, .outputs = 1, .type = ANNC_FLOATS, .divisor = 1, .x = x, .targets = y};
    annc_data_options options = table_options("table.csv");
    options.text.target = "width,height";
    options.text.drop = "kind";
    options.text.missing = ANNC_MISSING_DROP;
    every_call("a table of a model", table_of_model, &options, 0);
    options.text.drop = NULL;
    every_call("a table of a model with words", table_of_model, &options, 0);
    if (ANNC_PNG_FOUND)
        every_call("a model of others", foreign, "transparent.png", 0);
    every_call("arrays", arrays, &examples, 0);
    examples.targets = NULL;
    examples.labels = labels;
    every_call("arrays with labels", arrays, &examples, 0);
    examples.weights = x;
    every_call("arrays with weights", arrays, &examples, 0);
}

static void models(void)
{
    struct training training = training_of(ANNC_ENGINE_AUTO, ANNC_SGD, 1);
    training.shape = problem_shape("144-5-3", ANNC_SIGMOID, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    training.data.path = "bars";
    every_call("a model", model, &training, 1); /* fewer threads are enough */
}

static annc_status audit(const void *what, uint64_t *sum)
{
    const struct training *training = what;
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    const annc_check_options options = {.batch = 8, .sample = 4, .seed = 1, .objective = {.l2 = 1e-3, .dropout = 0.1}};
    annc_status status = ANNC_OK;
    annc_data data = {.train = NULL};
    annc_network *network = NULL;
    annc_device *device = NULL;
    annc_check_row *rows = NULL;
    size_t count = 0;
    ANNC_TRY(annc_data_load(&training->data, &data));
    ANNC_TRY(make_networks(&training->shape, &network, 1));
    ANNC_TRY(annc_device_open(&cpu, &device));
    ANNC_TRY(annc_check(network, data.train, &device, 1, &options, &rows, &count));
    for (size_t i = 0; i < count; i++)
        digest(sum, &rows[i].worst, sizeof rows[i].worst);
out:
    annc_check_free(rows);
    annc_device_close(device);
    annc_network_free(network);
    annc_data_free(&data);
    return status;
}

static void audits(void)
{
    struct training training = training_of(ANNC_ENGINE_AUTO, ANNC_SGD, 1);
    every_call("the audit", audit, &training, 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(data_of_tables),    TEST(data_of_halves), TEST(data_of_images),   TEST(data_of_a_huge_file),
        TEST(trainings),         TEST(resumed),        TEST(measures),         TEST(sweeps),
        TEST(cross_validations), TEST(models),         TEST(models_of_others), TEST(audits)};
    if (!begin())
        return 1;
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (system(command) != 0)
        return 1;
    return result;
}
