from tests.factories import make_user


def test_logging_in_over_the_api(client, vet):
    reply = client.post("/api/login", json={"email": vet.email, "password": "secret"})
    assert reply.get_json() == {"id": vet.id, "name": "Vera", "role": "vet"}
    assert client.get("/api/me").get_json()["name"] == "Vera"


def test_a_wrong_password_is_refused(client, vet):
    assert client.post("/api/login", json={"email": vet.email, "password": "guess"}).status_code == 401


def test_somebody_who_left_is_refused(client, app):
    gone = make_user(password="secret", active=False)
    assert client.post("/api/login", json={"email": gone.email, "password": "secret"}).status_code == 401


def test_the_api_wants_somebody(client):
    assert client.get("/api/me").status_code == 302


def test_logging_in_on_the_page(client, vet):
    reply = client.post("/login", data={"email": vet.email, "password": "secret"})
    assert reply.status_code == 302 and reply.location == "/"


def test_the_page_says_that_it_was_wrong(client, app):
    assert b"wrong password" in client.post("/login", data={"email": "who@x", "password": "no"}).data


def test_logging_out(as_vet):
    assert as_vet.post("/logout").status_code == 302
    assert as_vet.get("/api/me").status_code == 302


def test_a_body_that_is_no_object(client, app):
    reply = client.post("/api/login", json=["x"])
    assert reply.status_code == 400 and reply.get_json() == {"error": "a JSON object is wanted"}
