"""The servers of the benchmark, in the order of its table."""

from benchmarks.streams.servers.ai_sdk import AISDK
from benchmarks.streams.servers.fastapi import FastAPI
from benchmarks.streams.servers.headwater import Headwater
from benchmarks.streams.servers.litellm import LiteLLM
from benchmarks.streams.servers.naive import Naive
from benchmarks.streams.servers.nginx import Nginx
from benchmarks.streams.servers.running import Server

SERVERS: list[Server] = [Headwater(), Naive(), FastAPI(), AISDK(), LiteLLM(), Nginx()]
