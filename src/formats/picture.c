/* picture.c - reads PNG pictures of any kind as grey; writes them in colour. */
#include "formats/picture.h"
#include "base/allocate.h"
#include "base/config.h"
#include "base/safe_file.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>

bool annc_png_begins(const void *bytes)
{
    return memcmp(bytes, "\x89PNG\r\n", 6) == 0;
}

#if ANNC_PNG_FOUND
#include "formats/exif.h"

#include <png.h>

enum { MOST_DEFLATE_RATIO = 1032, OPAQUE = 255, MIDDLE = 127 };

/* The state of decoding a file. libpng exits by longjmp, so everything that must survive that is
 * here. */
struct decoder {
    png_structp png;
    png_infop info;
    struct annc_stream *stream;
    annc_status status; /* status of the failure behind the longjmp */
    uint32_t rows, columns;
    size_t row_bytes;
    int channels;   /* 1 and 3, or 2 and 4 with opacity */
    uint8_t *lines; /* a row of the file, or all rows if interlaced */
    uint8_t *grey, *opacity;
    struct annc_exif_chunk exif;
};

/* ---------------------------------------------------------------- callbacks of libpng */

static void on_error(png_structp png, png_const_charp reason)
{
    struct decoder *decoder = png_get_error_ptr(png);
    if (decoder->status == ANNC_OK)
        decoder->status = annc_stream_malformed(decoder->stream, "is a damaged PNG: %s; save it again", reason);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp reason)
{
    (void)png;
    (void)reason;
}

static void on_read(png_structp png, png_bytep bytes, size_t count)
{
    struct decoder *decoder = png_get_io_ptr(png);
    size_t got = 0;
    decoder->status = annc_stream_read(decoder->stream, bytes, count, &got);
    if (decoder->status == ANNC_OK && got < count)
        decoder->status = annc_stream_malformed(decoder->stream, "is an incomplete PNG; copy it again");
    if (decoder->status == ANNC_OK)
        decoder->status = annc_exif_chunk_pass(&decoder->exif, bytes, count);
    if (decoder->status != ANNC_OK)
        png_longjmp(png, 1);
}

/* ---------------------------------------------------------------- decoding */

/* Converts one row of the file, 8 bits per channel, to grey and opacity. */
static void take_row(struct decoder *decoder, const uint8_t *line, uint32_t row)
{
    const int channels = decoder->channels, colours = channels - (channels - 1) % 2;
    uint8_t *grey = decoder->grey + (size_t)row * decoder->columns;
    for (size_t c = 0; c < decoder->columns; c++) {
        const uint8_t *pixel = line + c * (size_t)channels;
        grey[c] = colours == 1 ? pixel[0] : (uint8_t)((299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000);
        if (decoder->opacity)
            decoder->opacity[(size_t)row * decoder->columns + c] = pixel[colours];
    }
}

/* Returns an upper bound of the PNG's bytes. */
static uint64_t unwrapped_bytes(const struct annc_stream *stream)
{
    uint64_t bytes = annc_stream_file_bytes(stream);
    for (int layer = 0; layer < annc_stream_gzip_layers(stream); layer++)
        bytes = annc_product(bytes, MOST_DEFLATE_RATIO);
    const uint64_t most = annc_stream_most_unpacked(annc_stream_file_bytes(stream));
    return annc_stream_gzip_layers(stream) > 0 && bytes > most ? most : bytes;
}

static annc_status read_header(struct decoder *decoder)
{
    png_structp png = decoder->png;
    png_set_read_fn(png, decoder, on_read);
    png_set_user_limits(png, INT32_MAX, INT32_MAX); /* own size limits apply */
    /* -1: nor those of texts and profiles, which can unpack to any size. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, decoder->info);
    decoder->rows = png_get_image_height(png, decoder->info);
    decoder->columns = png_get_image_width(png, decoder->info);
    if ((uint64_t)decoder->rows * decoder->columns > ANNC_MOST_PIXELS)
        return annc_stream_malformed(decoder->stream, "has %u x %u pixels; at most %d million can be read",
                                     decoder->columns, decoder->rows, ANNC_MOST_PIXELS / 1000000);
    if (png_get_rowbytes(png, decoder->info) * decoder->rows / MOST_DEFLATE_RATIO > unwrapped_bytes(decoder->stream))
        return annc_stream_malformed(decoder->stream, "claims %u x %u pixels, more than it can hold; copy it again",
                                     decoder->columns, decoder->rows);
    return ANNC_OK;
}

/* Converts everything to 8 bits per channel, grey or RGB. Returns the number of passes over the
 * rows. */
static int ask_for_bytes(struct decoder *decoder)
{
    png_structp png = decoder->png;
    png_set_scale_16(png);
    png_set_expand(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, decoder->info);
    decoder->channels = png_get_channels(png, decoder->info);
    decoder->row_bytes = png_get_rowbytes(png, decoder->info);
    return passes;
}

static annc_status allocate_planes(struct decoder *decoder, int passes)
{
    annc_status status = ANNC_OK;
    const size_t pixels = (size_t)decoder->rows * decoder->columns;
    ANNC_TRY(annc_allocate(pixels, 1, "a picture", (void **)&decoder->grey));
    if (decoder->channels % 2 == 0)
        ANNC_TRY(annc_allocate(pixels, 1, "a picture's transparency", (void **)&decoder->opacity));
    ANNC_TRY(annc_allocate(passes > 1 ? decoder->rows : 1, decoder->row_bytes, "a picture's rows",
                           (void **)&decoder->lines));
out:
    return status;
}

static annc_status decode(struct decoder *decoder)
{
    if (setjmp(png_jmpbuf(decoder->png)))
        return decoder->status;
    annc_status status = read_header(decoder);
    if (status != ANNC_OK)
        return status;
    const int passes = ask_for_bytes(decoder);
    status = allocate_planes(decoder, passes);
    if (status != ANNC_OK)
        return status;
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t row = 0; row < decoder->rows; row++) {
            uint8_t *line = decoder->lines + (passes > 1 ? row * decoder->row_bytes : 0);
            png_read_row(decoder->png, line, NULL);
            if (pass == passes - 1)
                take_row(decoder, line, row);
        }
    return ANNC_OK;
}

/* Composes transparent pixels over white, or over black if that shows them better. */
static void lay_over(struct decoder *decoder)
{
    const size_t pixels = (size_t)decoder->rows * decoder->columns;
    uint64_t drawn = 0, light = 0;
    for (size_t i = 0; i < pixels; i++) {
        drawn += decoder->opacity[i];
        light += (uint64_t)decoder->opacity[i] * decoder->grey[i];
    }
    const unsigned below = light > MIDDLE * drawn ? 0 : OPAQUE;
    for (size_t i = 0; i < pixels; i++) {
        const unsigned a = decoder->opacity[i];
        decoder->grey[i] = (uint8_t)((decoder->grey[i] * a + below * (OPAQUE - a) + OPAQUE / 2) / OPAQUE);
    }
}

annc_status annc_png_read(struct annc_stream *stream, struct annc_picture *picture)
{
    annc_status status = ANNC_OK;
    struct decoder decoder = {.stream = stream, .status = ANNC_OK};
    memset(picture, 0, sizeof *picture);
    decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
    decoder.info = decoder.png ? png_create_info_struct(decoder.png) : NULL;
    if (!decoder.info)
        ANNC_TRY(annc_fail(ANNC_MEMORY, "out of memory: reading a PNG needs about 50 kB"));
    ANNC_TRY(decode(&decoder));
    if (decoder.opacity)
        lay_over(&decoder);
    *picture =
        (struct annc_picture){decoder.rows, decoder.columns, decoder.grey, annc_exif_chunk_orientation(&decoder.exif)};
    decoder.grey = NULL;
out:
    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    annc_release(decoder.lines);
    annc_release(decoder.grey);
    annc_release(decoder.opacity);
    annc_release(decoder.exif.bytes);
    return status;
}

/* ---------------------------------------------------------------- encoding */

annc_status annc_png_write(const char *path, uint32_t rows, uint32_t columns, const uint8_t *pixels)
{
    annc_status status = ANNC_OK;
    png_image image = {.version = PNG_IMAGE_VERSION, .width = columns, .height = rows, .format = PNG_FORMAT_RGB};
    void *bytes = NULL;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    ANNC_TRY(annc_allocate(size, 1, "a PNG", &bytes));
    if (!png_image_write_to_memory(&image, bytes, &size, 0, pixels, 0, NULL))
        ANNC_TRY(annc_fail(ANNC_OUTPUT, "the PNG could not be written: %s", image.message));
    ANNC_TRY(annc_file_save(path, bytes, size));
out:
    annc_release(bytes);
    return status;
}

#else

annc_status annc_png_read(struct annc_stream *stream, struct annc_picture *picture)
{
    memset(picture, 0, sizeof *picture);
    return annc_stream_malformed(
        stream, "is a PNG, which this build cannot read (no libpng); install libpng-dev and build again");
}

annc_status annc_png_write(const char *path, uint32_t rows, uint32_t columns, const uint8_t *pixels)
{
    (void)path;
    (void)rows;
    (void)columns;
    (void)pixels;
    return annc_fail(ANNC_OUTPUT, "this build cannot write PNG (no libpng); write SVG instead");
}

#endif
