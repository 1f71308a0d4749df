"""An MQTT 3.1.1 broker in pure Python, for machines without mosquitto: ``python -m simulator.amqtt_broker PORT``."""

import asyncio
import logging
import signal
import sys


async def serve(port: int) -> None:
    """Run a broker on loopback until SIGTERM."""
    from amqtt.broker import Broker

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    settings = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = Broker(settings)
    await broker.start()
    await ended.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(int(sys.argv[1])))
