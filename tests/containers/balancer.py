"""A load balancer that does what the generated listener rules say, in front of processes on this machine.

Rules are those of ``template.yaml`` with its parameters filled in. As with an Application Load Balancer a target group without an answer
is not replaced by another: 502 when nobody listens, 504 when nobody answers in time.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import re
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import msgspec

IDLE = 60
"""Seconds that the load balancer waits for a target, its default idle time-out."""

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "host"}


class Rule(msgspec.Struct, frozen=True):
    """``weights`` are those of the target groups by their names; conditions are patterns, all of which must match."""

    priority: int
    weights: tuple[tuple[str, int], ...]
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    header: tuple[str, tuple[str, ...]] | None = None

    def takes(self, method: str, path: str, headers: Mapping[str, str]) -> bool:
        if self.paths and not any(_like(pattern, path) for pattern in self.paths):
            return False
        if self.methods and method not in self.methods:
            return False
        if self.header is None:
            return True
        value = headers.get(self.header[0], "").lower()
        return any(_like(pattern.lower(), value) for pattern in self.header[1])


def _like(pattern: str, text: str) -> bool:
    expression = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch(expression, text) is not None


def rules(template: Mapping[str, Any], **parameters: str) -> list[Rule]:
    """The listener rules of a template in the order of their priorities."""
    stack = Stack(template, parameters)
    listed = [each for each in template["Resources"].values() if each["Type"] == "AWS::ElasticLoadBalancingV2::ListenerRule"]
    found = [_rule(stack.value(each["Properties"])) for each in listed if stack.exists(each)]
    return sorted(found, key=lambda rule: rule.priority)


def _rule(properties: Mapping[str, Any]) -> Rule:
    conditions: dict[str, Any] = {}
    for condition in properties["Conditions"]:
        match condition["Field"]:
            case "path-pattern":
                conditions["paths"] = tuple(condition["PathPatternConfig"]["Values"])
            case "http-request-method":
                conditions["methods"] = tuple(condition["HttpRequestMethodConfig"]["Values"])
            case "http-header":
                config = condition["HttpHeaderConfig"]
                conditions["header"] = (config["HttpHeaderName"], tuple(config["Values"]))
            case field:
                raise AssertionError(f"a condition that this load balancer does not know: {field}")
    (action,) = properties["Actions"]
    assert action["Type"] == "forward"
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"], "Weight": 1}]
    weights = tuple((each["TargetGroupArn"], int(each["Weight"])) for each in groups)
    return Rule(int(properties["Priority"]), weights, **conditions)


class Stack:
    """The functions of a template, evaluated: references to parameters are their values, those to resources their logical names."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._template = template
        declared = template["Parameters"]
        assert parameters.keys() <= declared.keys()
        self._parameters = {name: str(parameters.get(name, each.get("Default", name))) for name, each in declared.items()}

    def exists(self, resource: Mapping[str, Any]) -> bool:
        return "Condition" not in resource or self._holds({"Condition": resource["Condition"]})

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.value(each) for each in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            name = name.removeprefix("Fn::")  # the long form of a short function
            if name == "Ref":
                return self._parameters.get(argument, argument)
            if name == "FindInMap":
                table, row, column = (self.value(each) for each in argument)
                return self._template["Mappings"][table][row][column]
            if name == "If":
                return self.value(argument[1] if self._holds({"Condition": argument[0]}) else argument[2])
        return {key: self.value(each) for key, each in node.items()}

    def _holds(self, condition: Any) -> bool:
        ((name, argument),) = condition.items()
        match name.removeprefix("Fn::"):
            case "Condition":
                return self._holds(self._template["Conditions"][argument])
            case "Not":
                return not self._holds(argument[0])
            case "And":
                return all(self._holds(each) for each in argument)
            case "Or":
                return any(self._holds(each) for each in argument)
            case "Equals":
                left, right = (self.value(each) for each in argument)
                return bool(left == right)
        raise AssertionError(f"a condition that is not known here: {name}")


class Balancer:
    """``targets`` are base addresses by target group. ``sent`` lists for each request its ``X-Request-Id`` and the group that got it."""

    def __init__(self, default: str, targets: dict[str, str]) -> None:
        self.default, self.targets = default, targets
        self.rules: list[Rule] = []
        self.sent: list[tuple[str, str]] = []
        self.url = ""
        self._random = random.Random(1)

    def group(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        """The target group that a request goes to."""
        for rule in self.rules:
            if rule.takes(method, path, headers):
                names, weights = zip(*rule.weights, strict=True)
                return str(self._random.choices(names, weights)[0])
        return self.default


@contextlib.contextmanager
def listening(balancer: Balancer) -> Iterator[Balancer]:
    """Serves on a free port of this machine; the address is then the balancer's ``url``."""

    class Handler(_Handler):
        shared = balancer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    balancer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield balancer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shared: Balancer

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.shared.group(self.command, urlsplit(self.path).path, self.headers)
        self.shared.sent.append((self.headers.get("X-Request-Id", ""), name))
        target = urlsplit(self.shared.targets[name])
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=IDLE)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP}
        headers |= {"Host": self.headers["Host"], "X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https"}
        try:
            connection.request(self.command, self.path, body or None, headers)
            reply = connection.getresponse()
            self._answer(reply.status, reply.getheaders(), reply.read())
        except TimeoutError:
            self._answer(504, [], b"")
        except (OSError, http.client.HTTPException):
            self._answer(502, [], b"")
        finally:
            connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_request

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for key, value in headers:
            if key.lower() not in {*HOP_BY_HOP, "content-length", "date", "server"}:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the list of what was sent is the log."""
