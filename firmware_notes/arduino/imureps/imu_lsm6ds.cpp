#include <Arduino.h>

#ifndef ARDUINO_ARDUINO_NANO33BLE
#include <LSM6DS3.h>

#include "imu.h"
#include "imureps_profile.h"

/* The board's own library switches the chip's power on and finds it; the registers are set and read here. */
const uint8_t imu_kind = IMUREPS_LSM6DS3;
const uint8_t imu_acc_range_g = 8;
const uint16_t imu_gyro_range_dps = 1147; /* 35 mdeg/s per count */
const uint32_t imu_age_us = 1600;

static const uint8_t CTRL1_XL = 0x10, CTRL2_G = 0x11, CTRL3_C = 0x12, OUTX_L_G = 0x22;

static LSM6DS3Core imu(I2C_MODE, 0x6A);

static bool write_register(uint8_t reg, uint8_t value) { return imu.writeRegister(reg, value) == IMU_SUCCESS; }

bool imu_begin() {
    if (imu.beginCore() != IMU_SUCCESS) return false;
    write_register(CTRL3_C, 0x01); /* reset */
    delay(10);
    bool good = write_register(CTRL3_C, 0x44)     /* both bytes of a value from one reading; bursts */
                && write_register(CTRL1_XL, 0x7E) /* 833 Hz, 8 g, low-pass at a quarter of the rate */
                && write_register(CTRL2_G, 0x78); /* 833 Hz, 1000 deg/s */
    delay(100);                                   /* the gyroscope starts up */
    return good;
}

static int16_t int16_at(const uint8_t *bytes) { return (int16_t)(bytes[0] | bytes[1] << 8); }

bool imu_read(int16_t raw[6]) {
    uint8_t bytes[12];
    if (imu.readRegisterRegion(bytes, OUTX_L_G, sizeof bytes) != IMU_SUCCESS) return false;
    for (uint8_t i = 0; i < 3; i++) {
        raw[i] = int16_at(bytes + 6 + 2 * i); /* the chip gives the gyroscope first */
        raw[3 + i] = int16_at(bytes + 2 * i);
    }
    return true;
}
#endif
