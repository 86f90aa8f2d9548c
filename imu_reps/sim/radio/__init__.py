"""Virtual sensors: simulated sensors on a virtual radio medium, the air, with a real Bluetooth host stack.

``` python
from imu_reps.sim.wearer import SetPlan
from imu_reps.sim.radio.air import Air
from imu_reps.sim.radio.bleak_backend import client_backend, scanner_backend
from imu_reps.sim.radio.devices import DEVICES
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.radio.virtual_sensor import VirtualSensor
from imu_reps.sim.radio.device import Wearer

async def main():
    wearer = Wearer(SetPlan(), seed=1)
    async with Air(seed=1) as air:
        VirtualSensor(air, DEVICES["witmotion"](wearer.feed("pelvis")), "F0:00:00:00:00:01")
        ankle = VirtualSensor(air, DEVICES["witmotion"](wearer.feed("ankle")), "F0:00:00:00:00:02")
        ankle.script((20.0, "vanish"), (23.0, "return_"))
        # BleakScanner(backend=scanner_backend(air)), BleakClient(device, backend=client_backend(air))

run(main())  # minutes in seconds; run(main(), speed=1.0) in real time
```

All times of the air, its sensors and their feeds are seconds since the air was entered. Run it on a
`fast_loop`: on another loop, computation takes simulated time too, and packets may miss a connection event.
"""
