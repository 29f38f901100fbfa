/* Every reader on damaged files: cut at every byte, each bit of the header flipped, thousands of random changes (2,500 a file, or as many as
 * ANNC_TEST_CHANGES says). With --seeds FOLDER it writes the files that it damages, a folder for each reader, and damages none. */
#include "base/checksum.h"
#include "fuzz/hostile.h"
#include "support/test.h"

#include <sys/stat.h>

enum { MOST_SIZE = 8192, HEADER = 128, MOST_CHANGED = 8 };

static size_t changes = 2500; /* of each file */

static const struct reader *reader; /* at work */
static const char *seeds_folder;
static size_t files, taken, refused; /* of the reader */
static double worst;                 /* the largest share of the memory allowed that was used */

static void try_file(const char *name, const char *what, size_t where, const void *bytes, size_t size)
{
    struct reading reading;
    const char *complaint = reader_complaint(reader, bytes, size, &reading);
    taken += reading.taken;
    refused += !reading.taken;
    worst = fmax(worst, (double)reading.held / (double)reading.allowed);
    CHECK_MSG(!complaint, "%s/%s, %s %zu: %s", reader->name, name, what, where, complaint);
}

static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void change_bytes(const char *name, const uint8_t *bytes, size_t size)
{
    uint32_t state = 1;
    for (size_t i = 0; i < changes; i++) {
        uint8_t changed[MOST_SIZE];
        memcpy(changed, bytes, size);
        for (uint32_t n = 1 + next(&state) % MOST_CHANGED; n > 0; n--)
            changed[next(&state) % size] ^= (uint8_t)(1 + next(&state) % 255);
        try_file(name, "change", i, changed, size);
    }
}

static void damage(const char *of, const char *name, const void *seed, size_t size)
{
    struct reading reading;
    uint8_t bytes[MOST_SIZE];
    if (strcmp(of, reader->name) != 0)
        return;
    files++;
    const char *complaint = reader_complaint(reader, seed, size, &reading);
    CHECK_MSG(!complaint && reading.taken && size <= sizeof bytes, "%s/%s as it is: %s", of, name,
              complaint ? complaint : annc_last_error());
    memcpy(bytes, seed, size);
    for (size_t length = 0; length < size; length++)
        try_file(name, "cut to", length, bytes, length);
    for (size_t bit = 0; bit < 8 * size && bit < 8 * HEADER; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        try_file(name, "bit", bit, bytes, size);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    change_bytes(name, bytes, size);
}

static void test_reader(const char *name)
{
    files = taken = refused = 0;
    worst = 0;
    for (reader = READERS; strcmp(reader->name, name) != 0;)
        reader++;
    seeds_make(damage);
    if (files == 0)
        SKIP("this build cannot read such files");
    CHECK(refused > 0 && (taken > 0));
    printf("%s: %zu files, %zu of their damaged forms refused and %zu taken; at most %.2f of the memory allowed\n",
           name, files, refused, taken, worst);
}

/* ---------------------------------------------------------------- lies that chance does not tell */

static uint8_t seed[MOST_SIZE]; /* the one that was looked for */
static size_t seed_size;
static const char *wanted; /* "reader/name" */

static void keep_wanted(const char *of, const char *name, const void *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", of, name);
    if (strcmp(path, wanted) != 0 || size > sizeof seed)
        return;
    memcpy(seed, bytes, size);
    seed_size = size;
}

/* Looks for a seed and sets `reader` to its reader; false where this build has none. */
static bool find_seed(const char *path)
{
    const size_t length = strcspn(path, "/");
    wanted = path;
    seed_size = 0;
    seeds_make(keep_wanted);
    for (reader = READERS; strncmp(reader->name, path, length) != 0 || reader->name[length];)
        reader++;
    return seed_size > 0;
}

/* The place of bytes in the seed at or after `from`; 0 where there are none. */
static size_t place_of(const void *bytes, size_t count, size_t from)
{
    for (size_t i = from; i + count <= seed_size; i++)
        if (memcmp(seed + i, bytes, count) == 0)
            return i;
    CHECK_MSG(false, "%s does not have what is to be changed", wanted);
    return 0;
}

static void put_little(size_t at, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        seed[at + (size_t)i] = (uint8_t)(value >> (8 * i));
}

/* The seed as it was changed is refused, in these words. */
static void refused_as(const char *words)
{
    struct reading reading;
    const char *complaint = reader_complaint(reader, seed, seed_size, &reading);
    CHECK_MSG(!complaint && strstr(annc_last_error(), words), "%s: %s, not '%s'", wanted,
              complaint ? complaint : annc_last_error(), words);
}

/* Sizes in the directory of an archive, which begins with the first entry. */
static void lying_archives(void)
{
    if (!find_seed("npz/zip64"))
        return;
    const size_t extra = place_of("\1\0\20\0", 4, place_of("PK\1\2", 4, 0));
    const uint64_t size = seed[extra + 4];
    put_little(extra + 4, (uint64_t)1 << 40, 8);
    refused_as("claims 1099511627776 bytes");
    put_little(extra + 12, (uint64_t)1 << 40, 8);
    refused_as("claims 1099511627776 bytes");
    put_little(extra + 4, size, 8);
    put_little(extra + 12, UINT64_MAX - 20, 8);
    refused_as("claims");
    find_seed("npz/stored");
    for (size_t at = place_of("PK\1\2", 4, 0), i = 0; i < 4; i++) {
        put_little(at + 20, seed_size / 2, 4);
        put_little(at + 24, seed_size / 2, 4);
        at = i < 3 ? place_of("PK\1\2", 4, at + 1) : at;
    }
    refused_as("overlap");
}

static void lying_headers(void)
{
    CHECK(find_seed("npy/floats"));
    put_little(8, 0xFFFF, 2);
    refused_as("is cut short");
    CHECK(find_seed("npy/doubles"));
    put_little(8, 0xFFFFFFFF, 4);
    refused_as("longer than 65536 bytes");
    CHECK(find_seed("npy/bytes")); /* four inputs, and a model of two */
    refused_as("has 4 inputs per example, but the model takes 2");
    CHECK(find_seed("header/own"));
    seed[place_of("annc.input_shift", 16, 0)] = 'z';
    refused_as("the model's annc.input_shift is malformed");
    if (find_seed("labels/bytes-gz")) {
        memcpy(seed + 3, "\4\0\0\0\0\0\0\xFF\xFF", 9); /* an extra field of 65535 bytes */
        refused_as("its gzip data are incomplete");
    }
}

static void lying_pictures(void)
{
    struct reading reading;
    if (!find_seed("picture/grey"))
        SKIP("this build cannot read PNG");
    memcpy(seed + 16, "\0\0\x26\x90\0\0\x26\x90", 8); /* 9872 x 9872, and the checksum of it */
    const uint32_t sum = annc_crc32(0, seed + 12, 17);
    for (int i = 0; i < 4; i++)
        seed[29 + i] = (uint8_t)(sum >> (24 - 8 * i));
    refused_as("more than it can hold");
    find_seed("picture/texts");
    CHECK(!reader_complaint(reader, seed, seed_size, &reading) && reading.taken);
    CHECK_MSG(reading.held < 1 << 20, "%zu bytes were held for texts that nobody reads", reading.held);
}

static void save(const char *of, const char *name, const void *bytes, size_t size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", seeds_folder, of);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", seeds_folder, of, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

#define READER(name)                                                                                                   \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        test_reader(#name);                                                                                            \
    }
READER(folder)
READER(labels)
READER(table)
READER(npy)
READER(npz)
READER(picture)
READER(model)
READER(header)
READER(checkpoint)
READER(options)
READER(run_log)
READER(export)

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(folder),  TEST(labels), TEST(table),          TEST(npy),           TEST(npz),
        TEST(picture), TEST(model),  TEST(header),         TEST(checkpoint),    TEST(options),
        TEST(run_log), TEST(export), TEST(lying_archives), TEST(lying_headers), TEST(lying_pictures)};
    const char *fewer = getenv("ANNC_TEST_CHANGES");
    int result = 0;
    if (!readers_begin())
        return 1;
    if (fewer)
        changes = strtoul(fewer, NULL, 10);
    if (argc > 2 && strcmp(argv[1], "--seeds") == 0) {
        seeds_folder = argv[2];
        mkdir(seeds_folder, 0777);
        seeds_make(save);
    } else {
        result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    }
    readers_end();
    return result;
}
