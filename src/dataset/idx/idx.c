/* idx.c - reads IDX files, the format of MNIST. */
#include "dataset/idx/idx.h"
#include "base/allocate.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The maximum ratio of deflate: it bounds the contents of a gzip file before unpacking. */
static const double MOST_DEFLATE_RATIO = 1032;
enum { CHUNK = 1 << 16, FIRST_ROOM = 1 << 16 };

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t little_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* Returns the bytes per element of a type, or 0 for an unknown type. */
static size_t element_bytes(unsigned type)
{
    switch (type) {
    case 0x08: /* unsigned byte */
    case 0x09: /* signed byte */
        return 1;
    case 0x0B: /* short */
        return 2;
    case 0x0C: /* int */
    case 0x0D: /* float */
        return 4;
    case 0x0E: /* double */
        return 8;
    default:
        return 0;
    }
}

/* Returns a big-endian element as a number; not for unsigned bytes, which stay unchanged. */
static double element(unsigned type, const unsigned char *bytes)
{
    uint64_t bits = 0;
    float single;
    double number;
    for (size_t i = 0; i < element_bytes(type); i++)
        bits = bits << 8 | bytes[i];
    const uint32_t word = (uint32_t)bits;
    switch (type) {
    case 0x09:
        return (int8_t)bits;
    case 0x0B:
        return (int16_t)bits;
    case 0x0C:
        return (int32_t)bits;
    case 0x0D:
        memcpy(&single, &word, sizeof single);
        return (double)single;
    default: /* 0x0E */
        memcpy(&number, &bits, sizeof number);
        return number;
    }
}

/* ---------------------------------------------------------------- the header */

/* Checks the number of elements against the file's size, as far as possible before reading. */
static annc_status check_size(const struct annc_stream *stream, const unsigned char *sizes, uint32_t rank,
                              size_t header, size_t width, size_t count)
{
    const uint64_t bytes = annc_product(count, width), file = annc_stream_file_bytes(stream);
    const int layers = annc_stream_gzip_layers(stream);
    if (layers > 0) {
        const double most = (double)file * (layers == 2 ? MOST_DEFLATE_RATIO * MOST_DEFLATE_RATIO : MOST_DEFLATE_RATIO);
        if ((double)bytes <= most && bytes > annc_stream_most_unpacked(file))
            return annc_stream_malformed(stream, "unpacks to %llu MB; unpack it with gunzip first",
                                         (unsigned long long)(bytes >> 20));
        if ((double)bytes <= most)
            return ANNC_OK;
        return annc_stream_malformed(stream,
                                     "claims %llu bytes, more than its %llu bytes of gzip can hold; download it again",
                                     (unsigned long long)bytes, (unsigned long long)file);
    }
    if (file == UINT64_MAX || bytes == file - header)
        return ANNC_OK;
    size_t swapped = width;
    for (uint32_t d = 0; d < rank; d++)
        swapped = annc_product(swapped, little_endian(sizes + 4 * (size_t)d));
    if (swapped == file - header)
        return annc_stream_malformed(stream, "has little-endian sizes; IDX is big-endian");
    return annc_stream_malformed(stream,
                                 "%s: its header claims %llu bytes of elements, but it has %llu; download it again",
                                 bytes > file - header ? "is cut short" : "is too long", (unsigned long long)bytes,
                                 (unsigned long long)(file - header));
}

static annc_status read_header(struct annc_stream *stream, struct annc_idx *idx, unsigned *type)
{
    annc_status status = ANNC_OK;
    unsigned char magic[4], sizes[4 * ANNC_IDX_MOST_RANK];
    size_t got;
    ANNC_TRY(annc_stream_read(stream, magic, sizeof magic, &got));
    if (got < sizeof magic)
        return annc_stream_malformed(stream, "is cut short: %zu bytes are too few for an IDX header; download it again",
                                     got);
    if (magic[0] != 0 && magic[2] == 0 && magic[3] == 0 && element_bytes(magic[1]) > 0)
        return annc_stream_malformed(stream, "has a little-endian header; IDX is big-endian");
    if (magic[0] != 0 || magic[1] != 0 || element_bytes(magic[2]) == 0)
        return annc_stream_malformed(stream, "is not an IDX file: it begins with %02x %02x %02x %02x", magic[0],
                                     magic[1], magic[2], magic[3]);
    *type = magic[2];
    idx->rank = magic[3];
    if (idx->rank < 1 || idx->rank > ANNC_IDX_MOST_RANK)
        return annc_stream_malformed(stream, "has %u dimensions; 1 to %d can be read", idx->rank, ANNC_IDX_MOST_RANK);
    ANNC_TRY(annc_stream_read(stream, sizes, 4 * (size_t)idx->rank, &got));
    if (got < 4 * (size_t)idx->rank)
        return annc_stream_malformed(stream, "is cut short inside its header; download it again");
    idx->count = 1;
    for (uint32_t d = 0; d < idx->rank; d++) {
        idx->size[d] = big_endian(sizes + 4 * (size_t)d);
        idx->count = annc_product(idx->count, idx->size[d]);
    }
    if (idx->count == 0)
        return annc_stream_malformed(stream, "has no examples: its header says %u", idx->size[0]);
    ANNC_TRY(check_size(stream, sizes, idx->rank, 4 + 4 * (size_t)idx->rank, element_bytes(*type), idx->count));
out:
    return status;
}

/* ---------------------------------------------------------------- the elements */

/* Converts `count` elements; the first is element `first` of the file. */
static annc_status convert(const struct annc_stream *stream, unsigned type, const unsigned char *bytes, size_t count,
                           size_t first, float *values)
{
    const size_t width = element_bytes(type);
    for (size_t i = 0; i < count; i++) {
        values[i] = (float)element(type, bytes + i * width);
        if (!isfinite(values[i]))
            return annc_stream_malformed(stream, "element %zu is not finite, or too large for single precision",
                                         first + i);
    }
    return ANNC_OK;
}

static annc_status read_elements(struct annc_stream *stream, struct annc_idx *idx, unsigned type)
{
    annc_status status = ANNC_OK;
    const bool bytes = type == 0x08;
    const size_t width = element_bytes(type), stored = bytes ? 1 : sizeof(float);
    unsigned char chunk[CHUNK];
    size_t done = 0, room = 0, got;
    idx->type = bytes ? ANNC_BYTES : ANNC_FLOATS;
    while (done < idx->count) {
        if (done == room) {
            room = room == 0 ? FIRST_ROOM : 2 * room;
            room = room < idx->count ? room : idx->count;
            ANNC_TRY(annc_resize(room, stored, "the examples", &idx->elements));
        }
        size_t wanted = CHUNK / width < room - done ? CHUNK / width : room - done;
        void *target = bytes ? (unsigned char *)idx->elements + done : chunk;
        if (bytes)
            wanted = room - done;
        ANNC_TRY(annc_stream_read(stream, target, wanted * width, &got));
        if (got < wanted * width)
            return annc_stream_malformed(stream, "is cut short: element %zu of %zu is missing; download it again",
                                         done + got / width, idx->count);
        if (!bytes)
            ANNC_TRY(convert(stream, type, chunk, wanted, done, (float *)idx->elements + done));
        done += wanted;
    }
    ANNC_TRY(annc_stream_read(stream, chunk, 1, &got));
    if (got > 0)
        return annc_stream_malformed(
            stream, "is too long: its header claims %zu elements, but more follow; download it again", idx->count);
out:
    return status;
}

/* Maps the bytes of a raw file. */
static annc_status map_elements(const struct annc_stream *stream, struct annc_idx *idx)
{
    annc_status status = ANNC_OK;
    idx->type = ANNC_BYTES;
    ANNC_TRY(annc_stream_map(stream, &idx->mapping));
    idx->elements = (unsigned char *)idx->mapping.base + (idx->mapping.length - idx->count);
out:
    return status;
}

void annc_idx_free(struct annc_idx *idx)
{
    if (!idx->mapping.base)
        annc_release(idx->elements);
    annc_unmap(&idx->mapping);
    idx->elements = NULL;
}

annc_status annc_idx_read(struct annc_stream *stream, bool maps, struct annc_idx *idx)
{
    annc_status status = ANNC_OK;
    unsigned type = 0;
    memset(idx, 0, sizeof *idx);
    idx->gzip_layers = annc_stream_gzip_layers(stream);
    ANNC_TRY(read_header(stream, idx, &type));
    if (type == 0x08 && idx->gzip_layers == 0 && annc_stream_file_bytes(stream) < UINT64_MAX &&
        (maps || annc_is_too_large_to_read(annc_stream_file_bytes(stream))))
        ANNC_TRY(map_elements(stream, idx));
    else
        ANNC_TRY(read_elements(stream, idx, type));
out:
    if (status != ANNC_OK)
        annc_idx_free(idx);
    return status;
}
