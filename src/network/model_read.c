/* model_read.c - a safetensors file as a network, nothing taken on trust. */
#include "allocate.h"
#include "json.h"
#include "network.h"
#include "number.h"
#include "shape.h"
#include "status.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_HEADER_BYTES = 100000000,
    MOST_TENSORS = 2 * ANNC_MAX_LAYERS,
    MOST_METADATA = 4096,
    NAME_BYTES = 128,
    SHOWN = 300
};

enum type { F16, BF16, F32, F64, TYPES };

static const struct {
    const char *name;
    size_t bytes;
} TYPE[TYPES] = {[F16] = {"F16", 2}, [BF16] = {"BF16", 2}, [F32] = {"F32", 4}, [F64] = {"F64", 8}};

struct tensor {
    char name[NAME_BYTES];
    enum type type;
    uint64_t shape[2];
    uint32_t rank;
    uint64_t begin, end;
};

struct reader {
    const char *path;
    int descriptor;
    uint64_t file_bytes, data_begin;
    char *header, *string; /* the header's text; room for any string in it */
    struct annc_json json;
    struct tensor tensors[MOST_TENSORS];
    size_t tensor_count;
    annc_network *metadata; /* without shape: holds the metadata alone */
};

static annc_status malformed(const struct reader *reader, const char *what)
{
    char shown[SHOWN];
    return annc_fail(ANNC_INPUT, "%s: %s", annc_printable(reader->path, shown, sizeof shown), what);
}

static annc_status malformed_tensor(const struct reader *reader, const struct tensor *tensor, const char *what)
{
    char text[3 * NAME_BYTES + 128], shown[2 * NAME_BYTES];
    snprintf(text, sizeof text, "tensor '%s' %s", annc_printable(tensor->name, shown, sizeof shown), what);
    return malformed(reader, text);
}

/* ---------------------------------------------------------------- the file */

static annc_status read_at(const struct reader *reader, uint64_t offset, void *bytes, size_t count)
{
    char *next = bytes;
    while (count > 0) {
        const ssize_t got = pread(reader->descriptor, next, count, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return malformed(reader, got < 0 ? "cannot be read" : "became shorter while it was read");
        next += got;
        offset += (uint64_t)got;
        count -= (size_t)got;
    }
    return ANNC_OK;
}

static annc_status open_file(struct reader *reader)
{
    struct stat file;
    char shown[SHOWN], reason[128] = "";
    reader->descriptor = open(reader->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (reader->descriptor < 0 || fstat(reader->descriptor, &file) != 0)
        return annc_fail(ANNC_INPUT, "%s: %s", annc_printable(reader->path, shown, sizeof shown),
                         strerror_r(errno, reason, sizeof reason));
    if (!S_ISREG(file.st_mode))
        return malformed(reader, S_ISDIR(file.st_mode) ? "is a folder, not a model file" : "is no regular file");
    reader->file_bytes = (uint64_t)file.st_size;
    return ANNC_OK;
}

static annc_status read_header(struct reader *reader)
{
    annc_status status = ANNC_OK;
    uint64_t length;
    if (reader->file_bytes < 8)
        return malformed(reader, reader->file_bytes == 0 ? "is empty" : "is too short to be a safetensors file");
    ANNC_TRY(read_at(reader, 0, &length, sizeof length));
    if (length > MOST_HEADER_BYTES)
        return malformed(reader, "claims a header of over 100 MB: it is no safetensors file, or damaged");
    if (length > reader->file_bytes - 8)
        return malformed(reader,
                         "claims a header that is longer than the file: it is no safetensors file, or cut short");
    ANNC_TRY(annc_allocate(length + 1, 1, "a model's header", (void **)&reader->header));
    ANNC_TRY(annc_allocate(length + 1, 1, "a model's header", (void **)&reader->string));
    ANNC_TRY(read_at(reader, 8, reader->header, length));
    if (reader->header[0] != '{')
        return malformed(reader, "has a header that does not begin with '{': it is no safetensors file");
    if (!annc_json_is_utf8(reader->header, length))
        return malformed(reader, "has a header that is not UTF-8");
    reader->data_begin = 8 + length;
    reader->json = (struct annc_json){reader->header, length, 0, NULL};
out:
    return status;
}

/* ---------------------------------------------------------------- the header */

static annc_status json_failed(const struct reader *reader)
{
    char text[256];
    snprintf(text, sizeof text, "header, at byte %zu: %s", reader->json.at,
             reader->json.error ? reader->json.error : "is malformed");
    return malformed(reader, text);
}

static annc_status parse_metadata(struct reader *reader)
{
    annc_status status = ANNC_OK;
    struct annc_json *json = &reader->json;
    const size_t room = json->size + 1;
    bool first = true;
    annc_json_take(json, '{');
    while (annc_json_next(json, '}', &first)) {
        /* The key stays at the front of the room for strings, the value follows it. */
        if (!annc_json_string(json, reader->string, room))
            break;
        char *value = reader->string + strlen(reader->string) + 1;
        if (!annc_json_take(json, ':') || !annc_json_string(json, value, room - (size_t)(value - reader->string)))
            break;
        if (annc_network_metadata(reader->metadata, reader->string))
            return malformed(reader, "has a metadata key twice");
        if (reader->metadata->metadata_count >= MOST_METADATA)
            return malformed(reader, "has too many metadata");
        ANNC_TRY(annc_network_set_metadata(reader->metadata, reader->string, value));
    }
    if (json->error)
        return json_failed(reader);
out:
    return status;
}

static void parse_whole_array(struct annc_json *json, uint64_t *numbers, uint32_t most, uint32_t *count)
{
    bool first = true;
    *count = 0;
    annc_json_take(json, '[');
    while (annc_json_next(json, ']', &first)) {
        if (*count >= most) {
            json->error = "has a tensor of too many dimensions or offsets";
            return;
        }
        if (!annc_json_whole(json, &numbers[(*count)++]))
            return;
    }
}

static annc_status parse_tensor(struct reader *reader, struct tensor *tensor)
{
    struct annc_json *json = &reader->json;
    bool first = true, has_type = false, has_shape = false, has_offsets = false, twice = false;
    tensor->type = (enum type)0;
    char member[NAME_BYTES], type[NAME_BYTES] = "";
    uint64_t offsets[2] = {0, 0};
    uint32_t offset_count = 0;
    annc_json_take(json, '{');
    while (annc_json_next(json, '}', &first)) {
        if (!annc_json_string(json, member, sizeof member) || !annc_json_take(json, ':'))
            break;
        bool *has = NULL;
        if (strcmp(member, "dtype") == 0) {
            has = &has_type;
            annc_json_string(json, type, sizeof type);
        } else if (strcmp(member, "shape") == 0) {
            has = &has_shape;
            parse_whole_array(json, tensor->shape, 2, &tensor->rank);
        } else if (strcmp(member, "data_offsets") == 0) {
            has = &has_offsets;
            parse_whole_array(json, offsets, 2, &offset_count);
        } else if (!json->error) {
            json->error = "has an unknown member in a tensor";
        }
        if (json->error)
            break;
        twice = twice || *has;
        *has = true;
    }
    if (json->error)
        return json_failed(reader);
    if (twice)
        return malformed_tensor(reader, tensor, "has a member twice");
    if (!has_type || !has_shape || !has_offsets || offset_count != 2)
        return malformed_tensor(reader, tensor, "lacks dtype, shape or data_offsets");
    while (tensor->type < TYPES && strcmp(TYPE[tensor->type].name, type) != 0)
        tensor->type = (enum type)(tensor->type + 1);
    if (tensor->type == TYPES)
        return malformed_tensor(reader, tensor, "is not of type F32, F64, F16 or BF16");
    tensor->begin = offsets[0];
    tensor->end = offsets[1];
    return ANNC_OK;
}

/* Whether a tensor's offsets span just what its shape takes, in arithmetic that cannot wrap. */
static bool offsets_fit(const struct tensor *tensor)
{
    uint64_t bytes = TYPE[tensor->type].bytes;
    for (uint32_t d = 0; d < tensor->rank; d++)
        if (__builtin_mul_overflow(bytes, tensor->shape[d], &bytes))
            return false;
    return tensor->begin <= tensor->end && tensor->end - tensor->begin == bytes;
}

static annc_status parse_header(struct reader *reader)
{
    annc_status status = ANNC_OK;
    struct annc_json *json = &reader->json;
    bool first = true, has_metadata = false;
    annc_json_take(json, '{');
    while (annc_json_next(json, '}', &first)) {
        struct tensor *tensor = &reader->tensors[reader->tensor_count < MOST_TENSORS ? reader->tensor_count : 0];
        if (!annc_json_string(json, reader->string, json->size + 1) || !annc_json_take(json, ':'))
            break;
        if (strcmp(reader->string, "__metadata__") == 0) {
            if (has_metadata)
                return malformed(reader, "has __metadata__ twice");
            has_metadata = true;
            ANNC_TRY(parse_metadata(reader));
            continue;
        }
        if (reader->tensor_count == MOST_TENSORS)
            return malformed(reader, "has more tensors than a network has");
        snprintf(tensor->name, sizeof tensor->name, "%.*s", NAME_BYTES - 1, reader->string);
        for (size_t i = 0; i < reader->tensor_count; i++)
            if (strcmp(reader->tensors[i].name, tensor->name) == 0)
                return malformed_tensor(reader, tensor, "is there twice");
        ANNC_TRY(parse_tensor(reader, tensor));
        if (!offsets_fit(tensor))
            return malformed_tensor(reader, tensor, "has offsets that disagree with its shape");
        reader->tensor_count++;
    }
    while (!json->error && json->at < json->size && json->text[json->at] == ' ')
        json->at++;
    if (!json->error && json->at < json->size)
        json->error = "has something after its end";
    if (json->error)
        return json_failed(reader);
out:
    return status;
}

/* ---------------------------------------------------------------- the tensors */

static int by_offset(const void *a, const void *b)
{
    const struct tensor *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* The tensors fill the rest of the file, each once. */
static annc_status check_layout(struct reader *reader)
{
    uint64_t end = 0;
    qsort(reader->tensors, reader->tensor_count, sizeof *reader->tensors, by_offset);
    for (size_t i = 0; i < reader->tensor_count; i++) {
        const struct tensor *tensor = &reader->tensors[i];
        if (tensor->begin != end)
            return malformed_tensor(reader, tensor,
                                    tensor->begin < end ? "overlaps another" : "leaves a hole before it");
        end = tensor->end;
    }
    if (end != reader->file_bytes - reader->data_begin)
        return malformed(reader, end > reader->file_bytes - reader->data_begin
                                     ? "is cut short: its tensors end behind its end"
                                     : "has bytes left over after its tensors");
    return ANNC_OK;
}

/* The tensors of a layer; a bias may be missing in a file of someone else's. */
struct layer {
    const struct tensor *weight, *bias;
};

/* The shape that the metadata claim. */
static annc_status claimed_shape(const struct reader *reader, annc_shape *shape)
{
    char text[1024];
    const char *layers = annc_network_metadata(reader->metadata, "annc.layers");
    const char *activations = annc_network_metadata(reader->metadata, "annc.activations");
    const char *cost = annc_network_metadata(reader->metadata, "annc.cost");
    const char *wrong = !activations || !cost ? "annc.activations or annc.cost is missing"
                                              : annc_shape_parse(layers, activations, cost, shape);
    if (!wrong && annc_shape_check(shape) != ANNC_OK)
        wrong = annc_last_error();
    if (!wrong)
        return ANNC_OK;
    snprintf(text, sizeof text, "its metadata describe no network: %s", wrong);
    return malformed(reader, text);
}

static struct tensor *tensor_named(struct reader *reader, uint32_t l, const char *kind)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%u.%s", 2 * (l - 1), kind);
    for (size_t i = 0; i < reader->tensor_count; i++)
        if (strcmp(reader->tensors[i].name, name) == 0)
            return &reader->tensors[i];
    return NULL;
}

/* One weight and one bias tensor a layer, of the claimed shape, and no others. */
static annc_status find_own_layers(struct reader *reader, const annc_shape *shape, struct layer *layers)
{
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const struct tensor *weight = tensor_named(reader, l, "weight"), *bias = tensor_named(reader, l, "bias");
        if (!weight || !bias)
            return malformed(reader, "lacks the weights or biases of a layer that its metadata name");
        if (weight->rank != 2 || weight->shape[0] != shape->width[l] || weight->shape[1] != shape->width[l - 1])
            return malformed_tensor(reader, weight, "has another shape than the metadata say");
        if (bias->rank != 1 || bias->shape[0] != shape->width[l])
            return malformed_tensor(reader, bias, "has another shape than the metadata say");
        layers[l - 1] = (struct layer){weight, bias};
    }
    if (reader->tensor_count != 2 * (size_t)shape->layers)
        return malformed(reader, "has tensors that belong to no layer");
    return ANNC_OK;
}

/* ---------------------------------------------------------------- files of others */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Names in the order in which people count: numbers in them as numbers. */
static int by_name(const void *a, const void *b)
{
    const char *x = ((const struct layer *)a)->weight->name, *y = ((const struct layer *)b)->weight->name;
    while (*x && *y) {
        if (is_digit(*x) && is_digit(*y)) {
            const unsigned long long i = strtoull(x, NULL, 10), j = strtoull(y, NULL, 10);
            if (i != j)
                return i < j ? -1 : 1;
            while (is_digit(*x))
                x++;
            while (is_digit(*y))
                y++;
        } else if (*x != *y) {
            return *x < *y ? -1 : 1;
        } else {
            x++;
            y++;
        }
    }
    return (*x > *y) - (*x < *y);
}

/* Whether a name ends with a word after a dot, or is that word; the length before it. */
static bool ends_with(const char *name, const char *word, size_t *before)
{
    const size_t length = strlen(name), wanted = strlen(word);
    if (length < wanted || strcmp(name + length - wanted, word) != 0)
        return false;
    *before = length - wanted;
    return *before == 0 || name[*before - 1] == '.';
}

static annc_status add_bias(const struct reader *reader, const struct tensor *bias, size_t before, struct layer *layers,
                            uint32_t count)
{
    for (uint32_t l = 0; l < count; l++)
        if (strncmp(layers[l].weight->name, bias->name, before) == 0 &&
            strcmp(layers[l].weight->name + before, "weight") == 0) {
            layers[l].bias = bias;
            return ANNC_OK;
        }
    return malformed_tensor(reader, bias, "is the bias of no weights");
}

/* Weights and biases by the ends of their names, layers in the order of their names. */
static annc_status find_layers(const struct reader *reader, struct layer *layers, uint32_t *count)
{
    annc_status status = ANNC_OK;
    size_t before;
    *count = 0;
    for (size_t i = 0; i < reader->tensor_count; i++) {
        const struct tensor *tensor = &reader->tensors[i];
        if (ends_with(tensor->name, "weight", &before) && tensor->rank == 2 && *count < ANNC_MAX_LAYERS)
            layers[(*count)++] = (struct layer){tensor, NULL};
        else if (!ends_with(tensor->name, "bias", &before) || tensor->rank != 1)
            return malformed_tensor(reader, tensor, "is neither weights nor biases of a fully connected layer");
    }
    for (size_t i = 0; i < reader->tensor_count; i++)
        if (ends_with(reader->tensors[i].name, "bias", &before))
            ANNC_TRY(add_bias(reader, &reader->tensors[i], before, layers, *count));
    qsort(layers, *count, sizeof *layers, by_name);
out:
    return status;
}

/* The widths that the tensors have, which must chain, and be the assumed shape's. */
static annc_status find_foreign_layers(struct reader *reader, const annc_shape *assumed, annc_shape *shape,
                                       struct layer *layers)
{
    annc_status status = ANNC_OK;
    char widths[ANNC_MAX_LAYERS * 12], wanted[ANNC_MAX_LAYERS * 12], text[2 * sizeof widths + 256];
    uint32_t count;
    ANNC_TRY(find_layers(reader, layers, &count));
    if (count == 0)
        return malformed(reader, "holds no layer");
    *shape = assumed ? *assumed : (annc_shape){0};
    shape->layers = count;
    for (uint32_t l = 0; l <= count; l++) {
        const uint64_t width = l == 0 ? layers[0].weight->shape[1] : layers[l - 1].weight->shape[0];
        shape->width[l] = width <= ANNC_MAX_WIDTH ? (uint32_t)width : 0;
        if (l > 0 && (layers[l - 1].weight->shape[1] != shape->width[l - 1] || shape->width[l] == 0))
            return malformed_tensor(reader, layers[l - 1].weight, "does not follow from the layer before it");
        if (l > 0 && layers[l - 1].bias && layers[l - 1].bias->shape[0] != width)
            return malformed_tensor(reader, layers[l - 1].bias, "has another length than its weights have rows");
    }
    annc_shape_format_layers(shape, widths, sizeof widths);
    if (!assumed) {
        snprintf(text, sizeof text,
                 "was written by another program and says nothing of activations; give them by --layers, like %s with "
                 "':tanh' after each width",
                 widths);
        return malformed(reader, text);
    }
    annc_shape_format_layers(assumed, wanted, sizeof wanted);
    if (strcmp(widths, wanted) != 0) {
        snprintf(text, sizeof text, "holds a network of %s, and --layers says %s", widths, wanted);
        return malformed(reader, text);
    }
out:
    return status;
}

/* ---------------------------------------------------------------- values */

static double value_of(enum type type, const unsigned char *bytes)
{
    uint16_t word;
    uint32_t bits;
    float single;
    double number;
    switch (type) {
    case F64:
        memcpy(&number, bytes, sizeof number);
        return number;
    case F32:
        memcpy(&single, bytes, sizeof single);
        return (double)single;
    case BF16:
        memcpy(&word, bytes, sizeof word);
        bits = (uint32_t)word << 16;
        memcpy(&single, &bits, sizeof single);
        return (double)single;
    default:
        memcpy(&word, bytes, sizeof word);
        return annc_number_of_half(word);
    }
}

static annc_status read_tensor(const struct reader *reader, const struct tensor *tensor, float *values)
{
    annc_status status = ANNC_OK;
    enum { PIECE = 1 << 13 };
    unsigned char piece[PIECE];
    const size_t width = TYPE[tensor->type].bytes, count = (size_t)(tensor->end - tensor->begin) / width;
    for (size_t done = 0; done < count;) {
        const size_t now = count - done < PIECE / width ? count - done : PIECE / width;
        ANNC_TRY(read_at(reader, reader->data_begin + tensor->begin + done * width, piece, now * width));
        for (size_t i = 0; i < now; i++) {
            values[done + i] = (float)value_of(tensor->type, piece + i * width);
            if (!isfinite(values[done + i]))
                return malformed_tensor(reader, tensor, "has a value that is not finite");
        }
        done += now;
    }
out:
    return status;
}

static annc_status read_network(struct reader *reader, const annc_shape *assumed, annc_network **result)
{
    annc_status status = ANNC_OK;
    annc_shape shape;
    struct layer layers[ANNC_MAX_LAYERS];
    annc_network *network = NULL;
    ANNC_TRY(check_layout(reader));
    if (annc_network_metadata(reader->metadata, "annc.layers")) {
        ANNC_TRY(claimed_shape(reader, &shape));
        ANNC_TRY(find_own_layers(reader, &shape, layers));
    } else {
        ANNC_TRY(find_foreign_layers(reader, assumed, &shape, layers));
    }
    ANNC_TRY(annc_network_create(&shape, &network)); /* of the size of the tensors, which the file has */
    for (uint32_t l = 1; l <= shape.layers; l++) {
        ANNC_TRY(read_tensor(reader, layers[l - 1].weight, network->theta + annc_shape_weights_at(&shape, l)));
        if (layers[l - 1].bias)
            ANNC_TRY(read_tensor(reader, layers[l - 1].bias, network->theta + annc_shape_biases_at(&shape, l)));
    }
    const char *key, *value;
    for (size_t i = 0; annc_network_metadata_at(reader->metadata, i, &key, &value); i++)
        ANNC_TRY(annc_network_set_metadata(network, key, value));
    *result = network;
    network = NULL;
out:
    annc_network_free(network);
    return status;
}

annc_status annc_model_load(const char *path, const annc_shape *assumed, annc_network **network)
{
    annc_status status = ANNC_OK;
    struct reader *reader = NULL;
    *network = NULL;
    ANNC_TRY(annc_allocate(1, sizeof *reader, "a reader", (void **)&reader));
    reader->path = path;
    reader->descriptor = -1;
    ANNC_TRY(annc_allocate(1, sizeof *reader->metadata, "a reader", (void **)&reader->metadata));
    ANNC_TRY(open_file(reader));
    ANNC_TRY(read_header(reader));
    ANNC_TRY(parse_header(reader));
    ANNC_TRY(read_network(reader, assumed, network));
out:
    if (reader) {
        if (reader->descriptor >= 0)
            close(reader->descriptor);
        annc_release(reader->header);
        annc_release(reader->string);
        annc_network_free(reader->metadata);
        annc_release(reader);
    }
    return status;
}
