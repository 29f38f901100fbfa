/* zip.c - reads the members of a zip archive. */
#include "formats/zip.h"
#include "base/allocate.h"
#include "base/checksum.h"
#include "base/config.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/first_bytes.h"
#include "formats/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if ANNC_ZLIB_FOUND
#include <zlib.h>
#endif

enum {
    END_BYTES = 22, /* of the record at the end of a directory */
    MOST_COMMENT = 65535,
    LOCATOR_BYTES = 20, /* of the locator of the zip64 record */
    END64_BYTES = 56,
    ENTRY_BYTES = 46, /* of a member in the directory, without its name */
    LOCAL_BYTES = 30, /* of a member's own header, without its name */
    STORED = 0,
    DEFLATED = 8,
    ENCRYPTED = 1,
    ZIP64_EXTRA = 1,
    MOST_MEMBERS = 1 << 16,
    BUFFER = 1 << 16,
    MOST_DEFLATE_RATIO = 1032,
};

static annc_status damaged(const struct annc_zip *zip, const char *what)
{
    return annc_fail(ANNC_INPUT,
                     "%s: is a damaged zip archive: %s; unpack it with another program, or download it again",
                     zip->name, what);
}

static uint64_t little(const unsigned char *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

/* Reads exactly `count` bytes at a position in the file. */
static annc_status read_at(const struct annc_zip *zip, uint64_t at, void *bytes, size_t count)
{
    size_t done = 0;
    if (at > zip->file_bytes || count > zip->file_bytes - at)
        return damaged(zip, "it points outside the file");
    while (done < count) {
        const ssize_t got = pread(zip->descriptor, (char *)bytes + done, count - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return damaged(zip, "it cannot be read to its end");
        done += (size_t)got;
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- the directory */

/* Position of the directory, and number of members. */
struct directory {
    uint64_t at, bytes, count;
};

static annc_status read_end64(const struct annc_zip *zip, uint64_t locator_at, struct directory *directory)
{
    annc_status status = ANNC_OK;
    unsigned char locator[LOCATOR_BYTES], end[END64_BYTES];
    ANNC_TRY(read_at(zip, locator_at, locator, sizeof locator));
    if (memcmp(locator, "PK\6\7", 4) != 0)
        return damaged(zip, "its zip64 record is missing");
    ANNC_TRY(read_at(zip, little(locator + 8, 8), end, sizeof end));
    if (memcmp(end, "PK\6\6", 4) != 0)
        return damaged(zip, "its zip64 record is missing");
    directory->count = little(end + 32, 8);
    directory->bytes = little(end + 40, 8);
    directory->at = little(end + 48, 8);
out:
    return status;
}

/* Finds the record at the end, before a comment of any length. */
static annc_status find_directory(const struct annc_zip *zip, struct directory *directory)
{
    annc_status status = ANNC_OK;
    unsigned char *tail = NULL;
    const uint64_t wanted = END_BYTES + MOST_COMMENT;
    const size_t bytes = (size_t)(zip->file_bytes < wanted ? zip->file_bytes : wanted);
    ANNC_TRY(annc_allocate(bytes, 1, "an archive's end", (void **)&tail));
    ANNC_TRY(read_at(zip, zip->file_bytes - bytes, tail, bytes));
    size_t at = bytes < END_BYTES ? 0 : bytes - END_BYTES + 1;
    while (at > 0 && memcmp(tail + at - 1, "PK\5\6", 4) != 0)
        at--;
    if (at == 0)
        ANNC_TRY(damaged(zip, "it has no directory (cut short?)"));
    const unsigned char *end = tail + at - 1;
    const uint64_t end_at = zip->file_bytes - bytes + at - 1;
    directory->count = little(end + 10, 2);
    directory->bytes = little(end + 12, 4);
    directory->at = little(end + 16, 4);
    if (directory->count == 0xFFFF || directory->bytes == 0xFFFFFFFFu || directory->at == 0xFFFFFFFFu) {
        if (end_at < LOCATOR_BYTES)
            ANNC_TRY(damaged(zip, "its zip64 record is missing"));
        ANNC_TRY(read_end64(zip, end_at - LOCATOR_BYTES, directory));
    }
out:
    annc_release(tail);
    return status;
}

/* Reads sizes from the zip64 extra field: those whose 4 bytes are all ones, in this order. */
static annc_status read_extra(const struct annc_zip *zip, const unsigned char *extra, size_t bytes,
                              struct annc_zip_member *member)
{
    uint64_t *const fields[] = {&member->size, &member->packed, &member->header_at};
    for (size_t at = 0; at + 4 <= bytes;) {
        const size_t length = (size_t)little(extra + at + 2, 2);
        if (length > bytes - at - 4)
            return damaged(zip, "an extra field is too long");
        size_t next = at + 4;
        if (little(extra + at, 2) == ZIP64_EXTRA)
            for (int f = 0; f < 3; f++) {
                if (*fields[f] != 0xFFFFFFFFu)
                    continue;
                if (next + 8 > at + 4 + length)
                    return damaged(zip, "a zip64 field is too short");
                *fields[f] = little(extra + next, 8);
                next += 8;
            }
        at += 4 + length;
    }
    return ANNC_OK;
}

static annc_status check_member(const struct annc_zip *zip, const struct annc_zip_member *member, unsigned flags)
{
    if (flags & ENCRYPTED)
        return annc_fail(ANNC_INPUT, "%s: the member %s is encrypted", zip->name, member->name);
    if (member->method != STORED && member->method != DEFLATED)
        return annc_fail(ANNC_INPUT,
                         "%s: the member %s uses compression method %u; only stored and deflated members can be read",
                         zip->name, member->name, member->method);
    if (member->packed > zip->file_bytes || (member->method == STORED && member->packed != member->size) ||
        member->size / MOST_DEFLATE_RATIO > member->packed)
        return annc_fail(ANNC_INPUT,
                         "%s: the member %s claims %llu bytes, more than its %llu bytes in the file can hold",
                         zip->name, member->name, (unsigned long long)member->size, (unsigned long long)member->packed);
    if (member->method == DEFLATED && member->size > annc_stream_most_unpacked(zip->file_bytes))
        return annc_fail(ANNC_INPUT,
                         "%s: the member %s unpacks to %llu MB, over 100 times the size of the file; store it "
                         "unpacked",
                         zip->name, member->name, (unsigned long long)(member->size >> 20));
    return ANNC_OK;
}

/* Reads one entry; returns its bytes. */
static annc_status read_entry(struct annc_zip *zip, const unsigned char *entry, size_t left, size_t *taken)
{
    annc_status status = ANNC_OK;
    struct annc_zip_member *member = &zip->member[zip->count];
    char raw[ANNC_ARRAY_NAME];
    if (left < ENTRY_BYTES || memcmp(entry, "PK\1\2", 4) != 0)
        return damaged(zip, "its directory ends early");
    const size_t name = (size_t)little(entry + 28, 2), extra = (size_t)little(entry + 30, 2);
    *taken = ENTRY_BYTES + name + extra + (size_t)little(entry + 32, 2);
    if (*taken > left)
        return damaged(zip, "its directory ends early");
    snprintf(raw, sizeof raw, "%.*s", name < sizeof raw ? (int)name : (int)sizeof raw - 1, entry + ENTRY_BYTES);
    annc_printable(raw, member->name, sizeof member->name);
    member->method = (uint16_t)little(entry + 10, 2);
    member->crc = (uint32_t)little(entry + 16, 4);
    member->packed = little(entry + 20, 4);
    member->size = little(entry + 24, 4);
    member->header_at = little(entry + 42, 4);
    ANNC_TRY(read_extra(zip, entry + ENTRY_BYTES + name, extra, member));
    ANNC_TRY(check_member(zip, member, (unsigned)little(entry + 8, 2)));
    zip->count++;
out:
    return status;
}

static annc_status read_directory(struct annc_zip *zip)
{
    annc_status status = ANNC_OK;
    struct directory directory;
    unsigned char *bytes = NULL;
    ANNC_TRY(find_directory(zip, &directory));
    if (directory.bytes > zip->file_bytes || directory.count > MOST_MEMBERS ||
        directory.count > directory.bytes / ENTRY_BYTES)
        ANNC_TRY(damaged(zip, "its directory is larger than the file"));
    ANNC_TRY(annc_allocate((size_t)directory.bytes, 1, "an archive's directory", (void **)&bytes));
    ANNC_TRY(read_at(zip, directory.at, bytes, (size_t)directory.bytes));
    ANNC_TRY(
        annc_allocate((size_t)directory.count, sizeof *zip->member, "an archive's directory", (void **)&zip->member));
    size_t at = 0, taken = 0;
    uint64_t packed = 0;
    for (uint64_t i = 0; i < directory.count; i++) {
        ANNC_TRY(read_entry(zip, bytes + at, (size_t)directory.bytes - at, &taken));
        at += taken;
        packed += zip->member[i].packed; /* each at most the file's size: no overflow */
        if (packed > zip->file_bytes)
            ANNC_TRY(damaged(zip, "its members overlap"));
    }
out:
    annc_release(bytes);
    return status;
}

bool annc_zip_begins(const char *path)
{
    struct stat file;
    struct annc_zip zip = {.descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    char begin[4] = "";
    bool is = zip.descriptor >= 0 && fstat(zip.descriptor, &file) == 0 && S_ISREG(file.st_mode);
    if (is) {
        zip.file_bytes = (uint64_t)file.st_size;
        is = read_at(&zip, 0, begin, sizeof begin) == ANNC_OK && memcmp(begin, "PK\3\4", 4) == 0;
    }
    annc_zip_close(&zip);
    return is;
}

/* Rejects archives of other programs by their members. */
static annc_status reject_others(const struct annc_zip *zip)
{
    for (uint32_t i = 0; i < zip->count; i++) {
        const struct annc_other_format *other = annc_other_zip(zip->member[i].name);
        if (other)
            return annc_fail(ANNC_INPUT, "%s: is %s; %s", zip->name, other->what, other->remedy);
    }
    return ANNC_OK;
}

annc_status annc_zip_open(const char *path, struct annc_zip *zip)
{
    annc_status status = ANNC_OK;
    struct stat file;
    char reason[128] = "";
    memset(zip, 0, sizeof *zip);
    annc_printable(path, zip->name, sizeof zip->name);
    zip->descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (zip->descriptor < 0 || fstat(zip->descriptor, &file) != 0) {
        status = annc_fail(ANNC_INPUT, "%s: %s", zip->name, strerror_r(errno, reason, sizeof reason));
        goto out;
    }
    zip->file_bytes = (uint64_t)file.st_size;
    ANNC_TRY(read_directory(zip));
    ANNC_TRY(reject_others(zip));
out:
    if (status != ANNC_OK)
        annc_zip_close(zip);
    return status;
}

void annc_zip_close(struct annc_zip *zip)
{
    if (zip->descriptor >= 0)
        close(zip->descriptor);
    annc_release(zip->member);
    memset(zip, 0, sizeof *zip);
    zip->descriptor = -1;
}

/* ---------------------------------------------------------------- contents of a member */

struct unpacking {
    const struct annc_zip *zip;
    const struct annc_zip_member *member;
    uint64_t at, left; /* in the file, of the member */
    uint64_t given;    /* unpacked */
    bool ended;
    uint32_t crc;
#if ANNC_ZLIB_FOUND
    z_stream inflater;
    unsigned char buffer[BUFFER];
#endif
};

static annc_status read_stored(struct unpacking *unpacking, void *bytes, size_t count, size_t *got)
{
    annc_status status = ANNC_OK;
    *got = (size_t)(count < unpacking->left ? count : unpacking->left);
    ANNC_TRY(read_at(unpacking->zip, unpacking->at, bytes, *got));
    unpacking->at += *got;
    unpacking->left -= *got;
out:
    return status;
}

#if ANNC_ZLIB_FOUND

static annc_status read_deflated(struct unpacking *unpacking, void *bytes, size_t count, size_t *got)
{
    annc_status status = ANNC_OK;
    z_stream *inflater = &unpacking->inflater;
    *got = 0;
    while (*got < count && !unpacking->ended) {
        if (inflater->avail_in == 0) {
            size_t piece;
            ANNC_TRY(read_stored(unpacking, unpacking->buffer, sizeof unpacking->buffer, &piece));
            inflater->next_in = unpacking->buffer;
            inflater->avail_in = (uInt)piece;
        }
        const size_t room = count - *got < BUFFER ? count - *got : BUFFER;
        inflater->next_out = (unsigned char *)bytes + *got;
        inflater->avail_out = (uInt)room;
        const int result = inflate(inflater, Z_NO_FLUSH);
        *got += room - inflater->avail_out;
        unpacking->ended = result == Z_STREAM_END;
        if ((result != Z_OK && result != Z_STREAM_END) ||
            (inflater->avail_in == 0 && unpacking->left == 0 && !unpacking->ended))
            return damaged(unpacking->zip, "a member cannot be decompressed");
    }
out:
    return status;
}

static annc_status begin_unpacking(struct unpacking *unpacking)
{
    if (unpacking->member->method == DEFLATED && inflateInit2(&unpacking->inflater, -15) != Z_OK)
        return annc_fail(ANNC_MEMORY, "out of memory: unpacking needs about 44 kB");
    return ANNC_OK;
}

static void end_unpacking(struct unpacking *unpacking)
{
    if (unpacking->member->method == DEFLATED)
        inflateEnd(&unpacking->inflater);
}

#else

static annc_status read_deflated(struct unpacking *unpacking, void *bytes, size_t count, size_t *got)
{
    (void)bytes;
    (void)count;
    *got = 0;
    return annc_fail(ANNC_INPUT,
                     "%s: the member %s is deflated, which this build cannot read (no zlib); save it with numpy.savez",
                     unpacking->zip->name, unpacking->member->name);
}

static annc_status begin_unpacking(struct unpacking *unpacking)
{
    (void)unpacking;
    return ANNC_OK;
}

static void end_unpacking(struct unpacking *unpacking)
{
    (void)unpacking;
}

#endif

static annc_status unpack(void *source, void *bytes, size_t count, size_t *got)
{
    annc_status status = ANNC_OK;
    struct unpacking *unpacking = source;
    if (unpacking->member->method == STORED)
        ANNC_TRY(read_stored(unpacking, bytes, count, got));
    else
        ANNC_TRY(read_deflated(unpacking, bytes, count, got));
    unpacking->given += *got;
    unpacking->crc = annc_crc32(unpacking->crc, bytes, *got);
out:
    return status;
}

annc_status annc_zip_read_array(const struct annc_zip *zip, uint32_t i, struct annc_array *array)
{
    annc_status status = ANNC_OK;
    const struct annc_zip_member *member = &zip->member[i];
    struct unpacking *unpacking = NULL;
    unsigned char local[LOCAL_BYTES];
    char name[ANNC_ARRAY_NAME];
    bool begun = false;
    memset(array, 0, sizeof *array);
    ANNC_TRY(annc_allocate(1, sizeof *unpacking, "unpacking", (void **)&unpacking));
    ANNC_TRY(read_at(zip, member->header_at, local, sizeof local));
    if (memcmp(local, "PK\3\4", 4) != 0)
        ANNC_TRY(damaged(zip, "a member is not where the directory says"));
    *unpacking = (struct unpacking){.zip = zip, .member = member, .left = member->packed};
    unpacking->at = member->header_at + LOCAL_BYTES + little(local + 26, 2) + little(local + 28, 2);
    if (unpacking->at > zip->file_bytes || unpacking->left > zip->file_bytes - unpacking->at)
        ANNC_TRY(damaged(zip, "a member lies outside the file"));
    ANNC_TRY(begin_unpacking(unpacking));
    begun = true;
    snprintf(name, sizeof name, "%.150s, %.100s", zip->name, member->name);
    const struct annc_bytes bytes = {unpack, unpacking, member->size};
    ANNC_TRY(annc_npy_read(&bytes, name, array));
    if (unpacking->given != member->size || unpacking->crc != member->crc)
        ANNC_TRY(damaged(zip, "a member's checksum is wrong"));
out:
    if (begun)
        end_unpacking(unpacking);
    annc_release(unpacking);
    if (status != ANNC_OK) {
        annc_release(array->elements);
        array->elements = NULL;
    }
    return status;
}
