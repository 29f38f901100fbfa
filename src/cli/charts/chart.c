/* chart.c - charts of curves, as SVG. */
#include "cli/charts/chart.h"
#include "cli/terminal/output.h"

#include <math.h>
#include <string.h>

/* Pixels. A legend of several lines moves the curves down. */
enum { RIGHT = 20, PLOT_HEIGHT = 250, FOOT = 46, LEGEND_LINE = 19, SAMPLE = 34, RING = 12 };
enum { STYLES = 6, MOST_POINTS = 800, MOST_DOTS = 40, MOST_TICKS = 32 };
static const double LETTER = 6.7; /* approximate width of a letter in the legend */
static const double LOG_PAYS = 5; /* smallest ratio of values for a log axis */

/* Colours for all kinds of colour vision, each with its own line style. A plain colour precedes
 * each variable, for viewers without CSS variables. */
const char CHART_STYLE[] =
    ".chart{--p:#fff;--t:#1d2730;--m:#52606d;--g:#d9dfe5;--c0:#0066a8;--c1:#b84300;--c2:#00735a;--c3:#8f3a75;"
    "--c4:#7a5900;--c5:#44505c;font-family:system-ui,sans-serif;font-size:13px}"
    "@media(prefers-color-scheme:dark){.chart{--p:#171c21;--t:#e6ebf0;--m:#a9b4bf;--g:#37414b;--c0:#5bb8f0;"
    "--c1:#ff9248;--c2:#33cfa2;--c3:#eaa0d0;--c4:#f0c650;--c5:#c3ccd5}}"
    "@media print{.chart{--p:#fff;--t:#000;--m:#333;--g:#ccc;--c0:#0066a8;--c1:#b84300;--c2:#00735a;--c3:#8f3a75;"
    "--c4:#7a5900;--c5:#44505c}}.chart .paper{fill:#fff;fill:var(--p)}.chart text{fill:#52606d;fill:var(--m)}"
    ".chart .title{fill:#1d2730;fill:var(--t);font-size:15px;font-weight:600}"
    ".chart .name{fill:#1d2730;fill:var(--t)}.chart .grid{stroke:#d9dfe5;stroke:var(--g);stroke-width:1}"
    ".chart .axis{fill:none;stroke:#52606d;stroke:var(--m)}"
    ".chart .curve{fill:none;stroke-width:2;stroke-linejoin:round}"
    ".chart .mark{fill:#fff;fill:var(--p);stroke-width:2.5}.chart .s0{stroke:#0066a8;stroke:var(--c0)}"
    ".chart .s1{stroke:#b84300;stroke:var(--c1);stroke-dasharray:8 3}"
    ".chart .s2{stroke:#00735a;stroke:var(--c2);stroke-dasharray:3 3}"
    ".chart .s3{stroke:#8f3a75;stroke:var(--c3);stroke-dasharray:10 3 2 3}"
    ".chart .s4{stroke:#7a5900;stroke:var(--c4);stroke-dasharray:14 4}"
    ".chart .s5{stroke:#44505c;stroke:var(--c5);stroke-dasharray:2 4}"
    ".chart .dot{stroke-dasharray:none;fill:currentColor;stroke-width:4;stroke-linecap:round}"
    ".chart .mark{stroke-dasharray:none}.chart .thin{stroke:#44505c;stroke:var(--c5);stroke-width:1;opacity:.7}";

/* ---------------------------------------------------------------- axes */

struct axis {
    double low, high; /* ends, in the units of the values on a logarithmic axis, too */
    double from, to;  /* pixels */
    bool is_log;
    double ticks[MOST_TICKS];
    int tick_count;
};

static double place_on(const struct axis *axis, double value)
{
    const double share = axis->is_log ? log(value / axis->low) / log(axis->high / axis->low)
                                      : (value - axis->low) / (axis->high - axis->low);
    return axis->from + share * (axis->to - axis->from);
}

/* Returns 1, 2 or 5 times a power of ten, so that about `wanted` steps cover the range. */
static double nice_step(double range, int wanted)
{
    const double raw = range / wanted, power = pow(10, floor(log10(raw))), lead = raw / power;
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

static void add_tick(struct axis *axis, double value)
{
    if (axis->tick_count < MOST_TICKS)
        axis->ticks[axis->tick_count++] = value;
}

/* Sets ends and ticks of a linear axis; ends that may move become ticks. */
static void make_linear(struct axis *axis, bool ends_move, bool are_whole, int wanted)
{
    if (!(axis->high > axis->low)) {
        const double margin = axis->low != 0 ? fabs(axis->low) / 10 : 1;
        axis->low -= are_whole ? 1 : margin;
        axis->high += are_whole ? 1 : margin;
    }
    double step = nice_step(axis->high - axis->low, wanted);
    step = are_whole && step < 1 ? 1 : step;
    const double first = ends_move ? floor(axis->low / step + 1e-9) : ceil(axis->low / step - 1e-9);
    const double last = ends_move ? ceil(axis->high / step - 1e-9) : floor(axis->high / step + 1e-9);
    for (double i = first; i <= last; i++)
        add_tick(axis, i * step);
    if (ends_move) {
        axis->low = first * step;
        axis->high = last * step;
    }
}

static void make_log(struct axis *axis)
{
    const double low = floor(log10(axis->low)), high = ceil(log10(axis->high));
    const double every = ceil((high - low) / 12); /* powers of ten between ticks */
    static const double leads[] = {1, 2, 5};
    double below = axis->low, above = axis->high;
    for (double power = low; power <= high; power += every)
        for (int i = 0; i < (high - low <= 3 ? 3 : 1); i++) {
            const double tick = leads[i] * pow(10, power);
            if (tick <= axis->low * (1 + 1e-9))
                below = tick;
            else if (tick < axis->high * (1 - 1e-9))
                add_tick(axis, tick);
            else if (above <= axis->high)
                above = tick;
        }
    axis->low = below;
    axis->high = above > axis->high * (1 - 1e-9) ? above : axis->high;
    add_tick(axis, axis->low);
    add_tick(axis, axis->high);
}

/* Returns the range of the values of all curves; false if there are none. */
static bool range_of(const struct chart *chart, bool of_y, double *low, double *high)
{
    bool found = false;
    for (size_t s = 0; s < chart->count; s++) {
        const struct series *series = &chart->series[s];
        for (size_t i = 0; i < series->count; i++) {
            const double y = series->y[i * series->step], value = of_y ? y : series->x[i * series->step];
            if (!isfinite(y))
                continue;
            *low = found && *low < value ? *low : value;
            *high = found && *high > value ? *high : value;
            found = true;
        }
    }
    return found;
}

static void make_axes(const struct chart *chart, double top, struct axis *x, struct axis *y)
{
    *x = (struct axis){.from = CHART_LEFT, .to = CHART_WIDTH - RIGHT, .low = 0, .high = 1};
    *y = (struct axis){.from = top + PLOT_HEIGHT, .to = top, .low = 0, .high = 1};
    range_of(chart, false, &x->low, &x->high);
    range_of(chart, true, &y->low, &y->high);
    make_linear(x, false, true, 8);
    y->is_log = chart->may_be_log && y->low > 0 && y->high / y->low >= LOG_PAYS;
    if (y->is_log)
        make_log(y);
    else
        make_linear(y, true, false, 5);
}

static void print_value(const struct chart *chart, double value, FILE *out)
{
    if (chart->is_share)
        fprintf(out, "%.6g%%", 100 * value);
    else
        fprintf(out, "%.6g", fabs(value) < 1e-300 ? 0 : value);
}

static void print_axes(const struct chart *chart, const struct axis *x, const struct axis *y, FILE *out)
{
    for (int i = 0; i < y->tick_count; i++) {
        const double at = place_on(y, y->ticks[i]);
        fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                CHART_LEFT, at, CHART_WIDTH - RIGHT, CHART_LEFT - 8, at + 4.5);
        print_value(chart, y->ticks[i], out);
        fputs("</text>\n", out);
    }
    for (int i = 0; i < x->tick_count; i++) {
        const double at = place_on(x, x->ticks[i]);
        fprintf(out,
                "<path class=\"axis\" d=\"M%.1f %.1fv5\"/><text x=\"%.1f\" y=\"%.1f\" "
                "text-anchor=\"middle\">%.10g</text>\n",
                at, y->from, at, y->from + 19, x->ticks[i]);
    }
    fprintf(out, "<path class=\"axis\" d=\"M%d %.1fV%.1fH%d\"/>\n", CHART_LEFT, y->to, y->from, CHART_WIDTH - RIGHT);
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", (CHART_LEFT + CHART_WIDTH - RIGHT) / 2,
            y->from + 38, chart->x_name);
}

/* ---------------------------------------------------------------- curves */

/* The pen over the points of a curve. */
struct pen {
    const struct axis *x, *y;
    bool is_down;
    FILE *out;
};

static void draw_point(struct pen *pen, const struct series *series, size_t i)
{
    const double y = series->y[i * series->step];
    if (isfinite(y))
        fprintf(pen->out, "%c%.2f %.2f", pen->is_down ? 'L' : 'M', place_on(pen->x, series->x[i * series->step]),
                place_on(pen->y, y));
    pen->is_down = isfinite(y);
}

/* Draws minimum and maximum of a range of many points, in their order, so that no peak is lost. */
static void draw_stretch(struct pen *pen, const struct series *series, size_t first, size_t end)
{
    size_t least = first, most = first;
    for (size_t i = first; i < end; i++) {
        const double y = series->y[i * series->step];
        if (!isfinite(y))
            continue;
        if (!isfinite(series->y[least * series->step]) || y < series->y[least * series->step])
            least = i;
        if (!isfinite(series->y[most * series->step]) || y > series->y[most * series->step])
            most = i;
    }
    draw_point(pen, series, least < most ? least : most);
    if (least != most)
        draw_point(pen, series, least < most ? most : least);
}

/* Prints the class of a curve: thin curves look alike, the others alternate. */
static void print_class(const struct chart *chart, size_t s, FILE *out)
{
    size_t style = 0;
    for (size_t i = 0; i < s; i++)
        style += !chart->series[i].is_thin;
    if (chart->series[s].is_thin)
        fputs("thin", out);
    else
        fprintf(out, "s%zu", style % STYLES);
}

static void print_curve(const struct chart *chart, size_t s, const struct axis *x, const struct axis *y, FILE *out)
{
    const struct series *series = &chart->series[s];
    struct pen pen = {x, y, false, out};
    const size_t stretches = series->count > MOST_POINTS ? MOST_POINTS / 2 : series->count;
    fputs("<path class=\"curve ", out);
    print_class(chart, s, out);
    fputs("\" data-name=\"", out);
    print_markup_text(out, series->name);
    fputs("\" d=\"", out);
    for (size_t i = 0; i < stretches; i++)
        draw_stretch(&pen, series, i * series->count / stretches, (i + 1) * series->count / stretches);
    fputs("\"/>\n", out);
    if (series->count > MOST_DOTS || series->is_thin)
        return;
    fputs("<path class=\"dot ", out);
    print_class(chart, s, out);
    fputs("\" d=\"", out);
    for (size_t i = 0; i < series->count; i++) {
        pen.is_down = false;
        draw_point(&pen, series, i);
        fputs(pen.is_down ? "h0" : "", out);
    }
    fputs("\"/>\n", out);
}

static void print_mark(const struct chart *chart, size_t s, const struct axis *x, const struct axis *y, FILE *out)
{
    const struct series *series = &chart->series[s];
    for (size_t i = 0; i < series->count; i++) {
        const double at = series->x[i * series->step], value = series->y[i * series->step];
        if (!(at >= series->marked && at <= series->marked && isfinite(value)))
            continue;
        fputs("<circle class=\"mark ", out);
        print_class(chart, s, out);
        fprintf(out, "\" cx=\"%.2f\" cy=\"%.2f\" r=\"6\"/>\n", place_on(x, at), place_on(y, value));
    }
}

/* ---------------------------------------------------------------- legend and words */

static bool has_marks(const struct chart *chart)
{
    for (size_t s = 0; s < chart->count; s++)
        if (!isnan(chart->series[s].marked))
            return chart->mark_name != NULL;
    return false;
}

/* Returns the width of the sample before a name. */
static int sample_of(const struct chart *chart, size_t s)
{
    return s < chart->count ? SAMPLE : RING;
}

/* Prints a legend entry: a sample of the curve, or, past the last curve, of the mark; and its
 * name. */
static void print_entry(const struct chart *chart, size_t s, const char *name, double x, double y, FILE *out)
{
    if (s < chart->count) {
        fputs("<path class=\"curve ", out);
        print_class(chart, s, out);
        fprintf(out, "\" d=\"M%.0f %.0fh%d\"/>", x, y - 4.5, SAMPLE);
    } else {
        fprintf(out, "<circle class=\"mark s0\" cx=\"%.0f\" cy=\"%.1f\" r=\"6\"/>", x + RING / 2.0, y - 4.5);
    }
    fprintf(out, "<text class=\"name\" x=\"%.0f\" y=\"%.0f\">", x + sample_of(chart, s) + 8, y);
    print_markup_text(out, name);
    fputs("</text>\n", out);
}

/* Prints the legend, or with out NULL only counts its lines. */
static int print_legend(const struct chart *chart, FILE *out)
{
    const size_t entries = chart->count + has_marks(chart);
    double x = CHART_LEFT;
    int line = 0;
    bool has_thin = false;
    for (size_t s = 0; s < entries; s++) {
        const bool is_thin = s < chart->count && chart->series[s].is_thin;
        const char *name = is_thin ? "each fold" : s < chart->count ? chart->series[s].name : chart->mark_name;
        const double wide = sample_of(chart, s) + 8 + LETTER * (double)strlen(name) + 20;
        if (is_thin && has_thin)
            continue;
        if (x > CHART_LEFT && x + wide > CHART_WIDTH - RIGHT) {
            x = CHART_LEFT;
            line++;
        }
        has_thin = has_thin || is_thin;
        if (out)
            print_entry(chart, s, name, x, CHART_TOP + LEGEND_LINE * line, out);
        x += wide;
    }
    return line + 1;
}

/* Describes a curve in words, for accessibility. */
static void describe_series(const struct chart *chart, const struct series *series, FILE *out)
{
    const double *first = NULL, *last = NULL, *least = NULL, *most = NULL;
    for (size_t i = 0; i < series->count; i++) {
        const double *y = series->y + i * series->step;
        if (!isfinite(*y))
            continue;
        first = first ? first : y;
        last = y;
        least = !least || *y < *least ? y : least;
        most = !most || *y > *most ? y : most;
    }
    if (!first)
        return;
    const double *const points[] = {first, last, least, most};
    static const char *const words[] = {": ", ", and at the end ", "; least ", ", most "};
    print_markup_text(out, series->name);
    for (int i = 0; i < 4; i++) {
        fputs(words[i], out);
        print_value(chart, *points[i], out);
        fprintf(out, " at %s %.10g", chart->x_name, series->x[points[i] - series->y]);
    }
    fputs(". ", out);
}

double chart_height(const struct chart *chart)
{
    return CHART_TOP + LEGEND_LINE * (print_legend(chart, NULL) - 1) + 16 + PLOT_HEIGHT + FOOT;
}

void chart_print(const struct chart *chart, FILE *out)
{
    struct axis x, y;
    const double height = chart_height(chart);
    make_axes(chart, height - FOOT - PLOT_HEIGHT, &x, &y);
    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
        "height=\"%.0f\" "
        "role=\"img\" aria-labelledby=\"%s-title %s-desc\">\n<title id=\"%s-title\">%s</title>\n<desc id=\"%s-desc\">",
        CHART_WIDTH, height, CHART_WIDTH, height, chart->id, chart->id, chart->id, chart->title, chart->id);
    for (size_t s = 0; s < chart->count; s++)
        if (!chart->series[s].is_thin) /* a table describes the thin ones */
            describe_series(chart, &chart->series[s], out);
    fprintf(out,
            "</desc>\n<rect class=\"paper\" width=\"%d\" height=\"%.0f\"/>\n<text class=\"title\" x=\"%d\" "
            "y=\"22\">%s%s</text>\n",
            CHART_WIDTH, height, CHART_LEFT, chart->title, y.is_log ? " (log scale)" : "");
    print_legend(chart, out);
    print_axes(chart, &x, &y, out);
    fprintf(
        out,
        "<g class=\"plot\" data-x=\"%.17g %.17g %.17g %.17g\" data-y=\"%.17g %.17g %.17g %.17g\" data-scale=\"%s\">\n",
        x.low, x.high, x.from, x.to, y.low, y.high, y.from, y.to, y.is_log ? "log" : "linear");
    for (size_t s = 0; s < chart->count; s++)
        print_curve(chart, s, &x, &y, out);
    for (size_t s = 0; s < chart->count && chart->mark_name; s++)
        print_mark(chart, s, &x, &y, out);
    fputs("</g>\n</svg>\n", out);
}
