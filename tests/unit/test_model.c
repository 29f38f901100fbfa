/* Model files: what is written, what is read back, and what is refused. */
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/annc-test-model-XXXXXX";
static char path[128], other_path[128];

static size_t read_file(const char *name, unsigned char *bytes, size_t size)
{
    FILE *file = fopen(name, "rb");
    const size_t count = file ? fread(bytes, 1, size, file) : 0;
    if (file)
        fclose(file);
    return count;
}

static void write_file(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(name, "wb");
    CHECK(file && fwrite(bytes, 1, count, file) == count);
    if (file)
        fclose(file);
}

/* Returns the place of a text in a file, which must have it. */
static unsigned char *find(unsigned char *bytes, size_t count, const char *text)
{
    unsigned char *place = memmem(bytes, count, text, strlen(text));
    CHECK_MSG(place, "'%s' is not there", text);
    return place ? place : bytes;
}

static annc_network *sample(void)
{
    const annc_shape shape = problem_shape("3-4-2", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_network *network = NULL;
    CHECK(annc_network_create(&shape, &network) == ANNC_OK);
    for (size_t i = 0; i < annc_shape_parameters(&shape); i++)
        network->theta[i] = (float)i / 7 - 1;
    CHECK(annc_network_set_metadata(network, "annc.seed", "9223372036854775807") == ANNC_OK);
    CHECK(annc_network_set_metadata(network, "note", "quote \" backslash \\ newline \n tab \t \xc3\xa4 end") ==
          ANNC_OK);
    return network;
}

static void round_trip(void)
{
    annc_network *network = sample(), *back = NULL;
    unsigned char first[4096], second[4096];
    REQUIRE_OK(annc_model_save(network, path));
    REQUIRE_OK(annc_model_load(path, NULL, &back));
    CHECK(memcmp(network->theta, back->theta, annc_shape_parameters(&network->shape) * sizeof(float)) == 0);
    CHECK(memcmp(&network->shape, &back->shape, sizeof network->shape) == 0);
    CHECK(network->metadata_count == back->metadata_count);
    for (size_t i = 0; i < network->metadata_count; i++)
        CHECK(strcmp(network->metadata[i].key, back->metadata[i].key) == 0 &&
              strcmp(network->metadata[i].value, back->metadata[i].value) == 0);
    REQUIRE_OK(annc_model_save(back, other_path));
    const size_t count = read_file(path, first, sizeof first);
    CHECK(count > 100 && count == read_file(other_path, second, sizeof second) && memcmp(first, second, count) == 0);
    annc_network_free(network);
    annc_network_free(back);
}

/* The very bytes, so that a change of the format is seen. */
static void known_bytes(void)
{
    const annc_shape shape = problem_shape("2-1", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    static const char header[] = "{\"__metadata__\":{\"annc.activations\":\"sigmoid\",\"annc.checksum\":\"e147c394\","
                                 "\"annc.cost\":\"quadratic\","
                                 "\"annc.layers\":\"2-1\",\"annc.version\":\"0.1.0\"},\"0.weight\":{\"dtype\":\"F32\","
                                 "\"shape\":[1,2],\"data_offsets\":[0,8]},"
                                 "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
    static const unsigned char data[] = {0, 0, 0, 0x40, 0, 0, 0x40, 0xC0, 0, 0, 0x80, 0x3F}; /* 2, -3, 1 */
    unsigned char bytes[1024];
    annc_network *network = NULL;
    REQUIRE_OK(annc_network_create(&shape, &network));
    network->theta[0] = 2;
    network->theta[1] = -3;
    network->theta[2] = 1;
    REQUIRE_OK(annc_model_save(network, path));
    const size_t count = read_file(path, bytes, sizeof bytes), padded = (sizeof header - 1 + 7) / 8 * 8;
    CHECK(count == 8 + padded + sizeof data && bytes[0] == padded % 256 && bytes[1] == padded / 256 && bytes[2] == 0 &&
          bytes[7] == 0);
    CHECK_MSG(memcmp(bytes + 8, header, sizeof header - 1) == 0, "%.*s", (int)padded, (const char *)bytes + 8);
    for (size_t i = sizeof header - 1; i < padded; i++)
        CHECK(bytes[8 + i] == ' ');
    CHECK(memcmp(bytes + 8 + padded, data, sizeof data) == 0);
    annc_network_free(network);
}

/* ---------------------------------------------------------------- refusals */

/* A file of this header and so many bytes of zeros; what loading it says must contain `expected`. */
static void refused(const char *header, size_t data, const char *expected)
{
    unsigned char bytes[8192] = {0};
    annc_network *network = NULL;
    const size_t length = strlen(header);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> (8 * i));
    memcpy(bytes + 8, header, length);
    write_file(path, bytes, 8 + length + data);
    CHECK_MSG(annc_model_load(path, NULL, &network) == ANNC_INPUT && !network, "taken: %s", header);
    CHECK_MSG(strstr(annc_last_error(), expected) && strstr(annc_last_error(), path), "'%s' for %s", annc_last_error(),
              header);
    annc_network_free(network);
}

#define METADATA                                                                                                       \
    "\"__metadata__\":{\"annc.layers\":\"2-1\",\"annc.activations\":\"sigmoid\",\"annc.cost\":\"quadratic\"}"
#define WEIGHT "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}"
#define BIAS   "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}"

static void malformed_headers(void)
{
    annc_network *network = NULL;
    refused("[]", 0, "does not begin with '{'");
    refused("{" METADATA "," WEIGHT "," BIAS "} x", 12, "after its end");
    refused("{" METADATA "," WEIGHT "," BIAS "}", 11, "cut short");
    refused("{" METADATA "," WEIGHT "," BIAS "}", 13, "extra bytes");
    refused("{" METADATA "," WEIGHT "," WEIGHT "," BIAS "}", 12, "twice");
    refused("{" METADATA "," METADATA "," WEIGHT "," BIAS "}", 12, "twice");
    refused("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}," WEIGHT "," BIAS "}", 12, "twice");
    refused("{\"__metadata__\":{\"a\":1}," WEIGHT "," BIAS "}", 12, "header");
    refused("{" WEIGHT "," BIAS "}", 12, "another program");
    refused("{" METADATA "," WEIGHT "}", 8, "lacks");
    refused("{" METADATA "," WEIGHT ",\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
            "overlaps");
    refused("{" METADATA "," WEIGHT ",\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}", 16,
            "leaves a gap");
    refused("{" METADATA "," WEIGHT ",\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,16]}}", 16,
            "disagree");
    refused("{" METADATA "," WEIGHT ",\"0.bias\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[8,16]}}", 16,
            "F32");
    refused("{" METADATA "," WEIGHT ",\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16,
            "has a shape that differs");
    refused("{" METADATA "," WEIGHT "," BIAS ",\"2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}",
            16, "do not belong to a layer");
    refused("{" METADATA "," BIAS
            ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[4194305,4194305],\"data_offsets\":[0,8]}}",
            12, "disagree");
    refused("{" METADATA "," BIAS
            ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[4194305,4194305,211106198978564],\"data_offsets\":[0,8]}}",
            12, "disagree");
    refused("{" METADATA "," BIAS
            ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}",
            12, "dimensions");
    refused("{" METADATA
            ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,2],\"data_offsets\":[0,8]}," BIAS "}",
            12, "disagree");
    refused("{\"__metadata__\":{\"annc.layers\":\"2-1\",\"annc.activations\":\"sigmoid-sigmoid\",\"annc.cost\":"
            "\"quadratic\"}," WEIGHT "," BIAS "}",
            12, "one activation per layer");
    refused("{\"__metadata__\":{\"annc.layers\":\"2-1\",\"annc.activations\":\"tanh\",\"annc.cost\":\"cross-entropy\"}"
            "," WEIGHT "," BIAS "}",
            12, "needs sigmoid outputs");
    refused("{" METADATA ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,02],\"data_offsets\":[0,8]}," BIAS "}", 12,
            "whole number");
    refused("{" METADATA "," WEIGHT "," BIAS ",}", 12, "header");
    refused("{" METADATA
            ",\"0.weight\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}," BIAS "}",
            12, "the same member twice");
    refused("{" METADATA ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0]}," BIAS "}", 12,
            "lacks");
    refused("{" METADATA ",\"0.weight\":{\"shape\":[1,2],\"data_offsets\":[0,8]}," BIAS "}", 12, "lacks");
    refused("{" METADATA "," WEIGHT ",\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[8,12]}}", 12,
            "has a shape that differs");
    refused("{" METADATA "," BIAS ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12,
            "has a shape that differs");
    refused("{" METADATA "," WEIGHT "," BIAS
            ",\"annc.best\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}",
            20, "does not have as many values");
    refused("{" METADATA "," WEIGHT "," BIAS
            ",\"annc.best\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[12,24]}}",
            24, "does not have as many values");
    refused("{" METADATA "," WEIGHT "," BIAS
            ",\"annc.Best\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[12,24]}}",
            24, "is not a tensor of this program");
    refused("{" METADATA ",\"0.weight\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}," BIAS "}", 12, "lacks");
    refused("{" METADATA ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2]}," BIAS "}", 12, "lacks");
    refused("{" METADATA ",\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8],\"x\":1}," BIAS "}",
            12, "unknown member");
    refused("{\"xweight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}", 8,
            "is neither weights nor biases");
    refused("{\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}", 8, "is neither weights nor biases");
    refused("{\"bias\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}", 8,
            "is neither weights nor biases");
    refused("{\"bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "is a bias without weights");
    refused("{\"weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}", 8, "another program");
    refused("{\"weight\":{\"dtype\":\"F32\",\"shape\":[0,2],\"data_offsets\":[0,0]}}", 0, "does not fit the outputs");
    refused("{\"weight\":{\"dtype\":\"F32\",\"shape\":[16777217,0],\"data_offsets\":[0,0]}}", 0,
            "does not fit the outputs");
    refused("{}", 0, "has no layers");
    refused("{\"\xff\":{}}", 0, "UTF-8");
    write_file(path, "\xff\xff\xff\xff\xff\xff\xff\x7f{", 9);
    CHECK(annc_model_load(path, NULL, &network) == ANNC_INPUT && strstr(annc_last_error(), "100 MB"));
    write_file(path, "\x40\0\0\0\0\0\0\0{", 9);
    CHECK(annc_model_load(path, NULL, &network) == ANNC_INPUT && strstr(annc_last_error(), "longer than the file"));
    write_file(path, "", 0);
    CHECK(annc_model_load(path, NULL, &network) == ANNC_INPUT && strstr(annc_last_error(), "empty"));
    CHECK(annc_model_load(folder, NULL, &network) == ANNC_INPUT && strstr(annc_last_error(), "folder"));
    CHECK(annc_model_load("/nowhere/at/all", NULL, &network) == ANNC_INPUT &&
          strstr(annc_last_error(), "No such file"));
    unlink(path);
    CHECK(mkfifo(path, 0600) == 0);
    CHECK(annc_model_load(path, NULL, &network) == ANNC_INPUT && strstr(annc_last_error(), "not a regular file"));
    unlink(path);
}

/* More than any network has: tensors, metadata, layers. */
static void too_many(void)
{
    static const struct {
        const char *begin, *one, *end, *message;
        int count;
    } kinds[] = {{"{", "%s\"%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}", "}",
                  "more tensors than a network can have", 200},
                 {"{\"__metadata__\":{", "%s\"%d\":\"\"", "}}", "too many metadata", 4097},
                 {"{", "%s\"%d.weight\":{\"dtype\":\"F32\",\"shape\":[0,0],\"data_offsets\":[0,0]}", "}",
                  "more layers than a network can have", ANNC_MAX_LAYERS + 1}};
    enum { ROOM = 100000 };
    char *header = malloc(ROOM);
    unsigned char *file = malloc(8 + ROOM);
    annc_network *network = NULL;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        size_t used = (size_t)snprintf(header, ROOM, "%s", kinds[kind].begin);
        for (int i = 0; i < kinds[kind].count; i++)
            used += (size_t)snprintf(header + used, ROOM - used, kinds[kind].one, i ? "," : "", i);
        used += (size_t)snprintf(header + used, ROOM - used, "%s", kinds[kind].end);
        for (int i = 0; i < 8; i++)
            file[i] = (unsigned char)(used >> (8 * i));
        memcpy(file + 8, header, used);
        write_file(path, file, 8 + used);
        CHECK(annc_model_load(path, NULL, &network) == ANNC_INPUT && !network);
        CHECK_MSG(strstr(annc_last_error(), kinds[kind].message), "%s", annc_last_error());
    }
    free(header);
    free(file);
}

/* Layers of others go by the numbers in their names, "00" and "0" being one: what follows them then decides, or else the names as texts; never
 * the order in the file. */
static void names_of_others(void)
{
    static const char *const pairs[][2] = {
        {"a.0.y.weight", "a.00.z.weight"}, {"a.0.weight", "a.00.weight"}, {"weight", "weight.weight"}};
    const annc_shape shape = problem_shape("2-2-1", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int turned = 0; turned < 2; turned++) {
            char header[256];
            unsigned char bytes[512] = {0};
            annc_network *network = NULL;
            snprintf(header, sizeof header,
                     "{\"%s\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[%d,%d]},"
                     "\"%s\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[%d,%d]}}",
                     pairs[i][0], turned ? 8 : 0, turned ? 24 : 16, pairs[i][1], turned ? 0 : 16, turned ? 8 : 24);
            const size_t length = strlen(header);
            bytes[0] = (unsigned char)length;
            memcpy(bytes + 8, header, length);
            write_file(path, bytes, 8 + length + 24);
            REQUIRE_OK(annc_model_load(path, &shape, &network));
            annc_network_free(network);
        }
}

static void values_that_are_not_finite(void)
{
    annc_network *network = sample(), *back = NULL;
    unsigned char bytes[4096];
    REQUIRE_OK(annc_model_save(network, path));
    network->theta[5] = NAN;
    CHECK(annc_model_check(network) == ANNC_DIVERGED && annc_model_save(network, path) == ANNC_DIVERGED);
    CHECK_MSG(strstr(annc_last_error(), "value 5 of the parameters is not finite"), "%s", annc_last_error());
    REQUIRE_OK(annc_model_load(path, NULL, &back)); /* the old file stays */
    annc_network_free(back);
    back = NULL;
    network->theta[5] = 0;
    REQUIRE_OK(annc_network_set_block(network, "best", network->theta));
    network->blocks[0].values[3] = INFINITY;
    CHECK(annc_model_save(network, path) == ANNC_DIVERGED && strstr(annc_last_error(), "value 3 of best"));
    /* In a file without a checksum, as older versions wrote it. */
    REQUIRE_OK(annc_network_set_block(network, "best", NULL));
    REQUIRE_OK(annc_model_save(network, path));
    const size_t count = read_file(path, bytes, sizeof bytes);
    memcpy(find(bytes, count, "annc.checksum"), "anyy", 4);
    memset(bytes + count - 4, 0xFF, 4);
    write_file(path, bytes, count);
    CHECK(annc_model_load(path, NULL, &back) == ANNC_INPUT && strstr(annc_last_error(), "not finite"));
    annc_network_free(network);
}

/* A file cut at any byte is refused, and so is one with any bit flipped: the checksum finds it. Only the beginning of
 * the checksum's own key may change, and make it a key of another program. */
static void damage(void)
{
    annc_network *network = sample(), *back = NULL;
    unsigned char bytes[4096];
    REQUIRE_OK(annc_network_set_block(network, "first", network->theta));
    REQUIRE_OK(annc_network_set_metadata(network, "annc.lr", "0x1.8p+1"));
    REQUIRE_OK(annc_model_save(network, path));
    const size_t count = read_file(path, bytes, sizeof bytes),
                 key = (size_t)(find(bytes, count, "annc.checksum") - bytes);
    for (size_t length = 0; length < count; length++) {
        write_file(other_path, bytes, length);
        CHECK_MSG(annc_model_load(other_path, NULL, &back) == ANNC_INPUT, "taken when cut to %zu bytes", length);
    }
    for (size_t bit = 0; bit < 8 * count; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        write_file(other_path, bytes, count);
        const annc_status status = annc_model_load(other_path, NULL, &back);
        const bool in_key = bit / 8 >= key && bit / 8 < key + strlen("annc.");
        CHECK_MSG(status == ANNC_INPUT || (status == ANNC_OK && in_key), "bit %zu: %d %s", bit, (int)status,
                  annc_last_error());
        CHECK_MSG(status == ANNC_OK || strstr(annc_last_error(), other_path), "bit %zu: %s", bit, annc_last_error());
        annc_network_free(back);
        back = NULL;
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    bytes[count - 3] ^= 4; /* in the optimiser's state */
    write_file(other_path, bytes, count);
    CHECK(annc_model_load(other_path, NULL, &back) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "does not match its checksum"), "%s", annc_last_error());
    annc_network_free(network);
}

/* The digits may be none but those of the checksum, and stand in the file as they are. */
static void checksums(void)
{
    static const char *const values[] = {"", "0000000", "000000000", "e147c39\\u0034", "E147C394", "e147c394 "};
    annc_network *network = sample();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char header[1024];
        snprintf(header, sizeof header, "{\"__metadata__\":{\"annc.checksum\":\"%s\"}," WEIGHT "," BIAS "}", values[i]);
        refused(header, 12, "has a malformed annc.checksum");
    }
    refused("{\"__metadata__\":{\"annc.checksum\":\"00000000\",\"annc.checksum\":\"00000000\"}," WEIGHT "," BIAS "}",
            12, "twice");
    refused("{\"__metadata__\":{\"annc.checksum\":\"00000000\"}," WEIGHT "," BIAS "}", 12,
            "does not match its checksum");
    /* Nobody sets it. */
    REQUIRE_OK(annc_network_set_metadata(network, "annc.checksum", "00000000"));
    CHECK(annc_model_save(network, path) == ANNC_INPUT && strstr(annc_last_error(), "unknown key, 'annc.checksum'"));
    annc_network_free(network);
}

/* Keys and values that no version has written, or a newer one: neither loaded nor saved nor exported. */
static void metadata_that_are_wrong(void)
{
    static const struct {
        const char *key, *value, *message;
    } wrong[] = {
        {"annc.scale", "bogus", "the model's annc.scale is malformed"},
        {"annc.scale", "", "the model's annc.scale is malformed"},
        {"annc.transpose", "false", "the model's annc.transpose is malformed"},
        {"annc.bogus", "1", "have an unknown key, 'annc.bogus'"},
        {"annc.", "", "have an unknown key, 'annc.'"},
        {"annc.version", "99.0.0", "version 99.0.0, which is newer than this program"},
        {"annc.version", "0.2.0", "update the program"},
        {"annc.version", "0.1", "the model's annc.version is malformed"},
        {"annc.version", "0.1.0.0", "the model's annc.version is malformed"},
        {"annc.version", "00000000000000000000.1.0", "the model's annc.version is malformed"},
        {"annc.seed", "-1", "the model's annc.seed is malformed"},
        {"annc.epochs", "10x", "the model's annc.epochs is malformed"},
        {"annc.batch", "", "the model's annc.batch is malformed"},
        {"annc.lr", "fast", "the model's annc.lr is malformed"},
        {"annc.init", "auto!", "the model's annc.init is malformed"},
        {"annc.cost", "quadratic", "the model's annc.cost is malformed or contradicts its layers: 'quadratic'"},
        {"annc.layers", "3-4-3", "annc.layers is malformed or contradicts its layers: '3-4-3'"},
        {"annc.activations", "tanh-tanh", "the model's annc.activations is malformed"},
        {"annc.classes", "[\"one\"]", "the model's annc.classes does not match its 2 outputs"},
        {"annc.classes", "[\"a\",\"b\"] ", "annc.classes have text after their end"},
        {"annc.targets", "[\"a\",\"b\",\"c\"]", "the model's annc.targets does not match its 2 outputs"},
        {"annc.inputs", "[\"a\"]", "the model's annc.inputs is malformed"},
        {"annc.inputs", "[\"a\",\"b\",\"c\"],", "the model's annc.inputs is malformed"},
        {"annc.input_fill", "[\"0x1p0\"]", "the model's annc.input_fill is malformed"},
        {"annc.target_factor", "[\"0x1p0\"]", "the model's annc.target_factor is malformed"},
        {"annc.table", "[1,2,3,4]", "the model's annc.table is malformed"},
        {"annc.images", "[0,0,0,0,0,0]]", "the model's annc.images is malformed"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        annc_network *network = sample();
        REQUIRE_OK(annc_model_save(network, path));
        REQUIRE_OK(annc_network_set_metadata(network, wrong[i].key, wrong[i].value));
        for (int way = 0; way < 3; way++) {
            const annc_status status = way == 0   ? annc_model_check(network)
                                       : way == 1 ? annc_model_save(network, path)
                                                  : annc_model_export(network, ANNC_EXPORT_NPZ, path);
            CHECK_MSG(status == ANNC_INPUT && strstr(annc_last_error(), wrong[i].message), "%s = %s: %s", wrong[i].key,
                      wrong[i].value, annc_last_error());
        }
        annc_network_free(network);
    }
    refused("{\"__metadata__\":{\"annc.layers\":\"2-1\",\"annc.version\":\"99.0.0\"}," WEIGHT "," BIAS "}", 12,
            "version 99.0.0, which is newer than this program (" ANNC_VERSION "): update the program");
    refused("{\"__metadata__\":{\"annc.layers\":\"2-1\",\"annc.activations\":\"sigmoid\",\"annc.cost\":\"quadratic\","
            "\"annc.scale\":\"bogus\"}," WEIGHT "," BIAS "}",
            12, "the model's annc.scale is malformed");
    refused("{\"__metadata__\":{\"annc.layers\":\"2-1\",\"annc.activations\":\"sigmoid\",\"annc.cost\":\"quadratic\","
            "\"annc.bogus\":\"1\"}," WEIGHT "," BIAS "}",
            12, "unknown key, 'annc.bogus'");
}

/* A correction of this version, or an older one, is read. */
static void versions(void)
{
    static const char *const known[] = {ANNC_VERSION, "0.1.99", "0.0.1"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        annc_network *network = sample(), *back = NULL;
        REQUIRE_OK(annc_network_set_metadata(network, "annc.version", known[i]));
        REQUIRE_OK(annc_model_save(network, path));
        REQUIRE_OK(annc_model_load(path, NULL, &back));
        annc_network_free(network);
        annc_network_free(back);
    }
}

/* What the reader refuses is not written, and found before the work. */
static void limits_of_the_reader(void)
{
    enum { LONG = 100000001 };
    annc_network *network = sample();
    char key[16], *text = malloc(LONG + 1);
    REQUIRE_OK(annc_model_save(network, path));
    for (int i = 0; i < 4096; i++) {
        snprintf(key, sizeof key, "key %d", i);
        REQUIRE_OK(annc_network_set_metadata(network, key, ""));
    }
    CHECK(annc_model_save(network, path) == ANNC_INPUT && strstr(annc_last_error(), "a file can hold at most 4096"));
    CHECK(annc_model_check(network) == ANNC_INPUT && strstr(annc_last_error(), "metadata keys"));
    annc_network_free(network);
    network = sample();
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    REQUIRE_OK(annc_network_set_metadata(network, "note", text));
    CHECK(annc_model_save(network, path) == ANNC_INPUT && strstr(annc_last_error(), "use fewer columns"));
    CHECK(annc_model_check(network) == ANNC_INPUT && strstr(annc_last_error(), "use fewer columns"));
    text[LONG - (1 << 18)] = '\0'; /* a model can be saved, a checkpoint perhaps not */
    REQUIRE_OK(annc_network_set_metadata(network, "note", text));
    CHECK(annc_model_check(network) == ANNC_INPUT);
    REQUIRE_OK(annc_model_save(network, path));
    annc_network_free(network);
    network = sample();
    REQUIRE_OK(annc_network_set_metadata(network, "annc.layers", NULL));
    CHECK(annc_model_save(network, path) == ANNC_INPUT && strstr(annc_last_error(), "annc.layers is missing"));
    annc_network_free(network);
    free(text);
}

/* ---------------------------------------------------------------- writing */

static void unwritable(void)
{
    annc_network *network = sample();
    char below[160];
    snprintf(below, sizeof below, "%s/nowhere/model", folder);
    CHECK(annc_model_can_save(below) == ANNC_OUTPUT && annc_model_save(network, below) == ANNC_OUTPUT);
    CHECK(annc_model_can_save(folder) == ANNC_OUTPUT && annc_model_save(network, folder) == ANNC_OUTPUT);
    CHECK(annc_model_can_save("/proc/model") == ANNC_OUTPUT);
    if (access("/dev/full", W_OK) == 0)
        CHECK(annc_model_save(network, "/dev/full") == ANNC_OUTPUT && strstr(annc_last_error(), "No space"));
    write_file(path, "old", 3);
    CHECK(annc_model_can_save(path) == ANNC_OK);
    unsigned char bytes[8];
    CHECK(read_file(path, bytes, sizeof bytes) == 3); /* asking does not touch it */
    annc_network_free(network);
}

static int count_temporary(void)
{
    char listing[256];
    int count = -1;
    snprintf(listing, sizeof listing, "ls %s | grep -c tmp", folder);
    FILE *pipe = popen(listing, "r");
    CHECK(pipe && fscanf(pipe, "%d", &count) == 1);
    if (pipe)
        pclose(pipe);
    return count;
}

/* A link stays a link, the old mode stays, and no temporary file is left. */
static void links_and_modes(void)
{
    annc_network *network = sample();
    struct stat there;
    write_file(path, "old", 3);
    CHECK(chmod(path, 0640) == 0);
    unlink(other_path);
    CHECK(symlink(path, other_path) == 0);
    REQUIRE_OK(annc_model_save(network, other_path));
    CHECK(lstat(other_path, &there) == 0 && S_ISLNK(there.st_mode));
    CHECK(stat(path, &there) == 0 && (there.st_mode & 0777) == 0640 && there.st_size > 100);
    unlink(other_path);
    CHECK(count_temporary() == 0);
    annc_network_free(network);
}

/* ANNC_EXPORT_COUNT: as a model. */
static annc_status write_as(const annc_network *network, int form)
{
    return form == ANNC_EXPORT_COUNT ? annc_model_save(network, path)
                                     : annc_model_export(network, (annc_export)form, path);
}

/* Files of every form, with more of everything than is written at once, that may be no longer than some length: each fails and leaves what was
 * there. */
static void no_room_at_any_place(void)
{
    const annc_shape shape = problem_shape("3-8000-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    struct rlimit limit;
    struct stat there;
    annc_network *network = NULL;
    REQUIRE_OK(annc_network_create(&shape, &network));
    for (size_t i = 0; i < annc_shape_parameters(&shape); i++)
        network->theta[i] = (float)i / 7 - 1;
    REQUIRE_OK(annc_network_set_block(network, "best", network->theta));
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    for (int form = 0; form <= ANNC_EXPORT_COUNT; form++) {
        REQUIRE_OK(write_as(network, form));
        CHECK(stat(path, &there) == 0 && there.st_size > 1 << 17);
        write_file(path, "old", 3);
        const rlim_t size = (rlim_t)there.st_size, step = 30000;
        for (rlim_t end = 1; end < size + step; end += step) {
            const rlim_t most = (end < size ? end : size) - 1;
            unsigned char bytes[8];
            const struct rlimit less = {most, limit.rlim_max};
            CHECK(setrlimit(RLIMIT_FSIZE, &less) == 0);
            const annc_status status = write_as(network, form);
            CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
            CHECK_MSG(status == ANNC_OUTPUT && strstr(annc_last_error(), strerror(EFBIG)), "form %d, %llu bytes: %s",
                      form, (unsigned long long)most, annc_last_error());
            CHECK(read_file(path, bytes, sizeof bytes) == 3 && memcmp(bytes, "old", 3) == 0);
        }
        CHECK(count_temporary() == 0);
    }
    signal(SIGXFSZ, before);
    annc_network_free(network);
}

/* Numbers are written the same in a locale with a decimal comma. */
static void locale(void)
{
    unsigned char first[4096], second[4096];
    annc_network *network = sample();
    REQUIRE_OK(annc_model_save(network, path));
    const size_t count = read_file(path, first, sizeof first);
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8")) {
        annc_network_free(network);
        SKIP("no locale with a decimal comma is installed");
    }
    REQUIRE_OK(annc_model_save(network, path));
    CHECK(read_file(path, second, sizeof second) == count && memcmp(first, second, count) == 0);
    setlocale(LC_ALL, "C");
    annc_network_free(network);
}

/* ---------------------------------------------------------------- other files */

static void export_refuses(const char *key, const char *value)
{
    annc_network *network = sample();
    REQUIRE_OK(annc_network_set_metadata(network, key, value));
    CHECK_MSG(annc_model_export(network, ANNC_EXPORT_C, path) == ANNC_INPUT && strstr(annc_last_error(), key),
              "%s = %s: %s", key, value, annc_last_error());
    annc_network_free(network);
}

static void exports(void)
{
    annc_network *network = sample();
    static unsigned char page[1 << 18];
    CHECK(annc_model_export(network, ANNC_EXPORT_COUNT, path) == ANNC_USAGE && !annc_export_name(ANNC_EXPORT_COUNT));
    /* A class cannot end the script that it is in, and a range without an end is null. */
    REQUIRE_OK(annc_network_set_metadata(network, "annc.classes", "[\"</script><b>\",\"b\\tc?\\u007f\"]"));
    network->shape.activation[0] = ANNC_RELU;
    REQUIRE_OK(annc_network_set_metadata(network, "annc.activations", "relu-softmax"));
    REQUIRE_OK(annc_model_export(network, ANNC_EXPORT_HTML, path));
    page[read_file(path, page, sizeof page - 1)] = '\0';
    CHECK(strstr((char *)page, "\\u003c/script>\\u003cb>") && !strstr((char *)page, "</script><b>"));
    CHECK(strstr((char *)page, "\"high\":null"));
    REQUIRE_OK(annc_network_set_metadata(network, "annc.input_shift", "[\"0x1p0\",\"0x1p0\",\"0x1p0\"]"));
    REQUIRE_OK(annc_network_set_metadata(network, "annc.input_factor", "[\"0x1p1\",\"0x1p1\",\"0x1p1\"]"));
    CHECK(annc_model_export(network, ANNC_EXPORT_C, path) == ANNC_INPUT &&
          strstr(annc_last_error(), "annc.input_fill"));
    REQUIRE_OK(annc_network_set_metadata(network, "annc.input_fill", "[\"0x1p0\",\"0x1p0\",\"0x1p0\"]"));
    REQUIRE_OK(annc_model_export(network, ANNC_EXPORT_C, path));
    page[read_file(path, page, sizeof page - 1)] = '\0';
    CHECK(strstr((char *)page, "(float)(((x[j] == x[j] ? x[j] : input_fill[j]) - input_shift[j]) * input_factor[j]);"));
    CHECK(strstr((char *)page, "\"b\\011c\\077\\177\",")); /* as text of any compiler's character set */
    const char *function = strstr((char *)page, "static real activation_");
    CHECK(function && strstr(function + 1, "static real activation_"));
    /* A function that two layers have is there once. */
    network->shape.activation[0] = network->shape.activation[1] = ANNC_TANH;
    network->shape.cost = ANNC_QUADRATIC;
    REQUIRE_OK(annc_network_set_metadata(network, "annc.activations", "tanh-tanh"));
    REQUIRE_OK(annc_network_set_metadata(network, "annc.cost", "quadratic"));
    REQUIRE_OK(annc_model_export(network, ANNC_EXPORT_C, path));
    page[read_file(path, page, sizeof page - 1)] = '\0';
    function = strstr((char *)page, "static real activation_");
    CHECK(function && !strstr(function + 1, "static real activation_"));
    annc_network_free(network);
    export_refuses("annc.classes", "[\"a\"");
    export_refuses("annc.inputs", "[7]");
    export_refuses("annc.inputs", "[\"a\"]");
    export_refuses("annc.classes", "[\"a\",\"b\",\"c\"]");
    export_refuses("annc.targets", "x");
    export_refuses("annc.targets", "[\"a\"]");
    export_refuses("annc.input_shift", "[\"0x1p0\"]");
    export_refuses("annc.input_shift", "[\"0x1p0\",\"1\",\"z\"]");
    export_refuses("annc.input_shift", "[\"0x1p0\",\"0x1p0\",\"0x1p0\",\"0x1p0\"]");
    export_refuses("annc.input_factor", "[7]");
    export_refuses("annc.input_fill", "{}");
    export_refuses("annc.target_shift", "[]");
    export_refuses("annc.target_factor", "[\"0x1p0\"");
}

/* Sizes that are refused before any of their memory is touched. */
static void too_large(void)
{
    const annc_shape large = problem_shape("8192-8193", ANNC_TANH, ANNC_SIGMOID, ANNC_QUADRATIC),
                     wide = problem_shape("1-8388609-1", ANNC_TANH, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_network *network = NULL, *networks[2] = {NULL}, *joined = NULL;
    REQUIRE_OK(annc_network_create(&large, &network));
    CHECK(annc_model_export(network, ANNC_EXPORT_HTML, path) == ANNC_OUTPUT);
    CHECK_MSG(strstr(annc_last_error(), "browsers cannot load a page with more than"), "%s", annc_last_error());
    annc_network_free(network);
    REQUIRE_OK(annc_network_create(&wide, &networks[0]));
    REQUIRE_OK(annc_network_create(&wide, &networks[1]));
    CHECK(annc_network_join((const annc_network *const *)networks, 2, &joined) == ANNC_USAGE && !joined);
    CHECK_MSG(strstr(annc_last_error(), "joined networks have a layer of more than"), "%s", annc_last_error());
    annc_network_free(networks[0]);
    annc_network_free(networks[1]);
}

static void networks_that_do_not_join(void)
{
    static const struct {
        const char *layers;
        annc_activation hidden;
        annc_cost cost;
    } others[] = {{"3-4-2", ANNC_TANH, ANNC_QUADRATIC}, /* the same: this one joins */
                  {"3-2", ANNC_TANH, ANNC_QUADRATIC},   {"4-4-2", ANNC_TANH, ANNC_QUADRATIC},
                  {"3-4-3", ANNC_TANH, ANNC_QUADRATIC}, {"3-4-2", ANNC_TANH, ANNC_CROSS_ENTROPY},
                  {"3-4-2", ANNC_RELU, ANNC_QUADRATIC}};
    annc_network *networks[2] = {NULL}, *joined = NULL;
    CHECK(annc_network_join((const annc_network *const *)networks, 0, &joined) == ANNC_USAGE && !joined);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        annc_shape shape = problem_shape("3-4-2", ANNC_TANH, ANNC_SIGMOID, ANNC_QUADRATIC);
        REQUIRE_OK(annc_network_create(&shape, &networks[0]));
        shape = problem_shape(others[i].layers, others[i].hidden, ANNC_SIGMOID, others[i].cost);
        REQUIRE_OK(annc_network_create(&shape, &networks[1]));
        const annc_status status = annc_network_join((const annc_network *const *)networks, 2, &joined);
        CHECK_MSG(i == 0 ? status == ANNC_OK : status == ANNC_USAGE && !joined, "number %zu: %s", i, annc_last_error());
        annc_network_free(joined);
        annc_network_free(networks[0]);
        annc_network_free(networks[1]);
        joined = NULL;
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(round_trip),
                                        TEST(known_bytes),
                                        TEST(malformed_headers),
                                        TEST(values_that_are_not_finite),
                                        TEST(damage),
                                        TEST(checksums),
                                        TEST(metadata_that_are_wrong),
                                        TEST(versions),
                                        TEST(limits_of_the_reader),
                                        TEST(unwritable),
                                        TEST(links_and_modes),
                                        TEST(locale),
                                        TEST(no_room_at_any_place),
                                        TEST(too_many),
                                        TEST(names_of_others),
                                        TEST(exports),
                                        TEST(networks_that_do_not_join),
                                        TEST(too_large)};
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    snprintf(other_path, sizeof other_path, "%s/other.safetensors", folder);
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    unlink(path);
    unlink(other_path);
    rmdir(folder);
    return result;
}
