#include <Arduino.h>

#ifdef ARDUINO_ARDUINO_NANO33BLE
#include <Arduino_BMI270_BMM150.h>
#include <Wire.h>

#include "imu.h"
#include "imureps_profile.h"

/*
 * The chip needs 8 kB of its maker's configuration first; the board's own library brings and loads it. After
 * that the registers are set and read here: the library offers 100 Hz and floats in turned axes only.
 */
const uint8_t imu_kind = IMUREPS_BMI270;
const uint8_t imu_acc_range_g = 8;
const uint16_t imu_gyro_range_dps = 1000;
const uint32_t imu_age_us = 2500;

static const uint8_t ADDRESS = 0x68, CHIP_ID = 0x00, DATA = 0x0C, GYR_CAS = 0x3C, ACC_CONF = 0x40,
                     ACC_RANGE = 0x41, GYR_CONF = 0x42, GYR_RANGE = 0x43, PWR_CONF = 0x7C, PWR_CTRL = 0x7D;

static int8_t cross; /* how much of gz shows in gx, in 1/512 */

static bool write_register(uint8_t reg, uint8_t value) {
    Wire1.beginTransmission(ADDRESS);
    Wire1.write(reg);
    Wire1.write(value);
    return Wire1.endTransmission() == 0;
}

static bool read_registers(uint8_t reg, uint8_t *out, uint8_t length) {
    Wire1.beginTransmission(ADDRESS);
    Wire1.write(reg);
    if (Wire1.endTransmission(false) != 0 || Wire1.requestFrom(ADDRESS, length) != length) return false;
    for (uint8_t i = 0; i < length; i++) out[i] = (uint8_t)Wire1.read();
    return true;
}

bool imu_begin() {
    uint8_t value = 0;
    if (!IMU.begin()) return false;
    Wire1.setClock(400000);
    if (!read_registers(CHIP_ID, &value, 1) || value != 0x24) return false;
    bool good = write_register(PWR_CONF, 0x00); /* no power saving */
    delay(1);
    good = good && write_register(PWR_CTRL, 0x0E) /* accelerometer, gyroscope, thermometer on */
           && write_register(ACC_CONF, 0xAB)      /* 800 Hz, normal filter, best performance */
           && write_register(ACC_RANGE, 0x02)     /* 8 g */
           && write_register(GYR_CONF, 0xEB)      /* 800 Hz, normal filter, low noise */
           && write_register(GYR_RANGE, 0x01)     /* 1000 deg/s */
           && read_registers(GYR_CAS, &value, 1);
    value &= 0x7F;
    cross = (int8_t)(value > 63 ? value - 128 : value);
    delay(50); /* the gyroscope starts up */
    return good;
}

static int16_t int16_at(const uint8_t *bytes) { return (int16_t)(bytes[0] | bytes[1] << 8); }

static int16_t clamped(int32_t value) {
    if (value > 32767) return 32767;
    return (int16_t)(value < -32768 ? -32768 : value);
}

bool imu_read(int16_t raw[6]) {
    uint8_t bytes[12];
    if (!read_registers(DATA, bytes, sizeof bytes)) return false;
    for (uint8_t i = 0; i < 6; i++) raw[i] = int16_at(bytes + 2 * i);
    raw[3] = clamped(raw[3] - (int32_t)cross * raw[5] / 512);
    return true;
}
#endif
