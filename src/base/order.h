/* order.h - the order of the examples in an epoch, computed by a function instead of stored in an
 * array.
 *
 * A Feistel network on `bits` bits, keyed by seed and epoch, is a bijection of [0, 2^bits);
 * following its cycle until a value below n makes it a bijection of [0, n) (Black and Rogaway,
 * Ciphers with arbitrary finite domains, 2002). It uses only integers, so CPU and GPU get the same
 * minibatches, and a resumed run needs no stored state.
 *
 * With S shards, shard s has a consecutive part of the examples and a bijection of its own, and a
 * minibatch has the next rows of every shard, shard after shard. So a rank that holds one shard
 * finds its rows of every minibatch there. */
#ifndef ANNC_BASE_ORDER_H
#define ANNC_BASE_ORDER_H

#include "base/device_code.h"
#include "base/philox.h"
#include "base/share.h"

#include <stdint.h>

enum {
    ANNC_ORDER_ROUNDS = 8,   /* even: rounds alternate between the halves */
    ANNC_ORDER_MIN_BITS = 8, /* smallest domain: on 2 bits a Feistel network has few permutations */
};

struct annc_order {
    uint32_t n;        /* examples, 1 to 2^31 */
    uint32_t bits;     /* of the domain; 0 = the files' own order */
    uint32_t low_bits; /* of the lower half */
    uint32_t shards;   /* parts of the examples with an order each; 1 = one for all */
    uint32_t key[ANNC_ORDER_ROUNDS];
};

/* The position of a run. It is in device memory, so that a recorded step finds its minibatch
 * without the host. */
struct annc_cursor {
    struct annc_order order;
    uint32_t batch; /* examples per full minibatch */
    /* The first row of the minibatch on this device: 0, unless several devices share a
     * minibatch. */
    uint32_t row;
    /* The step that gather begins, by setting `step` to it; score moves it on. So `step` stays the
     * same within a step, in whatever order its operations run. */
    uint32_t next;
    uint32_t held; /* the first example on this device: 0, unless it has one shard of them */
    /* Examples trained before this epoch: the offset of the example's number in random streams
     * (dropout, noise). */
    uint64_t first;
    /* Of the epoch; its minibatch begins at position step * batch. Not beside the fields that
     * gather loads while one of its blocks writes this one. */
    uint32_t step;
    uint32_t reserved_2;
};

/* Returns the position in the epoch's order of row r of this device in a step's minibatch. */
ANNC_DEVICE_CODE uint32_t annc_cursor_position(const struct annc_cursor *cursor, uint32_t step, uint32_t r)
{
    return step * cursor->batch + cursor->row + r;
}

/* Returns the number, counted over the whole run, of the example in row r of the cursor's
 * minibatch. */
ANNC_DEVICE_CODE uint64_t annc_cursor_example(const struct annc_cursor *cursor, uint32_t r)
{
    return cursor->first + (uint64_t)cursor->step * cursor->batch + cursor->row + r;
}

/* Returns the files' own order, for evaluation. */
ANNC_DEVICE_CODE struct annc_order annc_order_sequential(uint32_t n)
{
    struct annc_order order;
    order.n = n;
    order.bits = 0;
    order.low_bits = 0;
    order.shards = 1;
    for (int r = 0; r < ANNC_ORDER_ROUNDS; r++)
        order.key[r] = 0;
    return order;
}

/* Sets the number of examples, and the smallest domain that has them. */
ANNC_DEVICE_CODE void annc_order_set_domain(struct annc_order *order, uint32_t n)
{
    order->n = n;
    order->bits = ANNC_ORDER_MIN_BITS;
    while (((uint64_t)1 << order->bits) < n)
        order->bits++;
    order->low_bits = order->bits / 2;
}

/* Returns the shuffled order of an epoch (from 0) under a seed. */
ANNC_DEVICE_CODE struct annc_order annc_order_shuffled(uint32_t n, uint64_t seed, uint32_t epoch)
{
    struct annc_order order = annc_order_sequential(n);
    annc_order_set_domain(&order, n);
    for (int block = 0; block < ANNC_ORDER_ROUNDS / 4; block++) {
        const uint64_t g = (uint64_t)epoch * (ANNC_ORDER_ROUNDS / 4) + (uint64_t)block;
        const struct annc_philox_block words = annc_philox(seed, ANNC_STREAM_ORDER, g);
        for (int i = 0; i < 4; i++)
            order.key[4 * block + i] = words.word[i];
    }
    return order;
}

/* Mixes one half with a round key: two multiply-xorshift rounds (constants of Wellons'
 * lowbias32). */
ANNC_DEVICE_CODE uint32_t annc_order_mix(uint32_t half, uint32_t key)
{
    uint32_t x = half ^ key;
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    x ^= x >> 16;
    return x;
}

/* Returns the example at a position of the epoch; both are in [0, n). Not for an order of several
 * shards. */
ANNC_DEVICE_CODE uint32_t annc_order_at(const struct annc_order *order, uint32_t position)
{
    if (order->bits == 0)
        return position;
    const uint32_t low_mask = ((uint32_t)1 << order->low_bits) - 1;
    const uint32_t high_mask = ((uint32_t)1 << (order->bits - order->low_bits)) - 1;
    uint32_t value = position;
    do {
        uint32_t low = value & low_mask, high = value >> order->low_bits;
        for (int r = 0; r < ANNC_ORDER_ROUNDS; r += 2) {
            low ^= annc_order_mix(high, order->key[r]) & low_mask;
            high ^= annc_order_mix(low, order->key[r + 1]) & high_mask;
        }
        value = high << order->low_bits | low;
    } while (value >= order->n);
    return value;
}

/* Returns the order of one shard of a shuffled order, with keys of its own. */
ANNC_DEVICE_CODE struct annc_order annc_order_of_shard(const struct annc_order *order, uint32_t shard)
{
    const uint32_t odd = 0x9E3779B9u; /* 2^32 over the golden ratio */
    struct annc_order own = *order;
    annc_order_set_domain(&own, annc_share_of(order->n, order->shards, shard).count);
    own.shards = 1;
    for (int r = 0; r < ANNC_ORDER_ROUNDS; r++)
        own.key[r] ^= shard * odd;
    return own;
}

/* Returns where the example of row r of this device in a step's minibatch is among the examples
 * that the device has. Of an order of several shards, whose number divides a full minibatch. */
ANNC_DEVICE_CODE uint32_t annc_cursor_held(const struct annc_cursor *cursor, uint32_t step, uint32_t r)
{
    const struct annc_order *order = &cursor->order;
    if (order->shards == 1)
        return annc_order_at(order, annc_cursor_position(cursor, step, r));
    const uint32_t before = step * cursor->batch, left = order->n - before;
    const uint32_t m = left < cursor->batch ? left : cursor->batch, row = cursor->row + r;
    const uint32_t shard = annc_share_with(m, order->shards, row);
    const struct annc_order own = annc_order_of_shard(order, shard);
    const uint32_t in_shard = before / order->shards + row - annc_share_of(m, order->shards, shard).first;
    return annc_share_of(order->n, order->shards, shard).first + annc_order_at(&own, in_shard) - cursor->held;
}

#endif
