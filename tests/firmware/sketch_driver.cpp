/* Runs the Arduino sketch on a computer, by a script from standard input. */
#include <cstdio>
#include <iostream>
#include <sstream>

#include "Arduino.h"
#include "chip.h"

uint64_t true_us = 0, counter_start_us = 0;
int led = 0, battery_counts = 0;
bool radio_jammed = false;
uint16_t mtu = 23;
Chip chip;

#include "ArduinoBLE.h"
#include "Wire.h"
BLELocalDevice BLE;
TwoWire Wire1;

#include "imureps.ino"

static void prepare_chip() {
#ifdef ARDUINO_ARDUINO_NANO33BLE
    chip.registers[0x00] = 0x24;
    chip.registers[0x3C] = 0x7E; /* two 512ths of gz are missing in gx */
    chip.first_reading = 0x0C;
    chip.gyroscope_first = false;
#else
    chip.first_reading = 0x22;
    chip.gyroscope_first = true;
#endif
}

static void print_value(const char *title, const BLECharacteristic &characteristic) {
    std::printf("%s ", title);
    for (int i = 0; i < characteristic.valueLength(); i++) std::printf("%02x", characteristic.value()[i]);
    std::printf("\n");
}

static std::vector<uint8_t> bytes_of(const std::string &text) {
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2) bytes.push_back((uint8_t)std::stoi(text.substr(i, 2), nullptr, 16));
    return bytes;
}

/* A loop takes 200 us here. */
static void run_for(uint64_t us) {
    int changes = 0, before = led;
    for (uint64_t end = true_us + us; true_us < end; true_us += 200) {
        loop();
        changes += led != before;
        before = led;
    }
    std::printf("blinks %d\n", changes);
}

int main() {
    std::string line, verb, text;
    prepare_chip();
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        text.clear();
        words >> verb >> text;
        if (verb == "counter") counter_start_us = std::stoull(text);
        if (verb == "battery") battery_counts = std::stoi(text);
        if (verb == "setup") setup();
        if (verb == "mtu") mtu = (uint16_t)std::stoi(text);
        if (verb == "write") control.written(bytes_of(text));
        if (verb == "run") run_for(std::stoull(text));
        if (verb == "stall") true_us += std::stoull(text);
        if (verb == "jam") radio_jammed = text == "1";
        if (verb == "disconnect") BLE.disconnected(BLEDevice());
        if (verb == "info") print_value("info", info);
        if (verb == "control") print_value("control", control);
    }
    return 0;
}
