/* A stand-in for ArduinoBLE: prints what would go out, and lets the test connect, write and jam the radio. */
#pragma once
#include <cstring>
#include <map>
#include <vector>

#include "Arduino.h"

enum BLEProperty { BLERead = 0x02, BLEWrite = 0x08, BLENotify = 0x10 };
enum BLEDeviceEvent { BLEConnected, BLEDisconnected };
enum BLECharacteristicEvent { BLEWritten = 3 };

class BLEDevice {};
class BLECharacteristic;
typedef void (*BLEDeviceEventHandler)(BLEDevice);
typedef void (*BLECharacteristicEventHandler)(BLEDevice, BLECharacteristic);

extern bool radio_jammed;
extern uint16_t mtu;

class BLECharacteristic {
public:
    BLECharacteristic(const char *uuid, unsigned int properties, int size)
        : uuid_(uuid), properties_(properties), size_(size) {}

    int writeValue(const uint8_t value[], int length) {
        if (length > size_) length = size_;
        if (properties_ & BLENotify && radio_jammed) return 0;
        value_.assign(value, value + length);
        if (!(properties_ & BLENotify)) return 1;
        if (length > mtu - 3) length = mtu - 3; /* what the radio cuts off */
        std::printf("notify %llu ", (unsigned long long)true_us);
        for (int i = 0; i < length; i++) std::printf("%02x", value[i]);
        std::printf("\n");
        return 1;
    }

    const uint8_t *value() const { return value_.data(); }
    int valueLength() const { return (int)value_.size(); }
    void setEventHandler(int event, BLECharacteristicEventHandler handler) {
        if (event == BLEWritten) handler_ = handler;
    }

    void written(const std::vector<uint8_t> &data) {
        value_ = data;
        if (handler_) handler_(BLEDevice(), *this);
    }

private:
    const char *uuid_;
    unsigned int properties_;
    int size_;
    std::vector<uint8_t> value_;
    BLECharacteristicEventHandler handler_ = nullptr;
};

class BLEByteCharacteristic {
public:
    BLEByteCharacteristic(const char *, unsigned int) {}
    int writeValue(uint8_t value) { return std::printf("battery %u\n", value), 1; }
};

class BLEService {
public:
    explicit BLEService(const char *uuid) : uuid_(uuid) {}
    template <class T> void addCharacteristic(T &) {}
    const char *uuid_;
};

class BLELocalDevice {
public:
    int begin() { return 1; }
    void poll() {}
    String address() const { return "c0:ff:ee:12:3f:2a"; }
    void setLocalName(const char *name) { std::printf("name %s\n", name); }
    void setDeviceName(const char *) {}
    void setAdvertisedService(const BLEService &service) { std::printf("advertised %s\n", service.uuid_); }
    void setAdvertisingInterval(uint16_t units) { std::printf("advertising %u\n", units); }
    void setConnectionInterval(uint16_t low, uint16_t high) { std::printf("interval %u %u\n", low, high); }
    void addService(BLEService &) {}
    int advertise() { return 1; }
    void setEventHandler(BLEDeviceEvent event, BLEDeviceEventHandler handler) {
        if (event == BLEDisconnected) disconnected = handler;
    }
    BLEDeviceEventHandler disconnected = nullptr;
};

extern BLELocalDevice BLE;
