"""What the code touches outside its process: HTTP, AWS, mail, caches, Redis, message queues, search, other stores, other programs,
sockets, and files."""

from decompose.detect.outside.world import detect

__all__ = ["detect"]
