/* trace_steps.h - prints the equations of a trace with their numbers, in order of application. */
#ifndef ANNC_CLI_TRACE_TRACE_STEPS_H
#define ANNC_CLI_TRACE_TRACE_STEPS_H

#include "cli/trace/trace_graph.h"

#include <stdio.h>

/* Prints the forward pass, the backward pass (BP1 to BP4), the step of gradient descent with
 * learning rate eta, and the next forward pass. With `walks` it waits for a line of standard input
 * between steps. Returns false if the user quits. */
bool print_steps(const annc_trace *trace, const annc_trace *after, const struct view *view, double eta, bool walks,
                 FILE *out);
/* Prints only the step and its result, including the view's parameters if they are few. */
void print_update(const annc_trace *trace, const annc_trace *after, const struct view *view, double eta, FILE *out);

#endif
