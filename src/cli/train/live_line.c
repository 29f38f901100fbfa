/* live_line.c - the progress line on a terminal: redrawn at intervals, below all other lines. */
#include "cli/train/live_line.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double EVERY = 0.2; /* seconds between redraws */
enum { BAR = 20, LEAST_COLUMNS = 24 };

void live_open(struct live *live, uint32_t epochs, uint32_t done, uint32_t examples, double ends)
{
    const double now = since_start();
    memset(live, 0, sizeof *live);
    live->stream = use_colour(stderr) ? stderr : NULL;
    live->epochs = epochs;
    live->first_epoch = done;
    live->examples = examples;
    live->ends = ends;
    live->started = live->epoch_started = live->drawn = now;
}

/* Writes a time: "1:02:03", "2:03", "3 s". */
static void print_time(double seconds, char *text, size_t size)
{
    const double whole = ceil(seconds), hours = floor(whole / 3600), minutes = floor((whole - 3600 * hours) / 60);
    if (whole < 60)
        snprintf(text, size, "%.0f s", whole);
    else if (whole < 3600)
        snprintf(text, size, "%.0f:%02.0f", minutes, whole - 60 * minutes);
    else
        snprintf(text, size, "%.0f:%02.0f:%02.0f", hours, minutes, whole - 3600 * hours - 60 * minutes);
}

/* Writes a speed: "912k/s". */
static void print_speed(double speed, char *text, size_t size)
{
    const char *unit = speed >= 1e6 ? "M" : speed >= 1e4 ? "k" : "";
    const double shown = speed >= 1e6 ? speed / 1e6 : speed >= 1e4 ? speed / 1e3 : speed;
    snprintf(text, size, shown < 10 && *unit ? "%.1f%s" : "%.0f%s", shown, unit);
}

/* A line of limited width; parts that do not fit are left out. */
struct line {
    char *text;
    size_t used;
    uint32_t columns; /* remaining columns */
};

static bool add(struct line *line, const char *text, uint32_t columns)
{
    const size_t length = strlen(text);
    if (columns > line->columns || line->used + length >= LIVE_LINE)
        return false;
    memcpy(line->text + line->used, text, length + 1);
    line->used += length;
    line->columns -= columns;
    return true;
}

static void add_bar(struct line *line, double share, bool is_unicode)
{
    const int full = (int)(share * BAR);
    char text[3 * BAR + 8] = "";
    size_t used = (size_t)snprintf(text, sizeof text, is_unicode ? "  " : "  [");
    for (int i = 0; i < BAR; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s",
                                 i < full ? (is_unicode ? "\xE2\x94\x81" : "=") : (is_unicode ? "\xE2\x94\x80" : " "));
    snprintf(text + used, sizeof text - used, is_unicode ? "" : "]");
    add(line, text, BAR + (is_unicode ? 2 : 4));
}

/* Adds the losses of the last epochs as a bar chart, on UTF-8 terminals only. */
static void add_spark(struct line *line, const struct live *live)
{
    const uint32_t shown = live->loss_count < LIVE_LOSSES ? live->loss_count : LIVE_LOSSES;
    double low = INFINITY, high = -INFINITY;
    char text[3 * LIVE_LOSSES + 16] = "  loss ";
    size_t used = strlen(text);
    for (uint32_t i = 0; i < shown; i++) {
        low = fmin(low, live->losses[i]);
        high = fmax(high, live->losses[i]);
    }
    for (uint32_t i = live->loss_count - shown; i < live->loss_count; i++) {
        const double share = high > low ? (live->losses[i % LIVE_LOSSES] - low) / (high - low) : 0;
        const char block[] = {'\xE2', '\x96', (char)(0x81 + (int)(7 * share + 0.5)), '\0'};
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", block);
    }
    if (shown > 1)
        add(line, text, 7 + shown);
}

/* Returns the estimated remaining time, from the work done since the start; at most the time
 * limit. */
static double time_left(const struct live *live, double now, double done)
{
    const double here = done - live->first_epoch;
    const double left = here > 0 ? (now - live->started) * (live->epochs - done) / here : INFINITY;
    return live->ends > 0 ? fmin(left, live->ends - now) : left;
}

static void compose(struct live *live, double now, uint32_t done, double share)
{
    const bool is_unicode = use_unicode(live->stream);
    const double seconds = now - live->epoch_started;
    const uint32_t columns = terminal_columns(live->stream);
    /* Leave the last column empty: it wraps on some terminals. */
    struct line line = {live->line, 0, columns > 1 ? columns - 1 : 0};
    char text[64], number[32];
    live->line[0] = '\0';
    snprintf(text, sizeof text, "epoch %u/%u", done + 1, live->epochs);
    if (columns < LEAST_COLUMNS || !add(&line, text, (uint32_t)strlen(text)))
        return;
    snprintf(text, sizeof text, "  %.0f%%", floor(100 * (done + share) / live->epochs));
    add(&line, text, (uint32_t)strlen(text));
    const double left = time_left(live, now, done + share);
    if (isfinite(left)) {
        print_time(fmax(left, 0), number, sizeof number);
        snprintf(text, sizeof text, "  %s left", number);
        add(&line, text, (uint32_t)strlen(text));
    }
    if (share > 0 && seconds > 0) {
        print_speed(share * live->examples / seconds, number, sizeof number);
        snprintf(text, sizeof text, "  %s examples/s", number);
        add(&line, text, (uint32_t)strlen(text));
    }
    add_bar(&line, (done + share) / live->epochs, is_unicode);
    if (is_unicode)
        add_spark(&line, live);
}

void live_show(struct live *live)
{
    if (!live->stream || !live->line[0] || live->is_there)
        return;
    fprintf(live->stream, "\r%s\x1b[K", live->line);
    fflush(live->stream);
    live->is_there = true;
}

void live_hide(struct live *live)
{
    if (!live->stream || !live->is_there)
        return;
    fputs("\r\x1b[K", live->stream);
    fflush(live->stream);
    live->is_there = false;
}

void live_draw(struct live *live, uint32_t done, double share)
{
    if (!live->stream)
        return;
    const double now = since_start();
    if (now - live->drawn < EVERY)
        return;
    live->drawn = now;
    compose(live, now, done, share);
    live->is_there = false;
    live_show(live);
}

void live_epoch(struct live *live, double loss)
{
    if (!live->stream)
        return;
    live->losses[live->loss_count++ % LIVE_LOSSES] = loss;
    live->epoch_started = since_start();
}
