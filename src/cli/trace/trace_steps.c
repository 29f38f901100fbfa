/* trace_steps.c - prints the equations of a trace with their numbers, in order of application. */
#include "cli/trace/trace_steps.h"
#include "cli/trace/graph.h"
#include "cli/trace/trace_graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_UPDATES = 24 };

/* A walk through the equations. */
struct walk {
    const annc_trace *trace, *after;
    const struct view *view;
    double eta;
    bool walks, is_over;
    int number;
    FILE *out;
};

/* Begins the next step. Returns false if the user quits. */
static bool begin(struct walk *walk, const char *equation)
{
    char line[64];
    if (walk->walks && walk->number > 0) {
        fputs("  Enter: continue, q: quit ", walk->out);
        fflush(walk->out);
        walk->is_over = !fgets(line, sizeof line, stdin) || line[0] == 'q';
    }
    if (walk->is_over)
        return false;
    fprintf(walk->out, "%3d  %s\n", ++walk->number, equation);
    return true;
}

static double weight_of(const annc_trace *trace, uint32_t l, size_t j, size_t k)
{
    return trace->theta[annc_shape_weights_at(&trace->shape, l) + j * trace->shape.width[l - 1] + k];
}

static uint32_t left_out(const struct walk *walk, uint32_t l)
{
    return walk->trace->shape.width[l] - walk->view->count[l];
}

/* Returns whether every parameter belongs to a shown unit. */
static bool is_whole(const struct walk *walk)
{
    for (uint32_t l = 0; l <= walk->trace->shape.layers; l++)
        if (left_out(walk, l) > 0)
            return false;
    return true;
}

/* ---------------------------------------------------------------- forward */

static void print_sum(const struct walk *walk, uint32_t l, uint32_t j, bool numbers)
{
    const annc_trace *trace = walk->trace;
    const annc_shape *shape = &trace->shape;
    const size_t bias = annc_shape_biases_at(shape, l) + j;
    char name[GRAPH_NAME];
    double rest = trace->z[l][j] - trace->theta[bias];
    for (uint32_t i = 0; i < walk->view->count[l - 1]; i++) {
        const uint32_t k = walk->view->shown[l - 1][i];
        rest -= weight_of(trace, l, j, k) * trace->a[l - 1][k];
        if (numbers) {
            fprintf(walk->out, "%.4g * %.4g + ", weight_of(trace, l, j, k), trace->a[l - 1][k]);
            continue;
        }
        name_parameter(shape, l, j, k, name);
        fprintf(walk->out, "%s ", name);
        name_unit(shape, "a", l - 1, k, name);
        fprintf(walk->out, "%s + ", name);
    }
    if (left_out(walk, l - 1) > 0 && numbers)
        fprintf(walk->out, "%.4g + ", rest);
    else if (left_out(walk, l - 1) > 0)
        fprintf(walk->out, "%u more + ", left_out(walk, l - 1));
    name_parameter(shape, l, j, SIZE_MAX, name);
    if (numbers)
        fprintf(walk->out, "%.4g", trace->theta[bias]);
    else
        fprintf(walk->out, "%s", name);
}

static void step_forward(struct walk *walk, uint32_t l)
{
    const annc_trace *trace = walk->trace;
    const char *f = annc_activation_name(trace->shape.activation[l - 1]);
    char z[GRAPH_NAME], a[GRAPH_NAME], line[100];
    snprintf(line, sizeof line, "forward, layer %u: z = W a + b, a = %s(z)", l, f);
    if (!begin(walk, line))
        return;
    for (uint32_t i = 0; i < walk->view->count[l]; i++) {
        const uint32_t j = walk->view->shown[l][i];
        name_unit(&trace->shape, "z", l, j, z);
        name_unit(&trace->shape, "a", l, j, a);
        fprintf(walk->out, "     %s = ", z);
        print_sum(walk, l, j, false);
        fprintf(walk->out, "\n     %*s = ", (int)strlen(z), "");
        print_sum(walk, l, j, true);
        fprintf(walk->out, " = %.4g\n     %s = %s(%.4g) = %.4g\n", trace->z[l][j], a, f, trace->z[l][j],
                trace->a[l][j]);
    }
}

static void step_cost(struct walk *walk)
{
    const annc_trace *trace = walk->trace;
    const uint32_t L = trace->shape.layers;
    char a[GRAPH_NAME], y[GRAPH_NAME], line[100];
    snprintf(line, sizeof line, "cost: %s", annc_cost_name(trace->shape.cost));
    if (!begin(walk, line))
        return;
    for (uint32_t i = 0; i < walk->view->count[L]; i++) {
        const uint32_t j = walk->view->shown[L][i];
        name_unit(&trace->shape, "a", L, j, a);
        name_unit(&trace->shape, "y", L, j, y);
        fprintf(walk->out, "     %s = %.4g, %s = %.4g\n", a, trace->a[L][j], y, trace->y[j]);
    }
    fprintf(walk->out, "     C = %.4g", trace->cost);
    if (left_out(walk, L) > 0)
        fprintf(walk->out, ", over all %u outputs", trace->shape.width[L]);
    fputc('\n', walk->out);
}

/* ---------------------------------------------------------------- backward */

static void step_output_error(struct walk *walk)
{
    const annc_trace *trace = walk->trace;
    const uint32_t L = trace->shape.layers;
    const bool is_softmax = trace->shape.activation[L - 1] == ANNC_SOFTMAX;
    const bool closed = isnan(trace->slope[L][0]);
    char delta[GRAPH_NAME];
    if (!begin(walk, closed       ? "BP1, output error, in the closed form of this cost and activation: delta = a - y"
                     : is_softmax ? "BP1, output error: delta_j = a_j (dC/da_j - sum over k of a_k dC/da_k)"
                                  : "BP1, output error: delta = dC/da * f'(z)"))
        return;
    for (uint32_t i = 0; i < walk->view->count[L]; i++) {
        const uint32_t j = walk->view->shown[L][i];
        name_unit(&trace->shape, "delta", L, j, delta);
        fprintf(walk->out, "     %s = ", delta);
        if (closed)
            fprintf(walk->out, "%.4g - %.4g", trace->a[L][j], trace->y[j]);
        else if (is_softmax)
            fprintf(walk->out, "%.4g (%.4g - ...)", trace->a[L][j], trace->slope[L][j]);
        else
            fprintf(walk->out, "%.4g * %.4g", trace->slope[L][j], trace->derivative[L][j]);
        fprintf(walk->out, " = %.4g\n", trace->delta[L][j]);
    }
}

static void step_hidden_error(struct walk *walk, uint32_t l)
{
    const annc_trace *trace = walk->trace;
    char delta[GRAPH_NAME], line[100];
    snprintf(line, sizeof line, "BP2, error of layer %u: delta = (W^T delta of layer %u) * f'(z)", l, l + 1);
    if (!begin(walk, line))
        return;
    for (uint32_t i = 0; i < walk->view->count[l]; i++) {
        const uint32_t j = walk->view->shown[l][i];
        double rest = trace->slope[l][j];
        name_unit(&trace->shape, "delta", l, j, delta);
        fprintf(walk->out, "     %s = (", delta);
        for (uint32_t above = 0; above < walk->view->count[l + 1]; above++) {
            const uint32_t to = walk->view->shown[l + 1][above];
            rest -= weight_of(trace, l + 1, to, j) * trace->delta[l + 1][to];
            fprintf(walk->out, "%s%.4g * %.4g", above ? " + " : "", weight_of(trace, l + 1, to, j),
                    trace->delta[l + 1][to]);
        }
        if (left_out(walk, l + 1) > 0)
            fprintf(walk->out, " + %.4g of %u more", rest, left_out(walk, l + 1));
        fprintf(walk->out, ") * %.4g = %.4g * %.4g = %.4g\n", trace->derivative[l][j], trace->slope[l][j],
                trace->derivative[l][j], trace->delta[l][j]);
    }
}

static void step_gradient(struct walk *walk, uint32_t l)
{
    const annc_trace *trace = walk->trace;
    char name[GRAPH_NAME], line[100];
    snprintf(line, sizeof line, "BP3 and BP4, layer %u: dC/db = delta, dC/dw = delta * the input of w", l);
    if (!begin(walk, line))
        return;
    for (uint32_t i = 0; i < walk->view->count[l]; i++) {
        const uint32_t j = walk->view->shown[l][i];
        const double *dC_dW =
            trace->gradient + annc_shape_weights_at(&trace->shape, l) + (size_t)j * trace->shape.width[l - 1];
        name_parameter(&trace->shape, l, j, SIZE_MAX, name);
        fprintf(walk->out, "     dC/d%s = %.4g\n", name, trace->gradient[annc_shape_biases_at(&trace->shape, l) + j]);
        for (uint32_t from = 0; from < walk->view->count[l - 1]; from++) {
            const uint32_t k = walk->view->shown[l - 1][from];
            name_parameter(&trace->shape, l, j, k, name);
            fprintf(walk->out, "     dC/d%s = %.4g * %.4g = %.4g\n", name, trace->delta[l][j], trace->a[l - 1][k],
                    dC_dW[k]);
        }
    }
}

/* ---------------------------------------------------------------- the step */

static void print_one_update(const struct walk *walk, uint32_t l, uint32_t j, size_t k)
{
    const annc_trace *trace = walk->trace;
    const size_t at = k == SIZE_MAX
                          ? annc_shape_biases_at(&trace->shape, l) + j
                          : annc_shape_weights_at(&trace->shape, l) + (size_t)j * trace->shape.width[l - 1] + k;
    char name[GRAPH_NAME];
    name_parameter(&trace->shape, l, j, k, name);
    fprintf(walk->out, "     %s: %.4g - %.4g * %.4g = %.4g\n", name, trace->theta[at], walk->eta, trace->gradient[at],
            walk->after->theta[at]);
}

static void print_after(const struct walk *walk)
{
    const annc_trace *trace = walk->trace;
    const uint32_t last = walk->view->last;
    char name[GRAPH_NAME];
    for (uint32_t i = 0; i < walk->view->count[last]; i++) {
        const uint32_t j = walk->view->shown[last][i];
        name_unit(&trace->shape, "a", last, j, name);
        fprintf(walk->out, "     %s: %.4g -> %.4g\n", name, trace->a[last][j], walk->after->a[last][j]);
    }
    fputs("     C", walk->out);
    if (trace->shape.width[trace->shape.layers] > 1 && left_out(walk, trace->shape.layers) > 0)
        fprintf(walk->out, " of all %u outputs", trace->shape.width[trace->shape.layers]);
    fprintf(walk->out, ": %.4g -> %.4g\n", trace->cost, walk->after->cost);
}

static void step_update(struct walk *walk)
{
    const struct view *view = walk->view;
    size_t count = 0;
    if (!begin(walk, "gradient descent: every parameter theta becomes theta - eta * dC/dtheta"))
        return;
    for (uint32_t l = view->first; l <= view->last; l++)
        for (uint32_t i = 0; i < view->count[l]; i++)
            for (uint32_t from = 0; from <= view->count[l - 1] && count < MOST_UPDATES; from++, count++)
                print_one_update(walk, l, view->shown[l][i],
                                 from < view->count[l - 1] ? view->shown[l - 1][from] : SIZE_MAX);
    if (count == MOST_UPDATES)
        fputs("     ... and so on\n", walk->out);
}

void print_update(const annc_trace *trace, const annc_trace *after, const struct view *view, double eta, FILE *out)
{
    struct walk walk = {.trace = trace, .after = after, .view = view, .eta = eta, .out = out};
    fprintf(out, "\nA step of gradient descent on this example, eta = %.4g:\n", eta);
    for (uint32_t i = 0; view_is_neuron(view) && i <= view->count[view->first - 1]; i++)
        print_one_update(&walk, view->first, view->shown[view->first][0],
                         i < view->count[view->first - 1] ? view->shown[view->first - 1][i] : SIZE_MAX);
    if (!is_whole(&walk))
        fprintf(out, "     after the update of all %zu parameters of the network:\n",
                annc_shape_parameters(&trace->shape));
    print_after(&walk);
}

bool print_steps(const annc_trace *trace, const annc_trace *after, const struct view *view, double eta, bool walks,
                 FILE *out)
{
    struct walk walk = {.trace = trace, .after = after, .view = view, .eta = eta, .walks = walks, .out = out};
    const uint32_t L = trace->shape.layers;
    char again[100];
    for (uint32_t l = view->first; l <= view->last; l++)
        step_forward(&walk, l);
    if (view->last == L) {
        step_cost(&walk);
        step_output_error(&walk);
    }
    for (uint32_t l = view->last; l >= view->first; l--) {
        if (l < L)
            step_hidden_error(&walk, l);
        step_gradient(&walk, l);
    }
    step_update(&walk);
    snprintf(again, sizeof again, "forward again%s",
             is_whole(&walk) ? "" : ", after the update of all parameters of the network");
    if (begin(&walk, again))
        print_after(&walk);
    return !walk.is_over;
}
