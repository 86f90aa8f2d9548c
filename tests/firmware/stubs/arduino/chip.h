/* The registers of an IMU whose readings tell when they were taken. */
#pragma once
#include <Arduino.h>

#include <cstdio>

struct Chip {
    uint8_t registers[128] = {};
    uint8_t first_reading; /* the register where twelve bytes of readings begin */
    bool gyroscope_first;

    void write(uint8_t reg, uint8_t value) {
        registers[reg] = value;
        std::printf("register %02x %02x\n", reg, value);
    }

    /* Readings: milliseconds on ax, a negative constant on ay, 1 g on az; gyroscope 11, -22, 1000. */
    void read(uint8_t reg, uint8_t *out, size_t length) {
        int16_t acc[3] = {(int16_t)(true_us / 1000 % 30000), -300, 4096}, gyr[3] = {11, -22, 1000};
        for (int i = 0; i < 3; i++) {
            put(first_reading + (gyroscope_first ? 6 : 0) + 2 * i, acc[i]);
            put(first_reading + (gyroscope_first ? 0 : 6) + 2 * i, gyr[i]);
        }
        for (size_t i = 0; i < length; i++) out[i] = registers[reg + i];
    }

    void put(int reg, int16_t value) {
        registers[reg] = (uint8_t)((uint16_t)value & 0xFF);
        registers[reg + 1] = (uint8_t)((uint16_t)value >> 8);
    }
};

extern Chip chip;
