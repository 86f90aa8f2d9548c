/* Runs a script of encoder calls from standard input; packets_driver.py runs the same ones. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "imureps_profile.h"

static imureps_stream stream;
static imureps_clock clock_;
static imureps_ticks ticks;

static void print_hex(const uint8_t *bytes, unsigned length) {
    unsigned i;
    for (i = 0; i < length; i++) printf("%02x", bytes[i]);
    printf("\n");
}

static uint16_t read_hex(const char *text, uint8_t *out) {
    uint16_t n = 0;
    unsigned value;
    while (text[0] != '\0' && sscanf(text, "%2x", &value) == 1) {
        out[n++] = (uint8_t)value;
        text += 2;
    }
    return n;
}

static void add(const char *line) {
    uint64_t taken_us;
    int16_t raw[6];
    sscanf(line, "add %" SCNu64 " %" SCNd16 " %" SCNd16 " %" SCNd16 " %" SCNd16 " %" SCNd16 " %" SCNd16, &taken_us,
           &raw[0], &raw[1], &raw[2], &raw[3], &raw[4], &raw[5]);
    imureps_stream_add(&stream, taken_us, raw);
}

static void take(void) {
    uint8_t length;
    const uint8_t *packet = imureps_stream_oldest(&stream, &length);
    if (packet == NULL) {
        printf("-\n");
        return;
    }
    print_hex(packet, length);
    imureps_stream_sent(&stream);
}

static void info(const char *line) {
    char name[64] = "";
    uint8_t out[IMUREPS_INFO_MAX];
    imureps_info content;
    sscanf(line, "info %" SCNu16 " %" SCNu8 " %" SCNu16 " %" SCNu8 " %63s", &content.rate_hz, &content.acc_range_g,
           &content.gyro_range_dps, &content.sensor, name);
    content.name = name;
    print_hex(out, imureps_put_info(out, &content));
}

static void command(const char *line) {
    char text[128] = "";
    uint8_t data[64];
    uint64_t value;
    sscanf(line, "command %127s", text);
    printf("%d ", (int)imureps_read_command(data, read_hex(text, data), &value));
    printf("%" PRIu64 "\n", value);
}

int main(void) {
    char line[256];
    imureps_stream_init(&stream);
    while (fgets(line, sizeof line, stdin) != NULL) {
        uint16_t a, b;
        uint64_t us;
        uint32_t counter;
        if (strncmp(line, "add ", 4) == 0) add(line);
        if (strncmp(line, "take", 4) == 0) take();
        if (strncmp(line, "info ", 5) == 0) info(line);
        if (strncmp(line, "command", 7) == 0) command(line);
        if (sscanf(line, "begin %" SCNu16 " %" SCNu16, &a, &b) == 2) imureps_stream_begin(&stream, a, (uint8_t)b);
        if (sscanf(line, "batch %" SCNu16 " %" SCNu16, &a, &b) == 2) printf("%u\n", imureps_batch(a, b));
        if (sscanf(line, "battery %" SCNu16, &a) == 1) stream.battery_low = (uint8_t)a;
        if (sscanf(line, "clock %" SCNu32, &counter) == 1) printf("%" PRIu64 "\n", imureps_clock_read(&clock_, counter));
        if (sscanf(line, "ticks %" SCNu16 " %" SCNu64, &a, &us) == 2) imureps_ticks_begin(&ticks, a, us);
        if (sscanf(line, "due %" SCNu64, &us) == 1) printf("%d\n", imureps_ticks_due(&ticks, us));
        if (sscanf(line, "lipo %" SCNu16, &a) == 1) printf("%u\n", imureps_lipo_percent(a));
        if (sscanf(line, "hosttime %" SCNu64 " %" SCNu32, &us, &counter) == 2) {
            uint8_t out[IMUREPS_HOST_TIME];
            imureps_put_host_time(out, us, counter);
            print_hex(out, sizeof out);
        }
    }
    return 0;
}
