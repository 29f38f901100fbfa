/* model_write.c - writes a network as a safetensors file. */
#include "base/checksum.h"
#include "base/json/json_write.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "network/files/model_check.h"
#include "network/files/model_file.h"
#include "network/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian, and so must the machine be"
#endif

static const char NO_CHECKSUM[] = "00000000";

/* A checkpoint has more metadata than a model: keys, and bytes of the header. */
enum { OF_A_CHECKPOINT = 8, BYTES_OF_A_CHECKPOINT = 1 << 18 };

static void append_tensor(struct annc_json_writer *json, const char *name, size_t rows, size_t columns, size_t *offset)
{
    const size_t bytes = rows * (columns ? columns : 1) * sizeof(float);
    annc_json_write_open(json, name, '{');
    annc_json_write_string(json, "dtype", "F32");
    annc_json_write_open(json, "shape", '[');
    annc_json_write_whole(json, NULL, rows);
    if (columns)
        annc_json_write_whole(json, NULL, columns);
    annc_json_write_close(json, ']');
    annc_json_write_open(json, "data_offsets", '[');
    annc_json_write_whole(json, NULL, *offset);
    *offset += bytes;
    annc_json_write_whole(json, NULL, *offset);
    annc_json_write_close(json, ']');
    annc_json_write_close(json, '}');
}

/* Appends the metadata in the order of their keys, the checksum as zeros. Returns the place of its
 * digits. */
static size_t append_metadata(struct annc_json_writer *json, const annc_network *network)
{
    size_t place = 0;
    annc_json_write_open(json, "__metadata__", '{');
    for (size_t i = 0; i <= network->metadata_count; i++) {
        const struct annc_metadata_entry *entry =
            i < network->metadata_count ? &network->metadata[i] : &(struct annc_metadata_entry){NULL, NULL};
        if (place == 0 && (!entry->key || strcmp(entry->key, ANNC_CHECKSUM_KEY) > 0)) {
            annc_json_write_string(json, ANNC_CHECKSUM_KEY, NO_CHECKSUM);
            place = json->text.length - 1 - CHECKSUM_DIGITS;
        }
        if (entry->key)
            annc_json_write_string(json, entry->key, entry->value);
    }
    annc_json_write_close(json, '}');
    return place;
}

/* Appends the header: metadata, then the tensors in the order of the parameter block, further
 * blocks, and blanks up to a multiple of 8. Returns the place of the checksum's digits. */
static size_t append_header(struct annc_json_writer *json, const annc_network *network)
{
    const annc_shape *shape = &network->shape;
    char name[ANNC_BLOCK_NAME + 32];
    size_t offset = 0;
    annc_json_write_open(json, NULL, '{');
    const size_t place = append_metadata(json, network);
    for (uint32_t l = 1; l <= shape->layers; l++) {
        snprintf(name, sizeof name, "%u.weight", 2 * (l - 1));
        append_tensor(json, name, shape->width[l], shape->width[l - 1], &offset);
        snprintf(name, sizeof name, "%u.bias", 2 * (l - 1));
        append_tensor(json, name, shape->width[l], 0, &offset);
    }
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++) {
        snprintf(name, sizeof name, "annc.%s", network->blocks[i].name);
        if (network->blocks[i].values)
            append_tensor(json, name, annc_shape_parameters(shape), 0, &offset);
    }
    annc_json_write_close(json, '}');
    while (json->text.status == ANNC_OK && json->text.length % 8 != 0)
        annc_buffer_add(&json->text, " ", 1);
    return place;
}

/* ---------------------------------------------------------------- what can be loaded again */

static annc_status check_finite(const char *name, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return annc_fail(ANNC_DIVERGED, "value %zu of %s is not finite: such a model cannot be saved", i, name);
    return ANNC_OK;
}

/* Checks everything but the length of the header. `more` metadata keys will be added. */
static annc_status check_content(const annc_network *network, size_t more)
{
    const size_t count = annc_shape_parameters(&network->shape);
    static const char *const needed[] = {"annc.layers", "annc.activations", "annc.cost"};
    if (network->metadata_count + more > MOST_METADATA)
        return annc_fail(ANNC_INPUT, "the model has %zu metadata keys; a file can hold at most %zu",
                         network->metadata_count, MOST_METADATA - more);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!annc_network_metadata(network, needed[i]))
            return annc_fail(ANNC_INPUT, "the model's %s is missing", needed[i]);
    ANNC_RETURN_IF_FAILED(annc_model_check_metadata(network));
    ANNC_RETURN_IF_FAILED(check_finite("the parameters", network->theta, count));
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++)
        if (network->blocks[i].values)
            ANNC_RETURN_IF_FAILED(check_finite(network->blocks[i].name, network->blocks[i].values, count));
    return ANNC_OK;
}

/* Checks the length of a header to which `more` bytes will be added. */
static annc_status check_header(const struct annc_json_writer *header, size_t more)
{
    ANNC_RETURN_IF_FAILED(header->text.status);
    if (header->text.length + more <= MOST_HEADER_BYTES)
        return ANNC_OK;
    return annc_fail(ANNC_INPUT,
                     "the names and the scaling of the model's columns take %zu bytes, more than the %zu that a model "
                     "file can hold: use fewer columns",
                     header->text.length, MOST_HEADER_BYTES - more);
}

annc_status annc_model_check(const annc_network *network)
{
    ANNC_REQUIRE(network, "network");
    annc_status status = ANNC_OK;
    struct annc_json_writer header = {.replacement = NULL};
    ANNC_TRY(check_content(network, OF_A_CHECKPOINT));
    append_header(&header, network);
    ANNC_TRY(check_header(&header, BYTES_OF_A_CHECKPOINT));
out:
    annc_buffer_free(&header.text);
    return status;
}

/* ---------------------------------------------------------------- saving */

/* Writes the checksum of the whole file, in which its own digits are zeros, into the header. */
static void put_checksum(struct annc_json_writer *header, size_t place, const annc_network *network, size_t bytes)
{
    const uint64_t length = header->text.length;
    char digits[CHECKSUM_DIGITS + 1];
    uint32_t sum = annc_crc32(ANNC_CRC32, &length, sizeof length);
    sum = annc_crc32(sum, header->text.bytes, length);
    sum = annc_crc32(sum, network->theta, bytes);
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++)
        if (network->blocks[i].values)
            sum = annc_crc32(sum, network->blocks[i].values, bytes);
    snprintf(digits, sizeof digits, "%08x", sum);
    memcpy(header->text.bytes + place, digits, CHECKSUM_DIGITS);
}

annc_status annc_model_save(const annc_network *network, const char *path)
{
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(path, "path");
    annc_status status = ANNC_OK;
    const size_t bytes = annc_shape_parameters(&network->shape) * sizeof(float);
    struct annc_json_writer header = {.replacement = NULL};
    struct annc_safe_file file = {.temporary = {.descriptor = -1}};
    ANNC_TRY(check_content(network, 0));
    const size_t place = append_header(&header, network);
    ANNC_TRY(check_header(&header, 0));
    put_checksum(&header, place, network, bytes);
    ANNC_TRY(annc_safe_open(path, &file));
    const uint64_t length = header.text.length;
    ANNC_TRY(annc_safe_write(&file, &length, sizeof length));
    ANNC_TRY(annc_safe_write(&file, header.text.bytes, header.text.length));
    ANNC_TRY(annc_safe_write(&file, network->theta, bytes));
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++)
        if (network->blocks[i].values)
            ANNC_TRY(annc_safe_write(&file, network->blocks[i].values, bytes));
    ANNC_TRY(annc_safe_commit(&file));
out:
    annc_safe_abandon(&file);
    annc_buffer_free(&header.text);
    return status;
}

annc_status annc_model_can_save(const char *path)
{
    ANNC_REQUIRE(path, "path");
    struct annc_safe_file file;
    const annc_status status = annc_safe_open(path, &file);
    annc_safe_abandon(&file);
    return status;
}
