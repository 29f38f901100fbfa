/* What all readers and writers are made of: JSON, UTF-8, numbers, memory. */
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/json/json_read.h"
#include "base/json/json_write.h"
#include "base/memory_limit.h"
#include "base/number.h"
#include "base/processors.h"
#include "base/text.h"
#include "support/test.h"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- JSON */

static void json_strings(void)
{
    static const struct {
        const char *json, *text, *error;
    } cases[] = {
        {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t", NULL},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC", NULL},
        {"\"\\ud83d\\uDE00\"", "\xF0\x9F\x98\x80", NULL},
        {"\"\\uFB01\\uE000\"", "\xEF\xAC\x81\xEE\x80\x80", NULL}, /* beyond the surrogates */
        {"\"\\ud83d\"", NULL, "half a surrogate pair"},
        {"\"\\ud83d.u0041\"", NULL, "half a surrogate pair"},
        {"\"\\ud83d\\n0041\"", NULL, "half a surrogate pair"},
        {"\"\\ud83d\\u0041\"", NULL, "half a surrogate pair"},
        {"\"\\ud83d\\uE000\"", NULL, "half a surrogate pair"},
        {"\"\\ud83d\\u00G0\"", NULL, "broken \\u escape"},
        {"\"\\udc00\"", NULL, "not a character"},
        {"\"\\u0000\"", NULL, "not a character"},
        {"\"\\u00", NULL, "broken \\u escape"},
        {"\"\\x\"", NULL, "unknown escape"},
        {"\"\\", NULL, "unknown escape"},
        {"\"a", NULL, "does not end"},
        {"\"a\nb\"", NULL, "control character"},
        {"\"0123456789abcdef\"", NULL, "too long"},
        {"7", NULL, "JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        struct annc_json_reader json = {cases[i].json, strlen(cases[i].json), 0, NULL};
        const bool taken = annc_json_read_string(&json, text, sizeof text);
        CHECK_MSG(taken == !cases[i].error && (!taken || strcmp(text, cases[i].text) == 0), "%s", cases[i].json);
        CHECK_MSG(taken || (json.error && strstr(json.error, cases[i].error)), "%s: %s", cases[i].json, json.error);
    }
}

static void json_numbers(void)
{
    static const struct {
        const char *json;
        uint64_t number;
        const char *error;
    } cases[] = {{" 0", 0, NULL},
                 {"9223372036854775807", INT64_MAX, NULL},
                 {"9223372036854775808", 0, "too large"},
                 {"99999999999999999999", 0, "too large"},
                 {"01", 0, "whole number belongs"},
                 {"-1", 0, "whole number belongs"},
                 {"", 0, "whole number belongs"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t number = 0;
        struct annc_json_reader json = {cases[i].json, strlen(cases[i].json), 0, NULL};
        const bool taken = annc_json_read_whole(&json, &number);
        CHECK_MSG(taken == !cases[i].error && number == cases[i].number, "%s", cases[i].json);
        CHECK_MSG(taken || (json.error && strstr(json.error, cases[i].error)), "%s: %s", cases[i].json, json.error);
    }
}

/* What went wrong first is what is told, and nothing is read after it. */
static void json_errors_stay(void)
{
    struct annc_json_reader json = {"[7", 2, 0, NULL};
    uint64_t number = 5;
    bool first = true;
    CHECK(!annc_json_take(&json, '{'));
    const char *error = json.error;
    CHECK(!annc_json_take(&json, '[') && !annc_json_read_whole(&json, &number) && !annc_json_next(&json, ']', &first));
    CHECK(json.error == error && json.at == 0 && number == 5);
}

/* Reads all members of a text as "key:value|...", up to this error, or NULL. */
static void check_members(const char *json, const char *found, const char *error)
{
    struct annc_json_members members;
    struct annc_json_member member;
    struct annc_buffer text = {NULL, 0, 0, ANNC_OK}, all = text;
    annc_buffer_add(&text, json, strlen(json));
    annc_buffer_add(&all, "", 0);
    annc_json_open(&members, text.bytes);
    while (annc_json_next_member(&members, &member))
        annc_buffer_format(&all, "%s:%s|", member.key ? member.key : "", member.text);
    CHECK_MSG(strcmp(all.bytes, found) == 0, "%.80s: %s", json, all.bytes);
    CHECK_MSG(error ? members.json.error && strstr(members.json.error, error) : !members.json.error, "%.80s: %s", json,
              members.json.error);
    CHECK(!annc_json_next_member(&members, &member)); /* past the end, or an error, there is nothing */
    annc_buffer_free(&text);
    annc_buffer_free(&all);
}

static void json_members(void)
{
    static const struct {
        const char *json, *found, *error;
    } cases[] = {
        {"{}", "", NULL},
        {" [ ] ", "", NULL},
        {"{\"a\":1}", "a:1|", NULL},
        {" { \"a\" : -1.5e+3 , \"b\" : \"x\\n\\u00e9\" } \r\n", "a:-1.5e+3|b:x\n\xC3\xA9|", NULL},
        {"[true,false,null,0,\"\"]", ":true|:false|:null|:0|:|", NULL},
        {"{\"a\":1,\"a\":2}", "a:1|a:2|", NULL}, /* a key that comes twice is for the caller */
        {"{\"\\\"\\ud83d\\ude00\":[1,{\"b\":\"]}\\\"\"}],\"c\":{}}", "\"\xF0\x9F\x98\x80:[1,{\"b\":\"]}\\\"\"}]|c:{}|",
         NULL},
        {"[[1,,2]]", ":[1,,2]|", NULL}, /* what is skipped need only have an end */
        {"", "", "not JSON"},
        {"7", "", "not JSON"},
        {"{\"a\":1", "", "is incomplete"},
        {"[1,2", ":1|", "is incomplete"},
        {"{\"a\":1,", "a:1|", "unexpected JSON"},
        {"{\"a\":", "", "unexpected JSON"},
        {"{\"a\"", "", "unexpected JSON"},
        {"{\"a", "", "does not end"},
        {"{\"a\":\"b", "", "does not end"},
        {"[12,1E5,2e-2]", ":12|:1E5|:2e-2|", NULL},
        {"{\"a\":[1,2}", "", "unexpected JSON"},
        {"{\"a\":[\"\\", "", "unexpected JSON"},
        {"{\"a\":[\"]}", "", "unexpected JSON"},
        {"{\"a\":1}}", "", "has text after its end"},
        {"{\"a\":1]", "", "unexpected JSON"},
        {"{,}", "", "unexpected JSON"},
        {"{\"a\":1,}", "a:1|", "unexpected JSON"},
        {"[1,]", ":1|", "unexpected JSON"},
        {"[1 2]", "", "unexpected JSON"},
        {"{a:1}", "", "unexpected JSON"},
        {"{\"a\" 1}", "", "unexpected JSON"},
        {"[01]", "", "unexpected JSON"},
        {"[1.]", "", "unexpected JSON"},
        {"[.5]", "", "unexpected JSON"},
        {"[1e]", "", "unexpected JSON"},
        {"[+1]", "", "unexpected JSON"},
        {"[nan]", "", "unexpected JSON"},
        {"[True]", "", "unexpected JSON"},
        {"[\"\\x\"]", "", "unknown escape"},
        {"[\"\\", "", "unknown escape"},
        {"[\"\\u12\"]", "", "broken \\u escape"},
        {"[\"\\udc00\"]", "", "not a character"},
        {"[\"\\ud800\"]", "", "half a surrogate pair"},
        {"[\"a\tb\"]", "", "control character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_members(cases[i].json, cases[i].found, cases[i].error);
}

/* Arrays within arrays are opened one by one, and skipped up to a depth. */
static void json_depth(void)
{
    enum { DEEPEST = 32 };
    for (int depth = DEEPEST; depth <= DEEPEST + 1; depth++) {
        struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
        for (int i = 0; i <= depth; i++)
            annc_buffer_add(&text, "[", 1);
        for (int i = 0; i <= depth; i++)
            annc_buffer_add(&text, "]", 1);
        struct annc_json_members members;
        struct annc_json_member member;
        annc_json_open(&members, text.bytes);
        CHECK(annc_json_next_member(&members, &member) == (depth <= DEEPEST));
        CHECK((members.json.error == NULL) == (depth <= DEEPEST));
        for (int i = depth; i > 1 && !members.json.error; i--) {
            annc_json_open(&members, member.text);
            CHECK(annc_json_next_member(&members, &member) && member.kind == ANNC_JSON_NESTED);
        }
        annc_buffer_free(&text);
    }
}

static void json_values(void)
{
    static const struct {
        const char *json;
        double number;
    } cases[] = {{"[-0.25]", -0.25}, {"[1e3]", 1000},  {"[1e999]", INFINITY},
                 {"[null]", NAN},    {"[\"1\"]", NAN}, {"[[1]]", NAN}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct annc_json_members members;
        struct annc_json_member member;
        char text[16];
        snprintf(text, sizeof text, "%s", cases[i].json);
        annc_json_open(&members, text);
        CHECK(annc_json_next_member(&members, &member) && !member.key);
        const double number = annc_json_as_number(&member);
        CHECK_MSG(isnan(cases[i].number) ? isnan(number) : number == cases[i].number, "%s: %g", cases[i].json, number);
    }
    char digits[500];
    struct annc_json_member number = {.kind = ANNC_JSON_NUMBER, .text = digits};
    memset(digits, '1', sizeof digits);
    digits[300] = '\0';
    CHECK(annc_json_as_number(&number) > 1.1e299);
    digits[300] = '1';
    digits[401] = '\0';
    CHECK(isnan(annc_json_as_number(&number)));
}

/* ---------------------------------------------------------------- JSON, written */

static void check_written(struct annc_json_writer *json, const char *wanted)
{
    CHECK_MSG(json->text.status == ANNC_OK && strcmp(json->text.bytes, wanted) == 0, "%s\n%s", json->text.bytes,
              wanted);
    annc_buffer_free(&json->text);
}

/* What is written as a string is read as the same, but for bytes that are no UTF-8. */
static void json_written_strings(void)
{
    static const struct {
        const char *text, *replacement, *wanted;
    } cases[] = {{"", NULL, "\"\""},
                 {"a\"\\/\n\x7f\xC3\xA4", NULL, "\"a\\\"\\\\/\\u000a\\u007f\xC3\xA4\""},
                 {"\xC2\x85\xC2\xA0", NULL, "\"\\u0085\xC2\xA0\""},
                 {"a\xFF\xFE", NULL, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\""},
                 {"a\xE2\x82", "\\ufffd", "\"a\\ufffd\\ufffd\""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct annc_json_writer json = {.replacement = cases[i].replacement};
        char again[32];
        annc_json_write_string(&json, NULL, cases[i].text);
        struct annc_json_reader reader = {json.text.bytes, json.text.length, 0, NULL};
        CHECK(annc_json_read_string(&reader, again, sizeof again) && reader.at == reader.size);
        CHECK(!annc_is_utf8(cases[i].text, strlen(cases[i].text)) || strcmp(again, cases[i].text) == 0);
        check_written(&json, cases[i].wanted);
    }
}

static void json_written_numbers(void)
{
    static const struct {
        double number;
        const char *shortest, *nine;
    } cases[] = {{0, "0", "0"},
                 {-0.0, "-0", "-0"},
                 {0.1, "0.1", "0.1"},
                 {1e22, "1e+22", "1e+22"},
                 {123456789012, "123456789012", "1.23456789e+11"},
                 {1.0 / 3, "0.3333333333333333", "0.333333333"},
                 {0.1 + 0.2, "0.30000000000000004", "0.3"},
                 {5e-324, "5e-324", "4.94065646e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e+308", "1.79769313e+308"},
                 {INFINITY, "null", "null"},
                 {-INFINITY, "null", "null"},
                 {NAN, "null", "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct annc_json_writer json = {.replacement = NULL};
        annc_json_write_number(&json, NULL, cases[i].number);
        check_written(&json, cases[i].shortest);
        json = (struct annc_json_writer){.replacement = NULL};
        annc_json_write_float(&json, NULL, cases[i].number);
        check_written(&json, cases[i].nine);
    }
}

/* Commas and lines stand between members, also where the text so far has been taken out. */
static void json_written_nesting(void)
{
    struct annc_json_writer json = {.replacement = NULL};
    annc_json_write_open(&json, NULL, '{');
    annc_json_write_open(&json, "none", '[');
    annc_json_write_close(&json, ']');
    annc_json_write_line(&json);
    annc_json_write_open(&json, "rows", '[');
    for (uint64_t i = 0; i < 2; i++) {
        annc_json_write_line(&json);
        annc_json_write_open(&json, NULL, '[');
        annc_json_write_whole(&json, NULL, i);
        annc_json_write_whole(&json, NULL, UINT64_MAX);
        annc_json_write_close(&json, ']');
    }
    annc_json_write_close(&json, ']');
    CHECK(strcmp(json.text.bytes, "{\"none\":[],\n\"rows\":[\n[0,18446744073709551615],\n[1,18446744073709551615]]") ==
          0);
    json.text.length = 0;
    annc_json_write_open(&json, "last\"", '{');
    annc_json_write_truth(&json, "yes", true);
    annc_json_write_truth(&json, "no", false);
    annc_json_write_close(&json, '}');
    annc_json_write_close(&json, '}');
    check_written(&json, ",\"last\\\"\":{\"yes\":true,\"no\":false}}");
}

/* ---------------------------------------------------------------- UTF-8 */

static void utf_8(void)
{
    static const char *const wrong[] = {"\xC0\xAF",
                                        "\xC2",
                                        "\xE0\x9F\xBF",
                                        "\xED\xA0\x80",
                                        "\xED\xBF\xBF",
                                        "\xE2\x82",
                                        "\xF0\x8F\xBF\xBF",
                                        "\xF4\x90\x80\x80",
                                        "\xF5\x80\x80\x80",
                                        "\xF0\x9F\x98\x41",
                                        "\xF0\x41\x80\x80",
                                        "\xF0\x9F\x41\x80",
                                        "\x80",
                                        "\xE2\x41\x80"};
    static const char *const right[] = {"\xC2\x80",     "\xE0\xA0\x80",     "\xED\x9F\xBF",
                                        "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};
    char shown[16];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_MSG(!annc_is_utf8(wrong[i], strlen(wrong[i])), "number %zu is taken", i);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        CHECK_MSG(annc_is_utf8(right[i], strlen(right[i])), "number %zu is refused", i);
    CHECK(!annc_is_utf8("a\0b", 3));
    for (size_t at = 0; at < 17; at++) { /* in and behind words of ASCII */
        char text[18] = "abcdefghijklmnopq";
        CHECK(annc_is_utf8(text, 17));
        text[at] = '\0';
        CHECK(!annc_is_utf8(text, 17));
        text[at] = '\x80';
        CHECK(!annc_is_utf8(text, 17));
        text[at] = '\1';
        CHECK(annc_is_utf8(text, 17));
    }
    CHECK(annc_is_utf8("", 0) && annc_is_utf8("a\xE2\x82\xAC", 4) && !annc_is_utf8("a\xE2\x82\xAC", 3));
    CHECK(strcmp(annc_printable("a\x1B\xC2\x9B", shown, sizeof shown), "a\\x1b\\xc2...") == 0);
    CHECK(strcmp(annc_printable("abc", shown, 3), "..") == 0); /* cut off itself, and ended all the same */
}

/* The first and the last code point of each length. */
static void code_points(void)
{
    static const uint32_t codes[] = {0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char bytes[ANNC_UTF8 + 1] = "";
        const unsigned char *s = (const unsigned char *)bytes;
        const size_t length = annc_utf8_encode(codes[i], bytes);
        CHECK_MSG(annc_utf8_length(s) == length && annc_utf8_decode(s, length) == codes[i], "U+%04X",
                  (unsigned)codes[i]);
    }
}

static void markup(void)
{
    static const struct {
        bool in_attribute;
        const char *wanted;
    } cases[] = {{false, "&lt;a&gt;&amp;\"'\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD."},
                 {true, "&lt;a&gt;&amp;&quot;&#39;\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct annc_buffer buffer = {NULL, 0, 0, ANNC_OK};
        for (const char *text = "<a>&\"'\xC3\xA4\x1B\x7F\xFF."; *text;) {
            size_t length;
            const char *piece = annc_next_markup(&text, cases[i].in_attribute, &length);
            annc_buffer_add(&buffer, piece, length);
        }
        CHECK_MSG(strcmp(buffer.bytes, cases[i].wanted) == 0, "%s", buffer.bytes);
        annc_buffer_free(&buffer);
    }
}

/* The examples of RFC 4648. */
static void base_64(void)
{
    static const char *const wanted[] = {"Zg==", "Zm8=", "Zm9v", "Zm9v"};
    for (size_t count = 1; count <= 4; count++) {
        char four[4];
        annc_base64((const uint8_t *)"foobar", count, four);
        CHECK_MSG(memcmp(four, wanted[count - 1], sizeof four) == 0, "%zu bytes: %.4s", count, four);
    }
}

/* ---------------------------------------------------------------- numbers */

static void numbers(void)
{
    static const char *const wrong[] = {"",    "-",  ".",     "1e",   "1e+", "e1",  "0x1",
                                        "inf", "1 ", "1.2.3", "1,,2", "1ex", "1e5x"};
    static const char *const wrong_hex[] = {"", "z", "0x1p0 ", "0x1p99999", "inf", "1..2"};
    double number;
    char text[ANNC_NUMBER_HEX];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_MSG(!annc_number_parse(wrong[i], strlen(wrong[i]), '.', '\0', &number), "'%s' is taken", wrong[i]);
    for (size_t i = 0; i < sizeof wrong_hex / sizeof *wrong_hex; i++)
        CHECK_MSG(!annc_number_parse_hex(wrong_hex[i], &number), "'%s' is taken", wrong_hex[i]);
    CHECK(annc_number_parse("1e99999999999", 13, '.', '\0', &number) && isinf(number));
    CHECK(annc_number_parse("-1e-99999999999", 15, '.', '\0', &number) && number >= 0 && signbit(number));
    CHECK(annc_number_parse("1,234,567.5", 11, '.', ',', &number) && number == 1234567.5);
    CHECK(!annc_number_parse("1,2345", 6, '.', ',', &number) && !annc_number_parse("1234,567", 8, '.', ',', &number));
    annc_number_format_hex(-0.1, text);
    CHECK(annc_number_parse_hex(text, &number) && number == -0.1);
    CHECK(!annc_number_parse(",123", 4, '.', ',', &number) && !annc_number_parse("1,23,456", 8, '.', ',', &number));
    char long_one[401];
    memset(long_one, '1', sizeof long_one);
    CHECK(annc_number_parse(long_one, 300, '.', '\0', &number) && number > 1.1e299 && number < 1.2e299);
    CHECK(annc_number_parse(long_one, 400, '.', '\0', &number) && isinf(number));
    CHECK(!annc_number_parse(long_one, 401, '.', '\0', &number)); /* nobody writes it so */
    CHECK(annc_number_of_half(1) == ldexp(1, -24) && annc_number_of_half(0x3C00) == 1 &&
          annc_number_of_half(0xFBFF) == -65504 && isinf(annc_number_of_half(0x7C00)) &&
          isnan(annc_number_of_half(0x7C01)));
}

/* Checks a text of digits, with a character behind it where that is not 0, in memory of its size. */
static void check_beginning(const char *text, size_t digits, bool has_mark, char behind)
{
    const size_t length = strlen(text), size = length + (behind != '\0');
    char *copy = malloc(size + !size);
    double number = 0;
    bool mark = !has_mark;
    memcpy(copy, text, length);
    if (behind)
        copy[length] = behind;
    const char *after = annc_number_begin(copy, copy + size, '.', &number, &mark);
    const bool is_short = digits > 0 && digits <= 15;
    CHECK_MSG(after == (is_short ? copy + length : NULL), "'%s' before %d", text, behind);
    CHECK_MSG(!is_short || (mark == has_mark && memcmp(&number, &(double){strtod(text, NULL)}, sizeof number) == 0),
              "'%s' is %.17g", text, number);
    free(copy);
}

/* Numbers of up to 15 digits, of any digits, sign, mark and neighbour. */
static void beginnings_of_numbers(void)
{
    static const char *const signs[] = {"", "-", "+"};
    static const char behind[] = {'\0', ',', '/', ':', ' ', 'e', '-', (char)0x80, (char)0xB1, (char)0xFF};
    uint32_t state = 1;
    for (size_t whole = 0; whole <= 17; whole++)
        for (size_t fraction = 0; fraction <= 17; fraction++)
            for (size_t i = 0; i < 3 * sizeof behind; i++) {
                char digits[36], text[40];
                for (size_t k = 0; k < whole + fraction; k++) {
                    state = state * 1664525U + 1013904223U;
                    digits[k] = (char)('0' + (state >> 24) % 10);
                }
                digits[whole + fraction] = '\0';
                const bool has_mark = fraction > 0 || state >> 31;
                snprintf(text, sizeof text, "%s%.*s%s%s", signs[i % 3], (int)whole, digits, has_mark ? "." : "",
                         digits + whole);
                check_beginning(text, whole + fraction, has_mark, behind[i / 3]);
            }
}

static uint64_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* Numbers of 16 to 19 digits are rounded as strtod does, next to halves between two doubles, too. */
static void long_numbers(void)
{
    uint64_t state = 1;
    for (int i = 0; i < 200000; i++) {
        char text[40];
        double number;
        const unsigned power = (unsigned)(draw(&state) % 23);
        uint64_t digits = draw(&state) % UINT64_C(10000000000000000000);
        if (i % 2) /* the half between two doubles of 54 bits, or one off */
            digits = (draw(&state) >> 11 | UINT64_C(1) << 53 | 1) + draw(&state) % 3 - 1;
        snprintf(text, sizeof text, "%llue-%u", (unsigned long long)digits, power);
        CHECK_MSG(annc_number_divide(digits, power) == strtod(text, NULL), "%s", text);
        CHECK_MSG(annc_number_parse(text, strlen(text), '.', '\0', &number) && number == strtod(text, NULL), "%s",
                  text);
    }
    CHECK(annc_number_divide(0, 5) == 0);
}

/* ---------------------------------------------------------------- memory */

/* What no machine has is refused without a try. */
static void memory(void)
{
    struct annc_buffer buffer = {NULL, 0, 0, ANNC_OK};
    struct annc_mapping mapping;
    void *block = NULL;
    CHECK(annc_allocate(SIZE_MAX, 8, "a test", &block) == ANNC_MEMORY && !block);
    CHECK(strstr(annc_last_error(), "out of memory: a test needs"));
    CHECK(annc_allocate((size_t)1 << 60, 1, "a test", &block) == ANNC_MEMORY && !block);
    CHECK(annc_resize(0, 8, "a test", &block) == ANNC_OK && block);
    CHECK(annc_resize(SIZE_MAX, 8, "a test", &block) == ANNC_MEMORY && block); /* which is still there */
    annc_release(block);
    REQUIRE_OK(annc_allocate((5 << 20) + 1, 1, "a test", &block)); /* so much begins at a large page, and is zero too */
    CHECK((uintptr_t)block % (2 << 20) == 0 && ((char *)block)[0] == 0 && ((char *)block)[5 << 20] == 0);
    annc_release(block);
    CHECK(annc_map(-1, 100, &mapping) == ANNC_MEMORY && strstr(annc_last_error(), "cannot be mapped"));
    annc_buffer_add(&buffer, "kept", 4);
    annc_buffer_add(&buffer, "", SIZE_MAX / 2);
    CHECK(buffer.status == ANNC_MEMORY && strcmp(buffer.bytes, "kept") == 0);
    annc_buffer_add(&buffer, "x", 1); /* does nothing after it */
    CHECK(buffer.length == 4);
    annc_release(buffer.bytes);
}

/* Texts of any length are printed whole, at the end of those before. */
static void long_texts(void)
{
    struct annc_buffer buffer = {NULL, 0, 0, ANNC_OK};
    annc_buffer_format(&buffer, "%s", "");
    CHECK(buffer.status == ANNC_OK && buffer.length == 0 && strcmp(buffer.bytes, "") == 0);
    for (int width = 1; width <= 1000; width += 111)
        annc_buffer_format(&buffer, "%*d;", width, width);
    CHECK(buffer.status == ANNC_OK && buffer.length == strlen(buffer.bytes) && buffer.length == 5015);
    CHECK(strncmp(buffer.bytes, "1;", 2) == 0 && strcmp(buffer.bytes + buffer.length - 5, "1000;") == 0);
    annc_buffer_free(&buffer);
    CHECK(!buffer.bytes && buffer.length == 0 && buffer.room == 0);
    for (size_t length = 254; length <= 257; length++) { /* about the first block's size */
        annc_buffer_format(&buffer, "%*d", (int)length, 7);
        CHECK(buffer.length == length && strlen(buffer.bytes) == length && buffer.bytes[length - 1] == '7');
        annc_buffer_free(&buffer);
    }
    annc_buffer_format(&buffer, "kept");
    annc_buffer_format(&buffer, "%s%ls", "lost", L"\x20AC"); /* which the C locale cannot print */
    CHECK(buffer.status == ANNC_MEMORY && strcmp(buffer.bytes, "kept") == 0);
    annc_buffer_format(&buffer, "x"); /* does nothing after it */
    CHECK(buffer.length == 4 && strcmp(buffer.bytes, "kept") == 0);
    annc_buffer_free(&buffer);
}

/* A file is memory, and stays so when it is closed. */
static void mapped_files(void)
{
    struct annc_mapping mapping;
    FILE *file = tmpfile();
    CHECK(file && fwrite("some bytes", 1, 10, file) == 10 && fflush(file) == 0);
    REQUIRE_OK(annc_map(fileno(file), 10, &mapping));
    fclose(file);
    CHECK(mapping.length == 10 && memcmp(mapping.base, "some bytes", 10) == 0);
    annc_unmap(&mapping);
    CHECK(!mapping.base && mapping.length == 0);
    annc_unmap(&mapping); /* of which nothing is left */
    CHECK(annc_is_too_large_to_read(UINT64_MAX) && !annc_is_too_large_to_read(1 << 20));
    CHECK(!annc_is_too_large_to_read((1 << 20) + 1)); /* there is more than 4 MB free, or no test would run */
}

/* ---------------------------------------------------------------- processors */

/* Writes a file below `root`, with the folders above it. */
static void write_below(const char *root, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(path, 0777);
        *at = '/';
    }
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0);
    if (file)
        fclose(file);
}

/* The quotas of control groups in a folder that stands for the system's. */
static void quotas(void)
{
    enum { FILES = 6 };
    static const struct {
        int want;
        const char *files[FILES][2];
    } cases[] = {
        {0, {{"proc/self/status", "no control groups"}}},
        {0, {{"proc/self/cgroup", "0::/\n"}}},
        {0, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "max 100000\n"}}},
        {1, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "20000 100000\n"}}},
        {2, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "200000 100000\n"}}},
        {3, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "200001 100000\n"}}},
        {0, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "damaged\n"}}},
        {0, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "200000 0\n"}}},
        /* The smallest of those above counts. */
        {2,
         {{"proc/self/cgroup", "0::/a/b/c\n"},
          {"sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n"},
          {"sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
          {"sys/fs/cgroup/a/cpu.max", "150000 100000\n"}}},
        /* A container's group by the host's name: the mount point is the container's. */
        {5, {{"proc/self/cgroup", "0::/host/name\n"}, {"sys/fs/cgroup/cpu.max", "500000 100000\n"}}},
        /* Version 1, which has a line for each controller and no limit as -1. */
        {2,
         {{"proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/d\n1:name=systemd:/x\n0::/x\n"},
          {"sys/fs/cgroup/cpu,cpuacct/d/cpu.cfs_quota_us", "-1\n"},
          {"sys/fs/cgroup/cpu,cpuacct/d/cpu.cfs_period_us", "100000\n"},
          {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "110000\n"},
          {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}}},
        {0,
         {{"proc/self/cgroup", "4:cpuacct:/d\n3:cpuset:/d\nnothing\n:\n\n"},
          {"sys/fs/cgroup/cpuacct/d/cpu.cfs_quota_us", "100000\n"},
          {"sys/fs/cgroup/cpuacct/d/cpu.cfs_period_us", "100000\n"}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char root[] = "/tmp/annc-test-processors-XXXXXX", command[64];
        CHECK(mkdtemp(root));
        for (int f = 0; f < FILES && cases[i].files[f][0]; f++)
            write_below(root, cases[i].files[f][0], cases[i].files[f][1]);
        const int quota = annc_processor_quota(root);
        CHECK_MSG(quota == cases[i].want, "case %zu: %d processors, not %d", i, quota, cases[i].want);
        snprintf(command, sizeof command, "rm -r %s", root);
        CHECK(system(command) == 0);
    }
}

/* The limits of control groups of memory, in such a folder: of 1000 bytes, 900 of them available. */
static void memory_limits(void)
{
    enum { FILES = 6 };
    static const struct {
        uint64_t total, available;
        const char *files[FILES][2];
    } cases[] = {
        {1000, 900, {{"proc/self/status", "no control groups"}}},
        {1000, 900, {{"proc/self/cgroup", "0::/\nnothing\n:\n"}}},
        {1000, 900, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/memory.max", "max\n"}}},
        {1000, 900, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/memory.max", "5000\n"}}},
        {500, 500, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/memory.max", "500\n"}}},
        {950, 900, {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/memory.max", "950\n"}}},
        {500,
         0,
         {{"proc/self/cgroup", "0::/a\n"},
          {"sys/fs/cgroup/a/memory.max", "500\n"},
          {"sys/fs/cgroup/a/memory.current", "600\n"}}},
        {500,
         350,
         {{"proc/self/cgroup", "0::/a\n"},
          {"sys/fs/cgroup/a/memory.max", "500\n"},
          {"sys/fs/cgroup/a/memory.current", "300\n"},
          {"sys/fs/cgroup/a/memory.stat", "anon 7\ninactive_file 150\n"}}},
        {400,
         300,
         {{"proc/self/cgroup", "0::/a/b\n"},
          {"sys/fs/cgroup/a/b/memory.max", "500\n"},
          {"sys/fs/cgroup/a/memory.max", "400\n"},
          {"sys/fs/cgroup/a/memory.current", "100\n"}}},
        {500,
         250,
         {{"proc/self/cgroup", "5:cpu:/d\n4:memory:/d\n"},
          {"sys/fs/cgroup/memory/d/memory.limit_in_bytes", "500\n"},
          {"sys/fs/cgroup/memory/d/memory.usage_in_bytes", "300\n"},
          {"sys/fs/cgroup/memory/d/memory.stat", "inactive_file 7\ntotal_inactive_file 50\n"},
          {"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char root[] = "/tmp/annc-test-memory-XXXXXX", command[64];
        uint64_t total = 1000, available = 900;
        CHECK(mkdtemp(root));
        for (int f = 0; f < FILES && cases[i].files[f][0]; f++)
            write_below(root, cases[i].files[f][0], cases[i].files[f][1]);
        annc_memory_limit(root, &total, &available);
        CHECK_MSG(total == cases[i].total && available == cases[i].available, "case %zu: %llu of %llu", i,
                  (unsigned long long)available, (unsigned long long)total);
        snprintf(command, sizeof command, "rm -r %s", root);
        CHECK(system(command) == 0);
    }
}

/* The mask of the calling thread, as taskset sets it, bounds the count. */
static void affinity(void)
{
    cpu_set_t before, one;
    const int usable = annc_usable_processors();
    if (sched_getaffinity(0, sizeof before, &before) != 0)
        return; /* more than 1,024 processors */
    CHECK(usable >= 1 && usable <= CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(annc_usable_processors() == 1);
    CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
    CHECK(annc_usable_processors() == usable);
}

TEST_MAIN(TEST(json_strings), TEST(json_numbers), TEST(json_errors_stay), TEST(json_members), TEST(json_depth),
          TEST(json_values), TEST(json_written_strings), TEST(json_written_numbers), TEST(json_written_nesting),
          TEST(utf_8), TEST(code_points), TEST(markup), TEST(base_64), TEST(numbers), TEST(beginnings_of_numbers),
          TEST(long_numbers), TEST(memory), TEST(long_texts), TEST(mapped_files), TEST(quotas), TEST(memory_limits),
          TEST(affinity))
