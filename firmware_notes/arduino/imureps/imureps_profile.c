#include "imureps_profile.h"

/* Bytes are written one by one: the order of bytes in the machine does not matter. */
static void put(uint8_t *out, uint64_t value, uint8_t bytes) {
    uint8_t i;
    for (i = 0; i < bytes; i++) out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *data, uint8_t bytes) {
    uint64_t value = 0;
    while (bytes > 0) value = (value << 8) | data[--bytes];
    return value;
}

/* ---- info ---- */

uint8_t imureps_put_info(uint8_t *out, const imureps_info *info) {
    uint8_t n = 0;
    out[0] = IMUREPS_VERSION;
    put(out + 1, info->rate_hz, 2);
    out[3] = info->acc_range_g;
    put(out + 4, info->gyro_range_dps, 2);
    out[6] = info->sensor;
    while (n < IMUREPS_NAME_MAX && info->name[n] != '\0') {
        out[7 + n] = (uint8_t)info->name[n];
        n++;
    }
    return (uint8_t)(7 + n);
}

/* ---- control ---- */

imureps_command imureps_read_command(const uint8_t *data, uint16_t length, uint64_t *value) {
    static const uint8_t lengths[] = {0, 1, 1, 3, 1, 9};
    *value = 0;
    if (length == 0 || data[0] == 0 || data[0] >= sizeof lengths || length != lengths[data[0]]) {
        return IMUREPS_NO_COMMAND;
    }
    *value = get(data + 1, (uint8_t)(length - 1));
    if (data[0] == IMUREPS_RATE && *value == 0) return IMUREPS_NO_COMMAND;
    return (imureps_command)data[0];
}

void imureps_put_host_time(uint8_t *out, uint64_t host_us, uint32_t clock_us) {
    out[0] = IMUREPS_TIME;
    put(out + 1, host_us, 8);
    put(out + 9, clock_us, 4);
}

/* ---- clock ---- */

uint64_t imureps_clock_read(imureps_clock *clock, uint32_t counter_us) {
    clock->us += (uint32_t)(counter_us - clock->last);
    clock->last = counter_us;
    return clock->us;
}

void imureps_ticks_begin(imureps_ticks *ticks, uint16_t rate_hz, uint64_t now_us) {
    ticks->period_us = 1000000u / rate_hz;
    ticks->next_us = now_us;
}

int imureps_ticks_due(imureps_ticks *ticks, uint64_t now_us) {
    if (now_us < ticks->next_us) return 0;
    ticks->next_us += ((now_us - ticks->next_us) / ticks->period_us + 1) * ticks->period_us;
    return 1;
}

/* ---- stream ---- */

uint8_t imureps_batch(uint16_t rate_hz, uint16_t mtu) {
    uint16_t batch = (uint16_t)(rate_hz / 20);
    uint16_t room = (uint16_t)(mtu < 23 ? 1 : (mtu - 3 - IMUREPS_HEADER) / IMUREPS_SAMPLE);
    if (batch > room) batch = room;
    if (batch > IMUREPS_BATCH_MAX) batch = IMUREPS_BATCH_MAX;
    return (uint8_t)(batch < 1 ? 1 : batch);
}

static uint16_t packet_length(const imureps_stream *stream) {
    return (uint16_t)(IMUREPS_HEADER + stream->batch * IMUREPS_SAMPLE);
}

void imureps_stream_init(imureps_stream *stream) {
    uint8_t *bytes = (uint8_t *)stream;
    uint32_t i;
    for (i = 0; i < sizeof *stream; i++) bytes[i] = 0;
}

void imureps_stream_begin(imureps_stream *stream, uint16_t rate_hz, uint8_t batch) {
    uint16_t slots, half_second = (uint16_t)(rate_hz / (2u * batch) + 2);
    stream->rate_hz = rate_hz;
    stream->batch = batch;
    stream->position = 0;
    stream->whole = 1;
    stream->overrun = 0;
    stream->running = 0;
    slots = (uint16_t)(IMUREPS_QUEUE / packet_length(stream));
    stream->slots = (uint8_t)(slots < half_second ? slots : half_second);
    stream->first = 0;
    stream->waiting = 0;
}

/* Packets that the time since the last packet began would have filled, at least one. */
static uint16_t packets_since(const imureps_stream *stream, uint64_t taken_us) {
    uint64_t packet_us = 1000000ull * stream->batch;
    uint64_t passed = (taken_us - stream->begun_us) * stream->rate_hz;
    uint64_t packets = (passed + packet_us / 2) / packet_us;
    return (uint16_t)(packets < 1 ? 1 : packets);
}

static void first_sample(imureps_stream *stream, uint64_t taken_us) {
    if (stream->numbered) stream->seq = (uint16_t)(stream->seq + packets_since(stream, taken_us));
    stream->numbered = 1;
    stream->running = 1;
    stream->begun_us = taken_us;
    stream->grid_us = taken_us;
}

/*
 * Steps of the grid from the last sample to this one; 0 for a reading that comes in the same step. The grid
 * follows the samples by an eighth of what they are off, so that neither the jitter of one reading nor a
 * sampling clock up to 2 % wrong makes it slip.
 */
static uint64_t steps_to(imureps_stream *stream, uint64_t taken_us) {
    int64_t period = 1000000 / stream->rate_hz;
    int64_t half = period / 2;
    int64_t ahead = (int64_t)(taken_us - stream->grid_us) + half;
    if (ahead < period) return 0;
    stream->grid_us += (uint64_t)(ahead / period * period + ahead % period / 8 - half / 8);
    return (uint64_t)(ahead / period);
}

/* To the next place in the grid; samples that never came take their packets with them. */
static void advance(imureps_stream *stream, uint64_t missed) {
    uint64_t index = stream->position + missed;
    if (missed > 0) {
        stream->overrun = 1;
        stream->whole = 0;
    }
    if (index >= stream->batch) {
        stream->seq = (uint16_t)(stream->seq + index / stream->batch);
        index %= stream->batch;
        stream->whole = index == 0;
        stream->begun_us = stream->grid_us - index * (1000000u / stream->rate_hz);
    }
    stream->position = (uint8_t)index;
}

static void start_packet(imureps_stream *stream, uint64_t taken_us) {
    put(stream->packet, stream->seq, 2);
    put(stream->packet + 2, taken_us, 4);
    stream->packet[6] = stream->batch;
    stream->packet[7] = 0;
    stream->begun_us = taken_us;
}

static void put_sample(imureps_stream *stream, const int16_t *raw) {
    uint8_t *out = stream->packet + IMUREPS_HEADER + stream->position * IMUREPS_SAMPLE;
    uint8_t i;
    for (i = 0; i < 6; i++) {
        if (raw[i] == INT16_MAX || raw[i] <= -INT16_MAX) stream->packet[7] |= IMUREPS_SATURATED;
        put(out + 2 * i, (uint16_t)raw[i], 2);
    }
}

static uint8_t *slot(imureps_stream *stream, uint16_t index) {
    return stream->queue + index % stream->slots * packet_length(stream);
}

/* The packet is full: it waits for the radio; when no place is left the oldest makes room. */
static void finish_packet(imureps_stream *stream) {
    uint16_t i;
    uint8_t *place;
    uint8_t full = stream->waiting == stream->slots;
    if (stream->overrun) stream->packet[7] |= IMUREPS_OVERRUN;
    if (stream->battery_low) stream->packet[7] |= IMUREPS_BATTERY_LOW;
    stream->overrun = 0;
    if (full) imureps_stream_sent(stream);
    place = slot(stream, (uint16_t)(stream->first + stream->waiting));
    for (i = 0; i < packet_length(stream); i++) place[i] = stream->packet[i];
    stream->waiting++;
    if (full) slot(stream, stream->first)[7] |= IMUREPS_OVERRUN;
}

void imureps_stream_add(imureps_stream *stream, uint64_t taken_us, const int16_t *raw) {
    if (!stream->running) {
        first_sample(stream, taken_us);
    } else {
        uint64_t steps = steps_to(stream, taken_us);
        if (steps == 0) return;
        advance(stream, steps - 1);
    }
    if (stream->position == 0) start_packet(stream, taken_us);
    if (stream->whole) put_sample(stream, raw);
    stream->position++;
    if (stream->whole && stream->position == stream->batch) finish_packet(stream);
}

const uint8_t *imureps_stream_oldest(const imureps_stream *stream, uint8_t *length) {
    *length = 0;
    if (stream->waiting == 0) return 0;
    *length = (uint8_t)packet_length(stream);
    return stream->queue + stream->first * packet_length(stream);
}

void imureps_stream_sent(imureps_stream *stream) {
    if (stream->waiting == 0) return;
    stream->first = (uint8_t)((stream->first + 1) % stream->slots);
    stream->waiting--;
}

/* ---- battery ---- */

uint8_t imureps_lipo_percent(uint16_t millivolt) {
    static const uint16_t at[] = {3300, 3600, 3700, 3800, 3950, 4150};
    static const uint8_t percent[] = {0, 10, 30, 55, 80, 100};
    uint8_t i = 0;
    if (millivolt <= at[0]) return 0;
    if (millivolt >= at[5]) return 100;
    while (millivolt >= at[i + 1]) i++;
    return (uint8_t)(percent[i] + (uint32_t)(percent[i + 1] - percent[i]) * (millivolt - at[i]) / (at[i + 1] - at[i]));
}
