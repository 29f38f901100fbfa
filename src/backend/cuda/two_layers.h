/* two_layers.h - a network of one hidden layer, as kernels take it that train such networks whole. */
#ifndef ANNC_BACKEND_CUDA_TWO_LAYERS_H
#define ANNC_BACKEND_CUDA_TWO_LAYERS_H

#include "annc.h"
#include "backend/backend.h"
#include "backend/engine.h"
#include "base/functions.h"

#include <string.h>

/* Pointers are to device memory. */
struct annc_two_layers {
    uint32_t inputs, hidden, outputs;
    annc_activation hidden_activation, output_activation;
    annc_cost cost;
    /* What kernels need to know of cost and output activation, so that they need not ask in each step. */
    bool has_closed_form, is_rowwise; /* dC/dz of the cost; softmax */
    float middle, tau;                /* between the classes of one output; of the quantile cost */
    annc_examples examples;
    struct annc_label_values values;
    const float *weights;          /* of the classes, or NULL */
    const struct annc_rate *rates; /* one per step of the epoch; NULL = eta */
    float eta;
    /* Trained. */
    float *theta;
    float *v;                   /* the optimiser's state, in theta's layout; NULL without */
    struct annc_cursor *cursor; /* moved past the steps */
    struct annc_score *scores;  /* one per step of the epoch */
};

static inline struct annc_two_layers annc_two_layers_of(const struct annc_job *job)
{
    const annc_shape *shape = job->shape;
    struct annc_two_layers net;
    memset(&net, 0, sizeof net);
    net.inputs = shape->width[0];
    net.hidden = shape->width[1];
    net.outputs = shape->width[2];
    net.hidden_activation = shape->activation[0];
    net.output_activation = shape->activation[1];
    net.cost = shape->cost;
    net.has_closed_form = annc_cost_partner(shape->cost) != ANY_OUTPUT;
    net.is_rowwise = annc_activation_kind_of(shape->activation[1]) == ROWWISE;
    net.middle = annc_cost_middle(shape->cost);
    net.tau = (float)shape->quantile;
    net.examples = *job->examples;
    net.values = job->values;
    net.weights = job->weights;
    net.rates = job->rates;
    net.eta = (float)job->training->eta;
    net.theta = job->theta;
    net.v = job->v;
    net.cursor = job->cursor;
    net.scores = job->scores;
    return net;
}

#endif
