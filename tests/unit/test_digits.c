/* The built-in digits are always the same, balanced, and all drawn. */
#include "annc.h"
#include "base/sha256.h"
#include "dataset/digits.h"
#include "support/test.h"

#include <unistd.h>

static void digest_of(const void *bytes, size_t count, char digest[65])
{
    struct annc_sha256 sha;
    annc_sha256_begin(&sha);
    annc_sha256_add(&sha, bytes, count);
    annc_sha256_end(&sha, digest);
}

/* The vectors of FIPS 180: empty, short, two blocks, a million bytes given in odd pieces. */
static void sha256(void)
{
    char digest[65];
    digest_of("", 0, digest);
    CHECK(strcmp(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0);
    digest_of("abc", 3, digest);
    CHECK(strcmp(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
    digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, digest);
    CHECK(strcmp(digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1") == 0);
    struct annc_sha256 sha;
    char piece[997];
    memset(piece, 'a', sizeof piece);
    annc_sha256_begin(&sha);
    for (size_t left = 1000000; left > 0;) {
        const size_t count = left < sizeof piece ? left : sizeof piece;
        annc_sha256_add(&sha, piece, count);
        left -= count;
    }
    annc_sha256_end(&sha, digest);
    CHECK(strcmp(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0);
}

static void always_the_same(void)
{
    enum { COUNT = 500 };
    uint8_t *images = malloc(COUNT * ANNC_DIGITS_PIXELS), *again = malloc(COUNT * ANNC_DIGITS_PIXELS);
    int32_t labels[COUNT], labels_again[COUNT];
    char digest[65];
    annc_digits_draw(COUNT, 0, images, labels);
    annc_digits_draw(COUNT / 2, COUNT / 2, again, labels_again); /* any part by itself */
    CHECK(memcmp(images + COUNT / 2 * ANNC_DIGITS_PIXELS, again, COUNT / 2 * ANNC_DIGITS_PIXELS) == 0);
    CHECK(memcmp(labels + COUNT / 2, labels_again, COUNT / 2 * sizeof *labels) == 0);
    digest_of(images, COUNT * ANNC_DIGITS_PIXELS, digest);
    CHECK_MSG(strcmp(digest, "7fbf97253915cff2e03b253f3b247a07f17064cdc9da042bdfe1f4f247609727") == 0,
              "the digits changed: %s", digest);
    free(images);
    free(again);
}

static void balanced_and_drawn(void)
{
    enum { COUNT = 5000 };
    uint8_t *images = malloc(COUNT * ANNC_DIGITS_PIXELS);
    int32_t *labels = malloc(COUNT * sizeof *labels);
    int count[ANNC_DIGITS_CLASSES] = {0};
    annc_digits_draw(COUNT, 123456, images, labels);
    for (int i = 0; i < COUNT; i++) {
        int ink = 0;
        for (int p = 0; p < ANNC_DIGITS_PIXELS; p++)
            ink += images[i * ANNC_DIGITS_PIXELS + p] > 60;
        CHECK_MSG(ink >= 12 && ink < 400, "digit %d (a %d) has %d pixels of ink", i, labels[i], ink);
        count[labels[i]]++;
    }
    for (int c = 0; c < ANNC_DIGITS_CLASSES; c++)
        CHECK_MSG(count[c] > 400 && count[c] < 600, "%d of class %d", count[c], c);
    free(images);
    free(labels);
}

/* Where only a test set is needed, and it is a file, none of them is drawn. */
static void another_test_set(void)
{
    char path[] = "/tmp/annc-test-digits-XXXXXX";
    annc_data_options options = {.source = ANNC_SOURCE_DIGITS, .test_path = path, .need_test = true};
    annc_data data;
    const int descriptor = mkstemp(path);
    CHECK(descriptor >= 0 && write(descriptor, "a,kind\n1,x\n3,y\n", 15) == 15 && close(descriptor) == 0);
    REQUIRE_OK(annc_data_load(&options, &data));
    CHECK(!data.train && annc_dataset_examples(data.test)->count == 2 && annc_dataset_examples(data.test)->inputs == 1);
    annc_data_free(&data);
    unlink(path);
}

TEST_MAIN(TEST(sha256), TEST(always_the_same), TEST(balanced_and_drawn), TEST(another_test_set))
