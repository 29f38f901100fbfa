/* seeds.c - small valid files of every kind and variant. */
#include "base/checksum.h"
#include "base/config.h"
#include "fuzz/hostile.h"

#include <stdio.h>
#include <string.h>

#if ANNC_ZLIB_FOUND
#include <zlib.h>
#endif
#if ANNC_PNG_FOUND
#include <png.h>
#endif
#if ANNC_JPEG_FOUND
#include <stdlib.h>

#include <jpeglib.h>
#endif

enum { MOST = 8192 };

typedef void (*taker)(const char *reader, const char *name, const void *bytes, size_t size);

static void put_little(uint8_t *bytes, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

#if ANNC_ZLIB_FOUND
/* Windows as zlib counts them: 15 + 16 for gzip, -15 for bare deflate. */
static size_t deflated(const void *bytes, size_t size, int windows, uint8_t *packed)
{
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size, .next_out = packed, .avail_out = MOST};
    deflateInit2(&stream, 9, Z_DEFLATED, windows, 9, Z_DEFAULT_STRATEGY);
    deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    return MOST - stream.avail_out;
}
#endif

/* The file, in gzip, and in gzip twice. */
static void give_wrapped(taker take, const char *reader, const char *name, const void *bytes, size_t size)
{
    take(reader, name, bytes, size);
#if ANNC_ZLIB_FOUND
    uint8_t once[MOST], twice[MOST];
    char wrapped[64];
    const size_t packed = deflated(bytes, size, 15 + 16, once);
    snprintf(wrapped, sizeof wrapped, "%s-gz", name);
    take(reader, wrapped, once, packed);
    snprintf(wrapped, sizeof wrapped, "%s-gz-gz", name);
    take(reader, wrapped, twice, deflated(once, packed, 15 + 16, twice));
#endif
}

/* ---------------------------------------------------------------- IDX */

static void idx_seeds(taker take)
{
    static const struct {
        const char *name;
        uint8_t type, rank, width;
    } kinds[] = {{"bytes", 8, 3, 1}, {"signed", 9, 3, 1},  {"shorts", 11, 3, 2},
                 {"ints", 12, 3, 4}, {"floats", 13, 3, 4}, {"doubles", 14, 3, 8}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        uint8_t bytes[MOST] = {0, 0, kinds[k].type, kinds[k].rank, 0, 0, 0, 3};
        const size_t header = 4 + 4 * (size_t)kinds[k].rank, count = 3 * 144;
        bytes[11] = bytes[15] = 12;
        for (size_t i = 0; i < count; i++)
            bytes[header + i * kinds[k].width + (kinds[k].width > 4)] = (uint8_t)(i % 7);
        if (k == 0)
            give_wrapped(take, "folder", kinds[k].name, bytes, header + count);
        else
            take("folder", kinds[k].name, bytes, header + count * kinds[k].width);
    }
    give_wrapped(take, "labels", "bytes", "\0\0\10\1\0\0\0\3\0\1\2", 11);
    take("labels", "ints", "\0\0\14\1\0\0\0\3\0\0\0\1\0\0\0\2\0\0\0\5", 20);
    take("labels", "floats", "\0\0\15\2\0\0\0\3\0\0\0\1\0\0\0\0\100\0\0\0\277\200\0\0", 24);
}

/* ---------------------------------------------------------------- text */

static void table_seeds(taker take)
{
    static const char *const tables[][2] = {
        {"header", "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n"},
        {"bare", "0.5,1e-3,0\r\n-2.25,+4,1\r\n3,.5,1\r\n"},
        {"semicolons", "label;x;z\nred;1,5;2\nblue;3,25;0\n\"gr\"\"een\nish\";0,125;7\n"},
        {"blanks", "x   y label\n 1   2   yes\n 3\t4   no\n"},
        {"tabs", "\xEF\xBB\xBFx\ty\n1\t2.5\n2\t3.5\n4\t1.5\n"},
        {"missing", "id|size|y\n1|?|1\n2|NA|0\n3|2.5|1\n4||0\n"},
        {"thousands", "2;1.234,5\n1;12.345.678\n1;9\n"},
        {"names", "\"\",\"x\",\"class\"\n\"1\",5.1,\"setosa\"\n\"2\",4.9,\"virginica\"\n\"3\",TRUE,\"setosa\"\n"},
        {"counting", "0,1,2,3,class\n5,6,7,8,a\n6,5,4,3,b\n"},
        {"return", "x,y\r1,2\r3,4\r"},
        {"comments", "# made by\n%\n# a,b,y\n0,0,0\n0,1,1\n1,0,1\n"},
        {"separator", "sep=;\r\na;b;y\r\n0,5;0;0\r\n0;1;1\r\n"},
        {"libsvm", "# two features\n1 1:0.5 2:1 # first\n-1 2:3\n1 1:-4 3:1e-3\n"},
        {"arff", "% x\n@RELATION r\n@ATTRIBUTE a NUMERIC\n@ATTRIBUTE 'b' real\n@attribute y {u,'v \\'w'}\n@DATA\n"
                 "1,0,u\n% y\n-2.5,1,'v \\'w'\n3,1,u\n"},
        {"braces",
         "@RELATION r\n@ATTRIBUTE a NUMERIC\n@ATTRIBUTE b {u, 'v, w'}\n@ATTRIBUTE t string\n@attribute y {no,yes}\n"
         "@DATA\n{0 1, 2 x, 3 yes}\n{2 'y z'}\n2,'v, w',x,no\n{1 'v, w' , 2 \"x\"}\n"},
        {"dates",
         "when,x,y\n2024-02-29,1,0\n2024/3/1 12:30,2,1\n2024-03-02T12:30:45.25+02:00,3,0\n,4,1\n0001.1.1,5,0\n"},
        {"words", "c;d;x;y\nred;2020-01-05;1;a\n\"gr\"\"een\";NA;2;b\nred;;3;a\n\"gr\"\"een\";?;4;b\nblue;none;5;a\n"},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (i == 0)
            give_wrapped(take, "table", tables[i][0], tables[i][1], strlen(tables[i][1]));
        else
            take("table", tables[i][0], tables[i][1], strlen(tables[i][1]));
}

static void options_seeds(taker take)
{
    static const char some[] =
        "# a training\nlayers = 2-3:tanh-2:softmax\ncost = categorical-cross-entropy\noptimizer = adam\n"
        "lr = 1e-3\nbatch = 32\r\nepochs=10\n\n  seed = 9223372036854775807\nvalidation = 0.2\ntranspose = yes\n"
        "schedule = cosine\ndropout = 0.5\nlabel = class\nquiet = no\nout = elsewhere\n";
    static const char preset[] = "preset = modern\ndata = digits\nclass-weights = balanced\nlog = run.jsonl";
    take("options", "some", some, sizeof some - 1);
    take("options", "preset", preset, sizeof preset - 1);
}

/* ---------------------------------------------------------------- NPY and NPZ */

size_t npy_make(uint8_t *bytes, uint8_t version, const char *type, bool fortran_order, const char *shape,
                const void *elements, size_t size)
{
    const size_t begin = version == 1 ? 10 : 12;
    char *text = (char *)bytes + begin;
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = version;
    bytes[7] = 0;
    const size_t length = (size_t)snprintf(text, 128, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", type,
                                           fortran_order ? "True" : "False", shape);
    put_little(bytes + 8, length, version == 1 ? 2 : 4);
    memcpy(text + length, elements, size);
    return begin + length + size;
}

static void npy_seeds(taker take)
{
    static const float floats[6] = {1, 2, 3, 0.5F, -1, 4};
    static const double doubles[6] = {1, 2, 3, 0.5, -1, 4};
    static const uint8_t small[24] = {0, 60, 0, 64, 0, 66, 1, 0, 0, 0, 0, 0, 2};
    uint8_t bytes[MOST];
    give_wrapped(take, "npy", "floats", bytes, npy_make(bytes, 1, "<f4", false, "(3, 2)", floats, sizeof floats));
    take("npy", "doubles", bytes, npy_make(bytes, 2, "<f8", true, "(3, 2)", doubles, sizeof doubles));
    take("npy", "big-endian", bytes, npy_make(bytes, 3, ">i4", false, "(3, 1, 2)", small, 24));
    take("npy", "halves", bytes, npy_make(bytes, 1, "<f2", false, "(3,)", small, 6));
    take("npy", "bytes", bytes, npy_make(bytes, 1, "|u1", true, "(3, 2, 2)", small, 12));
    take("npy", "truths", bytes, npy_make(bytes, 1, "|b1", false, "(3, 1)", small + 6, 3));
    take("npy", "one-hot", bytes, npy_make(bytes, 1, "<u2", false, "(3, 2)", "\1\0\0\0\0\0\1\0\1\0\0\0", 12));
}

/* An archive as it grows: members in front, the directory apart. */
struct archive {
    uint8_t bytes[MOST], directory[MOST];
    size_t size, directory_size;
    uint16_t count;
};

static void zip_add(struct archive *archive, const char *name, const void *bytes, size_t size, bool deflate, bool zip64)
{
    uint8_t packed[MOST], header[46 + 64 + 28];
    size_t length = size, extra = zip64 ? 20 : 0;
    const size_t name_length = strlen(name), at = archive->size;
    memcpy(packed, bytes, size);
#if ANNC_ZLIB_FOUND
    if (deflate)
        length = deflated(bytes, size, -15, packed);
#else
    deflate = false;
#endif
    memset(header, 0, sizeof header);
    memcpy(header, "PK\1\2\55\0\55\0", 8);
    put_little(header + 10, deflate ? 8 : 0, 2);
    put_little(header + 16, annc_crc32(0, bytes, size), 4);
    put_little(header + 20, zip64 ? 0xFFFFFFFF : length, 4);
    put_little(header + 24, zip64 ? 0xFFFFFFFF : size, 4);
    put_little(header + 28, name_length, 2);
    put_little(header + 30, extra, 2);
    put_little(header + 42, at, 4);
    memcpy(header + 46, name, name_length);
    put_little(header + 46 + name_length, 1, 2);
    put_little(header + 46 + name_length + 2, 16, 2);
    put_little(header + 46 + name_length + 4, size, 8);
    put_little(header + 46 + name_length + 12, length, 8);
    memcpy(archive->directory + archive->directory_size, header, 46 + name_length + extra);
    archive->directory_size += 46 + name_length + extra;
    memcpy(archive->bytes + at, "PK\3\4\55\0", 6); /* the member's own header: what the directory has, and no comment */
    memcpy(archive->bytes + at + 6, header + 8, 24);
    memcpy(archive->bytes + at + 30, header + 46, name_length + extra);
    memcpy(archive->bytes + at + 30 + name_length + extra, packed, length);
    archive->size = at + 30 + name_length + extra + length;
    archive->count++;
}

static void zip_end(struct archive *archive, bool zip64)
{
    uint8_t *end = archive->bytes + archive->size + archive->directory_size;
    memcpy(archive->bytes + archive->size, archive->directory, archive->directory_size);
    memset(end, 0, 56 + 20 + 22);
    if (zip64) {
        memcpy(end, "PK\6\6\54", 5);
        put_little(end + 24, archive->count, 8);
        put_little(end + 32, archive->count, 8);
        put_little(end + 40, archive->directory_size, 8);
        put_little(end + 48, archive->size, 8);
        memcpy(end + 56, "PK\6\7", 4);
        put_little(end + 56 + 8, archive->size + archive->directory_size, 8);
        put_little(end + 56 + 16, 1, 4);
        end += 56 + 20;
    }
    memcpy(end, "PK\5\6", 4);
    put_little(end + 8, zip64 ? 0xFFFF : archive->count, 2);
    put_little(end + 10, zip64 ? 0xFFFF : archive->count, 2);
    put_little(end + 12, zip64 ? 0xFFFFFFFF : archive->directory_size, 4);
    put_little(end + 16, zip64 ? 0xFFFFFFFF : archive->size, 4);
    archive->size = (size_t)(end + 22 - archive->bytes);
}

/* An archive of arrays: names with types and shapes; all elements are 0.5, or whole. */
struct array {
    const char *name, *type, *shape;
    size_t size;
};

static void give_archive(taker take, const char *reader, const char *name, const struct array *arrays, bool deflate,
                         bool zip64)
{
    static const float halves[16] = {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F,
                                     0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F};
    static const uint8_t whole[] = {0, 1, 1, 2};
    struct archive archive = {.size = 0};
    uint8_t bytes[MOST];
    for (; arrays->name; arrays++) {
        const void *elements = strcmp(arrays->type, "|u1") == 0 ? (const void *)whole : halves;
        const size_t size = npy_make(bytes, 1, arrays->type, false, arrays->shape, elements, arrays->size);
        zip_add(&archive, arrays->name, bytes, size, deflate, zip64);
    }
    zip_end(&archive, zip64);
    take(reader, name, archive.bytes, archive.size);
}

static void npz_seeds(taker take)
{
    static const struct array both[] = {{"x_train.npy", "<f4", "(4, 2)", 32},
                                        {"y_train.npy", "|u1", "(4,)", 4},
                                        {"x_test.npy", "<f4", "(3, 2)", 24},
                                        {"y_test.npy", "|u1", "(3,)", 3},
                                        {NULL, NULL, NULL, 0}};
    static const struct array alone[] = {
        {"X.npy", "<f4", "(3, 2)", 24}, {"y.npy", "|u1", "(3,)", 3}, {NULL, NULL, NULL, 0}};
    static const struct array torch[] = {{"0.weight.npy", "<f4", "(3, 2)", 24},
                                         {"0.bias.npy", "<f4", "(3,)", 12},
                                         {"2.weight.npy", "<f4", "(2, 3)", 24},
                                         {NULL, NULL, NULL, 0}};
    static const struct array keras[] = {{"d0/kernel:0.npy", "<f4", "(2, 3)", 24},
                                         {"d0/bias:0.npy", "<f4", "(3,)", 12},
                                         {"d1/kernel:0.npy", "<f4", "(3, 2)", 24},
                                         {NULL, NULL, NULL, 0}};
    static const struct array named[] = {{"output/kernel.npy", "<f4", "(3, 2)", 24},
                                         {"coefs_0.npy", "<f4", "(2, 3)", 24},
                                         {"intercepts_0.npy", "<f4", "(3,)", 12},
                                         {NULL, NULL, NULL, 0}};
    give_archive(take, "npz", "stored", both, false, false);
    give_archive(take, "npz", "deflated", both, true, false);
    give_archive(take, "npz", "zip64", alone, true, true);
    give_archive(take, "model", "torch-npz", torch, false, false);
    give_archive(take, "model", "keras-npz", keras, true, false);
    give_archive(take, "model", "named-npz", named, false, false);
}

/* ---------------------------------------------------------------- PNG */

#if ANNC_PNG_FOUND
struct written {
    uint8_t bytes[MOST];
    size_t size;
};

static void on_write(png_structp png, png_bytep bytes, size_t size)
{
    struct written *written = png_get_io_ptr(png);
    memcpy(written->bytes + written->size, bytes, size);
    written->size += size;
}

static void png_seeds(taker take)
{
    static const struct {
        const char *name;
        int kind, depth, interlacing;
    } kinds[] = {{"grey", PNG_COLOR_TYPE_GRAY, 8, PNG_INTERLACE_NONE},
                 {"bits", PNG_COLOR_TYPE_GRAY, 1, PNG_INTERLACE_ADAM7},
                 {"rgb-16", PNG_COLOR_TYPE_RGB, 16, PNG_INTERLACE_NONE},
                 {"palette", PNG_COLOR_TYPE_PALETTE, 4, PNG_INTERLACE_NONE},
                 {"grey-alpha", PNG_COLOR_TYPE_GRAY_ALPHA, 8, PNG_INTERLACE_NONE},
                 {"rgba", PNG_COLOR_TYPE_RGBA, 8, PNG_INTERLACE_ADAM7},
                 {"texts", PNG_COLOR_TYPE_GRAY, 8, PNG_INTERLACE_NONE}};
    static const png_byte exif[] = "II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0\6\0\0\0";
    enum { SIDE = 12, TEXTS = 4, LONG_TEXT = 1 << 19 };
    static char blanks[LONG_TEXT];
    memset(blanks, ' ', sizeof blanks - 1);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct written written = {.size = 0};
        png_color palette[16] = {[15] = {255, 255, 255}};
        png_byte opacity[16] = {255, 100}, row[SIDE * 8];
        const bool texts = strcmp(kinds[k].name, "texts") == 0;
        png_text text[TEXTS];
        for (int i = 0; i < TEXTS; i++)
            text[i] = (png_text){
                .compression = PNG_TEXT_COMPRESSION_zTXt, .key = "Comment", .text = texts ? blanks : "nothing"};
        png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
        png_infop info = png_create_info_struct(png);
        png_set_write_fn(png, &written, on_write, NULL);
        png_set_IHDR(png, info, SIDE, SIDE, kinds[k].depth, kinds[k].kind, kinds[k].interlacing,
                     PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
        if (kinds[k].kind == PNG_COLOR_TYPE_PALETTE) {
            png_set_PLTE(png, info, palette, 16);
            png_set_tRNS(png, info, opacity, 16, NULL);
        }
        png_set_text(png, info, text, texts ? TEXTS : 1);
        png_write_info(png, info);
        if (k == 0)
            png_write_chunk(png, (png_const_bytep) "eXIf", exif, sizeof exif - 1);
        const int passes = png_set_interlace_handling(png);
        for (int pass = 0; pass < passes; pass++)
            for (int r = 0; r < SIDE; r++) {
                const size_t third = png_get_rowbytes(png, info) / 3;
                memset(row, 0, sizeof row);
                memset(row + third, r > 2 && r < 9 ? 0xFF : 0, third);
                row[0] |= third == 0 && r > 2 && r < 9 ? 0x1E : 0;
                png_write_row(png, row);
            }
        png_write_end(png, NULL);
        png_destroy_write_struct(&png, &info);
        take("picture", kinds[k].name, written.bytes, written.size);
    }
}
#else
static void png_seeds(taker take)
{
    (void)take;
}
#endif

#if ANNC_JPEG_FOUND
/* A grey picture with a bar and the EXIF data of one that is turned, baseline and progressive. */
static void jpeg_seeds(taker take)
{
    enum { SIDE = 12 };
    static const JOCTET exif[] = "Exif\0\0II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0\6\0\0\0";
    for (int progressive = 0; progressive < 2; progressive++) {
        struct jpeg_compress_struct jpeg;
        struct jpeg_error_mgr errors;
        unsigned char *bytes = NULL;
        unsigned long size = 0;
        jpeg.err = jpeg_std_error(&errors);
        jpeg_create_compress(&jpeg);
        jpeg_mem_dest(&jpeg, &bytes, &size);
        jpeg.image_width = jpeg.image_height = SIDE;
        jpeg.input_components = progressive ? 3 : 1;
        jpeg.in_color_space = progressive ? JCS_RGB : JCS_GRAYSCALE;
        jpeg_set_defaults(&jpeg);
        if (progressive)
            jpeg_simple_progression(&jpeg);
        jpeg_start_compress(&jpeg, TRUE);
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, sizeof exif - 1);
        for (int r = 0; r < SIDE; r++) {
            JSAMPLE line[3 * SIDE] = {0};
            JSAMPROW row = line;
            const size_t third = (size_t)(SIDE * jpeg.input_components / 3);
            memset(line + third, r > 2 && r < 9 ? 0xFF : 0, third);
            jpeg_write_scanlines(&jpeg, &row, 1);
        }
        jpeg_finish_compress(&jpeg);
        jpeg_destroy_compress(&jpeg);
        take("picture", progressive ? "jpeg-progressive" : "jpeg", bytes, size);
        free(bytes);
    }
}
#else
static void jpeg_seeds(taker take)
{
    (void)take;
}
#endif

/* ---------------------------------------------------------------- logs of runs */

#define EPOCH(fold, number)                                                                                            \
    "{\"schema\":\"annc.epoch/1\"," fold "\"epoch\":" number ",\"loss\":0.36,\"rate\":3,\"training_correct\":2,"       \
    "\"training_count\":4,\"saturated\":[0,0.5],\"dead\":[0,0],\"seconds\":3.6e-05,\"examples_per_second\":1.5e5}\n"
#define END                                                                                                            \
    "\"layers\":\"2-2-2\",\"activations\":\"tanh-softmax\",\"cost\":\"quadratic\",\"parameters\":12,\"device\":"       \
    "\"cpu\","                                                                                                         \
    "\"device_name\":\"a <b> & \\\"c\\\"\",\"threads\":2,\"seed\":1,\"data\":\"x.csv\",\"wall_seconds\":0.1,\"lr\":3," \
    "\"version\":\"0.1.0\",\"options\":{\"lr\":\"3\",\"epochs\":\"2\"}}\n"

static void log_seeds(taker take)
{
    static const char run[] = EPOCH("", "1") EPOCH("", "2") "{\"schema\":\"annc.result/1\",\"epochs\":2,\"loss\":0.36,"
                                                            "\"ended_by\":\"epochs\",\"seconds\":5e-05," END;
    static const char folds[] = EPOCH("\"fold\":1,", "1")
        EPOCH("\"fold\":2,",
              "1") "{\"schema\":\"annc.fold/1\",\"fold\":1,\"training_count\":2,\"epochs\":1,\"validation_loss\":0.3}\n"
                   "{\"schema\":\"annc.fold/1\",\"fold\":2,\"training_count\":2,\"epochs\":1,\"validation_loss\":0.4}\n"
                   "{\"schema\":\"annc.folds/1\",\"folds\":2,\"accuracy_mean\":0.5,\"accuracy_sd\":0," END;
    static const char sweep[] =
        "{\"schema\":\"annc.sweep/"
        "1\",\"network\":1,\"lr\":1,\"seed\":1,\"validation_loss\":0.3,\"epochs\":1,\"seconds\":1}\n"
        "{\"schema\":\"annc.sweep/"
        "1\",\"network\":2,\"lr\":2,\"seed\":1,\"validation_loss\":0.4,\"epochs\":1,\"seconds\":1}\n"
        "{\"schema\":\"annc.sweep_result/1\",\"networks\":2,\"failed\":0,\"best\":1,\"lr\":1,\"seed\":1,"
        "\"validation_loss\":0.3,\"seconds\":2,\"wall_seconds\":2}\n";
    take("run_log", "run", run, sizeof run - 1);
    take("run_log", "cut", run, sizeof EPOCH("", "1") - 1);
    take("run_log", "folds", folds, sizeof folds - 1);
    take("run_log", "sweep", sweep, sizeof sweep - 1);
}

/* ---------------------------------------------------------------- models and checkpoints */

static const char FOREIGN[] = "{\"net.0.weight\":{\"dtype\":\"F16\",\"shape\":[3,2],\"data_offsets\":[0,12]},"
                              "\"net.2.weight\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[12,24]},"
                              "\"net.2.bias\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[24,40]}}";

static void model_seeds(taker take)
{
    const annc_shape shape = {.layers = 2,
                              .width = {2, 3, 2},
                              .activation = {ANNC_TANH, ANNC_SOFTMAX},
                              .cost = ANNC_CATEGORICAL_CROSS_ENTROPY};
    const annc_data_options options = {.path = scratch("table.csv"), .need_train = true};
    uint8_t bytes[MOST] = {0};
    annc_network *network;
    annc_data data;
    if (annc_network_create(&shape, &network) == ANNC_OK && annc_data_load(&options, &data) == ANNC_OK &&
        annc_data_describe(&data, network) == ANNC_OK && annc_model_save(network, scratch("model")) == ANNC_OK) {
        const size_t size = scratch_read("model", bytes, sizeof bytes);
        take("model", "own", bytes, size);
        take("export", "own", bytes, size);
        take("header", "own", bytes + 8, (size_t)bytes[0] + 256 * (size_t)bytes[1]);
        annc_data_free(&data);
    }
    annc_network_free(network);
    memset(bytes, 0, 8 + sizeof FOREIGN + 40);
    put_little(bytes, sizeof FOREIGN - 1, 8);
    memcpy(bytes + 8, FOREIGN, sizeof FOREIGN - 1);
    take("model", "foreign", bytes, 8 + sizeof FOREIGN - 1 + 40);
    take("checkpoint", "own", bytes, scratch_read("checkpoint", bytes, sizeof bytes));
}

/* A model with columns of words and one of dates. */
static void words_seed(taker take)
{
    static const char *const metadata[][2] = {
        {"annc.inputs", "[\"c=a\",\"c=b\",\"c=(other)\",\"x\",\"d=\\\"e\\\"\",\"d=(missing)\"]"},
        {"annc.table", "[4,3,1]"},
        {"annc.dates", "[3]"},
        {"annc.categories",
         "[{\"column\":\"c\",\"first\":0,\"levels\":[\"a\",\"b\"],\"unseen\":[1],\"other\":true,\"missing\":"
         "false},{\"column\":\"d\",\"first\":4,\"levels\":[\"\\\"e\\\"\"],\"unseen\":[],\"other\":false,"
         "\"missing\":true}]"}};
    const annc_shape shape = {
        .layers = 1, .width = {6, 2}, .activation = {ANNC_SOFTMAX}, .cost = ANNC_CATEGORICAL_CROSS_ENTROPY};
    uint8_t bytes[MOST] = {0};
    annc_network *network;
    annc_status status = annc_network_create(&shape, &network);
    for (size_t i = 0; i < sizeof metadata / sizeof *metadata && status == ANNC_OK; i++)
        status = annc_network_set_metadata(network, metadata[i][0], metadata[i][1]);
    if (status == ANNC_OK && annc_model_save(network, scratch("model")) == ANNC_OK) {
        const size_t size = scratch_read("model", bytes, sizeof bytes);
        take("model", "words", bytes, size);
        take("export", "words", bytes, size);
    }
    annc_network_free(network);
}

void seeds_make(taker take)
{
    idx_seeds(take);
    table_seeds(take);
    options_seeds(take);
    npy_seeds(take);
    npz_seeds(take);
    png_seeds(take);
    jpeg_seeds(take);
    log_seeds(take);
    model_seeds(take);
    words_seed(take);
}
