/* trace_steps.h - the equations of a trace in words and numbers, in the order in which they are applied. */
#ifndef ANNC_CLI_TRACE_TRACE_STEPS_H
#define ANNC_CLI_TRACE_TRACE_STEPS_H

#include "cli/trace/trace_graph.h"

#include <stdio.h>

/* Forward, backward (BP1 to BP4), the step of gradient descent with rate eta, and the forward pass after it. Waits for a line of standard
 * input between two of them where `walks`; false once the user has had enough. */
bool print_steps(const annc_trace *trace, const annc_trace *after, const struct view *view, double eta, bool walks,
                 FILE *out);
/* The step and what comes of it, alone: the parameters that the view keeps where they are few. */
void print_update(const annc_trace *trace, const annc_trace *after, const struct view *view, double eta, FILE *out);

#endif
