/* model_read.c - reads a safetensors file as a network, with a check of every field. */
#include "base/allocate.h"
#include "base/checksum.h"
#include "base/json/json_read.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/first_bytes.h"
#include "formats/zip.h"
#include "network/files/model_check.h"
#include "network/files/model_file.h"
#include "network/files/model_layers.h"
#include "network/files/model_npz.h"
#include "network/network.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name;
    size_t bytes;
} TYPE[TYPES] = {[F16] = {"F16", 2}, [BF16] = {"BF16", 2}, [F32] = {"F32", 4}, [F64] = {"F64", 8}};

/* ---------------------------------------------------------------- the file */

static annc_status read_at(const struct annc_model_file *file, uint64_t offset, void *bytes, size_t count)
{
    char *next = bytes;
    while (count > 0) {
        const ssize_t got = pread(file->descriptor, next, count, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return annc_model_malformed(file, got < 0 ? "cannot be read" : "became shorter while it was read");
        next += got;
        offset += (uint64_t)got;
        count -= (size_t)got;
    }
    return ANNC_OK;
}

static annc_status open_file(struct annc_model_file *file)
{
    struct stat there;
    char shown[SHOWN], reason[128] = "";
    file->descriptor = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file->descriptor < 0 || fstat(file->descriptor, &there) != 0)
        return annc_fail(ANNC_INPUT, "%s: %s", annc_printable(file->path, shown, sizeof shown),
                         strerror_r(errno, reason, sizeof reason));
    if (!S_ISREG(there.st_mode))
        return annc_model_malformed(file,
                                    S_ISDIR(there.st_mode) ? "is a folder, not a model file" : "is not a regular file");
    file->file_bytes = (uint64_t)there.st_size;
    return ANNC_OK;
}

/* Returns whether the first 8 bytes of a file are text, as those of a table. */
static bool is_text(uint64_t first)
{
    for (size_t i = 0; i < sizeof first; i++, first >>= 8)
        if ((first & 0xFF) >= 0x7F || ((first & 0xFF) < ' ' && !strchr("\t\r\n", (int)(first & 0xFF))) ||
            !(first & 0xFF))
            return false;
    return true;
}

static annc_status read_header(struct annc_model_file *file)
{
    annc_status status = ANNC_OK;
    uint64_t length;
    if (file->file_bytes < 8)
        return annc_model_malformed(file, file->file_bytes == 0 ? "is empty" : "is too short to be a safetensors file");
    ANNC_TRY(read_at(file, 0, &length, sizeof length));
    if (is_text(length))
        return annc_model_malformed(file, "is a text file, not a model; a model comes before its data");
    if (length > MOST_HEADER_BYTES)
        return annc_model_malformed(file, "claims a header of over 100 MB: it is damaged or not a safetensors file");
    if (length > file->file_bytes - 8)
        return annc_model_malformed(
            file, "claims a header that is longer than the file: it is cut short or not a safetensors file");
    ANNC_TRY(annc_allocate(length + 1, 1, "a model's header", (void **)&file->header));
    ANNC_TRY(annc_allocate(length + 1, 1, "a model's header", (void **)&file->string));
    ANNC_TRY(read_at(file, 8, file->header, length));
    if (file->header[0] != '{')
        return annc_model_malformed(file, "has a header that does not begin with '{': it is not a safetensors file");
    if (!annc_is_utf8(file->header, length))
        return annc_model_malformed(file, "has a header that is not UTF-8");
    file->data_begin = 8 + length;
    file->json = (struct annc_json_reader){file->header, length, 0, NULL};
out:
    return status;
}

/* ---------------------------------------------------------------- the header */

static annc_status json_failed(const struct annc_model_file *file)
{
    char text[256];
    snprintf(text, sizeof text, "header, at byte %zu: %s", file->json.at, file->json.error);
    return annc_model_malformed(file, text);
}

/* Notes the place of the checksum, whose value has just been read. */
static annc_status find_checksum(struct annc_model_file *file, const char *value)
{
    const size_t length = strlen(value);
    if (file->checksum_at != 0)
        return annc_model_malformed(file, "has the same metadata key twice");
    if (length != CHECKSUM_DIGITS || strspn(value, "0123456789abcdef") != length)
        return annc_model_malformed(file, "has a malformed " ANNC_CHECKSUM_KEY);
    file->checksum_at = file->json.at - 1 - length; /* before the closing quote */
    if (memcmp(file->header + file->checksum_at, value, length) != 0)
        return annc_model_malformed(file, "has a malformed " ANNC_CHECKSUM_KEY);
    return ANNC_OK;
}

static annc_status parse_metadata(struct annc_model_file *file)
{
    annc_status status = ANNC_OK;
    struct annc_json_reader *json = &file->json;
    const size_t room = json->size + 1;
    bool first = true;
    annc_json_take(json, '{');
    while (annc_json_next(json, '}', &first)) {
        /* The key is at the start of the string buffer, the value behind it. */
        if (!annc_json_read_string(json, file->string, room))
            break;
        char *value = file->string + strlen(file->string) + 1;
        if (!annc_json_take(json, ':') || !annc_json_read_string(json, value, room - (size_t)(value - file->string)))
            break;
        if (strcmp(file->string, ANNC_CHECKSUM_KEY) == 0) {
            ANNC_TRY(find_checksum(file, value));
            continue;
        }
        if (annc_network_metadata(file->metadata, file->string))
            return annc_model_malformed(file, "has the same metadata key twice");
        if (file->metadata->metadata_count >= MOST_METADATA)
            return annc_model_malformed(file, "has too many metadata keys");
        ANNC_TRY(annc_network_set_metadata(file->metadata, file->string, value));
    }
    if (json->error)
        return json_failed(file);
out:
    return status;
}

static void parse_whole_array(struct annc_json_reader *json, uint64_t *numbers, uint32_t most, uint32_t *count)
{
    bool first = true;
    *count = 0;
    annc_json_take(json, '[');
    while (annc_json_next(json, ']', &first)) {
        if (*count >= most) {
            json->error = "has a tensor with too many dimensions or offsets";
            return;
        }
        if (!annc_json_read_whole(json, &numbers[(*count)++]))
            return;
    }
}

static annc_status parse_tensor(struct annc_model_file *file, struct annc_tensor *tensor)
{
    struct annc_json_reader *json = &file->json;
    bool first = true, has_type = false, has_shape = false, has_offsets = false, twice = false;
    tensor->type = (enum annc_tensor_type)0;
    char member[NAME_BYTES], type[NAME_BYTES] = "";
    uint64_t offsets[2] = {0, 0};
    uint32_t offset_count = 0;
    annc_json_take(json, '{');
    while (annc_json_next(json, '}', &first)) {
        if (!annc_json_read_string(json, member, sizeof member) || !annc_json_take(json, ':'))
            break;
        bool *has = NULL;
        if (strcmp(member, "dtype") == 0) {
            has = &has_type;
            annc_json_read_string(json, type, sizeof type);
        } else if (strcmp(member, "shape") == 0) {
            has = &has_shape;
            parse_whole_array(json, tensor->shape, MOST_RANK, &tensor->rank);
        } else if (strcmp(member, "data_offsets") == 0) {
            has = &has_offsets;
            parse_whole_array(json, offsets, 2, &offset_count);
        } else {
            json->error = "has an unknown member in a tensor";
        }
        if (json->error)
            break;
        twice = twice || *has;
        *has = true;
    }
    if (json->error)
        return json_failed(file);
    if (twice)
        return annc_model_malformed_tensor(file, tensor, "has the same member twice");
    if (!has_type || !has_shape || !has_offsets || offset_count != 2)
        return annc_model_malformed_tensor(file, tensor, "lacks dtype, shape or data_offsets");
    while (tensor->type < TYPES && strcmp(TYPE[tensor->type].name, type) != 0)
        tensor->type = (enum annc_tensor_type)(tensor->type + 1);
    if (tensor->type == TYPES)
        return annc_model_malformed_tensor(file, tensor, "is not of type F32, F64, F16 or BF16");
    tensor->begin = offsets[0];
    tensor->end = offsets[1];
    return ANNC_OK;
}

/* Returns whether a tensor's offsets match its shape, in arithmetic that cannot overflow. */
static bool offsets_fit(const struct annc_tensor *tensor)
{
    uint64_t bytes = TYPE[tensor->type].bytes;
    for (uint32_t d = 0; d < tensor->rank; d++)
        if (__builtin_mul_overflow(bytes, tensor->shape[d], &bytes))
            return false;
    return tensor->begin <= tensor->end && tensor->end - tensor->begin == bytes;
}

static annc_status parse_header(struct annc_model_file *file)
{
    annc_status status = ANNC_OK;
    struct annc_json_reader *json = &file->json;
    bool first = true, has_metadata = false;
    annc_json_take(json, '{');
    while (annc_json_next(json, '}', &first)) {
        struct annc_tensor *tensor = &file->tensors[file->tensor_count < MOST_TENSORS ? file->tensor_count : 0];
        if (!annc_json_read_string(json, file->string, json->size + 1) || !annc_json_take(json, ':'))
            break;
        if (strcmp(file->string, "__metadata__") == 0) {
            if (has_metadata)
                return annc_model_malformed(file, "has __metadata__ twice");
            has_metadata = true;
            ANNC_TRY(parse_metadata(file));
            continue;
        }
        if (file->tensor_count == MOST_TENSORS)
            return annc_model_malformed(file, "has more tensors than a network can have");
        snprintf(tensor->name, sizeof tensor->name, "%.*s", NAME_BYTES - 1, file->string);
        for (size_t i = 0; i < file->tensor_count; i++)
            if (strcmp(file->tensors[i].name, tensor->name) == 0)
                return annc_model_malformed_tensor(file, tensor, "appears twice");
        ANNC_TRY(parse_tensor(file, tensor));
        if (!offsets_fit(tensor))
            return annc_model_malformed_tensor(file, tensor, "has offsets that disagree with its shape");
        file->tensor_count++;
    }
    while (!json->error && json->at < json->size && json->text[json->at] == ' ')
        json->at++;
    if (!json->error && json->at < json->size)
        json->error = "has data after its end";
    if (json->error)
        return json_failed(file);
out:
    return status;
}

/* ---------------------------------------------------------------- the tensors */

static int by_offset(const void *a, const void *b)
{
    const struct annc_tensor *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Checks that the tensors fill the rest of the file without overlap. */
static annc_status check_layout(struct annc_model_file *file)
{
    uint64_t end = 0;
    qsort(file->tensors, file->tensor_count, sizeof *file->tensors, by_offset);
    for (size_t i = 0; i < file->tensor_count; i++) {
        const struct annc_tensor *tensor = &file->tensors[i];
        if (tensor->begin != end)
            return annc_model_malformed_tensor(file, tensor,
                                               tensor->begin < end ? "overlaps another" : "leaves a gap before it");
        end = tensor->end;
    }
    if (end != file->file_bytes - file->data_begin)
        return annc_model_malformed(file, end > file->file_bytes - file->data_begin
                                              ? "is cut short: its tensors extend past its end"
                                              : "has extra bytes after its tensors");
    return ANNC_OK;
}

/* Compares the checksum in the header with that of the file, in which its own digits are zeros. */
static annc_status check_sum(struct annc_model_file *file)
{
    annc_status status = ANNC_OK;
    enum { PIECE = 1 << 16 };
    unsigned char *piece = NULL;
    char digits[CHECKSUM_DIGITS + 1];
    const uint64_t length = file->json.size, end = file->file_bytes;
    if (file->checksum_at == 0)
        return ANNC_OK;
    char *const place = file->header + file->checksum_at;
    ANNC_TRY(annc_allocate(PIECE, 1, "a model's data", (void **)&piece));
    memcpy(digits, place, CHECKSUM_DIGITS);
    digits[CHECKSUM_DIGITS] = '\0';
    memset(place, '0', CHECKSUM_DIGITS);
    uint32_t sum = annc_crc32(annc_crc32(ANNC_CRC32, &length, sizeof length), file->header, length);
    memcpy(place, digits, CHECKSUM_DIGITS);
    for (uint64_t at = file->data_begin; at < end;) {
        const size_t now = end - at < PIECE ? (size_t)(end - at) : PIECE;
        ANNC_TRY(read_at(file, at, piece, now));
        sum = annc_crc32(sum, piece, now);
        at += now;
    }
    if (sum != strtoul(digits, NULL, 16))
        status = annc_model_malformed(file, "does not match its checksum: the file is damaged, or another program "
                                            "changed it and kept " ANNC_CHECKSUM_KEY " in its metadata");
out:
    annc_release(piece);
    return status;
}

/* ---------------------------------------------------------------- values */

static double value_of(enum annc_tensor_type type, const unsigned char *bytes)
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

static annc_status read_tensor(const struct annc_model_file *file, const struct annc_tensor *tensor, float *values)
{
    annc_status status = ANNC_OK;
    enum { PIECE = 1 << 13 };
    unsigned char piece[PIECE];
    const size_t width = TYPE[tensor->type].bytes, count = (size_t)(tensor->end - tensor->begin) / width;
    for (size_t done = 0; done < count;) {
        const size_t now = count - done < PIECE / width ? count - done : PIECE / width;
        ANNC_TRY(read_at(file, file->data_begin + tensor->begin + done * width, piece, now * width));
        for (size_t i = 0; i < now; i++) {
            values[done + i] = (float)value_of(tensor->type, piece + i * width);
            if (!isfinite(values[done + i]))
                return annc_model_malformed_tensor(file, tensor, "has a value that is not finite");
        }
        done += now;
    }
out:
    return status;
}

/* Rejects the files of other formats by their first bytes. */
static annc_status reject_others(const struct annc_model_file *file)
{
    enum { MOST = 512 };
    unsigned char bytes[MOST];
    const size_t count = file->file_bytes < MOST ? (size_t)file->file_bytes : MOST;
    ANNC_RETURN_IF_FAILED(read_at(file, 0, bytes, count));
    const struct annc_other_format *other = annc_other_format(ANNC_AS_MODEL, bytes, count);
    char what[1024];
    if (!other)
        return ANNC_OK;
    snprintf(what, sizeof what, "is %s; %s", other->what, other->remedy);
    return annc_model_malformed(file, what);
}

annc_status annc_model_load(const char *path, const annc_shape *assumed, annc_network **network)
{
    ANNC_REQUIRE_RESULT(network, "network");
    ANNC_REQUIRE(path, "path");
    annc_status status = ANNC_OK;
    struct annc_model_file *file = NULL;
    if (annc_zip_begins(path))
        return annc_model_load_npz(path, assumed, network);
    ANNC_TRY(annc_allocate(1, sizeof *file, "a file", (void **)&file));
    file->path = path;
    file->descriptor = -1;
    file->read = read_tensor;
    ANNC_TRY(annc_allocate(1, sizeof *file->metadata, "a file", (void **)&file->metadata));
    ANNC_TRY(open_file(file));
    ANNC_TRY(reject_others(file));
    ANNC_TRY(read_header(file));
    ANNC_TRY(parse_header(file));
    ANNC_TRY(check_layout(file));
    ANNC_TRY(check_sum(file));
    ANNC_TRY(annc_model_make(file, assumed, network));
out:
    if (file) {
        if (file->descriptor >= 0)
            close(file->descriptor);
        annc_release(file->header);
        annc_release(file->string);
        annc_network_free(file->metadata);
        annc_release(file);
    }
    return status;
}
