#include "base/checksum.h"
#include "base/json/json_read.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/options/configuration.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/setup.h"
#include "cli/options/training_from_options.h"
#include "cli/report/command_report.h"
#include "cli/terminal/usage.h"
#include "cli/train/session.h"
#include "cli/train/session_state.h"
#include "dataset/reader.h"
#include "formats/jpeg.h"
#include "formats/npy.h"
#include "formats/picture.h"
#include "formats/stream.h"
#include "formats/zip.h"
#include "fuzz/hostile.h"
#include "network/network.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a reader may hold: so many bytes for each byte of the file, or of what its gzip unpacks to, and so many for itself. What zip and PNG pack
 * unpacks to at most 1032 times its size. */
enum { BYTES_A_BYTE = 128, BYTES_AT_ONCE = 1 << 20, BYTES_A_PACKED_BYTE = 12 * 1032 };

static char folder[] = "/dev/shm/annc-hostile-XXXXXX"; /* or in /tmp */
static char file[64];                                  /* the path of the bytes at hand, which lie in memory */
static int descriptor = -1;
static annc_network *table_model, *small_pictures, *mnist_pictures; /* what files are predicted with */
static struct options run_options;                                  /* of the training that checkpoints are of */
static struct session run;
static annc_device *device;
static char images_path[64], table_path[64], three_path[64];
static char saved[64]; /* where models are saved again */

/* ---------------------------------------------------------------- the temporary folder */

const char *scratch(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

bool scratch_write(const char *name, const void *bytes, size_t size)
{
    FILE *out = fopen(scratch(name), "wb");
    const bool written = out && fwrite(bytes, 1, size, out) == size;
    return out && fclose(out) == 0 && written;
}

size_t scratch_read(const char *name, void *bytes, size_t size)
{
    FILE *in = fopen(scratch(name), "rb");
    const size_t got = in ? fread(bytes, 1, size, in) : 0;
    if (in)
        fclose(in);
    return got;
}

/* ---------------------------------------------------------------- judging */

static char complaint[2048];
static bool may_be_usage, taken;

/* What one reading came to: success, or a refusal with a message that can be printed and names the file,
 * or the model that it came with, or the option that it contradicts. */
static annc_status judge(annc_status status)
{
    const char *message = error_text();
    taken = taken || status == ANNC_OK;
    if (status == ANNC_OK || complaint[0])
        return status;
    if (status != ANNC_INPUT && !(may_be_usage && status == ANNC_USAGE))
        snprintf(complaint, sizeof complaint, "status %d: %.600s", (int)status, message);
    else if (!strstr(message, file) && !strstr(message, folder) && !strstr(message, "the model's") &&
             strncmp(message, "--", 2) != 0)
        snprintf(complaint, sizeof complaint, "names no file: '%.600s'", message);
    else if (!annc_is_utf8(message, strlen(message)) || strpbrk(message, "\1\2\3\4\5\6\a\b\t\n\v\f\r\033\177"))
        snprintf(complaint, sizeof complaint, "not printable: '%.600s'", message);
    return status;
}

/* ---------------------------------------------------------------- readers */

static void load_with(const annc_data_options *options)
{
    annc_data data;
    if (judge(annc_data_load(options, &data)) == ANNC_OK)
        annc_data_free(&data);
}

/* A folder whose training images are the file. */
static void read_folder(void)
{
    load_with(&(annc_data_options){.path = folder, .need_train = true, .need_test = true});
    load_with(&(annc_data_options){.path = folder, .need_train = true, .transpose = true, .validation = 0.4});
}

static void read_labels(void)
{
    load_with(&(annc_data_options){.path = images_path, .labels_path = file, .need_test = true});
}

/* A table that is predicted, in pieces of one row, read in parts of a few bytes. */
static void read_in_pieces(annc_missing missing)
{
    const struct annc_reader_sizes sizes = {{.beginning = 16, .step = 5, .records = 2}, .cells = 2};
    const annc_data_options options = {.path = file, .model = table_model, .outputs = 2, .text = {.missing = missing}};
    annc_reader *reader;
    annc_dataset *piece;
    annc_status status = judge(annc_reader_open_sized(&options, &sizes, &reader));
    if (status != ANNC_OK)
        return;
    do {
        status = judge(annc_reader_next(reader, &piece));
        annc_dataset_free(piece);
    } while (piece);
    annc_reader_close(reader);
}

/* A table of text, in ways that take different roads. */
static void read_table(void)
{
    const annc_data_options ways[] = {
        {.need_train = true},
        {.need_train = true,
         .validation = 0.5,
         .scale = ANNC_SCALE_MIN_MAX,
         .text = {.target = "y", .missing = ANNC_MISSING_MEAN}},
        {.need_train = true,
         .text = {.label = "1", .missing = ANNC_MISSING_DROP, .header = ANNC_NO, .decimal = ',', .thousands = '.'}},
        {.need_train = true, .validation = 0.5, .text = {.label = "1", .weight = "2", .missing = ANNC_MISSING_DROP}},
        {.need_train = true, .text = {.label = "2", .label_separator = '.'}},
        {.need_train = true, .validation = 0.5, .shards = 2, .shard = 1, .text = {.missing = ANNC_MISSING_MEAN}},
        {.need_test = true, .unlabelled = true, .model = table_model, .outputs = 2},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        annc_data_options options = ways[i];
        options.path = file;
        load_with(&options);
    }
    read_in_pieces(ANNC_MISSING_ERROR);
    read_in_pieces(ANNC_MISSING_DROP);
}

static void read_npy(void)
{
    load_with(&(annc_data_options){.path = file, .labels_path = three_path, .need_train = true});
    load_with(&(annc_data_options){.path = three_path, .labels_path = file, .need_train = true});
    load_with(
        &(annc_data_options){.path = three_path, .labels_path = three_path, .weights_path = file, .need_train = true});
    load_with(&(annc_data_options){.path = file, .need_test = true, .unlabelled = true, .model = table_model});
}

static void read_npz(void)
{
    load_with(&(annc_data_options){.path = file, .need_train = true});
    load_with(&(annc_data_options){.path = file, .need_train = true, .text.weight = "y"});
}

static void read_picture(void)
{
    load_with(&(annc_data_options){.path = file, .need_test = true, .unlabelled = true, .model = small_pictures});
    load_with(&(annc_data_options){.path = file, .need_test = true, .unlabelled = true, .model = mnist_pictures});
}

static void put(const void *bytes, size_t size)
{
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, bytes, size, 0) != (ssize_t)size) {
        perror(file);
        abort();
    }
}

/* Gives the model at hand the checksum of its bytes, where it has one: otherwise no damage would come further than the
 * checksum. */
static void sign(void)
{
    static const char key[] = "\"annc.checksum\":\"";
    const size_t size = (size_t)lseek(descriptor, 0, SEEK_END);
    char *bytes = malloc(size + 1), digits[9];
    if (!bytes || pread(descriptor, bytes, size, 0) != (ssize_t)size)
        abort();
    char *place = memmem(bytes, size, key, sizeof key - 1);
    place = place ? place + sizeof key - 1 : NULL;
    if (place && place + 8 <= bytes + size) {
        memset(place, '0', 8);
        snprintf(digits, sizeof digits, "%08x", annc_crc32(ANNC_CRC32, bytes, size));
        memcpy(place, digits, 8);
        put(bytes, size);
    }
    free(bytes);
}

/* Returns whether two networks have the same shape, parameters, blocks and metadata. */
static bool are_equal(const annc_network *a, const annc_network *b)
{
    const size_t bytes = annc_shape_parameters(&a->shape) * sizeof(float);
    bool equal = memcmp(&a->shape, &b->shape, sizeof a->shape) == 0 && memcmp(a->theta, b->theta, bytes) == 0 &&
                 a->metadata_count == b->metadata_count;
    for (size_t i = 0; equal && i < a->metadata_count; i++)
        equal = strcmp(a->metadata[i].key, b->metadata[i].key) == 0 &&
                strcmp(a->metadata[i].value, b->metadata[i].value) == 0;
    for (size_t i = 0; equal && i < ANNC_MOST_BLOCKS; i++) {
        const float *values = a->blocks[i].values ? annc_network_block(b, a->blocks[i].name) : NULL;
        equal = !a->blocks[i].values || (values && memcmp(a->blocks[i].values, values, bytes) == 0);
    }
    return equal;
}

/* What could be loaded can be saved, and what is saved can be loaded and is the same. */
static void save_and_load(const annc_network *model)
{
    annc_network *again = NULL;
    if (annc_model_save(model, saved) != ANNC_OK || annc_model_load(saved, NULL, &again) != ANNC_OK)
        snprintf(complaint, sizeof complaint, "was loaded, but not saved and loaded again: %.600s", error_text());
    else if (!are_equal(model, again))
        snprintf(complaint, sizeof complaint, "is another after it was saved and loaded");
    annc_network_free(again);
}

/* A model, of ours or of others, and a table as the model says that tables are. */
static void read_model(void)
{
    annc_network *model;
    const annc_shape assumed = {.layers = 2, .width = {2, 3, 2}};
    annc_status status = judge(annc_model_load(file, NULL, &model));
    if (status == ANNC_INPUT) {
        sign();
        status = judge(annc_model_load(file, NULL, &model));
    }
    if (status == ANNC_INPUT)
        status = judge(annc_model_load(file, &assumed, &model));
    if (status != ANNC_OK)
        return;
    save_and_load(model);
    const annc_shape *shape = annc_network_shape(model);
    load_with(&(annc_data_options){
        .path = table_path, .need_test = true, .model = model, .outputs = shape->width[shape->layers]});
    annc_network_free(model);
}

/* The header of a model alone: before it its length, after it the bytes that the seed's tensors take. */
static void read_header(void)
{
    enum { TENSORS = 17 * sizeof(float) };
    const size_t size = (size_t)lseek(descriptor, 0, SEEK_END);
    unsigned char *bytes = calloc(8 + size + TENSORS, 1);
    if (!bytes || pread(descriptor, bytes + 8, size, 0) != (ssize_t)size)
        abort();
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)size >> (8 * i));
    put(bytes, 8 + size + TENSORS);
    free(bytes);
    read_model();
}

/* A checkpoint: its options, and where the training stands. */
static void read_checkpoint(void)
{
    char *arguments[] = {"--quiet", "--resume", file};
    struct options options;
    annc_network *checkpoint = NULL;
    sign();
    annc_status status = options_parse(TRAIN, 0, 3, arguments, &options);
    if (status == ANNC_OK)
        status = judge(options_complete(TRAIN, &options));
    if (status == ANNC_OK)
        status = judge(annc_model_load(file, NULL, &checkpoint));
    if (status == ANNC_OK) {
        session_end_training(&run);
        run.options = &options;
        run.checkpoint = run.run_options.resume = checkpoint;
        save_and_load(checkpoint);
        judge(session_open(&run));
    }
    annc_network_free(checkpoint);
    options_free(&options);
}

/* ---------------------------------------------------------------- logs and exports */

static char page[64], made[64]; /* the files of reports and of exports */
static size_t scripts;          /* ends of scripts in the page of any model */

/* The bytes of a file, with a NUL after them; to be freed. */
static char *content_of(const char *path, size_t *size)
{
    FILE *in = fopen(path, "rb");
    char *bytes = NULL;
    if (in && fseek(in, 0, SEEK_END) == 0) {
        *size = (size_t)ftell(in);
        rewind(in);
        bytes = malloc(*size + 1);
        if (bytes && fread(bytes, 1, *size, in) == *size)
            bytes[*size] = '\0';
    }
    if (in)
        fclose(in);
    if (!bytes)
        abort();
    return bytes;
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        count++;
    return count;
}

static void complain_unless(bool good, const char *what)
{
    if (!good && !complaint[0])
        snprintf(complaint, sizeof complaint, "%s", what);
}

/* A log of a run, made into a report without scripts. */
static void read_log(void)
{
    char *arguments[] = {"--quiet", "--device", "cpu", "--out", page, file};
    struct options options;
    size_t size;
    annc_status status = options_parse(REPORT, MOST_POSITIONAL, 6, arguments, &options);
    if (status == ANNC_OK)
        status = judge(run_report(&options));
    if (status == ANNC_OK) {
        char *text = content_of(page, &size);
        complain_unless(strlen(text) == size && annc_is_utf8(text, size), "the report is not text");
        complain_unless(count_of(text, "<script") == 0 && count_of(text, "</html>") == 1,
                        "the report has elements of the log's");
        free(text);
    }
    options_free(&options);
}

/* What an export of a hostile model must be. */
static void check_export(const annc_network *model, annc_export format)
{
    size_t size;
    char *text = content_of(made, &size);
    annc_network *again = NULL;
    struct annc_json_members members;
    struct annc_json_member member;
    switch (format) {
    case ANNC_EXPORT_C: /* text that every compiler reads */
        for (size_t i = 0; i < size; i++)
            complain_unless(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'), "the C file is not plain text");
        break;
    case ANNC_EXPORT_HTML:
        scripts = scripts ? scripts : count_of(text, "</script>");
        complain_unless(strlen(text) == size && count_of(text, "</script>") == scripts,
                        "the page has scripts of the model's");
        break;
    case ANNC_EXPORT_JSON:
        for (annc_json_open(&members, text); annc_json_next_member(&members, &member);)
            continue;
        complain_unless(!members.json.error, "the JSON file is malformed");
        break;
    case ANNC_EXPORT_NPZ:
        if (annc_model_load(made, annc_network_shape(model), &again) != ANNC_OK)
            snprintf(complaint, sizeof complaint, "the NPZ file is not a model: %.300s", error_text());
        else
            complain_unless(
                memcmp(again->theta, model->theta, annc_shape_parameters(&model->shape) * sizeof *model->theta) == 0,
                "the NPZ file has other parameters");
        annc_network_free(again);
        break;
    default:
        break;
    }
    free(text);
}

/* A model, exported to every format. */
static void read_export(void)
{
    annc_network *model;
    sign();
    if (judge(annc_model_load(file, NULL, &model)) != ANNC_OK)
        return;
    for (int format = 0; format < ANNC_EXPORT_COUNT; format++)
        if (judge(annc_model_export(model, (annc_export)format, made)) == ANNC_OK)
            check_export(model, (annc_export)format);
    annc_network_free(model);
}

static void read_options(void)
{
    char *arguments[] = {"--config", file};
    struct options options;
    annc_status status = options_parse(TRAIN, 0, 2, arguments, &options);
    if (status == ANNC_OK)
        status = options_complete(TRAIN, &options);
    if (!options.value[OPTION_RESUME].given) /* which is another file */
        judge(status);
    options_free(&options);
}

const struct reader READERS[] = {
    {"folder", read_folder, false, 0},  {"labels", read_labels, false, 0},    {"table", read_table, true, 0},
    {"npy", read_npy, false, 0},        {"npz", read_npz, true, 0},           {"picture", read_picture, false, 0},
    {"model", read_model, false, 0},    {"header", read_header, false, 0},    {"checkpoint", read_checkpoint, false, 0},
    {"options", read_options, true, 0}, {"run_log", read_log, true, 3 << 20}, {"export", read_export, false, 0},
};
const int READER_COUNT = sizeof READERS / sizeof *READERS;

/* ---------------------------------------------------------------- one file */

/* Bytes of memory that the file at hand allows. */
static size_t allowance(void)
{
    struct annc_stream *stream = NULL;
    unsigned char piece[4096];
    const size_t size = (size_t)lseek(descriptor, 0, SEEK_END);
    size_t got = sizeof piece, unpacked = 0;
    bool packed = annc_zip_begins(file);
    if (!packed && annc_stream_open(file, &stream) == ANNC_OK)
        while (got == sizeof piece && annc_stream_read(stream, piece, sizeof piece, &got) == ANNC_OK) {
            packed = packed || (unpacked == 0 && got >= 6 && (annc_png_begins(piece) || annc_jpeg_begins(piece)));
            unpacked += got;
        }
    annc_stream_close(stream);
    return BYTES_AT_ONCE + (packed ? BYTES_A_PACKED_BYTE : BYTES_A_BYTE) * (size > unpacked ? size : unpacked);
}

/* Bytes of memory that a table of INDEX:VALUE or of {INDEX VALUE, ...} allows beyond others: its
 * largest index, or the number of its attributes, is its width. */
static size_t sparse_allowance(const char *text, size_t size)
{
    enum { MOST_INDEX = 1 << 16, BYTES_A_COLUMN = 512, COPIES = 3 };
    size_t index = 0, width = 0, rows = 1, attributes = 0;
    for (size_t i = 0; i < size; i++) {
        width = text[i] == ':' && index > width ? index : width;
        index = text[i] >= '0' && text[i] <= '9' ? 10 * index + (size_t)(text[i] - '0') : 0;
        index = index > MOST_INDEX ? MOST_INDEX : index;
        rows += text[i] == '\n' || text[i] == '\r';
        attributes += text[i] == '@';
    }
    if (memchr(text, '{', size) && attributes > width)
        width = attributes;
    return width * (BYTES_A_COLUMN + COPIES * rows * sizeof(float));
}

/* Whether a reader takes what comes for a table if it is nothing else. */
static bool may_read_table(const struct reader *reader)
{
    return reader->read == read_folder || reader->read == read_labels || reader->read == read_table ||
           reader->read == read_npy || reader->read == read_npz || reader->read == read_picture;
}

const char *reader_complaint(const struct reader *reader, const void *bytes, size_t size, struct reading *outcome)
{
    struct annc_kept_error error;
    put(bytes, size);
    annc_fail(ANNC_OK, "%s", "");
    complaint[0] = '\0';
    taken = false;
    may_be_usage = reader->may_be_usage;
    held_begin();
    reader->read();
    annc_error_keep(&error);
    *outcome = (struct reading){taken, most_held(), reader->at_once + allowance()};
    annc_fail_again(ANNC_OK, &error); /* the reader's, and not what allowance met */
    if (may_read_table(reader))
        outcome->allowed += sparse_allowance(bytes, size);
    if (!complaint[0] && outcome->held > outcome->allowed)
        snprintf(complaint, sizeof complaint, "held %zu bytes, and %zu are allowed", outcome->held, outcome->allowed);
    return complaint[0] ? complaint : NULL;
}

/* ---------------------------------------------------------------- what readers need beside the file */

static const char TABLE[] = "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n";

/* The header of an IDX file of bytes. */
static size_t idx_header(uint8_t *bytes, uint8_t rank, uint32_t count, uint8_t side)
{
    memset(bytes, 0, 4 + 4 * (size_t)rank);
    bytes[2] = 8;
    bytes[3] = rank;
    bytes[6] = (uint8_t)(count >> 8);
    bytes[7] = (uint8_t)count;
    for (int d = 1; d < rank; d++)
        bytes[7 + 4 * d] = side;
    return 4 + 4 * (size_t)rank;
}

/* Three pictures with a bar in the middle, and their labels. */
static bool write_images(const char *images, const char *labels, uint8_t side)
{
    enum { MOST_SIDE = 28, COUNT = 3 };
    uint8_t bytes[16 + COUNT * MOST_SIDE * MOST_SIDE];
    size_t size = idx_header(bytes, 3, COUNT, side);
    for (int i = 0; i < COUNT * side * side; i++) {
        const int row = i / side % side, column = i % side;
        bytes[size++] = row >= 4 && row < side - 4 && column >= side / 2 - 1 && column <= side / 2 ? 200 : 0;
    }
    bool written = scratch_write(images, bytes, size);
    size = idx_header(bytes, 1, COUNT, 0);
    memcpy(bytes + size, "\0\1\2", COUNT);
    return scratch_write(labels, bytes, size + COUNT) && written;
}

/* A network that knows how its data were prepared. */
static annc_network *model_of(const annc_data_options *options, uint32_t inputs, uint32_t outputs)
{
    annc_data data;
    annc_network *model = NULL;
    const annc_shape shape = {.layers = 1, .width = {inputs, outputs}};
    if (annc_data_load(options, &data) != ANNC_OK)
        return NULL;
    if (annc_network_create(&shape, &model) == ANNC_OK && annc_data_describe(&data, model) != ANNC_OK) {
        annc_network_free(model);
        model = NULL;
    }
    annc_data_free(&data);
    return model;
}

static bool make_models(void)
{
    char mnist[sizeof images_path], labels[sizeof images_path];
    snprintf(mnist, sizeof mnist, "%s", scratch("mnist"));
    snprintf(labels, sizeof labels, "%s", scratch("t10k-labels-idx1-ubyte"));
    table_model = model_of(&(annc_data_options){.path = table_path, .need_train = true}, 2, 2);
    small_pictures =
        model_of(&(annc_data_options){.path = images_path, .labels_path = labels, .need_train = true}, 144, 3);
    mnist_pictures = model_of(&(annc_data_options){.path = mnist, .labels_path = labels, .need_train = true}, 784, 3);
    return table_model && small_pictures && mnist_pictures;
}

static annc_status no_output(const struct session *session)
{
    (void)session;
    return ANNC_OK;
}

/* A training that checkpoints are taken of. */
static annc_status open_run(void)
{
    static char checkpoint_path[sizeof images_path];
    annc_data_options source;
    snprintf(checkpoint_path, sizeof checkpoint_path, "%s", scratch("checkpoint"));
    char *arguments[] = {"--quiet", "--data",    table_path,    "--layers",     "2-2-2",
                         "--batch", "2",         "--optimizer", "adam",         "--device",
                         "cpu",     "--threads", "1",           "--checkpoint", checkpoint_path};
    annc_status status = options_parse(TRAIN, 0, sizeof arguments / sizeof *arguments, arguments, &run_options);
    if (status == ANNC_OK)
        status = options_complete(TRAIN, &run_options);
    run.options = &run_options;
    if (status == ANNC_OK)
        status = shape_from_options(&run_options, NULL, &run.shape);
    if (status == ANNC_OK)
        status = training_from_options(&run_options, &run.shape, &run.run_options.training);
    if (status == ANNC_OK)
        status = data_options_from(&run_options, &run.shape, &source);
    if (status == ANNC_OK)
        status = device_from_options(&run_options, &run.shape, &run.run_options.training, NULL, &device);
    run.device = device;
    if (status == ANNC_OK)
        status = session_prepare(&run, &source, false, no_output);
    run.run_options.epochs = 0; /* it saves its checkpoint, and ends */
    if (status == ANNC_OK)
        status = session_open(&run);
    return status == ANNC_OK ? session_train(&run) : status;
}

bool readers_begin(void)
{
    uint8_t npy[256];
    if (access("/dev/shm", W_OK) != 0) /* which takes less time to synchronise */
        snprintf(folder, sizeof folder, "/tmp/annc-hostile-XXXXXX");
    if (!mkdtemp(folder) || (descriptor = memfd_create("hostile", MFD_CLOEXEC)) < 0)
        return false;
    snprintf(file, sizeof file, "/proc/self/fd/%d", descriptor);
    snprintf(images_path, sizeof images_path, "%s", scratch("t10k-images-idx3-ubyte"));
    snprintf(table_path, sizeof table_path, "%s", scratch("table.csv"));
    snprintf(three_path, sizeof three_path, "%s", scratch("three.npy"));
    snprintf(saved, sizeof saved, "%s", scratch("saved"));
    snprintf(page, sizeof page, "%s", scratch("page"));
    snprintf(made, sizeof made, "%s", scratch("made"));
    const size_t size = npy_make(npy, 1, "|u1", false, "(3,)", "\0\1\1", 3);
    const bool ready = write_images("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 12) &&
                       write_images("mnist", "train-labels-idx1-ubyte", 28) && scratch_write("three.npy", npy, size) &&
                       scratch_write("table.csv", TABLE, sizeof TABLE - 1) &&
                       symlink(file, scratch("train-images-idx3-ubyte")) == 0 && make_models() && open_run() == ANNC_OK;
    if (!ready)
        fprintf(stderr, "%s: %s\n", folder, error_text());
    return ready;
}

void readers_end(void)
{
    static const char *const names[] = {"t10k-images-idx3-ubyte",
                                        "t10k-labels-idx1-ubyte",
                                        "mnist",
                                        "train-labels-idx1-ubyte",
                                        "train-images-idx3-ubyte",
                                        "three.npy",
                                        "table.csv",
                                        "checkpoint",
                                        "model",
                                        "saved",
                                        "page",
                                        "made"};
    session_close(&run);
    options_free(&run_options);
    annc_device_close(device);
    annc_network_free(table_model);
    annc_network_free(small_pictures);
    annc_network_free(mnist_pictures);
    close(descriptor);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(scratch(names[i]));
    rmdir(folder);
}
