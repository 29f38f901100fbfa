/* Dates and times in text, against a calendar that counts day by day. */
#include "dataset/dates/calendar.h"
#include "support/test.h"

static bool reads(const char *text, double *days)
{
    return annc_date_read(text, strlen(text), days);
}

/* Every day of the years 1 to 9999, and the days that these do not have. */
static void every_day(void)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int number = -719162; /* of 0001-01-01 */
    for (int year = 1; year < 10000; year++)
        for (int month = 1; month <= 12; month++) {
            const bool is_leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
            const int last = length[month - 1] + (month == 2 && is_leap);
            for (int day = 1; day <= 32; day++) {
                char text[40], shown[ANNC_DATE_TEXT];
                double days = -1e9;
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                const bool is_date = reads(text, &days);
                CHECK_MSG(is_date == (day <= last), "%s", text);
                if (!is_date)
                    continue;
                CHECK_MSG(days == number, "%s is day %g, not %d", text, days, number);
                CHECK_MSG(strcmp(annc_date_print(number + 0.99, shown), text) == 0, "day %d is shown as %s", number,
                          shown);
                number++;
            }
        }
    CHECK(number == 2932897); /* that of 10000-01-01 */
}

/* The value of each is days + nanoseconds / those of a day. */
static void times(void)
{
    static const struct {
        const char *text;
        double days, nanos;
    } cases[] = {
        {"1970-01-01", 0, 0},
        {"1970/1/1", 0, 0},
        {"1970.01.1", 0, 0},
        {"1969-12-31T23:59:59.999999999Z", -1, 86399999999999},
        {"2024-02-29 12:30", 19782, 45000e9},
        {"2024-02-29 9:30", 19782, 34200e9},
        {"2024-03-01T12:30:45.25Z", 19783, 45045.25e9},
        {"2024-03-01T12:30:45,250000", 19783, 45045.25e9},
        {"2024-03-01T12:30:45.2500000009999Z", 19783, 45045.25e9},
        {"2024-03-01T12:30:45.000000001", 19783, 45045000000001},
        {"2024-03-01T00:30+02:00", 19782, 81000e9},
        {"2024-03-01T00:30+0200", 19782, 81000e9},
        {"2024-03-01 00:30:00+02", 19782, 81000e9},
        {"2024-02-29T22:30Z", 19782, 81000e9},
        {"2024-02-29T19:00-03:30", 19782, 81000e9},
        {"2024-02-29T20:00-04:00", 19783, 0},
        {"1970-01-01T00:20+02:00", -1, 80400e9},
        {"0001-01-01T00:00+23:59", -719163, 60e9},
        {"9999-12-31T23:59-23:59", 2932897, 86280e9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double days = NAN;
        CHECK_MSG(reads(cases[i].text, &days), "%s", cases[i].text);
        CHECK_MSG(days == cases[i].days + cases[i].nanos / 86400e9, "%s is %.17g", cases[i].text, days);
    }
}

static void no_dates(void)
{
    static const char *const texts[] = {"",
                                        "2024",
                                        "2024-03",
                                        "20240301",
                                        "24-03-01",
                                        "02024-03-01",
                                        "0000-01-01",
                                        "10000-01-01",
                                        "2023-02-29",
                                        "1900-02-29",
                                        "2024-00-01",
                                        "2024-13-01",
                                        "2024-01-00",
                                        "2024-1-032",
                                        "2024-03/01",
                                        "2024 03 01",
                                        "-2024-03-01",
                                        "+2024-03-01",
                                        "2024-03-01T",
                                        "2024-03-01 ",
                                        " 2024-03-01",
                                        "2024-03-01T12",
                                        "2024-03-01T24:00",
                                        "2024-03-01T25:00",
                                        "2024-03-01T12:60",
                                        "2024-03-01T12:30:60",
                                        "2024-03-01T12:3",
                                        "2024-03-01T12:30:",
                                        "2024-03-01T12:30:4",
                                        "2024-03-01T12:30:45.",
                                        "2024-03-01T12:30:45.Z",
                                        "2024-03-01T12:30ZZ",
                                        "2024-03-01T12:30 Z",
                                        "2024-03-01T12:30+",
                                        "2024-03-01T12:30+2",
                                        "2024-03-01T12:30+24:00",
                                        "2024-03-01T12:30+02:60",
                                        "2024-03-01T12:30+02:",
                                        "2024-03-01T12:30+02:0",
                                        "2024-03-01T12:30+02:000",
                                        "2024-03-01Z",
                                        "2024-03-01+02:00",
                                        "2024-03-01  12:30",
                                        "2024-03-01t12:30",
                                        "03/04/2024",
                                        "3.4.2024",
                                        "12:30",
                                        "today",
                                        "2024-03-01x",
                                        "2024-03-01T12:30x",
                                        "2024-3-",
                                        "2024-\xD9\xA3-01"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double days = 0;
        CHECK_MSG(!reads(texts[i], &days), "'%s' is read as %g", texts[i], days);
    }
    double days = 0;
    CHECK(annc_date_read("2024-03-017", 10, &days) && days == 19783); /* nothing behind the length is read */
    CHECK(!annc_date_read("2024-03-01", 5, &days));
}

static void likenesses(void)
{
    static const char *const like[] = {"2024-03-01",        "2024-13-45", "5.1.2020", "05/01/20",
                                       "05/01/20 12:30 PM", "12:30",      "1:02:03.5"},
                             *const unlike[] = {"",     "1.5",     "1-2",   "2020-01", "2020-01/02",
                                                "12:3", "12:30 h", "a-b-c", "1.2.3.4", "x"};
    for (size_t i = 0; i < sizeof like / sizeof *like; i++)
        CHECK_MSG(annc_date_is_like(like[i], strlen(like[i])), "%s", like[i]);
    for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++)
        CHECK_MSG(!annc_date_is_like(unlike[i], strlen(unlike[i])), "%s", unlike[i]);
}

static void beyond(void)
{
    char text[ANNC_DATE_TEXT];
    CHECK(strcmp(annc_date_print(-719163, text), "-719163") == 0);
    CHECK(strcmp(annc_date_print(2932897, text), "2932897") == 0);
    CHECK(strcmp(annc_date_print(1e300, text), "1e+300") == 0);
    CHECK(strstr(annc_date_print(NAN, text), "nan"));
    CHECK(strcmp(annc_date_print(-0.5, text), "1969-12-31") == 0);
}

TEST_MAIN(TEST(every_day), TEST(times), TEST(no_dates), TEST(likenesses), TEST(beyond))
