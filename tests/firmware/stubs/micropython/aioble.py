"""A stub of aioble: one connection, stored notifications, a radio that can be jammed."""
# ruff: noqa: ARG001, ARG002 - the signatures are those of the real module

import asyncio

characteristics = []
notifications = []
jammed = False


class Service:
    def __init__(self, uuid):
        self.uuid = uuid


class Characteristic:
    def __init__(self, service, uuid, read=False, write=False, notify=False, capture=False):
        self.uuid = uuid
        self.value = b""
        self._event = asyncio.Event()
        characteristics.append(self)

    def write(self, data, send_update=False):
        self.value = bytes(data)

    def notify(self, connection, data):
        if jammed:
            raise OSError(12)
        assert connection.is_connected()
        assert len(data) <= connection.mtu - 3
        notifications.append(bytes(data))

    async def written(self):
        await self._event.wait()
        self._event.clear()
        return None, self.value

    async def be_written(self, data):
        self.value = data
        self._event.set()
        await asyncio.sleep_ms(5)


class Connection:
    def __init__(self):
        self.mtu = 247
        self.gone = asyncio.Event()

    def is_connected(self):
        return not self.gone.is_set()

    async def disconnected(self, timeout_ms=60000):
        assert timeout_ms is None
        await self.gone.wait()


connection = Connection()


def register_services(*services):
    print("services", len(services))


async def advertise(interval_us, name, services):
    print("advertises", name, services[0].value)
    if not connection.is_connected():
        await asyncio.sleep(3600)
    return connection
