/* A stand-in for the Arduino core on a computer: time moves only when the test moves it. */
#pragma once
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#define OUTPUT 1
#define LOW 0
#define HIGH 1
#define LED_BUILTIN 13
#define PIN_VBAT 32
#define VBAT_ENABLE 14

typedef std::string String;

extern uint64_t true_us;
extern uint64_t counter_start_us; /* what micros() showed at power-on: not 0, so that it wraps in a test */
extern int led, battery_counts;

inline unsigned long micros() { return (unsigned long)(uint32_t)(counter_start_us + true_us); }
inline unsigned long millis() { return (unsigned long)(true_us / 1000); }
inline void delay(unsigned long ms) { true_us += 1000 * ms; }
inline void pinMode(int, int) {}
inline void digitalWrite(int pin, int value) {
    if (pin == LED_BUILTIN) led = value;
}
inline void analogReadResolution(int) {}
inline int analogRead(int) { return battery_counts; }
