/*
 * A sensor of the open profile on a XIAO nRF52840 Sense or a Nano 33 BLE Sense Rev2.
 *
 * Libraries: ArduinoBLE; on the XIAO Seeed Arduino LSM6DS3, on the Nano Arduino_BMI270_BMM150. See ../README.md.
 */
#include <ArduinoBLE.h>
#include <utility/ATT.h>

#include "imu.h"
#include "imureps_profile.h"

/* 'P' for the pelvis, 'A' for the ankle: the one thing to change. */
#ifndef IMUREPS_PLACE
#define IMUREPS_PLACE 'P'
#endif

static const uint16_t RATES_HZ[] = {50, 100, 200};
static const uint16_t INTERVAL = 12; /* of the connection, 1.25 ms each: 15 ms */
static const uint16_t ADVERTISE = 240; /* 0.625 ms each: 150 ms */
static const uint32_t BATTERY_EVERY_US = 30000000, BLINKS_US = 5000000, BLINK_US = 250000;
static const uint8_t BATTERY_LOW_PERCENT = 15;

static BLEService service(IMUREPS_SERVICE_UUID);
static BLECharacteristic packets(IMUREPS_STREAM_UUID, BLENotify, IMUREPS_PACKET_MAX);
static BLECharacteristic info(IMUREPS_INFO_UUID, BLERead, IMUREPS_INFO_MAX);
static BLECharacteristic control(IMUREPS_CONTROL_UUID, BLERead | BLEWrite, IMUREPS_HOST_TIME);
static BLEService battery_service("180F");
static BLEByteCharacteristic battery("2A19", BLERead | BLENotify);

static imureps_stream stream;
static imureps_clock wall;
static imureps_ticks ticks;
static uint16_t rate_hz = 100;
static bool streaming = false;
static uint64_t blink_until_us = 0, battery_due_us = 0;
static char name[] = "IMUREPS-P0000";

static uint64_t now_us() { return imureps_clock_read(&wall, (uint32_t)micros()); }

/* The last two bytes of the address, which never changes, complete the name. */
static void make_name() {
    static const uint8_t DIGITS[] = {12, 13, 15, 16}; /* of "aa:bb:cc:dd:ee:ff" */
    String address = BLE.address();
    name[8] = IMUREPS_PLACE;
    for (uint8_t i = 0; i < 4; i++) name[9 + i] = (char)toupper(address[DIGITS[i]]);
}

static void tell_info() {
    uint8_t bytes[IMUREPS_INFO_MAX];
    imureps_info content = {rate_hz, imu_acc_range_g, imu_gyro_range_dps, imu_kind, name};
    uint8_t length = imureps_put_info(bytes, &content);
    info.writeValue(bytes, length);
}

/* The library does not tell the MTU of a connection by name; there is one connection, so the largest is it. */
static uint16_t current_mtu() {
    uint16_t mtu = 23;
    for (uint16_t handle = 0; handle < 8; handle++) {
        if (ATT.mtu(handle) > mtu) mtu = ATT.mtu(handle);
    }
    return mtu;
}

static void start() {
    imureps_stream_begin(&stream, rate_hz, imureps_batch(rate_hz, current_mtu()));
    imureps_ticks_begin(&ticks, rate_hz, now_us());
    streaming = true;
}

/* The nearest rate there is; of two equally near the higher. */
static void set_rate(uint16_t asked_hz) {
    uint16_t best = RATES_HZ[0];
    for (uint16_t rate : RATES_HZ) {
        if (abs((int)rate - (int)asked_hz) <= abs((int)best - (int)asked_hz)) best = rate;
    }
    rate_hz = best;
    tell_info();
    if (streaming) start();
}

/* Called before the write is acknowledged, so the clock is that of the arrival. */
static void on_control(BLEDevice, BLECharacteristic) {
    uint32_t arrived_us = (uint32_t)now_us();
    uint64_t value;
    uint8_t answer[IMUREPS_HOST_TIME];
    switch (imureps_read_command(control.value(), (uint16_t)control.valueLength(), &value)) {
        case IMUREPS_START:
            if (!streaming) start();
            break;
        case IMUREPS_STOP:
            streaming = false;
            break;
        case IMUREPS_RATE:
            set_rate((uint16_t)value);
            break;
        case IMUREPS_IDENTIFY:
            blink_until_us = now_us() + BLINKS_US;
            break;
        case IMUREPS_TIME:
            imureps_put_host_time(answer, value, arrived_us);
            control.writeValue(answer, sizeof answer);
            break;
        default:
            break;
    }
}

static void on_disconnected(BLEDevice) { streaming = false; }

/* A XIAO with a battery measures it through a divider of 1 M and 510 k that must stay switched on. */
static bool battery_measured(uint8_t *percent) {
#if defined(PIN_VBAT) && defined(VBAT_ENABLE)
    pinMode(VBAT_ENABLE, OUTPUT);
    digitalWrite(VBAT_ENABLE, LOW);
    analogReadResolution(12);
    *percent = imureps_lipo_percent((uint16_t)((uint32_t)analogRead(PIN_VBAT) * 3300 / 4096 * 1510 / 510));
    return true;
#else
    (void)percent;
    return false;
#endif
}

static void watch_battery(uint64_t now) {
    uint8_t percent;
    if (now < battery_due_us || !battery_measured(&percent)) return;
    battery_due_us = now + BATTERY_EVERY_US;
    battery.writeValue(percent);
    stream.battery_low = percent < BATTERY_LOW_PERCENT;
}

static void blink(uint64_t now) {
    digitalWrite(LED_BUILTIN, now < blink_until_us && now / BLINK_US % 2 ? HIGH : LOW);
}

static void offer() {
    uint8_t percent;
    BLE.setLocalName(name);
    BLE.setDeviceName(name);
    BLE.setAdvertisedService(service);
    BLE.setAdvertisingInterval(ADVERTISE);
    BLE.setConnectionInterval(INTERVAL, INTERVAL);
    service.addCharacteristic(packets);
    service.addCharacteristic(info);
    service.addCharacteristic(control);
    BLE.addService(service);
    if (battery_measured(&percent)) {
        battery_service.addCharacteristic(battery);
        BLE.addService(battery_service);
    }
    control.setEventHandler(BLEWritten, on_control);
    BLE.setEventHandler(BLEDisconnected, on_disconnected);
    tell_info();
    BLE.advertise();
}

/* Nothing works without the IMU and the radio: fast blinking says so. */
static void give_up() {
    for (;;) {
        digitalWrite(LED_BUILTIN, millis() / 60 % 2 ? HIGH : LOW);
        delay(10);
    }
}

void setup() {
    pinMode(LED_BUILTIN, OUTPUT);
    imureps_stream_init(&stream);
    if (!imu_begin() || !BLE.begin()) give_up();
    make_name();
    offer();
}

static void sample(uint64_t now) {
    int16_t raw[6];
    if (streaming && imureps_ticks_due(&ticks, now) && imu_read(raw)) {
        imureps_stream_add(&stream, now - imu_age_us, raw);
    }
}

static void send() {
    uint8_t length;
    const uint8_t *packet = imureps_stream_oldest(&stream, &length);
    if (streaming && packet != NULL && packets.writeValue(packet, length)) imureps_stream_sent(&stream);
}

void loop() {
    BLE.poll();
    uint64_t now = now_us();
    sample(now);
    send();
    watch_battery(now);
    blink(now);
}
