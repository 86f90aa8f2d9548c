/* A stand-in for the library that loads the BMI270's configuration. */
#pragma once

struct BoschSensorClass {
    int begin() { return 1; }
};
static BoschSensorClass IMU;
