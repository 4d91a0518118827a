"""Requests for moved routes: what goes to the service, what comes back, and who is said to be calling."""

from __future__ import annotations

import ast
import json

from running import Run
from service_plans import ROUTES, by_path_of, library_plan

UPSTREAM = """
import http.server, json, os, threading
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve
from library.boundaries import django_routes, tokens
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]

class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = set()
    def answer(self):
        Echo.connections.add(self.client_address)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = json.dumps({"method": self.command, "target": self.path, "headers": headers, "body": body.decode()}).encode()
        if "big" in self.path:
            said = b"x" * 3_000_000
        self.send_response(503 if "down" in self.path else 201)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", len(said)), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
                            ("Connection", "keep-alive, X-Private"), ("X-Private", "1"), ("ETag", "e"), ("Vary", "A"), ("Vary", "B")):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(said)
    do_GET = do_POST = do_DELETE = answer
    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["LOANS_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
os.environ["LOANS_ATTEMPTS"] = "2"

def ask(method, path, *, user=reader, browser=False, **named):
    request = getattr(RequestFactory(), method)(path, **named)
    request.user, request._dont_enforce_csrf_checks = user, not browser
    routes = django_routes.MovedRoutes(lambda request: HttpResponse("the monolith"))
    found = resolve(request.path_info)
    def handle(request):
        return routes.process_view(request, found.func, found.args, found.kwargs) or HttpResponse("the monolith")
    routes.get_response = handle
    return routes(request)
"""

REMOTE = {"LOANS_MODE": "remote"}


def run(monolith: Run, code: str, **variables: str) -> str:
    return monolith(UPSTREAM + code, **{**REMOTE, **variables})


def test_the_views_of_the_contexts_routes_are_named_once() -> None:
    text = by_path_of(library_plan())["library/boundaries/loans/routes.py"].content
    assert {node.target.id if isinstance(node, ast.AnnAssign) else node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(text).body[1:]} == {  # type: ignore[attr-defined]
        "VIEWS": ("library.loans.api.LoanViewSet",),
        "PERMISSIONS": (),
    }


def test_what_was_decided_to_stay_is_answered_by_the_monolith() -> None:
    import msgspec

    plan = library_plan()
    stays = tuple(msgspec.structs.replace(each, disposition="stay") for each in ROUTES)
    plan = msgspec.structs.replace(plan, context=msgspec.structs.replace(plan.context, edges=stays))
    assert "library/boundaries/loans/routes.py" not in by_path_of(plan)


def test_in_other_modes_the_monolith_answers(monolith: Run) -> None:
    assert run(monolith, 'print(ask("get", "/api/loans/").content)', LOANS_MODE="loopback") == "b'the monolith'\n"


def test_a_request_arrives_as_it_was_with_a_token_instead_of_credentials(monolith: Run) -> None:
    code = """
reply = ask("get", "/api/loans/?a=%2Fb&c", HTTP_COOKIE="sessionid=1", HTTP_AUTHORIZATION="Basic x", HTTP_CONNECTION="keep-alive, X-Hop",
            HTTP_X_HOP="1", HTTP_ACCEPT_LANGUAGE="de", HTTP_X_FORWARDED_FOR="9.9.9.9", HTTP_X_FORWARDED_PROTO="https", HTTP_HOST="shop.test")
said = json.loads(reply.content)
token = said["headers"].pop("authorization").removeprefix("Bearer ")
claims = tokens.verify(token, "loans", tokens.accepted_keys())
print(json.dumps([said["method"], said["target"], said["headers"], {name: claims[name] for name in ("sub", "staff", "superuser", "user")}]))
"""
    method, target, headers, claims = json.loads(run(monolith, code))
    assert (method, target) == ("GET", "/api/loans/?a=%2Fb&c")
    assert "cookie" not in headers and "x-hop" not in headers
    assert headers["accept-language"] == "de" and headers["host"] == headers["x-forwarded-host"] == "shop.test"
    assert headers["x-forwarded-for"] == "9.9.9.9, 127.0.0.1" and headers["x-forwarded-proto"] == "http"
    assert claims == {"sub": "1", "staff": False, "superuser": False, "user": {"$row": ["django.contrib.auth.models.User", {"id": 1, "username": "ann"}]}}


def test_a_reply_comes_back_as_it_was(monolith: Run) -> None:
    code = """
reply = ask("post", "/api/loans/", data=b'{"weeks": 2}', content_type="application/json")
print(reply.status_code, json.loads(reply.content)["body"], reply["ETag"], reply["Vary"], sorted(reply.cookies), "X-Private" in reply, "Date" in reply)
"""
    assert run(monolith, code) == '201 {"weeks": 2} e A, B [\'a\', \'b\'] False False\n'


def test_cookies_that_the_service_gave_to_one_user_do_not_go_along_with_the_next_request(monolith: Run) -> None:
    code = """
given = ask("get", "/api/loans/").cookies["a"].value
print(given, [name for name in ("cookie", "user-agent", "accept-encoding") if name in json.loads(ask("get", "/api/loans/").content)["headers"]])
"""
    assert run(monolith, code) == "1 []\n"


def test_a_form_whose_fields_were_read_still_arrives_whole(monolith: Run) -> None:
    code = """
from django.core.files.uploadedfile import SimpleUploadedFile
def and_read(self, request, *rest):
    assert request.POST["note"] == "x"
    return forward(self, request, *rest)
forward, django_routes.MovedRoutes.process_view = django_routes.MovedRoutes.process_view, and_read
reply = ask("post", "/api/loans/", data={"note": "x", "file": SimpleUploadedFile("a.txt", b"content of the file")})
said = json.loads(reply.content)
print("content of the file" in said["body"], int(said["headers"]["content-length"]) == len(said["body"]), said["headers"]["content-type"][:19])
"""
    assert run(monolith, code) == "True True multipart/form-data\n"


def test_a_long_reply_comes_in_pieces(monolith: Run) -> None:
    code = """
reply = ask("get", "/api/loans/", data={"big": 1})
sizes = [len(piece) for piece in reply.streaming_content]
print(reply.streaming, sum(sizes), max(sizes) <= 65536)
"""
    assert run(monolith, code) == "True 3000000 True\n"


def test_connections_are_kept(monolith: Run) -> None:
    code = """
for _ in range(20):
    ask("get", "/api/loans/")
print(len(Echo.connections))
"""
    assert run(monolith, code) == "1\n"


def test_without_a_service_the_answer_is_a_problem_document(monolith: Run) -> None:
    code = """
server.shutdown()
server.server_close()
reply = ask("get", "/api/loans/7/")
print(reply.status_code, reply["Content-Type"], json.loads(reply.content))
"""
    assert run(monolith, code) == (
        "503 application/problem+json {'type': 'about:blank', 'title': 'the service does not answer', 'status': 503, 'instance': '/api/loans/7/'}\n"
    )


def test_a_service_that_is_too_slow_is_given_up(monolith: Run) -> None:
    code = """
import socket, time
silent = socket.create_server(("127.0.0.1", 0))
os.environ["LOANS_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
started = time.monotonic()
reply = ask("post", "/api/loans/", data=b"{}", content_type="application/json")
print(reply.status_code, time.monotonic() - started < 9)
"""
    assert run(monolith, code, LOANS_ROUTE_TIMEOUT="0.3") == "504 True\n"


def test_trying_again_takes_no_longer_than_one_time_limit_in_all(monolith: Run) -> None:
    code = """
import time
Echo.do_GET = lambda self: time.sleep(3)
started = time.monotonic()
reply = ask("get", "/api/loans/")
print(reply.status_code, time.monotonic() - started < 1.7)
"""
    assert run(monolith, code, LOANS_ROUTE_TIMEOUT="0.6", LOANS_ATTEMPTS="3") == "504 True\n"


def test_a_short_reply_that_trickles_in_is_given_up(monolith: Run) -> None:
    code = """
import time
def trickle(self):
    self.send_response(200)
    self.send_header("Content-Length", "100")
    self.end_headers()
    for _ in range(100):
        self.wfile.write(b"x")
        self.wfile.flush()
        time.sleep(0.1)
Echo.do_GET = trickle
started = time.monotonic()
print(ask("get", "/api/loans/").status_code, time.monotonic() - started < 4)
"""
    assert run(monolith, code, LOANS_ROUTE_TIMEOUT="0.5", LOANS_ATTEMPTS="1") == "504 True\n"


def test_only_what_changes_nothing_is_tried_again(monolith: Run) -> None:
    code = """
seen = []
answer = Echo.answer
def counted(self):
    seen.append(self.command)
    answer(self)
Echo.do_GET = Echo.do_POST = counted
print(ask("get", "/api/loans/", data={"down": 1}).status_code, ask("post", "/api/loans/?down", data=b"{}", content_type="application/json").status_code, seen)
"""
    assert run(monolith, code) == "503 503 ['GET', 'GET', 'POST']\n"


def test_whoever_is_not_known_travels_without_a_name(monolith: Run) -> None:
    code = """
token = json.loads(ask("get", "/api/loans/", user=AnonymousUser()).content)["headers"]["authorization"].removeprefix("Bearer ")
claims = tokens.verify(token, "loans", tokens.accepted_keys())
print(claims["sub"] == "", "user" in claims)
"""
    assert run(monolith, code) == "True False\n"


def test_credentials_that_the_view_takes_are_checked_here(monolith: Run) -> None:
    code = """
import base64
from library.loans.api import LoanViewSet
from rest_framework.authentication import BasicAuthentication
LoanViewSet.authentication_classes = [BasicAuthentication]
reader.set_password("secret")
reader.save()
def basic(password):
    return "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()
right = json.loads(ask("get", "/api/loans/", user=AnonymousUser(), HTTP_AUTHORIZATION=basic("secret")).content)
claims = tokens.verify(right["headers"]["authorization"].removeprefix("Bearer "), "loans", tokens.accepted_keys())
print(claims["sub"] == str(reader.pk), ask("get", "/api/loans/", user=AnonymousUser(), HTTP_AUTHORIZATION=basic("wrong")).content)
"""
    # What the view would refuse, the view refuses.
    assert run(monolith, code) == "True b'the monolith'\n"


def test_a_browser_without_the_token_against_forgery_is_refused_here(monolith: Run) -> None:
    code = 'print(ask("post", "/api/loans/", browser=True, data={"note": "x"}).content)'
    assert run(monolith, code) == "b'the monolith'\n"


def test_a_browser_with_the_token_against_forgery_is_let_through_with_all_it_sent(monolith: Run) -> None:
    code = """
token = "c" * 32
known = {"HTTP_COOKIE": f"csrftoken={token}"}
sent = [
    ask("post", "/api/loans/", browser=True, data=b'{"note": "x"}', content_type="application/json", HTTP_X_CSRFTOKEN=token, **known),
    ask("post", "/api/loans/", browser=True, data={"note": "y", "csrfmiddlewaretoken": token}, **known),
]
for reply in sent:
    said = json.loads(reply.content)
    claims = tokens.verify(said["headers"]["authorization"].removeprefix("Bearer "), "loans", tokens.accepted_keys())
    print(reply.status_code, claims["sub"] == str(reader.pk), '"x"' in said["body"] or 'name="note"' in said["body"])
"""
    assert run(monolith, code) == "201 True True\n201 True True\n"


def test_what_is_refused_here_leaves_the_user_to_the_view(monolith: Run) -> None:
    code = """
request = RequestFactory().post("/api/loans/", b"{}", content_type="application/json")
request.user = reader
found = resolve("/api/loans/")
print(django_routes.MovedRoutes(lambda request: None).process_view(request, found.func, found.args, found.kwargs), request.user == reader)
"""
    assert run(monolith, code) == "None True\n"


def test_boundary_calls_of_a_view_carry_the_user_that_the_view_found_out(monolith: Run) -> None:
    code = """
from library.boundaries.runtime import current_user
request = RequestFactory().get("/")
request.user = AnonymousUser()
seen = []
def view(request):
    seen.append(str(current_user.get()))
    request.user = reader
    seen.append(str(current_user.get()))
    return HttpResponse()
django_routes.MovedRoutes(view)(request)
print(seen, repr(current_user.get()))
"""
    assert monolith(UPSTREAM + code) == "['', '1'] ''\n"


# --- the service's side -----------------------------------------------------------------------------


def test_the_service_knows_what_a_token_says_of_its_user(service: Run) -> None:
    code = """
from django.test import RequestFactory
from library.boundaries import tokens
from loans_service.identity import Identity
row = {"$row": ["django.contrib.auth.models.User", {"id": 4, "username": "eve"}]}
claims = {"user": row, "staff": True, "superuser": False, "permissions": ["loans.delete_loan"]}
def view(request):
    user = request.user
    print(user.pk, user.username, user.is_staff, user.has_perm("loans.delete_loan"), user.has_perm("loans.add_loan"), user.has_module_perms("loans"))
    print("HTTP_AUTHORIZATION" in request.META)
token = tokens.sign("4", "monolith", "loans", tokens.signing_key(), claims=claims)
Identity(view)(RequestFactory().get("/api/loans/", HTTP_AUTHORIZATION=f"Bearer {token}"))
from django.contrib.auth.models import User
print(User.objects.filter(pk=4).values_list("username", "is_staff").get())
"""
    assert service(code) == "4 eve True True False True\nFalse\n('eve', False)\n"


def test_claims_cannot_say_who_the_token_is_for(service: Run) -> None:
    code = """
from library.boundaries import tokens
key = tokens.signing_key()
claims = tokens.verify(tokens.sign("1", "monolith", "loans", key, claims={"sub": "2", "aud": "x", "exp": 1}), "loans", [key])
print(claims["sub"], claims["aud"])
"""
    assert service(code) == "1 loans\n"


def test_a_view_that_wants_credentials_of_its_own_kind_gets_the_user_of_the_token(service: Run) -> None:
    code = """
from django.test import Client
from library.boundaries import tokens
from library.loans.api import LoanViewSet
from rest_framework.authentication import BasicAuthentication
LoanViewSet.authentication_classes = [BasicAuthentication]
def get(subject):
    token = tokens.sign(subject, "monolith", "loans", tokens.signing_key())
    return Client(headers={"authorization": f"Bearer {token}"}).get("/api/loans/")
print(get("2").status_code, get("").status_code, get("")["WWW-Authenticate"])
"""
    assert service(code) == '200 401 Basic realm="api"\n'
