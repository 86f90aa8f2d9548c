/* One IMU: XIAO nRF52840 Sense (LSM6DS3TR-C) or Nano 33 BLE Sense Rev2 (BMI270), chosen by the board. */
#ifndef IMU_H
#define IMU_H

#include <stdint.h>

/* What the open profile's info says of it. */
extern const uint8_t imu_kind;
extern const uint8_t imu_acc_range_g;
extern const uint16_t imu_gyro_range_dps;

/* Age of a reading when it is fetched: half a step of the IMU and its low-pass filters. An estimate. */
extern const uint32_t imu_age_us;

/* Sets the IMU up: 8 g, 1000 deg/s, about 800 readings a second. False when it does not answer. */
bool imu_begin();

/* The newest reading, ax ay az gx gy gz in the chip's own axes. False when the bus fails. */
bool imu_read(int16_t raw[6]);

#endif
