/* exif.c - which way is up in a picture, as EXIF has it. */
#include "formats/exif.h"
#include "base/allocate.h"
#include "base/checksum.h"
#include "base/status.h"

#include <string.h>

/* ---------------------------------------------------------------- EXIF */

enum { ENTRY = 12, ORIENTATION = 0x0112, SHORT = 3, HEADER = 8, MOST_ORIENTATION = 8 };

static uint32_t number_at(const uint8_t *bytes, size_t count, bool is_big)
{
    uint32_t number = 0;
    for (size_t i = 0; i < count; i++)
        number |= (uint32_t)bytes[is_big ? count - 1 - i : i] << 8 * i;
    return number;
}

int annc_exif_orientation(const uint8_t *bytes, size_t size)
{
    const bool is_big = size >= HEADER && memcmp(bytes, "MM\0*", 4) == 0;
    if (size < HEADER || (!is_big && memcmp(bytes, "II*\0", 4) != 0))
        return ANNC_ORIENTATION_DAMAGED;
    const size_t directory = number_at(bytes + 4, 4, is_big);
    if (directory > size || size - directory < 2)
        return ANNC_ORIENTATION_DAMAGED;
    const size_t entries = number_at(bytes + directory, 2, is_big);
    if (entries * ENTRY > size - directory - 2)
        return ANNC_ORIENTATION_DAMAGED;
    for (size_t i = 0; i < entries; i++) {
        const uint8_t *entry = bytes + directory + 2 + i * ENTRY;
        if (number_at(entry, 2, is_big) != ORIENTATION)
            continue;
        const uint32_t orientation = number_at(entry + 8, 2, is_big);
        return number_at(entry + 2, 2, is_big) == SHORT && orientation >= 1 && orientation <= MOST_ORIENTATION
                   ? (int)orientation
                   : ANNC_ORIENTATION_DAMAGED;
    }
    return 0;
}

/* ---------------------------------------------------------------- the chunk of a PNG */

enum { SIGNATURE = 8, HEAD = 8, CRC = 4 };

static annc_status keep(struct annc_exif_chunk *chunk, uint8_t byte)
{
    annc_status status = ANNC_OK;
    if (chunk->size == chunk->room) {
        const size_t room = chunk->room == 0 ? 64 : 2 * chunk->room;
        ANNC_TRY(annc_resize(room, 1, "a picture's orientation", (void **)&chunk->bytes));
        chunk->room = room;
    }
    chunk->bytes[chunk->size++] = byte;
out:
    return status;
}

annc_status annc_exif_chunk_pass(struct annc_exif_chunk *chunk, const uint8_t *bytes, size_t count)
{
    annc_status status = ANNC_OK;
    size_t i = 0;
    while (i < count) {
        const uint64_t begin = chunk->begin == 0 ? SIGNATURE : chunk->begin;
        const uint64_t length = chunk->at < begin + HEAD ? 0 : number_at(chunk->head, 4, true);
        const uint64_t end = begin + HEAD + length + CRC;
        chunk->begin = begin;
        if (chunk->at < begin) { /* the signature */
            chunk->at++;
            i++;
        } else if (chunk->at < begin + HEAD) {
            chunk->head[chunk->at++ - begin] = bytes[i++];
            chunk->is_exif = chunk->at == begin + HEAD && memcmp(chunk->head + 4, "eXIf", 4) == 0 && chunk->size == 0;
        } else if (chunk->is_exif) {
            ANNC_TRY(keep(chunk, bytes[i++]));
            chunk->at++;
        } else {
            const uint64_t rest = end - chunk->at, now = rest < count - i ? rest : count - i;
            chunk->at += now;
            i += (size_t)now;
        }
        if (chunk->at >= begin + HEAD && chunk->at == begin + HEAD + number_at(chunk->head, 4, true) + CRC) {
            chunk->begin = chunk->at;
            chunk->is_exif = false;
        }
    }
out:
    return status;
}

int annc_exif_chunk_orientation(const struct annc_exif_chunk *chunk)
{
    if (chunk->size == 0)
        return 0;
    if (chunk->size < CRC)
        return ANNC_ORIENTATION_DAMAGED;
    const size_t length = chunk->size - CRC;
    const uint32_t crc = annc_crc32(annc_crc32(ANNC_CRC32, "eXIf", 4), chunk->bytes, length);
    return crc == number_at(chunk->bytes + length, CRC, true) ? annc_exif_orientation(chunk->bytes, length)
                                                              : ANNC_ORIENTATION_DAMAGED;
}
