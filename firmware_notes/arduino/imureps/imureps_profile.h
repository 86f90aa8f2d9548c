/*
 * The open profile, version 1 (firmware_notes/open-profile.md): bytes, numbering and clock of a sensor.
 *
 * C99, no allocation, no library beyond stdint. Nothing here touches a radio or an IMU: the caller hands in
 * readings with the instant they were taken, and sends the packets that come out.
 */
#ifndef IMUREPS_PROFILE_H
#define IMUREPS_PROFILE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IMUREPS_SERVICE_UUID "ba1a0001-b277-4069-b9f6-a8d937c46c72"
#define IMUREPS_STREAM_UUID "ba1a0002-b277-4069-b9f6-a8d937c46c72"
#define IMUREPS_INFO_UUID "ba1a0003-b277-4069-b9f6-a8d937c46c72"
#define IMUREPS_CONTROL_UUID "ba1a0004-b277-4069-b9f6-a8d937c46c72"

#define IMUREPS_VERSION 1
#define IMUREPS_HEADER 8
#define IMUREPS_SAMPLE 12
#define IMUREPS_BATCH_MAX 19
#define IMUREPS_PACKET_MAX (IMUREPS_HEADER + IMUREPS_BATCH_MAX * IMUREPS_SAMPLE)
#define IMUREPS_NAME_MAX 20
#define IMUREPS_INFO_MAX (7 + IMUREPS_NAME_MAX)
#define IMUREPS_CONTROL_MAX 9
#define IMUREPS_HOST_TIME 13

enum { IMUREPS_SATURATED = 1, IMUREPS_OVERRUN = 2, IMUREPS_BATTERY_LOW = 4 };

/* Kinds of sensor, as info names them. */
enum {
    IMUREPS_OTHER = 0,
    IMUREPS_LSM6DS3 = 1,
    IMUREPS_LSM6DSO = 2,
    IMUREPS_BMI270 = 3,
    IMUREPS_MPU6050 = 4,
    IMUREPS_SIMULATED = 240
};

/* ---- info ---- */

typedef struct {
    uint16_t rate_hz;
    uint8_t acc_range_g;     /* what a reading of 32768 would stand for */
    uint16_t gyro_range_dps; /* likewise: 1147 for an LSM6DS at "1000 deg/s" */
    uint8_t sensor;
    const char *name; /* at most IMUREPS_NAME_MAX bytes are taken */
} imureps_info;

/* Writes at most IMUREPS_INFO_MAX bytes and gives their number. */
uint8_t imureps_put_info(uint8_t *out, const imureps_info *info);

/* ---- control ---- */

typedef enum {
    IMUREPS_NO_COMMAND = 0,
    IMUREPS_START = 1,
    IMUREPS_STOP = 2,
    IMUREPS_RATE = 3,
    IMUREPS_IDENTIFY = 4,
    IMUREPS_TIME = 5
} imureps_command;

/* What was written to control. `value` gets the rate in Hz or the host's time in us, else 0. */
imureps_command imureps_read_command(const uint8_t *data, uint16_t length, uint64_t *value);

/* What control gives when it is read after a host time: IMUREPS_HOST_TIME bytes. */
void imureps_put_host_time(uint8_t *out, uint64_t host_us, uint32_t clock_us);

/* ---- clock ---- */

/* A counter that wraps at 2^32, made one that does not. Read it at least once per wrap (71 min). */
typedef struct {
    uint64_t us;
    uint32_t last;
} imureps_clock;

uint64_t imureps_clock_read(imureps_clock *clock, uint32_t counter_us);

/* A steady schedule of readings. */
typedef struct {
    uint64_t next_us;
    uint32_t period_us;
} imureps_ticks;

void imureps_ticks_begin(imureps_ticks *ticks, uint16_t rate_hz, uint64_t now_us);

/* Whether a reading is due. Ticks that went by unread are skipped. */
int imureps_ticks_due(imureps_ticks *ticks, uint64_t now_us);

/* ---- stream ---- */

/* Samples to a packet: about 50 ms, and no more than one notification holds. */
uint8_t imureps_batch(uint16_t rate_hz, uint16_t mtu);

/* Half a second of packets at most. */
#define IMUREPS_QUEUE 2560

typedef struct {
    /* the packet that is being filled */
    uint8_t packet[IMUREPS_PACKET_MAX];
    uint8_t batch;      /* samples to a packet */
    uint8_t position;   /* samples of it so far; `batch` when it is complete */
    uint8_t whole;      /* none of them is missing */
    uint8_t overrun;    /* something was lost since the packet before */
    uint8_t battery_low; /* set and cleared by the caller */
    /* the grid */
    uint8_t numbered; /* a packet has been begun since power-on */
    uint8_t running;  /* a sample has come since the stream began */
    uint16_t rate_hz;
    uint16_t seq;      /* of the packet that is being filled, or was filled last */
    uint64_t begun_us; /* when it began */
    uint64_t grid_us;  /* when the last sample was due, following the samples' own pace */
    /* complete packets that wait for the radio, oldest first */
    uint8_t queue[IMUREPS_QUEUE];
    uint8_t slots;
    uint8_t first;
    uint8_t waiting;
} imureps_stream;

/* After power-on. */
void imureps_stream_init(imureps_stream *stream);

/* A start, or a new rate or batch: what was not sent is thrown away, the numbering goes on by the time. */
void imureps_stream_begin(imureps_stream *stream, uint16_t rate_hz, uint8_t batch);

/* Takes a sample: ax ay az gx gy gz and the instant it was taken. Gaps are found and counted by that. */
void imureps_stream_add(imureps_stream *stream, uint64_t taken_us, const int16_t *raw);

/* The oldest packet that waits, `*length` bytes; 0 when there is none. */
const uint8_t *imureps_stream_oldest(const imureps_stream *stream, uint8_t *length);

/* The oldest packet went out. */
void imureps_stream_sent(imureps_stream *stream);

/* ---- battery ---- */

/* Charge of one lithium polymer cell by its voltage under light load: coarse, 0 to 100. */
uint8_t imureps_lipo_percent(uint16_t millivolt);

#ifdef __cplusplus
}
#endif
#endif
