/* A stand-in for the I2C bus that the BMI270 of the Nano sits on. */
#pragma once
#include <vector>

#include "chip.h"

class TwoWire {
public:
    void setClock(uint32_t) {}
    void beginTransmission(uint8_t address) { address_ = address, sent_.clear(); }
    size_t write(uint8_t byte) { return sent_.push_back(byte), 1; }
    uint8_t endTransmission(bool stop = true) {
        if (address_ != 0x68) return 2;
        if (stop && sent_.size() == 2) chip.write(sent_[0], sent_[1]);
        return 0;
    }
    size_t requestFrom(uint8_t, size_t length) {
        got_.resize(length);
        chip.read(sent_[0], got_.data(), length);
        next_ = 0;
        return length;
    }
    int read() { return got_[next_++]; }

private:
    uint8_t address_ = 0;
    std::vector<uint8_t> sent_, got_;
    size_t next_ = 0;
};

extern TwoWire Wire1;
