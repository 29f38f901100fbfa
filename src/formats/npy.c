/* npy.c - reads NumPy's array files. */
#include "formats/npy.h"
#include "base/allocate.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 6, MOST_HEADER = 1 << 16, FIRST_ROOM = 1 << 16, MOST_ELEMENT = 8 };

/* The element type in a header. */
struct type {
    char kind;       /* b(ool), i, u, f */
    size_t bytes;    /* of an element */
    bool big_endian; /* if relevant */
};

struct header {
    struct type type;
    bool fortran_order;
};

static annc_status malformed(const struct annc_array *array, const char *what)
{
    return annc_fail(ANNC_INPUT, "%s: %s", array->name, what);
}

bool annc_npy_begins(const void *bytes)
{
    return memcmp(bytes, "\x93NUMPY", MAGIC) == 0;
}

void annc_array_shape(const struct annc_array *array, char *text, size_t size)
{
    size_t used = 0;
    snprintf(text, size, "a single number");
    for (uint32_t d = 0; d < array->rank && used < size; d++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu", d ? "x" : "", array->size[d]);
}

/* ---------------------------------------------------------------- header: a Python dictionary */

/* Returns the value of a key, or NULL. */
static const char *value_of(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(header, quoted);
    if (!at)
        return NULL;
    at += strlen(quoted);
    at += strspn(at, " ");
    return *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

static annc_status parse_type(struct annc_array *array, const char *text, struct type *type)
{
    if (!text || text[0] != '\'' || !text[1] || !strchr("<>|=", text[1]))
        return malformed(array, "has a structured type with several fields; save each field as a separate array");
    type->kind = text[2];
    type->bytes = text[2] ? strtoul(text + 3, NULL, 10) : 0;
    type->big_endian = text[1] == '>';
    if (type->kind == 'O')
        return malformed(array, "holds Python objects, which cannot be read; save it as float32");
    if (type->kind == 'b' && type->bytes == 1)
        return ANNC_OK;
    if (strchr("iu", type->kind) && (type->bytes == 1 || type->bytes == 2 || type->bytes == 4 || type->bytes == 8))
        return ANNC_OK;
    if (type->kind == 'f' && (type->bytes == 2 || type->bytes == 4 || type->bytes == 8))
        return ANNC_OK;
    char name[9], shown[32];
    snprintf(name, sizeof name, "%s", text);
    return annc_fail(ANNC_INPUT, "%s: has elements of type %s; readable types are bool, integers, f2, f4 and f8",
                     array->name, annc_printable(name, shown, sizeof shown));
}

static annc_status parse_shape(struct annc_array *array, const char *text)
{
    if (!text || *text != '(')
        return malformed(array, "has a header without a shape");
    array->count = 1;
    for (text++; *text != ')';) {
        char *end;
        const unsigned long long size = strtoull(text, &end, 10);
        if (end == text || *text == '-' || array->rank == ANNC_ARRAY_MOST_RANK)
            return malformed(array, "has an invalid shape in its header");
        array->size[array->rank++] = (size_t)size;
        array->count = annc_product(array->count, (size_t)size);
        text = end + strspn(end, "L, ");
    }
    return ANNC_OK;
}

static annc_status read_exactly(const struct annc_bytes *bytes, const struct annc_array *array, void *to, size_t count)
{
    annc_status status = ANNC_OK;
    size_t got;
    ANNC_TRY(bytes->read(bytes->source, to, count, &got));
    if (got < count)
        return malformed(array, "is cut short");
out:
    return status;
}

/* Reads magic, version, the header's length (2 bytes, or 4 from version 2 on), and the header, a
 * Python dictionary of three known keys. */
static annc_status read_header(const struct annc_bytes *bytes, struct annc_array *array, struct header *header,
                               uint64_t *length)
{
    annc_status status = ANNC_OK;
    unsigned char begin[MAGIC + 2], size[4] = {0};
    char *text = NULL;
    ANNC_TRY(read_exactly(bytes, array, begin, sizeof begin));
    if (!annc_npy_begins(begin))
        ANNC_TRY(malformed(array, "is not an NPY array"));
    if (begin[MAGIC] < 1 || begin[MAGIC] > 3)
        ANNC_TRY(
            annc_fail(ANNC_INPUT, "%s: has NPY version %u; readable versions are 1 to 3", array->name, begin[MAGIC]));
    const size_t width = begin[MAGIC] == 1 ? 2 : 4;
    ANNC_TRY(read_exactly(bytes, array, size, width));
    const size_t count = (size_t)size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
    if (count > MOST_HEADER)
        ANNC_TRY(malformed(array, "has a header longer than 65536 bytes"));
    ANNC_TRY(annc_allocate(count + 1, 1, "a header", (void **)&text));
    ANNC_TRY(read_exactly(bytes, array, text, count));
    ANNC_TRY(parse_type(array, value_of(text, "descr"), &header->type));
    ANNC_TRY(parse_shape(array, value_of(text, "shape")));
    const char *fortran = value_of(text, "fortran_order");
    if (!fortran || (strncmp(fortran, "True", 4) != 0 && strncmp(fortran, "False", 5) != 0))
        ANNC_TRY(malformed(array, "has a header without fortran_order"));
    header->fortran_order = *fortran == 'T';
    *length = sizeof begin + width + count;
out:
    annc_release(text);
    return status;
}

/* ---------------------------------------------------------------- elements */

static double element(const struct type *type, const unsigned char *bytes)
{
    uint64_t bits = 0;
    float single;
    double number;
    for (size_t i = 0; i < type->bytes; i++)
        bits |= (uint64_t)bytes[type->big_endian ? type->bytes - 1 - i : i] << (8 * i);
    if (type->kind == 'b')
        return bits != 0;
    if (type->kind == 'u')
        return (double)bits;
    if (type->kind == 'i') {
        const int unused = 64 - 8 * (int)type->bytes;
        return (double)((int64_t)(bits << unused) >> unused);
    }
    if (type->bytes == 2)
        return annc_number_of_half((uint16_t)bits);
    if (type->bytes == 4) {
        const uint32_t word = (uint32_t)bits;
        memcpy(&single, &word, sizeof single);
        return (double)single;
    }
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Reads the bytes of all elements into a growing block. */
static annc_status read_raw(const struct annc_bytes *bytes, const struct annc_array *array, size_t total, void **raw)
{
    annc_status status = ANNC_OK;
    size_t done = 0, room = 0, got;
    char more;
    while (done < total) {
        room = room == 0 ? FIRST_ROOM : 2 * room;
        room = room < total ? room : total;
        ANNC_TRY(annc_resize(room, 1, "an array", raw));
        ANNC_TRY(bytes->read(bytes->source, (char *)*raw + done, room - done, &got));
        if (got < room - done)
            return annc_fail(ANNC_INPUT, "%s: is cut short: its header claims %zu bytes of elements, but it has %zu",
                             array->name, total, done + got);
        done = room;
    }
    ANNC_TRY(bytes->read(bytes->source, &more, 1, &got));
    if (got > 0)
        return malformed(array, "has extra bytes after its elements");
out:
    return status;
}

/* Returns the position in memory of element i in C order. */
static size_t place_of(const struct annc_array *array, bool fortran_order, size_t i)
{
    size_t place = 0, stride = 1, index[ANNC_ARRAY_MOST_RANK];
    if (!fortran_order)
        return i;
    for (uint32_t d = array->rank; d-- > 0;) {
        index[d] = i % array->size[d];
        i /= array->size[d];
    }
    for (uint32_t d = 0; d < array->rank; d++) {
        place += index[d] * stride;
        stride *= array->size[d];
    }
    return place;
}

static annc_status convert(const struct header *header, const unsigned char *raw, struct annc_array *array)
{
    annc_status status = ANNC_OK;
    const size_t width = header->type.bytes;
    ANNC_TRY(annc_allocate(array->count, array->is_bytes ? 1 : sizeof(double), "an array", &array->elements));
    for (size_t i = 0; i < array->count; i++) {
        const unsigned char *from = raw + place_of(array, header->fortran_order, i) * width;
        if (array->is_bytes)
            ((uint8_t *)array->elements)[i] = *from;
        else
            ((double *)array->elements)[i] = element(&header->type, from);
    }
out:
    return status;
}

annc_status annc_npy_read(const struct annc_bytes *bytes, const char *name, struct annc_array *array)
{
    annc_status status = ANNC_OK;
    struct header header = {{0, 0, false}, false};
    uint64_t length = 0;
    void *raw = NULL;
    memset(array, 0, sizeof *array);
    snprintf(array->name, sizeof array->name, "%s", name);
    ANNC_TRY(read_header(bytes, array, &header, &length));
    const size_t total = annc_product(array->count, header.type.bytes);
    if (array->count == 0)
        ANNC_TRY(malformed(array, "is empty"));
    if (length > bytes->most || total > bytes->most - length)
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s: is cut short: its header claims more elements than the file can hold",
                           array->name));
    array->is_bytes = header.type.kind == 'u' && header.type.bytes == 1;
    ANNC_TRY(read_raw(bytes, array, total, &raw));
    if (array->is_bytes && !header.fortran_order) {
        array->elements = raw;
        raw = NULL;
    } else {
        ANNC_TRY(convert(&header, raw, array));
    }
out:
    annc_release(raw);
    if (status != ANNC_OK)
        annc_array_free(array);
    return status;
}

/* ---------------------------------------------------------------- arrays in mapped files */

void annc_array_free(struct annc_array *array)
{
    if (!array->mapping.base)
        annc_release(array->elements);
    annc_unmap(&array->mapping);
    array->elements = NULL;
}

/* The bytes of a mapping that are not read yet. */
struct rest {
    const unsigned char *at;
    size_t count;
};

static annc_status read_rest(void *source, void *bytes, size_t count, size_t *got)
{
    struct rest *rest = source;
    *got = count < rest->count ? count : rest->count;
    memcpy(bytes, rest->at, *got);
    rest->at += *got;
    rest->count -= *got;
    return ANNC_OK;
}

static bool is_little_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

annc_status annc_npy_find(struct annc_mapping *file, const char *name, struct annc_array *array, bool *found)
{
    annc_status status = ANNC_OK;
    struct rest rest = {file->base, file->length};
    const struct annc_bytes bytes = {read_rest, &rest, file->length};
    struct header header = {{0, 0, false}, false};
    uint64_t length = 0;
    *found = false;
    memset(array, 0, sizeof *array);
    snprintf(array->name, sizeof array->name, "%s", name);
    ANNC_TRY(read_header(&bytes, array, &header, &length));
    const struct type *type = &header.type;
    array->is_bytes = type->kind == 'u' && type->bytes == 1;
    array->is_floats = type->kind == 'f' && type->bytes == sizeof(float) && type->big_endian != is_little_endian() &&
                       length % sizeof(float) == 0;
    if (array->count == 0 || header.fortran_order || !(array->is_bytes || array->is_floats) ||
        annc_product(array->count, type->bytes) != rest.count)
        return ANNC_OK; /* annc_npy_read converts it, or says what is wrong */
    array->elements = (unsigned char *)file->base + length;
    array->mapping = *file;
    *file = (struct annc_mapping){NULL, 0};
    *found = true;
out:
    return status;
}
