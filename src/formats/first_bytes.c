/* first_bytes.c - the table of formats that are not read. */
#include "formats/first_bytes.h"
#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* The purposes for which a file is refused. */
enum { MODEL = 1 << ANNC_AS_MODEL, BOTH = 1 << ANNC_AS_DATA | MODEL };

#define CONVERT      "convert it to PNG, as with ImageMagick: convert FILE image.png"
#define SAVE_TABLE   "save the table as CSV"
#define SAVE_WEIGHTS "save the weights as safetensors or NPZ"

/* Bytes at an offset. */
static const struct signature {
    unsigned purposes;
    size_t offset, length;
    const char *bytes;
    struct annc_other_format other;
} SIGNATURES[] = {
    {BOTH,
     0,
     6,
     "\xFD"
     "7zXZ\0",
     {"compressed with xz", "unpack it with xz -d"}},
    {BOTH, 0, 4, "\x28\xB5\x2F\xFD", {"compressed with zstd", "unpack it with zstd -d"}},
    {BOTH, 0, 4, "\x04\x22\x4D\x18", {"compressed with lz4", "unpack it with lz4 -d"}},
    {BOTH, 4, 6, "1AY&SY", {"compressed with bzip2", "unpack it with bzip2 -d"}},
    {BOTH, 0, 6, "7z\xBC\xAF\x27\x1C", {"a 7z archive", "unpack it with 7z x"}},
    {BOTH, 257, 5, "ustar", {"a tar archive", "unpack it with tar -xf"}},
    {MODEL, 0, 2, "\x1F\x8B", {"compressed with gzip", "unpack it with gzip -d"}},
    {BOTH, 0, 5, "PAR1\x15", {"a Parquet file", SAVE_TABLE ", as with pandas.read_parquet(...).to_csv(...)"}},
    {BOTH, 0, 6, "ARROW1", {"an Arrow file", SAVE_TABLE ", as with pandas.read_feather(...).to_csv(...)"}},
    {BOTH, 0, 4, "\xD0\xCF\x11\xE0", {"an Excel workbook or another Office file", SAVE_TABLE}},
    {BOTH, 0, 15, "SQLite format 3", {"an SQLite database", "export the table as CSV"}},
    {BOTH, 0, 10, "MATLAB 5.0", {"a MATLAB file", "save the arrays as NPZ, as with scipy.io.loadmat and numpy.savez"}},
    {BOTH,
     0,
     8,
     "\x89HDF\r\n\x1A\n",
     {"an HDF5 file, such as Keras writes", "save the arrays or weights as NPZ or safetensors"}},
    {BOTH, 0, 4, "GGUF", {"a GGUF model", SAVE_WEIGHTS}},
    {BOTH, 0, 19, "version https://git", {"a git-lfs pointer, not the file itself", "get the file with git lfs pull"}},
    {BOTH, 0, 5, "%PDF-", {"a PDF document", SAVE_TABLE}},
    {BOTH, 0, 4, "GIF8", {"a GIF picture", CONVERT}},
    {BOTH, 0, 4, "II*\0", {"a TIFF picture", CONVERT}},
    {BOTH, 0, 4, "MM\0*", {"a TIFF picture", CONVERT}},
    {BOTH, 4, 8, "ftypavif", {"an AVIF picture", CONVERT}},
    {BOTH, 4, 7, "ftypmif", {"a HEIC picture", CONVERT}},
    {BOTH, 4, 7, "ftyphei", {"a HEIC picture", CONVERT}},
    {BOTH, 0, 3, "P5\n", {"a PGM picture", CONVERT}},
    {BOTH, 0, 3, "P6\n", {"a PPM picture", CONVERT}},
    {MODEL, 0, 3, "\xFF\xD8\xFF", {"a picture, not a model", "name the model first and the pictures after it"}},
    {MODEL, 0, 8, "\x89PNG\r\n\x1A\n", {"a picture, not a model", "name the model first and the pictures after it"}},
    {MODEL, 0, 6, "\x93NUMPY", {"a NumPy array, not a model", SAVE_WEIGHTS}},
};

static const struct annc_other_format
    PICKLE =
        {"a Python pickle, which is not read since it can run any program",
         "save the weights with safetensors.torch.save_file(net.state_dict(), 'model.safetensors'), or arrays with "
         "numpy.save"},
    ONNX = {"an ONNX model, which is not read", SAVE_WEIGHTS}, BMP = {"a BMP picture", CONVERT},
    WEBP = {"a WebP picture", CONVERT}, PAGE = {"a web page, not data: the download went wrong", "download it again"},
    SVG = {"an SVG or XML document", "draw a picture as PNG, as with librsvg: rsvg-convert FILE -o image.png"},
    JSON = {"a JSON file", SAVE_TABLE ", as with pandas.read_json(...).to_csv(...)"},
    MODEL_FILE = {"a model, not data", "name it with --load to train it further, and its data with --data"};

static bool begins_like(const char *text, size_t size, const char *word)
{
    return size >= strlen(word) && annc_compare_any_case(text, word, strlen(word)) == 0;
}

/* Returns whether a text begins like an object or an array of objects or arrays. */
static bool is_json(const char *text, size_t size)
{
    static const char blanks[] = " \t\r\n";
    const char first = size > 0 ? text[0] : '\0';
    size_t next = 1;
    while (next < size && text[next] && strchr(blanks, text[next]))
        next++;
    return next < size && text[next] &&
           ((first == '{' && strchr("\"}", text[next])) || (first == '[' && strchr("{[]", text[next])));
}

/* Returns whether data are the model of a safetensors file: the length of a header, below 16 MB,
 * and its object. */
static bool is_model(const unsigned char *bytes, size_t size)
{
    static const unsigned char zeros[5];
    return size > 9 && memcmp(bytes + 3, zeros, sizeof zeros) == 0 && bytes[8] == '{' && bytes[9] == '"';
}

/* Formats of text, after blanks and a byte-order mark. */
static const struct annc_other_format *other_text(enum annc_purpose purpose, const char *text, size_t size)
{
    for (; size > 0 && strchr(" \t\r\n\xEF\xBB\xBF", *text) && *text; size--)
        text++;
    return begins_like(text, size, "<!doctype") || begins_like(text, size, "<html") ? &PAGE
           : begins_like(text, size, "<svg") || begins_like(text, size, "<?xml")    ? &SVG
           : purpose == ANNC_AS_DATA && is_json(text, size)                         ? &JSON
                                                                                    : NULL;
}

const struct annc_other_format *annc_other_format(enum annc_purpose purpose, const void *bytes, size_t count)
{
    const unsigned char *first = bytes;
    for (size_t i = 0; i < sizeof SIGNATURES / sizeof *SIGNATURES; i++) {
        const struct signature *signature = &SIGNATURES[i];
        if ((signature->purposes & 1u << purpose) && count >= signature->offset + signature->length &&
            memcmp(first + signature->offset, signature->bytes, signature->length) == 0)
            return &signature->other;
    }
    /* Protocol 2 to 5; a safetensors header of 640 bytes begins like it, with zeros. */
    if (count > 2 && first[0] == 0x80 && first[1] >= 2 && first[1] <= 5 && first[2] != 0)
        return &PICKLE;
    /* A protocol buffer: the IR version, then the producer's name. */
    if (count > 2 && first[0] == 0x08 && first[1] >= 3 && first[1] <= 30 && first[2] == 0x12)
        return &ONNX;
    if (count > 9 && memcmp(first, "BM", 2) == 0 && memcmp(first + 6, "\0\0\0\0", 4) == 0)
        return &BMP;
    if (count > 11 && memcmp(first, "RIFF", 4) == 0 && memcmp(first + 8, "WEBP", 4) == 0)
        return &WEBP;
    if (purpose == ANNC_AS_DATA && is_model(first, count))
        return &MODEL_FILE;
    return other_text(purpose, bytes, count);
}

/* ---------------------------------------------------------------- zip archives */

static const struct {
    const char *ending;
    struct annc_other_format other;
} MEMBERS[] = {
    {"xl/workbook.xml", {"an Excel workbook", SAVE_TABLE}},
    {"content.xml", {"an OpenDocument file", SAVE_TABLE}},
    {"word/document.xml", {"a Word document", SAVE_TABLE}},
    {"data.pkl",
     {"a PyTorch archive of pickles, which are not read since they can run any program",
      "save the weights with safetensors.torch.save_file(net.state_dict(), 'model.safetensors')"}},
    {"model.weights.h5", {"a Keras model", "save its weights as NPZ, as with numpy.savez"}},
};

const struct annc_other_format *annc_other_zip(const char *member)
{
    const size_t length = strlen(member);
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        const size_t ending = strlen(MEMBERS[i].ending);
        if (length >= ending && strcmp(member + length - ending, MEMBERS[i].ending) == 0)
            return &MEMBERS[i].other;
    }
    return NULL;
}
