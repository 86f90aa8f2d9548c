/* A stand-in for the part of ArduinoBLE that knows the MTU. */
#pragma once
#include "../ArduinoBLE.h"

struct ATTClass {
    uint16_t mtu(uint16_t handle) const { return handle == 1 ? ::mtu : 23; }
};
static ATTClass ATT;
