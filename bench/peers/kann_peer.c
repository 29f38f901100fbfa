/* kann_peer.c - the job by KANN (github.com/attractivechaos/kann), its own graph and gradients; plain steps, since its own optimiser is RMSprop. */
#include "peer.h"

#include "kann.h"

static kann_t *build(const struct peer_job *job)
{
    kad_node_t *t = kann_layer_input(job->n[0]), *truth;
    for (int l = 1; l < job->layers; l++) {
        t = kann_layer_dense(t, job->n[l]);
        t = job->softmax ? kad_relu(t) : kad_sigm(t);
    }
    if (job->softmax)
        return kann_new(kann_layer_cost(t, job->n[job->layers], KANN_C_CEM), 0);
    t = kad_sigm(kann_layer_dense(t, job->n[job->layers]));
    t->ext_flag |= KANN_F_OUT;
    truth = kad_feed(2, 1, job->n[job->layers]);
    truth->ext_flag |= KANN_F_TRUTH;
    t = kad_mse(t, truth);
    t->ext_flag |= KANN_F_COST;
    return kann_new(t, 0);
}

int main(int argc, char **argv)
{
    struct peer_job job = peer_open(argc, argv);
    kann_t *ann = build(&job);
    const int in = job.n[0], out = job.n[job.layers];
    /* The mean over all outputs, and without a half, is the cost here. */
    const float scale = job.softmax ? 1 : (float)out / 2;
    float *x = calloc((size_t)job.batch * in, sizeof *x), *y = calloc((size_t)job.batch * out, sizeof *y);
    int weights = 0, biases = 0;
    for (int i = 0; i < ann->n; i++)
        if (kad_is_var(ann->v[i])) {
            const int l = ann->v[i]->n_d == 2 ? ++weights : ++biases;
            memcpy(ann->v[i]->x, ann->v[i]->n_d == 2 ? job.W[l] : job.b[l], kad_len(ann->v[i]) * sizeof(float));
        }
    if (job.threads > 1)
        kann_mt(ann, job.threads, job.batch);
    const int n = kann_size_var(ann), out_node = kann_find(ann, KANN_F_OUT, 0);
    for (int epoch = 0; epoch < job.epochs; epoch++) {
        int32_t *order = peer_order(&job, epoch);
        double loss = 0;
        int correct = 0;
        const double start = peer_now();
        kann_feed_bind(ann, KANN_F_IN, 0, &x);
        kann_feed_bind(ann, KANN_F_TRUTH, 0, &y);
        kann_switch(ann, 1);
        for (int first = 0; first < job.count; first += job.batch) {
            const int m = job.count - first < job.batch ? job.count - first : job.batch;
            memset(y, 0, (size_t)m * out * sizeof *y);
            for (int r = 0; r < m; r++) {
                memcpy(x + (size_t)r * in, job.x + (size_t)order[first + r] * in, in * sizeof *x);
                y[r * out + job.y[order[first + r]]] = 1;
            }
            kann_set_batch_size(ann, m);
            loss += (double)(kann_cost(ann, 0, 1) * scale);
            for (int i = 0; i < n; i++)
                ann->x[i] -= job.lr * scale * ann->g[i];
        }
        const double seconds = peer_now() - start;
        kann_switch(ann, 0);
        kann_set_batch_size(ann, 1);
        for (int i = 0; i < job.tests; i++) {
            memcpy(x, job.test_x + (size_t)i * in, in * sizeof *x);
            kad_eval_at(ann->n, ann->v, out_node);
            correct += peer_argmax(ann->v[out_node]->x, out) == job.test_y[i];
        }
        peer_report(PEER_NAME, epoch, loss, correct, job.tests, seconds);
        free(order);
    }
    return 0;
}
