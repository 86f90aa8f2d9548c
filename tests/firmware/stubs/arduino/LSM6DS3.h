/* A stand-in for the Seeed Arduino LSM6DS3 library. */
#pragma once
#include "chip.h"

#define I2C_MODE 0
typedef enum { IMU_SUCCESS, IMU_HW_ERROR } status_t;

class LSM6DS3Core {
public:
    LSM6DS3Core(uint8_t, uint8_t address) : address_(address) {}
    status_t beginCore() { return address_ == 0x6A ? IMU_SUCCESS : IMU_HW_ERROR; }
    status_t writeRegister(uint8_t reg, uint8_t value) { return chip.write(reg, value), IMU_SUCCESS; }
    status_t readRegisterRegion(uint8_t *out, uint8_t reg, uint8_t length) {
        return chip.read(reg, out, length), IMU_SUCCESS;
    }

private:
    uint8_t address_;
};
