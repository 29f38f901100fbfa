/* jpeg.c - reads JPEG pictures as grey. */
#include "formats/jpeg.h"
#include "base/allocate.h"
#include "base/config.h"
#include "base/status.h"

#include <stdio.h>
#include <string.h>

bool annc_jpeg_begins(const void *bytes)
{
    return memcmp(bytes, "\xFF\xD8\xFF", 3) == 0;
}

#if ANNC_JPEG_FOUND
#include "formats/exif.h"

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>

/* Progressive files have some ten scans, each of which costs time for all pixels. */
enum { MOST_SCANS = 64, BUFFER = 1 << 12, EXIF_MARKER = JPEG_APP0 + 1, EXIF_NAME = 6, WHITE = 255 };
/* A byte holds a block of 64 pixels in each of its bits, at most, and some less. */
enum { MOST_PIXELS_PER_BYTE = 1032 };

/* The state of decoding a file. libjpeg exits by longjmp, so everything that must survive that is
 * here. */
struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf on_failure;
    struct annc_stream *stream;
    annc_status status; /* of the failure behind the longjmp */
    uint8_t *line, *grey;
    JOCTET buffer[BUFFER];
};

/* ---------------------------------------------------------------- callbacks of libjpeg */

static void fail(struct decoder *decoder, annc_status status)
{
    decoder->status = status;
    longjmp(decoder->on_failure, 1);
}

static void on_error(j_common_ptr jpeg)
{
    struct decoder *decoder = jpeg->client_data;
    char reason[JMSG_LENGTH_MAX];
    if (jpeg->err->msg_code == JERR_OUT_OF_MEMORY)
        fail(decoder, annc_fail(ANNC_MEMORY, "out of memory: a JPEG picture"));
    jpeg->err->format_message(jpeg, reason);
    fail(decoder, annc_stream_malformed(decoder->stream, "is a damaged JPEG: %s; save it again", reason));
}

/* Some cameras leave bytes between segments; other warnings are of wrong pixels. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA && jpeg->err->msg_code != JWRN_JFIF_MAJOR &&
        jpeg->err->msg_code != JWRN_ADOBE_XFORM)
        on_error(jpeg);
}

static void on_scan(j_common_ptr jpeg)
{
    struct decoder *decoder = jpeg->client_data;
    if (decoder->jpeg.input_scan_number > MOST_SCANS)
        fail(decoder, annc_stream_malformed(decoder->stream, "has more than %d scans; save it again", MOST_SCANS));
}

static void do_nothing(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

static boolean on_read(j_decompress_ptr jpeg)
{
    struct decoder *decoder = jpeg->client_data;
    size_t got = 0;
    const annc_status status = annc_stream_read(decoder->stream, decoder->buffer, BUFFER, &got);
    if (status != ANNC_OK)
        fail(decoder, status);
    if (got == 0)
        fail(decoder, annc_stream_malformed(decoder->stream, "is an incomplete JPEG; copy it again"));
    decoder->source.next_input_byte = decoder->buffer;
    decoder->source.bytes_in_buffer = got;
    return TRUE;
}

static void on_skip(j_decompress_ptr jpeg, long count)
{
    struct jpeg_source_mgr *source = jpeg->src;
    while (count > 0) {
        if (source->bytes_in_buffer == 0)
            on_read(jpeg);
        const size_t now = (size_t)count < source->bytes_in_buffer ? (size_t)count : source->bytes_in_buffer;
        source->next_input_byte += now;
        source->bytes_in_buffer -= now;
        count -= (long)now;
    }
}

/* ---------------------------------------------------------------- decoding */

static int find_orientation(const struct decoder *decoder)
{
    for (jpeg_saved_marker_ptr marker = decoder->jpeg.marker_list; marker; marker = marker->next)
        if (marker->marker == EXIF_MARKER && marker->data_length >= EXIF_NAME &&
            memcmp(marker->data, "Exif\0", EXIF_NAME) == 0)
            return annc_exif_orientation(marker->data + EXIF_NAME, marker->data_length - EXIF_NAME);
    return 0;
}

/* Converts a line of `channels` to grey: RGB, or CMYK, which Adobe's programs store inverted. */
static void take_line(const struct decoder *decoder, uint8_t *grey)
{
    const int channels = decoder->jpeg.output_components;
    const bool is_inverted = decoder->jpeg.saw_Adobe_marker;
    for (size_t c = 0; c < decoder->jpeg.output_width; c++) {
        const uint8_t *pixel = decoder->line + c * (size_t)channels;
        int colour[3];
        for (int k = 0; k < 3 && channels >= 3; k++) {
            const int black = channels == 3 ? WHITE : is_inverted ? pixel[3] : WHITE - pixel[3];
            const int value = channels == 3 || is_inverted ? pixel[k] : WHITE - pixel[k];
            colour[k] = (value * black + WHITE / 2) / WHITE;
        }
        grey[c] =
            channels < 3 ? pixel[0] : (uint8_t)((299 * colour[0] + 587 * colour[1] + 114 * colour[2] + 500) / 1000);
    }
}

static annc_status check_size(const struct decoder *decoder)
{
    const uint64_t pixels = (uint64_t)decoder->jpeg.image_width * decoder->jpeg.image_height;
    uint64_t bytes = annc_stream_file_bytes(decoder->stream);
    for (int layer = 0; layer < annc_stream_gzip_layers(decoder->stream); layer++)
        bytes = annc_product(bytes, MOST_PIXELS_PER_BYTE);
    if (pixels > ANNC_MOST_PIXELS)
        return annc_stream_malformed(decoder->stream, "has %u x %u pixels; at most %d million can be read",
                                     decoder->jpeg.image_width, decoder->jpeg.image_height, ANNC_MOST_PIXELS / 1000000);
    if (pixels / MOST_PIXELS_PER_BYTE > bytes)
        return annc_stream_malformed(decoder->stream, "claims %u x %u pixels, more than it can hold; copy it again",
                                     decoder->jpeg.image_width, decoder->jpeg.image_height);
    return ANNC_OK;
}

static annc_status decode(struct decoder *decoder, struct annc_picture *picture)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    annc_status status = ANNC_OK;
    if (setjmp(decoder->on_failure))
        return decoder->status;
    jpeg_create_decompress(jpeg);
    jpeg->src = &decoder->source;
    jpeg->progress = &decoder->progress;
    jpeg_save_markers(jpeg, EXIF_MARKER, 0xFFFF);
    jpeg_read_header(jpeg, TRUE);
    ANNC_RETURN_IF_FAILED(check_size(decoder));
    jpeg->out_color_space = jpeg->jpeg_color_space == JCS_YCbCr || jpeg->jpeg_color_space == JCS_GRAYSCALE
                                ? JCS_GRAYSCALE
                            : jpeg->num_components == 4 ? JCS_CMYK
                                                        : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW; /* the same pixels on every machine */
    jpeg_start_decompress(jpeg);
    const size_t columns = jpeg->output_width;
    ANNC_TRY(annc_allocate(columns, (size_t)jpeg->output_components, "a picture's rows", (void **)&decoder->line));
    ANNC_TRY(annc_allocate(annc_product(jpeg->output_height, columns), 1, "a picture", (void **)&decoder->grey));
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *grey = decoder->grey + jpeg->output_scanline * columns;
        JSAMPROW row = decoder->line;
        if (jpeg_read_scanlines(jpeg, &row, 1) == 1)
            take_line(decoder, grey);
    }
    *picture = (struct annc_picture){.rows = jpeg->output_height,
                                     .columns = jpeg->output_width,
                                     .grey = decoder->grey,
                                     .orientation = find_orientation(decoder)};
    decoder->grey = NULL;
out:
    return status;
}

annc_status annc_jpeg_read(struct annc_stream *stream, struct annc_picture *picture)
{
    annc_status status = ANNC_OK;
    struct decoder *decoder = NULL;
    memset(picture, 0, sizeof *picture);
    ANNC_TRY(annc_allocate(1, sizeof *decoder, "a picture", (void **)&decoder));
    decoder->stream = stream;
    decoder->jpeg.err = jpeg_std_error(&decoder->errors);
    decoder->jpeg.client_data = decoder;
    decoder->errors.error_exit = on_error;
    decoder->errors.emit_message = on_message;
    decoder->progress.progress_monitor = on_scan;
    decoder->source = (struct jpeg_source_mgr){.init_source = do_nothing,
                                               .fill_input_buffer = on_read,
                                               .skip_input_data = on_skip,
                                               .resync_to_restart = jpeg_resync_to_restart,
                                               .term_source = do_nothing};
    ANNC_TRY(decode(decoder, picture));
out:
    if (decoder) {
        jpeg_destroy_decompress(&decoder->jpeg);
        annc_release(decoder->line);
        annc_release(decoder->grey);
    }
    annc_release(decoder);
    return status;
}

#else

annc_status annc_jpeg_read(struct annc_stream *stream, struct annc_picture *picture)
{
    memset(picture, 0, sizeof *picture);
    return annc_stream_malformed(stream,
                                 "is a JPEG, which this build cannot read (no libjpeg); install libjpeg-dev and "
                                 "build again, or convert it: convert FILE image.png");
}

#endif
