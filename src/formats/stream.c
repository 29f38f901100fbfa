/* stream.c - reads the contents of a file: plain, gzip, or gzip in gzip. */
#include "formats/stream.h"
#include "base/allocate.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "formats/first_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if ANNC_ZLIB_FOUND
#include <zlib.h>
#endif
#if ANNC_LIBDEFLATE_FOUND
#include <libdeflate.h>
#endif

enum { BUFFER = 1 << 16, MOST_GZIP_LAYERS = 2, SHOWN = 300, BEGINNING = 6 };
/* What a packed file that is held whole may unpack to: so many times its size, or this many bytes if
 * that is more. Data are packed to a tenth or so. */
enum { MOST_RATIO = 100 };
static const uint64_t MOST_UNPACKED = UINT64_C(4) << 30;

/* Level 0 holds bytes of the file; level k those of level k - 1 unpacked. */
struct level {
    unsigned char *buffer;
    size_t at, filled;
    bool ended;
#if ANNC_ZLIB_FOUND
    z_stream inflater;
    bool inside;       /* a gzip member */
    uint64_t inflated; /* bytes so far */
#endif
};

struct annc_stream {
    const char *path;
    int descriptor;
    uint64_t file_bytes, read_bytes; /* size of the file; bytes read */
    size_t least;                    /* minimum bytes per fill, except at the end */
    bool is_pipe;                    /* or a terminal, or another source that may pause */
    bool in_pieces;                  /* never read the whole at once */
    double until;                    /* time to stop waiting, by annc_now */
    bool paused;                     /* the last read paused */
    int layers;
    struct level level[MOST_GZIP_LAYERS + 1];
};

bool annc_is_standard_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

annc_status annc_stream_malformed(const struct annc_stream *stream, const char *format, ...)
{
    char name[SHOWN], what[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return annc_fail(ANNC_INPUT, "%s: %s", annc_stream_name(stream, name, sizeof name), what);
}

annc_status annc_stream_map(const struct annc_stream *stream, struct annc_mapping *mapping)
{
    return annc_map(stream->descriptor, (size_t)stream->file_bytes, mapping);
}

uint64_t annc_stream_file_bytes(const struct annc_stream *stream)
{
    return stream->file_bytes;
}

uint64_t annc_stream_most_unpacked(uint64_t packed)
{
    return packed < UINT64_MAX / MOST_RATIO && packed * MOST_RATIO > MOST_UNPACKED ? packed * MOST_RATIO
                                                                                   : MOST_UNPACKED;
}

int annc_stream_gzip_layers(const struct annc_stream *stream)
{
    return stream->layers;
}

void annc_stream_note_gzip(const struct annc_stream *stream, char *notes, size_t size)
{
    char name[SHOWN];
    if (annc_is_standard_input(stream->path))
        return;
    annc_stream_name(stream, name, sizeof name);
    const size_t length = strlen(name);
    const bool is_named = length > 3 && annc_compare_any_case(name + length - 3, ".gz", 3) == 0;
    if (stream->layers > 0 && !is_named)
        annc_note(notes, size, "%s is gzip, although its name does not end in .gz", name);
    if (stream->layers == 0 && is_named)
        annc_note(notes, size, "%s is not gzip, although its name ends in .gz", name);
    if (stream->layers > 1)
        annc_note(notes, size, "%s is compressed with gzip twice", name);
}

/* ---------------------------------------------------------------- filling the levels */

/* Waits for data or the end of a pipe; at the time limit it marks the stream as paused. */
static void wait_for_bytes(struct annc_stream *stream)
{
    struct pollfd there = {.fd = stream->descriptor, .events = POLLIN};
    int ready = -1;
    while (ready < 0) {
        const double left = stream->until - annc_now();
        ready = poll(&there, 1, isinf(left) ? -1 : left > 0 ? (int)ceil(left * 1000) : 0);
        if (ready < 0 && errno != EINTR)
            return; /* reading will say what is wrong */
    }
    stream->paused = ready == 0;
}

static annc_status fill_from_file(struct annc_stream *stream)
{
    struct level *level = &stream->level[0];
    char reason[128] = "";
    level->at = level->filled = 0;
    while (level->filled < stream->least && !level->ended) {
        if (stream->is_pipe)
            wait_for_bytes(stream);
        if (stream->paused)
            return ANNC_OK;
        const ssize_t got = read(stream->descriptor, level->buffer + level->filled, BUFFER - level->filled);
        if (got < 0 && (errno == EINTR || (errno == EAGAIN && stream->is_pipe)))
            continue;
        if (got < 0)
            return annc_stream_malformed(stream, "cannot be read: %s", strerror_r(errno, reason, sizeof reason));
        stream->read_bytes += (uint64_t)got;
        level->filled += (size_t)got;
        level->ended = got == 0;
    }
    if (level->ended && stream->read_bytes < stream->file_bytes && !annc_is_standard_input(stream->path))
        return annc_stream_malformed(stream, "became shorter while it was read");
    return ANNC_OK;
}

#if ANNC_ZLIB_FOUND

static annc_status fill(struct annc_stream *stream, int k);

/* Returns whether the level's next bytes begin a gzip member. */
static bool is_gzip(const struct level *level)
{
    return level->filled - level->at >= 2 && level->buffer[level->at] == 0x1F && level->buffer[level->at + 1] == 0x8B;
}

/* Handles the end of a member: another one follows, or the end, or bytes that belong to neither. */
static annc_status next_member(struct annc_stream *stream, struct level *below, struct level *level, int k)
{
    annc_status status = ANNC_OK;
    if (below->at == below->filled && !below->ended)
        ANNC_TRY(fill(stream, k - 1));
    if (stream->paused)
        return ANNC_OK;
    if (below->at == below->filled) {
        level->ended = true;
        return ANNC_OK;
    }
    /* A single byte at the end of a buffer may begin a member; inflate then checks the second. */
    if (below->buffer[below->at] != 0x1F || (below->filled - below->at > 1 && !is_gzip(below)))
        return annc_stream_malformed(stream, "has bytes after its end that are not gzip; download it again");
    inflateReset(&level->inflater);
    level->inside = true;
out:
    return status;
}

#if ANNC_LIBDEFLATE_FOUND
/* Reads the file from its beginning; returns false if it became shorter. */
static bool read_whole(const struct annc_stream *stream, void *bytes)
{
    size_t done = 0;
    ssize_t got;
    do {
        got = pread(stream->descriptor, (char *)bytes + done, stream->file_bytes - done, (off_t)done);
        done += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    return done == stream->file_bytes;
}

/* Unpacks a file of one gzip member all at once, in a third of the time. Returns false if it has
 * more members, is damaged, or memory runs out: the usual way then continues from its position, and
 * reports the error. */
static bool inflate_whole(struct annc_stream *stream)
{
    enum { MOST_BYTES = 1 << 30, TRAILER = 8, MOST_DEFLATE_RATIO = 1032 };
    struct level *level = &stream->level[1];
    struct libdeflate_decompressor *decompressor = NULL;
    const size_t length = (size_t)stream->file_bytes;
    uint32_t size = 0; /* of the content, from the last bytes of the file */
    void *file = NULL, *whole = NULL;
    size_t read = 0;
    bool done = stream->file_bytes <= MOST_BYTES && length >= TRAILER &&
                annc_resize(length, 1, "a packed file", &file) == ANNC_OK && read_whole(stream, file);
    if (done)
        memcpy(&size, (const char *)file + length - sizeof size, sizeof size);
    done = done && size > level->inflated && size <= MOST_BYTES && size / MOST_DEFLATE_RATIO <= length &&
           annc_resize(size, 1, "an unpacked file", &whole) == ANNC_OK;
    decompressor = done ? libdeflate_alloc_decompressor() : NULL;
    done = decompressor &&
           libdeflate_gzip_decompress_ex(decompressor, file, length, whole, size, &read, NULL) == LIBDEFLATE_SUCCESS;
    done = done && read == length; /* and no other member comes after */
    if (decompressor)
        libdeflate_free_decompressor(decompressor);
    annc_release(file);
    if (!done) {
        annc_release(whole);
        return false;
    }
    annc_release(level->buffer);
    level->buffer = whole;
    level->at = (size_t)level->inflated;
    level->filled = size;
    level->ended = true;
    return true;
}
#else
static bool inflate_whole(struct annc_stream *stream)
{
    (void)stream;
    return false;
}
#endif

/* Unpacks until the buffer has data, or to the end. */
static annc_status fill_by_inflating(struct annc_stream *stream, int k)
{
    annc_status status = ANNC_OK;
    struct level *level = &stream->level[k], *below = &stream->level[k - 1];
    /* The caller needs more than the beginning. */
    if (k == 1 && !stream->in_pieces && level->inflated == BUFFER && inflate_whole(stream))
        return ANNC_OK;
    level->at = level->filled = 0;
    while (level->filled < stream->least && !level->ended && !stream->paused) {
        if (!level->inside) {
            ANNC_TRY(next_member(stream, below, level, k));
            continue;
        }
        if (below->at == below->filled)
            ANNC_TRY(fill(stream, k - 1));
        if (stream->paused)
            break;
        if (below->at == below->filled)
            return annc_stream_malformed(stream, "is cut short: its gzip data are incomplete; download it again");
        level->inflater.next_in = below->buffer + below->at;
        level->inflater.avail_in = (uInt)(below->filled - below->at);
        level->inflater.next_out = level->buffer + level->filled;
        level->inflater.avail_out = (uInt)(BUFFER - level->filled);
        const int result = inflate(&level->inflater, Z_NO_FLUSH);
        below->at = below->filled - level->inflater.avail_in;
        level->inflated += BUFFER - level->inflater.avail_out - level->filled;
        level->filled = BUFFER - level->inflater.avail_out;
        if (!stream->in_pieces && level->inflated > annc_stream_most_unpacked(stream->file_bytes))
            return annc_stream_malformed(stream, "unpacks to more than %llu MB; unpack it with gunzip first",
                                         (unsigned long long)(annc_stream_most_unpacked(stream->file_bytes) >> 20));
        if (result == Z_STREAM_END)
            level->inside = false;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return annc_stream_malformed(stream, "has damaged gzip data (%s); download it again",
                                         level->inflater.msg ? level->inflater.msg : "no reason given");
    }
out:
    return status;
}

static annc_status fill(struct annc_stream *stream, int k)
{
    return k == 0 ? fill_from_file(stream) : fill_by_inflating(stream, k);
}

/* Adds a level for each gzip layer found in the content. */
static annc_status unwrap(struct annc_stream *stream)
{
    annc_status status = ANNC_OK;
    while (is_gzip(&stream->level[stream->layers])) {
        if (stream->layers == MOST_GZIP_LAYERS)
            return annc_stream_malformed(stream, "is compressed with gzip three times; unpack it with gunzip first");
        struct level *level = &stream->level[stream->layers + 1];
        if (!level->buffer)
            ANNC_TRY(annc_allocate(BUFFER, 1, "a file's buffer", (void **)&level->buffer));
        /* 15 + 16: only gzip, windows of any size. */
        if (inflateInit2(&level->inflater, 15 + 16) != Z_OK)
            return annc_fail(ANNC_MEMORY, "out of memory: gzip needs about 44 kB");
        level->inside = true;
        stream->layers++;
        ANNC_TRY(fill(stream, stream->layers));
    }
out:
    return status;
}

static void end_inflating(struct annc_stream *stream)
{
    for (int k = 1; k <= stream->layers; k++)
        inflateEnd(&stream->level[k].inflater);
}

#else

static annc_status fill(struct annc_stream *stream, int k)
{
    (void)k;
    return fill_from_file(stream);
}

static annc_status unwrap(struct annc_stream *stream)
{
    const struct level *level = &stream->level[0];
    if (level->filled >= 2 && level->buffer[0] == 0x1F && level->buffer[1] == 0x8B)
        return annc_stream_malformed(stream, "is gzip, which this build cannot read (no zlib); unpack it with gunzip");
    return ANNC_OK;
}

static void end_inflating(struct annc_stream *stream)
{
    (void)stream;
}

#endif

/* ---------------------------------------------------------------- opening */

/* Returns the remedy for an empty file: download files with MNIST's names again; others may be the
 * user's own. */
static const char *advice_of(const struct annc_stream *stream)
{
    const char *slash = strrchr(stream->path, '/');
    return strstr(slash ? slash : stream->path, "-ubyte") ? "; download it again" : "";
}

static annc_status open_file(struct annc_stream *stream)
{
    struct stat file;
    char reason[128] = "";
    if (annc_is_standard_input(stream->path)) {
        stream->descriptor = dup(STDIN_FILENO);
        stream->file_bytes = UINT64_MAX; /* unknown */
        if (stream->descriptor < 0)
            return annc_stream_malformed(stream, "is closed");
        stream->is_pipe = fstat(stream->descriptor, &file) == 0 && !S_ISREG(file.st_mode);
        return ANNC_OK;
    }
    /* Without O_NONBLOCK open would block on a FIFO. */
    stream->descriptor = open(stream->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (stream->descriptor < 0 || fstat(stream->descriptor, &file) != 0)
        return annc_stream_malformed(stream, "%s", strerror_r(errno, reason, sizeof reason));
    if (!S_ISREG(file.st_mode))
        return annc_stream_malformed(stream,
                                     S_ISDIR(file.st_mode) ? "is a folder, not a file" : "is not a regular file");
    if (file.st_size == 0)
        return annc_stream_malformed(stream, "is empty%s", advice_of(stream));
    stream->file_bytes = (uint64_t)file.st_size;
    return ANNC_OK;
}

/* Rejects common mistakes for a data file. */
static annc_status reject_unknown_files(const struct annc_stream *stream)
{
    const struct level *top = &stream->level[stream->layers];
    const char *text = (const char *)top->buffer + top->at;
    const size_t size = top->filled - top->at;
    if (size == 0)
        return annc_stream_malformed(stream, "is empty%s%s", stream->layers == 0 ? "" : " inside its gzip",
                                     stream->layers == 0 ? "" : advice_of(stream));
    if (size >= 4 && memcmp(text, "PK\3\4", 4) == 0)
        return annc_stream_malformed(stream, "is a zip archive; unpack it first");
    const struct annc_other_format *other = annc_other_format(ANNC_AS_DATA, text, size);
    if (other)
        return annc_stream_malformed(stream, "is %s; %s", other->what, other->remedy);
    return ANNC_OK;
}

annc_status annc_stream_open(const char *path, struct annc_stream **result)
{
    annc_status status = ANNC_OK;
    struct annc_stream *stream = NULL;
    *result = NULL;
    ANNC_TRY(annc_allocate(1, sizeof *stream, "a file", (void **)&stream));
    stream->path = path;
    stream->descriptor = -1;
    stream->least = BEGINNING;
    stream->until = INFINITY;
    ANNC_TRY(open_file(stream));
    ANNC_TRY(annc_allocate(BUFFER, 1, "a file's buffer", (void **)&stream->level[0].buffer));
    ANNC_TRY(fill(stream, 0));
    ANNC_TRY(unwrap(stream));
    ANNC_TRY(reject_unknown_files(stream));
    stream->least = 1;
    *result = stream;
    stream = NULL;
out:
    annc_stream_close(stream);
    return status;
}

void annc_stream_close(struct annc_stream *stream)
{
    if (!stream)
        return;
    end_inflating(stream);
    for (int k = 0; k <= MOST_GZIP_LAYERS; k++)
        annc_release(stream->level[k].buffer);
    if (stream->descriptor >= 0)
        close(stream->descriptor);
    annc_release(stream);
}

bool annc_stream_is_pipe(const struct annc_stream *stream)
{
    return stream->is_pipe;
}

void annc_stream_in_pieces(struct annc_stream *stream)
{
    stream->in_pieces = true;
}

const char *annc_stream_name(const struct annc_stream *stream, char *name, size_t size)
{
    return annc_printable(annc_is_standard_input(stream->path) ? "standard input" : stream->path, name, size);
}

size_t annc_stream_peek(const struct annc_stream *stream, void *bytes, size_t count)
{
    const struct level *top = &stream->level[stream->layers];
    const size_t there = top->filled - top->at, got = there < count ? there : count;
    memcpy(bytes, top->buffer + top->at, got);
    return got;
}

annc_status annc_stream_read(struct annc_stream *stream, void *bytes, size_t count, size_t *got)
{
    annc_status status = ANNC_OK;
    struct level *top = &stream->level[stream->layers];
    *got = 0;
    while (*got < count) {
        if (top->at == top->filled && !top->ended)
            ANNC_TRY(fill(stream, stream->layers));
        if (top->at == top->filled)
            break;
        const size_t there = top->filled - top->at, wanted = count - *got, piece = there < wanted ? there : wanted;
        memcpy((char *)bytes + *got, top->buffer + top->at, piece);
        top->at += piece;
        *got += piece;
    }
out:
    return status;
}

annc_status annc_stream_read_until(struct annc_stream *stream, void *bytes, size_t count, double until, size_t *got,
                                   bool *paused)
{
    stream->until = until;
    const annc_status status = annc_stream_read(stream, bytes, count, got);
    *paused = stream->paused;
    stream->until = INFINITY;
    stream->paused = false;
    return status;
}
